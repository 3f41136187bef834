#include "base/clock.h"

#include "tests/base/rows.h"

static void test_parse(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		const char *want; /* NULL: refused */
	} rows[] = {
		{ "epoch", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z" },
		{ "fraction", "2026-11-21T02:33:44.123456Z", "2026-11-21T02:33:44.123456Z" },
		{ "short fraction", "2026-11-21T02:33:44.5Z", "2026-11-21T02:33:44.500000Z" },
		{ "long fraction", "2026-11-21T02:33:44.123456789Z", "2026-11-21T02:33:44.123456Z" },
		{ "bare date", "2026-11-21", "2026-11-21T00:00:00.000000Z" },
		{ "east", "2026-11-21T02:33:44+05:30", "2026-11-20T21:03:44.000000Z" },
		{ "west", "2026-12-31T20:00:00-08:00", "2027-01-01T04:00:00.000000Z" },
		{ "small letters", "2026-11-21t02:33:44z", "2026-11-21T02:33:44.000000Z" },
		{ "leap day", "2024-02-29T12:00:00Z", "2024-02-29T12:00:00.000000Z" },
		{ "leap day of a century", "2000-02-29", "2000-02-29T00:00:00.000000Z" },
		{ "before the epoch", "1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z" },
		{ "first year", "0000-01-01", "0000-01-01T00:00:00.000000Z" },
		{ "last moment", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z" },
		{ "no leap day", "2023-02-29", NULL },
		{ "no leap day in 1900", "1900-02-29", NULL },
		{ "31 April", "2026-04-31", NULL },
		{ "month 0", "2026-00-01", NULL },
		{ "month 13", "2026-13-01", NULL },
		{ "day 0", "2026-01-00", NULL },
		{ "hour 24", "2026-01-01T24:00:00Z", NULL },
		{ "minute 60", "2026-01-01T00:60:00Z", NULL },
		{ "second 60", "2026-12-31T23:59:60Z", NULL },
		{ "no zone", "2026-01-01T00:00:00", NULL },
		{ "no seconds", "2026-01-01T00:00Z", NULL },
		{ "empty fraction", "2026-01-01T00:00:00.Z", NULL },
		{ "comma", "2026-01-01T00:00:00,5Z", NULL },
		{ "space for T", "2026-01-01 00:00:00Z", NULL },
		{ "offset without colon", "2026-01-01T00:00:00+0100", NULL },
		{ "offset of 24 hours", "2026-01-01T00:00:00+24:00", NULL },
		{ "trailing", "2026-01-01T00:00:00Zx", NULL },
		{ "trailing after a date", "2026-01-01x", NULL },
		{ "short year", "26-01-01", NULL },
		{ "sign", "+026-01-01", NULL },
		{ "empty", "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		int64_t us = 42;
		char text[CLOCK_TEXT_MAX];

		CHECK(rows[i].name, clock_parse(slice_of(rows[i].in), &us) == (rows[i].want != NULL));
		if (rows[i].want == NULL) {
			CHECK(rows[i].name, us == 42);
			continue;
		}
		clock_format_us(us, text);
		CHECK(rows[i].name, strcmp(text, rows[i].want) == 0);
	}
	int64_t us;
	assert_false(clock_parse(SLICE("2026-01-01T00:00:00Z\0"), &us));
}

static void test_format(void **state)
{
	static const struct {
		const char *name;
		int64_t us;
		const char *want;
	} rows[] = {
		{ "known moment", 1795228424123456, "2026-11-21T02:33:44.123456Z" },
		{ "one before the epoch", -1, "1969-12-31T23:59:59.999999Z" },
		{ "the end of time is the last year", INT64_MAX, "9999-12-31T23:59:59.775807Z" },
		{ "its beginning the first", INT64_MIN, "0000-01-01T00:00:00.224192Z" },
	};
	char text[CLOCK_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		clock_format_us(rows[i].us, text);
		CHECK(rows[i].name, strcmp(text, rows[i].want) == 0);
	}
	clock_format_s(951782400, text);
	assert_string_equal(text, "2000-02-29T00:00:00Z");
	clock_format_s(INT64_MAX, text);
	assert_string_equal(text, "9999-12-31T23:59:59Z");
}

static void test_days(void **state)
{
	(void)state;
	/* Every day of eight centuries comes back as itself, and the texts ascend. */
	char last[CLOCK_TEXT_MAX] = "";
	for (int64_t day = -135140; day < 157054; day++) {
		char text[CLOCK_TEXT_MAX];
		int64_t us;

		clock_format_s(day * 86400, text);
		assert_true(strcmp(last, text) < 0);
		assert_true(clock_parse(slice_of(text), &us));
		assert_true(us == day * 86400 * 1000000);
		strcpy(last, text);
	}
}

static int64_t stopped(void *ctx)
{
	return *(int64_t *)ctx;
}

static void test_replaced(void **state)
{
	int64_t now = 77;
	struct clock clock = { .wall_us = stopped, .monotonic_us = stopped, .ctx = &now };

	(void)state;
	assert_true(clock_wall_us(&clock) == 77);
	now++;
	assert_true(clock_monotonic_us(&clock) == 78);
	assert_true(clock_wall_us(&clock_system) > 1700000000000000);
	assert_true(clock_monotonic_us(&clock_system) <= clock_monotonic_us(&clock_system));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
