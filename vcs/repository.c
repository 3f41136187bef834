/* One repository: its place in the table, and handles to it. */
#include <stdlib.h>
#include <string.h>

#include "vcs/packed_private.h"
#include "vcs/reading_private.h"

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
	memcpy(made->identity, at->mapping->identity, sizeof(made->identity));
	made->synced_us = INT64_MIN;
	atomic_init(&made->there_us, 0);
	made->name = strdup(at->repository);
	made->git_dir = made->local ? strdup(at->repository) : vcs_mirror_path(vcs, at->mapping, at->repository);
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

bool vcs_repository_is(const struct repository *repository, const struct location *at)
{
	return strcmp(repository->name, at->repository) == 0 &&
	       memcmp(repository->identity, at->mapping->identity, sizeof(repository->identity)) == 0;
}

/* Under the table's lock. */
static struct repository *find(const struct vcs *vcs, const struct location *at)
{
	struct repository *found = vcs->repositories;

	while (found && !vcs_repository_is(found, at))
		found = found->next;
	if (found)
		found->users++;
	return found;
}

/* Unless another thread was faster: then made stays with the caller. Under the table's lock. */
static struct repository *find_or_add(struct vcs *vcs, const struct location *at, struct repository **made, struct repository **evicted_out)
{
	struct repository *found = find(vcs, at);

	if (found)
		return found;
	*evicted_out = evict(vcs);
	found = *made;
	*made = NULL;
	found->next = vcs->repositories;
	found->users = 1;
	vcs->repositories = found;
	vcs->repositories_count++;
	return found;
}

int vcs_repository_acquire(struct vcs *vcs, const struct location *at, struct repository **repository_out, struct err *err)
{
	struct repository *found, *made, *evicted = NULL;

	pthread_mutex_lock(&vcs->lock);
	found = find(vcs, at);
	pthread_mutex_unlock(&vcs->lock);
	if (!found) {
		/* To name a mirror all rules are held against it: nobody else waits for that. */
		made = make(vcs, at);
		if (!made)
			return vcs_no_memory(err, "open the repository");
		pthread_mutex_lock(&vcs->lock);
		found = find_or_add(vcs, at, &made, &evicted);
		pthread_mutex_unlock(&vcs->lock);
		vcs_repository_free(&made);
		vcs_repository_free(&evicted);
	}
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
static int check_complete(git_repository *git, const struct repository *repository, struct err *err)
{
	if (git_repository_is_shallow(git) != 1)
		return 0;
	return err_set(err, VCS_ERR_UNKNOWN, "%s is a shallow clone; fetch the rest with git fetch --unshallow", repository->name);
}

static enum sync make_ready(git_repository **git, const struct repository *repository, struct err *err)
{
	if (check_complete(*git, repository, err) == 0 && vcs_loose_guard(*git, err) == 0 && vcs_packed_guard(*git, err) == 0)
		return SYNC_DONE;
	git_repository_free(*git);
	*git = NULL;
	return SYNC_DAMAGED;
}

enum sync vcs_handle_open(const struct repository *repository, git_repository **git_out, struct err *err)
{
	int got = git_repository_open_ext(git_out, repository->git_dir, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL);

	if (got == 0)
		return make_ready(git_out, repository, err);
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
		sync = vcs_handle_open(repository, &git, err);
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

void vcs_handle_keep(struct repository *repository, git_repository **git)
{
	if (repository->handles_count == REPOSITORY_HANDLES_MAX)
		return;
	repository->handles[repository->handles_count++] = *git;
	*git = NULL;
}

void vcs_repository_give(struct repository *repository, git_repository **git, unsigned generation)
{
	if (!*git)
		return;
	pthread_mutex_lock(&repository->lock);
	if (generation == repository->generation)
		vcs_handle_keep(repository, git);
	pthread_mutex_unlock(&repository->lock);
	git_repository_free(*git);
	*git = NULL;
}
