/* One fetch, between the file that runs git for it and the file that reads what git said. */
#ifndef VCS_FETCH_PRIVATE_H
#define VCS_FETCH_PRIVATE_H

#include "base/file.h"
#include "vcs/child_private.h"

#define CREDENTIAL_MAX FILE_SECRET_BYTES_MAX

struct fetch {
	struct vcs *vcs;
	const struct mapping *mapping;
	const char *url;
	const char *git_dir;
	struct buf credential;
	int config_fd;
	struct child_ssh ssh;
	struct buf output, messages, trace; /* of ssh, trace is what it says itself */
	char head[VCS_REF_MAX];             /* what the remote's HEAD leads to; "" when it is detached or unborn */
	bool head_detached;
	git_oid head_commit;
	bool failed;             /* git ended by itself, and not well */
	int64_t *sound_until_us; /* of vcs_mirror_fetch() */
};

/* explain.c: what git's failure was, by its messages, and the sentence for it, without the credential. */
enum sync vcs_fetch_explain(const struct fetch *fetch, struct err *err);
/* Do they say that it was the host's, or the way to it, or a full disk, so that nothing need be wrong with the mirror? */
bool vcs_fetch_blames_host(const struct fetch *fetch);

#endif
