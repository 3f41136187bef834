/* The writer thread: takes what waits as one group, makes it durable in one transaction, answers everybody. */
#include <string.h>

#include "audit/audit_private.h"

static size_t group_count(const struct queue_entry *group)
{
	size_t count = 0;

	for (; group != NULL; group = group->next)
		count++;
	return count;
}

/* Lines and hashes of the group, and the tree as it will be with them. */
static void prepare(struct audit *audit, struct queue_entry *group, struct tlog_edge *edge)
{
	struct log_batch *batch = &audit->batch;
	char time[CLOCK_TEXT_MAX];

	*batch = (struct log_batch){ .first = edge->size, .rows = audit->rows, .before = &audit->edge };
	clock_format_us(clock_wall_us(audit->clock), time);
	random_bytes(audit->salts, sizeof(audit->salts[0]) * group_count(group));
	for (; group != NULL; group = group->next) {
		struct log_row *row = &audit->rows[batch->count];

		ASSERT(line_finish(&group->line, edge->size, time, audit->salts[batch->count], &audit->prefix, &row->line));
		tlog_leaf_hash(row->line, &row->hash);
		tlog_edge_add(edge, &row->hash);
		batch->count++;
		if (edge->size % LOG_HEAD_EVERY == 0) {
			batch->heads[batch->heads_count].size = edge->size;
			tlog_edge_root(edge, &batch->heads[batch->heads_count++].root);
		}
	}
	batch->tip.size = edge->size;
	tlog_edge_root(edge, &batch->tip.root);
}

/* first is the sequence of the group's first entry; of no meaning when code says failure. */
static void answer(struct audit *audit, struct queue_entry *group, int code, uint64_t first)
{
	queue_release(&audit->queue, group);
	while (group != NULL) {
		struct queue_entry *next = group->next;

		if (group->done != NULL)
			group->done(group->ctx, code, code == 0 ? first : 0);
		entry_close(&group);
		group = next;
		first++;
	}
}

static void publish_success(struct audit *audit)
{
	pthread_mutex_lock(&audit->state_lock);
	audit->state.size = audit->batch.tip.size;
	memcpy(audit->state.root, audit->batch.tip.root.bytes, sizeof(audit->state.root));
	audit->state.commits++;
	audit->state.failing = false;
	pthread_mutex_unlock(&audit->state_lock);
}

static void publish_failure(struct audit *audit, bool failing, const struct err *err)
{
	pthread_mutex_lock(&audit->state_lock);
	audit->state.failing = failing;
	audit->state.segments_failed += !audit->failing;
	memcpy(audit->state.error, err->text, sizeof(audit->state.error));
	pthread_mutex_unlock(&audit->state_lock);
}

/* The log itself tells what happened to it. Lazily: it is no reason to fail anything. */
static void record_new_segment(struct audit *audit, const struct err *err)
{
	struct audit_event event = AUDIT_EVENT_INIT(AUDIT_SYSTEM);
	struct buf text = BUF_INIT(AUDIT_TEXT_MAX);

	buf_printf(&text, "an audit segment failed and was given up; a new one follows it: %s", err->text);
	event.text = buf_slice(&text);
	audit_submit(audit, &event, NULL, NULL, NULL);
	buf_free(&text);
}

static void begin_failing(struct audit *audit, const struct err *err)
{
	bool ended;

	publish_failure(audit, true, err);
	if (audit->failing)
		return;
	audit->failing = true;
	audit->failing_since_us = clock_monotonic_us(audit->clock);
	queue_shut(&audit->queue, true);
	/* All of them: nothing can follow once it is shut. */
	answer(audit, queue_take(&audit->queue, SIZE_MAX, 0, &ended), AUDIT_ERR, 0);
}

static void write_group(struct audit *audit, struct queue_entry *group)
{
	struct tlog_edge edge = audit->edge;
	struct err err = ERR_INIT;
	int code;

	prepare(audit, group, &edge);
	code = audit->failing ? audit->log->append_new(audit->log_state, &audit->batch, &err)
			      : audit->log->append(audit->log_state, &audit->batch, &err);
	if (code < 0 && !audit->failing) {
		struct err first = err;

		code = audit->log->append_new(audit->log_state, &audit->batch, &err);
		if (code == 0) {
			publish_failure(audit, false, &first);
			record_new_segment(audit, &first);
		}
	}
	if (code < 0) {
		begin_failing(audit, &err);
		answer(audit, group, AUDIT_ERR, 0);
		return;
	}
	audit->edge = edge;
	publish_success(audit);
	indexer_follow(audit->indexer, edge.size);
	answer(audit, group, 0, audit->batch.first);
}

/* Tries whether the log can be written again, with a line that tells of the gap. */
static void probe(struct audit *audit)
{
	int64_t seconds = (clock_monotonic_us(audit->clock) - audit->failing_since_us) / 1000000;
	struct audit_event event = AUDIT_EVENT_INIT(AUDIT_SYSTEM);
	struct buf text = BUF_INIT(AUDIT_TEXT_MAX);
	struct queue_entry *entry;

	/* Only this thread writes the error, so it may be read without the lock. */
	buf_printf(
		&text, "the audit log could not be written for %lld s, requests were refused meanwhile: %s", (long long)seconds, audit->state.error);
	event.text = buf_slice(&text);
	entry = entry_open(&event, NULL, NULL);
	buf_free(&text);
	if (entry == NULL)
		return;
	queue_admit(&audit->queue, entry);
	write_group(audit, entry);
}

/* The state says so before anybody can submit again. */
static void end_failing(struct audit *audit, uint64_t size_before)
{
	if (audit->edge.size == size_before)
		return;
	audit->failing = false;
	queue_shut(&audit->queue, false);
}

void *writer_run(void *arg)
{
	struct audit *audit = arg;
	bool ended = false;

	while (!ended) {
		uint64_t size = audit->edge.size;
		struct queue_entry *group = queue_take(&audit->queue, LOG_GROUP_MAX, audit->failing ? audit->retry_ms : -1, &ended);

		if (group != NULL)
			write_group(audit, group);
		else if (audit->failing && !ended)
			probe(audit);
		if (audit->failing)
			end_failing(audit, size);
	}
	return NULL;
}
