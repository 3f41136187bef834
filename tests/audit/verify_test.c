#include "tests/audit/fixture.h"

#include <fcntl.h>
#include <sys/stat.h>

/* Three segments of 600 rows: kept heads at 256, 512, 768, 1024, 1280, 1536 and at each tip. */
#define SEGMENTS 3
#define ROWS     600
#define ALL      (SEGMENTS * ROWS)

struct shared {
	char original[FIXTURE_PATH_MAX];
	struct audit_head head;
};

static void copy_file(const char *from, const char *to)
{
	char command[3 * FIXTURE_PATH_MAX];

	snprintf(command, sizeof(command), "cp %s %s", from, to);
	assert_int_equal(system(command), 0);
}

static void copy_log(const struct shared *shared, char dir[FIXTURE_PATH_MAX])
{
	char from[FIXTURE_PATH_MAX + 16];

	fixture_dir(dir);
	snprintf(from, sizeof(from), "%s/log-*", shared->original);
	copy_file(from, dir);
}

static int open_shared(void **state)
{
	static struct shared shared;
	struct fixture_findings findings;
	struct audit_verify_result result;

	fixture_dir(shared.original);
	fixture_log(shared.original, SEGMENTS, ROWS);
	assert_int_equal(fixture_verify(shared.original, NULL, &findings, &result), 0);
	assert_int_equal(result.rows, ALL);
	assert_int_equal(result.segments, SEGMENTS);
	assert_int_equal(result.superseded, 0);
	shared.head = result.head;
	*state = &shared;
	return 0;
}

static int close_shared(void **state)
{
	struct shared *shared = *state;

	fixture_remove(shared->original);
	return 0;
}

#define LEAF_HASH "(SELECT hash FROM leaf WHERE seq = "
#define LEAF_LINE "(SELECT line FROM leaf WHERE seq = "

