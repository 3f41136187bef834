/* Is a repository there? The host is asked for that alone, behind and once for all who wait; nothing is made on disk. */
#include "vcs/reading_private.h"

bool vcs_repository_there(const struct vcs *vcs, const struct repository *repository)
{
	int64_t there_us = atomic_load(&repository->there_us);

	return there_us != 0 && clock_monotonic_us(vcs->clock) - there_us < VCS_THERE_US;
}

static void remember(struct vcs *vcs, struct repository *repository, enum sync sync, const struct err *why)
{
	vcs_reading_remember(vcs, repository, sync, why);
	if (sync == SYNC_DONE)
		atomic_store(&repository->there_us, clock_monotonic_us(vcs->clock));
}

/* On a thread of its own. Who waits began it. */
static void ask(struct vcs *vcs, const struct mapping *mapping, struct repository *repository)
{
	struct err why = ERR_INIT;
	enum sync sync = vcs_mirror_ask(vcs, mapping, repository->name, &why);
	bool untold;

	pthread_mutex_lock(&repository->lock);
	remember(vcs, repository, sync, &why);
	/* That it is not there is what a probe is for, and no failure of it. */
	untold = repository->failure_untold && sync != SYNC_MISSING && sync != SYNC_ABSENT;
	vcs_reading_end(repository);
	pthread_mutex_unlock(&repository->lock);
	if (untold)
		vcs_reading_warn(vcs, repository, &why);
}

/* On this machine nobody need wait. Under the lock. */
static enum sync look(struct vcs *vcs, struct repository *repository, struct err *err)
{
	git_repository *git = NULL;
	enum sync sync = vcs_handle_open(repository, &git, err);

	git_repository_free(git);
	remember(vcs, repository, sync, err);
	return sync;
}

enum sync vcs_repository_probe(struct question *question, struct repository *repository, struct err *err)
{
	struct vcs *vcs = question->vcs;
	struct err why = ERR_INIT;
	enum sync sync = SYNC_DONE;

	pthread_mutex_lock(&repository->lock);
	while (repository->busy && !vcs_repository_there(vcs, repository))
		if (!vcs_reading_wait(question, repository)) {
			sync = vcs_reading_pending(repository, &why);
			goto out;
		}
	if (vcs_repository_there(vcs, repository))
		goto out;
	if (vcs_reading_failed_lately(question, repository)) {
		sync = repository->failure;
		why = repository->failure_text;
		goto out;
	}
	if (repository->local)
		sync = look(vcs, repository, &why);
	else
		sync = vcs_reading_behind(question, repository, ask, true, &why);
out:
	pthread_mutex_unlock(&repository->lock);
	if (sync != SYNC_DONE)
		err_set(err, VCS_ERR_UNKNOWN, "%s", why.text);
	return sync;
}
