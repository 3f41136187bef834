#include "base/db.h"

#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/file.h"
#include "tests/base/rows.h"

#define NOBODY 65534

static struct db *open_db(const char *path)
{
	struct db_options options = { .path = path, .durable = true };
	struct db *db = NULL;
	struct err err = ERR_INIT;

	if (db_open(&options, &db, &err) != 0)
		fail_msg("%s", err.text);
	return db;
}

static void must(int code, const struct err *err)
{
	if (code < 0)
		fail_msg("%s", err->text);
}

static int64_t ask(struct db *db, const char *sql)
{
	struct db_stmt *stmt = NULL;
	struct err err = ERR_INIT;
	int64_t number;

	must(db_prepare(db, sql, &stmt, &err), &err);
	must(db_step(stmt, &err), &err);
	number = db_column_int(stmt, 0);
	db_finalize(&stmt);
	return number;
}

static void make_table(const char *path, int rows)
{
	struct db *db = open_db(path);
	struct err err = ERR_INIT;

	must(db_exec(db, "CREATE TABLE t (n INTEGER)", &err), &err);
	for (int i = 0; i < rows; i++)
		must(db_exec(db, "INSERT INTO t VALUES (1)", &err), &err);
	db_close(&db);
}

static void test_values(void **state)
{
	static const struct {
		const char *name;
		struct slice in;
		bool null;
	} rows[] = {
		{ "plain", BYTES("abc"), false },
		{ "NUL inside", BYTES("a\0c"), false },
		{ "empty", BYTES(""), false },
		{ "NULL", { NULL, 0 }, true },
		{ "quotes", BYTES("'; DROP TABLE t; --"), false },
	};
	struct db *db = open_db(scratch_path(state, "values.db"));
	struct db_stmt *insert = NULL;
	struct db_stmt *select = NULL;
	struct err err = ERR_INIT;

	must(db_exec(db, "CREATE TABLE t (n INTEGER PRIMARY KEY, a TEXT, b BLOB) STRICT", &err), &err);
	must(db_prepare(db, "INSERT INTO t VALUES (?1, ?2, ?3)", &insert, &err), &err);
	must(db_prepare(db, "SELECT n, a, b, a IS NULL FROM t WHERE n = ?1", &select, &err), &err);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		int64_t n = INT64_MAX - (int64_t)i;

		db_bind_int(insert, 1, n);
		db_bind_text(insert, 2, rows[i].in);
		db_bind_blob(insert, 3, rows[i].in);
		CHECK(rows[i].name, db_run(insert, &err) == 0);
		CHECK(rows[i].name, db_changes(db) == 1);
		db_bind_int(select, 1, n);
		CHECK(rows[i].name, db_step(select, &err) == DB_ROW);
		CHECK(rows[i].name, db_column_int(select, 0) == n);
		CHECK(rows[i].name, slice_equal(db_column_text(select, 1), rows[i].in));
		CHECK(rows[i].name, slice_equal(db_column_blob(select, 2), rows[i].in));
		CHECK(rows[i].name, db_column_int(select, 3) == (rows[i].null ? 1 : 0));
		CHECK(rows[i].name, db_step(select, &err) == DB_DONE);
		db_reset(select);
	}
	db_finalize(&insert);
	db_finalize(&select);
	db_finalize(&select);
	db_close(&db);
	db_close(&db);
}

static void test_errors(void **state)
{
	struct db *db = open_db(scratch_path(state, "errors.db"));
	struct db_stmt *stmt = NULL;
	struct err err = ERR_INIT;

	must(db_exec(db, "CREATE TABLE t (n INTEGER PRIMARY KEY)", &err), &err);
	assert_int_equal(db_exec(db, "NONSENSE", &err), BASE_ERR);
	assert_non_null(strstr(err.text, "errors.db"));
	assert_int_equal(db_prepare(db, "SELECT nothing FROM t", &stmt, &err), BASE_ERR);
	assert_null(stmt);
	/* Double quotes name a column, never a text. */
	assert_int_equal(db_prepare(db, "SELECT \"nothing\" FROM t", &stmt, &err), BASE_ERR);
	must(db_prepare(db, "INSERT INTO t VALUES (?1)", &stmt, &err), &err);
	db_bind_int(stmt, 2, 1); /* there is no second one */
	db_bind_int(stmt, 1, 1);
	assert_int_equal(db_run(stmt, &err), BASE_ERR);
	assert_int_equal(ask(db, "SELECT count(*) FROM t"), 0);
	db_bind_int(stmt, 1, 1);
	assert_int_equal(db_run(stmt, &err), 0);
	db_bind_int(stmt, 1, 1);
	assert_int_equal(db_run(stmt, &err), BASE_ERR); /* unique */
	/* A reset forgets the parameters. */
	assert_int_equal(db_run(stmt, &err), 0);
	assert_int_equal(ask(db, "SELECT max(n) FROM t"), 2);
	db_finalize(&stmt);
	must(db_prepare(db, "SELECT n FROM t", &stmt, &err), &err);
	assert_int_equal(db_run(stmt, &err), BASE_ERR); /* gave a row */
	db_finalize(&stmt);
	db_close(&db);
}

