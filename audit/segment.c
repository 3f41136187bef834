/* Segment files: names, listing, description. */
#include "audit/segment.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/audit.h"

const char *const segment_schema[SEGMENT_TABLES] = {
	"CREATE TABLE segment(format INTEGER NOT NULL, first INTEGER NOT NULL, edge BLOB NOT NULL)",
	"CREATE TABLE leaf(seq INTEGER PRIMARY KEY, line BLOB NOT NULL, hash BLOB NOT NULL)",
	"CREATE TABLE head(size INTEGER PRIMARY KEY, root BLOB NOT NULL)",
	"CREATE TABLE tip(one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL, root BLOB NOT NULL)",
};

static int compare_numbers(const void *a, const void *b)
{
	unsigned left = *(const unsigned *)a;
	unsigned right = *(const unsigned *)b;

	return (left > right) - (left < right);
}

/* The number in log-NNNNNN.db; 0 for any other name. */
static unsigned number_of(const char *name)
{
	struct slice s = slice_of(name);
	struct slice digits = slice_sub(s, 4, 10);
	long long number;

	if (s.len != 13 || !slice_starts(s, SLICE("log-")) || !slice_ends(s, SLICE(".db")) || !slice_to_number(digits, &number))
		return 0;
	return (unsigned)number;
}

static int list_add(struct segment_list *list, size_t *room, unsigned number, struct err *err)
{
	if (list->count == *room) {
		size_t more = *room == 0 ? 64 : *room * 2;
		unsigned *numbers = reallocarray(list->numbers, more, sizeof(*numbers));

		if (numbers == NULL)
			return err_set(err, AUDIT_ERR, "cannot list the audit segments: out of memory");
		list->numbers = numbers;
		*room = more;
	}
	list->numbers[list->count++] = number;
	return 0;
}

int segment_list_read(const char *dir, struct segment_list *list_out, struct err *err)
{
	struct segment_list list = { .numbers = NULL, .count = 0 };
	DIR *stream = opendir(dir);
	struct dirent *entry;
	size_t room = 0;
	int code = 0;

	if (stream == NULL && errno != ENOENT)
		return err_set(err, AUDIT_ERR, "cannot read the audit directory %s: %s", dir, strerror(errno));
	while (stream != NULL && code == 0 && (entry = readdir(stream)) != NULL) {
		unsigned number = number_of(entry->d_name);

		if (number != 0)
			code = list_add(&list, &room, number, err);
	}
	if (stream != NULL)
		closedir(stream);
	if (code < 0) {
		segment_list_free(&list);
		return code;
	}
	if (list.count > 0)
		qsort(list.numbers, list.count, sizeof(*list.numbers), compare_numbers);
	*list_out = list;
	return 0;
}

void segment_list_free(struct segment_list *list)
{
	free(list->numbers);
	list->numbers = NULL;
	list->count = 0;
}

void segment_name(unsigned number, char out[SEGMENT_NAME_MAX])
{
	snprintf(out, SEGMENT_NAME_MAX, "log-%06u.db", number);
}

char *segment_path(const char *dir, unsigned number)
{
	char name[SEGMENT_NAME_MAX];
	char *path;

	segment_name(number, name);
	return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

bool segment_exists(const char *dir, unsigned number)
{
	char *path = segment_path(dir, number);
	bool exists = path != NULL && access(path, F_OK) == 0;

	free(path);
	return exists;
}

void segment_remove(const char *path)
{
	static const char *const suffixes[] = { "-wal", "-shm", "-journal", "" };

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		char *whole;

		if (asprintf(&whole, "%s%s", path, suffixes[i]) < 0)
			continue;
		unlink(whole);
		free(whole);
	}
}

/* What SQLite's code says of the segment. */
static int segment_code(int code)
{
	return code == 0 || code == DB_ERR_IO || code == BASE_ERR_BUSY ? code : AUDIT_ERR;
}

/* One row of sqlite_schema against one statement: SQLite keeps them as they were written. */
static bool is_table(struct db_stmt *row, const char *sql)
{
	struct slice create = slice_of(sql);
	struct slice name = slice_after(create, sizeof("CREATE TABLE ") - 1);

	name = slice_sub(name, 0, (size_t)slice_index(name, '('));
	return slice_equal(db_column_text(row, 0), SLICE("table")) && slice_equal(db_column_text(row, 1), name) &&
	       slice_equal(db_column_text(row, 2), name) && slice_equal(db_column_text(row, 3), create);
}

