/* The references of a repository: read or fetched by one at a time, for all who wait and no longer than they may be held. */
#include "vcs/reading_private.h"

/* A handle of its own: one that was open before may remember references and packs of before. It is kept for who asks next. */
static enum sync read_refs(struct repository *repository, struct refs *old, git_repository **git_out, struct refs **refs_out, struct err *err)
{
	enum sync sync = vcs_handle_open(repository, git_out, err);
	int code = sync == SYNC_DONE ? vcs_refs_read(*git_out, old, refs_out, err) : 0;

	if (code < 0) {
		err_prepend(err, 0, "%s", repository->name);
		sync = code == VCS_DAMAGED ? SYNC_BROKEN : SYNC_DAMAGED;
	}
	return sync;
}

void vcs_reading_begin(const struct vcs *vcs, struct repository *repository)
{
	repository->busy = true;
	repository->begun_us = clock_monotonic_us(vcs->clock);
	repository->busy_us = clock_monotonic_us(&clock_system);
}

void vcs_reading_end(struct repository *repository)
{
	repository->busy = false;
	repository->readings++;
	pthread_cond_broadcast(&repository->changed);
}

enum sync vcs_reading_run(struct vcs *vcs, const struct mapping *mapping, struct repository *repository, vcs_reading_renewal *renew, struct err *err)
{
	struct refs *old = NULL, *refs = NULL;
	git_repository *git = NULL;
	int64_t begun_us = clock_monotonic_us(vcs->clock), wall_us = clock_wall_us(vcs->clock);
	enum sync sync = SYNC_DONE;

	vcs_reading_begin(vcs, repository);
	pthread_mutex_unlock(&repository->lock);
	if (renew)
		sync = renew(vcs, mapping, repository, err);
	pthread_mutex_lock(&repository->lock);
	old = repository->refs ? vcs_refs_hold(repository->refs) : NULL;
	pthread_mutex_unlock(&repository->lock);
	if (sync == SYNC_DONE)
		sync = read_refs(repository, old, &git, &refs, err);
	vcs_refs_release(&old);
	pthread_mutex_lock(&repository->lock);
	if (sync == SYNC_DONE) {
		vcs_handle_keep(repository, &git);
		vcs_refs_release(&repository->refs);
		repository->refs = refs;
		repository->synced_us = begun_us;
		repository->as_of_us = wall_us;
	}
	vcs_reading_end(repository);
	git_repository_free(git);
	return sync;
}

void vcs_reading_remember(struct vcs *vcs, struct repository *repository, enum sync sync, const struct err *why)
{
	repository->failure = sync;
	repository->failed_us = clock_monotonic_us(vcs->clock);
	repository->failed_from_us = repository->begun_us;
	repository->failure_text = *why;
	repository->failure_untold = sync != SYNC_DONE && repository->waiting == 0;
}

/* How long a failure is told again without trying: a host that takes long to fail is asked no more often than it takes. */
static int64_t told_again_us(const struct vcs *vcs, const struct repository *repository)
{
	int64_t us = repository->failed_us - repository->failed_from_us;

	if (repository->failure_untold || us > SYNC_FAILURE_US_MAX)
		us = SYNC_FAILURE_US_MAX;
	if (us < SYNC_FAILURE_US)
		us = SYNC_FAILURE_US;
	if ((repository->failure == SYNC_MISSING || repository->failure == SYNC_ABSENT) && us < vcs->missing_us)
		us = vcs->missing_us;
	return us;
}

bool vcs_reading_failed_lately(const struct question *question, struct repository *repository)
{
	const struct vcs *vcs = question->vcs;
	bool lately;

	if (repository->local || repository->failure == SYNC_DONE)
		return false;
	if (question->changed_us != 0 && repository->failed_from_us <= question->changed_us)
		return false;
	lately = clock_monotonic_us(vcs->clock) - repository->failed_us < told_again_us(vcs, repository);
	if (lately)
		repository->failure_untold = false;
	return lately;
}

void vcs_reading_warn(const struct vcs *vcs, const struct repository *repository, const struct err *why)
{
	struct err told = ERR_INIT;

	if (!vcs->warn || atomic_load(&vcs->aborted))
		return;
	err_set(&told, 0, "%s was asked behind, with nobody waiting any more, and that failed: %s", repository->name, why->text);
	vcs->warn(vcs->warn_ctx, told.text);
}

static enum sync fetch_mirror(struct vcs *vcs, const struct mapping *mapping, struct repository *repository, struct err *err)
{
	return vcs_mirror_fetch(vcs, mapping, repository->name, repository->git_dir, &repository->sound_until_us, err);
}

