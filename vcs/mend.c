/* A mirror that was damaged after it was fetched: proving it, and putting one fetched afresh into its place. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vcs/child_private.h"
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

/* The old one becomes "<git_dir>.damaged", instead of an earlier such. */
static enum sync fetch_afresh(struct vcs *vcs, const struct mapping *mapping, const char *url, const char *git_dir, struct err *err)
{
	char fresh[PATH_BYTES], aside[PATH_BYTES];
	int64_t sound_until_us = 0;
	enum sync sync;

	if (!vcs_text_join(fresh, sizeof(fresh), git_dir, MIRROR_FRESH) || !vcs_text_join(aside, sizeof(aside), git_dir, ".damaged")) {
		err_set(err, VCS_ERR_UNKNOWN, "the mirrors' path is longer than %d bytes; move the data directory", PATH_BYTES);
		return SYNC_UNREACHABLE;
	}
	vcs_mirror_remove(fresh);
	sync = vcs_mirror_fetch(vcs, mapping, url, fresh, &sound_until_us, err);
	if (sync == SYNC_DONE && vcs_mirror_exchange(git_dir, fresh, aside, err) < 0)
		sync = SYNC_UNREACHABLE;
	/* Unless it is the only one that is left: the next start puts it into its place. */
	if (sync != SYNC_UNREACHABLE || access(git_dir, F_OK) == 0)
		vcs_mirror_remove(fresh);
	return sync;
}

/* The library shares a pack by its path as long as anybody has it open: whoever opens the new one must not be given the old. Under the lock. */
static void close_idle(struct repository *repository)
{
	while (repository->handles_count > 0)
		git_repository_free(repository->handles[--repository->handles_count]);
}

/*
 * The directory is another one: no handle that was opened before now is used again. The references of before stand until there are others: they
 * and the generation change at once, so that who meets the one without the other asks again. Under the lock.
 */
static void forget(const struct vcs *vcs, struct repository *repository)
{
	close_idle(repository);
	repository->read_once = false;
	repository->sound_until_us = 0;
	repository->generation++;
	repository->mend_from_us = clock_monotonic_us(vcs->clock) + MEND_AGAIN_US;
}

static enum sync replace(struct vcs *vcs, const struct mapping *mapping, struct repository *repository, struct err *err)
{
	struct err told = ERR_INIT;
	enum sync sync = fetch_afresh(vcs, mapping, repository->name, repository->git_dir, err);

	if (sync != SYNC_DONE)
		return sync;
	repository->replaced = true;
	pthread_mutex_lock(&repository->lock);
	close_idle(repository);
	pthread_mutex_unlock(&repository->lock);
	err_set(&told, 0, "the mirror of %s was damaged (%s) and has been fetched afresh; what it was is %s.damaged", repository->name,
		repository->damage.text, repository->git_dir);
	if (vcs->warn)
		vcs->warn(vcs->warn_ctx, told.text);
	return SYNC_DONE;
}

/* On a thread of its own. Who waits began it. */
static void mend_behind(struct vcs *vcs, const struct mapping *mapping, struct repository *repository)
{
	struct err why = ERR_INIT;
	enum sync sync;
	bool untold;

	pthread_mutex_lock(&repository->lock);
	repository->replaced = false;
	sync = vcs_reading_run(vcs, mapping, repository, replace, &why);
	if (repository->replaced)
		forget(vcs, repository);
	vcs_reading_remember(vcs, repository, sync, &why);
	untold = repository->failure_untold;
	pthread_mutex_unlock(&repository->lock);
	if (untold)
		vcs_reading_warn(vcs, repository, &why);
}

/* Under the lock. 0: the mirror is a new one. Else why it is not. */
static int mend(struct question *question, struct repository *repository, unsigned generation, const char *found, struct err *why)
{
	struct vcs *vcs = question->vcs;
	enum sync sync;

	while (repository->busy && repository->generation == generation)
		if (!vcs_reading_wait(question, repository))
			return vcs_sync_code(vcs_reading_pending(repository, why), question->mapping);
	if (repository->generation != generation)
		return 0;
	if (clock_monotonic_us(vcs->clock) < repository->mend_from_us)
		return err_set(why, VCS_ERR_UNKNOWN, "it was fetched afresh less than an hour ago; check the disk below %s", vcs->mirrors);
	if (repository->failure != SYNC_BROKEN && vcs_reading_failed_lately(question, repository)) {
		*why = repository->failure_text;
		return VCS_ERR_UNKNOWN;
	}
	err_set(&repository->damage, 0, "%s", found);
	sync = vcs_reading_behind(question, repository, mend_behind, false, why);
	if (repository->generation != generation)
		return 0;
	return sync == SYNC_PENDING ? VCS_ERR_LATER : VCS_ERR_UNKNOWN;
}

int vcs_repository_mend(struct question *question, struct repository *repository, unsigned generation, struct err *err)
{
	struct err why = ERR_INIT;
	const char *found = err ? err->text : "";
	int code;

	if (repository->local)
		return err_set(err, VCS_ERR_UNKNOWN, "%s; repair the repository %s: git fsck names what is damaged", found, repository->name);
	pthread_mutex_lock(&repository->lock);
	code = mend(question, repository, generation, found, &why);
	pthread_mutex_unlock(&repository->lock);
	if (code == 0)
		err_set(err, 0, "%s; the mirror was damaged and has been fetched afresh: ask again", found);
	else if (code == VCS_ERR_LATER)
		err_set(err, code, "%s; the mirror was damaged and is fetched afresh: %s", found, why.text);
	else
		err_set(err, code, "%s; the mirror of %s is damaged and cannot be replaced: %s", found, repository->name, why.text);
	return code;
}
