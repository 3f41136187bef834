#include "base/slice.h"

#include "tests/base/rows.h"

static void test_compare(void **state)
{
	static const struct {
		const char *name;
		struct slice a;
		struct slice b;
		int order;
		bool nocase;
	} rows[] = {
		{ "both empty", { NULL, 0 }, { "", 0 }, 0, true },
		{ "same", { "abc", 3 }, { "abc", 3 }, 0, true },
		{ "prefix is less", { "ab", 2 }, { "abc", 3 }, -1, false },
		{ "case differs", { "aBc", 3 }, { "abc", 3 }, -1, true },
		{ "high bytes are unsigned", { "\xff", 1 }, { "a", 1 }, 1, false },
		{ "behind a NUL", { "a\0b", 3 }, { "a\0c", 3 }, -1, false },
		{ "only ASCII folds", { "\xc4", 1 }, { "\xe4", 1 }, -1, false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		int order = slice_compare(rows[i].a, rows[i].b);

		CHECK(rows[i].name, (order > 0) - (order < 0) == rows[i].order);
		CHECK(rows[i].name, (slice_compare(rows[i].b, rows[i].a) < 0) == (order > 0));
		CHECK(rows[i].name, slice_equal(rows[i].a, rows[i].b) == (order == 0));
		CHECK(rows[i].name, slice_equal_nocase(rows[i].a, rows[i].b) == rows[i].nocase);
	}
	assert_true(slice_equal_text(SLICE("x"), "x"));
	assert_true(slice_equal_text(SLICE_NONE, NULL));
}

static void test_affixes(void **state)
{
	static const struct {
		const char *name;
		struct slice s;
		struct slice part;
		bool starts;
		bool ends;
		ptrdiff_t at;
	} rows[] = {
		{ "empty in empty", { NULL, 0 }, { NULL, 0 }, true, true, 0 },
		{ "empty in some", { "ab", 2 }, { NULL, 0 }, true, true, 0 },
		{ "longer", { "ab", 2 }, { "abc", 3 }, false, false, -1 },
		{ "whole", { "ab", 2 }, { "ab", 2 }, true, true, 0 },
		{ "front", { "abc", 3 }, { "ab", 2 }, true, false, 0 },
		{ "end", { "abc", 3 }, { "bc", 2 }, false, true, 1 },
		{ "behind a NUL", { "a\0bc", 4 }, { "bc", 2 }, false, true, 2 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		CHECK(rows[i].name, slice_starts(rows[i].s, rows[i].part) == rows[i].starts);
		CHECK(rows[i].name, slice_ends(rows[i].s, rows[i].part) == rows[i].ends);
		CHECK(rows[i].name, slice_find(rows[i].s, rows[i].part) == rows[i].at);
	}
}

static void test_sub(void **state)
{
	static const struct {
		const char *name;
		size_t from;
		size_t to;
		const char *want;
	} rows[] = {
		{ "all", 0, 3, "abc" },
		{ "to past the end", 1, 99, "bc" },
		{ "from past the end", 4, 99, "" },
		{ "from past to", 2, 1, "" },
		{ "inside", 1, 2, "b" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		CHECK(rows[i].name, slice_equal_text(slice_sub(SLICE("abc"), rows[i].from, rows[i].to), rows[i].want));
	assert_int_equal(slice_sub(SLICE_NONE, 1, 2).len, 0);
	assert_null(slice_after(SLICE_NONE, 7).ptr);
}

static void test_cut(void **state)
{
	struct slice before;
	struct slice after = SLICE("stale");
	struct slice s = SLICE("k=v=w");

	(void)state;
	assert_true(slice_cut(s, '=', &before, &after));
	assert_true(slice_equal_text(before, "k") && slice_equal_text(after, "v=w"));
	assert_false(slice_cut(s, '#', &before, &after));
	assert_true(slice_equal_text(before, "k=v=w") && after.len == 0);
	assert_true(slice_cut(s, '=', &before, &s));
	assert_true(slice_equal_text(s, "v=w"));
	assert_int_equal(slice_last_index(SLICE("a.b.c"), '.'), 3);
	assert_int_equal(slice_last_index(SLICE_NONE, '.'), -1);
}

static void test_next(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		const char *want; /* parts in brackets */
	} rows[] = {
		{ "empty", "", "" },
		{ "one", "a", "[a]" },
		{ "two", "a,b", "[a][b]" },
		{ "empty part", "a,,b", "[a][][b]" },
		{ "leading", ",a", "[][a]" },
		{ "the last is ended, not followed", "a,b,", "[a][b]" },
		{ "separator alone", ",", "[]" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct slice rest = slice_of(rows[i].in);
		struct slice part;
		char got[64] = "";

		while (slice_next(&rest, ',', &part))
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "[%.*s]", SLICE_ARG(part));
		CHECK(rows[i].name, strcmp(got, rows[i].want) == 0);
	}
}

static void test_number(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		long long want; /* -1: refused */
	} rows[] = {
		{ "zero", "0", 0 },
		{ "leading zero", "007", 7 },
		{ "18 digits", "999999999999999999", 999999999999999999 },
		{ "19 digits", "1000000000000000000", -1 },
		{ "empty", "", -1 },
		{ "sign", "-1", -1 },
		{ "plus", "+1", -1 },
		{ "space", " 1", -1 },
		{ "letter", "1a", -1 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		long long number = -1;

		CHECK(rows[i].name, slice_to_number(slice_of(rows[i].in), &number) == (rows[i].want >= 0));
		CHECK(rows[i].name, number == rows[i].want);
	}
}

static void test_trim_dup(void **state)
{
	char *text = slice_dup(slice_trim(SLICE(" \t a b\t ")));

	(void)state;
	assert_string_equal(text, "a b");
	free(text);
	assert_int_equal(slice_trim(SLICE(" \t ")).len, 0);
	assert_null(slice_dup(SLICE("a\0b")));
	text = slice_dup(SLICE_NONE);
	assert_string_equal(text, "");
	free(text);
}

static void test_utf8(void **state)
{
	static const struct {
		const char *name;
		struct slice in;
		bool want;
	} rows[] = {
		{ "empty", { NULL, 0 }, true },
		{ "ASCII with NUL", { "a\0b", 3 }, true },
		{ "two bytes", { "\xc2\x80", 2 }, true },
		{ "three bytes", { "\xe2\x82\xac", 3 }, true },
		{ "four bytes, the last one", { "\xf4\x8f\xbf\xbf", 4 }, true },
		{ "beyond the last", { "\xf4\x90\x80\x80", 4 }, false },
		{ "overlong two", { "\xc0\x80", 2 }, false },
		{ "overlong two, c1", { "\xc1\xbf", 2 }, false },
		{ "overlong three", { "\xe0\x9f\xbf", 3 }, false },
		{ "overlong four", { "\xf0\x8f\xbf\xbf", 4 }, false },
		{ "surrogate", { "\xed\xa0\x80", 3 }, false },
		{ "before the surrogates", { "\xed\x9f\xbf", 3 }, true },
		{ "cut", { "\xe2\x82", 2 }, false },
		{ "stray continuation", { "\x80", 1 }, false },
		{ "continuation missing", { "\xe2\x82q", 3 }, false },
		{ "f5", { "\xf5\x80\x80\x80", 4 }, false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		CHECK(rows[i].name, slice_is_utf8(rows[i].in) == rows[i].want);
}

static void test_cut_utf8(void **state)
{
	static const struct {
		const char *name;
		struct slice in;
		size_t max;
		size_t want;
	} rows[] = {
		{ "shorter", BYTES("abc"), 4, 3 },
		{ "just fits", BYTES("a\xc3\xa9"), 3, 3 },
		{ "between characters", BYTES("\xc3\xa9\xc3\xa9"), 2, 2 },
		{ "inside of two bytes", BYTES("\xc3\xa9\xc3\xa9"), 3, 2 },
		{ "inside of four bytes", BYTES("a\xf0\x9f\x98\x80z"), 4, 1 },
		{ "nothing fits", BYTES("\xf0\x9f\x98\x80"), 3, 0 },
		{ "no UTF-8 anyway", BYTES("\x80\x80\x80\x80\x80\x80\x80\x80"), 6, 2 },
		{ "empty", { NULL, 0 }, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		CHECK(rows[i].name, slice_cut_utf8(rows[i].in, rows[i].max).len == rows[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_affixes),
		cmocka_unit_test(test_sub),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_trim_dup),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_cut_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