static void test_tampering(void **state)
{
	static const struct {
		const char *name;
		unsigned segment;
		const char *sql;
		enum audit_fault_kind kind;
		uint64_t first;
		uint64_t last;
		const char *file;
	} rows[] = {
		{ "one byte of a line", 1, "UPDATE leaf SET line = replace(line, 'alice', 'malik') WHERE seq = 77", AUDIT_FAULT_EDITED, 77, 77,
			"log-000001.db" },
		{ "its last byte", 2, "UPDATE leaf SET line = CAST(line || ' ' AS BLOB) WHERE seq = 700", AUDIT_FAULT_EDITED, 700, 700,
			"log-000002.db" },
		{ "a line emptied", 2, "UPDATE leaf SET line = x'' WHERE seq = 700", AUDIT_FAULT_EDITED, 700, 700, "log-000002.db" },
		{ "a line that says another sequence", 2, "UPDATE leaf SET line = replace(line, '\"seq\":700', '\"seq\":701') WHERE seq = 700",
			AUDIT_FAULT_EDITED, 700, 700, "log-000002.db" },
		{ "a hash", 3, "UPDATE leaf SET hash = zeroblob(32) WHERE seq = 1300", AUDIT_FAULT_EDITED, 1300, 1300, "log-000003.db" },
		{ "a hash cut short", 3, "UPDATE leaf SET hash = x'00' WHERE seq = 1300", AUDIT_FAULT_EDITED, 1300, 1300, "log-000003.db" },
		{ "the first row of all", 1, "UPDATE leaf SET line = replace(line, 'alice', 'malik') WHERE seq = 0", AUDIT_FAULT_EDITED, 0, 0,
			"log-000001.db" },
		{ "the last row of all", 3, "UPDATE leaf SET line = replace(line, 'alice', 'malik') WHERE seq = 1799", AUDIT_FAULT_EDITED, 1799, 1799,
			"log-000003.db" },
		{ "neighbours are one finding", 1, "UPDATE leaf SET line = replace(line, 'alice', 'malik') WHERE seq BETWEEN 10 AND 12",
			AUDIT_FAULT_EDITED, 10, 12, "log-000001.db" },
		{ "a row deleted", 1, "DELETE FROM leaf WHERE seq = 300", AUDIT_FAULT_MISSING, 300, 300, "log-000001.db" },
		{ "several deleted", 2, "DELETE FROM leaf WHERE seq BETWEEN 700 AND 709", AUDIT_FAULT_MISSING, 700, 709, "log-000002.db" },
		{ "a segment's first rows deleted", 2, "DELETE FROM leaf WHERE seq < 605", AUDIT_FAULT_MISSING, 600, 604, "log-000002.db" },
		{ "a segment's last rows deleted", 2, "DELETE FROM leaf WHERE seq > 1190", AUDIT_FAULT_MISSING, 1191, 1199, "log-000002.db" },
		{ "the tail deleted, its head left", 3, "DELETE FROM leaf WHERE seq > 1789", AUDIT_FAULT_MISSING, 1790, 1799, "log-000003.db" },
		{ "two lines exchanged", 1,
			"CREATE TEMP TABLE t AS SELECT line FROM leaf WHERE seq = 20; UPDATE leaf SET line = " LEAF_LINE "30) WHERE seq = 20;"
			"UPDATE leaf SET line = (SELECT line FROM t) WHERE seq = 30",
			AUDIT_FAULT_EDITED, 20, 20, "log-000001.db" },
		{ "two rows exchanged", 1,
			"UPDATE leaf SET seq = -1 WHERE seq = 20; UPDATE leaf SET seq = 20 WHERE seq = 30; UPDATE leaf SET seq = 30 WHERE seq = -1",
			AUDIT_FAULT_MOVED, 20, 20, "log-000001.db" },
		{ "a row repeated over another", 1, "UPDATE leaf SET line = " LEAF_LINE "40), hash = " LEAF_HASH "40) WHERE seq = 41",
			AUDIT_FAULT_MOVED, 41, 41, "log-000001.db" },
		{ "a row inserted, the others moved on", 3,
			"UPDATE leaf SET seq = -seq WHERE seq >= 1500; UPDATE leaf SET seq = 1 - seq WHERE seq < 0;"
			"INSERT INTO leaf SELECT 1500, line, hash FROM leaf WHERE seq = 1499",
			AUDIT_FAULT_MOVED, 1500, 1799, "log-000003.db" },
		{ "a row added at the end", 3, "INSERT INTO leaf SELECT 1800, line, hash FROM leaf WHERE seq = 1799", AUDIT_FAULT_ADDED, 1800, 1800,
			"log-000003.db" },
		{ "a row of an earlier segment", 2, "INSERT INTO leaf SELECT 5, line, hash FROM leaf WHERE seq = 700", AUDIT_FAULT_ADDED, 5, 5,
			"log-000002.db" },
		{ "a negative sequence", 1, "INSERT INTO leaf SELECT -5, line, hash FROM leaf WHERE seq = 1", AUDIT_FAULT_ADDED, 0, 0,
			"log-000001.db" },
		{ "a kept head", 1, "UPDATE head SET root = zeroblob(32) WHERE size = 512", AUDIT_FAULT_HEAD, 256, 511, "log-000001.db" },
		{ "a kept head removed", 1, "DELETE FROM head WHERE size = 512", AUDIT_FAULT_HEAD, 256, 511, "log-000001.db" },
		{ "the last head", 3, "UPDATE tip SET root = zeroblob(32)", AUDIT_FAULT_HEAD, 1792, 1799, "log-000003.db" },
		{ "the last head counts one row less", 3, "UPDATE tip SET size = 1799", AUDIT_FAULT_HEAD, 1792, 1798, "log-000003.db" },
		{ "the description removed", 2, "DELETE FROM segment", AUDIT_FAULT_SEGMENT, 600, 600, "log-000002.db" },
		{ "the leaves removed", 2, "DROP TABLE leaf", AUDIT_FAULT_UNREADABLE, 600, 1199, "log-000002.db" },
		{ "a segment begins later than it does", 2, "UPDATE segment SET first = 601", AUDIT_FAULT_SEGMENT, 600, 600, "log-000002.db" },
		{ "a second description", 2, "INSERT INTO segment SELECT format, first, edge FROM segment", AUDIT_FAULT_SEGMENT, 600, 600,
			"log-000002.db" },
		{ "a view of the leaves", 3, "ALTER TABLE leaf RENAME TO l; CREATE VIEW leaf AS SELECT seq, line, hash FROM l", AUDIT_FAULT_SEGMENT,
			1200, 1200, "log-000003.db" },
		{ "the same, of a segment between others", 2, "ALTER TABLE leaf RENAME TO l; CREATE VIEW leaf AS SELECT seq, line, hash FROM l",
			AUDIT_FAULT_UNREADABLE, 600, 1199, "log-000002.db" },
		{ "another kind of table", 3,
			"ALTER TABLE leaf RENAME TO l; CREATE TABLE leaf(seq INTEGER PRIMARY KEY, line BLOB NOT NULL, hash BLOB NOT NULL) WITHOUT "
			"ROWID;"
			"INSERT INTO leaf SELECT * FROM l; DROP TABLE l",
			AUDIT_FAULT_SEGMENT, 1200, 1200, "log-000003.db" },
		{ "an index", 3, "CREATE INDEX x ON leaf(seq, line, hash)", AUDIT_FAULT_SEGMENT, 1200, 1200, "log-000003.db" },
		{ "a trigger", 3, "CREATE TRIGGER t AFTER INSERT ON leaf BEGIN DELETE FROM leaf WHERE seq = new.seq; END", AUDIT_FAULT_SEGMENT, 1200,
			1200, "log-000003.db" },
		{ "a table more", 3, "CREATE TABLE more(a)", AUDIT_FAULT_SEGMENT, 1200, 1200, "log-000003.db" },
		{ "another tree before a segment", 2, "UPDATE segment SET edge = zeroblob(length(edge))", AUDIT_FAULT_HEAD, 600, 599,
			"log-000002.db" },
	};
	struct shared *shared = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture_findings found;
		struct audit_verify_result result;
		char dir[FIXTURE_PATH_MAX];

		copy_log(shared, dir);
		fixture_sql(dir, rows[i].segment, rows[i].sql);
		if (fixture_verify(dir, NULL, &found, &result) != AUDIT_ERR_ALTERED)
			fail_msg("%s: not found", rows[i].name);
		if (found.first.kind != rows[i].kind || found.first.first != rows[i].first || found.first.last != rows[i].last ||
			strcmp(found.segment, rows[i].file) != 0)
			fail_msg("%s: %s (%llu findings)", rows[i].name, found.text, (unsigned long long)result.faults);
		assert_int_equal(result.faults, found.count);
		fixture_remove(dir);
	}
}

