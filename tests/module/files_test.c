#include "module/zip.h"

#include "base/buf.h"
#include "module/path.h"
#include "tests/base/rows.h"

#define FILES_MAX 6

enum { R = MODULE_FILE_REGULAR, L = MODULE_FILE_SYMLINK, X = MODULE_FILE_IRREGULAR };

struct file {
	const char *path;
	int mode;
	int64_t bytes;
};

struct row {
	const char *name;
	bool rule_new;
	struct file files[FILES_MAX];
	const char *kept; /* "index index ...", NULL: no zip */
	int status;
};

/* Lists what is kept by the handles, which are the places in the row. */
static void run(const struct row *row)
{
	struct module_files *files = NULL;
	struct buf kept = BUF_INIT(1000);
	struct err err = ERR_INIT;
	struct slice path;
	size_t handle;
	int status;

	assert_int_equal(module_files_open(&files, &err), 0);
	for (size_t i = 0; i < FILES_MAX && row->files[i].path != NULL; i++)
		assert_int_equal(module_files_add(files, slice_of(row->files[i].path), (enum module_file_mode)row->files[i].mode, row->files[i].bytes,
					 i, &err),
			0);
	status = module_files_check(files, row->rule_new, &err);
	CHECK(row->name, status == row->status);
	CHECK(row->name, (err.text[0] == '\0') == (status == 0));
	for (size_t i = 0; status == 0 && i < module_files_kept(files); i++) {
		module_files_kept_at(files, i, &path, &handle);
		CHECK(row->name, slice_equal_text(path, row->files[handle].path));
		buf_printf(&kept, "%zu ", handle);
	}
	CHECK(row->name, slice_equal_text(buf_slice(&kept), row->kept == NULL ? "" : row->kept));
	buf_free(&kept);
	module_files_close(&files);
	assert_null(files);
}

