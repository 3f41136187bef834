/* Ranges and entity tags, by the examples of RFC 9110 and at their edges. */
#include "gateway/range.h"

#include "tests/base/rows.h"

static void test_range(void **state)
{
	static const struct {
		const char *header;
		int64_t size;
		enum range_kind kind;
		int64_t first, last;
	} rows[] = {
		{ NULL, 100, RANGE_WHOLE, 0, 0 },
		{ "bytes=0-9", 100, RANGE_PART, 0, 9 },
		{ "bytes=0-0", 100, RANGE_PART, 0, 0 },
		{ "bytes=90-", 100, RANGE_PART, 90, 99 },
		{ "bytes=-10", 100, RANGE_PART, 90, 99 },
		{ "bytes=-1000", 100, RANGE_PART, 0, 99 },
		{ "bytes=99-1000", 100, RANGE_PART, 99, 99 },
		{ "bytes=100-", 100, RANGE_UNSATISFIABLE, 0, 0 },
		{ "bytes=100-200", 100, RANGE_UNSATISFIABLE, 0, 0 },
		{ "bytes=-0", 100, RANGE_UNSATISFIABLE, 0, 0 },
		{ "bytes=0-", 0, RANGE_UNSATISFIABLE, 0, 0 },
		{ "BYTES = 1 - 2", 100, RANGE_PART, 1, 2 },
		{ "bytes=9-1", 100, RANGE_WHOLE, 0, 0 },
		{ "bytes=a-b", 100, RANGE_WHOLE, 0, 0 },
		{ "bytes=--1", 100, RANGE_WHOLE, 0, 0 },
		{ "bytes=0-1,4-5", 100, RANGE_WHOLE, 0, 0 },
		{ "bytes=99999999999999999999-", 100, RANGE_WHOLE, 0, 0 },
		{ "lines=0-1", 100, RANGE_WHOLE, 0, 0 },
		{ "bytes", 100, RANGE_WHOLE, 0, 0 },
		{ "", 100, RANGE_WHOLE, 0, 0 },
	};
	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		const char *name = rows[i].header != NULL ? rows[i].header : "none";
		int64_t first = -1, last = -1;
		CHECK(name, range_parse(slice_of(rows[i].header), rows[i].size, &first, &last) == rows[i].kind);
		CHECK(name, rows[i].kind != RANGE_PART || (first == rows[i].first && last == rows[i].last));
	}
}

static void test_etag(void **state)
{
	static const struct {
		const char *header;
		bool listed, is;
	} rows[] = {
		{ "\"abc\"", true, true },
		{ " \"abc\" ", true, true },
		{ "W/\"abc\"", true, false },
		{ "\"x\", \"abc\"", true, false },
		{ "*", true, false },
		{ "\"abcd\"", false, false },
		{ "abc", false, false },
		{ "Sat, 21 Nov 2026 00:00:00 GMT", false, false },
		{ "", false, false },
	};
	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		CHECK(rows[i].header, etag_listed(slice_of(rows[i].header), SLICE("\"abc\"")) == rows[i].listed);
		CHECK(rows[i].header, etag_is(slice_of(rows[i].header), SLICE("\"abc\"")) == rows[i].is);
	}
	assert_false(etag_listed(SLICE_NONE, SLICE("\"abc\"")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_range),
		cmocka_unit_test(test_etag),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