/* Line and hash edited together: the block of rows under the next kept head is named. */
static void test_edited_with_hash(void **state)
{
	struct shared *shared = *state;
	struct fixture_findings found;
	struct audit_verify_result result;
	char dir[FIXTURE_PATH_MAX];
	struct err err = ERR_INIT;
	struct db_stmt *stmt = NULL;
	struct tlog_hash hash;
	struct db *db;

	copy_log(shared, dir);
	fixture_sql(dir, 2, "UPDATE leaf SET line = replace(line, 'alice', 'malik') WHERE seq = 900");
	db = fixture_db(dir, 2);
	assert_int_equal(db_prepare(db, "SELECT line FROM leaf WHERE seq = 900", &stmt, &err), 0);
	assert_int_equal(db_step(stmt, &err), DB_ROW);
	tlog_leaf_hash(db_column_blob(stmt, 0), &hash);
	db_finalize(&stmt);
	assert_int_equal(db_prepare(db, "UPDATE leaf SET hash = ?1 WHERE seq = 900", &stmt, &err), 0);
	db_bind_blob(stmt, 1, slice_make(hash.bytes, sizeof(hash.bytes)));
	assert_int_equal(db_run(stmt, &err), 0);
	db_finalize(&stmt);
	db_close(&db);
	assert_int_equal(fixture_verify(dir, NULL, &found, &result), AUDIT_ERR_ALTERED);
	assert_int_equal(found.first.kind, AUDIT_FAULT_HEAD);
	assert_int_equal(found.first.first, 768);
	assert_int_equal(found.first.last, 1023);
	/* The next segment's own tree disagrees with the edited line's, yet that is the same finding. */
	assert_int_equal(found.count, 1);
	/* A second edit, in the next segment, is found all the same. */
	fixture_sql(dir, 3, "UPDATE leaf SET line = replace(line, 'alice', 'malik') WHERE seq = 1700");
	assert_int_equal(fixture_verify(dir, NULL, &found, &result), AUDIT_ERR_ALTERED);
	assert_int_equal(found.count, 2);
	fixture_remove(dir);
}

static void remove_segment(const char *dir, unsigned number)
{
	char *path = segment_path(dir, number);

	assert_non_null(path);
	segment_remove(path);
	free(path);
}

