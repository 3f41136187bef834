/*
 * Fetches that go on behind: each has a thread of its own, so that who asked may go before it ends. How many there are is bounded, and
 * of one host more tightly, so that a host that hangs leaves room for the others.
 */
#include <stdlib.h>
#include <string.h>

#include "base/thread.h"
#include "base/url.h"
#include "vcs/vcs_private.h"

struct fetching {
	struct fetching *next;
	pthread_t thread;
	bool ended; /* it uses nothing any more: it can be joined at once */
	struct vcs *vcs;
	const struct mapping *mapping;
	struct repository *repository;
	vcs_fetch_work *work;
};

static void *run(void *arg)
{
	struct fetching *fetching = arg;
	struct vcs *vcs = fetching->vcs;

	fetching->work(vcs, fetching->mapping, fetching->repository);
	pthread_mutex_lock(&vcs->lock);
	fetching->repository->users--;
	fetching->repository->used_us = clock_monotonic_us(vcs->clock);
	fetching->ended = true;
	pthread_mutex_unlock(&vcs->lock);
	return NULL;
}

/* Takes those out that are over. Under the table's lock. */
static struct fetching *take_ended(struct vcs *vcs, bool all)
{
	struct fetching *ended = NULL;

	for (struct fetching **at = &vcs->fetchings; *at;) {
		struct fetching *one = *at;

		if (!one->ended && !all) {
			at = &one->next;
			continue;
		}
		*at = one->next;
		one->next = ended;
		ended = one;
	}
	return ended;
}

static void join(struct fetching *fetchings)
{
	while (fetchings) {
		struct fetching *next = fetchings->next;

		pthread_join(fetchings->thread, NULL);
		free(fetchings);
		fetchings = next;
	}
}

/* Under the table's lock. */
static bool room_for(const struct vcs *vcs, const struct repository *repository)
{
	struct slice host = url_origin(repository->name);
	size_t all = 0, same_host = 0;

	for (const struct fetching *other = vcs->fetchings; other; other = other->next) {
		if (other->ended)
			continue;
		all++;
		same_host += slice_equal(host, url_origin(other->repository->name));
	}
	return all < FETCHES_MAX && same_host < FETCHES_HOST_MAX;
}

/* Under the table's lock. */
static int start(struct vcs *vcs, const struct fetching *what, struct err *err)
{
	struct fetching *fetching;

	if (!room_for(vcs, what->repository))
		return err_set(
			err, VCS_ERR_LATER, "%s: too many repositories are being fetched just now; ask again in a moment", what->repository->name);
	fetching = malloc(sizeof(*fetching));
	if (!fetching)
		return vcs_no_memory(err, "fetch a repository");
	*fetching = *what;
	if (thread_start("fetch", run, fetching, &fetching->thread, NULL) < 0) {
		free(fetching);
		return err_set(
			err, VCS_ERR_LATER, "%s cannot be fetched: no thread can be started; see how many modgate may have", what->repository->name);
	}
	fetching->next = vcs->fetchings;
	vcs->fetchings = fetching;
	fetching->repository->users++;
	return 0;
}

int vcs_fetches_start(struct vcs *vcs, const struct mapping *mapping, struct repository *repository, vcs_fetch_work *work, struct err *err)
{
	struct fetching what = { .vcs = vcs, .mapping = mapping, .repository = repository, .work = work }, *ended;
	int code;

	pthread_mutex_lock(&vcs->lock);
	ended = take_ended(vcs, false);
	code = start(vcs, &what, err);
	pthread_mutex_unlock(&vcs->lock);
	join(ended);
	return code;
}

void vcs_fetches_end(struct vcs *vcs)
{
	struct fetching *all;

	atomic_store(&vcs->aborted, true);
	pthread_mutex_lock(&vcs->lock);
	all = take_ended(vcs, true);
	pthread_mutex_unlock(&vcs->lock);
	join(all);
}
