#include "tests/audit/fixture.h"

#include "audit/index_db.h"

static void await_index(struct audit *audit)
{
	struct audit_state now;

	do {
		usleep(5000);
		audit_state(audit, &now);
	} while (now.indexed != now.size || now.index_failing);
}

/* The number that a question to the index gives. */
static int64_t ask(const char *dir, const char *sql)
{
	char path[FIXTURE_PATH_MAX + 16];
	struct db_options options = { .path = path, .read_only = true };
	struct db_stmt *stmt = NULL;
	struct err err = ERR_INIT;
	struct db *db = NULL;
	int64_t number;

	snprintf(path, sizeof(path), "%s/index.db", dir);
	if (db_open(&options, &db, &err) < 0 || db_prepare(db, sql, &stmt, &err) < 0 || db_step(stmt, &err) != DB_ROW)
		fail_msg("%s: %s", sql, err.text);
	number = db_column_int(stmt, 0);
	db_finalize(&stmt);
	db_close(&db);
	return number;
}

static void index_sql(const char *dir, const char *sql)
{
	char path[FIXTURE_PATH_MAX + 16];
	struct db_options options = { .path = path };
	struct db *db = NULL;

	snprintf(path, sizeof(path), "%s/index.db", dir);
	assert_int_equal(db_open(&options, &db, NULL), 0);
	assert_int_equal(db_exec(db, sql, NULL), 0);
	db_close(&db);
}

/* Opens the log, lets the index catch up, closes. */
static void catch_up(const char *dir)
{
	struct audit *audit = fixture_open(dir, 0);

	await_index(audit);
	audit_close(&audit);
}

static void test_follows(void **state)
{
	static const struct {
		const char *sql;
		int64_t want;
	} rows[] = {
		{ "SELECT count(*) FROM event", 3 },
		{ "SELECT max(seq) FROM event", 2 },
		{ "SELECT count(*) FROM event JOIN word ON word.id = user WHERE text = CAST('alice' AS BLOB)", 2 },
		{ "SELECT count(*) FROM event JOIN word ON word.id = module WHERE text = CAST('github.com/evil/lib' AS BLOB) AND verdict = 1", 1 },
		{ "SELECT status FROM event WHERE seq = 1", 403 },
		{ "SELECT kind * 100 + action FROM event WHERE seq = 1", 105 },
		{ "SELECT of FROM event WHERE seq = 2", 0 },
		{ "SELECT bytes FROM event WHERE seq = 2", 77 },
		{ "SELECT user IS NULL FROM event WHERE seq = 2", 1 },
		{ "SELECT max(time) - min(time) BETWEEN 0 AND 60000000 FROM event", 1 },
		{ "SELECT next FROM mark", 3 },
	};
	struct audit_event first = fixture_event("alice", "git.corp.example/api", AUDIT_ALLOW);
	struct audit_event second = fixture_event("alice", "github.com/evil/lib", AUDIT_DENY);
	struct audit_event third = AUDIT_EVENT_INIT(AUDIT_OUTCOME);
	char dir[FIXTURE_PATH_MAX];
	struct audit *audit;
	uint64_t seq;

	(void)state;
	third.of = 0;
	third.bytes = 77;
	fixture_dir(dir);
	audit = fixture_open(dir, 0);
	assert_int_equal(fixture_record(audit, &first, &seq), 0);
	assert_int_equal(fixture_record(audit, &second, &seq), 0);
	assert_int_equal(fixture_record(audit, &third, &seq), 0);
	await_index(audit);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (ask(dir, rows[i].sql) != rows[i].want)
			fail_msg("%s: %lld", rows[i].sql, (long long)ask(dir, rows[i].sql));
	}
	audit_close(&audit);
	fixture_remove(dir);
}

/* Closed behind the log, it goes on where it was; across segments. */
static void test_catches_up(void **state)
{
	char dir[FIXTURE_PATH_MAX];

	(void)state;
	fixture_dir(dir);
	fixture_log(dir, 3, 3000);
	catch_up(dir);
	assert_int_equal(ask(dir, "SELECT count(*) FROM event"), 9000);
	index_sql(dir, "UPDATE event SET status = 999 WHERE seq = 5");
	fixture_log(dir, 1, 500);
	catch_up(dir);
	assert_int_equal(ask(dir, "SELECT count(*) FROM event"), 9500);
	assert_int_equal(ask(dir, "SELECT max(seq) FROM event"), 9499);
	/* What was in is not done again. */
	assert_int_equal(ask(dir, "SELECT status FROM event WHERE seq = 5"), 999);
	fixture_remove(dir);
}

static void overwrite(const char *dir, long offset)
{
	char path[FIXTURE_PATH_MAX + 16];
	FILE *file;

	snprintf(path, sizeof(path), "%s/index.db", dir);
	file = fopen(path, "r+");
	assert_non_null(file);
	assert_int_equal(fseek(file, offset, SEEK_SET), 0);
	for (int i = 0; i < 65536; i++)
		fputc('x', file);
	fclose(file);
}

static void gone(const char *dir)
{
	index_db_remove(dir);
}

static void no_database(const char *dir)
{
	overwrite(dir, 0);
}

static void bad_pages(const char *dir)
{
	overwrite(dir, 4096);
}

static void other_format(const char *dir)
{
	index_sql(dir, "PRAGMA user_version = 7");
}

static void other_log(const char *dir)
{
	index_sql(dir, "UPDATE mark SET origin = zeroblob(32)");
}

static void ahead(const char *dir)
{
	index_sql(dir, "UPDATE mark SET next = 100000");
}

static void test_made_anew(void **state)
{
	static const struct {
		const char *name;
		void (*damage)(const char *dir);
	} rows[] = {
		{ "gone", gone },
		{ "no database any more", no_database },
		{ "pages overwritten", bad_pages },
		{ "of another format", other_format },
		{ "of another log", other_log },
		{ "ahead of the log", ahead },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char dir[FIXTURE_PATH_MAX];

		fixture_dir(dir);
		fixture_log(dir, 1, 1000);
		catch_up(dir);
		index_sql(dir, "UPDATE event SET status = 999");
		rows[i].damage(dir);
		fixture_log(dir, 1, 10);
		catch_up(dir);
		if (ask(dir, "SELECT count(*) FROM event WHERE status = 200") != 1010)
			fail_msg("%s: %lld rows", rows[i].name, (long long)ask(dir, "SELECT count(*) FROM event WHERE status = 200"));
		fixture_remove(dir);
	}
}

/* A damaged index neither clears nor raises anything. */
static void test_never_trusted(void **state)
{
	char dir[FIXTURE_PATH_MAX];

	(void)state;
	fixture_dir(dir);
	fixture_log(dir, 1, 100);
	catch_up(dir);
	no_database(dir);
	fixture_assert_sound(dir, 100);
	fixture_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_follows),
		cmocka_unit_test(test_catches_up),
		cmocka_unit_test(test_made_anew),
		cmocka_unit_test(test_never_trusted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
