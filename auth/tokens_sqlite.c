/* Tokens at rest: the table auth_tokens. Secrets are there as SHA-256 only. */
#include "auth/tokens.h"

#include <stdlib.h>
#include <string.h>

#include "auth/auth_private.h"
#include "base/json.h"

#define LIST_BYTES_MAX (AUTH_GROUPS_MAX * (AUTH_GROUP_MAX + 4) * 6)
#define ROW_BYTES_MAX  (2 * AUTH_GROUPS_MAX * (AUTH_GROUP_MAX + 16))
#define TIME_MAX_S     253402300799 /* the end of year 9999 */

/* groups: NULL when they come from the directory, else a JSON array, as modules. */
static const char schema[] =
	"CREATE TABLE IF NOT EXISTS auth_tokens ("
	"id TEXT NOT NULL PRIMARY KEY, hash BLOB NOT NULL, user TEXT NOT NULL, scope TEXT NOT NULL, groups TEXT, modules TEXT NOT NULL, "
	"created_s INTEGER NOT NULL, expires_s INTEGER NOT NULL, revoked_s INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID";

static const char sql_each[] = "SELECT id, hash, user, scope, groups, modules, created_s, expires_s, revoked_s FROM auth_tokens";
static const char sql_insert[] =
	"INSERT INTO auth_tokens (id, hash, user, scope, groups, modules, created_s, expires_s) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
static const char sql_revoke[] = "UPDATE auth_tokens SET revoked_s = ?2 WHERE id = ?1 AND revoked_s = 0";
static const char sql_remove_ended[] = "DELETE FROM auth_tokens WHERE expires_s <= ?1 OR (revoked_s != 0 AND revoked_s <= ?1)";

struct sqlite_store {
	struct auth_token_store store;
	struct db *db;
};

static struct sqlite_store *sqlite_of(struct auth_token_store *store)
{
	return (struct sqlite_store *)store;
}

static void list_write(const char *const *texts, size_t count, struct buf *out)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_array_begin(&json, NULL);
	for (size_t i = 0; i < count; i++)
		json_write_text(&json, NULL, slice_of(texts[i]));
	json_array_end(&json);
}

static bool list_items(const struct json *array, struct arena *arena, const char *const **texts_out, size_t *count_out)
{
	size_t count = json_count(array);
	const char **texts = arena_alloc(arena, (count + 1) * sizeof(texts[0]));

	if (texts == NULL || json_kind(array) != JSON_KIND_ARRAY || count > AUTH_GROUPS_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		struct slice text;

		if (!json_to_text(json_at(array, i), &text) || (texts[i] = arena_text(arena, text)) == NULL)
			return false;
	}
	*texts_out = texts;
	*count_out = count;
	return true;
}

static bool list_read(struct slice text, struct arena *arena, const char *const **texts_out, size_t *count_out)
{
	struct json *root = NULL;
	bool read = json_parse(text, &root, NULL) == 0 && list_items(root, arena, texts_out, count_out);

	json_close(&root);
	return read;
}

static bool time_ok(int64_t seconds)
{
	return seconds >= 0 && seconds <= TIME_MAX_S;
}

/* Closed by default: a row that says something we do not understand is an error, not a token with less or more in it. */
static int row_read(struct db_stmt *stmt, struct arena *arena, struct auth_token *token, uint8_t hash[SHA256_BYTES], struct err *err)
{
	struct slice bytes = db_column_blob(stmt, 1);
	struct slice groups = db_column_text(stmt, 4);

	*token = (struct auth_token){ .created_s = db_column_int(stmt, 6), .expires_s = db_column_int(stmt, 7), .revoked_s = db_column_int(stmt, 8) };
	token->id = arena_text(arena, db_column_text(stmt, 0));
	token->user = arena_text(arena, db_column_text(stmt, 2));
	token->groups_fixed = groups.len > 0;
	if (token->id == NULL || token->user == NULL)
		return err_set(err, AUTH_ERR, "cannot read the tokens: out of memory");
	if (bytes.len != SHA256_BYTES || !auth_scope_of(db_column_text(stmt, 3), &token->scope) ||
		(token->groups_fixed && !list_read(groups, arena, &token->groups, &token->groups_count)) ||
		!list_read(db_column_text(stmt, 5), arena, &token->modules, &token->modules_count) || !time_ok(token->created_s) ||
		!time_ok(token->expires_s) || !time_ok(token->revoked_s))
		return err_set(err, AUTH_ERR, "the table of tokens is damaged at id %.20s; restore it from a backup", token->id);
	memcpy(hash, bytes.ptr, SHA256_BYTES);
	return 0;
}

static int each_row(struct db_stmt *stmt, struct arena *arena,
	int (*row)(void *ctx, const struct auth_token *token, const uint8_t hash[SHA256_BYTES], struct err *err), void *ctx, struct err *err)
{
	struct auth_token token;
	uint8_t hash[SHA256_BYTES];
	int code;

	while ((code = db_step(stmt, err)) == DB_ROW) {
		arena_reset(arena);
		code = row_read(stmt, arena, &token, hash, err);
		if (code == 0)
			code = row(ctx, &token, hash, err);
		if (code != 0)
			return code;
	}
	return code < 0 ? AUTH_ERR : 0;
}

