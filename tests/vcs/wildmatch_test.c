/* The patterns of .gitattributes, row by row; and all of them against git's own answer. */
#include "support.h"
#include "vcs/files_private.h"

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
	uint64_t steps = 0;

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		bool plain = !rows[i].plain, pathname = !rows[i].pathname;

		CHECK(rows[i].pattern, vcs_wildmatch(rows[i].pattern, slice_of(rows[i].text), false, &steps, &plain, NULL) == 0);
		CHECK(rows[i].pattern, vcs_wildmatch(rows[i].pattern, slice_of(rows[i].text), true, &steps, &pathname, NULL) == 0);
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

/* Patterns made to take for ever: each is given up after about as many steps as a pattern may have. */
static void work_is_bounded(void **state)
{
	static const struct {
		const char *name, *repeated, *tail;
		unsigned times;
		const char *text; /* repeated up to 2000 bytes */
		int want;         /* with slashes being special or not */
	} bombs[] = {
		{ "stars", "*a", "*b", 14, "aaaaaaaaaaaaaaaaaaab", 0 },
		{ "stars that fail", "*a", "b", 1000, "a", VCS_ERR_REJECTED },
		{ "stars over directories", "**/a/", "b", 6, "a/", 0 },
		{ "stars and any", "*?", "x", 14, "a/", 0 },
		{ "a long set", "[bcdefghijklmnopqrstuvwxyza]", "zz", 60, "a", 0 },
		{ "a star before long sets",
			"*["
			"bcdefghijklmnopqrstuvwxyzbcdefghijklmnopqrstuvwxyzbcdefghijklmnopqrstuvwxyzbcdefghijklmnopqrstuvwxyzbcdefghijklmnopqrstuvwxy"
			"za]",
			"zz", 1, "a", VCS_ERR_REJECTED },
		{ "colons that begin no class", "*[[:[:[:[:[:[:[:[:[:[:[:[:[:[:[:[:[:[:[:[:[:[:[:[:[:[:[:[:a]", "zz", 1, "a", VCS_ERR_REJECTED },
	};
	char text[2001];
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < LENGTH(bombs); i++) {
		struct buf pattern = BUF_INIT(4096);
		bool match = false;

		for (unsigned n = 0; n < bombs[i].times; n++)
			buf_add_text(&pattern, bombs[i].repeated);
		buf_add_text(&pattern, bombs[i].tail);
		for (size_t n = 0; n < sizeof(text) - 1; n++)
			text[n] = bombs[i].text[n % strlen(bombs[i].text)];
		text[sizeof(text) - 1] = '\0';
		for (unsigned pathname = 0; pathname < 2; pathname++) {
			uint64_t steps = 7;
			int code = vcs_wildmatch(buf_text(&pattern), slice_of(text), pathname, &steps, &match, &err);

			CHECK(bombs[i].name, code == bombs[i].want);
			CHECK(bombs[i].name, steps > 7 && steps < 2 * 200000 + 7);
		}
		buf_free(&pattern);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(table), cmocka_unit_test(as_git), cmocka_unit_test(work_is_bounded) };

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
