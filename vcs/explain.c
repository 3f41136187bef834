/* Why git failed: what its messages mean for who asks. */
#include <string.h>

#include "base/hash.h"
#include "vcs/fetch_private.h"

#define REASON_MAX 200
#define ELSEWHERE  "the host says that the repository is elsewhere now; put its new address into repositories[].repository"
#define GONE       "the forge says that the repository is gone; if it was moved, put its new address into repositories[].repository"
#define WITHHELD   "the forge withholds the repository for legal reasons; ask those who run it"

/* Only git's own failures count: lines that the other side wrote ("remote: ...") say nothing about what happened here. */
static bool says(const struct buf *messages, const char *words)
{
	struct slice rest = buf_slice(messages), line;

	while (slice_next(&rest, '\n', &line))
		if ((slice_starts(line, SLICE("fatal: ")) || slice_starts(line, SLICE("error: "))) && slice_find(line, slice_of(words)) >= 0)
			return true;
	return false;
}

struct meaning {
	const char *words;
	enum sync sync;
	bool host;        /* it is the host's fault; else a damaged mirror may be why */
	const char *told; /* what follows the URL; NULL: what sync says */
};

static const struct meaning *classify(const struct buf *messages)
{
	static const struct meaning unknown = { "", SYNC_UNREACHABLE, false, NULL };
	static const struct meaning table[] = {
		{ "Authentication failed", SYNC_REFUSED, true, NULL }, { "could not read Username", SYNC_REFUSED, true, NULL },
		{ "could not read Password", SYNC_REFUSED, true, NULL }, { "returned error: 401", SYNC_REFUSED, true, NULL },
		{ "returned error: 403", SYNC_REFUSED, true, NULL }, { "returned error: 404", SYNC_MISSING, true, NULL },
		{ "returned error: 410", SYNC_MISSING, true, GONE }, { "returned error: 451", SYNC_REFUSED, true, WITHHELD },
		{ "returned error: 301", SYNC_UNREACHABLE, true, ELSEWHERE }, { "returned error: 302", SYNC_UNREACHABLE, true, ELSEWHERE },
		{ "returned error: 303", SYNC_UNREACHABLE, true, ELSEWHERE }, { "returned error: 307", SYNC_UNREACHABLE, true, ELSEWHERE },
		{ "returned error: 308", SYNC_UNREACHABLE, true, ELSEWHERE }, { "' not found", SYNC_MISSING, true, NULL },
		{ "RPC failed", SYNC_UNREACHABLE, true, NULL }, /* before what follows from it: a pack that ends early is no unsound one */
		{ "early EOF", SYNC_UNREACHABLE, true, NULL }, { "fsck error", SYNC_DAMAGED, true, NULL },
		{ "error in object", SYNC_DAMAGED, true, NULL }, { "invalid index-pack output", SYNC_DAMAGED, false, NULL },
		{ "index-pack failed", SYNC_DAMAGED, false, NULL },
		{ "did not send all necessary objects", SYNC_DAMAGED, false, NULL }, /* or they were here, and are not any more */
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (says(messages, table[i].words))
			return &table[i];
	return &unknown;
}

bool vcs_fetch_blames_host(const struct fetch *fetch)
{
	return vcs_disk_failed(&fetch->messages) || classify(&fetch->messages)->host;
}

/* The first line that tells a failure, without its "fatal: ". Of unsound objects the error before that names the first one. */
static struct slice reason(const struct buf *messages, bool unsound)
{
	const char *const starts[] = { unsound ? "error: " : "fatal: ", unsound ? "fatal: " : "error: " };
	struct slice line, rest;

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		for (rest = buf_slice(messages); slice_next(&rest, '\n', &line);)
			if (slice_starts(line, slice_of(starts[i])))
				return slice_cut_utf8(slice_after(line, strlen(starts[i])), REASON_MAX);
	return SLICE("git gave no reason");
}

/* git has no reason to say the credential; if it ever does, its sentence is not passed on. */
static bool tells_secret(const struct fetch *fetch, struct slice text)
{
	struct slice credential = buf_slice(&fetch->credential), user, token;
	struct buf encoded = BUF_INIT(2 * CREDENTIAL_MAX);
	bool tells = false;

	if (credential.len > 0) {
		slice_cut(credential, ':', &user, &token);
		base64_encode(credential, &encoded);
		tells = (token.len > 0 && slice_find(text, token) >= 0) || slice_find(text, buf_slice(&encoded)) >= 0;
	}
	buf_wipe(&encoded);
	return tells;
}

enum sync vcs_fetch_explain(const struct fetch *fetch, struct err *err)
{
	const struct meaning *meaning = classify(&fetch->messages);
	enum sync sync = meaning->sync;
	struct slice why = reason(&fetch->messages, sync == SYNC_DAMAGED);

	if (vcs_disk_failed(&fetch->messages)) {
		vcs_disk_full(err);
		err_prepend(err, 0, "%s cannot be fetched", fetch->url);
		return SYNC_UNREACHABLE;
	}
	if (fetch->mapping->ssh) {
		if (vcs_ssh_refused(fetch->url, buf_slice(&fetch->trace), err))
			return SYNC_REFUSED;
		if (sync == SYNC_UNREACHABLE && vcs_ssh_missing(buf_slice(&fetch->messages)))
			sync = SYNC_MISSING;
		if (vcs_ssh_reason(buf_slice(&fetch->trace)).len > 0)
			why = vcs_ssh_reason(buf_slice(&fetch->trace));
	}
	if (tells_secret(fetch, why))
		why = SLICE("git's reason holds the credential and is not shown");
	if (meaning->told) {
		err_set(err, VCS_ERR_UNKNOWN, "%s: %s", fetch->url, meaning->told);
		return sync;
	}
	switch (sync) {
	case SYNC_REFUSED:
		err_set(err, VCS_ERR_UNKNOWN, "%s refuses the credential that it was given, or wants one; check credentials_file and its rights",
			fetch->url);
		break;
	case SYNC_MISSING:
		err_set(err, VCS_ERR_UNKNOWN, "%s: the forge says not found; the repository does not exist or the credential may not see it",
			fetch->url);
		break;
	case SYNC_DAMAGED:
		err_set(err, VCS_ERR_UNKNOWN, "%s sent objects that are not sound: %.*s", fetch->url, SLICE_ARG(why));
		break;
	case SYNC_UNREACHABLE:
	case SYNC_ABSENT:
	case SYNC_PENDING:
	case SYNC_BROKEN:
	case SYNC_DONE:
		err_set(err, VCS_ERR_UNKNOWN, "%s cannot be fetched: %.*s; try again later", fetch->url, SLICE_ARG(why));
		break;
	}
	return sync;
}
