/* Pins as they lie in a database that somebody else may be writing: for whoever asks about them without opening the store. */
#include <stdio.h>

#include "store/store_private.h"

/* Ordered, so that a module's versions stand together; what was found instead comes behind its version. */
static const char query[] =
	"SELECT p.origin, p.h1, p.mod_h1, p.proof, p.private, p.first_seen_us, p.mod_proof, p.version, p.module, m.moved_us, m.fact, m.found"
	" FROM store_pin p LEFT JOIN store_move m ON m.module = p.module AND m.version = p.version"
	" WHERE (?1 IS NULL OR p.module = ?1 OR (?3 AND substr(p.module, 1, length(?1) + 1) = ?1 || '/')) AND (?2 IS NULL OR p.version = ?2)"
	" ORDER BY p.module, p.version, m.moved_us, m.fact, m.number";

/* A database that no store has opened yet holds tokens alone. */
static int has_pins(struct db *db, bool *has_out, struct err *err)
{
	struct db_stmt *stmt = NULL;
	int code = db_prepare(db, "SELECT count(*) FROM sqlite_master WHERE name IN ('store_pin', 'store_move')", &stmt, err);
	if (code == 0 && db_step(stmt, err) != DB_ROW)
		code = STORE_ERR;
	if (code == 0)
		*has_out = db_column_int(stmt, 0) == 2;
	db_finalize(&stmt);
	return code;
}

static int each_row(struct db_stmt *stmt, int (*each)(void *ctx, const struct store_pinned *pinned, struct err *err), void *ctx, struct err *err)
{
	int step, code = 0;
	while (code == 0 && (step = db_step(stmt, err)) != DB_DONE) {
		struct store_pinned pinned = { .module = SLICE_NONE };
		if (step != DB_ROW)
			return STORE_ERR;
		catalogue_column_pin(stmt, &pinned.pin);
		pinned.version = db_column_text(stmt, 7);
		pinned.module = db_column_text(stmt, 8);
		pinned.moved_us = db_column_int(stmt, 9);
		pinned.fact = (enum store_fact)db_column_int(stmt, 10);
		pinned.found = db_column_text(stmt, 11);
		code = each(ctx, &pinned, err);
	}
	return code;
}

int store_pins_read(struct db *db, struct slice module, bool below, struct slice version,
	int (*each)(void *ctx, const struct store_pinned *pinned, struct err *err), void *ctx, struct err *err)
{
	struct db_stmt *stmt = NULL;
	bool has = false;
	db_lock(db);
	int code = has_pins(db, &has, err);
	if (code != 0 || !has)
		goto out;
	code = db_prepare(db, query, &stmt, err);
	if (code != 0)
		goto out;
	db_bind_text(stmt, 1, module);
	db_bind_text(stmt, 2, version);
	db_bind_int(stmt, 3, below);
	code = each_row(stmt, each, ctx, err);
out:
	db_finalize(&stmt);
	db_unlock(db);
	return code < 0 && code != STORE_ERR_ABSENT ? STORE_ERR : code;
}