/* On a thread of its own. Who waits began it. */
static void fetch(struct vcs *vcs, const struct mapping *mapping, struct repository *repository)
{
	struct err why = ERR_INIT;
	enum sync sync;
	bool untold;

	pthread_mutex_lock(&repository->lock);
	sync = vcs_reading_run(vcs, mapping, repository, fetch_mirror, &why);
	if (sync == SYNC_MISSING || sync == SYNC_ABSENT)
		atomic_store(&repository->there_us, 0);
	vcs_reading_remember(vcs, repository, sync, &why);
	untold = repository->failure_untold;
	pthread_mutex_unlock(&repository->lock);
	if (untold)
		vcs_reading_warn(vcs, repository, &why);
}

/* Until when, by the machine's own clock. */
static int64_t patience_ends_us(const struct question *question, const struct repository *repository, int64_t now_us)
{
	int64_t until_us = now_us + question->patience_us, held_us = repository->busy_us + question->mapping->hold_us;

	return held_us < until_us ? held_us : until_us;
}

bool vcs_reading_wait(struct question *question, struct repository *repository)
{
	int64_t begun_us = clock_monotonic_us(&clock_system), until_us = patience_ends_us(question, repository, begun_us);
	struct timespec until = { .tv_sec = (time_t)(until_us / 1000000), .tv_nsec = (long)(until_us % 1000000) * 1000 };
	unsigned readings = repository->readings;
	int got = 0;

	repository->waiting++;
	while (repository->busy && repository->readings == readings && got == 0)
		got = pthread_cond_clockwait(&repository->changed, &repository->lock, CLOCK_MONOTONIC, &until);
	repository->waiting--;
	question->patience_us -= clock_monotonic_us(&clock_system) - begun_us;
	return !repository->busy || repository->readings != readings;
}

enum sync vcs_reading_pending(const struct repository *repository, struct err *err)
{
	err_set(err, VCS_ERR_LATER, "%s is being read, which takes a while and goes on; ask again in a moment", repository->name);
	return SYNC_PENDING;
}

enum sync vcs_reading_behind(struct question *question, struct repository *repository, vcs_fetch_work *work, bool probe, struct err *err)
{
	unsigned readings = repository->readings;
	int code;

	vcs_reading_begin(question->vcs, repository);
	repository->waiting++; /* what ends before the lock is here again is told, too */
	pthread_mutex_unlock(&repository->lock);
	code = vcs_fetches_start(question, repository, work, probe, err);
	pthread_mutex_lock(&repository->lock);
	repository->waiting--;
	if (code < 0) {
		vcs_reading_end(repository);
		return SYNC_PENDING;
	}
	if (repository->readings == readings && !vcs_reading_wait(question, repository))
		return vcs_reading_pending(repository, err);
	*err = repository->failure_text;
	return repository->failure;
}

enum sync vcs_repository_sync(struct question *question, struct repository *repository, int64_t since_us, struct err *err)
{
	struct vcs *vcs = question->vcs;
	struct err why = ERR_INIT;
	enum sync sync = SYNC_DONE;

	pthread_mutex_lock(&repository->lock);
	while (repository->busy)
		if (!vcs_reading_wait(question, repository)) {
			sync = vcs_reading_pending(repository, &why);
			goto out;
		}
	if (repository->refs && repository->synced_us > since_us)
		goto out;
	if (vcs_reading_failed_lately(question, repository)) {
		sync = repository->failure;
		why = repository->failure_text;
		goto out;
	}
	if (!repository->local) {
		sync = vcs_reading_behind(question, repository, fetch, false, &why);
		goto out;
	}
	sync = vcs_reading_run(vcs, question->mapping, repository, NULL, &why);
	if (sync == SYNC_MISSING)
		atomic_store(&repository->there_us, 0);
	vcs_reading_remember(vcs, repository, sync, &why);
out:
	pthread_mutex_unlock(&repository->lock);
	if (sync != SYNC_DONE)
		err_set(err, VCS_ERR_UNKNOWN, "%s", why.text);
	return sync;
}

struct refs *vcs_repository_refs(struct repository *repository, int64_t *as_of_us_out)
{
	git_repository *git = NULL;
	struct refs *refs = NULL;

	pthread_mutex_lock(&repository->lock);
	if (!repository->refs && !repository->read_once && !repository->local && vcs_mirror_usable(repository->git_dir)) {
		repository->read_once = true;
		if (read_refs(repository, NULL, &git, &refs, NULL) == SYNC_DONE) {
			vcs_handle_keep(repository, &git);
			repository->refs = refs;
			repository->as_of_us = vcs_mirror_as_of(repository->git_dir);
		}
	}
	refs = repository->refs ? vcs_refs_hold(repository->refs) : NULL;
	*as_of_us_out = refs ? repository->as_of_us : 0;
	pthread_mutex_unlock(&repository->lock);
	git_repository_free(git);
	return refs;
}
