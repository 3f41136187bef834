#include "module/gomod.h"

#include <time.h>

#include "module/path.h"
#include "module/semver.h"
#include "tests/base/rows.h"

static void test_module_path(void **state)
{
	static const struct {
		const char *name;
		struct slice file;
		const char *want; /* NULL: none */
	} rows[] = {
		{ "plain", BYTES("module a.b/c\n"), "a.b/c" },
		{ "no newline", BYTES("module a.b/c"), "a.b/c" },
		{ "CRLF", BYTES("module a.b/c\r\n"), "a.b/c" },
		{ "comment behind", BYTES("module a.b/c // said\n"), "a.b/c" },
		{ "later line", BYTES("// hi\n\ngo 1.24\nmodule a.b/c\n"), "a.b/c" },
		{ "the first counts", BYTES("module a\nmodule b\n"), "a" },
		{ "among errors", BYTES("/* no */ (((\nmodule a.b/c\n"), "a.b/c" },
		{ "quoted", BYTES("module \"a.b/\\x63\"\n"), "a.b/c" },
		{ "backquoted", BYTES("module `a.b/c`\n"), "a.b/c" },
		{ "several words", BYTES("module a b\n"), "a b" },
		{ "odd spaces",
			BYTES("\xc2\xa0module\xe3\x80\x80"
			      "a\xe2\x80\x83\n"),
			"a" },
		{ "tab", BYTES("\tmodule\ta\n"), "a" },
		{ "block", BYTES("module (\na.b/c\n)\n"), "(" },
		{ "byte order mark", BYTES("\xef\xbb\xbfmodule a\n"), NULL },
		{ "no space", BYTES("module\"a\"\n"), NULL },
		{ "longer word", BYTES("modules a\n"), NULL },
		{ "no name", BYTES("module\nmodule // x\n"), NULL },
		{ "empty string", BYTES("module \"\"\n"), NULL },
		{ "malformed quote ends the search", BYTES("module \"a\nmodule b\n"), NULL },
		{ "text behind the quote", BYTES("module \"a\" b\n"), NULL },
		{ "comment in the quote", BYTES("module \"a//b\"\n"), NULL },
		{ "symlink text", BYTES("../go.mod"), NULL },
		{ "empty", BYTES(""), NULL },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct buf out = BUF_INIT(100);
		bool found = gomod_module_path(rows[i].file, &out);

		CHECK(rows[i].name, found == (rows[i].want != NULL));
		CHECK(rows[i].name, !found || slice_equal_text(buf_slice(&out), rows[i].want));
		buf_free(&out);
	}
}

