/*
 * Which credentials a forge took a moment ago. A forge says "not found" of a repository that is not there, and of every one as soon as it
 * trusts our credential no more; only of a credential that it takes elsewhere just now it is believed.
 */
#include <string.h>

#include "base/hash.h"
#include "vcs/vcs_private.h"

/* Where and with what, so that no credential is kept. False: there is no credential, or memory is short. */
static bool identify(const char *url, struct slice credential, uint8_t digest_out[SHA256_BYTES])
{
	const char *host = strstr(url, "://");
	struct buf text = BUF_INIT(VCS_REPOSITORY_MAX + FORGE_CREDENTIAL_MAX + 1);
	bool done = false;

	if (host && credential.len > 0) {
		buf_add(&text, url, (size_t)(host + 3 - url) + strcspn(host + 3, "/"));
		buf_add_char(&text, '\n');
		buf_add_slice(&text, credential);
		done = !buf_failed(&text);
	}
	if (done)
		sha256(buf_slice(&text), digest_out);
	buf_wipe(&text);
	return done;
}

void vcs_forge_accepted(struct vcs *vcs, const char *url, struct slice credential)
{
	struct acceptance *place = &vcs->acceptances[0];
	uint8_t digest[SHA256_BYTES];

	if (!identify(url, credential, digest))
		return;
	pthread_mutex_lock(&vcs->lock);
	for (size_t i = 0; i < FORGES_MAX; i++) {
		struct acceptance *at = &vcs->acceptances[i];

		if (memcmp(at->digest, digest, sizeof(digest)) == 0) {
			place = at;
			break;
		}
		if (at->until_us < place->until_us)
			place = at;
	}
	memcpy(place->digest, digest, sizeof(digest));
	place->until_us = clock_monotonic_us(vcs->clock) + FORGE_TRUST_US;
	pthread_mutex_unlock(&vcs->lock);
}

bool vcs_forge_trusted(struct vcs *vcs, const char *url, struct slice credential)
{
	uint8_t digest[SHA256_BYTES];
	bool trusted = false;

	if (!identify(url, credential, digest))
		return false;
	pthread_mutex_lock(&vcs->lock);
	for (size_t i = 0; i < FORGES_MAX && !trusted; i++)
		trusted = memcmp(vcs->acceptances[i].digest, digest, sizeof(digest)) == 0 &&
			  clock_monotonic_us(vcs->clock) < vcs->acceptances[i].until_us;
	pthread_mutex_unlock(&vcs->lock);
	return trusted;
}
