/* A bounded pool of workers with a bounded queue. Threads are started when work waits and none is idle, up to threads_max; they stay. */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>

#include "base/err.h"

struct pool;

struct pool_options {
	const char *name;   /* thread name, at most 15 bytes */
	size_t threads_max; /* 1..256 */
	size_t queue_max;   /* jobs waiting, not counting those that run or that a worker is free for */
};

int pool_open(const struct pool_options *options, struct pool **pool_out, struct err *err);
/* Runs every job still queued, joins the threads. */
void pool_close(struct pool **pool);

/*
 * Queues work(arg) for a worker. Never blocks. BASE_ERR_BUSY when the queue is full, the pool closes or there is no thread
 * and none can be started: work will not run. Any thread, jobs too.
 */
int pool_submit(struct pool *pool, void (*work)(void *arg), void *arg);
/* Jobs that wait now. Any thread. */
size_t pool_queued(struct pool *pool);

#endif
