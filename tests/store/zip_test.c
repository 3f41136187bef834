/* Zips that are not what was stored, however they became so; the largest one; and names that no file can have. */
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fixture.h"

static void put_zip(struct store *store, struct slice bytes)
{
	struct file_temp temp = FILE_TEMP_INIT;
	const struct store_artifact *artifact = NULL;
	uint8_t digest[SHA256_BYTES];
	pin_it(store, "abc");
	assert_int_equal(store_zip_begin(store, MODULE, VERSION, &temp, NULL), 0);
	assert_int_equal(file_temp_write(&temp, bytes, NULL), 0);
	sha256(bytes, digest);
	assert_int_equal(
		store_put_zip(store, MODULE, VERSION, &temp, (int64_t)bytes.len, digest, &(struct store_pin){ .h1 = "h1:z" }, &artifact, NULL), 0);
	file_temp_close(&temp);
	store_artifact_unref(artifact);
}

/* A zip that is not what the row says does not exist, and none of the things that may lie there makes anybody wait. */
static void test_damaged_zip(void **state)
{
	static const struct {
		const char *name, *command;
		int want;
	} rows[] = {
		{ "untouched", "true", 0 },
		{ "gone", "rm $f", STORE_ERR_ABSENT },
		{ "shorter", "truncate -s -1 $f", STORE_ERR_CHANGED },
		{ "one byte changed", "printf x | dd of=$f bs=1 seek=4 conv=notrunc status=none", STORE_ERR_CHANGED },
		{ "the last byte changed", "printf x | dd of=$f bs=1 seek=8 conv=notrunc status=none", STORE_ERR_CHANGED },
		{ "a pipe", "rm $f; mkfifo $f", STORE_ERR_CHANGED },
		{ "a link to the same bytes", "mv $f $f.real; ln -s $f.real $f", STORE_ERR_ABSENT },
		{ "a directory", "rm $f; mkdir $f", STORE_ERR_CHANGED },
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct fixture fixture = { 0 };
		const struct store_artifact *artifact = NULL;
		char path[700], command[1500], directory[300];
		void *own = directory;
		snprintf(directory, sizeof(directory), "%s/%zu", (const char *)*state, i);
		assert_int_equal(file_mkdirs(directory, 0700, NULL), 0);
		fixture_open(&fixture, &own);
		put_zip(fixture.store, SLICE("zip bytes"));
		fixture_close(&fixture);

		file_of(&fixture, "v1.2.3.zip", path);
		snprintf(command, sizeof(command), "f='%s'; %s", path, rows[i].command);
		assert_int_equal(system(command), 0);
		fixture_open(&fixture, &own);
		int code = store_artifact(fixture.store, STORE_ZIP, MODULE, VERSION, &artifact, NULL);
		CHECK(rows[i].name, code == rows[i].want);
		CHECK(rows[i].name, code == 0 || store_try_artifact(fixture.store, STORE_ZIP, MODULE, VERSION, &artifact) == STORE_WOULD_BLOCK);
		if (code == 0)
			store_artifact_unref(artifact);
		fixture_close(&fixture);
	}
}

/* By this process, ever, from wherever. */
static int64_t bytes_read(void)
{
	struct buf text = BUF_INIT(4096);
	long long bytes = -1;
	assert_int_equal(file_read("/proc/self/io", &text, NULL), 0);
	assert_int_equal(sscanf(buf_text(&text), "rchar: %lld", &bytes), 1);
	buf_free(&text);
	return bytes;
}