static void rename_segment(const char *dir, const char *from, const char *to)
{
	char source[FIXTURE_PATH_MAX + 32];
	char target[FIXTURE_PATH_MAX + 32];

	snprintf(source, sizeof(source), "%s/%s", dir, from);
	snprintf(target, sizeof(target), "%s/%s", dir, to);
	assert_int_equal(rename(source, target), 0);
}

static void first_removed(const char *dir)
{
	remove_segment(dir, 1);
}

static void second_removed(const char *dir)
{
	remove_segment(dir, 2);
}

static void exchanged(const char *dir)
{
	rename_segment(dir, "log-000002.db", "x");
	rename_segment(dir, "log-000001.db", "log-000002.db");
	rename_segment(dir, "x", "log-000001.db");
}

static void no_database(const char *dir)
{
	char path[FIXTURE_PATH_MAX + 32];
	FILE *file;

	snprintf(path, sizeof(path), "%s/log-000002.db", dir);
	file = fopen(path, "w");
	assert_non_null(file);
	for (int i = 0; i < 5000; i++)
		fputs("not a database", file);
	fclose(file);
}

/* A page in the middle of the second segment's leaves. */
static void page_overwritten(const char *dir)
{
	char path[FIXTURE_PATH_MAX + 32];
	char junk[4096];
	struct stat st;
	int fd;

	memset(junk, 0x5a, sizeof(junk));
	snprintf(path, sizeof(path), "%s/log-000002.db", dir);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	assert_int_equal(pwrite(fd, junk, sizeof(junk), st.st_size / 2 / 4096 * 4096), 4096);
	close(fd);
}

static void test_files(void **state)
{
	static const struct {
		const char *name;
		void (*damage)(const char *dir);
		enum audit_fault_kind kind;
		uint64_t first;
		uint64_t last;
		bool range_exact;
	} rows[] = {
		{ "first segment removed", first_removed, AUDIT_FAULT_MISSING, 0, 599, true },
		{ "middle segment removed", second_removed, AUDIT_FAULT_MISSING, 600, 1199, true },
		{ "segments exchanged", exchanged, AUDIT_FAULT_MISSING, 0, 599, true },
		{ "no database any more", no_database, AUDIT_FAULT_UNREADABLE, 600, 1199, true },
		{ "a page overwritten", page_overwritten, AUDIT_FAULT_UNREADABLE, 601, 1198, false },
	};
	struct shared *shared = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture_findings found;
		struct audit_verify_result result;
		char dir[FIXTURE_PATH_MAX];

		copy_log(shared, dir);
		rows[i].damage(dir);
		if (fixture_verify(dir, NULL, &found, &result) != AUDIT_ERR_ALTERED)
			fail_msg("%s: not found", rows[i].name);
		if (found.first.kind != rows[i].kind)
			fail_msg("%s: %s", rows[i].name, found.text);
		if (rows[i].range_exact && (found.first.first != rows[i].first || found.first.last != rows[i].last))
			fail_msg("%s: %s", rows[i].name, found.text);
		/* A page holds a dozen rows: what stands around them is still read. */
		if (!rows[i].range_exact && (found.first.first < rows[i].first || found.first.last > rows[i].last ||
						    found.first.last - found.first.first > 40 || result.rows < ALL - 40))
			fail_msg("%s: %s (%llu rows)", rows[i].name, found.text, (unsigned long long)result.rows);
		assert_false(result.head_known);
		fixture_remove(dir);
	}
}

/* A count that no file can hold is not walked through row by row. */
static void test_count_beyond_reason(void **state)
{
	struct shared *shared = *state;
	struct audit_verify_result result;
	struct fixture_findings found;
	char dir[FIXTURE_PATH_MAX];
	char path[FIXTURE_PATH_MAX + 32];
	struct stat st;
	int fd;

	copy_log(shared, dir);
	fixture_sql(dir, 3, "UPDATE tip SET size = 1 << 50");
	snprintf(path, sizeof(path), "%s/log-000003.db", dir);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	for (off_t at = st.st_size / 2 / 4096 * 4096; at < st.st_size; at += 4096)
		assert_int_equal(pwrite(fd, "damaged", 7, at), 7);
	close(fd);
	assert_int_equal(fixture_verify(dir, NULL, &found, &result), AUDIT_ERR_ALTERED);
	assert_true(result.rows > 1200 && result.rows < ALL);
	assert_false(result.head_known);
	fixture_remove(dir);
}

