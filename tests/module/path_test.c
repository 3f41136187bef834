#include "module/path.h"

#include "tests/base/rows.h"

static void test_check(void **state)
{
	static const struct {
		const char *name;
		struct slice path;
		bool valid;
	} rows[] = {
		{ "host and element", BYTES("github.com/pkg/errors"), true },
		{ "host alone", BYTES("example.com"), true },
		{ "capitals behind the host", BYTES("github.com/BurntSushi/toml"), true },
		{ "all marks", BYTES("x.y/a-b_c~d.e"), true },
		{ "empty", BYTES(""), false },
		{ "broken UTF-8", BYTES("x.y/\xff"), false },
		{ "a letter beyond ASCII", BYTES("x.y/\xc3\xa9"), false },
		{ "NUL", BYTES("x.y/a\0b"), false },
		{ "leading dash", BYTES("-x.y/z"), false },
		{ "leading slash", BYTES("/x.y"), false },
		{ "trailing slash", BYTES("x.y/"), false },
		{ "two slashes", BYTES("x.y//z"), false },
		{ "dot", BYTES("x.y/./z"), false },
		{ "dots", BYTES("x.y/../z"), false },
		{ "element begins with a dot", BYTES("x.y/.z"), false },
		{ "element ends with a dot", BYTES("x.y/z."), false },
		{ "space", BYTES("x.y/a b"), false },
		{ "at", BYTES("x.y/a@v1"), false },
		{ "escaped", BYTES("x.y/!a"), false },
		{ "plus", BYTES("x.y/a+b"), false },
		{ "device", BYTES("x.y/con"), false },
		{ "device in capitals with an ending", BYTES("x.y/AUX.txt"), false },
		{ "device with a number", BYTES("x.y/lpt9/z"), false },
		{ "no such device", BYTES("x.y/com0"), true },
		{ "longer than a device", BYTES("x.y/com10"), true },
		{ "device behind a dot", BYTES("x.y/a.con"), true },
		{ "short name", BYTES("x.y/foo~1"), false },
		{ "short name before a dot", BYTES("x.y/foo~12.txt"), false },
		{ "tilde alone", BYTES("x.y/~"), true },
		{ "tilde and letters", BYTES("x.y/foo~1a"), true },
		{ "tilde behind the dot", BYTES("x.y/foo.b~1"), true },
		{ "no dot in the host", BYTES("example/com"), false },
		{ "capital in the host", BYTES("Example.com/x"), false },
		{ "underscore in the host", BYTES("my_host.com/x"), false },
		{ "dash in the host", BYTES("my-host.com/x"), true },
		{ "v2", BYTES("x.y/z/v2"), true },
		{ "v1", BYTES("x.y/z/v1"), false },
		{ "v0", BYTES("x.y/z/v0"), false },
		{ "v02", BYTES("x.y/z/v02"), false },
		{ "v2.1", BYTES("x.y/z/v2.1"), false },
		{ "gopkg.in without a version", BYTES("gopkg.in/yaml"), false },
		{ "gopkg.in v0", BYTES("gopkg.in/yaml.v0"), true },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct err err = ERR_INIT;

		CHECK(rows[i].name, (module_path_check(rows[i].path, &err) == 0) == rows[i].valid);
		CHECK(rows[i].name, (err.text[0] == '\0') == rows[i].valid);
		CHECK(rows[i].name, module_path_check(rows[i].path, NULL) == (rows[i].valid ? 0 : MODULE_ERR));
	}
}

static void test_longest(void **state)
{
	char path[MODULE_PATH_MAX + 1];

	(void)state;
	memset(path, 'a', sizeof(path));
	memcpy(path, "x.y/", 4);
	assert_int_equal(module_path_check(slice_make(path, MODULE_PATH_MAX), NULL), 0);
	assert_int_equal(module_path_check(slice_make(path, MODULE_PATH_MAX + 1), NULL), MODULE_ERR);
}

