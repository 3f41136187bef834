/* SQLite: opening, statements, one error shape. */
#include "base/db.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

#define BUSY_TIMEOUT_MS 5000
#define CACHE_KIB       2048
#define URI_BYTES_MAX   16384

struct db {
	sqlite3 *sqlite;
	char *path; /* for messages */
	pthread_mutex_t lock;
	struct db_stmt *begin; /* these two from their first use on */
	struct db_stmt *commit;
};

struct db_stmt {
	struct db *db;
	sqlite3_stmt *stmt;
	int bind_result; /* of the first bind that failed since the last reset */
};

static int code_of(int result)
{
	switch (result & 0xff) {
	case SQLITE_BUSY:
		return BASE_ERR_BUSY;
	case SQLITE_IOERR:
	case SQLITE_FULL:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_PROTOCOL:
	case SQLITE_NOMEM:
		return DB_ERR_IO;
	default:
		return BASE_ERR;
	}
}

static int fail(struct db *db, int result, struct err *err)
{
	const char *reason = db->sqlite == NULL ? sqlite3_errstr(result) : sqlite3_errmsg(db->sqlite);

	return err_set(err, code_of(result), "%s: %s (SQLite %d)", db->path, reason, result);
}

/* Made here, not by SQLite, whose mode for new files depends on the umask. Its -wal and -shm take the mode of this one. */
static int make_file(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int code = 0;

	if (fd < 0 && errno == EEXIST)
		return 0;
	if (fd < 0)
		return err_set(err, BASE_ERR, "cannot make %s: %s", path, strerror(errno));
	if (fchmod(fd, 0600) != 0)
		code = err_set(err, BASE_ERR, "cannot set the mode of %s: %s", path, strerror(errno));
	close(fd);
	return code;
}

static bool directory_writable(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *directory = slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
	bool writable = directory == NULL || faccessat(AT_FDCWD, directory, W_OK, AT_EACCESS) == 0;

	free(directory);
	return writable;
}

/*
 * Reading a WAL database needs its -shm, which cannot be made in a directory that we may not write. Such a file (a copy, a read-only
 * mount) is opened as one that nobody changes; but never beside a -wal, whose rows would be missed without a word.
 */
static bool is_immutable_copy(const char *path)
{
	struct stat st;
	char *wal;
	bool absent;

	if (asprintf(&wal, "%s-wal", path) < 0)
		return false;
	absent = stat(wal, &st) != 0 && errno == ENOENT;
	free(wal);
	return absent && !directory_writable(path);
}

static void add_uri(struct buf *uri, const char *path)
{
	buf_add_text(uri, path[0] == '/' ? "file://" : "file:");
	for (const char *at = path; *at != '\0'; at++) {
		if (strchr("?#%", *at) != NULL)
			buf_printf(uri, "%%%02x", (unsigned)(unsigned char)*at);
		else
			buf_add_char(uri, *at);
	}
}

static int open_file(struct db *db, const struct db_options *options, struct err *err)
{
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI | SQLITE_OPEN_EXRESCODE;
	struct buf uri = BUF_INIT(URI_BYTES_MAX);
	int result = SQLITE_NOMEM;

	flags |= options->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
	add_uri(&uri, options->path);
	if (options->read_only && is_immutable_copy(options->path))
		buf_add_text(&uri, "?immutable=1");
	if (!buf_failed(&uri))
		result = sqlite3_open_v2(buf_text(&uri), &db->sqlite, flags, NULL);
	buf_free(&uri);
	return result == SQLITE_OK ? 0 : fail(db, result, err);
}

static int column_of_pragma(struct db *db, const char *sql, char *word_out, size_t size, struct err *err)
{
	struct db_stmt *stmt = NULL;
	int code = db_prepare(db, sql, &stmt, err);

	if (code == 0)
		code = db_step(stmt, err);
	if (code >= 0) {
		struct slice word = db_column_text(stmt, 0);

		snprintf(word_out, size, "%.*s", SLICE_ARG(word));
		code = 0;
	}
	db_finalize(&stmt);
	return code;
}

static int enter_wal(struct db *db, struct err *err)
{
	char mode[16];
	int code = column_of_pragma(db, "PRAGMA journal_mode=WAL", mode, sizeof(mode), err);

	if (code == 0 && strcmp(mode, "wal") != 0)
		code = err_set(err, BASE_ERR, "%s: the file system does not allow a write-ahead log (journal mode %s)", db->path, mode);
	return code;
}

static int configure(struct db *db, const struct db_options *options, struct err *err)
{
	char sql[256];
	int code;

	sqlite3_busy_timeout(db->sqlite, options->busy_timeout_ms > 0 ? options->busy_timeout_ms : BUSY_TIMEOUT_MS);
	sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	snprintf(sql, sizeof(sql),
		"PRAGMA trusted_schema=OFF; PRAGMA foreign_keys=OFF; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-%lld; PRAGMA synchronous=%s",
		(long long)(options->cache_kib > 0 ? options->cache_kib : CACHE_KIB), options->durable ? "FULL" : "NORMAL");
	code = db_exec(db, sql, err);
	if (code == 0 && !options->read_only)
		code = enter_wal(db, err);
	return code;
}

static void lock_init(struct db *db)
{
	pthread_mutexattr_t recursive;

	pthread_mutexattr_init(&recursive);
	pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&db->lock, &recursive);
	pthread_mutexattr_destroy(&recursive);
}

