/* The catalogue over SQLite: tables store_pin, store_move, store_untold, store_info, store_file, store_answer. */
#include <stdlib.h>

#include "store/store_private.h"

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS store_pin (module TEXT NOT NULL, version TEXT NOT NULL, origin TEXT NOT NULL, h1 TEXT NOT NULL, mod_h1 TEXT NOT "
	"NULL,"
	" proof INTEGER NOT NULL, mod_proof INTEGER NOT NULL, private INTEGER NOT NULL, first_seen_us INTEGER NOT NULL,"
	" PRIMARY KEY (module, version)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS store_move (module TEXT NOT NULL, version TEXT NOT NULL, fact INTEGER NOT NULL, number INTEGER NOT NULL,"
	" found TEXT NOT NULL, moved_us INTEGER NOT NULL, PRIMARY KEY (module, version, fact, number)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS store_untold (number INTEGER PRIMARY KEY, module TEXT NOT NULL, version TEXT NOT NULL, fact INTEGER NOT NULL,"
	" pinned TEXT NOT NULL, found TEXT NOT NULL, private INTEGER NOT NULL);"
	"CREATE TABLE IF NOT EXISTS store_info (module TEXT NOT NULL, version TEXT NOT NULL, private INTEGER NOT NULL, body BLOB NOT NULL,"
	" PRIMARY KEY (module, version, private)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS store_file (module TEXT NOT NULL, version TEXT NOT NULL, kind INTEGER NOT NULL, bytes INTEGER NOT NULL,"
	" digest BLOB NOT NULL, h1 TEXT NOT NULL, private INTEGER NOT NULL, PRIMARY KEY (module, version, kind)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS store_answer (module TEXT NOT NULL, query TEXT NOT NULL, fetched_us INTEGER NOT NULL, private INTEGER NOT NULL,"
	" body BLOB NOT NULL, PRIMARY KEY (module, query)) WITHOUT ROWID;";

enum statement {
	PIN_GET,
	PIN_PUT,
	PIN_REPORT,
	UNTOLD_PUT,
	UNTOLD_EACH,
	UNTOLD_DROP,
	PIN_EACH,
	INFO_KEEP,
	INFO_GET,
	FILE_GET,
	FILE_PUT,
	VERSIONS,
	ANSWER_GET,
	ANSWER_PUT,
	STATEMENTS
};
static const char *const statements[] = {
	[PIN_GET] = "SELECT origin, h1, mod_h1, proof, private, first_seen_us, mod_proof FROM store_pin WHERE module = ? AND version = ?",
	[PIN_PUT] = "INSERT OR REPLACE INTO store_pin (module, version, origin, h1, mod_h1, proof, private, first_seen_us, mod_proof) VALUES (?, ?, "
		    "?, ?, ?, ?, ?, ?, ?)",
	[PIN_REPORT] =
		"INSERT INTO store_move (module, version, fact, number, found, moved_us) SELECT ?1, ?2, ?3, 1 + coalesce((SELECT max(number) FROM "
		"store_move WHERE module = ?1 AND version = ?2 AND fact = ?3), 0), ?5, ?6 WHERE ?5 <> coalesce((SELECT found FROM store_move "
		"WHERE module = ?1 AND version = ?2 AND fact = ?3 ORDER BY number DESC LIMIT 1), ?4)",
	[UNTOLD_PUT] = "INSERT INTO store_untold (module, version, fact, pinned, found, private) VALUES (?, ?, ?, ?, ?, ?)",
	[UNTOLD_EACH] = "SELECT number, module, version, fact, pinned, found, private FROM store_untold ORDER BY number",
	[UNTOLD_DROP] = "DELETE FROM store_untold WHERE number <= ?",
	[PIN_EACH] = "SELECT origin, h1, mod_h1, proof, private, first_seen_us, mod_proof, version, coalesce((SELECT found FROM store_move m WHERE "
		     "m.module = p.module AND m.version = p.version AND m.fact = 0 ORDER BY number DESC LIMIT 1), origin) FROM store_pin p WHERE "
		     "module = ? AND version > ? ORDER BY version",
	[INFO_KEEP] = "INSERT OR IGNORE INTO store_info (module, version, private, body) VALUES (?, ?, ?, ?)",
	[INFO_GET] = "SELECT body FROM store_info WHERE module = ? AND version = ? AND private = ?",
	[FILE_GET] = "SELECT bytes, digest, h1, private FROM store_file WHERE module = ? AND version = ? AND kind = ?",
	[FILE_PUT] = "INSERT OR REPLACE INTO store_file (module, version, kind, bytes, digest, h1, private) VALUES (?, ?, ?, ?, ?, ?, ?)",
	[VERSIONS] = "SELECT version FROM store_file WHERE module = ? AND kind IN (0, 1) GROUP BY version HAVING count(*) = 2",
	[ANSWER_GET] = "SELECT fetched_us, private, body FROM store_answer WHERE module = ? AND query = ?",
	[ANSWER_PUT] = "INSERT OR REPLACE INTO store_answer (module, query, fetched_us, private, body) VALUES (?, ?, ?, ?, ?)",
};
_Static_assert(sizeof(statements) / sizeof(statements[0]) == STATEMENTS, "a text for every statement");
_Static_assert(STORE_INFO == 0 && STORE_MOD == 1, "the numbers that VERSIONS names");
_Static_assert(STORE_FACT_COMMIT == 0, "the number that PIN_EACH names");

struct sqlite_catalogue {
	struct store_catalogue catalogue;
	struct db *db;
	struct db_stmt *stmts[STATEMENTS];
};

/* The statement, with the connection locked; ended by done(). */
static struct db_stmt *use(struct store_catalogue *catalogue, enum statement statement)
{
	struct sqlite_catalogue *self = (struct sqlite_catalogue *)catalogue;
	db_lock(self->db);
	return self->stmts[statement];
}

static int done(struct store_catalogue *catalogue, struct db_stmt *stmt, int code)
{
	db_reset(stmt);
	db_unlock(((struct sqlite_catalogue *)catalogue)->db);
	return code;
}

static void bind_version(struct db_stmt *stmt, struct slice module, struct slice version)
{
	db_bind_text(stmt, 1, module);
	db_bind_text(stmt, 2, version);
}

/* One row is wanted: 0, STORE_ERR_ABSENT or STORE_ERR. */
static int step_one(struct db_stmt *stmt, struct err *err)
{
	int step = db_step(stmt, err);
	if (step == DB_ROW)
		return 0;
	return step == DB_DONE ? err_set(err, STORE_ERR_ABSENT, "not in the catalogue") : err_prepend(err, STORE_ERR, "the catalogue cannot be read");
}

static int run_write(struct db_stmt *stmt, struct err *err)
{
	return db_run(stmt, err) == 0 ? 0 : err_prepend(err, STORE_ERR, "the catalogue cannot be written");
}

static void column_text(struct db_stmt *stmt, int column, char *out, size_t room)
{
	struct slice text = db_column_text(stmt, column);
	size_t length = text.len < room - 1 ? text.len : room - 1;
	memcpy(out, text.ptr != NULL ? text.ptr : "", length);
	out[length] = '\0';
}

void catalogue_column_pin(struct db_stmt *stmt, struct store_pin *pin)
{
	column_text(stmt, 0, pin->commit, sizeof(pin->commit));
	column_text(stmt, 1, pin->h1, sizeof(pin->h1));
	column_text(stmt, 2, pin->mod_h1, sizeof(pin->mod_h1));
	pin->proof = (enum store_proof)db_column_int(stmt, 3);
	pin->is_private = db_column_int(stmt, 4) != 0;
	pin->first_seen_us = db_column_int(stmt, 5);
	pin->mod_proof = (enum store_proof)db_column_int(stmt, 6);
}

static int pin_get(struct store_catalogue *catalogue, struct slice module, struct slice version, struct store_pin *pin_out, struct err *err)
{
	struct db_stmt *stmt = use(catalogue, PIN_GET);
	bind_version(stmt, module, version);
	int code = step_one(stmt, err);
	if (code == 0)
		catalogue_column_pin(stmt, pin_out);
	return done(catalogue, stmt, code);
}

static int pin_put(struct store_catalogue *catalogue, struct slice module, struct slice version, const struct store_pin *pin, struct err *err)
{
	struct db_stmt *stmt = use(catalogue, PIN_PUT);
	bind_version(stmt, module, version);
	db_bind_text(stmt, 3, slice_of(pin->commit));
	db_bind_text(stmt, 4, slice_of(pin->h1));
	db_bind_text(stmt, 5, slice_of(pin->mod_h1));
	db_bind_int(stmt, 6, pin->proof);
	db_bind_int(stmt, 7, pin->is_private);
	db_bind_int(stmt, 8, pin->first_seen_us);
	db_bind_int(stmt, 9, pin->mod_proof);
	return done(catalogue, stmt, run_write(stmt, err));
}

/* Empty text is a value here, and SLICE_NONE would be NULL. */
static struct slice not_null(struct slice text)
{
	return text.ptr != NULL ? text : SLICE("");
}

static int put_move(struct sqlite_catalogue *self, enum statement statement, struct slice module, struct slice version, const struct store_move *move,
	int64_t sixth, struct err *err)
{
	struct db_stmt *stmt = self->stmts[statement];
	bind_version(stmt, module, version);
	db_bind_int(stmt, 3, move->fact);
	db_bind_text(stmt, 4, not_null(move->pinned));
	db_bind_text(stmt, 5, not_null(move->found));
	db_bind_int(stmt, 6, sixth);
	return run_write(stmt, err);
}

/* That it moved, and that it is to be told: both or neither. */
static int pin_report(
	struct store_catalogue *catalogue, struct slice module, struct slice version, const struct store_move *move, int64_t now_us, struct err *err)
{
	struct sqlite_catalogue *self = (struct sqlite_catalogue *)catalogue;
	db_lock(self->db);
	int code = db_begin(self->db, err);
	if (code == 0)
		code = put_move(self, PIN_REPORT, module, version, move, now_us, err);
	if (code == 0 && db_changes(self->db) == 0)
		code = 1;
	if (code == 0)
		code = put_move(self, UNTOLD_PUT, module, version, move, move->is_private, err);
	if (code == 0)
		code = db_commit(self->db, err);
	if (code != 0)
		db_rollback(self->db);
	db_unlock(self->db);
	return code >= 0 ? code : STORE_ERR;
}

static int untold_each(struct store_catalogue *catalogue, int (*each)(void *ctx, const struct store_untold *untold), void *ctx, struct err *err)
{
	struct db_stmt *stmt = use(catalogue, UNTOLD_EACH);
	int step, code = 0;
	while (code == 0 && (step = db_step(stmt, err)) != DB_DONE) {
		if (step < 0)
			return done(catalogue, stmt, err_prepend(err, STORE_ERR, "the catalogue cannot be read"));
		struct store_untold untold = {
			.number = db_column_int(stmt, 0),
			.module = db_column_text(stmt, 1),
			.version = db_column_text(stmt, 2),
			.move = { .fact = (enum store_fact)db_column_int(stmt, 3),
				.pinned = db_column_text(stmt, 4),
				.found = db_column_text(stmt, 5),
				.is_private = db_column_int(stmt, 6) != 0 },
		};
		code = each(ctx, &untold);
	}
	return done(catalogue, stmt, 0);
}

static int told(struct store_catalogue *catalogue, int64_t number, struct err *err)
{
	struct db_stmt *stmt = use(catalogue, UNTOLD_DROP);
	db_bind_int(stmt, 1, number);
	return done(catalogue, stmt, run_write(stmt, err));
}

static int pin_each(struct store_catalogue *catalogue, struct slice module, struct slice after,
	int (*each)(void *ctx, struct slice version, const struct store_pin *pin, struct slice found), void *ctx, struct err *err)
{
	struct db_stmt *stmt = use(catalogue, PIN_EACH);
	int step, code = 0;
	bind_version(stmt, module, not_null(after));
	while (code == 0 && (step = db_step(stmt, err)) != DB_DONE) {
		struct store_pin pin;
		if (step < 0)
			return done(catalogue, stmt, err_prepend(err, STORE_ERR, "the catalogue cannot be read"));
		catalogue_column_pin(stmt, &pin);
		code = each(ctx, db_column_text(stmt, 7), &pin, db_column_text(stmt, 8));
	}
	return done(catalogue, stmt, 0);
}

static void bind_info(struct db_stmt *stmt, struct slice module, struct slice version, bool is_private)
{
	bind_version(stmt, module, version);
	db_bind_int(stmt, 3, is_private);
}

static int info_keep(struct store_catalogue *catalogue, struct slice module, struct slice version, bool is_private, struct slice body,
	struct buf *kept, struct err *err)
{
	struct db_stmt *stmt = use(catalogue, INFO_GET);
	bind_info(stmt, module, version, is_private);
	int code = step_one(stmt, err);
	buf_add_slice(kept, code == 0 ? db_column_blob(stmt, 0) : body);
	done(catalogue, stmt, code);
	if (code != STORE_ERR_ABSENT)
		return code;
	stmt = use(catalogue, INFO_KEEP);
	bind_info(stmt, module, version, is_private);
	db_bind_blob(stmt, 4, body);
	return done(catalogue, stmt, run_write(stmt, err));
}

static int file_get(struct store_catalogue *catalogue, enum store_kind kind, struct slice module, struct slice version, struct store_row *row_out,
	struct err *err)
{
	struct db_stmt *stmt = use(catalogue, FILE_GET);
	bind_version(stmt, module, version);
	db_bind_int(stmt, 3, kind);
	int code = step_one(stmt, err);
	struct slice digest = code == 0 ? db_column_blob(stmt, 1) : SLICE_NONE;
	if (code == 0 && digest.len != SHA256_BYTES)
		code = err_set(err, STORE_ERR, "the catalogue's row for %.*s@%.*s is damaged; restore modgate.db from a backup", SLICE_ARG(module),
			SLICE_ARG(version));
	if (code == 0) {
		row_out->bytes = db_column_int(stmt, 0);
		memcpy(row_out->digest, digest.ptr, SHA256_BYTES);
		column_text(stmt, 2, row_out->h1, sizeof(row_out->h1));
		row_out->is_private = db_column_int(stmt, 3) != 0;
	}
	return done(catalogue, stmt, code);
}

static int file_put(struct store_catalogue *catalogue, enum store_kind kind, struct slice module, struct slice version, const struct store_row *row,
	struct err *err)
{
	struct db_stmt *stmt = use(catalogue, FILE_PUT);
	bind_version(stmt, module, version);
	db_bind_int(stmt, 3, kind);
	db_bind_int(stmt, 4, row->bytes);
	db_bind_blob(stmt, 5, slice_make(row->digest, SHA256_BYTES));
	db_bind_text(stmt, 6, slice_of(row->h1));
	db_bind_int(stmt, 7, row->is_private);
	return done(catalogue, stmt, run_write(stmt, err));
}

static int versions(struct store_catalogue *catalogue, struct slice module, struct buf *out, struct err *err)
{
	struct db_stmt *stmt = use(catalogue, VERSIONS);
	int step;
	db_bind_text(stmt, 1, module);
	while ((step = db_step(stmt, err)) == DB_ROW) {
		buf_add_slice(out, db_column_text(stmt, 0));
		buf_add_char(out, '\n');
	}
	return done(catalogue, stmt, step == DB_DONE ? 0 : err_prepend(err, STORE_ERR, "the catalogue cannot be read"));
}

static int answer_get(struct store_catalogue *catalogue, struct slice module, struct slice query, int64_t *fetched_us_out, bool *private_out,
	struct buf *body, struct err *err)
{
	struct db_stmt *stmt = use(catalogue, ANSWER_GET);
	bind_version(stmt, module, query);
	int code = step_one(stmt, err);
	if (code == 0) {
		*fetched_us_out = db_column_int(stmt, 0);
		*private_out = db_column_int(stmt, 1) != 0;
		buf_add_slice(body, db_column_blob(stmt, 2));
	}
	return done(catalogue, stmt, code);
}

static int answer_put(struct store_catalogue *catalogue, struct slice module, struct slice query, int64_t fetched_us, bool is_private,
	struct slice body, struct err *err)
{
	struct db_stmt *stmt = use(catalogue, ANSWER_PUT);
	bind_version(stmt, module, query);
	db_bind_int(stmt, 3, fetched_us);
	db_bind_int(stmt, 4, is_private);
	/* An empty list is an answer too, and SLICE_NONE would be NULL. */
	db_bind_blob(stmt, 5, body.ptr != NULL ? body : SLICE(""));
	return done(catalogue, stmt, run_write(stmt, err));
}

/* Really written, not rolled back: a full disk shows only when bytes must go somewhere. */
static int check(struct store_catalogue *catalogue, struct err *err)
{
	struct sqlite_catalogue *self = (struct sqlite_catalogue *)catalogue;
	db_lock(self->db);
	int code = db_exec(
		self->db, "INSERT OR REPLACE INTO store_move (module, version, fact, number, found, moved_us) VALUES ('', '', 0, 0, '', 0)", err);
	db_unlock(self->db);
	return code == 0 ? 0 : err_prepend(err, STORE_ERR, "the catalogue cannot be written");
}

static void catalogue_close(struct store_catalogue *catalogue)
{
	struct sqlite_catalogue *self = (struct sqlite_catalogue *)catalogue;
	for (size_t i = 0; i < STATEMENTS; i++)
		db_finalize(&self->stmts[i]);
	free(self);
}

static const struct store_catalogue_calls calls = {
	.pin_get = pin_get,
	.pin_put = pin_put,
	.pin_report = pin_report,
	.untold_each = untold_each,
	.told = told,
	.pin_each = pin_each,
	.info_keep = info_keep,
	.file_get = file_get,
	.file_put = file_put,
	.versions = versions,
	.answer_get = answer_get,
	.answer_put = answer_put,
	.check = check,
	.close = catalogue_close,
};

int catalogue_sqlite_open(struct db *db, struct store_catalogue **catalogue_out, struct err *err)
{
	struct sqlite_catalogue *self = calloc(1, sizeof(*self));
	if (self == NULL)
		return store_no_memory(err, "open", SLICE("the catalogue"));
	self->catalogue.calls = &calls;
	self->db = db;
	db_lock(db);
	int code = db_exec(db, schema, err);
	for (size_t i = 0; code == 0 && i < STATEMENTS; i++)
		code = db_prepare(db, statements[i], &self->stmts[i], err);
	db_unlock(db);
	if (code != 0) {
		catalogue_close(&self->catalogue);
		return err_prepend(err, STORE_ERR, "the catalogue cannot be opened");
	}
	*catalogue_out = &self->catalogue;
	return 0;
}
