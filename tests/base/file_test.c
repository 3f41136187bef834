#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/base/rows.h"

static mode_t mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

/* Entries of the scratch directory whose name begins so. */
static size_t count_entries(void **state, const char *prefix)
{
	DIR *directory = opendir(*state);
	const struct dirent *entry;
	size_t n = 0;

	assert_non_null(directory);
	while ((entry = readdir(directory)) != NULL)
		n += strncmp(entry->d_name, prefix, strlen(prefix)) == 0 ? 1 : 0;
	closedir(directory);
	return n;
}

static void test_read(void **state)
{
	static const struct {
		const char *name;
		size_t bytes;
		size_t max;
		int want;
	} rows[] = {
		{ "empty", 0, 0, 0 },
		{ "N", 1000, 1000, 0 },
		{ "N+1", 1001, 1000, BASE_ERR_LIMIT },
		{ "several pieces", 100000, 100000, 0 },
		{ "several pieces and one byte", 100001, 100000, BASE_ERR_LIMIT },
	};
	static const char zeroes[100001];

	for (size_t i = 0; i < LENGTH(rows); i++) {
		const char *path = scratch_path(state, "read");
		struct buf out = BUF_INIT(rows[i].max);
		struct err err = ERR_INIT;

		CHECK(rows[i].name, file_write(path, slice_make(zeroes, rows[i].bytes), 0640, &err) == 0);
		CHECK(rows[i].name, file_read(path, &out, &err) == rows[i].want);
		CHECK(rows[i].name, rows[i].want != 0 || out.len == rows[i].bytes);
		CHECK(rows[i].name, (err.text[0] == '\0') == (rows[i].want == 0));
		buf_free(&out);
	}
}

static void test_read_fails(void **state)
{
	struct buf out = BUF_INIT(10);
	struct err err = ERR_INIT;

	assert_int_equal(file_read(scratch_path(state, "absent"), &out, &err), BASE_ERR_ABSENT);
	assert_int_equal(file_write(scratch_path(state, "plain"), SLICE("x"), 0600, &err), 0);
	assert_int_equal(file_read(scratch_path(state, "plain/below"), &out, &err), BASE_ERR_ABSENT);
	assert_int_equal(file_read(*state, &out, &err), BASE_ERR);
	/* What out held before does not stay. */
	buf_add_text(&out, "old");
	assert_int_equal(file_read(scratch_path(state, "plain"), &out, &err), 0);
	assert_string_equal(buf_text(&out), "x");
	buf_free(&out);
}

static void test_write_mode(void **state)
{
	static const struct {
		const char *name;
		mode_t umask;
		mode_t mode;
	} rows[] = {
		{ "private", 0, 0600 },
		{ "shared in spite of the umask", 0077, 0644 },
		{ "nothing in spite of the umask", 0777, 0600 },
	};

	for (size_t i = 0; i < LENGTH(rows); i++) {
		const char *path = scratch_path(state, "mode");
		mode_t before = umask(rows[i].umask);
		int code = file_write(path, SLICE("a\0b"), rows[i].mode, NULL);

		umask(before);
		CHECK(rows[i].name, code == 0 && mode_of(path) == rows[i].mode);
	}
}

