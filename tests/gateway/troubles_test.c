#include "gateway/troubles.h"

#include <stdio.h>
#include <string.h>

#include "tests/base/rows.h"

#define SECOND_US 1000000LL
#define START_US  (1000 * SECOND_US)

static void test_one_line_a_minute(void **state)
{
	static const struct {
		const char *name, *what;
		int64_t at_s;
		bool want;
		uint64_t untold;
	} rows[] = {
		{ "the first", "upstreams", 0, true, 0 },
		{ "right after it", "upstreams", 1, false, 0 },
		{ "another", "git.example/x", 1, true, 0 },
		{ "just before the minute is over", "upstreams", TROUBLES_QUIET_S - 1, false, 0 },
		{ "then it stands for those", "upstreams", TROUBLES_QUIET_S, true, 2 },
		{ "and begins anew", "upstreams", TROUBLES_QUIET_S + 1, false, 0 },
		{ "the other had none", "git.example/x", TROUBLES_QUIET_S + 1, true, 0 },
	};
	struct troubles troubles;
	(void)state;
	troubles_init(&troubles);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		uint64_t untold = 0;
		CHECK(rows[i].name, troubles_count(&troubles, slice_of(rows[i].what), START_US + rows[i].at_s * SECOND_US, &untold) == rows[i].want);
		CHECK(rows[i].name, untold == rows[i].untold);
	}
	troubles_destroy(&troubles);
}

/* However many names fail, the log gets no more lines than there are places. */
static size_t lines_of(struct troubles *troubles, size_t names, int64_t at_us)
{
	size_t lines = 0;
	for (size_t i = 0; i < names; i++) {
		char what[32];
		uint64_t untold;
		snprintf(what, sizeof(what), "git.example/%zu", i);
		lines += troubles_count(troubles, slice_of(what), at_us, &untold);
	}
	return lines;
}

static void test_bounded(void **state)
{
	struct troubles troubles;
	(void)state;
	troubles_init(&troubles);
	assert_int_equal(lines_of(&troubles, TROUBLES_MAX * 4, START_US), TROUBLES_MAX + 1);
	assert_int_equal(lines_of(&troubles, TROUBLES_MAX * 4, START_US + SECOND_US), 0);
	troubles_destroy(&troubles);
}

/* What failed once, more often than it was told, and then no more, keeps its place from nobody. */
static void test_places_come_back(void **state)
{
	struct troubles troubles;
	uint64_t untold = 0;
	(void)state;
	troubles_init(&troubles);
	assert_int_equal(lines_of(&troubles, TROUBLES_MAX + 1, START_US), TROUBLES_MAX + 1);
	assert_int_equal(lines_of(&troubles, TROUBLES_MAX + 1, START_US + SECOND_US), 0);
	for (size_t i = 0; i < 2; i++)
		assert_true(troubles_count(&troubles, slice_of(i == 0 ? "one" : "other"), START_US + TROUBLES_QUIET_S * SECOND_US, &untold));
	assert_int_equal(untold, 0);
	/* An old one of those that were left in place still says what it owes. */
	assert_true(troubles_count(&troubles, SLICE("git.example/9"), START_US + TROUBLES_QUIET_S * SECOND_US, &untold));
	assert_int_equal(untold, 1);
	troubles_destroy(&troubles);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_line_a_minute),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_places_come_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
