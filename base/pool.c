/* The bounded pool of workers. */
#include "base/pool.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/thread.h"

#define THREADS_LIMIT 256

struct job {
	void (*work)(void *arg);
	void *arg;
};

struct pool {
	pthread_mutex_t lock; /* over all below */
	pthread_cond_t work_waits;
	struct job *jobs; /* a ring of jobs_max */
	size_t jobs_max;  /* queue_max + threads_max */
	size_t first;
	size_t queued;
	size_t queue_max;
	pthread_t *threads;
	size_t threads_max;
	size_t started;
	size_t idle;
	size_t running;
	bool closing;
	char name[THREAD_NAME_MAX + 1];
};

int pool_open(const struct pool_options *options, struct pool **pool_out, struct err *err)
{
	struct pool *pool;

	if (options->threads_max == 0 || options->threads_max > THREADS_LIMIT)
		return err_set(err, BASE_ERR, "a pool of %zu threads is out of range; 1 to %d were expected", options->threads_max, THREADS_LIMIT);
	pool = calloc(1, sizeof(*pool));
	if (pool == NULL)
		return err_set(err, BASE_ERR, "cannot make the workers %s: out of memory", options->name);
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->work_waits, NULL);
	strncpy(pool->name, options->name, THREAD_NAME_MAX);
	pool->queue_max = options->queue_max;
	pool->threads_max = options->threads_max;
	pool->jobs_max = options->queue_max + options->threads_max;
	pool->jobs = calloc(pool->jobs_max, sizeof(*pool->jobs));
	pool->threads = calloc(pool->threads_max, sizeof(*pool->threads));
	if (pool->jobs == NULL || pool->threads == NULL) {
		pool_close(&pool);
		return err_set(err, BASE_ERR, "cannot make the workers %s: out of memory", options->name);
	}
	*pool_out = pool;
	return 0;
}

void pool_close(struct pool **pool)
{
	struct pool *p = *pool;

	if (p == NULL)
		return;
	pthread_mutex_lock(&p->lock);
	p->closing = true;
	pthread_cond_broadcast(&p->work_waits);
	pthread_mutex_unlock(&p->lock);
	/* No thread is started any more, so `started` stands still. */
	for (size_t i = 0; i < p->started; i++)
		pthread_join(p->threads[i], NULL);
	pthread_cond_destroy(&p->work_waits);
	pthread_mutex_destroy(&p->lock);
	free(p->threads);
	free(p->jobs);
	free(p);
	*pool = NULL;
}

static struct job take(struct pool *pool)
{
	struct job job = pool->jobs[pool->first];

	pool->first = (pool->first + 1) % pool->jobs_max;
	pool->queued--;
	return job;
}

static void *run(void *arg)
{
	struct pool *pool = arg;

	pthread_mutex_lock(&pool->lock);
	for (;;) {
		struct job job;

		while (pool->queued == 0 && !pool->closing) {
			pool->idle++;
			pthread_cond_wait(&pool->work_waits, &pool->lock);
			pool->idle--;
		}
		if (pool->queued == 0)
			break;
		job = take(pool);
		pool->running++;
		pthread_mutex_unlock(&pool->lock);
		job.work(job.arg);
		pthread_mutex_lock(&pool->lock);
		pool->running--;
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* A worker that was woken but has not run yet still counts as idle, so idle ones are compared with what waits. False: nobody will ever work. */
static bool staff(struct pool *pool)
{
	if (pool->queued > pool->idle && pool->started < pool->threads_max &&
		thread_start(pool->name, run, pool, &pool->threads[pool->started], NULL) == 0)
		pool->started++;
	return pool->started > 0;
}

int pool_submit(struct pool *pool, void (*work)(void *arg), void *arg)
{
	int code = BASE_ERR_BUSY;

	pthread_mutex_lock(&pool->lock);
	if (!pool->closing && pool->queued + pool->running < pool->queue_max + pool->threads_max) {
		pool->jobs[(pool->first + pool->queued) % pool->jobs_max] = (struct job){ .work = work, .arg = arg };
		pool->queued++;
		code = 0;
		if (!staff(pool)) {
			pool->queued--;
			code = BASE_ERR_BUSY;
		} else {
			pthread_cond_signal(&pool->work_waits);
		}
	}
	pthread_mutex_unlock(&pool->lock);
	return code;
}

size_t pool_queued(struct pool *pool)
{
	size_t queued;

	pthread_mutex_lock(&pool->lock);
	queued = pool->queued;
	pthread_mutex_unlock(&pool->lock);
	return queued;
}
