/* One repository: its place in the table, handles to it, and the reading of its references, one reader at a time for all who wait. */
#include <stdlib.h>
#include <string.h>

#include "vcs/vcs_private.h"

void vcs_repository_free(struct repository **repository)
{
	struct repository *gone = *repository;

	*repository = NULL;
	if (!gone)
		return;
	while (gone->handles_count > 0)
		git_repository_free(gone->handles[--gone->handles_count]);
	vcs_refs_release(&gone->refs);
	vcs_graph_close(&gone->graph);
	pthread_cond_destroy(&gone->changed);
	pthread_mutex_destroy(&gone->lock);
	pthread_mutex_destroy(&gone->graph_lock);
	free(gone->name);
	free(gone->git_dir);
	free(gone);
}

static struct repository *make(const struct vcs *vcs, const struct location *at)
{
	struct repository *made = calloc(1, sizeof(*made));

	if (!made)
		return NULL;
	pthread_mutex_init(&made->lock, NULL);
	pthread_mutex_init(&made->graph_lock, NULL);
	pthread_cond_init(&made->changed, NULL);
	made->local = at->mapping->local;
	made->synced_us = INT64_MIN;
	atomic_init(&made->there_us, 0);
	made->name = strdup(at->repository);
	made->git_dir = made->local ? strdup(at->repository) : vcs_mirror_path(vcs, at->repository);
	made->graph = vcs_graph_open();
	if (!made->name || !made->git_dir || !made->graph)
		vcs_repository_free(&made);
	return made;
}

/* Of two that nobody uses: one that nothing is known of goes first, so that probing for repositories drives out none that is there. */
static bool goes_before(const struct repository *a, const struct repository *b)
{
	if (!a->refs != !b->refs)
		return !a->refs;
	return a->used_us < b->used_us;
}

/* Takes an idle one out of the table when it is full, the least recently used. Under the table's lock. */
static struct repository *evict(struct vcs *vcs)
{
	struct repository **oldest = NULL, *gone = NULL;

	if (vcs->repositories_count < REPOSITORIES_OPEN_MAX)
		return NULL;
	for (struct repository **at = &vcs->repositories; *at; at = &(*at)->next)
		if ((*at)->users == 0 && (!oldest || goes_before(*at, *oldest)))
			oldest = at;
	if (oldest) {
		gone = *oldest;
		*oldest = gone->next;
		vcs->repositories_count--;
	}
	return gone;
}

int vcs_repository_acquire(struct vcs *vcs, const struct location *at, struct repository **repository_out, struct err *err)
{
	struct repository *found, *evicted = NULL;

	pthread_mutex_lock(&vcs->lock);
	for (found = vcs->repositories; found && strcmp(found->name, at->repository) != 0;)
		found = found->next;
	if (!found) {
		evicted = evict(vcs);
		found = make(vcs, at);
		if (found) {
			found->next = vcs->repositories;
			vcs->repositories = found;
			vcs->repositories_count++;
		}
	}
	if (found)
		found->users++;
	pthread_mutex_unlock(&vcs->lock);
	vcs_repository_free(&evicted);
	if (!found)
		return vcs_no_memory(err, "open the repository");
	*repository_out = found;
	return 0;
}

void vcs_repository_release(struct vcs *vcs, struct repository **repository)
{
	if (!*repository)
		return;
	pthread_mutex_lock(&vcs->lock);
	(*repository)->users--;
	(*repository)->used_us = clock_monotonic_us(vcs->clock);
	pthread_mutex_unlock(&vcs->lock);
	*repository = NULL;
}

/* Half a history gives wrong pseudo-versions: better none. */
static enum sync check_complete(git_repository **git, const struct repository *repository, struct err *err)
{
	if (git_repository_is_shallow(*git) != 1)
		return SYNC_DONE;
	git_repository_free(*git);
	*git = NULL;
	err_set(err, VCS_ERR_UNKNOWN, "%s is a shallow clone; fetch the rest with git fetch --unshallow", repository->name);
	return SYNC_DAMAGED;
}

static enum sync open_handle(const struct repository *repository, git_repository **git_out, struct err *err)
{
	int got = git_repository_open_ext(git_out, repository->git_dir, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL);

	if (got == 0)
		return check_complete(git_out, repository, err);
	if (got == GIT_ENOTFOUND && repository->local) {
		err_set(err, VCS_ERR_UNKNOWN, "there is no git repository at %s; check the configured path", repository->git_dir);
		return SYNC_MISSING;
	}
	err_set(err, VCS_ERR_UNKNOWN, "cannot open the repository %s: %s", repository->git_dir, vcs_git_reason());
	return got == GIT_ENOTFOUND || vcs_git_code() == VCS_DAMAGED ? SYNC_BROKEN : SYNC_DAMAGED;
}

enum sync vcs_repository_take(struct repository *repository, git_repository **git_out, struct err *err)
{
	git_repository *git = NULL;
	enum sync sync = SYNC_DONE;

	pthread_mutex_lock(&repository->lock);
	if (repository->handles_count > 0)
		git = repository->handles[--repository->handles_count];
	pthread_mutex_unlock(&repository->lock);
	if (!git)
		sync = open_handle(repository, &git, err);
	if (sync == SYNC_DONE)
		*git_out = git;
	return sync;
}

