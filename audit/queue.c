/* The bounded queue in front of the writer. */
#include "audit/queue.h"

#include <errno.h>

#include "base/thread.h"

void queue_init(struct queue *queue, size_t events_max, size_t bytes_max)
{
	*queue = (struct queue){ .events_max = events_max, .bytes_max = bytes_max };
	queue->end = &queue->first;
	pthread_mutex_init(&queue->lock, NULL);
	thread_cond_init(&queue->wake);
}

void queue_destroy(struct queue *queue)
{
	ASSERT(queue->first == NULL);
	pthread_cond_destroy(&queue->wake);
	pthread_mutex_destroy(&queue->lock);
}

static bool fits(const struct queue *queue, const struct queue_entry *entry)
{
	size_t events_max = queue->events_max;
	size_t bytes_max = queue->bytes_max;

	if (entry->done == NULL) {
		events_max -= events_max / 5;
		bytes_max -= bytes_max / 5;
	}
	return queue->events < events_max && queue->bytes + entry->line.len <= bytes_max;
}

int queue_push(struct queue *queue, struct queue_entry *entry)
{
	bool signal = false;
	int code = 0;

	pthread_mutex_lock(&queue->lock);
	if (queue->shut || queue->ended) {
		code = AUDIT_ERR;
	} else if (!fits(queue, entry)) {
		code = AUDIT_ERR_BUSY;
	} else {
		entry->next = NULL;
		*queue->end = entry;
		queue->end = &entry->next;
		queue->events++;
		queue->bytes += entry->line.len;
		signal = queue->taker_waits;
		queue->taker_waits = false;
	}
	queue->refused += code != 0;
	pthread_mutex_unlock(&queue->lock);
	if (signal)
		pthread_cond_signal(&queue->wake);
	return code;
}

static void wait_for_entry(struct queue *queue, int timeout_ms)
{
	struct timespec deadline = thread_deadline(timeout_ms < 0 ? 0 : timeout_ms);
	int result = 0;

	while (queue->first == NULL && !queue->ended && result != ETIMEDOUT) {
		queue->taker_waits = true;
		if (timeout_ms < 0)
			result = pthread_cond_wait(&queue->wake, &queue->lock);
		else
			result = pthread_cond_timedwait(&queue->wake, &queue->lock, &deadline);
	}
	queue->taker_waits = false;
}

struct queue_entry *queue_take(struct queue *queue, size_t max, int timeout_ms, bool *ended_out)
{
	struct queue_entry *taken;
	struct queue_entry **cut;
	size_t count = 0;

	pthread_mutex_lock(&queue->lock);
	wait_for_entry(queue, timeout_ms);
	taken = queue->first;
	for (cut = &taken; *cut != NULL && count < max; count++)
		cut = &(*cut)->next;
	queue->first = *cut;
	if (queue->first == NULL)
		queue->end = &queue->first;
	*cut = NULL;
	*ended_out = taken == NULL && queue->ended;
	pthread_mutex_unlock(&queue->lock);
	return taken;
}

void queue_admit(struct queue *queue, const struct queue_entry *entry)
{
	pthread_mutex_lock(&queue->lock);
	queue->events++;
	queue->bytes += entry->line.len;
	pthread_mutex_unlock(&queue->lock);
}

void queue_release(struct queue *queue, const struct queue_entry *entries)
{
	size_t events = 0;
	size_t bytes = 0;

	for (; entries != NULL; entries = entries->next) {
		events++;
		bytes += entries->line.len;
	}
	pthread_mutex_lock(&queue->lock);
	queue->events -= events;
	queue->bytes -= bytes;
	pthread_mutex_unlock(&queue->lock);
}

void queue_shut(struct queue *queue, bool shut)
{
	pthread_mutex_lock(&queue->lock);
	queue->shut = shut;
	pthread_mutex_unlock(&queue->lock);
}

void queue_end(struct queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->ended = true;
	pthread_mutex_unlock(&queue->lock);
	pthread_cond_signal(&queue->wake);
}