static void test_transactions(void **state)
{
	const char *path = scratch_path(state, "transactions.db");
	struct db_options impatient = { .path = path, .busy_timeout_ms = 10 };
	struct db *other = NULL;
	struct err err = ERR_INIT;
	struct db *db;

	make_table(path, 0);
	db = open_db(path);
	must(db_open(&impatient, &other, &err), &err);
	must(db_begin(db, &err), &err);
	must(db_exec(db, "INSERT INTO t VALUES (1)", &err), &err);
	assert_int_equal(db_begin(other, &err), BASE_ERR_BUSY);
	assert_int_equal(db_exec(other, "INSERT INTO t VALUES (1)", &err), BASE_ERR_BUSY);
	assert_int_equal(ask(other, "SELECT count(*) FROM t"), 0);
	db_rollback(db);
	db_rollback(db);
	assert_int_equal(ask(db, "SELECT count(*) FROM t"), 0);
	must(db_begin(db, &err), &err);
	must(db_exec(db, "INSERT INTO t VALUES (1)", &err), &err);
	must(db_commit(db, &err), &err);
	assert_int_equal(ask(other, "SELECT count(*) FROM t"), 1);
	assert_int_equal(db_commit(db, &err), BASE_ERR); /* none is open */
	db_close(&other);
	db_close(&db);
}

static void *transact(void *arg)
{
	struct db *db = arg;

	for (int i = 0; i < 50; i++) {
		int code;

		db_lock(db);
		code = db_begin(db, NULL);
		db_lock(db); /* the same thread may take it again */
		if (code == 0)
			code = db_exec(db, "INSERT INTO t VALUES (1)", NULL);
		db_unlock(db);
		if (code == 0)
			code = db_commit(db, NULL);
		db_unlock(db);
		if (code < 0)
			return arg;
	}
	return NULL;
}

/* Without the lock a transaction would begin inside another's. */
static void test_shared(void **state)
{
	struct db *db = open_db(scratch_path(state, "shared.db"));
	struct err err = ERR_INIT;
	pthread_t threads[4];

	must(db_exec(db, "CREATE TABLE t (n INTEGER)", &err), &err);
	for (size_t i = 0; i < LENGTH(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, transact, db), 0);
	for (size_t i = 0; i < LENGTH(threads); i++) {
		void *failed;

		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	assert_int_equal(ask(db, "SELECT count(*) FROM t"), 200);
	db_close(&db);
}

static void test_settings(void **state)
{
	static const struct {
		const char *name;
		bool durable;
		int64_t cache_kib;
		int64_t synchronous;
		int64_t cache;
	} rows[] = {
		{ "durable", true, 0, 2, -2048 },
		{ "normal", false, 100, 1, -100 },
	};
	struct stat st;

	for (size_t i = 0; i < LENGTH(rows); i++) {
		const char *path = scratch_path(state, rows[i].name);
		struct db_options options = { .path = path, .durable = rows[i].durable, .cache_kib = rows[i].cache_kib };
		mode_t before = umask(0);
		struct db *db = NULL;

		CHECK(rows[i].name, db_open(&options, &db, NULL) == 0);
		CHECK(rows[i].name, db_exec(db, "CREATE TABLE t (n INTEGER)", NULL) == 0);
		umask(before);
		CHECK(rows[i].name, ask(db, "PRAGMA synchronous") == rows[i].synchronous);
		CHECK(rows[i].name, ask(db, "PRAGMA cache_size") == rows[i].cache);
		CHECK(rows[i].name, ask(db, "PRAGMA trusted_schema") == 0);
		CHECK(rows[i].name, stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
		CHECK(rows[i].name, stat(strcat(strcpy((char[600]){ 0 }, path), "-wal"), &st) == 0 && (st.st_mode & 0777) == 0600);
		db_close(&db);
	}
}

static void test_odd_names(void **state)
{
	static const char *const names[] = { "a?mode=memory", "a#b", "a%41", "a b", "\xc3\xbc" };

	for (size_t i = 0; i < LENGTH(names); i++) {
		struct stat st;

		make_table(scratch_path(state, names[i]), 1);
		CHECK(names[i], stat(scratch_path(state, names[i]), &st) == 0 && st.st_size > 0);
	}
}

static void test_not_a_database(void **state)
{
	const char *path = scratch_path(state, "text.db");
	struct db_options options = { .path = path };
	struct db *db = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(file_write(path, SLICE("this is no database, but long enough to be looked at as if it were one by SQLite itself........"),
				 0600, NULL),
		0);
	assert_int_equal(db_open(&options, &db, &err), BASE_ERR);
	assert_null(db);
	options.path = scratch_path(state, "nowhere/x.db");
	assert_int_equal(db_open(&options, &db, &err), BASE_ERR);
	options.read_only = true;
	assert_int_equal(db_open(&options, &db, &err), BASE_ERR_ABSENT);
}

/* Counts the rows of t in another process, as another user if we may be one; -1 if they cannot be read. */
static int count_elsewhere(const char *path, bool as_nobody)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		struct db_options options = { .path = path, .read_only = true };
		struct db_stmt *stmt = NULL;
		struct db *db = NULL;

		if (as_nobody && setuid(NOBODY) != 0)
			_exit(254);
		if (db_open(&options, &db, NULL) != 0 || db_prepare(db, "SELECT count(*) FROM t", &stmt, NULL) != 0 || db_step(stmt, NULL) != DB_ROW)
			_exit(255);
		_exit((int)db_column_int(stmt, 0));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status) == 255 ? -1 : WEXITSTATUS(status);
}

