/* The patterns of .gitattributes, row by row; and all of them against git's own answer. */
#include "support.h"

static const struct {
	const char *pattern, *text;
	bool plain, pathname; /* does it match without, and with, '/' being special? */
} rows[] = {
	{ "a", "a", true, true },
	{ "a", "b", false, false },
	{ "a", "ab", false, false },
	{ "ab", "a", false, false },
	{ "?", "a", true, true },
	{ "?", "/", true, false },
	{ "*", "abc", true, true },
	{ "*", "a/b", true, false },
	{ "*", "", true, true },
	{ "a*c", "abbc", true, true },
	{ "a*c", "a/c", true, false },
	{ "*.c", "x.c", true, true },
	{ "*.c", "x.h", false, false },
	{ "*/x", "a/x", true, true },
	{ "*/x", "a/b/x", true, false },
	{ "a/*/x", "a/b/x", true, true },
	{ "a/*/x", "a/x", false, false },
	{ "**/x", "x", false, true },
	{ "**/x", "a/b/x", true, true },
	{ "a/**", "a/b/c", true, true },
	{ "a/**", "a", false, false },
	{ "a/**/x", "a/x", false, true },
	{ "a/**/x", "a/b/c/x", true, true },
	{ "a**x", "a/b/x", true, false },
	{ "a**x", "abx", true, true },
	{ "**", "a/b", true, true },
	{ "foo/**/**/x", "foo/x", false, true },
	{ "[abc]", "b", true, true },
	{ "[!abc]", "b", false, false },
	{ "[^abc]", "d", true, true },
	{ "[a-c]x", "bx", true, true },
	{ "[a-c]x", "dx", false, false },
	{ "[]a]", "]", true, true },
	{ "[!]a]", "b", true, true },
	{ "[a-]", "-", true, true },
	{ "[\\]]", "]", true, true },
	{ "[a-\\c]", "b", true, true },
	{ "[[:digit:]]", "5", true, true },
	{ "[[:digit:]a]", "a", true, true },
	{ "[[:digit:]]", "x", false, false },
	{ "[[:nonsense:]]", "x", false, false },
	{ "[[:a]", ":", true, true },
	{ "[abc", "a", false, false },
	{ "[!a]", "/", true, false },
	{ "\\*", "*", true, true },
	{ "\\*", "a", false, false },
	{ "a\\", "a", false, false },
	{ "\\a", "a", true, true },
	{ "*a*b*c", "xaybzc", true, true },
	{ "*a*b*c", "xaybz", false, false },
};

static void table(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		bool plain = !rows[i].plain, pathname = !rows[i].pathname;

		CHECK(rows[i].pattern, vcs_wildmatch(rows[i].pattern, slice_of(rows[i].text), false, &plain, NULL) == 0);
		CHECK(rows[i].pattern, vcs_wildmatch(rows[i].pattern, slice_of(rows[i].text), true, &pathname, NULL) == 0);
		CHECK(rows[i].pattern, plain == rows[i].plain);
		CHECK(rows[i].pattern, pathname == rows[i].pathname);
	}
}

/* The column `pathname` is what git says: a pattern with a slash is matched so. Each row is a line of its own directory's attributes. */
static void as_git(void **state)
{
	struct buf script = BUF_INIT(1 << 20);

	buf_add_text(&script, "git init -q attr; cd attr; ");
	for (size_t i = 0; i < LENGTH(rows); i++) {
		if (rows[i].text[0] == '\0' || rows[i].text[0] == '/')
			continue;
		buf_printf(&script, "mkdir -p r%zu; cat > r%zu/.gitattributes <<'END'\n/%s yes\nEND\n", i, i, rows[i].pattern);
		buf_printf(&script, "test \"$(git check-attr yes 'r%zu/%s')\" = 'r%zu/%s: yes: %s' || { echo 'row %s %s' >&2; exit 1; };\n", i,
			rows[i].text, i, rows[i].text, rows[i].pathname ? "set" : "unspecified", rows[i].pattern, rows[i].text);
	}
	assert_false(buf_failed(&script));
	shell(*state, buf_text(&script));
	buf_free(&script);
}

/* A pattern made to take for ever is refused, in time. */
static void work_is_bounded(void **state)
{
	static const char *const patterns[] = { "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", "**/a/**/a/**/a/**/a/**/a/**/a/**/b",
		"*?*?*?*?*?*?*?*?*?*?*?*?*?*?*x" };
	char text[2001], stars[2001];
	struct err err = ERR_INIT;
	bool match = true;

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = i % 2 ? '/' : 'a';
	text[sizeof(text) - 1] = '\0';
	for (size_t i = 0; i < LENGTH(patterns); i++) {
		int64_t begun_us = clock_monotonic_us(&clock_system);

		vcs_wildmatch(patterns[i], slice_of(text), true, &match, &err);
		vcs_wildmatch(patterns[i], slice_of(text), false, &match, &err);
		CHECK(patterns[i], !match && clock_monotonic_us(&clock_system) - begun_us < 1000000);
	}
	for (size_t i = 0; i < sizeof(stars) - 1; i++)
		stars[i] = i % 2 ? 'a' : '*';
	stars[sizeof(stars) - 1] = '\0';
	memset(text, 'a', sizeof(text) - 1);
	assert_int_equal(vcs_wildmatch(stars, slice_of(text), false, &match, &err), VCS_ERR_REJECTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(table), cmocka_unit_test(as_git), cmocka_unit_test(work_is_bounded) };

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
