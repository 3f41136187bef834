#include "module/pseudo.h"

#include "module/path.h"
#include "tests/base/rows.h"

#define NO_TIME INT64_MIN

static void test_read(void **state)
{
	static const struct {
		const char *version;
		const char *revision; /* NULL: no pseudo-version */
		int64_t seconds;
		const char *base; /* NULL: has none and may have none */
	} rows[] = {
		{ "v0.0.0-20200102030405-abcdefabcdef", "abcdefabcdef", 1577934245, "" },
		{ "v3.0.0-20200102030405-abcdefabcdef", "abcdefabcdef", 1577934245, "" },
		{ "v1.2.4-0.20200102030405-abcdefabcdef", "abcdefabcdef", 1577934245, "v1.2.3" },
		{ "v1.2.3-pre.0.20200102030405-abcdefabcdef", "abcdefabcdef", 1577934245, "v1.2.3-pre" },
		{ "v1.2.3-0.0.20200102030405-abcdefabcdef", "abcdefabcdef", 1577934245, "v1.2.3-0" },
		{ "v1.2.3-a-b.0.20200102030405-abcdefabcdef", "abcdefabcdef", 1577934245, "v1.2.3-a-b" },
		{ "v2.0.1-0.20200102030405-abcdefabcdef+incompatible", "abcdefabcdef", 1577934245, "v2.0.0+incompatible" },
		{ "v2.0.1-rc.0.20200102030405-abcdefabcdef+incompatible", "abcdefabcdef", 1577934245, "v2.0.1-rc+incompatible" },
		{ "v1.2.10-0.20200102030405-abcdefabcdef", "abcdefabcdef", 1577934245, "v1.2.9" },
		{ "v1.2.100-0.20200102030405-abcdefabcdef", "abcdefabcdef", 1577934245, "v1.2.99" },
		{ "v1.2.30-0.20200102030405-abcdefabcdef", "abcdefabcdef", 1577934245, "v1.2.29" },
		{ "v1.2.1-0.20200102030405-abcdefabcdef", "abcdefabcdef", 1577934245, "v1.2.0" },
		{ "v0.0.0-20200102030405-Z", "Z", 1577934245, "" },
		{ "v0.0.0-20200102030405-abcdefabcdef+incompatible", "abcdefabcdef", 1577934245, NULL },
		{ "v1.2.0-0.20200102030405-abcdefabcdef", "abcdefabcdef", 1577934245, NULL },
		{ "v0.0.0-19700101000000-a", "a", 0, "" },
		{ "v0.0.0-19691231235959-a", "a", -1, "" },
		{ "v0.0.0-20240229235959-a", "a", 1709251199, "" },
		{ "v0.0.0-20000229000000-a", "a", 951782400, "" },
		{ "v0.0.0-00000101000000-a", "a", -62167219200, "" },
		{ "v0.0.0-99991231235959-a", "a", 253402300799, "" },
		{ "v0.0.0-20230229000000-a", "a", NO_TIME, "" },
		{ "v0.0.0-19000229000000-a", "a", NO_TIME, "" },
		{ "v0.0.0-20200001000000-a", "a", NO_TIME, "" },
		{ "v0.0.0-20201301000000-a", "a", NO_TIME, "" },
		{ "v0.0.0-20200100000000-a", "a", NO_TIME, "" },
		{ "v0.0.0-20200431000000-a", "a", NO_TIME, "" },
		{ "v0.0.0-20200101240000-a", "a", NO_TIME, "" },
		{ "v0.0.0-20200101006000-a", "a", NO_TIME, "" },
		{ "v0.0.0-20200101000060-a", "a", NO_TIME, "" },
		{ "v1.2.0-20200101000000-abcdefabcdef", NULL, 0, NULL },
		{ "v1.0.1-20200101000000-abcdefabcdef", NULL, 0, NULL },
		{ "v0.0.0-2020010100000-abcdefabcdef", NULL, 0, NULL },
		{ "v0.0.0-120200101000000-abcdefabcdef", NULL, 0, NULL },
		{ "v0.0.0-20200101000000-abc.def", NULL, 0, NULL },
		{ "v0.0.0-20200101000000", NULL, 0, NULL },
		{ "v0.0.0-20200101000000-", NULL, 0, NULL },
		{ "v1.2.3-1.20200101000000-abcdefabcdef", NULL, 0, NULL },
		{ "v1.2.3-pre0.20200101000000-abcdefabcdef", NULL, 0, NULL },
		{ "v1.2.3-pre.20200101000000-abcdefabcdef", NULL, 0, NULL },
		{ "v1.2.3", NULL, 0, NULL },
		{ "v1-20200101000000-abcdefabcdef", NULL, 0, NULL },
		{ "0.0.0-20200101000000-abcdefabcdef", NULL, 0, NULL },
		{ "", NULL, 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct slice version = slice_of(rows[i].version);
		struct buf base = BUF_INIT(100);
		int64_t seconds = 7;
		bool is = rows[i].revision != NULL, timed = is && rows[i].seconds != NO_TIME, based = is && rows[i].base != NULL;

		CHECK(rows[i].version, pseudo_is(version) == is);
		CHECK(rows[i].version, slice_equal_text(pseudo_revision(version), is ? rows[i].revision : ""));
		CHECK(rows[i].version, pseudo_timestamp(version).len == (is ? 14 : 0));
		CHECK(rows[i].version, pseudo_time(version, &seconds, NULL) == (timed ? 0 : MODULE_ERR));
		CHECK(rows[i].version, seconds == (timed ? rows[i].seconds : 7));
		CHECK(rows[i].version, pseudo_base(version, &base, NULL) == (based ? 0 : MODULE_ERR));
		CHECK(rows[i].version, slice_equal_text(buf_slice(&base), based ? rows[i].base : ""));
		buf_free(&base);
	}
}

static void test_make(void **state)
{
	static const struct {
		const char *major, *base;
		int64_t seconds;
		const char *want;
	} rows[] = {
		{ "", "", 1577934245, "v0.0.0-20200102030405-abcdefabcdef" },
		{ "v2", "", 1577934245, "v2.0.0-20200102030405-abcdefabcdef" },
		{ "v2", "v2.3.4", 1577934245, "v2.3.5-0.20200102030405-abcdefabcdef" },
		{ "", "v1.2.9", 1577934245, "v1.2.10-0.20200102030405-abcdefabcdef" },
		{ "", "v1.2.199", 1577934245, "v1.2.200-0.20200102030405-abcdefabcdef" },
		{ "", "v1.2.99", 1577934245, "v1.2.100-0.20200102030405-abcdefabcdef" },
		{ "", "v1.2.3-pre", 1577934245, "v1.2.3-pre.0.20200102030405-abcdefabcdef" },
		{ "", "v2.0.0+incompatible", 1577934245, "v2.0.1-0.20200102030405-abcdefabcdef+incompatible" },
		{ "", "v2.0.0-rc+incompatible", 1577934245, "v2.0.0-rc.0.20200102030405-abcdefabcdef+incompatible" },
		{ "", "", 0, "v0.0.0-19700101000000-abcdefabcdef" },
		{ "", "", -1, "v0.0.0-19691231235959-abcdefabcdef" },
		{ "", "", 951782400, "v0.0.0-20000229000000-abcdefabcdef" },
		{ "", "", 1709251199, "v0.0.0-20240229235959-abcdefabcdef" },
		{ "", "", 1709251200, "v0.0.0-20240301000000-abcdefabcdef" },
		{ "", "", -62167219200, "v0.0.0-00000101000000-abcdefabcdef" },
		{ "", "", 253402300799, "v0.0.0-99991231235959-abcdefabcdef" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct buf out = BUF_INIT(100);
		int64_t seconds = 0;

		pseudo_make(slice_of(rows[i].major), slice_of(rows[i].base), rows[i].seconds, SLICE("abcdefabcdef"), &out);
		CHECK(rows[i].want, slice_equal_text(buf_slice(&out), rows[i].want));
		CHECK(rows[i].want, pseudo_time(buf_slice(&out), &seconds, NULL) == 0 && seconds == rows[i].seconds);
		buf_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
