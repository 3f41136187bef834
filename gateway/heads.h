/*
 * How long a connection may take over a request's head. The library's own time-out is of inactivity, so one byte every few seconds would
 * hold a connection for ever; here TLS handshake and head together stand under one deadline.
 *
 * A watch lives in its connection, from heads_add() to heads_remove(), while the connection's descriptor is open. All functions: any thread.
 */
#ifndef GATEWAY_HEADS_H
#define GATEWAY_HEADS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define HEAD_TIMEOUT_S 10 /* from a connection's first moment to the end of its first head */
#define IDLE_TIMEOUT_S 75 /* without a byte either way; a kept connection has these and HEAD_TIMEOUT_S to the end of its next head */

struct head_watch {
	struct head_watch *next, *previous;
	int fd;                      /* borrowed */
	_Atomic int64_t deadline_us; /* monotonic; 0: no head is awaited */
};

/* Every open connection. */
struct heads {
	pthread_mutex_t lock;
	struct head_watch *first;
};

void heads_init(struct heads *heads);
/* No watch may be left in it. */
void heads_destroy(struct heads *heads);

/* A new connection, whose first head is awaited. */
void heads_add(struct heads *heads, struct head_watch *watch, int fd, int64_t now_us);
/* Before the descriptor is closed. */
void heads_remove(struct heads *heads, struct head_watch *watch);

/* The head is complete: from here to heads_idle() there is no deadline. */
void heads_complete(struct head_watch *watch);
/* The answer is out: the next head is awaited. */
void heads_idle(struct head_watch *watch, int64_t now_us);

/* Shuts down both directions of every connection whose deadline is over, which makes its event loop close it. How many. */
size_t heads_expire(struct heads *heads, int64_t now_us);

#endif
