/* Is a repository there? The host is asked for that alone, by one at a time for all who wait; nothing is made on disk. */
#include "vcs/reading_private.h"

bool vcs_repository_there(const struct vcs *vcs, const struct repository *repository)
{
	int64_t there_us = atomic_load(&repository->there_us);

	return there_us != 0 && clock_monotonic_us(vcs->clock) - there_us < VCS_THERE_US;
}

static enum sync look(struct vcs *vcs, const struct mapping *mapping, const struct repository *repository, struct err *err)
{
	git_repository *git = NULL;
	enum sync sync;

	if (!repository->local)
		return vcs_mirror_ask(vcs, mapping, repository->name, err);
	sync = vcs_handle_open(repository, &git, err);
	git_repository_free(git);
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
	if (vcs_reading_failed_lately(vcs, repository)) {
		sync = repository->failure;
		why = repository->failure_text;
		goto out;
	}
	vcs_reading_begin(repository);
	pthread_mutex_unlock(&repository->lock);
	sync = look(vcs, question->mapping, repository, &why);
	pthread_mutex_lock(&repository->lock);
	vcs_reading_remember(vcs, repository, sync, &why);
	if (sync == SYNC_DONE)
		atomic_store(&repository->there_us, clock_monotonic_us(vcs->clock));
	vcs_reading_end(repository);
out:
	pthread_mutex_unlock(&repository->lock);
	if (sync != SYNC_DONE)
		err_set(err, VCS_ERR_UNKNOWN, "%s", why.text);
	return sync;
}
