/* The log in SQLite segments: one connection at a time writes, one transaction a batch. */
#include "audit/log.h"

#include <stdlib.h>
#include <string.h>

#include "audit/log_recover.h"
#include "audit/segment.h"
#include "audit/segment_writer.h"
#include "base/db.h"

/* What SQLite adds to a row's line, roughly: hash, record header, share of the page's. */
#define ROW_OVERHEAD 64

struct segments {
	char *dir;
	int64_t bytes_max;
	unsigned number;               /* highest in use, or given up */
	struct segment_writer current; /* closed when there is none that may be written */
	int64_t bytes;                 /* of it, roughly */
};

static void count_bytes(struct segments *segments, const struct log_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		segments->bytes += (int64_t)batch->rows[i].line.len + ROW_OVERHEAD;
}

/* Everything into the one file, so that it can be copied alone. A reader may keep it from that: it is not waited for, and does no harm. */
static void finish_current(struct segments *segments)
{
	if (segments->current.db != NULL)
		db_exec(segments->current.db, "PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE)", NULL);
	segment_writer_close(&segments->current);
}

static int open_current(struct segments *segments, struct err *err)
{
	char *path = segment_path(segments->dir, segments->number);
	struct db_options options = { .path = path, .durable = true };
	struct db *db = NULL;
	int code;

	if (path == NULL)
		return err_set(err, AUDIT_ERR, "cannot open an audit segment: out of memory");
	code = db_open(&options, &db, err);
	if (code == 0)
		code = segment_writer_open(&segments->current, db, err);
	free(path);
	return code;
}

static int log_append_new(void *state, const struct log_batch *batch, struct err *err)
{
	struct segments *segments = state;

	if (segments->number >= SEGMENT_NUMBER_MAX)
		return err_set(err, AUDIT_ERR, "%s holds segment %d, the last there can be", segments->dir, SEGMENT_NUMBER_MAX);
	finish_current(segments);
	if (segment_make(segments->dir, segments->number + 1, batch, err) < 0) {
		/* A rename that could not be made sure of may stand: the number is then taken. */
		segments->number += segment_exists(segments->dir, segments->number + 1);
		return AUDIT_ERR;
	}
	segments->number++;
	segments->bytes = 0;
	count_bytes(segments, batch);
	/* The batch is durable. If its segment cannot be opened now, the next batch begins another one. */
	if (open_current(segments, NULL) < 0)
		segment_writer_close(&segments->current);
	return 0;
}

static int log_append(void *state, const struct log_batch *batch, struct err *err)
{
	struct segments *segments = state;

	if (segments->current.db == NULL || segments->bytes >= segments->bytes_max)
		return log_append_new(state, batch, err);
	if (segment_writer_append(&segments->current, batch, err) < 0) {
		segment_writer_close(&segments->current);
		return AUDIT_ERR;
	}
	count_bytes(segments, batch);
	return 0;
}

static void log_close(void **state)
{
	struct segments *segments = *state;

	if (segments == NULL)
		return;
	finish_current(segments);
	free(segments->dir);
	free(segments);
	*state = NULL;
}

/* An empty log gets its first segment at once, so that a directory that cannot be written is told at start. */
static int begin(struct segments *segments, const struct tlog_edge *empty, struct err *err)
{
	struct log_batch batch = { .before = empty };

	tlog_edge_root(empty, &batch.tip.root);
	return log_append_new(segments, &batch, err);
}

static int resume(struct segments *segments, struct tlog_edge *edge_out, struct err *err)
{
	struct log_recovered recovered;
	int code;

	segment_make_clean(segments->dir);
	code = log_recover(segments->dir, &recovered, err);
	if (code < 0)
		return code;
	segments->number = recovered.number;
	segments->bytes = recovered.bytes;
	*edge_out = recovered.edge;
	if (recovered.number == 0)
		return begin(segments, &recovered.edge, err);
	return recovered.db == NULL ? 0 : segment_writer_open(&segments->current, recovered.db, err);
}

static int log_open(void *ctx, const struct log_options *options, void **state_out, struct tlog_edge *edge_out, struct err *err)
{
	struct segments *segments = calloc(1, sizeof(*segments));
	int code;

	(void)ctx;
	if (segments == NULL)
		return err_set(err, AUDIT_ERR, "cannot open the audit log: out of memory");
	segments->bytes_max = options->segment_bytes_max;
	segments->dir = strdup(options->dir);
	code = segments->dir == NULL ? err_set(err, AUDIT_ERR, "cannot open the audit log: out of memory") : resume(segments, edge_out, err);
	if (code < 0) {
		log_close((void **)&segments);
		return AUDIT_ERR;
	}
	*state_out = segments;
	return 0;
}

const struct audit_log audit_log_sqlite = {
	.ctx = NULL,
	.open = log_open,
	.append = log_append,
	.append_new = log_append_new,
	.close = log_close,
};
