/*
 * Fetches that go on behind: each has a thread of its own, so that who asked may go before it ends. How many there are is bounded, and
 * of one host more tightly, so that a host that hangs leaves room for the others. Who finds no room waits in line for it.
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
	bool probe;
};

/* On the stack of who waits; in the order in which they came. */
struct fetch_waiter {
	struct fetch_waiter *next;
	const struct fetching *what;
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
	pthread_cond_broadcast(&vcs->fetch_ended);
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

/* Probes of {*} are many for one question: they leave half of a host to what is known to be there. Under the table's lock. */
static bool room_for(const struct vcs *vcs, const struct fetching *what)
{
	struct slice host = url_origin(what->repository->name);
	size_t all = 0, same_host = 0, probes = 0;

	for (const struct fetching *other = vcs->fetchings; other; other = other->next) {
		bool same = !other->ended && slice_equal(host, url_origin(other->repository->name));

		all += !other->ended;
		same_host += same;
		probes += same && other->probe;
	}
	return all < FETCHES_MAX && same_host < FETCHES_HOST_MAX && (!what->probe || probes < FETCHES_HOST_PROBES_MAX);
}

/* Nobody overtakes another for whom there is room, too. Under the table's lock. */
static bool is_next(const struct vcs *vcs, const struct fetch_waiter *waiter)
{
	for (const struct fetch_waiter *before = vcs->fetch_line; before != waiter; before = before->next)
		if (room_for(vcs, before->what))
			return false;
	return room_for(vcs, waiter->what);
}

/* As long as the question has patience. False: there is no room. Under the table's lock. */
static bool wait_in_line(struct question *question, const struct fetching *what)
{
	struct vcs *vcs = question->vcs;
	int64_t begun_us = clock_monotonic_us(&clock_system), until_us = begun_us + question->patience_us;
	struct timespec until = { .tv_sec = (time_t)(until_us / 1000000), .tv_nsec = (long)(until_us % 1000000) * 1000 };
	struct fetch_waiter waiter = { .what = what }, **at = &vcs->fetch_line;
	int got = 0;
	bool next;

	while (*at)
		at = &(*at)->next;
	*at = &waiter;
	while (!(next = is_next(vcs, &waiter)) && got == 0 && !atomic_load(&vcs->aborted))
		got = pthread_cond_clockwait(&vcs->fetch_ended, &vcs->lock, CLOCK_MONOTONIC, &until);
	for (at = &vcs->fetch_line; *at != &waiter;)
		at = &(*at)->next;
	*at = waiter.next;
	pthread_cond_broadcast(&vcs->fetch_ended); /* there may be room for who stands behind */
	question->patience_us -= clock_monotonic_us(&clock_system) - begun_us;
	return next;
}

/* Under the table's lock. */
static int start(struct question *question, const struct fetching *what, struct err *err)
{
	struct vcs *vcs = question->vcs;
	struct fetching *fetching;

	if (!wait_in_line(question, what))
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

int vcs_fetches_start(struct question *question, struct repository *repository, vcs_fetch_work *work, bool probe, struct err *err)
{
	struct vcs *vcs = question->vcs;
	struct fetching what = { .vcs = vcs, .mapping = question->mapping, .repository = repository, .work = work, .probe = probe }, *ended;
	int code;

	pthread_mutex_lock(&vcs->lock);
	ended = take_ended(vcs, false);
	code = start(question, &what, err);
	pthread_mutex_unlock(&vcs->lock);
	join(ended);
	return code;
}

void vcs_fetches_end(struct vcs *vcs)
{
	struct fetching *all;

	atomic_store(&vcs->aborted, true);
	pthread_mutex_lock(&vcs->lock);
	pthread_cond_broadcast(&vcs->fetch_ended);
	all = take_ended(vcs, true);
	pthread_mutex_unlock(&vcs->lock);
	join(all);
}
