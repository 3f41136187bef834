/* Writing to one segment, and making a new one. */
#include "audit/segment_writer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/segment.h"
#include "base/file.h"

#define NEW_NAME "new-segment.db"

static const char tip_sql[] = "INSERT INTO tip(one, size, root) VALUES(1, ?1, ?2) ON CONFLICT(one) DO UPDATE SET size = ?1, root = ?2";

int segment_writer_open(struct segment_writer *writer, struct db *db, struct err *err)
{
	int code;

	writer->db = db;
	code = db_prepare(db, "INSERT INTO leaf(seq, line, hash) VALUES(?1, ?2, ?3)", &writer->leaf, err);
	if (code == 0)
		code = db_prepare(db, "INSERT INTO head(size, root) VALUES(?1, ?2)", &writer->head, err);
	if (code == 0)
		code = db_prepare(db, tip_sql, &writer->tip, err);
	return code;
}

void segment_writer_close(struct segment_writer *writer)
{
	db_finalize(&writer->leaf);
	db_finalize(&writer->head);
	db_finalize(&writer->tip);
	db_close(&writer->db);
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

static int write_batch(struct segment_writer *writer, const struct log_batch *batch, struct err *err)
{
	int code = 0;

	for (size_t i = 0; i < batch->count && code == 0; i++)
		code = write_leaf(writer->leaf, batch->first + i, &batch->rows[i], err);
	for (size_t i = 0; i < batch->heads_count && code == 0; i++)
		code = write_head(writer->head, &batch->heads[i], err);
	if (code == 0)
		code = write_head(writer->tip, &batch->tip, err);
	return code;
}

int segment_writer_append(struct segment_writer *writer, const struct log_batch *batch, struct err *err)
{
	int code = db_begin(writer->db, err);

	if (code == 0)
		code = write_batch(writer, batch, err);
	if (code == 0)
		code = db_commit(writer->db, err);
	if (code < 0)
		db_rollback(writer->db);
	return code;
}

/* The tables, and the one row that says where the segment begins. */
static int write_description(struct db *db, const struct tlog_edge *before, struct err *err)
{
	struct db_stmt *stmt = NULL;
	int code = 0;

	for (int i = 0; i < SEGMENT_TABLES && code == 0; i++)
		code = db_exec(db, segment_schema[i], err);
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

/* All of the segment in one file, durably; closed again. */
static int build(const char *path, const struct log_batch *batch, struct err *err)
{
	struct db_options options = { .path = path, .durable = true };
	struct segment_writer writer = { .db = NULL };
	struct db *db = NULL;
	int code = db_open(&options, &db, err);

	if (code == 0)
		code = write_description(db, batch->before, err);
	if (code == 0) {
		code = segment_writer_open(&writer, db, err);
		db = NULL;
	}
	if (code == 0)
		code = segment_writer_append(&writer, batch, err);
	if (code == 0)
		code = segment_settle(writer.db, err);
	segment_writer_close(&writer);
	db_close(&db);
	return code;
}

static int adopt(const char *dir, const char *built, unsigned number, struct err *err)
{
	char *path = segment_path(dir, number);
	int code = 0;

	if (path == NULL)
		return err_set(err, AUDIT_ERR, "cannot make an audit segment: out of memory");
	if (access(path, F_OK) == 0)
		code = err_set(err, AUDIT_ERR, "%s is there already, though it was not before", path);
	else if (rename(built, path) != 0)
		code = err_set(err, AUDIT_ERR, "cannot make %s: %s", path, strerror(errno));
	if (code == 0)
		code = file_sync_parent(path, err);
	free(path);
	return code;
}

static char *new_path(const char *dir)
{
	char *path;

	return asprintf(&path, "%s/" NEW_NAME, dir) < 0 ? NULL : path;
}

int segment_make(const char *dir, unsigned number, const struct log_batch *batch, struct err *err)
{
	char *built = new_path(dir);
	int code;

	if (built == NULL)
		return err_set(err, AUDIT_ERR, "cannot make an audit segment: out of memory");
	segment_remove(built);
	code = build(built, batch, err);
	if (code == 0)
		code = adopt(dir, built, number, err);
	if (code < 0)
		segment_remove(built);
	free(built);
	return code < 0 ? AUDIT_ERR : 0;
}

void segment_make_clean(const char *dir)
{
	char *path = new_path(dir);

	if (path != NULL)
		segment_remove(path);
	free(path);
}
