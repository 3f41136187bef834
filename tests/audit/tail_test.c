/* Rows that are gone from the end of a log, and what a crash may leave there. */
#include "tests/audit/fixture.h"

#include <fcntl.h>
#include <sys/stat.h>

#define ROWS        30
#define FRAME_BYTES (24 + 4096)

struct shared {
	char plain[FIXTURE_PATH_MAX];  /* copies of a log that is being written: all its rows lie in the write-ahead log */
	char rounds[FIXTURE_PATH_MAX]; /* the same, whose write-ahead log began anew over longer earlier rounds */
};

static void copy(const char *from, const char *to, bool index)
{
	char command[4 * FIXTURE_PATH_MAX];

	snprintf(command, sizeof(command), "cp %s/log-000001.db %s/log-000001.db-wal %s", from, from, to);
	assert_int_equal(system(command), 0);
	snprintf(command, sizeof(command), "cp %s/index.db %s/index.db-wal %s", from, from, to);
	if (index)
		assert_int_equal(system(command), 0);
}

static void record(struct audit *audit, unsigned rows)
{
	struct audit_event event = fixture_event("alice", "git.corp.example/api", AUDIT_ALLOW);
	struct audit_state now;
	uint64_t seq;

	for (unsigned i = 0; i < rows; i++)
		assert_int_equal(fixture_record(audit, &event, &seq), 0);
	do {
		usleep(5000);
		audit_state(audit, &now);
	} while (now.indexed != now.size);
}

static int open_shared(void **state)
{
	static struct shared shared;
	char dir[FIXTURE_PATH_MAX];
	struct audit *audit;

	fixture_dir(dir);
	fixture_dir(shared.plain);
	fixture_dir(shared.rounds);
	audit = fixture_open(dir, 0);
	record(audit, ROWS);
	copy(dir, shared.plain, true);
	fixture_sql(dir, 1, "PRAGMA wal_checkpoint(PASSIVE)");
	record(audit, 5);
	copy(dir, shared.rounds, true);
	audit_close(&audit);
	fixture_remove(dir);
	*state = &shared;
	return 0;
}

static int close_shared(void **state)
{
	struct shared *shared = *state;

	fixture_remove(shared->plain);
	fixture_remove(shared->rounds);
	return 0;
}

/* Opens the write-ahead log; how many frames it holds. */
static int open_wal(const char *dir, long *frames_out)
{
	char path[FIXTURE_PATH_MAX + 32];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/log-000001.db-wal", dir);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	*frames_out = (st.st_size - 32) / FRAME_BYTES;
	assert_true(*frames_out >= ROWS);
	return fd;
}

static void flip(const char *dir, bool header, int percent, long byte)
{
	long frames;
	int fd = open_wal(dir, &frames);
	long frame = frames * percent / 100 - (percent == 100);
	off_t at = header ? byte : 32 + frame * FRAME_BYTES + byte;
	char c;

	assert_int_equal(pread(fd, &c, 1, at), 1);
	c ^= 1;
	assert_int_equal(pwrite(fd, &c, 1, at), 1);
	close(fd);
}

static void nothing(const char *dir)
{
	(void)dir;
}

static void flip_page(const char *dir)
{
	flip(dir, false, 50, 2000);
}

static void flip_salt(const char *dir)
{
	flip(dir, false, 50, 9);
}

static void flip_sum(const char *dir)
{
	flip(dir, false, 50, 20);
}

static void flip_first(const char *dir)
{
	flip(dir, false, 0, 2000);
}

static void flip_last(const char *dir)
{
	flip(dir, false, 100, 2000);
}

static void flip_header(const char *dir)
{
	flip(dir, true, 0, 17);
}

static void cut(const char *dir, long frames_less, off_t bytes_more)
{
	long frames;
	int fd = open_wal(dir, &frames);

	assert_int_equal(ftruncate(fd, 32 + (frames - frames_less) * FRAME_BYTES + bytes_more), 0);
	close(fd);
}

static void cut_half(const char *dir)
{
	cut(dir, ROWS / 2, 0);
}

static void tear_last(const char *dir)
{
	cut(dir, 1, FRAME_BYTES / 2);
}

static void removed(const char *dir)
{
	char path[FIXTURE_PATH_MAX + 32];

	snprintf(path, sizeof(path), "%s/log-000001.db-wal", dir);
	assert_int_equal(unlink(path), 0);
}

/* The commit that was being written when the power went: its frames in any order, here without the last but one. */
static void lose_power(const char *dir)
{
	static const char zeroes[FRAME_BYTES];
	long frames;
	int fd = open_wal(dir, &frames);

	assert_int_equal(pwrite(fd, zeroes, sizeof(zeroes), 32 + (frames - 2) * FRAME_BYTES), FRAME_BYTES);
	close(fd);
}

