#include "module/pattern.h"

#include "module/path.h"
#include "tests/base/rows.h"

static void test_glob(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool matches;
	} rows[] = {
		{ "", "", true },
		{ "", "a", false },
		{ "abc", "abc", true },
		{ "abc", "ABC", false },
		{ "*", "abc", true },
		{ "*", "", true },
		{ "*", "a/b", false },
		{ "*c", "abc", true },
		{ "a*/b", "a/b", true },
		{ "a*/b", "a/c/b", false },
		{ "a*b*c*d*e*/f", "axbxcxdxe/f", true },
		{ "a*b*c*d*e*/f", "axbxcxdxexxx/fff", false },
		{ "a*b?c*x", "abxbbxdbxebxczzx", true },
		{ "a*b?c*x", "abxbbxdbxebxczzy", false },
		{ "**", "a", true },
		{ "?", "a", true },
		{ "?", "/", false },
		{ "?", "\xc3\xa9", true },
		{ "a?b", "ab", false },
		{ "[a-c]", "b", true },
		{ "[a-c]", "d", false },
		{ "[^a-c]", "d", true },
		{ "[^a-c]", "b", false },
		{ "[!a]", "!", true },
		{ "[a^]", "^", true },
		{ "[\\]a]", "]", true },
		{ "[\\-]", "-", true },
		{ "[x\\-]", "-", true },
		{ "[\xc3\xa0-\xc3\xbc]", "\xc3\xa9", true },
		{ "[z-a]", "b", false },
		{ "[*]", "*", true },
		{ "a[/]b", "a/b", true },
		{ "\\*", "*", true },
		{ "\\*", "a", false },
		{ "a\\bc", "abc", true },
		{ "[]a]", "]", false },
		{ "[", "[", false },
		{ "[a", "a", false },
		{ "[-]", "-", false },
		{ "[x-]", "x", false },
		{ "[-x]", "-", false },
		{ "[^]", "a", false },
		{ "a\\", "a", false },
		{ "*[", "a", false },
		{ "x*[a", "y", false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		CHECK(rows[i].pattern, module_glob_match(slice_of(rows[i].pattern), slice_of(rows[i].name)) == rows[i].matches);
}

static void test_list(void **state)
{
	static const struct {
		const char *list, *path;
		bool matches;
	} rows[] = {
		{ "*.corp.example", "git.corp.example/team/x", true },
		{ "*.corp.example", "corp.example/x", false },
		{ "git.corp.example", "git.corp.example", true },
		{ "git.corp.example", "git.corp.example/x/y/z", true },
		{ "git.corp.example", "git.corp.example.evil/x", false },
		{ "git.corp.example/a", "git.corp.example/ab", false },
		{ "git.corp.example/a", "git.corp.example", false },
		{ "git.corp.example/*/secret", "git.corp.example/t/secret/v2", true },
		{ "git.corp.example/*/secret", "git.corp.example/t/open", false },
		{ "git.corp.example/", "git.corp.example/x", true },
		{ "git.corp.example//", "git.corp.example/x", false },
		{ "a.b,c.d", "c.d/x", true },
		{ ",,c.d,", "c.d/x", true },
		{ "[,c.d", "c.d/x", true },
		{ " c.d", "c.d/x", false },
		{ "C.D", "c.d/x", false },
		{ "none", "c.d/x", false },
		{ "", "c.d/x", false },
		{ "/", "c.d/x", false },
		{ "*", "c.d/x", true },
		{ "c.d/**", "c.d/x/y", true },
		{ "c.d/**", "c.d", false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		CHECK(rows[i].list, module_patterns_match(slice_of(rows[i].list), slice_of(rows[i].path)) == rows[i].matches);
	/* One pattern is no list. */
	assert_false(module_pattern_match(SLICE("a.b,c.d"), SLICE("c.d/x")));
	assert_true(module_pattern_match(SLICE("c.d/"), SLICE("c.d/x")));
}

static void test_check(void **state)
{
	static const struct {
		const char *pattern;
		bool good;
	} rows[] = {
		{ "*", true },
		{ "git.corp.example", true },
		{ "git.corp.example/", true },
		{ "a[a-z]*\\?", true },
		{ "[a-a]", true },
		{ "", false },
		{ "/", false },
		{ "a,b", false },
		{ "[", false },
		{ "[]", false },
		{ "[z-a]", false },
		{ "a\\", false },
	};
	static char longest[MODULE_PATTERN_MAX + 1];

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct err err = ERR_INIT;

		CHECK(rows[i].pattern, module_pattern_check(slice_of(rows[i].pattern), &err) == (rows[i].good ? 0 : MODULE_ERR));
		CHECK(rows[i].pattern, (err.text[0] == '\0') == rows[i].good);
	}
	memset(longest, 'a', sizeof(longest));
	assert_int_equal(module_pattern_check(slice_make(longest, MODULE_PATTERN_MAX), NULL), 0);
	assert_int_equal(module_pattern_check(slice_make(longest, MODULE_PATTERN_MAX + 1), NULL), MODULE_ERR);
}

static void test_dots(void **state)
{
	static const struct {
		const char *pattern;
		bool want;
	} rows[] = {
		{ "github.com/evil/lib/...", true },
		{ "git.corp...", true },
		{ ".../lib", true },
		{ "...", true },
		{ "github.com/a...b", false },
		{ "github.com/evil/lib/*", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		CHECK(rows[i].pattern, module_pattern_has_dots(slice_of(rows[i].pattern)) == rows[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_glob),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_dots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
