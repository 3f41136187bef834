#include "tests/tlog/log.h"
#include "upstream/upstream_private.h"

#define TIME          "\"Time\":\"2024-01-02T03:04:05Z\""
#define GOOD(version) "{\"Version\":\"" version "\"," TIME "}"

static void test_info(void **state)
{
	static const struct {
		const char *name, *path, *query, *body, *want; /* NULL: refused */
	} rows[] = {
		{ "plain", "example.com/m", "v1.2.3", GOOD("v1.2.3"), GOOD("v1.2.3") },
		{ "latest", "example.com/m", "", GOOD("v1.2.3"), GOOD("v1.2.3") },
		{ "a branch", "example.com/m", "main", GOOD("v0.0.0-20240102030405-abcdefabcdef"), GOOD("v0.0.0-20240102030405-abcdefabcdef") },
		{ "a short version", "example.com/m", "v1.2", GOOD("v1.2.0"), GOOD("v1.2.0") },
		{ "a version that does not fit", "example.com/m", "v2.0.0", GOOD("v2.0.0+incompatible"), GOOD("v2.0.0+incompatible") },
		{ "more fields, other order", "example.com/m", "v1.2.3",
			"{\n \"Name\":\"x\", " TIME
			", \"Short\":\"y\", \"Origin\":{\"Ref\":\"refs/tags/v1.2.3\",\"VCS\":\"git\",\"Hash\":\"abc\",\"Secret\":\"s\","
			"\"URL\":\"https://example.com/m\",\"Subdir\":\"\",\"TagSum\":7}, \"Version\":\"v1.2.3\" }\n",
			"{\"Version\":\"v1.2.3\"," TIME
			",\"Origin\":{\"VCS\":\"git\",\"URL\":\"https://example.com/m\",\"Hash\":\"abc\",\"Ref\":\"refs/tags/v1.2.3\"}}" },
		{ "an origin that is no object", "example.com/m", "v1.2.3", "{\"Version\":\"v1.2.3\"," TIME ",\"Origin\":\"x\"}", GOOD("v1.2.3") },
		{ "another zone, a fraction", "example.com/m", "v1.2.3", "{\"Version\":\"v1.2.3\",\"Time\":\"2024-01-02T05:04:05.999+02:00\"}",
			GOOD("v1.2.3") },
		{ "another version", "example.com/m", "v1.2.3", GOOD("v1.2.4"), NULL },
		{ "its metadata dropped", "example.com/m", "v1.2.3+meta", GOOD("v1.2.3"), GOOD("v1.2.3") },
		{ "incompatible asked, not answered", "example.com/m", "v2.0.0+incompatible", GOOD("v1.2.4"), NULL },
		{ "a version of another path", "example.com/m", "main", GOOD("v2.0.0"), NULL },
		{ "major version of the path", "example.com/m/v2", "main", GOOD("v2.0.0"), GOOD("v2.0.0") },
		{ "not canonical", "example.com/m", "main", GOOD("v1.2"), NULL },
		{ "metadata", "example.com/m", "main", GOOD("v1.2.3+meta"), NULL },
		{ "a branch for a version", "example.com/m", "main", GOOD("main"), NULL },
		{ "a path in the version", "example.com/m", "main", GOOD("v1.2.3-../../x"), NULL },
		{ "empty version", "example.com/m", "main", GOOD(""), NULL },
		{ "no version", "example.com/m", "main", "{" TIME "}", NULL },
		{ "a number for a version", "example.com/m", "main", "{\"Version\":1," TIME "}", NULL },
		{ "no time", "example.com/m", "main", "{\"Version\":\"v1.2.3\"}", NULL },
		{ "no real time", "example.com/m", "main", "{\"Version\":\"v1.2.3\",\"Time\":\"yesterday\"}", NULL },
		{ "version twice", "example.com/m", "main", "{\"Version\":\"v1.2.3\",\"Version\":\"v1.2.4\"," TIME "}", NULL },
		{ "more behind it", "example.com/m", "main", GOOD("v1.2.3") "x", NULL },
		{ "an array", "example.com/m", "main", "[]", NULL },
		{ "HTML", "example.com/m", "main", "<html></html>", NULL },
		{ "nothing", "example.com/m", "main", "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct upstream_version version = { .version = "untouched" };
		struct buf json = BUF_INIT(4000);
		struct err err = ERR_INIT;
		int rc = upstream_info_read(slice_of(rows[i].body), slice_of(rows[i].path), slice_of(rows[i].query), &version, &json, &err);

		if (rc != (rows[i].want == NULL ? UPSTREAM_ERR_BAD : 0) || strcmp(buf_text(&json), rows[i].want == NULL ? "" : rows[i].want) != 0)
			fail_msg("%s: %d %s %s", rows[i].name, rc, buf_text(&json), err.text);
		if (rc != 0)
			assert_string_equal(version.version, "untouched");
		else
			assert_int_equal(version.time_s, 1704164645);
		buf_free(&json);
	}
}

static void test_list(void **state)
{
	static const struct {
		const char *name, *path, *body, *want;
	} rows[] = {
		{ "nothing", "example.com/m", "", "" },
		{ "sorted", "example.com/m", "v1.10.0\nv1.9.0\nv1.9.0-rc.1\nv0.1.0", "v0.1.0\nv1.9.0-rc.1\nv1.9.0\nv1.10.0\n" },
		{ "twice", "example.com/m", "v1.0.0\nv1.0.0\nv1.0.0\n", "v1.0.0\n" },
		{ "a time behind it", "example.com/m", "v1.0.0 2024-01-02T03:04:05Z\n", "v1.0.0\n" },
		{ "white space", "example.com/m", "\n\n  v1.0.0\t\r\n \nv1.1.0\r\n", "v1.0.0\nv1.1.0\n" },
		{ "pseudo-versions", "example.com/m", "v0.0.0-20240102030405-abcdefabcdef\nv1.0.0\nv1.0.1-0.20240102030405-abcdefabcdef\n",
			"v1.0.0\n" },
		{ "not canonical", "example.com/m", "v1\nv1.0\nv1.0.0+meta\n1.0.0\nv1.0.0\n", "v1.0.0\n" },
		{ "other majors", "example.com/m", "v2.0.0\nv1.0.0\nv3.0.0+incompatible\n", "v1.0.0\nv3.0.0+incompatible\n" },
		{ "of /v2", "example.com/m/v2", "v1.0.0\nv2.0.0\nv2.1.0\nv3.0.0\n", "v2.0.0\nv2.1.0\n" },
		{ "of gopkg.in", "gopkg.in/y.v3", "v3.0.0\nv2.0.0\n", "v3.0.0\n" },
		{ "HTML", "example.com/m", "<html>\n<body>\n", "" },
		{ "paths", "example.com/m", "v1.0.0/../x\nv1.0.0-a/b\n../v1.0.0\n", "" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct buf out = BUF_INIT(4000);

		assert_int_equal(upstream_list_read(slice_of(rows[i].body), slice_of(rows[i].path), &out, NULL), 0);
		if (strcmp(buf_text(&out), rows[i].want) != 0)
			fail_msg("%s: %s", rows[i].name, buf_text(&out));
		buf_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_info), cmocka_unit_test(test_list) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
