/* Private to audit: what waits for the writer. Bounded in events and bytes; pushing never blocks; one thread takes. */
#ifndef AUDIT_QUEUE_H
#define AUDIT_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/audit.h"
#include "base/buf.h"

struct queue_entry {
	struct queue_entry *next;
	struct buf line;
	audit_done *done; /* NULL: lazy */
	void *ctx;
};

struct queue {
	pthread_mutex_t lock; /* over all below */
	pthread_cond_t wake;
	struct queue_entry *first;
	struct queue_entry **end;
	size_t events; /* waiting or taken, until released */
	size_t bytes;
	size_t events_max;
	size_t bytes_max;
	uint64_t refused;
	bool taker_waits;
	bool shut;  /* pushing is refused */
	bool ended; /* the taker need not wait any more */
};

void queue_init(struct queue *queue, size_t events_max, size_t bytes_max);
/* It must be empty. */
void queue_destroy(struct queue *queue);

/* Takes the entry over. AUDIT_ERR_BUSY (quota; lazy entries have four fifths of it), AUDIT_ERR (shut): the entry stays the caller's. */
int queue_push(struct queue *queue, struct queue_entry *entry);
/*
 * The first entries, at most max, as a list. Waits for one up to timeout_ms (negative: for ever). NULL: time is over, or *ended_out:
 * queue_end() was called and nothing is left.
 */
struct queue_entry *queue_take(struct queue *queue, size_t max, int timeout_ms, bool *ended_out);
/* Counts an entry of the taker's own, which never waited. */
void queue_admit(struct queue *queue, const struct queue_entry *entry);
/* A list that was taken or admitted is dealt with: its place is free again. */
void queue_release(struct queue *queue, const struct queue_entry *entries);
void queue_shut(struct queue *queue, bool shut);
void queue_end(struct queue *queue);

#endif
