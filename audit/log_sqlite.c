/* The log in SQLite segments: one connection at a time writes, one transaction a batch. */
#include "audit/log.h"

#include <stdlib.h>
#include <string.h>

#include "audit/log_recover.h"
#include "audit/segment.h"
#include "base/db.h"

/* What SQLite adds to a row's line, roughly: hash, record header, share of the page's. */
#define ROW_OVERHEAD 64

static const char schema[] = "CREATE TABLE segment(format INTEGER NOT NULL, first INTEGER NOT NULL, edge BLOB NOT NULL);"
			     "CREATE TABLE leaf(seq INTEGER PRIMARY KEY, line BLOB NOT NULL, hash BLOB NOT NULL);"
			     "CREATE TABLE head(size INTEGER PRIMARY KEY, root BLOB NOT NULL);"
			     "CREATE TABLE tip(one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL, root BLOB NOT NULL)";

struct segments {
	char *dir;
	int64_t bytes_max;
	unsigned number; /* highest in use, or given up */
	/* The current segment; db is NULL when there is none. */
	struct db *db;
	struct db_stmt *leaf;
	struct db_stmt *head;
	struct db_stmt *tip;
	int64_t bytes; /* roughly */
	bool empty;    /* nothing in it was acknowledged */
};

static void close_current(struct segments *segments)
{
	db_finalize(&segments->leaf);
	db_finalize(&segments->head);
	db_finalize(&segments->tip);
	db_close(&segments->db);
}

/* After a failure: what was acknowledged stays, the file is never written again. One that holds nothing is in nobody's interest. */
static void give_up(struct segments *segments)
{
	bool empty = segments->empty && segments->db != NULL;

	close_current(segments);
	if (empty)
		segment_remove(segments->dir, segments->number);
}

/* Everything into the one file, so that it can be copied alone; a reader may hold that up, which does no harm. */
static void finish_current(struct segments *segments)
{
	if (segments->db != NULL)
		db_exec(segments->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL);
	close_current(segments);
}

static int prepare(struct segments *segments, struct err *err)
{
	int code = db_prepare(segments->db, "INSERT INTO leaf(seq, line, hash) VALUES(?1, ?2, ?3)", &segments->leaf, err);

	if (code == 0)
		code = db_prepare(segments->db, "INSERT INTO head(size, root) VALUES(?1, ?2)", &segments->head, err);
	if (code == 0)
		code = db_prepare(segments->db,
			"INSERT INTO tip(one, size, root) VALUES(1, ?1, ?2) ON CONFLICT(one) DO UPDATE SET size = ?1, root = ?2", &segments->tip,
			err);
	return code;
}

static int write_leaf(struct db_stmt *stmt, uint64_t seq, const struct log_row *row, struct err *err)
{
	db_bind_int(stmt, 1, (int64_t)seq);
	db_bind_blob(stmt, 2, row->line);
	db_bind_blob(stmt, 3, slice_make(row->hash.bytes, sizeof(row->hash.bytes)));
	return db_run(stmt, err);
}

static int write_head(struct db_stmt *stmt, const struct tlog_head *head, struct err *err)
{
	db_bind_int(stmt, 1, (int64_t)head->size);
	db_bind_blob(stmt, 2, slice_make(head->root.bytes, sizeof(head->root.bytes)));
	return db_run(stmt, err);
}

static int write_batch(struct segments *segments, const struct log_batch *batch, struct err *err)
{
	int code = 0;

	for (size_t i = 0; i < batch->count && code == 0; i++)
		code = write_leaf(segments->leaf, batch->first + i, &batch->rows[i], err);
	for (size_t i = 0; i < batch->heads_count && code == 0; i++)
		code = write_head(segments->head, &batch->heads[i], err);
	if (code == 0)
		code = write_head(segments->tip, &batch->tip, err);
	return code;
}

static void count_bytes(struct segments *segments, const struct log_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		segments->bytes += (int64_t)batch->rows[i].line.len + ROW_OVERHEAD;
	segments->empty = segments->empty && batch->count == 0;
}

/* The tables and the one row that says where this segment begins, in the transaction that is open. */
static int write_description(struct db *db, const struct tlog_edge *before, struct err *err)
{
	struct db_stmt *stmt = NULL;
	int code = db_exec(db, schema, err);

	if (code == 0)
		code = db_prepare(db, "INSERT INTO segment(format, first, edge) VALUES(?1, ?2, ?3)", &stmt, err);
	if (code == 0) {
		db_bind_int(stmt, 1, SEGMENT_FORMAT);
		db_bind_int(stmt, 2, (int64_t)before->size);
		db_bind_blob(stmt, 3, slice_make(before->nodes, before->count * sizeof(before->nodes[0])));
		code = db_run(stmt, err);
	}
	db_finalize(&stmt);
	return code;
}

static int make_segment(struct segments *segments, const struct log_batch *batch, struct err *err)
{
	char *path = segment_path(segments->dir, segments->number);
	struct db_options options = { .path = path, .durable = true };
	int code;

	if (path == NULL)
		return err_set(err, AUDIT_ERR, "cannot make an audit segment: out of memory");
	code = db_open(&options, &segments->db, err);
	if (code == 0)
		code = db_begin(segments->db, err);
	if (code == 0)
		code = write_description(segments->db, batch->before, err);
	if (code == 0)
		code = prepare(segments, err);
	if (code == 0)
		code = write_batch(segments, batch, err);
	if (code == 0)
		code = db_commit(segments->db, err);
	free(path);
	return code;
}

static int log_append_new(void *state, const struct log_batch *batch, struct err *err)
{
	struct segments *segments = state;

	if (segments->number >= SEGMENT_NUMBER_MAX)
		return err_set(err, AUDIT_ERR, "%s holds segment %d, the last there can be", segments->dir, SEGMENT_NUMBER_MAX);
	finish_current(segments);
	segments->number++;
	segments->bytes = 0;
	segments->empty = true;
	if (make_segment(segments, batch, err) < 0) {
		close_current(segments);
		if (segment_remove(segments->dir, segments->number))
			segments->number--;
		return AUDIT_ERR;
	}
	count_bytes(segments, batch);
	return 0;
}

static int log_append(void *state, const struct log_batch *batch, struct err *err)
{
	struct segments *segments = state;
	int code;

	if (segments->db == NULL || segments->bytes >= segments->bytes_max)
		return log_append_new(state, batch, err);
	code = db_begin(segments->db, err);
	if (code == 0)
		code = write_batch(segments, batch, err);
	if (code == 0)
		code = db_commit(segments->db, err);
	if (code < 0) {
		db_rollback(segments->db);
		give_up(segments);
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
	int code = log_recover(segments->dir, &recovered, err);

	if (code < 0)
		return code;
	segments->db = recovered.db;
	segments->number = recovered.number;
	segments->bytes = recovered.bytes;
	*edge_out = recovered.edge;
	if (recovered.number == 0)
		return begin(segments, &recovered.edge, err);
	return recovered.db == NULL ? 0 : prepare(segments, err);
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
