#include "tests/policy/support.h"

static void test_range(void **state)
{
	static const struct {
		const char *range, *version;
		bool want;
	} rows[] = {
		{ ">=1.2.0 <1.2.5", "v1.2.0", true },
		{ ">=1.2.0 <1.2.5", "v1.2.4", true },
		{ ">=1.2.0 <1.2.5", "v1.2.5", false },
		{ ">=1.2.0 <1.2.5", "v1.1.9", false },
		{ ">=v1.2.0  <v1.2.5 ", "v1.2.3", true },
		{ "<1.2.5", "v1.2.5-rc.1", true },
		{ ">=1.2.5-rc.2", "v1.2.5-rc.1", false },
		{ ">=1.2.5-rc.2", "v1.2.5-rc.10", true },
		{ "1.2.3", "v1.2.3", true },
		{ "1.2.3", "v1.2.4", false },
		{ "=1.2.3", "v1.2.3", true },
		{ "!=1.2.3", "v1.2.3", false },
		{ "!=1.2.3", "v1.2.30", true },
		{ "<=2.0.0", "v2.0.0", true },
		{ "<=2.0.0", "v2.0.1", false },
		{ ">2.0.0", "v2.0.0", false },
		{ ">2.0.0", "v10.0.0", true },
		{ "=2.0.0", "v2.0.0+incompatible", true },
		{ "=2.0.0+incompatible", "v2.0.0", true },
		{ ">2.0.0", "v2.0.0+incompatible", false },
		{ ">99999999999999999998.0.0", "v99999999999999999999.0.0", true },
		{ "release", "v1.2.3", true },
		{ "release", "v2.0.0+incompatible", true },
		{ "release", "v1.2.3-rc.1", false },
		{ "release", "v1.2.4-0.20260101000000-abcdefabcdef", false },
		{ "release", "v2.0.1-0.20260101000000-abcdefabcdef+incompatible", false },
		{ ">=1.0.0 release <2.0.0", "v1.9.9", true },
		{ ">=1.0.0 release <2.0.0", "v1.3.1-0.20260101000000-abcdefabcdef", false },
		{ ">=1.0.0 release <2.0.0", "v2.0.0", false },
		{ "prerelease", "v1.2.3", false },
		{ "prerelease", "v0.0.0-20260101000000-abcdefabcdef", true },
		{ "prerelease <1.0.0", "v1.2.3-rc.1", false },
		{ "<1.0.0", "v0.0.0-20260101000000-abcdefabcdef", true },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct arena *arena = arena_open(4096);
		struct range range;

		assert_int_equal(policy_range_parse(arena, rows[i].range, &range, NULL), 0);
		CHECK(rows[i].range, policy_range_holds(&range, slice_of(rows[i].version)) == rows[i].want);
		arena_close(&arena);
	}
}

static void test_memory(void **state)
{
	struct arena *arena = arena_open(8);
	struct range range;

	(void)state;
	assert_int_equal(policy_range_parse(arena, ">=1.2.0", &range, NULL), POLICY_ERR);
	arena_close(&arena);
}

static void test_bad(void **state)
{
	static const char *const rows[] = { "", " ", ">", "<=", "~1.2.0", "^1.2.0", ">=1.2", "1", "v1", "vv1.2.3", ">=1.2.0,<2.0.0", "=>1.0.0",
		"==1.0.0", "1.2.x", "01.2.3", "*", "releases", "!release", "=release", "vrelease", "Release", "prerelease,release" };

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct arena *arena = arena_open(4096);
		struct range range;

		CHECK(rows[i], policy_range_parse(arena, rows[i], &range, NULL) == POLICY_ERR_INVALID);
		arena_close(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_range),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
