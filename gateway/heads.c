/* Deadlines of request heads. */
#include "gateway/heads.h"

#include <sys/socket.h>

#include "base/err.h"

#define SECOND_US 1000000LL

void heads_init(struct heads *heads)
{
	heads->first = NULL;
	pthread_mutex_init(&heads->lock, NULL);
}

void heads_destroy(struct heads *heads)
{
	ASSERT(heads->first == NULL);
	pthread_mutex_destroy(&heads->lock);
}

void heads_add(struct heads *heads, struct head_watch *watch, int fd, int64_t now_us)
{
	*watch = (struct head_watch){ .fd = fd };
	atomic_init(&watch->deadline_us, now_us + HEAD_TIMEOUT_S * SECOND_US);
	pthread_mutex_lock(&heads->lock);
	watch->next = heads->first;
	if (watch->next != NULL)
		watch->next->previous = watch;
	heads->first = watch;
	pthread_mutex_unlock(&heads->lock);
}

void heads_remove(struct heads *heads, struct head_watch *watch)
{
	pthread_mutex_lock(&heads->lock);
	*(watch->previous != NULL ? &watch->previous->next : &heads->first) = watch->next;
	if (watch->next != NULL)
		watch->next->previous = watch->previous;
	pthread_mutex_unlock(&heads->lock);
}

void heads_complete(struct head_watch *watch)
{
	atomic_store_explicit(&watch->deadline_us, 0, memory_order_relaxed);
}

void heads_idle(struct head_watch *watch, int64_t now_us)
{
	atomic_store_explicit(&watch->deadline_us, now_us + (IDLE_TIMEOUT_S + HEAD_TIMEOUT_S) * SECOND_US, memory_order_relaxed);
}

/* Under the lock no watch goes, so each descriptor is still its connection's. A head that is complete just now has its deadline taken back. */
size_t heads_expire(struct heads *heads, int64_t now_us)
{
	size_t expired = 0;
	pthread_mutex_lock(&heads->lock);
	for (struct head_watch *watch = heads->first; watch != NULL; watch = watch->next) {
		int64_t deadline_us = atomic_load_explicit(&watch->deadline_us, memory_order_relaxed);
		if (deadline_us == 0 || deadline_us > now_us || !atomic_compare_exchange_strong(&watch->deadline_us, &deadline_us, 0))
			continue;
		shutdown(watch->fd, SHUT_RDWR);
		expired++;
	}
	pthread_mutex_unlock(&heads->lock);
	return expired;
}
