#include "base/buf.h"

#include "tests/base/rows.h"

static void test_limit(void **state)
{
	static const struct {
		const char *name;
		size_t max;
		size_t first;
		size_t second;
		bool failed;
	} rows[] = {
		{ "nothing into nothing", 0, 0, 0, false },
		{ "one into nothing", 0, 1, 0, true },
		{ "N at once", 100, 100, 0, false },
		{ "N+1 at once", 100, 101, 0, true },
		{ "N in two", 100, 60, 40, false },
		{ "N+1 in two", 100, 60, 41, true },
		{ "beyond the first growth", 100000, 5000, 95000, false },
		{ "unlimited", SIZE_MAX, 100, 100, false },
		{ "a length that would wrap", SIZE_MAX, 1, SIZE_MAX - 1, true },
	};
	static const char bytes[100000];

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct buf buf = BUF_INIT(rows[i].max);

		buf_add(&buf, bytes, rows[i].first);
		buf_add(&buf, bytes, rows[i].second);
		CHECK(rows[i].name, buf_failed(&buf) == rows[i].failed);
		CHECK(rows[i].name, rows[i].failed || buf.len == rows[i].first + rows[i].second);
		CHECK(rows[i].name, buf.len <= buf.max);
		buf_free(&buf);
	}
}

static void test_sticky(void **state)
{
	struct buf buf = BUF_INIT(4);

	(void)state;
	buf_add_text(&buf, "abc");
	buf_add_text(&buf, "de");
	buf_add_char(&buf, 'd'); /* would fit, but the text has a hole already */
	assert_true(buf_failed(&buf));
	assert_string_equal(buf_text(&buf), "abc");
	assert_null(buf_take(&buf));
	buf_reset(&buf);
	assert_false(buf_failed(&buf));
	buf_printf(&buf, "%d%s", 12, "ab");
	assert_string_equal(buf_text(&buf), "12ab");
	buf_printf(&buf, "%c", 'x');
	assert_true(buf_failed(&buf));
	buf_free(&buf);
}

static void test_take(void **state)
{
	struct buf buf = BUF_INIT(10);
	char *text;

	(void)state;
	assert_string_equal(buf_text(&buf), "");
	text = buf_take(&buf);
	assert_string_equal(text, "");
	free(text);
	buf_add_slice(&buf, SLICE("a\0b"));
	assert_int_equal(buf_slice(&buf).len, 3);
	text = buf_take(&buf);
	assert_memory_equal(text, "a\0b", 4);
	free(text);
	assert_int_equal(buf.len, 0);
	buf_add_text(&buf, "0123456789");
	assert_false(buf_failed(&buf));
	buf_wipe(&buf);
	assert_null(buf.ptr);
	assert_int_equal(buf.max, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_sticky),
		cmocka_unit_test(test_take),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