int segment_schema_check(struct db *db, struct err *err)
{
	struct db_stmt *stmt = NULL;
	int code = db_prepare(db, "SELECT type, name, tbl_name, sql FROM sqlite_schema NOT INDEXED ORDER BY rowid", &stmt, err);
	size_t tables = 0;
	bool same = true;

	while (code >= 0 && same && (code = db_step(stmt, err)) == DB_ROW) {
		same = tables < SEGMENT_TABLES && is_table(stmt, segment_schema[tables]);
		tables++;
	}
	db_finalize(&stmt);
	if (code < 0)
		return segment_code(code);
	if (!same || tables != SEGMENT_TABLES)
		return err_set(err, AUDIT_ERR, "its tables are not those of an audit segment: one was added, removed or replaced");
	return 0;
}

/* The row of a question that must have one. */
static int one_row(struct db *db, const char *sql, struct db_stmt **stmt_out, struct err *err)
{
	struct db_stmt *stmt = NULL;
	int code = db_prepare(db, sql, &stmt, err);

	if (code == 0)
		code = db_step(stmt, err);
	if (code == DB_ROW) {
		*stmt_out = stmt;
		return 0;
	}
	db_finalize(&stmt);
	return code < 0 ? segment_code(code) : err_set(err, AUDIT_ERR, "the segment does not describe itself");
}

/* As many nodes as the size has one bits. */
static bool read_edge(int64_t size, struct slice nodes, struct tlog_edge *edge_out)
{
	struct tlog_edge edge;

	tlog_edge_init(&edge);
	if (size < 0)
		return false;
	edge.size = (uint64_t)size;
	edge.count = (unsigned)__builtin_popcountll(edge.size);
	if (nodes.len != edge.count * sizeof(edge.nodes[0]))
		return false;
	if (nodes.len > 0)
		memcpy(edge.nodes, nodes.ptr, nodes.len);
	*edge_out = edge;
	return true;
}

static int read_first(struct db *db, struct segment_description *description, struct err *err)
{
	struct db_stmt *stmt = NULL;
	int code = one_row(db, "SELECT format, first, edge, (SELECT count(*) FROM segment) FROM segment", &stmt, err);

	if (code == 0 && db_column_int(stmt, 0) != SEGMENT_FORMAT)
		code = err_set(err, AUDIT_ERR, "the segment is of format %lld, not %d", (long long)db_column_int(stmt, 0), SEGMENT_FORMAT);
	if (code == 0 && db_column_int(stmt, 3) != 1)
		code = err_set(err, AUDIT_ERR, "the segment describes itself more than once");
	if (code == 0 && !read_edge(db_column_int(stmt, 1), db_column_blob(stmt, 2), &description->before))
		code = err_set(err, AUDIT_ERR, "the segment's first sequence and the tree before it do not fit");
	if (code == 0)
		description->first = description->before.size;
	db_finalize(&stmt);
	return code;
}

static int read_tip(struct db *db, struct segment_description *description, struct err *err)
{
	struct db_stmt *stmt = NULL;
	int code = one_row(db, "SELECT size, root, (SELECT count(*) FROM tip) FROM tip", &stmt, err);
	struct slice root = SLICE_NONE;

	if (code == 0)
		root = db_column_blob(stmt, 1);
	if (code == 0 && (db_column_int(stmt, 2) != 1 || root.len != SHA256_BYTES || db_column_int(stmt, 0) < 0))
		code = err_set(err, AUDIT_ERR, "the segment's last tree head is malformed");
	if (code == 0) {
		description->tip.size = (uint64_t)db_column_int(stmt, 0);
		memcpy(description->tip.root.bytes, root.ptr, root.len);
	}
	db_finalize(&stmt);
	return code;
}

int segment_describe(struct db *db, struct segment_description *description_out, struct err *err)
{
	int code = read_first(db, description_out, err);

	return code == 0 ? read_tip(db, description_out, err) : code;
}

int segment_settle(struct db *db, struct err *err)
{
	struct db_stmt *stmt = NULL;
	int code = db_prepare(db, "PRAGMA wal_checkpoint(TRUNCATE)", &stmt, err);

	if (code == 0)
		code = db_step(stmt, err);
	if (code == DB_ROW)
		code = db_column_int(stmt, 0) == 0 ? 0 : err_set(err, BASE_ERR_BUSY, "somebody reads in the audit segment just now");
	db_finalize(&stmt);
	return code;
}

int segment_open(const char *dir, unsigned number, struct db **db_out, struct err *err)
{
	char *path = segment_path(dir, number);
	struct db_options options = { .path = path, .read_only = true };
	struct db *db = NULL;
	int code;

	if (path == NULL)
		return err_set(err, AUDIT_ERR, "cannot open an audit segment: out of memory");
	code = segment_code(db_open(&options, &db, err));
	if (code == 0)
		code = segment_schema_check(db, err);
	if (code < 0)
		db_close(&db);
	else
		*db_out = db;
	free(path);
	return code;
}
