/* The bytes of an .info: the members that have something to say, in the go command's order and with its escapes. */
#include "tests/base/rows.h"
#include "vcs/vcs.h"

static void test_info(void **state)
{
	static const struct {
		const char *name;
		struct vcs_revision revision;
		bool exact;
		const char *want;
	} rows[] = {
		{ "no more than it must", { .version = "v1.0.0", .commit = "abc" }, true,
			"{\"Version\":\"v1.0.0\",\"Time\":\"1970-01-01T00:00:00Z\",\"Origin\":{\"VCS\":\"git\",\"Hash\":\"abc\"}}" },
		{ "all there is",
			{ .version = "v1.0.1-0.19700101000001-abc",
				.commit = "abc",
				.time_s = 1,
				.url = "https://h.example/r",
				.subdir = "d",
				.ref = "refs/heads/main",
				.tag_prefix = "d/",
				.tag_sum = "t1:x" },
			false,
			"{\"Version\":\"v1.0.1-0.19700101000001-abc\",\"Time\":\"1970-01-01T00:00:01Z\",\"Origin\":{\"VCS\":\"git\","
			"\"URL\":\"https://h.example/r\",\"Subdir\":\"d\",\"Hash\":\"abc\",\"TagPrefix\":\"d/\",\"TagSum\":\"t1:x\","
			"\"Ref\":\"refs/heads/main\"}}" },
		{ "escapes of the go command", { .version = "v1.0.0", .commit = "abc", .ref = "refs/heads/<a>&\"b\xc3\xa9" }, true,
			"{\"Version\":\"v1.0.0\",\"Time\":\"1970-01-01T00:00:00Z\",\"Origin\":{\"VCS\":\"git\",\"Hash\":\"abc\","
			"\"Ref\":\"refs/heads/\\u003ca\\u003e\\u0026\\\"b\xc3\xa9\"}}" },
	};
	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct buf out = BUF_INIT(4096), full = BUF_INIT(strlen(rows[i].want) - 1);

		vcs_info_write(&rows[i].revision, rows[i].exact, &out);
		if (strcmp(buf_text(&out), rows[i].want) != 0)
			fail_msg("row \"%s\": %s", rows[i].name, buf_text(&out));
		vcs_info_write(&rows[i].revision, rows[i].exact, &full);
		CHECK(rows[i].name, buf_failed(&full));
		buf_free(&out);
		buf_free(&full);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_info) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
