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

static int rehash(struct db *db, struct tlog_edge *edge, struct err *err)
{
	struct db_stmt *stmt = NULL;
	int code = db_prepare(db, "SELECT seq, line FROM leaf NOT INDEXED ORDER BY seq", &stmt, err);

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

/*
 * After a failed fsync and a crash, pages of the write-ahead log may be only in memory. Settling them makes the past safe before anything is
 * built upon it; where that cannot be, nothing is.
 */
static int settle(struct log_recovered *recovered, struct err *err)
{
	int code = segment_settle(recovered->db, err);

	if (code != BASE_ERR_BUSY)
		return code;
	db_close(&recovered->db);
	return 0;
}

static int recover_segment(const char *path, struct log_recovered *recovered, struct err *err)
{
	struct db_options options = { .path = path, .durable = true, .busy_timeout_ms = BUSY_MS };
	struct segment_description description = { .first = 0 };
	struct stat st;
	int code = db_open(&options, &recovered->db, err);

	if (code == 0)
		code = segment_schema_check(recovered->db, err);
	if (code == 0)
		code = segment_describe(recovered->db, &description, err);
	if (code < 0)
		return code;
	recovered->edge = description.before;
	code = rehash(recovered->db, &recovered->edge, err);
	if (code >= 0)
		code = check_tip(&recovered->edge, &description.tip, err);
	if (code == 0)
		code = settle(recovered, err);
	recovered->bytes = stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
	return code;
}

static int recover_last(const char *dir, unsigned number, struct log_recovered *recovered, struct err *err)
{
	char *path = segment_path(dir, number);
	int code;

	if (path == NULL)
		return err_set(err, AUDIT_ERR, "cannot open the audit log: out of memory");
	recovered->number = number;
	code = recover_segment(path, recovered, err);
	if (code < 0) {
		db_close(&recovered->db);
		code = err_prepend(err, AUDIT_ERR, "the audit log cannot go on after %s (" ADVICE ")", path);
	}
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
	if (list.count > 0)
		code = recover_last(dir, list.numbers[list.count - 1], &recovered, err);
	segment_list_free(&list);
	if (code == 0)
		*recovered_out = recovered;
	return code;
}
