/* Writes that the kernel refuses: files that may not grow, and a full disk (a small file system of its own). */
#include "tests/audit/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "audit/reader.h"

#define BALLAST_BYTES (8 * 1024 * 1024)

/* A file system of 24 MiB on dir that only this process sees. */
static bool mount_small(const char *dir)
{
	return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("audit-test", dir, "tmpfs", 0, "size=24m") == 0;
}

static void make_ballast(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(posix_fallocate(fd, 0, BALLAST_BYTES), 0);
	close(fd);
}

static void await_state(struct audit *audit, bool failing)
{
	struct audit_state now;

	audit_state(audit, &now);
	while (now.failing != failing) {
		usleep(1000);
		audit_state(audit, &now);
	}
}

static uint64_t rows_in(const char *dir)
{
	struct reader *reader = NULL;
	struct reader_row row;
	uint64_t rows = 0;

	assert_int_equal(reader_open(dir, 0, &reader, NULL), 0);
	while (reader_next(reader, &row, NULL) == 1)
		rows++;
	reader_close(&reader);
	return rows;
}

static void let_files_grow(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void test_files_may_not_grow(void **state)
{
	struct audit_event event = fixture_event("alice", "git.corp.example/api", AUDIT_ALLOW);
	struct audit_options options = { .retry_ms = 20 };
	struct audit *audit = NULL;
	struct audit_state now;
	struct err err = ERR_INIT;
	char dir[FIXTURE_PATH_MAX];
	uint64_t seq = 0;

	(void)state;
	fixture_dir(dir);
	options.dir = dir;
	signal(SIGXFSZ, SIG_IGN);
	if (audit_open(&options, &audit, &err) < 0)
		fail_msg("%s", err.text);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(fixture_record(audit, &event, &seq), 0);
	/* Less than any segment needs. */
	let_files_grow(1000);
	assert_int_equal(fixture_record(audit, &event, &seq), AUDIT_ERR);
	await_state(audit, true);
	assert_int_equal(fixture_record(audit, &event, &seq), AUDIT_ERR);
	let_files_grow(RLIM_INFINITY);
	await_state(audit, false);
	while (fixture_record(audit, &event, &seq) != 0)
		usleep(1000);
	/* Ten before, the log's own word, this one. */
	assert_int_equal(seq, 11);
	audit_state(audit, &now);
	assert_int_equal(now.segments_failed, 1);
	audit_close(&audit);
	fixture_assert_sound(dir, 12);
	fixture_remove(dir);
}

static void test_disk_full(void **state)
{
	struct audit_event event = fixture_event("alice", "git.corp.example/api", AUDIT_ALLOW);
	struct audit_options options = { .retry_ms = 20 };
	struct audit *audit = NULL;
	struct audit_state now;
	struct err err = ERR_INIT;
	char dir[FIXTURE_PATH_MAX];
	char logs[FIXTURE_PATH_MAX + 16];
	char ballast[FIXTURE_PATH_MAX + 16];
	uint64_t recorded = 0;
	uint64_t seq = 0;
	uint64_t last = 0;

	(void)state;
	fixture_dir(dir);
	if (!mount_small(dir)) {
		print_message("no file system of one's own here (%s): test_files_may_not_grow has to do\n", strerror(errno));
		rmdir(dir);
		return;
	}
	snprintf(logs, sizeof(logs), "%s/audit", dir);
	snprintf(ballast, sizeof(ballast), "%s/ballast", dir);
	make_ballast(ballast);
	options.dir = logs;
	if (audit_open(&options, &audit, &err) < 0)
		fail_msg("%s", err.text);
	while (fixture_record(audit, &event, &seq) == 0) {
		recorded++;
		last = seq;
	}
	assert_true(recorded > 1000);
	await_state(audit, true);
	audit_state(audit, &now);
	assert_non_null(strstr(now.error, "full"));
	assert_int_equal(audit_submit(audit, &event, NULL, NULL, &err), AUDIT_ERR);

	assert_int_equal(unlink(ballast), 0);
	await_state(audit, false);
	while (fixture_record(audit, &event, &seq) != 0)
		usleep(1000);
	assert_true(seq > last);
	/* The index shares the disk; it too comes back. */
	do {
		usleep(10000);
		audit_state(audit, &now);
	} while (now.indexed != now.size || now.index_failing);
	audit_close(&audit);
	assert_int_equal(rows_in(logs), now.size);
	fixture_assert_sound(logs, now.size);
	assert_true(now.size > recorded);
	umount2(dir, MNT_DETACH);
	rmdir(dir);
}

/* Rows that lie in a write-ahead log, copied without its -shm, which cannot be made: that says nothing about them. */
static void test_verify_without_room(void **state)
{
	struct audit_verify_options options = { 0 };
	struct audit_verify_result result;
	char command[4 * FIXTURE_PATH_MAX];
	struct err err = ERR_INIT;
	char dir[FIXTURE_PATH_MAX];
	char copy[FIXTURE_PATH_MAX];
	struct audit_event event = fixture_event("alice", "git.corp.example/api", AUDIT_ALLOW);
	struct audit *audit;
	uint64_t seq;
	int code;

	(void)state;
	fixture_dir(dir);
	fixture_dir(copy);
	audit = fixture_open(dir, 0);
	assert_int_equal(fixture_record(audit, &event, &seq), 0);
	snprintf(command, sizeof(command), "cp %s/log-000001.db %s/log-000001.db-wal %s", dir, dir, copy);
	assert_int_equal(system(command), 0);
	audit_close(&audit);
	options.dir = copy;
	signal(SIGXFSZ, SIG_IGN);
	let_files_grow(1000);
	code = audit_verify(&options, &result, &err);
	let_files_grow(RLIM_INFINITY);
	assert_int_equal(code, AUDIT_ERR);
	assert_non_null(strstr(err.text, "cannot be verified now"));
	fixture_assert_sound(copy, 1);
	fixture_remove(copy);
	fixture_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_may_not_grow),
		cmocka_unit_test(test_disk_full),
		cmocka_unit_test(test_verify_without_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