unsigned vcs_repository_generation(struct repository *repository)
{
	unsigned generation;

	pthread_mutex_lock(&repository->lock);
	generation = repository->generation;
	pthread_mutex_unlock(&repository->lock);
	return generation;
}

void vcs_repository_give(struct repository *repository, git_repository **git, unsigned generation)
{
	if (!*git)
		return;
	pthread_mutex_lock(&repository->lock);
	if (repository->handles_count < REPOSITORY_HANDLES_MAX && generation == repository->generation) {
		repository->handles[repository->handles_count++] = *git;
		*git = NULL;
	}
	pthread_mutex_unlock(&repository->lock);
	git_repository_free(*git);
	*git = NULL;
}

/* A handle of its own: one that was open before may remember references and packs of before. */
static enum sync read_refs(struct repository *repository, struct refs *old, struct refs **refs_out, struct err *err)
{
	git_repository *git = NULL;
	enum sync sync = open_handle(repository, &git, err);
	int code = sync == SYNC_DONE ? vcs_refs_read(git, old, refs_out, err) : 0;

	if (code < 0) {
		err_prepend(err, 0, "%s", repository->name);
		sync = code == VCS_DAMAGED ? SYNC_BROKEN : SYNC_DAMAGED;
	}
	git_repository_free(git);
	return sync;
}

/* The mirror's directory is another one: nothing that was opened in the old one is used again. Under the lock. */
static void replaced(struct vcs *vcs, struct repository *repository)
{
	while (repository->handles_count > 0)
		git_repository_free(repository->handles[--repository->handles_count]);
	vcs_refs_release(&repository->refs);
	repository->generation++;
	repository->mend_from_us = clock_monotonic_us(vcs->clock) + MEND_AGAIN_US;
}

/* Under the lock. */
static void begin(struct repository *repository)
{
	repository->busy = true;
	repository->busy_us = clock_monotonic_us(&clock_system);
}

/* Under the lock. */
static void end(struct repository *repository)
{
	repository->busy = false;
	repository->readings++;
	pthread_cond_broadcast(&repository->changed);
}

/* How what is on this disk is brought up to date: vcs_mirror_fetch, vcs_mirror_replace, or NULL for a repository that is read in place. */
typedef enum sync renewal(struct vcs *vcs, const struct mapping *mapping, const char *url, const char *git_dir, struct err *err);

/* Under the lock, which is left meanwhile. */
static enum sync read_anew(struct vcs *vcs, const struct mapping *mapping, struct repository *repository, renewal *renew, struct err *err)
{
	struct refs *old = repository->refs ? vcs_refs_hold(repository->refs) : NULL, *refs = NULL;
	int64_t begun_us = clock_monotonic_us(vcs->clock), wall_us = clock_wall_us(vcs->clock);
	enum sync sync = SYNC_DONE;

	begin(repository);
	pthread_mutex_unlock(&repository->lock);
	if (renew)
		sync = renew(vcs, mapping, repository->name, repository->git_dir, err);
	if (sync == SYNC_DONE && renew == vcs_mirror_replace) {
		vcs_refs_release(&old);
		pthread_mutex_lock(&repository->lock);
		replaced(vcs, repository);
		pthread_mutex_unlock(&repository->lock);
	}
	if (sync == SYNC_DONE)
		sync = read_refs(repository, old, &refs, err);
	vcs_refs_release(&old);
	pthread_mutex_lock(&repository->lock);
	if (sync == SYNC_DONE) {
		vcs_refs_release(&repository->refs);
		repository->refs = refs;
		repository->synced_us = begun_us;
		repository->as_of_us = wall_us;
	}
	end(repository);
	return sync;
}

static void remember_failure(struct vcs *vcs, struct repository *repository, enum sync sync, const struct err *why)
{
	repository->failure = sync;
	repository->failed_us = clock_monotonic_us(vcs->clock);
	repository->failure_text = *why;
}

/* A remote that just failed is not asked again by everybody who waited for it. Under the lock. */
static bool failed_lately(const struct vcs *vcs, const struct repository *repository)
{
	bool missing = repository->failure == SYNC_MISSING || repository->failure == SYNC_ABSENT;
	int64_t told_again_us = missing ? vcs->missing_us : SYNC_FAILURE_US;

	return !repository->local && repository->failure != SYNC_DONE && clock_monotonic_us(vcs->clock) - repository->failed_us < told_again_us;
}

/* On a thread of its own. Who waits began it. */
static void fetch(struct vcs *vcs, const struct mapping *mapping, struct repository *repository)
{
	struct err why = ERR_INIT;
	enum sync sync;

	pthread_mutex_lock(&repository->lock);
	sync = read_anew(vcs, mapping, repository, vcs_mirror_fetch, &why);
	if (sync == SYNC_MISSING || sync == SYNC_ABSENT)
		atomic_store(&repository->there_us, 0);
	remember_failure(vcs, repository, sync, &why);
	pthread_mutex_unlock(&repository->lock);
}

