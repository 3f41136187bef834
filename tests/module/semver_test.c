#include "module/semver.h"

#include "tests/base/rows.h"

static void test_parts(void **state)
{
	static const struct {
		struct slice version;
		const char *canonical; /* NULL: invalid */
		const char *major, *prerelease, *build;
		bool is_canonical, is_module_canonical;
	} rows[] = {
		{ BYTES("v1"), "v1.0.0", "v1", "", "", false, false },
		{ BYTES("v1.2"), "v1.2.0", "v1", "", "", false, false },
		{ BYTES("v1.2.3"), "v1.2.3", "v1", "", "", true, true },
		{ BYTES("v0.0.0"), "v0.0.0", "v0", "", "", true, true },
		{ BYTES("v1.2.3-pre.1"), "v1.2.3-pre.1", "v1", "-pre.1", "", true, true },
		{ BYTES("v1.2.3--"), "v1.2.3--", "v1", "--", "", true, true },
		{ BYTES("v1.2.3+meta"), "v1.2.3", "v1", "", "+meta", false, false },
		{ BYTES("v2.0.0+incompatible"), "v2.0.0", "v2", "", "+incompatible", false, true },
		{ BYTES("v2.0.0+incompatible.1"), "v2.0.0", "v2", "", "+incompatible.1", false, false },
		{ BYTES("v1.2.3-a+01.b-c"), "v1.2.3-a", "v1", "-a", "+01.b-c", false, false },
		{ BYTES("v99999999999999999999.0.0"), "v99999999999999999999.0.0", "v99999999999999999999", "", "", true, true },
		{ BYTES("v1.2.3-0a"), "v1.2.3-0a", "v1", "-0a", "", true, true },
		{ BYTES("v1.2.3-0"), "v1.2.3-0", "v1", "-0", "", true, true },
		{ BYTES(""), NULL, "", "", "", false, false },
		{ BYTES("v"), NULL, "", "", "", false, false },
		{ BYTES("1.2.3"), NULL, "", "", "", false, false },
		{ BYTES("V1.2.3"), NULL, "", "", "", false, false },
		{ BYTES("v01.2.3"), NULL, "", "", "", false, false },
		{ BYTES("v1.02.3"), NULL, "", "", "", false, false },
		{ BYTES("v1."), NULL, "", "", "", false, false },
		{ BYTES("v1.2."), NULL, "", "", "", false, false },
		{ BYTES("v1.2.3."), NULL, "", "", "", false, false },
		{ BYTES("v1.2.3.4"), NULL, "", "", "", false, false },
		{ BYTES("v1-pre"), NULL, "", "", "", false, false },
		{ BYTES("v1.2+meta"), NULL, "", "", "", false, false },
		{ BYTES("v1.2.3-"), NULL, "", "", "", false, false },
		{ BYTES("v1.2.3+"), NULL, "", "", "", false, false },
		{ BYTES("v1.2.3-01"), NULL, "", "", "", false, false },
		{ BYTES("v1.2.3-a..b"), NULL, "", "", "", false, false },
		{ BYTES("v1.2.3-a."), NULL, "", "", "", false, false },
		{ BYTES("v1.2.3-.a"), NULL, "", "", "", false, false },
		{ BYTES("v1.2.3+a..b"), NULL, "", "", "", false, false },
		{ BYTES("v1.2.3+a+b"), NULL, "", "", "", false, false },
		{ BYTES("v1.2.3-a_b"), NULL, "", "", "", false, false },
		{ BYTES("v1.2.3\0"), NULL, "", "", "", false, false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct buf out = BUF_INIT(100);
		bool valid = rows[i].canonical != NULL;

		CHECK(rows[i].version.ptr, semver_valid(rows[i].version) == valid);
		CHECK(rows[i].version.ptr, semver_canonical(rows[i].version, &out) == valid);
		CHECK(rows[i].version.ptr, slice_equal_text(buf_slice(&out), valid ? rows[i].canonical : ""));
		CHECK(rows[i].version.ptr, slice_equal_text(semver_major(rows[i].version), rows[i].major));
		CHECK(rows[i].version.ptr, slice_equal_text(semver_prerelease(rows[i].version), rows[i].prerelease));
		CHECK(rows[i].version.ptr, slice_equal_text(semver_build(rows[i].version), rows[i].build));
		CHECK(rows[i].version.ptr, semver_is_canonical(rows[i].version) == rows[i].is_canonical);
		CHECK(rows[i].version.ptr, semver_is_module_canonical(rows[i].version) == rows[i].is_module_canonical);
		buf_free(&out);
	}
}

/* Each is less than the next. */
static void test_order(void **state)
{
	static const char *const ascending[] = {
		"v0.0.0-20200101000000-abcdefabcdef",
		"v0.0.0",
		"v0.0.1",
		"v1.0.0",
		"v1.0.1-1",
		"v1.0.1-2",
		"v1.0.1-10",
		"v1.0.1--x",
		"v1.0.1-a",
		"v1.0.1-a.9",
		"v1.0.1-a.10",
		"v1.0.1-a.b",
		"v1.0.1-b",
		"v1.0.1",
		"v1.0.2",
		"v1.0.10",
		"v1.2.0",
		"v1.10.0",
		"v2.0.0",
		"v10.0.0",
		"v99999999999999999999.0.0",
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(ascending); i++) {
		for (size_t j = 0; j < LENGTH(ascending); j++) {
			CHECK(ascending[i], semver_compare(slice_of(ascending[i]), slice_of(ascending[j])) == (i > j) - (i < j));
			CHECK(ascending[i], semver_order(slice_of(ascending[i]), slice_of(ascending[j])) == (i > j) - (i < j));
		}
	}
}

static void test_ties(void **state)
{
	static const struct {
		const char *a, *b;
		int compare, order;
	} rows[] = {
		{ "v1.0.0+a", "v1.0.0+b", 0, -1 },
		{ "v1.0.0", "v1.0.0+incompatible", 0, -1 },
		{ "v1", "v1.0.0", 0, -1 },
		{ "v1.2", "v1.2.0", 0, -1 },
		{ "bad", "v0.0.0-0", -1, -1 },
		{ "bad", "worse", 0, -1 },
		{ "", "", 0, 0 },
		{ "v1.0.0", "v1.0.0", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct slice a = slice_of(rows[i].a), b = slice_of(rows[i].b);

		CHECK(rows[i].a, semver_compare(a, b) == rows[i].compare);
		CHECK(rows[i].a, semver_compare(b, a) == -rows[i].compare);
		CHECK(rows[i].a, semver_order(a, b) == rows[i].order);
		CHECK(rows[i].a, semver_order(b, a) == -rows[i].order);
	}
}

static void test_strip(void **state)
{
	(void)state;
	assert_true(slice_equal_text(semver_strip_incompatible(SLICE("v2.0.0+incompatible")), "v2.0.0"));
	assert_true(slice_equal_text(semver_strip_incompatible(SLICE("v2.0.0+meta")), "v2.0.0+meta"));
	assert_true(slice_equal_text(semver_strip_incompatible(SLICE("v2.0.0")), "v2.0.0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_ties),
		cmocka_unit_test(test_strip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