static void test_quotes(void **state)
{
	static const struct {
		struct slice literal;
		struct slice want; /* ptr NULL: malformed */
	} rows[] = {
		{ BYTES("\"\\a\\b\\f\\n\\r\\t\\v\\\\\\\"\""), BYTES("\a\b\f\n\r\t\v\\\"") },
		{ BYTES("\"\\x41\\101\\u0041\\U00000041\""), BYTES("AAAA") },
		{ BYTES("\"\\377\\xff\""), BYTES("\xff\xff") },
		{ BYTES("\"\\u00e9\""), BYTES("\xc3\xa9") },
		{ BYTES("\"\\U0010FFFF\""), BYTES("\xf4\x8f\xbf\xbf") },
		{ BYTES("\"\xff\""), BYTES("\xef\xbf\xbd") },
		{ BYTES("`a\\n`"), BYTES("a\\n") },
		{ BYTES("`a\rb`"), BYTES("ab") },
		{ BYTES("\"\\'\""), { NULL, 0 } },
		{ BYTES("\"\\q\""), { NULL, 0 } },
		{ BYTES("\"\\400\""), { NULL, 0 } },
		{ BYTES("\"\\18\""), { NULL, 0 } },
		{ BYTES("\"\\x4\""), { NULL, 0 } },
		{ BYTES("\"\\ud800\""), { NULL, 0 } },
		{ BYTES("\"\\U00110000\""), { NULL, 0 } },
		{ BYTES("\"\\\""), { NULL, 0 } },
		{ BYTES("\"a\"b\""), { NULL, 0 } },
		{ BYTES("\""), { NULL, 0 } },
		{ BYTES("`"), { NULL, 0 } },
		{ BYTES("`a`b`"), { NULL, 0 } },
		{ BYTES("\"a`"), { NULL, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct buf file = BUF_INIT(100), out = BUF_INIT(100);

		buf_add_text(&file, "module ");
		buf_add_slice(&file, rows[i].literal);
		CHECK(rows[i].literal.ptr, gomod_module_path(buf_slice(&file), &out) == (rows[i].want.ptr != NULL));
		CHECK(rows[i].literal.ptr, rows[i].want.ptr == NULL || slice_equal(buf_slice(&out), rows[i].want));
		buf_free(&file);
		buf_free(&out);
	}
}

static void test_parse(void **state)
{
	static const struct {
		const char *name;
		struct slice file;
		bool good;
	} rows[] = {
		{ "empty", BYTES(""), true },
		{ "usual", BYTES("module a.b/c\n\ngo 1.24\n\nrequire (\n\tx.y/z v1.2.3 // indirect\n\tx.y/w/v2 v2.0.0\n)\n"), true },
		{ "unknown verb", BYTES("whatever a b c\n"), true },
		{ "unknown block", BYTES("whatever (\n a\n b c\n)\n"), true },
		{ "block with two words", BYTES("require x (\n bad\n)\n"), true },
		{ "main module's verbs", BYTES("exclude bad\nreplace bad\ntool\ntoolchain x y\ngodebug\n"), true },
		{ "empty block", BYTES("require ()\nrequire( )\n"), true },
		{ "parentheses in a line", BYTES("x ( a ) b\ny ( ) z\n"), true },
		{ "lone parenthesis", BYTES(")\n"), true },
		{ "comments in a block", BYTES("require ( // one\n// two\n\n x.y/z v1.0.0 // three\n)\n"), true },
		{ "CRLF", BYTES("module a.b/c\r\ngo 1.24\r\n"), true },
		{ "comment marks in a word", BYTES("whatever a//b\n"), true },
		{ "quoted verb is unknown", BYTES("\"module\" a\n\"module\" b\n"), true },
		{ "short version", BYTES("require x.y/z v1\n"), true },
		{ "build", BYTES("require x.y/z v1.0.0+meta\n"), true },
		{ "incompatible", BYTES("require x.y/z v2.0.0+incompatible\n"), true },
		{ "gopkg.in of 2018", BYTES("require gopkg.in/check.v1 v0.0.0-20161208181325-20d25e280405\n"), true },
		{ "quoted arguments", BYTES("module \"a\"\nrequire \"a b\" \"v1.0.0\"\n"), true },
		{ "go block is unknown", BYTES("go (\n1.24\n1.25\nbad\n)\n"), true },
		{ "malformed retracts", BYTES("retract bad bad\nretract [v1.0.0\nretract [\nretract (\n]\n)\nretract 'x'\n"), true },
		{ "broken UTF-8 is a word", BYTES("whatever \xff\n"), true },
		{ "ignore", BYTES("ignore ./x\nignore (\n y\n)\n"), true },
		{ "block comment", BYTES("/* x */\n"), false },
		{ "block comment in a word", BYTES("whatever a/*b\n"), false },
		{ "open string", BYTES("whatever \"a\n"), false },
		{ "open raw string", BYTES("whatever `a\n`\n"), false },
		{ "open string at the end", BYTES("whatever \"a"), false },
		{ "open escape at the end", BYTES("whatever \"a\\"), false },
		{ "byte order mark", BYTES("\xef\xbb\xbfmodule a\n"), false },
		{ "NUL", BYTES("module a\0\n"), false },
		{ "no-break space",
			BYTES("module\xc2\xa0"
			      "a\n"),
			false },
		{ "open block", BYTES("require (\n"), false },
		{ "text behind a block", BYTES("require (\n) x\n"), false },
		{ "second module", BYTES("module a\nmodule a\n"), false },
		{ "second module in a block", BYTES("module (\na\nb\n)\n"), false },
		{ "module without a name", BYTES("module\n"), false },
		{ "module with two", BYTES("module a b\n"), false },
		{ "module in raw quotes", BYTES("module `a`\n"), false },
		{ "module with a quote inside", BYTES("module a'b\n"), false },
		{ "module with a bad escape", BYTES("module \"\\q\"\n"), false },
		{ "second go", BYTES("go 1.24\ngo 1.24\n"), false },
		{ "go without a version", BYTES("go\n"), false },
		{ "require without a version", BYTES("require x.y/z\n"), false },
		{ "require with three", BYTES("require x.y/z v1.0.0 x\n"), false },
		{ "require of a branch", BYTES("require x.y/z master\n"), false },
		{ "require of another major", BYTES("require x.y/z v2.0.0\n"), false },
		{ "require of a bad major path", BYTES("require x.y/z/v1 v1.0.0\n"), false },
		{ "require in a block", BYTES("require (\n x.y/z\n)\n"), false },
		{ "ignore without a path", BYTES("ignore\n"), false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct gomod gomod = { .retracts_count = 99 };
		struct err err = ERR_INIT;
		int status = gomod_parse_lax(rows[i].file, &gomod, &err);

		CHECK(rows[i].name, status == (rows[i].good ? 0 : MODULE_ERR));
		CHECK(rows[i].name, (err.text[0] == '\0') == rows[i].good);
		CHECK(rows[i].name, rows[i].good || gomod.retracts_count == 99);
		if (status == 0)
			gomod_free(&gomod);
	}
}

static void test_error_names_line(void **state)
{
	struct gomod gomod;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(gomod_parse_lax(SLICE("module a\n\nrequire (\n\tx.y/z v1.0.0\n\tx.y/w\n)\n"), &gomod, &err), MODULE_ERR);
	assert_non_null(strstr(err.text, "line 5"));
}

static void test_go(void **state)
{
	static const struct {
		const char *written;
		const char *version; /* NULL: malformed */
		bool rule_new;
	} rows[] = {
		{ "1.24", "1.24", true },
		{ "1.24.0", "1.24.0", true },
		{ "1.24.3", "1.24.3", true },
		{ "1.24rc1", "1.24rc1", true },
		{ "1.24x", "1.24", true },
		{ "1.24.x", "1.24", true },
		{ "v1.24.x", "1.24", true },
		{ "v1.24.1", "1.24", true },
		{ "1.24-custom", "1.24", true },
		{ "1.25", "1.25", true },
		{ "1.100", "1.100", true },
		{ "2.0", "2.0", true },
		{ "1.23", "1.23", false },
		{ "1.23.99", "1.23.99", false },
		{ "1.9", "1.9", false },
		{ "1.3", "1.3", false },
		{ "1.24.1rc1", "1.24.1rc1", false },
		{ "1.24rc01", "1.24rc01", false },
		{ "1", NULL, false },
		{ "v1.24", NULL, false },
		{ "01.24", NULL, false },
		{ "1.024", NULL, false },
		{ "0.24", NULL, false },
		{ "1.", NULL, false },
		{ "go1.24", NULL, false },
		{ "\"1.24\"", NULL, false },
		{ "1.24 x", NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct gomod gomod = { .go_version = NULL };
		struct buf file = BUF_INIT(100);

		buf_printf(&file, "module a\r\n\r\ngo %s\r\n", rows[i].written);
		CHECK(rows[i].written, (gomod_parse_lax(buf_slice(&file), &gomod, NULL) == 0) == (rows[i].version != NULL));
		CHECK(rows[i].written, slice_equal_text(slice_of(gomod.go_version), rows[i].version == NULL ? "" : rows[i].version));
		CHECK(rows[i].written, gomod_vendor_rule_new(buf_slice(&file)) == rows[i].rule_new);
		gomod_free(&gomod);
		/* A file that does not parse has no go version. */
		buf_add_text(&file, "require x.y/z master\n");
		CHECK(rows[i].written, !gomod_vendor_rule_new(buf_slice(&file)));
		buf_free(&file);
	}
	assert_false(gomod_vendor_rule_new(SLICE("module a\n")));
}

static void test_retract(void **state)
{
	static const char file[] =
		"module a\nretract v1.0.0 // bad\nretract (\n\t[v1.2.0, v1.3.0]\n\t[\"v1.5.0-a\" , v1.5] later\n\tbroken\n\t[none, v0.1.0]\n)\n";
	static const struct {
		const char *version;
		bool retracted;
	} rows[] = {
		{ "v1.0.0", true },
		{ "v1.0.0+incompatible", true },
		{ "v1.0.1", false },
		{ "v1.0.0-pre", false },
		{ "v1.2.0", true },
		{ "v1.2.5-rc", true },
		{ "v1.3.0", true },
		{ "v1.3.1", false },
		{ "v1.2.0-pre", false },
		{ "v1.5.0-b", true },
		{ "v1.5.0", true },
		{ "v1.5.1", false },
		{ "v0.0.1", true },
		{ "v0.1.0", true },
		{ "broken", false },
		{ "master", false },
	};
	struct gomod gomod;

	(void)state;
	assert_int_equal(gomod_parse_lax(slice_of(file), &gomod, NULL), 0);
	assert_int_equal(gomod.retracts_count, 4);
	assert_string_equal(gomod.retracts[0].low, "none");
	assert_string_equal(gomod.retracts[3].low, "v1.5.0-a");
	assert_string_equal(gomod.retracts[3].high, "v1.5");
	for (size_t i = 0; i < LENGTH(rows); i++)
		CHECK(rows[i].version, gomod_retracted(&gomod, slice_of(rows[i].version)) == rows[i].retracted);
	gomod_free(&gomod);
	assert_int_equal(gomod.retracts_count, 0);
	gomod_free(&gomod);
}

/* Intervals in any order, one in another, touching, back to front, without an end: the answer is that of each line asked in turn. */
static void test_retracts_joined(void **state)
{
	static const char *const intervals[][2] = {
		{ "v1.4.0", "v1.6.0" },
		{ "v1.1.0", "v1.9.0" },
		{ "v1.2.0", "v1.2.0" },
		{ "v2.0.0-a", "v2.0.0" },
		{ "v2.0.0", "v2.1.0" },
		{ "v3.5.0", "v3.0.0" },
		{ "v3.1.0", "never" },
		{ "never", "v0.0.3" },
		{ "v0.0.2", "v0.0.5" },
		{ "v4.0.0", "v4.0.0" },
		{ "never", "none" },
	};
	static const char *const versions[] = { "v0.0.0-x", "v0.0.3", "v0.0.4", "v0.0.5", "v0.0.6", "v1.0.9", "v1.1.0-x", "v1.1.0", "v1.3.0",
		"v1.7.0", "v1.9.0", "v1.9.1", "v2.0.0-0", "v2.0.0-a", "v2.0.0", "v2.0.1", "v2.1.0", "v2.1.1", "v3.0.0", "v3.2.0", "v3.5.0",
		"v4.0.0-x", "v4.0.0", "v4.0.1" };
	struct buf file = BUF_INIT(10000);
	struct gomod gomod;

	(void)state;
	for (size_t i = 0; i < LENGTH(intervals); i++)
		buf_printf(&file, "retract [%s, %s]\n", intervals[i][0], intervals[i][1]);
	assert_int_equal(gomod_parse_lax(buf_slice(&file), &gomod, NULL), 0);
	assert_int_equal(gomod.retracts_count, 4);
	for (size_t i = 0; i < LENGTH(versions); i++) {
		struct slice version = slice_of(versions[i]);
		bool want = false;

		for (size_t j = 0; j < LENGTH(intervals); j++)
			want |= semver_compare(slice_of(intervals[j][0]), version) <= 0 && semver_compare(version, slice_of(intervals[j][1])) <= 0;
		CHECK(versions[i], gomod_retracted(&gomod, version) == want);
	}
	gomod_free(&gomod);
	buf_free(&file);
}

/* As many lines as a go.mod may have, asked about as many versions as a repository may have tags: not one times the other. */
static void test_retracts_many(void **state)
{
	struct buf file = BUF_INIT(GOMOD_BYTES_MAX);
	struct gomod gomod;
	clock_t began = clock();

	(void)state;
	for (unsigned i = GOMOD_RETRACTS_MAX; i > 0; i--)
		buf_printf(&file, "retract v1.%u.0\n", 2 * i);
	assert_int_equal(gomod_parse_lax(buf_slice(&file), &gomod, NULL), 0);
	assert_int_equal(gomod.retracts_count, GOMOD_RETRACTS_MAX);
	for (unsigned i = 1; i < 100000; i++) {
		char version[32];

		snprintf(version, sizeof(version), "v1.%u.0", i);
		if (gomod_retracted(&gomod, slice_of(version)) != (i > 1 && i % 2 == 0))
			fail_msg("%s", version);
	}
	assert_true(clock() - began < 20 * CLOCKS_PER_SEC);
	gomod_free(&gomod);
	buf_free(&file);
}

static void test_limits(void **state)
{
	struct buf file = BUF_INIT(GOMOD_BYTES_MAX + 1);
	struct gomod gomod;

	(void)state;
	buf_add_text(&file, "go 1.24\n");
	for (size_t i = 0; i < GOMOD_RETRACTS_MAX; i++)
		buf_add_text(&file, "retract v1.0.0\n");
	assert_int_equal(gomod_parse_lax(buf_slice(&file), &gomod, NULL), 0);
	assert_int_equal(gomod.retracts_count, 1);
	gomod_free(&gomod);
	buf_add_text(&file, "retract v1.0.0\n");
	assert_int_equal(gomod_parse_lax(buf_slice(&file), &gomod, NULL), MODULE_ERR_LIMIT);
	/* The rule for vendor directories does not hang on our limit. */
	assert_true(gomod_vendor_rule_new(buf_slice(&file)));
	while (file.len < GOMOD_BYTES_MAX)
		buf_add_char(&file, '\n');
	assert_true(gomod_vendor_rule_new(buf_slice(&file)));
	buf_add_char(&file, '\n');
	assert_int_equal(gomod_parse_lax(buf_slice(&file), &gomod, NULL), MODULE_ERR_LIMIT);
	buf_reset(&file);
	for (size_t extra = 0; extra < 2; extra++) {
		buf_printf(&file, "retract v%zu.0.0-", extra);
		for (size_t i = 0; i < MODULE_VERSION_MAX - SLICE("v0.0.0-").len + extra; i++)
			buf_add_char(&file, 'a');
		buf_add_char(&file, '\n');
	}
	assert_int_equal(gomod_parse_lax(buf_slice(&file), &gomod, NULL), 0);
	assert_int_equal(gomod.retracts_count, 1);
	assert_true(slice_starts(slice_of(gomod.retracts[0].low), SLICE("v0.")));
	gomod_free(&gomod);
	buf_free(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_module_path),
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_error_names_line),
		cmocka_unit_test(test_go),
		cmocka_unit_test(test_retract),
		cmocka_unit_test(test_retracts_joined),
		cmocka_unit_test(test_retracts_many),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