static void grow(const char *dir, unsigned rows, struct audit_head *head_out)
{
	struct fixture_findings found;
	struct audit_verify_result result;

	fixture_log(dir, 1, rows);
	assert_int_equal(fixture_verify(dir, NULL, &found, &result), 0);
	*head_out = result.head;
}

/* Rows, tip and kept heads as they were at this head: nothing in the log itself can tell. */
static void cut_to(const char *dir, const struct audit_head *head)
{
	char root[2 * SHA256_BYTES + 1];
	char sql[512];

	hex_encode(head->root, SHA256_BYTES, root);
	snprintf(sql, sizeof(sql), "DELETE FROM leaf WHERE seq >= %llu; DELETE FROM head WHERE size > %llu; UPDATE tip SET size = %llu, root = x'%s'",
		(unsigned long long)head->size, (unsigned long long)head->size, (unsigned long long)head->size, root);
	fixture_sql(dir, 1, sql);
}

static void test_expect(void **state)
{
	struct audit_head empty = { .size = 0 };
	struct fixture_findings found;
	struct audit_verify_result result;
	struct audit_head early;
	struct audit_head late;
	char dir[FIXTURE_PATH_MAX];

	(void)state;
	fixture_dir(dir);
	sha256(SLICE_NONE, empty.root);
	grow(dir, 390, &early);
	grow(dir, 10, &late);
	assert_int_equal(late.size, 400);
	assert_int_equal(fixture_verify(dir, &early, &found, &result), 0);
	assert_int_equal(fixture_verify(dir, &late, &found, &result), 0);
	assert_int_equal(fixture_verify(dir, &empty, &found, &result), 0);

	early.root[31] ^= 1;
	assert_int_equal(fixture_verify(dir, &early, &found, &result), AUDIT_ERR_ALTERED);
	assert_int_equal(found.first.kind, AUDIT_FAULT_EXPECTED);
	assert_int_equal(found.first.last, 389);
	assert_string_equal(found.segment, "");
	early.root[31] ^= 1;

	cut_to(dir, &early);
	assert_int_equal(fixture_verify(dir, NULL, &found, &result), 0);
	assert_int_equal(result.rows, 390);
	assert_int_equal(fixture_verify(dir, &late, &found, &result), AUDIT_ERR_ALTERED);
	assert_int_equal(found.first.kind, AUDIT_FAULT_EXPECTED);
	assert_int_equal(found.first.first, 390);
	assert_int_equal(found.first.last, 399);
	assert_non_null(strstr(found.text, "last 10 rows"));

	/* What is written after the cut makes up the number, yet not the root. */
	grow(dir, 10, &early);
	assert_int_equal(fixture_verify(dir, &late, &found, &result), AUDIT_ERR_ALTERED);
	assert_int_equal(found.first.last, 399);
	fixture_remove(dir);
}

static void test_no_log(void **state)
{
	struct audit_verify_options options = { 0 };
	struct audit_verify_result result;
	struct err err = ERR_INIT;
	char dir[FIXTURE_PATH_MAX];

	(void)state;
	fixture_dir(dir);
	options.dir = dir;
	assert_int_equal(audit_verify(&options, &result, &err), AUDIT_ERR);
	assert_non_null(strstr(err.text, dir));
	fixture_remove(dir);
	assert_int_equal(audit_verify(&options, &result, &err), AUDIT_ERR);
}

static void *keep_writing(void *arg)
{
	fixture_write(arg, 20000);
	return NULL;
}

/* A log that grows meanwhile is sound at every look. */
static void test_while_writing(void **state)
{
	struct audit_verify_result result = { .rows = 0 };
	char dir[FIXTURE_PATH_MAX];
	struct audit *audit;
	pthread_t writer;

	(void)state;
	fixture_dir(dir);
	audit = fixture_open(dir, 1000000);
	assert_int_equal(pthread_create(&writer, NULL, keep_writing, audit), 0);
	while (result.rows < 10000) {
		struct fixture_findings found;

		if (fixture_verify(dir, NULL, &found, &result) != 0)
			fail_msg("%s", found.text);
	}
	pthread_join(writer, NULL);
	audit_close(&audit);
	fixture_assert_sound(dir, 20000);
	fixture_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tampering),
		cmocka_unit_test(test_edited_with_hash),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_count_beyond_reason),
		cmocka_unit_test(test_expect),
		cmocka_unit_test(test_no_log),
		cmocka_unit_test(test_while_writing),
	};

	return cmocka_run_group_tests(tests, open_shared, close_shared);
}
