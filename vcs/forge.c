/*
 * Which credentials a forge took a moment ago. A forge says "not found" of a repository that is not there, and of every one as soon as it
 * trusts our credential no more; only of a credential that it takes elsewhere just now it is believed. Of a repository that it showed us
 * itself never: that one was there.
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

/* Under the table's lock. Four bits of the URL's digest: two URLs that share all of them are only believed less. */
static bool shown(struct vcs *vcs, const char *url, bool remember)
{
	uint8_t digest[SHA256_BYTES];
	bool all = true;

	sha256(slice_of(url), digest);
	for (size_t i = 0; i < 4; i++) {
		size_t bit = (digest[3 * i] | (size_t)digest[3 * i + 1] << 8 | (size_t)digest[3 * i + 2] << 16) % FORGE_SHOWN_BITS;

		all = all && (vcs->shown[bit / 8] >> bit % 8 & 1);
		if (remember)
			vcs->shown[bit / 8] = (uint8_t)(vcs->shown[bit / 8] | 1u << bit % 8);
	}
	return all;
}

static struct acceptance *place_for(struct vcs *vcs, const uint8_t digest[SHA256_BYTES])
{
	struct acceptance *place = &vcs->acceptances[0];

	for (size_t i = 0; i < FORGES_MAX; i++) {
		struct acceptance *at = &vcs->acceptances[i];

		if (memcmp(at->digest, digest, SHA256_BYTES) == 0)
			return at;
		if (at->until_us < place->until_us)
			place = at;
	}
	return place;
}

void vcs_forge_accepted(struct vcs *vcs, const char *url, struct slice credential)
{
	uint8_t digest[SHA256_BYTES];
	bool identified = identify(url, credential, digest);
	struct acceptance *place;

	pthread_mutex_lock(&vcs->lock);
	shown(vcs, url, true);
	if (identified) {
		place = place_for(vcs, digest);
		memcpy(place->digest, digest, sizeof(digest));
		place->until_us = clock_monotonic_us(vcs->clock) + FORGE_TRUST_US;
	}
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
	trusted = trusted && !shown(vcs, url, false);
	pthread_mutex_unlock(&vcs->lock);
	return trusted;
}
