/* The index database. */
#include "audit/index_db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/audit.h"
#include "audit/line.h"
#include "audit/words.h"
#include "base/db.h"

#define INDEX_FORMAT 1

/* Texts are kept once and told by number: the indexes then cost little. Only what people ask for is in a partial index. */
static const char schema[] =
	"CREATE TABLE IF NOT EXISTS mark(one INTEGER PRIMARY KEY CHECK (one = 1), next INTEGER NOT NULL, origin BLOB NOT NULL);"
	"CREATE TABLE IF NOT EXISTS word(id INTEGER PRIMARY KEY, text BLOB NOT NULL UNIQUE);"
	"CREATE TABLE IF NOT EXISTS event(seq INTEGER PRIMARY KEY, time INTEGER, kind INTEGER, action INTEGER, verdict INTEGER, "
	"status INTEGER, bytes INTEGER, of INTEGER, user INTEGER, module INTEGER, version INTEGER, address INTEGER, rule INTEGER);"
	"CREATE INDEX IF NOT EXISTS event_user ON event(user) WHERE user IS NOT NULL;"
	"CREATE INDEX IF NOT EXISTS event_module ON event(module, version) WHERE module IS NOT NULL;"
	"CREATE INDEX IF NOT EXISTS event_denied ON event(verdict) WHERE verdict = 1;"
	"CREATE INDEX IF NOT EXISTS event_kind ON event(kind) WHERE kind > 2;"
	"PRAGMA user_version = 1";
_Static_assert(AUDIT_DENY == 1 && AUDIT_ACCESS == 1 && AUDIT_OUTCOME == 2, "the schema speaks of them by number");
_Static_assert(INDEX_FORMAT == 1, "the schema ends with it");

enum column { SEQ = 1, TIME, KIND, ACTION, VERDICT, STATUS, BYTES, OF, USER, MODULE, VERSION, ADDRESS, RULE };

/* The last text of a column: the next row's is often the same. */
struct remembered {
	char text[AUDIT_USER_MAX];
	size_t len; /* 0: nothing */
	int64_t id;
};

struct index_db {
	struct db *db;
	struct db_stmt *event;
	struct db_stmt *word_find;
	struct db_stmt *word_add;
	struct db_stmt *mark;
	uint64_t next;      /* committed */
	uint64_t next_here; /* in the open transaction */
	struct tlog_hash origin;
	struct buf scratch;
	struct remembered remembered[RULE + 1]; /* by column */
};

static char *path_in(const char *dir, const char *suffix)
{
	char *path;

	return asprintf(&path, "%s/index.db%s", dir, suffix) < 0 ? NULL : path;
}

static int prepare(struct index_db *index, struct err *err)
{
	int code = db_prepare(
		index->db, "INSERT OR REPLACE INTO event VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)", &index->event, err);

	if (code == 0)
		code = db_prepare(index->db, "SELECT id FROM word WHERE text = ?1", &index->word_find, err);
	if (code == 0)
		code = db_prepare(index->db, "INSERT INTO word(text) VALUES(?1) RETURNING id", &index->word_add, err);
	if (code == 0)
		code = db_prepare(
			index->db, "INSERT INTO mark VALUES(1, ?1, ?2) ON CONFLICT(one) DO UPDATE SET next = ?1, origin = ?2", &index->mark, err);
	return code;
}

static int read_mark(struct index_db *index, struct err *err)
{
	struct db_stmt *stmt = NULL;
	int code = db_prepare(index->db, "SELECT next, origin FROM mark", &stmt, err);

	if (code == 0)
		code = db_step(stmt, err);
	if (code == DB_ROW) {
		struct slice origin = db_column_blob(stmt, 1);

		code = 0;
		index->next = (uint64_t)db_column_int(stmt, 0);
		if (origin.len != sizeof(index->origin.bytes))
			code = err_set(err, INDEX_DB_FOREIGN, "the audit index is of another form");
		else
			memcpy(index->origin.bytes, origin.ptr, origin.len);
	}
	db_finalize(&stmt);
	return code;
}

