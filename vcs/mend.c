/* A mirror that was damaged after it was fetched: proving it, and putting one fetched afresh into its place. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vcs/reading_private.h"

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

/* Under the lock. True: the mirror is a new one, *here_out when it was replaced just here. Else why it is not. */
static bool mend(struct vcs *vcs, const struct mapping *mapping, struct repository *repository, unsigned generation, bool *here_out, struct err *why)
{
	while (repository->busy)
		pthread_cond_wait(&repository->changed, &repository->lock);
	if (repository->generation != generation)
		return true;
	if (clock_monotonic_us(vcs->clock) < repository->mend_from_us) {
		err_set(why, 0, "it was fetched afresh less than an hour ago; check the disk below %s", vcs->mirrors);
		return false;
	}
	if (repository->failure != SYNC_BROKEN && vcs_reading_failed_lately(vcs, repository)) {
		*why = repository->failure_text;
		return false;
	}
	vcs_reading_remember(vcs, repository, vcs_reading_run(vcs, mapping, repository, vcs_mirror_replace, why), why);
	*here_out = repository->generation != generation;
	return *here_out;
}

bool vcs_repository_mend(struct vcs *vcs, const struct mapping *mapping, struct repository *repository, unsigned generation, struct err *err)
{
	struct err why = ERR_INIT, told = ERR_INIT;
	const char *found = err ? err->text : "";
	bool mended, here = false;

	if (repository->local) {
		err_set(err, 0, "%s; repair the repository %s: git fsck names what is damaged", found, repository->name);
		return false;
	}
	pthread_mutex_lock(&repository->lock);
	mended = mend(vcs, mapping, repository, generation, &here, &why);
	pthread_mutex_unlock(&repository->lock);
	err_set(&told, 0, "the mirror of %s was damaged (%s) and has been fetched afresh; what it was is %s.damaged", repository->name, found,
		repository->git_dir);
	if (here && vcs->warn)
		vcs->warn(vcs->warn_ctx, told.text);
	if (mended)
		err_set(err, 0, "%s; the mirror was damaged and has been fetched afresh: ask again", found);
	else
		err_set(err, 0, "%s; the mirror of %s is damaged and cannot be replaced: %s", found, repository->name, why.text);
	return mended;
}