/* The largest zip there may be is read in pieces, once. */
static void test_large_zip(void **state)
{
	enum { ZIP_BYTES = 500 << 20, MEMORY_KIB_MAX = 32 << 10 };
	struct fixture fixture = { 0 };
	struct file_temp temp = FILE_TEMP_INIT;
	const struct store_artifact *artifact = NULL;
	struct sha256_stream *stream = sha256_open();
	static const char zeros[1 << 20];
	uint8_t digest[SHA256_BYTES];
	struct rusage before, after;
	fixture_open(&fixture, state);
	pin_it(fixture.store, "abc");
	for (size_t i = 0; i < ZIP_BYTES / sizeof(zeros); i++)
		sha256_add(stream, zeros, sizeof(zeros));
	sha256_digest(stream, digest);
	sha256_close(&stream);
	assert_int_equal(store_zip_begin(fixture.store, MODULE, VERSION, &temp, NULL), 0);
	assert_int_equal(ftruncate(temp.fd, ZIP_BYTES), 0);
	assert_int_equal(
		store_put_zip(fixture.store, MODULE, VERSION, &temp, ZIP_BYTES, digest, &(struct store_pin){ .h1 = "h1:z" }, &artifact, NULL), 0);
	file_temp_close(&temp);
	store_artifact_unref(artifact);
	fixture_close(&fixture);

	fixture_open(&fixture, state);
	getrusage(RUSAGE_SELF, &before);
	assert_int_equal(store_artifact(fixture.store, STORE_ZIP, MODULE, VERSION, &artifact, NULL), 0);
	store_artifact_unref(artifact);
	getrusage(RUSAGE_SELF, &after);
	assert_true(after.ru_maxrss - before.ru_maxrss < MEMORY_KIB_MAX);
	/* From now on memory knows it. */
	int64_t read_before = bytes_read();
	assert_int_equal(store_artifact(fixture.store, STORE_ZIP, MODULE, VERSION, &artifact, NULL), 0);
	store_artifact_unref(artifact);
	assert_true(bytes_read() - read_before < 1 << 20);
	fixture_close(&fixture);
}

/* Names that no file can have are refused as such, and what just fits is stored. */
static void test_long_names(void **state)
{
	static const struct {
		const char *name, *module, *version;
		char letter;
		unsigned letters; /* in the place of each '+' */
		int want;
	} rows[] = {
		{ "a part of 255", "example.org/+/x", "v1.0.0", 'a', 255, 0 },
		{ "a part of 256", "example.org/+/x", "v1.0.0", 'a', 256, STORE_ERR_NAME },
		{ "capitals of 254", "example.org/+", "v1.0.0", 'A', 127, 0 },
		{ "capitals of 256", "example.org/+", "v1.0.0", 'A', 128, STORE_ERR_NAME },
		{ "many parts", "example.org/+/+/+", "v1.0.0", 'a', 250, 0 },
		{ "a version of 247", "example.org/x", "v1.0.0-+", 'a', 240, 0 },
		{ "a version of 248", "example.org/x", "v1.0.0-+", 'a', 241, STORE_ERR_NAME },
		{ "capitals in a version", "example.org/x", "v1.0.0-+", 'A', 121, STORE_ERR_NAME },
	};
	struct fixture fixture = { 0 };
	fixture_open(&fixture, state);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct buf names[2] = { BUF_INIT(4096), BUF_INIT(4096) };
		const struct store_artifact *artifact = NULL;
		struct file_temp temp = FILE_TEMP_INIT;
		struct err err = ERR_INIT;
		for (unsigned n = 0; n < 2; n++)
			for (const char *c = n == 0 ? rows[i].module : rows[i].version; *c != '\0'; c++)
				for (unsigned times = 0; times < (*c == '+' ? rows[i].letters : 1); times++)
					buf_add_char(&names[n], *c == '+' ? rows[i].letter : *c);
		struct slice module = buf_slice(&names[0]), version = buf_slice(&names[1]);
		CHECK(rows[i].name, store_name_check(module, version, &err) == rows[i].want);
		CHECK(rows[i].name, rows[i].want == 0 || (strstr(err.text, "shorter name") != NULL && strlen(err.text) < 400));
		assert_int_equal(store_pin_add(fixture.store, module, version, &facts_x, NULL), 0);
		CHECK(rows[i].name, store_put(fixture.store, STORE_MOD, module, version, SLICE("m"), &facts_x, &artifact, NULL) == rows[i].want);
		store_artifact_unref(artifact);
		CHECK(rows[i].name, store_zip_begin(fixture.store, module, version, &temp, NULL) == rows[i].want);
		uint8_t digest[SHA256_BYTES] = { 0 };
		CHECK(rows[i].name,
			rows[i].want != 0 || store_put_zip(fixture.store, module, version, &temp, 0, digest, &facts_x, &artifact, NULL) == 0);
		if (rows[i].want == 0)
			store_artifact_unref(artifact);
		file_temp_close(&temp);
		buf_free(&names[0]);
		buf_free(&names[1]);
	}
	fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_damaged_zip, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_large_zip, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_long_names, scratch_setup, scratch_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