/* Waits until the reading that is under way has ended. False: a question is not held longer. Under the lock. */
static bool wait_for_reading(const struct vcs *vcs, struct repository *repository)
{
	int64_t until_us = (repository->refs && repository->busy ? repository->busy_us : clock_monotonic_us(&clock_system)) + vcs->wait_us;
	struct timespec until = { .tv_sec = (time_t)(until_us / 1000000), .tv_nsec = (long)(until_us % 1000000) * 1000 };
	unsigned readings = repository->readings;
	int got = 0;

	while (repository->busy && repository->readings == readings && got == 0)
		got = pthread_cond_clockwait(&repository->changed, &repository->lock, CLOCK_MONOTONIC, &until);
	return !repository->busy || repository->readings != readings;
}

static enum sync tell_pending(const struct repository *repository, struct err *err)
{
	err_set(err, VCS_ERR_LATER, "%s is being read, which takes a while and goes on; ask again in a moment", repository->name);
	return SYNC_PENDING;
}

/* Under the lock. */
static enum sync fetch_behind(struct vcs *vcs, const struct mapping *mapping, struct repository *repository, struct err *err)
{
	begin(repository);
	if (vcs_fetches_start(vcs, mapping, repository, fetch, err) < 0) {
		end(repository);
		return SYNC_PENDING;
	}
	if (!wait_for_reading(vcs, repository))
		return tell_pending(repository, err);
	*err = repository->failure_text;
	return repository->failure;
}

enum sync vcs_repository_sync(struct vcs *vcs, const struct mapping *mapping, struct repository *repository, int64_t since_us, struct err *err)
{
	struct err why = ERR_INIT;
	enum sync sync = SYNC_DONE;

	pthread_mutex_lock(&repository->lock);
	while (repository->busy)
		if (!wait_for_reading(vcs, repository)) {
			sync = tell_pending(repository, &why);
			goto out;
		}
	if (repository->refs && repository->synced_us > since_us)
		goto out;
	if (failed_lately(vcs, repository)) {
		sync = repository->failure;
		why = repository->failure_text;
		goto out;
	}
	if (!repository->local) {
		sync = fetch_behind(vcs, mapping, repository, &why);
		goto out;
	}
	sync = read_anew(vcs, mapping, repository, NULL, &why);
	if (sync == SYNC_MISSING)
		atomic_store(&repository->there_us, 0);
	remember_failure(vcs, repository, sync, &why);
out:
	pthread_mutex_unlock(&repository->lock);
	if (sync != SYNC_DONE)
		err_set(err, VCS_ERR_UNKNOWN, "%s", why.text);
	return sync;
}

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
	sync = open_handle(repository, &git, err);
	git_repository_free(git);
	return sync;
}

enum sync vcs_repository_probe(struct vcs *vcs, const struct mapping *mapping, struct repository *repository, struct err *err)
{
	struct err why = ERR_INIT;
	enum sync sync = SYNC_DONE;

	pthread_mutex_lock(&repository->lock);
	while (repository->busy && !vcs_repository_there(vcs, repository))
		if (!wait_for_reading(vcs, repository)) {
			sync = tell_pending(repository, &why);
			goto out;
		}
	if (vcs_repository_there(vcs, repository))
		goto out;
	if (failed_lately(vcs, repository)) {
		sync = repository->failure;
		why = repository->failure_text;
		goto out;
	}
	begin(repository);
	pthread_mutex_unlock(&repository->lock);
	sync = look(vcs, mapping, repository, &why);
	pthread_mutex_lock(&repository->lock);
	remember_failure(vcs, repository, sync, &why);
	if (sync == SYNC_DONE)
		atomic_store(&repository->there_us, clock_monotonic_us(vcs->clock));
	end(repository);
out:
	pthread_mutex_unlock(&repository->lock);
	if (sync != SYNC_DONE)
		err_set(err, VCS_ERR_UNKNOWN, "%s", why.text);
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
	if (repository->failure != SYNC_BROKEN && failed_lately(vcs, repository)) {
		*why = repository->failure_text;
		return false;
	}
	remember_failure(vcs, repository, read_anew(vcs, mapping, repository, vcs_mirror_replace, why), why);
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

struct refs *vcs_repository_refs(struct repository *repository)
{
	struct refs *refs = NULL;

	pthread_mutex_lock(&repository->lock);
	if (!repository->refs && !repository->read_once && !repository->local && vcs_mirror_usable(repository->git_dir)) {
		repository->read_once = true;
		if (read_refs(repository, NULL, &refs, NULL) == SYNC_DONE) {
			repository->refs = refs;
			repository->as_of_us = vcs_mirror_as_of(repository->git_dir);
		}
	}
	refs = repository->refs ? vcs_refs_hold(repository->refs) : NULL;
	pthread_mutex_unlock(&repository->lock);
	return refs;
}

int64_t vcs_repository_as_of(struct repository *repository)
{
	int64_t as_of_us;

	pthread_mutex_lock(&repository->lock);
	as_of_us = repository->refs ? repository->as_of_us : 0;
	pthread_mutex_unlock(&repository->lock);
	return as_of_us;
}
