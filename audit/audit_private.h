/* Private to audit: the writing log, shared by audit.c (its life, submissions, state) and writer.c (the thread). */
#ifndef AUDIT_PRIVATE_H
#define AUDIT_PRIVATE_H

#include <pthread.h>

#include "audit/audit.h"
#include "audit/indexer.h"
#include "audit/line.h"
#include "audit/log.h"
#include "audit/queue.h"

struct audit {
	struct queue queue;
	struct indexer *indexer;
	const struct audit_log *log;
	const struct clock *clock;
	int retry_ms;

	/* The writer thread's alone. */
	pthread_t writer;
	bool writer_runs;
	void *log_state;
	struct tlog_edge edge; /* the tree of all durable rows */
	bool failing;
	int64_t failing_since_us; /* monotonic */
	struct buf prefix;        /* room for one line's, never too small */
	struct log_batch batch;
	struct log_row rows[LOG_GROUP_MAX];
	uint8_t salts[LOG_GROUP_MAX][LINE_SALT_BYTES];

	pthread_mutex_t state_lock; /* over what audit_state() tells */
	struct audit_state state;
};

/* The thread: arg is the struct audit. Ends when the queue has ended and is empty. */
void *writer_run(void *arg);

/* A line's body, ready to be queued. NULL: memory. */
struct queue_entry *entry_open(const struct audit_event *event, audit_done *done, void *ctx);
void entry_close(struct queue_entry **entry);

#endif