int db_open(const struct db_options *options, struct db **db_out, struct err *err)
{
	struct db *db;
	int code = 0;

	if (options->read_only && access(options->path, F_OK) != 0 && errno == ENOENT)
		return err_set(err, BASE_ERR_ABSENT, "%s does not exist", options->path);
	if (!options->read_only)
		code = make_file(options->path, err);
	if (code < 0)
		return code;
	db = calloc(1, sizeof(*db));
	if (db != NULL) {
		lock_init(db);
		db->path = strdup(options->path);
	}
	if (db == NULL || db->path == NULL)
		code = err_set(err, DB_ERR_IO, "cannot open %s: out of memory", options->path);
	if (code == 0)
		code = open_file(db, options, err);
	if (code == 0)
		code = configure(db, options, err);
	if (code < 0)
		db_close(&db);
	else
		*db_out = db;
	return code;
}

void db_close(struct db **db)
{
	if (*db == NULL)
		return;
	db_finalize(&(*db)->begin);
	db_finalize(&(*db)->commit);
	ASSERT(sqlite3_close((*db)->sqlite) == SQLITE_OK);
	pthread_mutex_destroy(&(*db)->lock);
	free((*db)->path);
	free(*db);
	*db = NULL;
}

void db_lock(struct db *db)
{
	ASSERT(pthread_mutex_lock(&db->lock) == 0);
}

void db_unlock(struct db *db)
{
	ASSERT(pthread_mutex_unlock(&db->lock) == 0);
}

int db_exec(struct db *db, const char *sql, struct err *err)
{
	int result = sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL);

	return result == SQLITE_OK ? 0 : fail(db, result, err);
}

/* Prepared once: the audit log does it some thousand times a second. */
static int run_kept(struct db *db, struct db_stmt **stmt, const char *sql, struct err *err)
{
	int code = *stmt == NULL ? db_prepare(db, sql, stmt, err) : 0;

	return code == 0 ? db_run(*stmt, err) : code;
}

/* Immediate: a transaction that begins by reading may find, when it first writes, that it can no longer. */
int db_begin(struct db *db, struct err *err)
{
	return run_kept(db, &db->begin, "BEGIN IMMEDIATE", err);
}

int db_commit(struct db *db, struct err *err)
{
	return run_kept(db, &db->commit, "COMMIT", err);
}

void db_rollback(struct db *db)
{
	if (sqlite3_get_autocommit(db->sqlite) == 0)
		db_exec(db, "ROLLBACK", NULL);
}

int db_prepare(struct db *db, const char *sql, struct db_stmt **stmt_out, struct err *err)
{
	struct db_stmt *stmt = calloc(1, sizeof(*stmt));
	const char *tail = NULL;
	int result;

	if (stmt == NULL)
		return err_set(err, DB_ERR_IO, "%s: out of memory", db->path);
	stmt->db = db;
	result = sqlite3_prepare_v3(db->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt->stmt, &tail);
	if (result != SQLITE_OK) {
		free(stmt);
		return fail(db, result, err);
	}
	ASSERT(stmt->stmt != NULL && tail[strspn(tail, " \t\n;")] == '\0');
	*stmt_out = stmt;
	return 0;
}

void db_finalize(struct db_stmt **stmt)
{
	if (*stmt == NULL)
		return;
	sqlite3_finalize((*stmt)->stmt);
	free(*stmt);
	*stmt = NULL;
}

static void stick(struct db_stmt *stmt, int result)
{
	if (stmt->bind_result == SQLITE_OK)
		stmt->bind_result = result;
}

void db_bind_text(struct db_stmt *stmt, int index, struct slice text)
{
	stick(stmt, sqlite3_bind_text64(stmt->stmt, index, text.ptr, text.len, SQLITE_STATIC, SQLITE_UTF8));
}

void db_bind_blob(struct db_stmt *stmt, int index, struct slice bytes)
{
	stick(stmt, sqlite3_bind_blob64(stmt->stmt, index, bytes.ptr, bytes.len, SQLITE_STATIC));
}

void db_bind_int(struct db_stmt *stmt, int index, int64_t number)
{
	stick(stmt, sqlite3_bind_int64(stmt->stmt, index, number));
}

int db_step(struct db_stmt *stmt, struct err *err)
{
	int result;

	if (stmt->bind_result != SQLITE_OK)
		return err_set(err, BASE_ERR, "%s: cannot bind a parameter: %s", stmt->db->path, sqlite3_errstr(stmt->bind_result));
	result = sqlite3_step(stmt->stmt);
	if (result == SQLITE_ROW)
		return DB_ROW;
	return result == SQLITE_DONE ? DB_DONE : fail(stmt->db, result, err);
}

/* Bindings are cleared too: they point to bytes that their owner may now free. */
void db_reset(struct db_stmt *stmt)
{
	sqlite3_reset(stmt->stmt);
	sqlite3_clear_bindings(stmt->stmt);
	stmt->bind_result = SQLITE_OK;
}

int db_run(struct db_stmt *stmt, struct err *err)
{
	int code = db_step(stmt, err);

	if (code == DB_ROW)
		code = err_set(err, BASE_ERR, "%s: a statement that should change something gave a row", stmt->db->path);
	db_reset(stmt);
	return code;
}

struct slice db_column_text(struct db_stmt *stmt, int column)
{
	const void *text = sqlite3_column_text(stmt->stmt, column);

	return slice_make(text, text == NULL ? 0 : (size_t)sqlite3_column_bytes(stmt->stmt, column));
}

struct slice db_column_blob(struct db_stmt *stmt, int column)
{
	const void *bytes = sqlite3_column_blob(stmt->stmt, column);

	return slice_make(bytes, bytes == NULL ? 0 : (size_t)sqlite3_column_bytes(stmt->stmt, column));
}

int64_t db_column_int(struct db_stmt *stmt, int column)
{
	return sqlite3_column_int64(stmt->stmt, column);
}

int64_t db_changes(struct db *db)
{
	return sqlite3_changes64(db->sqlite);
}