/* A new file is of version 0 and empty. */
static int check_format(struct db *db, struct err *err)
{
	struct db_stmt *stmt = NULL;
	int code = db_prepare(db, "SELECT user_version, (SELECT count(*) FROM sqlite_schema) FROM pragma_user_version", &stmt, err);

	if (code == 0)
		code = db_step(stmt, err);
	if (code == DB_ROW) {
		code = 0;
		if (db_column_int(stmt, 0) != INDEX_FORMAT && db_column_int(stmt, 1) > 0)
			code = err_set(
				err, INDEX_DB_FOREIGN, "the audit index is of format %lld, not %d", (long long)db_column_int(stmt, 0), INDEX_FORMAT);
	}
	db_finalize(&stmt);
	return code;
}

static int open_file(struct index_db *index, const char *path, struct err *err)
{
	struct db_options options = { .path = path };
	int code = db_open(&options, &index->db, err);

	if (code == 0)
		code = check_format(index->db, err);
	if (code == 0)
		code = db_exec(index->db, schema, err);
	if (code == 0)
		code = prepare(index, err);
	if (code == 0)
		code = read_mark(index, err);
	return code;
}

int index_db_open(const char *dir, struct index_db **index_out, struct err *err)
{
	struct index_db *index = calloc(1, sizeof(*index));
	char *path = path_in(dir, "");
	int code;

	if (index == NULL || path == NULL) {
		free(index);
		free(path);
		return err_set(err, INDEX_DB_ERR, "cannot open the audit index: out of memory");
	}
	buf_init(&index->scratch, AUDIT_LINE_MAX);
	code = open_file(index, path, err);
	free(path);
	if (code == 0) {
		*index_out = index;
		return 0;
	}
	index_db_close(&index);
	return code == INDEX_DB_FOREIGN ? code : INDEX_DB_ERR;
}

void index_db_close(struct index_db **index)
{
	struct index_db *i = *index;

	if (i == NULL)
		return;
	db_finalize(&i->event);
	db_finalize(&i->word_find);
	db_finalize(&i->word_add);
	db_finalize(&i->mark);
	db_close(&i->db);
	buf_free(&i->scratch);
	free(i);
	*index = NULL;
}

void index_db_remove(const char *dir)
{
	static const char *const suffixes[] = { "-wal", "-shm", "-journal", "" };

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		char *path = path_in(dir, suffixes[i]);

		if (path != NULL)
			unlink(path);
		free(path);
	}
}

bool index_db_damaged(const char *dir)
{
	char *path = path_in(dir, "");
	struct db_options options = { .path = path, .read_only = true };
	struct db_stmt *stmt = NULL;
	struct db *db = NULL;
	bool whole;

	if (path == NULL)
		return false;
	whole = db_open(&options, &db, NULL) == 0 && db_prepare(db, "PRAGMA quick_check(1)", &stmt, NULL) == 0 && db_step(stmt, NULL) == DB_ROW &&
		slice_equal_text(db_column_text(stmt, 0), "ok");
	db_finalize(&stmt);
	db_close(&db);
	free(path);
	return !whole;
}

uint64_t index_db_next(const struct index_db *index)
{
	return index->next;
}

const struct tlog_hash *index_db_origin(const struct index_db *index)
{
	return &index->origin;
}

int index_db_begin(struct index_db *index, struct err *err)
{
	index->next_here = index->next;
	return db_begin(index->db, err) < 0 ? INDEX_DB_ERR : 0;
}

static int word_id(struct index_db *index, struct slice text, int64_t *id_out, struct err *err)
{
	struct db_stmt *stmt = index->word_find;
	int code;

	db_bind_blob(stmt, 1, text);
	code = db_step(stmt, err);
	if (code == DB_DONE) {
		db_reset(stmt);
		stmt = index->word_add;
		db_bind_blob(stmt, 1, text);
		code = db_step(stmt, err);
	}
	if (code == DB_ROW)
		*id_out = db_column_int(stmt, 0);
	db_reset(stmt);
	return code < 0 ? code : 0;
}

static void remember(struct remembered *last, struct slice text, int64_t id)
{
	last->len = 0;
	if (text.len > sizeof(last->text))
		return;
	memcpy(last->text, text.ptr, text.len);
	last->len = text.len;
	last->id = id;
}