static int each(struct auth_token_store *store,
	int (*row)(void *ctx, const struct auth_token *token, const uint8_t hash[SHA256_BYTES], struct err *err), void *ctx, struct err *err)
{
	struct db *db = sqlite_of(store)->db;
	struct arena *arena = arena_open(ROW_BYTES_MAX);
	struct db_stmt *stmt = NULL;
	int code;

	if (arena == NULL)
		return err_set(err, AUTH_ERR, "cannot read the tokens: out of memory");
	db_lock(db);
	code = db_prepare(db, sql_each, &stmt, err);
	code = code < 0 ? AUTH_ERR : each_row(stmt, arena, row, ctx, err);
	db_finalize(&stmt);
	db_unlock(db);
	arena_close(&arena);
	return code;
}

static void insert_bind(
	struct db_stmt *stmt, const struct auth_token *token, const uint8_t hash[SHA256_BYTES], const struct buf *groups, const struct buf *modules)
{
	db_bind_text(stmt, 1, slice_of(token->id));
	db_bind_blob(stmt, 2, slice_make(hash, SHA256_BYTES));
	db_bind_text(stmt, 3, slice_of(token->user));
	db_bind_text(stmt, 4, slice_of(auth_scope_word(token->scope)));
	db_bind_text(stmt, 5, token->groups_fixed ? buf_slice(groups) : SLICE_NONE);
	db_bind_text(stmt, 6, buf_slice(modules));
	db_bind_int(stmt, 7, token->created_s);
	db_bind_int(stmt, 8, token->expires_s);
}

static int insert(struct auth_token_store *store, const struct auth_token *token, const uint8_t hash[SHA256_BYTES], struct err *err)
{
	struct db *db = sqlite_of(store)->db;
	struct buf groups = BUF_INIT(LIST_BYTES_MAX);
	struct buf modules = BUF_INIT(LIST_BYTES_MAX);
	struct db_stmt *stmt = NULL;
	int code;

	list_write(token->groups, token->groups_count, &groups);
	list_write(token->modules, token->modules_count, &modules);
	db_lock(db);
	if (buf_failed(&groups) || buf_failed(&modules))
		code = err_set(err, AUTH_ERR, "cannot write the token: out of memory");
	else
		code = db_prepare(db, sql_insert, &stmt, err);
	if (code == 0) {
		insert_bind(stmt, token, hash, &groups, &modules);
		code = db_run(stmt, err);
	}
	db_finalize(&stmt);
	db_unlock(db);
	buf_free(&groups);
	buf_free(&modules);
	return code < 0 ? AUTH_ERR : 0;
}

static int revoke(struct auth_token_store *store, const char *id, int64_t revoked_s, struct err *err)
{
	struct db *db = sqlite_of(store)->db;
	struct db_stmt *stmt = NULL;
	int code;

	db_lock(db);
	code = db_prepare(db, sql_revoke, &stmt, err);
	if (code == 0) {
		db_bind_text(stmt, 1, slice_of(id));
		db_bind_int(stmt, 2, revoked_s);
		code = db_run(stmt, err);
	}
	db_finalize(&stmt);
	db_unlock(db);
	return code < 0 ? AUTH_ERR : 0;
}

static int remove_ended(struct auth_token_store *store, int64_t by_s, struct err *err)
{
	struct db *db = sqlite_of(store)->db;
	struct db_stmt *stmt = NULL;
	int code;

	db_lock(db);
	code = db_prepare(db, sql_remove_ended, &stmt, err);
	if (code == 0) {
		db_bind_int(stmt, 1, by_s);
		code = db_run(stmt, err);
	}
	db_finalize(&stmt);
	db_unlock(db);
	return code < 0 ? AUTH_ERR : 0;
}

static void close_store(struct auth_token_store *store)
{
	free(sqlite_of(store));
}

static const struct auth_token_store_class sqlite_class = {
	.each = each, .insert = insert, .revoke = revoke, .remove_ended = remove_ended, .close = close_store
};

int auth_token_store_sqlite_open(struct db *db, struct auth_token_store **store_out, struct err *err)
{
	struct sqlite_store *sqlite = malloc(sizeof(*sqlite));
	int code;

	if (sqlite == NULL)
		return err_set(err, AUTH_ERR, "cannot make a store of tokens: out of memory");
	*sqlite = (struct sqlite_store){ .store = { .class = &sqlite_class }, .db = db };
	db_lock(db);
	code = db_exec(db, schema, err);
	db_unlock(db);
	if (code < 0) {
		free(sqlite);
		return AUTH_ERR;
	}
	*store_out = &sqlite->store;
	return 0;
}

void auth_token_store_close(struct auth_token_store **store)
{
	if (*store == NULL)
		return;
	(*store)->class->close(*store);
	*store = NULL;
}