static void test_included(void **state)
{
	static const struct row rows[] = {
		{ "nothing", false, { { NULL, 0, 0 } }, "", 0 },
		{ "order stays", false, { { "z", R, 1 }, { "a", R, 1 }, { "go.mod", R, 1 } }, "0 1 2 ", 0 },
		{ "links and others are dropped", false, { { "a", L, 1 }, { "b", X, 1 }, { "c", R, 1 } }, "2 ", 0 },
		{ "another module", false, { { "sub/go.mod", R, 1 }, { "sub/a", R, 1 }, { "sub/deep/b", R, 1 }, { "subs/c", R, 1 }, { "d", R, 1 } },
			"3 4 ", 0 },
		{ "another module in other letters", false, { { "sub/Go.Mod", R, 1 }, { "sub/a", R, 1 }, { "b", R, 1 } }, "2 ", 0 },
		{ "a linked go.mod makes none", false, { { "sub/go.mod", L, 1 }, { "sub/a", R, 1 } }, "1 ", 0 },
		{ "two other modules", false, { { "b/go.mod", R, 1 }, { "a/go.mod", R, 1 }, { "a/x", R, 1 }, { "b/x", R, 1 }, { "c", R, 1 } }, "4 ",
			0 },
		{ "inside of another module", false, { { "a/b/go.mod", R, 1 }, { "a/b/c/d/x", R, 1 }, { "a/x", R, 1 } }, "2 ", 0 },
		{ "hg archive at the root", false, { { ".hg_archival.txt", R, 1 }, { "sub/.hg_archival.txt", R, 1 } }, "1 ", 0 },
		{ "leading dot and dash", false, { { ".gitignore", R, 1 }, { "-x", R, 1 }, { ".a/.b", R, 1 } }, "0 1 2 ", 0 },
		{ "letters of the world", false, { { "\xc3\xa9.go", R, 1 }, { "\xe6\xbc\xa2", R, 1 } }, "0 1 ", 0 },
		{ "all marks", false, { { "!#$%&()+,-.=@[]^_{}~ x", R, 1 } }, "0 ", 0 },
		{ "short name", false, { { "a~1", R, 1 } }, "0 ", 0 },
		{ "bad names where nobody looks", false, { { "vendor/x/a:b", R, 1 }, { "sub/go.mod", R, 1 }, { "sub/con", R, 1 } }, "", 0 },
		{ "case differs below another module", false, { { "Sub/go.mod", R, 1 }, { "sub/a", R, 1 } }, "1 ", 0 },
		{ "same names in two directories", false, { { "a/x", R, 1 }, { "b/x", R, 1 }, { "a-b/x", R, 1 }, { "a/b", R, 1 } }, "0 1 2 3 ", 0 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		run(&rows[i]);
}

static void test_vendor(void **state)
{
	static const struct row rows[] = {
		{ "old, at the root", false, { { "vendor/top.go", R, 1 }, { "vendor/modules.txt", R, 1 }, { "vendor/x/a.go", R, 1 } }, "0 1 ", 0 },
		{ "new, at the root", true, { { "vendor/top.go", R, 1 }, { "vendor/modules.txt", R, 1 }, { "vendor/x/a.go", R, 1 } }, "0 ", 0 },
		{ "old, below", false, { { "p/vendor/v.go", R, 1 }, { "p/vendor/modules.txt", R, 1 }, { "p/vendor/x/a.go", R, 1 } }, "", 0 },
		{ "new, below", true, { { "p/vendor/v.go", R, 1 }, { "p/vendor/modules.txt", R, 1 }, { "p/vendor/x/a.go", R, 1 } }, "0 1 ", 0 },
		{ "new, the first one counts", true, { { "p/vendor/vendor/x", R, 1 } }, "", 0 },
		{ "other words", false, { { "vendors/x/a", R, 1 }, { "myvendor/x/a", R, 1 }, { "a/vendor", R, 1 } }, "0 1 2 ", 0 },
		{ "a file", true, { { "vendor", R, 1 } }, "0 ", 0 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		run(&rows[i]);
}

static void test_refused(void **state)
{
	static const struct row rows[] = {
		{ "empty", false, { { "", R, 1 } }, NULL, MODULE_ERR },
		{ "absolute", false, { { "/a", R, 1 } }, NULL, MODULE_ERR },
		{ "dot", false, { { "./a", R, 1 } }, NULL, MODULE_ERR },
		{ "dot alone", false, { { ".", R, 1 } }, NULL, MODULE_ERR },
		{ "up", false, { { "../a", R, 1 } }, NULL, MODULE_ERR },
		{ "up and down", false, { { "a/../b", R, 1 } }, NULL, MODULE_ERR },
		{ "not clean below vendor", false, { { "vendor/x/../y/z", R, 1 } }, NULL, MODULE_ERR },
		{ "two slashes", false, { { "a//b", R, 1 } }, NULL, MODULE_ERR },
		{ "slash at the end", false, { { "a/", R, 1 } }, NULL, MODULE_ERR },
		{ "dot at the end", false, { { "a.", R, 1 } }, NULL, MODULE_ERR },
		{ "dots", false, { { "...", R, 1 } }, NULL, MODULE_ERR },
		{ "colon", false, { { "a:b", R, 1 } }, NULL, MODULE_ERR },
		{ "backslash", false, { { "a\\b", R, 1 } }, NULL, MODULE_ERR },
		{ "quote", false, { { "a'b", R, 1 } }, NULL, MODULE_ERR },
		{ "double quote", false, { { "a\"b", R, 1 } }, NULL, MODULE_ERR },
		{ "star", false, { { "a*", R, 1 } }, NULL, MODULE_ERR },
		{ "backquote", false, { { "a`", R, 1 } }, NULL, MODULE_ERR },
		{ "newline", false, { { "a\nb", R, 1 } }, NULL, MODULE_ERR },
		{ "emoji", false, { { "\xf0\x9f\x98\x80", R, 1 } }, NULL, MODULE_ERR },
		{ "combining accent", false, { { "e\xcc\x81", R, 1 } }, NULL, MODULE_ERR },
		{ "digit of the world", false, { { "\xd9\xa3", R, 1 } }, NULL, MODULE_ERR },
		{ "broken UTF-8", false, { { "\xff", R, 1 } }, NULL, MODULE_ERR },
		{ "device", false, { { "a/AUX.txt", R, 1 } }, NULL, MODULE_ERR },
		{ "bad name on a link", false, { { "a:b", L, 1 } }, NULL, MODULE_ERR },
		{ "go.mod in capitals", false, { { "GO.MOD", R, 1 } }, NULL, MODULE_ERR },
		{ "go.mod in capitals, a link", false, { { "Go.mod", L, 1 } }, NULL, MODULE_ERR },
		{ "case", false, { { "a.go", R, 1 }, { "A.go", R, 1 } }, NULL, MODULE_ERR },
		{ "case of a link", false, { { "a.go", R, 1 }, { "A.go", L, 1 } }, NULL, MODULE_ERR },
		{ "case of a directory", false, { { "sub/a", R, 1 }, { "x", R, 1 }, { "Sub/b", R, 1 } }, NULL, MODULE_ERR },
		{ "case deep down", false, { { "a/b/c/x", R, 1 }, { "a/b/d", R, 1 }, { "a/B/e", R, 1 } }, NULL, MODULE_ERR },
		{ "file and directory", false, { { "a", R, 1 }, { "a/b", R, 1 } }, NULL, MODULE_ERR },
		{ "file and directory, others between by bytes", false, { { "a/b", R, 1 }, { "a-c", R, 1 }, { "a", R, 1 } }, NULL, MODULE_ERR },
		{ "file and directory by case", false, { { "LICENSE/x", R, 1 }, { "license", R, 1 } }, NULL, MODULE_ERR },
		{ "Kelvin", false, { { "k", R, 1 }, { "\xe2\x84\xaa", R, 1 } }, NULL, MODULE_ERR },
		{ "long s", false, { { "S/a", R, 1 }, { "\xc5\xbf/b", R, 1 } }, NULL, MODULE_ERR },
		{ "e acute", false, { { "\xc3\xa9", R, 1 }, { "\xc3\x89", R, 1 } }, NULL, MODULE_ERR },
		{ "three sigmas", false, { { "\xcf\x83", R, 1 }, { "\xcf\x82", R, 1 } }, NULL, MODULE_ERR },
		{ "twice", false, { { "a", R, 1 }, { "b", R, 1 }, { "a", R, 1 } }, NULL, MODULE_ERR },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		run(&rows[i]);
}

static void test_sizes(void **state)
{
	static const struct row rows[] = {
		{ "all at the limit", false, { { "a", R, MODULE_ZIP_BYTES_MAX } }, "0 ", 0 },
		{ "one above", false, { { "a", R, MODULE_ZIP_BYTES_MAX + 1 } }, NULL, MODULE_ERR_LIMIT },
		{ "sum at the limit", false, { { "a", R, MODULE_ZIP_BYTES_MAX - 1 }, { "b", R, 1 } }, "0 1 ", 0 },
		{ "sum above", false, { { "a", R, MODULE_ZIP_BYTES_MAX }, { "b", R, 1 } }, NULL, MODULE_ERR_LIMIT },
		{ "links and the left out weigh nothing", false,
			{ { "a", R, MODULE_ZIP_BYTES_MAX }, { "b", L, 1 }, { "vendor/x/y", R, 1 }, { "c", X, 1 } }, "0 ", 0 },
		{ "negative", false, { { "a", R, -1 } }, NULL, MODULE_ERR_LIMIT },
		{ "go.mod at its limit", false, { { "go.mod", R, MODULE_GOMOD_BYTES_MAX } }, "0 ", 0 },
		{ "go.mod above", false, { { "go.mod", R, MODULE_GOMOD_BYTES_MAX + 1 } }, NULL, MODULE_ERR_LIMIT },
		{ "LICENSE at its limit", false, { { "LICENSE", R, MODULE_LICENSE_BYTES_MAX } }, "0 ", 0 },
		{ "LICENSE above", false, { { "LICENSE", R, MODULE_LICENSE_BYTES_MAX + 1 } }, NULL, MODULE_ERR_LIMIT },
		{ "LICENSE elsewhere", false, { { "sub/LICENSE", R, MODULE_LICENSE_BYTES_MAX + 1 } }, "0 ", 0 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		run(&rows[i]);
}

static void test_count(void **state)
{
	struct module_files *files = NULL;
	char path[32];

	(void)state;
	assert_int_equal(module_files_open(&files, NULL), 0);
	for (size_t i = 0; i < MODULE_FILES_MAX; i++) {
		int len = snprintf(path, sizeof(path), "%zu/x", i);
		if (module_files_add(files, slice_make(path, (size_t)len), MODULE_FILE_REGULAR, 1, i, NULL) != 0)
			fail_msg("file %zu was refused", i);
	}
	assert_int_equal(module_files_add(files, SLICE("more"), MODULE_FILE_REGULAR, 1, 0, NULL), MODULE_ERR_LIMIT);
	assert_int_equal(module_files_check(files, false, NULL), 0);
	assert_int_equal(module_files_kept(files), MODULE_FILES_MAX);
	module_files_close(&files);
	module_files_close(&files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_included),
		cmocka_unit_test(test_vendor),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
