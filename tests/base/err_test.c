#include "base/err.h"

#include "tests/base/rows.h"

static void test_set(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		const char *want;
	} rows[] = {
		{ "plain", "it broke", "it broke" },
		{ "empty", "", "" },
		{ "control characters", "a\nb\rc\x1b[31m\x7f\t", "a?b?c?[31m??" },
		{ "no UTF-8", "in\xff\xc3.go\xe2\x82", "in??.go??" },
		{ "a surrogate", "a\xed\xa0\x80z", "a???z" },
		{ "what turns a line round", "a\xe2\x80\xaez", "a?z" },
		{ "of no width", "a\xe2\x80\x8bz\xef\xbb\xbf", "a?z?" },
		{ "a C1 control character", "a\xc2\x9bz", "a?z" },
		{ "private", "\xee\x80\x80\xf3\xb0\x80\x80", "??" },
		{ "beside those", "\xc2\xa0\xe2\x80\x8a\xe2\x80\xaf\xef\xa4\x80\xef\xbf\xbd\xf0\x9f\x98\x80",
			"\xc2\xa0\xe2\x80\x8a\xe2\x80\xaf\xef\xa4\x80\xef\xbf\xbd\xf0\x9f\x98\x80" },
		{ "UTF-8 stays", "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct err err = ERR_INIT;

		CHECK(rows[i].name, err_set(&err, -3, "%s", rows[i].in) == -3);
		CHECK(rows[i].name, strcmp(err.text, rows[i].want) == 0);
	}
}

static void test_null(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, -2, "x"), -2);
	assert_int_equal(err_prepend(NULL, -2, "x"), -2);
}

static void test_limit(void **state)
{
	static const struct {
		const char *name;
		size_t fill; /* letters before the two bytes of u umlaut */
		size_t want;
	} rows[] = {
		{ "fits exactly", ERR_TEXT_MAX - 3, ERR_TEXT_MAX - 1 },
		{ "half a character is dropped", ERR_TEXT_MAX - 2, ERR_TEXT_MAX - 2 },
		{ "cut before it", ERR_TEXT_MAX - 1, ERR_TEXT_MAX - 1 },
		{ "far too long", 2 * ERR_TEXT_MAX, ERR_TEXT_MAX - 1 },
	};
	char text[2 * ERR_TEXT_MAX + 3];

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct err err = ERR_INIT;

		memset(text, 'a', rows[i].fill);
		memcpy(text + rows[i].fill, "\xc3\xbc", 3);
		err_set(&err, -1, "%s", text);
		CHECK(rows[i].name, strlen(err.text) == rows[i].want);
	}
}

static void test_prepend(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	err_set(&err, -1, "no space");
	assert_int_equal(err_prepend(&err, -1, "cannot write %s", "x"), -1);
	assert_string_equal(err.text, "cannot write x: no space");
	/* The old text as an argument of the new one. */
	err_set(&err, -1, "again: %s", err.text);
	assert_string_equal(err.text, "again: cannot write x: no space");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_null),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_prepend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