static unsigned gone_rows;

static int count_gone(void *ctx, struct slice line, struct err *err)
{
	(void)ctx;
	(void)err;
	gone_rows += strstr(line.ptr, "\"kind\":\"system\"") != NULL && strstr(line.ptr, "gone from the audit log") != NULL;
	return 0;
}

/* Who opens it learns it, by the state and by a row; the log goes on soundly. */
static void check_start(const char *name, const char *dir, bool found)
{
	struct fixture_findings findings;
	struct audit_verify_result result;
	struct audit *audit = fixture_open(dir, 0);
	struct audit_state now;

	audit_state(audit, &now);
	record(audit, 1);
	audit_close(&audit);
	if ((now.tail[0] != '\0') != found)
		fail_msg("%s: at start: %s", name, now.tail);
	gone_rows = 0;
	assert_int_equal(audit_export(dir, NULL, count_gone, NULL, NULL), 0);
	assert_int_equal(gone_rows, found);
	if (fixture_verify(dir, NULL, &findings, &result) != 0)
		fail_msg("%s: %s", name, findings.text);
	audit = fixture_open(dir, 0);
	audit_state(audit, &now);
	assert_string_equal(now.tail, "");
	audit_close(&audit);
}

static void test_tail(void **state)
{
	enum { NO_INDEX, INDEX };
	static const struct {
		const char *name;
		void (*damage)(const char *dir);
		bool index;
		enum audit_fault_kind kind; /* 0: nothing is to be found */
	} rows[] = {
		{ "as it was", nothing, INDEX, 0 },
		{ "a page's byte", flip_page, INDEX, AUDIT_FAULT_WAL },
		{ "a page's byte, no index", flip_page, NO_INDEX, AUDIT_FAULT_WAL },
		{ "a salt's", flip_salt, NO_INDEX, AUDIT_FAULT_WAL },
		{ "a checksum's", flip_sum, NO_INDEX, AUDIT_FAULT_WAL },
		{ "the first frame's", flip_first, NO_INDEX, AUDIT_FAULT_WAL },
		{ "the header's", flip_header, NO_INDEX, AUDIT_FAULT_WAL },
		{ "the last frame's", flip_last, INDEX, AUDIT_FAULT_MISSING },
		{ "half of it cut off", cut_half, INDEX, AUDIT_FAULT_MISSING },
		{ "removed", removed, INDEX, AUDIT_FAULT_MISSING },
		{ "the last frame torn, which was acknowledged", tear_last, INDEX, AUDIT_FAULT_MISSING },
		{ "the last frame torn, as by a crash", tear_last, NO_INDEX, 0 },
		{ "the last commit without one frame, as by a power cut", lose_power, NO_INDEX, 0 },
	};
	struct shared *shared = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture_findings found;
		struct audit_verify_result result;
		char dir[FIXTURE_PATH_MAX];

		fixture_dir(dir);
		copy(shared->plain, dir, rows[i].index);
		rows[i].damage(dir);
		if (fixture_verify(dir, NULL, &found, &result) != (rows[i].kind == 0 ? 0 : AUDIT_ERR_ALTERED) || found.first.kind != rows[i].kind)
			fail_msg("%s: %s", rows[i].name, found.text);
		if (rows[i].kind == AUDIT_FAULT_MISSING && (found.first.first != result.rows || found.first.last != ROWS - 1))
			fail_msg("%s: %s", rows[i].name, found.text);
		check_start(rows[i].name, dir, rows[i].kind != 0);
		fixture_remove(dir);
	}
}

/* Frames of an earlier round behind the last are no damage. */
static void test_earlier_rounds(void **state)
{
	struct shared *shared = *state;
	char dir[FIXTURE_PATH_MAX];

	fixture_dir(dir);
	copy(shared->rounds, dir, true);
	fixture_assert_sound(dir, ROWS + 5);
	check_start("rounds", dir, false);
	fixture_remove(dir);
}

/* An index of another log is no witness, were it ever so long. */
static void test_index_of_another_log(void **state)
{
	struct shared *shared = *state;
	char dir[FIXTURE_PATH_MAX];
	char command[4 * FIXTURE_PATH_MAX];

	fixture_dir(dir);
	fixture_log(dir, 1, 3);
	snprintf(command, sizeof(command), "cp %s/index.db %s/index.db-wal %s", shared->plain, shared->plain, dir);
	assert_int_equal(system(command), 0);
	fixture_assert_sound(dir, 3);
	check_start("another log", dir, false);
	fixture_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tail),
		cmocka_unit_test(test_earlier_rounds),
		cmocka_unit_test(test_index_of_another_log),
	};

	return cmocka_run_group_tests(tests, open_shared, close_shared);
}
