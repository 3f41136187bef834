/*
 * Whose turn it is on the workers for git. Who would wait for a host that hangs waits here, without a worker: one host, and one repository
 * of a host, never hold all of them, so that the others are built meanwhile; nor do zips, which may take minutes, and of one repository only one
 * is made at a time, be it local or not.
 */
#include <stdlib.h>

#include "base/url.h"
#include "supply/supply_private.h"

struct turns {
	pthread_mutex_t lock;
	pthread_cond_t ended;
	struct pool *pool;
	size_t workers, host_max, repository_max, zip_max;
	struct turn *running;                /* at most `workers` */
	struct turn *waiting, **waiting_end; /* oldest first */
	size_t running_count, waiting_count;
};

int turns_open(struct pool *pool, size_t workers, struct turns **turns_out, struct err *err)
{
	struct turns *turns = calloc(1, sizeof(*turns));
	if (turns == NULL)
		return supply_no_memory(err, "open the queue for git");
	pthread_mutex_init(&turns->lock, NULL);
	pthread_cond_init(&turns->ended, NULL);
	turns->pool = pool;
	turns->workers = workers;
	turns->host_max = TURNS_HOST_MAX(workers);
	turns->repository_max = TURNS_REPOSITORY_MAX(workers);
	turns->zip_max = TURNS_ZIP_MAX(workers);
	turns->waiting_end = &turns->waiting;
	*turns_out = turns;
	return 0;
}

void turns_close(struct turns **turns_in)
{
	struct turns *turns = *turns_in;
	if (turns == NULL)
		return;
	pthread_mutex_lock(&turns->lock);
	while (turns->running != NULL)
		pthread_cond_wait(&turns->ended, &turns->lock);
	pthread_mutex_unlock(&turns->lock);
	pthread_cond_destroy(&turns->ended);
	pthread_mutex_destroy(&turns->lock);
	free(turns);
	*turns_in = NULL;
}

static bool is_local(const struct turn *turn)
{
	return turn->repository[0] == '\0' || turn->repository[0] == '/';
}

/* A local repository waits for no host, but one of many modules or versions could have all zips made of it, and they cost as much. Under the lock. */
static bool may_run(const struct turns *turns, const struct turn *turn)
{
	struct slice repository = slice_of(turn->repository);
	size_t same_host = 0, same_repository = 0, zips = 0, same_zips = 0;
	if (turns->running_count == turns->workers)
		return false;
	for (const struct turn *other = turns->running; other != NULL; other = other->next) {
		bool same = slice_equal_text(repository, other->repository);
		zips += other->zip;
		same_zips += other->zip && same;
		same_repository += same;
		same_host += slice_equal(turn->host, other->host);
	}
	if (turn->zip && (zips >= turns->zip_max || (repository.len > 0 && same_zips >= TURNS_REPOSITORY_ZIP_MAX)))
		return false;
	return is_local(turn) || (same_host < turns->host_max && same_repository < turns->repository_max);
}

/* Under the lock. */
static int run(struct turns *turns, struct turn *turn)
{
	if (pool_submit(turns->pool, turn->work, turn->arg) != 0)
		return SUPPLY_ERR_BUSY;
	turn->next = turns->running;
	turns->running = turn;
	turns->running_count++;
	return 0;
}

int turns_begin(struct turns *turns, struct turn *turn)
{
	int code = 0;
	turn->host = url_origin(turn->repository);
	pthread_mutex_lock(&turns->lock);
	if (may_run(turns, turn)) {
		code = run(turns, turn);
	} else if (turns->waiting_count < QUEUE_MAX) {
		turn->next = NULL;
		*turns->waiting_end = turn;
		turns->waiting_end = &turn->next;
		turns->waiting_count++;
	} else {
		code = SUPPLY_ERR_BUSY;
	}
	pthread_mutex_unlock(&turns->lock);
	return code;
}

/* Under the lock. */
static void take_out(struct turn **place)
{
	*place = (*place)->next;
}

/* Every waiting one whose turn it is now. Under the lock. */
static void run_waiting(struct turns *turns)
{
	for (struct turn **place = &turns->waiting; *place != NULL && turns->running_count < turns->workers;) {
		struct turn *turn = *place;
		if (!may_run(turns, turn)) {
			place = &turn->next;
			continue;
		}
		take_out(place);
		if (*place == NULL)
			turns->waiting_end = place;
		turns->waiting_count--;
		/* The pool has room for all that run here, has this very worker, and is closed after us. */
		ASSERT(run(turns, turn) == 0);
	}
}

void turns_end(struct turns *turns, struct turn *turn)
{
	pthread_mutex_lock(&turns->lock);
	struct turn **place = &turns->running;
	while (*place != turn)
		place = &(*place)->next;
	take_out(place);
	turns->running_count--;
	run_waiting(turns);
	pthread_cond_signal(&turns->ended);
	pthread_mutex_unlock(&turns->lock);
}

size_t turns_waiting(struct turns *turns)
{
	pthread_mutex_lock(&turns->lock);
	size_t waiting = turns->waiting_count;
	pthread_mutex_unlock(&turns->lock);
	return waiting;
}
