/* A mirror that was damaged after it was fetched: proving it, and putting one fetched afresh into its place. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vcs/vcs_private.h"

#define MESSAGES_MAX 8192
#define OUTPUT_MAX   4096
#define PATH_BYTES   8192

bool vcs_mirror_sound(struct vcs *vcs, const char *git_dir, struct err *err)
{
	const char *const argv[] = { vcs->git, "rev-list", "--objects", "--all", "--quiet", NULL };
	struct buf output = BUF_INIT(OUTPUT_MAX), messages = BUF_INIT(MESSAGES_MAX);
	struct child child = {
		.argv = argv,
		.home = vcs->mirrors,
		.git_dir = git_dir,
		.output_fd = -1,
		.output = &output,
		.messages = &messages,
		.timeout_ms = vcs->fetch_timeout_ms,
		.memory_max = vcs->fetch_memory_max,
		.bytes_max = vcs->fetch_bytes_max,
		.aborted = &vcs->aborted,
	};
	struct slice rest, line = SLICE_NONE;
	bool sound = true;
	int status = 0;

	if (vcs_child_config(NULL, NULL, SLICE_NONE, &child.config_fd, NULL) < 0)
		goto out;
	if (vcs_child_run(&child, &status, NULL) == 0)
		sound = !WIFEXITED(status) || WEXITSTATUS(status) == 0 || vcs_child_starved(&messages);
	close(child.config_fd);
	rest = buf_slice(&messages);
	if (!sound && slice_next(&rest, '\n', &line))
		err_set(err, VCS_ERR_UNKNOWN, "git cannot read the mirror: %.*s", SLICE_ARG(slice_cut_utf8(line, 300)));
out:
	buf_free(&output);
	buf_free(&messages);
	return sound;
}

static int change_places(const char *git_dir, const char *fresh, const char *aside, struct err *err)
{
	vcs_mirror_remove(aside);
	if (rename(git_dir, aside) != 0 && errno != ENOENT)
		return err_set(err, VCS_ERR_UNKNOWN, "cannot rename %s: %s; check who owns the directory", git_dir, strerror(errno));
	if (rename(fresh, git_dir) != 0)
		return err_set(err, VCS_ERR_UNKNOWN, "cannot rename %s: %s; check who owns the directory", fresh, strerror(errno));
	return 0;
}

enum sync vcs_mirror_replace(struct vcs *vcs, const struct mapping *mapping, const char *url, const char *git_dir, struct err *err)
{
	char fresh[PATH_BYTES], aside[PATH_BYTES];
	enum sync sync;

	if (!vcs_text_join(fresh, sizeof(fresh), git_dir, ".new.git") || !vcs_text_join(aside, sizeof(aside), git_dir, ".damaged")) {
		err_set(err, VCS_ERR_UNKNOWN, "the mirrors' path is longer than %d bytes; move the data directory", PATH_BYTES);
		return SYNC_UNREACHABLE;
	}
	vcs_mirror_remove(fresh);
	sync = vcs_mirror_fetch(vcs, mapping, url, fresh, err);
	if (sync == SYNC_DONE && change_places(git_dir, fresh, aside, err) < 0)
		sync = SYNC_UNREACHABLE;
	vcs_mirror_remove(fresh);
	return sync;
}