static void test_split(void **state)
{
	static const struct {
		const char *path;
		const char *prefix, *major; /* NULL: invalid */
	} rows[] = {
		{ "x.y/z", "x.y/z", "" },
		{ "x.y/z/v2", "x.y/z", "/v2" },
		{ "x.y/z/v10", "x.y/z", "/v10" },
		{ "x.y/z/v99999999999999999999", "x.y/z", "/v99999999999999999999" },
		{ "x.y/z2", "x.y/z2", "" },
		{ "x.y/zv2", "x.y/zv2", "" },
		{ "x.y/z/v", "x.y/z/v", "" },
		{ "x.y/z/v2.", NULL, NULL },
		{ "x.y/z/v0", NULL, NULL },
		{ "x.y/z/v1", NULL, NULL },
		{ "x.y/z/v01", NULL, NULL },
		{ "x.y/z/v1.2", NULL, NULL },
		{ "v2", "v2", "" },
		{ "/v2", "", "/v2" },
		{ "", "", "" },
		{ "gopkg.in/yaml.v2", "gopkg.in/yaml", ".v2" },
		{ "gopkg.in/yaml.v0", "gopkg.in/yaml", ".v0" },
		{ "gopkg.in/yaml.v1", "gopkg.in/yaml", ".v1" },
		{ "gopkg.in/user/yaml.v3-unstable", "gopkg.in/user/yaml", ".v3-unstable" },
		{ "gopkg.in/yaml.v0-unstable", NULL, NULL },
		{ "gopkg.in/yaml.v02", NULL, NULL },
		{ "gopkg.in/yaml", NULL, NULL },
		{ "gopkg.in/yaml/v2", NULL, NULL },
		{ "gopkg.in/yaml.v2/abc", NULL, NULL },
		{ "gopkg.in/yaml.v", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct slice prefix = SLICE("untouched"), major = SLICE("untouched");
		bool valid = module_path_split_major(slice_of(rows[i].path), &prefix, &major);

		CHECK(rows[i].path, valid == (rows[i].prefix != NULL));
		CHECK(rows[i].path, slice_equal_text(prefix, valid ? rows[i].prefix : "untouched"));
		CHECK(rows[i].path, slice_equal_text(major, valid ? rows[i].major : "untouched"));
	}
}

static void test_fits(void **state)
{
	static const struct {
		const char *version, *major, *prefix;
		bool fits;
	} rows[] = {
		{ "v0.1.0", "", "", true },
		{ "v1.9.0", "", "", true },
		{ "v2.0.0", "", "", false },
		{ "v2.0.0+incompatible", "", "", true },
		{ "v2.0.0+other", "", "", false },
		{ "v2.1.0", "/v2", "v2", true },
		{ "v3.0.0", "/v2", "v2", false },
		{ "v1.0.0", "/v2", "v2", false },
		{ "v20.0.0", "/v2", "v2", false },
		{ "v2.0.0+incompatible", "/v2", "v2", true },
		{ "v3.0.0+incompatible", "/v2", "v2", false },
		{ "v2.2.1", ".v2", "v2", true },
		{ "v3.0.0", ".v3-unstable", "v3", true },
		{ "v2.0.0", ".v3-unstable", "v3", false },
		{ "v0.0.0-20161208181325-20d25e280405", ".v1", "v1", true },
		{ "v0.0.0-20161208181325-20d25e280405", ".v1-unstable", "v1", true },
		{ "v0.0.0-20161208181325-20d25e280405", ".v2", "v2", false },
		{ "v0.0.0", ".v1", "v1", false },
		{ "v0.1.0", ".v0", "v0", true },
		{ "bad", "", "", false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		CHECK(rows[i].version, module_version_fits(slice_of(rows[i].version), slice_of(rows[i].major)) == rows[i].fits);
		CHECK(rows[i].version, slice_equal_text(module_path_major_prefix(slice_of(rows[i].major)), rows[i].prefix));
	}
}

static void test_pair(void **state)
{
	static const struct {
		const char *path, *version;
		bool valid;
	} rows[] = {
		{ "x.y/z", "v1.2.3", true },
		{ "x.y/z", "v1.2.3-pre", true },
		{ "x.y/z", "v2.0.0+incompatible", true },
		{ "x.y/z/v2", "v2.0.0", true },
		{ "x.y/z", "v1.2", false },
		{ "x.y/z", "v1.2.3+meta", false },
		{ "x.y/z", "v2.0.0", false },
		{ "x.y/z/v2", "v1.0.0", false },
		{ "x.y/z", "master", false },
		{ "x.y/z", "", false },
		{ "X.y/z", "v1.2.3", false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		CHECK(rows[i].version, (module_check(slice_of(rows[i].path), slice_of(rows[i].version), NULL) == 0) == rows[i].valid);
}

static void test_prefix(void **state)
{
	static const struct {
		const char *path, *prefix;
		bool has;
	} rows[] = {
		{ "a.b/c", "a.b", true },
		{ "a.b/c", "a.b/c", true },
		{ "a.b/cd", "a.b/c", false },
		{ "a.b", "a.b/c", false },
		{ "a.b/c", "", false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		CHECK(rows[i].path, module_path_has_prefix(slice_of(rows[i].path), slice_of(rows[i].prefix)) == rows[i].has);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_fits),
		cmocka_unit_test(test_pair),
		cmocka_unit_test(test_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
