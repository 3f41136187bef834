#include "module/path.h"

#include "tests/base/rows.h"

typedef int conversion(struct slice in, struct buf *out, struct err *err);

struct row {
	const char *name;
	struct slice in;
	const char *want; /* NULL: refused */
};

static void check_rows(const struct row *rows, size_t count, conversion *convert)
{
	for (size_t i = 0; i < count; i++) {
		struct buf out = BUF_INIT(4096);
		struct err err = ERR_INIT;
		int status = convert(rows[i].in, &out, &err);

		CHECK(rows[i].name, status == (rows[i].want == NULL ? MODULE_ERR : 0));
		CHECK(rows[i].name, slice_equal_text(buf_slice(&out), rows[i].want == NULL ? "" : rows[i].want));
		CHECK(rows[i].name, (err.text[0] != '\0') == (rows[i].want == NULL));
		buf_free(&out);
	}
}

static void test_path(void **state)
{
	static const struct row escape[] = {
		{ "small letters", BYTES("github.com/pkg/errors"), "github.com/pkg/errors" },
		{ "capitals", BYTES("github.com/BurntSushi/TOML"), "github.com/!burnt!sushi/!t!o!m!l" },
		{ "invalid path", BYTES("github.com/a b"), NULL },
		{ "bang", BYTES("github.com/!a"), NULL },
	};
	static const struct row unescape[] = {
		{ "small letters", BYTES("github.com/pkg/errors"), "github.com/pkg/errors" },
		{ "capitals", BYTES("github.com/!burnt!sushi"), "github.com/BurntSushi" },
		{ "a capital", BYTES("github.com/Burnt"), NULL },
		{ "bang and capital", BYTES("github.com/!Burnt"), NULL },
		{ "bang and digit", BYTES("github.com/!1"), NULL },
		{ "two bangs", BYTES("github.com/!!a"), NULL },
		{ "bang at the end", BYTES("github.com/a!"), NULL },
		{ "beyond ASCII", BYTES("github.com/\xc3\xa9"), NULL },
		{ "NUL", BYTES("github.com/\0"), NULL },
		{ "invalid path", BYTES("github.com/../a"), NULL },
		{ "capital host", BYTES("!github.com/a"), NULL },
		{ "empty", BYTES(""), NULL },
	};

	(void)state;
	check_rows(escape, LENGTH(escape), module_escape_path);
	check_rows(unescape, LENGTH(unescape), module_unescape_path);
}

static void test_version(void **state)
{
	static const struct row escape[] = {
		{ "version", BYTES("v1.2.3-RC1+incompatible"), "v1.2.3-!r!c1+incompatible" },
		{ "branch", BYTES("Main"), "!main" },
		{ "marks", BYTES("a#b,c=d@e"), "a#b,c=d@e" },
		{ "space", BYTES("a b"), "a b" },
		{ "slash", BYTES("feature/x"), NULL },
		{ "bang", BYTES("a!b"), NULL },
		{ "beyond ASCII", BYTES("\xc3\xa9"), NULL },
		{ "device", BYTES("aux"), NULL },
		{ "dots", BYTES(".."), NULL },
		{ "dot at the end", BYTES("v1."), NULL },
		{ "colon", BYTES("a:b"), NULL },
		{ "empty", BYTES(""), NULL },
	};
	static const struct row unescape[] = {
		{ "version", BYTES("v1.2.3-!r!c1"), "v1.2.3-RC1" },
		{ "capital", BYTES("V1"), NULL },
		{ "slash", BYTES("a/b"), NULL },
		{ "bang at the end", BYTES("v1!"), NULL },
		{ "device made by unescaping", BYTES("!a!u!x"), NULL },
		{ "beyond ASCII", BYTES("v1\xc3\xa9"), NULL },
		{ "empty", BYTES(""), NULL },
	};

	(void)state;
	check_rows(escape, LENGTH(escape), module_escape_version);
	check_rows(unescape, LENGTH(unescape), module_unescape_version);
}

static void test_longest(void **state)
{
	static char text[MODULE_PATH_MAX + 1];
	struct buf out = BUF_INIT(2 * sizeof(text));

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_int_equal(module_escape_version(slice_make(text, MODULE_VERSION_MAX), &out, NULL), 0);
	assert_int_equal(module_escape_version(slice_make(text, MODULE_VERSION_MAX + 1), &out, NULL), MODULE_ERR);
	assert_int_equal(module_unescape_version(slice_make(text, MODULE_VERSION_MAX), &out, NULL), 0);
	assert_int_equal(module_unescape_version(slice_make(text, MODULE_VERSION_MAX + 1), &out, NULL), MODULE_ERR);
	memcpy(text, "x.y/", 4);
	assert_int_equal(module_unescape_path(slice_make(text, MODULE_PATH_MAX), &out, NULL), 0);
	assert_int_equal(module_unescape_path(slice_make(text, MODULE_PATH_MAX + 1), &out, NULL), MODULE_ERR);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