static void test_temp(void **state)
{
	const char *path = scratch_path(state, "target");
	struct file_temp temp = FILE_TEMP_INIT;
	struct file_temp zeroed = { 0 };
	struct buf out = BUF_INIT(100);

	file_temp_close(&temp);
	file_temp_close(&zeroed); /* must not close descriptor 0 */
	assert_true(fcntl(0, F_GETFD) >= 0 || errno != EBADF);
	assert_int_equal(file_write(path, SLICE("old"), 0600, NULL), 0);
	assert_int_equal(file_temp_open(path, 0644, &temp, NULL), 0);
	assert_int_equal(count_entries(state, FILE_TEMP_PREFIX), 1);
	assert_int_equal(fcntl(temp.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(file_temp_write(&temp, SLICE("half"), NULL), 0);
	/* Not yet visible, and without commit never. */
	assert_int_equal(file_read(path, &out, NULL), 0);
	assert_string_equal(buf_text(&out), "old");
	file_temp_close(&temp);
	assert_int_equal(count_entries(state, FILE_TEMP_PREFIX), 0);
	assert_int_equal(file_read(path, &out, NULL), 0);
	assert_string_equal(buf_text(&out), "old");

	assert_int_equal(file_temp_open(path, 0644, &temp, NULL), 0);
	assert_int_equal(file_temp_write(&temp, SLICE("new"), NULL), 0);
	assert_int_equal(file_temp_commit(&temp, NULL), 0);
	assert_true(temp.fd >= 0 && temp.temporary == NULL);
	file_temp_close(&temp);
	file_temp_close(&temp);
	assert_int_equal(file_read(path, &out, NULL), 0);
	assert_string_equal(buf_text(&out), "new");
	assert_int_equal(mode_of(path), 0644);
	assert_int_equal(count_entries(state, FILE_TEMP_PREFIX), 0);
	buf_free(&out);
}

static void test_write_fails(void **state)
{
	static const struct {
		const char *name;
		const char *path;
	} rows[] = {
		{ "no directory", "nowhere/file" },
		{ "a directory is in the way", "directory" },
	};
	char longest[256];
	struct err err = ERR_INIT;

	assert_int_equal(file_mkdirs(scratch_path(state, "directory/sub"), 0700, &err), 0);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct err row_err = ERR_INIT;

		CHECK(rows[i].name, file_write(scratch_path(state, rows[i].path), SLICE("x"), 0600, &row_err) == BASE_ERR);
		CHECK(rows[i].name, strstr(row_err.text, rows[i].path) != NULL);
		CHECK(rows[i].name, count_entries(state, FILE_TEMP_PREFIX) == 0);
	}
	/* The longest name a file may have leaves room for its temporary file. */
	memset(longest, 'n', 255);
	longest[255] = '\0';
	assert_int_equal(file_write(scratch_path(state, longest), SLICE("x"), 0600, &err), 0);
}

/* A process killed in the middle leaves the old file. */
static void test_killed(void **state)
{
	const char *path = scratch_path(state, "killed");
	struct buf out = BUF_INIT(100);
	int status;
	pid_t child;

	assert_int_equal(file_write(path, SLICE("old"), 0600, NULL), 0);
	child = fork();
	if (child == 0) {
		struct file_temp temp = FILE_TEMP_INIT;

		if (file_temp_open(path, 0600, &temp, NULL) != 0 || file_temp_write(&temp, SLICE("new"), NULL) != 0)
			_exit(1);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(file_read(path, &out, NULL), 0);
	assert_string_equal(buf_text(&out), "old");
	assert_int_equal(count_entries(state, FILE_TEMP_PREFIX), 1);
	buf_free(&out);
}

static void test_mkdirs(void **state)
{
	mode_t before = umask(0777);
	int code = file_mkdirs(scratch_path(state, "a//b/c/"), 0750, NULL);
	struct err err = ERR_INIT;

	umask(before);
	assert_int_equal(code, 0);
	assert_int_equal(mode_of(scratch_path(state, "a")), 0750);
	assert_int_equal(mode_of(scratch_path(state, "a/b/c")), 0750);
	assert_int_equal(file_mkdirs(scratch_path(state, "a/b/c"), 0700, NULL), 0);
	assert_int_equal(mode_of(scratch_path(state, "a/b/c")), 0750);
	assert_int_equal(file_write(scratch_path(state, "a/file"), SLICE("x"), 0600, NULL), 0);
	assert_int_equal(file_mkdirs(scratch_path(state, "a/file"), 0700, &err), BASE_ERR);
	assert_int_equal(file_mkdirs(scratch_path(state, "a/file/x"), 0700, &err), BASE_ERR);
}

static void test_lock(void **state)
{
	const char *path = scratch_path(state, "lock");
	int first = -1;
	int second = -1;
	struct err err = ERR_INIT;

	assert_int_equal(file_lock(path, &first, &err), 0);
	assert_int_equal(file_lock(path, &second, &err), BASE_ERR_BUSY);
	assert_int_equal(second, -1);
	assert_int_equal(mode_of(path), 0600);
	close(first);
	assert_int_equal(file_lock(path, &second, &err), 0);
	close(second);
	assert_int_equal(file_lock(scratch_path(state, "nowhere/lock"), &second, &err), BASE_ERR);
}

static void test_beside(void **state)
{
	static const struct {
		const char *from;
		const char *name;
		const char *want;
	} rows[] = {
		{ "a/b.yaml", "keys/x", "a/keys/x" },
		{ "b.yaml", "keys/x", "keys/x" },
		{ "/b.yaml", "x", "/x" },
		{ "/etc/m/b.yaml", "/srv/x", "/srv/x" },
		{ "a/b.yaml", "../x", "a/../x" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		char *path = file_beside(rows[i].from, rows[i].name);

		CHECK(rows[i].want, strcmp(path, rows[i].want) == 0);
		free(path);
	}
}

static void test_secret(void **state)
{
	static char full[FILE_SECRET_BYTES_MAX + 1];
	static const struct {
		const char *name;
		struct slice in;
		mode_t mode;
		int code;
		const char *want;
	} rows[] = {
		{ "plain", BYTES("hunter2"), 0600, 0, "hunter2" },
		{ "one line end goes", BYTES("hunter2\n"), 0640, 0, "hunter2" },
		{ "only one", BYTES("hunter2\n\n"), 0400, 0, "hunter2\n" },
		{ "empty", { NULL, 0 }, 0600, BASE_ERR_INVALID, NULL },
		{ "a line end alone", BYTES("\n"), 0600, BASE_ERR_INVALID, NULL },
		{ "NUL", BYTES("hun\0ter"), 0600, BASE_ERR_INVALID, NULL },
		{ "readable by all", BYTES("hunter2"), 0604, BASE_ERR_INVALID, NULL },
		{ "writable by all", BYTES("hunter2"), 0602, BASE_ERR_INVALID, NULL },
		{ "N", { full, FILE_SECRET_BYTES_MAX }, 0600, 0, NULL },
		{ "N+1", { full, FILE_SECRET_BYTES_MAX + 1 }, 0600, BASE_ERR_LIMIT, NULL },
	};

	memset(full, 'x', sizeof(full));
	for (size_t i = 0; i < LENGTH(rows); i++) {
		const char *path = scratch_path(state, "secret");
		struct buf out = BUF_INIT(2 * FILE_SECRET_BYTES_MAX);
		struct err err = ERR_INIT;

		CHECK(rows[i].name, file_write(path, rows[i].in, rows[i].mode, NULL) == 0);
		CHECK(rows[i].name, file_read_secret(path, &out, &err) == rows[i].code);
		CHECK(rows[i].name, rows[i].want == NULL || strcmp(buf_text(&out), rows[i].want) == 0);
		CHECK(rows[i].name, rows[i].code == 0 || (out.len == 0 && strstr(err.text, "hun") == NULL));
		buf_wipe(&out);
	}
}

static void test_secret_environment(void **state)
{
	struct buf out = BUF_INIT(10);
	struct err err = ERR_INIT;

	(void)state;
	setenv("BASE_TEST_SECRET", "s3cret\n", 1);
	assert_int_equal(file_read_secret("env:BASE_TEST_SECRET", &out, &err), 0);
	assert_string_equal(buf_text(&out), "s3cret");
	setenv("BASE_TEST_SECRET", "longer than the buffer", 1);
	assert_int_equal(file_read_secret("env:BASE_TEST_SECRET", &out, &err), BASE_ERR_LIMIT);
	assert_null(strstr(err.text, "longer than the"));
	setenv("BASE_TEST_SECRET", "", 1);
	assert_int_equal(file_read_secret("env:BASE_TEST_SECRET", &out, &err), BASE_ERR_INVALID);
	unsetenv("BASE_TEST_SECRET");
	assert_int_equal(file_read_secret("env:BASE_TEST_SECRET", &out, &err), BASE_ERR_ABSENT);
	assert_int_equal(file_read_secret("/nowhere/secret", &out, &err), BASE_ERR_ABSENT);
	buf_wipe(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_fails),
		cmocka_unit_test(test_write_mode),
		cmocka_unit_test(test_temp),
		cmocka_unit_test(test_write_fails),
		cmocka_unit_test(test_mkdirs),
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_beside),
		cmocka_unit_test(test_secret),
		cmocka_unit_test(test_secret_environment),
		cmocka_unit_test(test_killed),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