static int bind_word(struct index_db *index, int column, const struct line_field *field, struct err *err)
{
	struct remembered *last = &index->remembered[column];
	struct slice text;
	int64_t id = 0;
	int code;

	/* Absent and empty texts stay NULL. */
	if (!line_field_text(field, &index->scratch, &text) || text.len == 0)
		return 0;
	if (slice_equal(text, slice_make(last->text, last->len))) {
		id = last->id;
	} else {
		code = word_id(index, text, &id, err);
		if (code < 0)
			return code;
		remember(last, text, id);
	}
	db_bind_int(index->event, column, id);
	return 0;
}

static void bind_value(struct index_db *index, int column, const struct line_field *field, const struct words *words)
{
	struct slice text;
	unsigned value;

	if (!line_field_text(field, &index->scratch, &text))
		return;
	value = words_find(words, text);
	if (value != 0)
		db_bind_int(index->event, column, value);
}

static void bind_number(struct index_db *index, int column, const struct line_field *field)
{
	int64_t number;

	if (line_field_number(field, &number))
		db_bind_int(index->event, column, number);
}

static void bind_time(struct index_db *index, int column, const struct line_field *field)
{
	struct slice text;
	int64_t time_us;

	if (line_field_text(field, &index->scratch, &text) && clock_parse(text, &time_us))
		db_bind_int(index->event, column, time_us);
}

static int bind_line(struct index_db *index, const struct line_field *fields, struct err *err)
{
	int code = 0;

	for (int column = TIME; column <= RULE && code == 0; column++) {
		const struct line_field *field = &fields[column];

		if (column == TIME)
			bind_time(index, column, field);
		else if (column <= VERDICT)
			bind_value(index, column, field, column == KIND ? &words_kind : column == ACTION ? &words_action : &words_verdict);
		else if (column <= OF)
			bind_number(index, column, field);
		else
			code = bind_word(index, column, field, err);
	}
	return code;
}

int index_db_add(struct index_db *index, uint64_t seq, struct slice line, struct err *err)
{
	struct line_field fields[] = {
		[0] = { .name = SLICE("v") },
		[SEQ] = { .name = SLICE("seq") },
		[TIME] = { .name = SLICE("time") },
		[KIND] = { .name = SLICE("kind") },
		[ACTION] = { .name = SLICE("action") },
		[VERDICT] = { .name = SLICE("verdict") },
		[STATUS] = { .name = SLICE("status") },
		[BYTES] = { .name = SLICE("bytes") },
		[OF] = { .name = SLICE("of") },
		[USER] = { .name = SLICE("user") },
		[MODULE] = { .name = SLICE("module") },
		[VERSION] = { .name = SLICE("version") },
		[ADDRESS] = { .name = SLICE("address") },
		[RULE] = { .name = SLICE("rule") },
	};
	int code;

	if (seq == 0)
		tlog_leaf_hash(line, &index->origin);
	index->next_here = seq + 1;
	if (!line_fields(line, fields, sizeof(fields) / sizeof(fields[0])))
		return 0;
	db_bind_int(index->event, SEQ, (int64_t)seq);
	code = bind_line(index, fields, err);
	if (code == 0)
		code = db_run(index->event, err);
	else
		db_reset(index->event);
	return code < 0 ? INDEX_DB_ERR : 0;
}

int index_db_commit(struct index_db *index, struct err *err)
{
	int code;

	db_bind_int(index->mark, 1, (int64_t)index->next_here);
	db_bind_blob(index->mark, 2, slice_make(index->origin.bytes, sizeof(index->origin.bytes)));
	code = db_run(index->mark, err);
	if (code == 0)
		code = db_commit(index->db, err);
	if (code < 0)
		return INDEX_DB_ERR;
	index->next = index->next_here;
	return 0;
}

void index_db_rollback(struct index_db *index)
{
	db_rollback(index->db);
	/* Words that were new in it are gone, and their numbers with them. */
	memset(index->remembered, 0, sizeof(index->remembered));
}
