/* Start-up: the last segment made whole and rehashed. */
#include "audit/log_recover.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "audit/audit.h"
#include "audit/segment.h"

/* How long start-up waits for those who read the last segment just then (a verification, an export). */
#define BUSY_MS 1000
#define ADVICE  "run `modgate audit verify`; to begin a new log, move the audit directory away"

/*
 * After a failed fsync and a crash, pages of the write-ahead log may be only in memory. Copying them into the file and syncing that makes
 * the past safe before anything is built upon it.
 */
static int settle(struct db *db, bool *settled_out, struct err *err)
{
	struct db_stmt *stmt = NULL;
	int code = db_prepare(db, "PRAGMA wal_checkpoint(TRUNCATE)", &stmt, err);

	if (code == 0)
		code = db_step(stmt, err);
	if (code == DB_ROW) {
		*settled_out = db_column_int(stmt, 0) == 0;
		code = 0;
	}
	db_finalize(&stmt);
	return code;
}

static int rehash(struct db *db, struct tlog_edge *edge, struct err *err)
{
	struct db_stmt *stmt = NULL;
	int code = db_prepare(db, "SELECT seq, line FROM leaf ORDER BY seq", &stmt, err);

	while (code >= 0 && (code = db_step(stmt, err)) == DB_ROW) {
		struct tlog_hash leaf;

		if ((uint64_t)db_column_int(stmt, 0) != edge->size) {
			code = err_set(err, AUDIT_ERR, "row %llu is missing", (unsigned long long)edge->size);
			break;
		}
		tlog_leaf_hash(db_column_blob(stmt, 1), &leaf);
		tlog_edge_add(edge, &leaf);
	}
	db_finalize(&stmt);
	return code;
}

static int check_tip(const struct tlog_edge *edge, const struct tlog_head *tip, struct err *err)
{
	struct tlog_hash root;

	tlog_edge_root(edge, &root);
	if (edge->size == tip->size && memcmp(&root, &tip->root, sizeof(root)) == 0)
		return 0;
	return err_set(err, AUDIT_ERR, "its rows up to %llu are not those of the tree head kept for %llu", (unsigned long long)edge->size,
		(unsigned long long)tip->size);
}

static int recover_segment(const char *path, struct log_recovered *recovered, struct err *err)
{
	struct db_options options = { .path = path, .durable = true, .busy_timeout_ms = BUSY_MS };
	struct segment_description description;
	bool settled = false;
	struct stat st;
	int code = db_open(&options, &recovered->db, err);

	if (code == 0)
		code = segment_describe(recovered->db, &description, err);
	if (code != 0)
		return code;
	recovered->edge = description.before;
	code = settle(recovered->db, &settled, err);
	if (code == 0)
		code = rehash(recovered->db, &recovered->edge, err);
	if (code == 0)
		code = check_tip(&recovered->edge, &description.tip, err);
	if (code == 0)
		recovered->bytes = stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
	if (!settled)
		db_close(&recovered->db);
	return code;
}

static int recover_number(const char *dir, unsigned number, struct log_recovered *recovered, struct err *err)
{
	char *path = segment_path(dir, number);
	int code;

	if (path == NULL)
		return err_set(err, AUDIT_ERR, "cannot open the audit log: out of memory");
	code = recover_segment(path, recovered, err);
	if (code != 0)
		db_close(&recovered->db);
	if (code < 0)
		code = err_prepend(err, AUDIT_ERR, "the audit log cannot go on after %s (" ADVICE ")", path);
	else if (code == 0)
		recovered->number = number;
	free(path);
	return code;
}

int log_recover(const char *dir, struct log_recovered *recovered_out, struct err *err)
{
	struct log_recovered recovered = { .db = NULL };
	struct segment_list list;
	int code = segment_list_read(dir, &list, err);

	if (code < 0)
		return code;
	tlog_edge_init(&recovered.edge);
	code = SEGMENT_UNBORN;
	for (size_t i = list.count; i > 0 && code == SEGMENT_UNBORN; i--) {
		code = recover_number(dir, list.numbers[i - 1], &recovered, err);
		if (code == SEGMENT_UNBORN)
			segment_remove(dir, list.numbers[i - 1]);
	}
	segment_list_free(&list);
	if (code < 0)
		return code;
	*recovered_out = recovered;
	return 0;
}