static void copy_file(const char *from, const char *to, mode_t mode)
{
	struct buf bytes = BUF_INIT(SIZE_MAX);

	assert_int_equal(file_read(from, &bytes, NULL), 0);
	assert_int_equal(file_write(to, buf_slice(&bytes), mode, NULL), 0);
	buf_free(&bytes);
}

/* A reader beside a live writer sees what is committed, also when it still stands in the -wal alone. */
static void test_read_beside_writer(void **state)
{
	const char *path = scratch_path(state, "live.db");
	struct err err = ERR_INIT;
	struct db *db;

	make_table(path, 3);
	assert_int_equal(count_elsewhere(path, false), 3);
	db = open_db(path);
	must(db_exec(db, "INSERT INTO t VALUES (1)", &err), &err);
	assert_int_equal(count_elsewhere(path, false), 4);
	must(db_begin(db, &err), &err);
	must(db_exec(db, "INSERT INTO t VALUES (1)", &err), &err);
	assert_int_equal(count_elsewhere(path, false), 4);
	must(db_commit(db, &err), &err);
	assert_int_equal(count_elsewhere(path, false), 5);
	db_close(&db);
}

/* A copy in a directory that its reader may not write: readable without a -wal; with one but without -shm, never without its rows. */
static void test_read_copy(void **state)
{
	const char *live = scratch_path(state, "original.db");
	const char *folder = scratch_path(state, "copies");
	struct err err = ERR_INIT;
	char copy[600];
	char wal[700];
	char live_wal[700];
	struct db *db;
	int count;

	snprintf(copy, sizeof(copy), "%s/copy.db", folder);
	snprintf(wal, sizeof(wal), "%s-wal", copy);
	snprintf(live_wal, sizeof(live_wal), "%s-wal", live);
	make_table(live, 3);
	assert_int_equal(chmod(*state, 0755), 0);
	assert_int_equal(file_mkdirs(folder, 0755, &err), 0);
	copy_file(live, copy, 0644);
	assert_int_equal(count_elsewhere(copy, false), 3);
	unlink(wal);
	unlink(strcat(strcpy((char[700]){ 0 }, copy), "-shm"));
	assert_int_equal(chmod(folder, 0555), 0);
	assert_int_equal(count_elsewhere(copy, geteuid() == 0), 3);
	assert_int_equal(chmod(folder, 0755), 0);

	db = open_db(live);
	must(db_exec(db, "INSERT INTO t VALUES (1)", &err), &err);
	copy_file(live, copy, 0644);
	copy_file(live_wal, wal, 0644);
	db_close(&db);
	assert_int_equal(chmod(folder, 0555), 0);
	count = count_elsewhere(copy, geteuid() == 0);
	assert_true(count == -1 || count == 4);
	assert_int_equal(chmod(folder, 0755), 0);
}

static void test_read_only_cannot_write(void **state)
{
	const char *path = scratch_path(state, "reader.db");
	struct db_options options = { .path = path, .read_only = true };
	struct db *db = NULL;
	struct err err = ERR_INIT;

	make_table(path, 1);
	must(db_open(&options, &db, &err), &err);
	assert_int_equal(db_exec(db, "INSERT INTO t VALUES (1)", &err), DB_ERR_IO);
	assert_int_equal(ask(db, "SELECT count(*) FROM t"), 1);
	db_close(&db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_transactions),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_odd_names),
		cmocka_unit_test(test_not_a_database),
		cmocka_unit_test(test_read_beside_writer),
		cmocka_unit_test(test_read_copy),
		cmocka_unit_test(test_read_only_cannot_write),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
