/* The writing log from outside: open, submit, state, close. */
#include "audit/audit_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/tail.h"
#include "base/file.h"
#include "base/thread.h"

#define QUEUE_EVENTS  16384
#define QUEUE_BYTES   (16 * 1024 * 1024)
#define SEGMENT_BYTES ((int64_t)256 * 1024 * 1024)
#define RETRY_MS      1000

struct queue_entry *entry_open(const struct audit_event *event, audit_done *done, void *ctx)
{
	struct queue_entry *entry = calloc(1, sizeof(*entry));

	if (entry == NULL)
		return NULL;
	entry->done = done;
	entry->ctx = ctx;
	buf_init(&entry->line, LINE_BUF_MAX);
	line_body(event, &entry->line);
	if (buf_failed(&entry->line))
		entry_close(&entry);
	return entry;
}

void entry_close(struct queue_entry **entry)
{
	if (*entry == NULL)
		return;
	buf_free(&(*entry)->line);
	free(*entry);
	*entry = NULL;
}

static void publish_tree(struct audit *audit)
{
	struct tlog_hash root;

	tlog_edge_root(&audit->edge, &root);
	audit->state.size = audit->edge.size;
	memcpy(audit->state.root, root.bytes, sizeof(root.bytes));
}

static void publish_tail(struct audit *audit, const struct tail *tail, const char *dir)
{
	char damage[TAIL_TEXT_MAX];
	char seen[TAIL_TEXT_MAX];

	tail_damage_text(tail, damage);
	tail_seen_text(tail, dir, audit->edge.size, seen);
	if (damage[0] != '\0' || seen[0] != '\0')
		snprintf(audit->state.tail, sizeof(audit->state.tail), "rows from %llu on are gone from the audit log: %s%s%s",
			(unsigned long long)audit->edge.size, damage, damage[0] != '\0' && seen[0] != '\0' ? "; " : "", seen);
}

/* The log itself tells, too: its numbers are about to be given again. */
static void record_tail(struct audit *audit)
{
	struct audit_event event = AUDIT_EVENT_INIT(AUDIT_SYSTEM);

	event.text = slice_of(audit->state.tail);
	if (event.text.len > 0)
		audit_submit(audit, &event, NULL, NULL, NULL);
}

static int open_log(struct audit *audit, const struct audit_options *options, struct err *err)
{
	struct log_options log_options = {
		.dir = options->dir,
		.segment_bytes_max = options->segment_bytes_max > 0 ? options->segment_bytes_max : SEGMENT_BYTES,
	};
	struct tail tail = { .seen = 0 };
	int code = file_mkdirs(options->dir, 0700, err);

	if (code == 0)
		tail_look(options->dir, &tail);
	if (code == 0)
		code = audit->log->open(audit->log->ctx, &log_options, &audit->log_state, &audit->edge, err);
	if (code < 0)
		return AUDIT_ERR;
	publish_tree(audit);
	publish_tail(audit, &tail, options->dir);
	return 0;
}

static int start_threads(struct audit *audit, const struct audit_options *options, struct err *err)
{
	if (indexer_open(options->dir, audit->edge.size, &audit->indexer, err) < 0)
		return AUDIT_ERR;
	if (thread_start("audit-writer", writer_run, audit, &audit->writer, err) < 0)
		return AUDIT_ERR;
	audit->writer_runs = true;
	return 0;
}

int audit_open(const struct audit_options *options, struct audit **audit_out, struct err *err)
{
	struct audit *audit = calloc(1, sizeof(*audit));
	char room[LINE_PREFIX_MAX] = "";
	int code = 0;

	if (audit == NULL)
		return err_set(err, AUDIT_ERR, "cannot open the audit log: out of memory");
	queue_init(&audit->queue, options->queue_events_max > 0 ? options->queue_events_max : QUEUE_EVENTS,
		options->queue_bytes_max > 0 ? options->queue_bytes_max : QUEUE_BYTES);
	pthread_mutex_init(&audit->state_lock, NULL);
	audit->log = options->log != NULL ? options->log : &audit_log_sqlite;
	audit->clock = options->clock != NULL ? options->clock : &clock_system;
	audit->retry_ms = options->retry_ms > 0 ? options->retry_ms : RETRY_MS;
	/* The prefix buffer gets its memory now, so that no row can fail for lack of it. */
	buf_init(&audit->prefix, LINE_PREFIX_MAX);
	buf_add(&audit->prefix, room, sizeof(room));
	if (buf_failed(&audit->prefix))
		code = err_set(err, AUDIT_ERR, "cannot open the audit log: out of memory");
	if (code == 0)
		code = open_log(audit, options, err);
	if (code == 0)
		code = start_threads(audit, options, err);
	if (code < 0) {
		audit_close(&audit);
		return AUDIT_ERR;
	}
	record_tail(audit);
	*audit_out = audit;
	return 0;
}

void audit_close(struct audit **audit)
{
	struct audit *a = *audit;

	if (a == NULL)
		return;
	queue_end(&a->queue);
	if (a->writer_runs)
		pthread_join(a->writer, NULL);
	/* Before the log: its last checkpoint wants no reader. */
	indexer_close(&a->indexer);
	if (a->log_state != NULL)
		a->log->close(&a->log_state);
	buf_free(&a->prefix);
	pthread_mutex_destroy(&a->state_lock);
	queue_destroy(&a->queue);
	free(a);
	*audit = NULL;
}

static int refuse(struct audit *audit, int code, struct err *err)
{
	char error[ERR_TEXT_MAX];

	if (code == AUDIT_ERR_BUSY)
		return err_set(err, code, "the audit queue is full; try again in a moment");
	pthread_mutex_lock(&audit->state_lock);
	memcpy(error, audit->state.error, sizeof(error));
	pthread_mutex_unlock(&audit->state_lock);
	return err_set(err, code, "the audit log cannot be written: %s", error);
}

int audit_submit(struct audit *audit, const struct audit_event *event, audit_done *done, void *ctx, struct err *err)
{
	struct queue_entry *entry = entry_open(event, done, ctx);
	int code;

	if (entry == NULL)
		return err_set(err, AUDIT_ERR, "an event cannot be recorded: out of memory");
	code = queue_push(&audit->queue, entry);
	if (code == 0)
		return 0;
	entry_close(&entry);
	return err == NULL ? code : refuse(audit, code, err);
}

void audit_state(struct audit *audit, struct audit_state *state_out)
{
	pthread_mutex_lock(&audit->state_lock);
	*state_out = audit->state;
	pthread_mutex_unlock(&audit->state_lock);
	pthread_mutex_lock(&audit->queue.lock);
	state_out->queued = audit->queue.events;
	state_out->queue_max = audit->queue.events_max;
	state_out->refused = audit->queue.refused;
	pthread_mutex_unlock(&audit->queue.lock);
	indexer_state(audit->indexer, state_out);
	/* The index may have gone on since the size was read: a lag is never negative. */
	if (state_out->indexed > state_out->size)
		state_out->indexed = state_out->size;
}
