/* What the record says of an issued token. */
#include "gateway/issued.h"

#include <string.h>

#include "tests/base/rows.h"

#define LONG_BYTES (ISSUED_LIST_MAX + 1)

static void test_sentences(void **state)
{
	static const char *const groups[] = { "build", "payments" };
	static char longest[LONG_BYTES + 1], user[ISSUED_USER_MAX + 2], shown[ISSUED_USER_MAX];
	memset(longest, 'x', LONG_BYTES);
	/* The last letter that would be shown is of two bytes. */
	memset(user, 'u', ISSUED_USER_MAX - 1);
	memcpy(shown, user, ISSUED_USER_MAX - 1);
	memcpy(user + ISSUED_USER_MAX - 1, "\xc3\xa9", 2);
	const char *const alone[] = { longest }, *const last[] = { "a", longest, "b" };
	const struct {
		const char *name;
		struct auth_token token;
		const char *user, *want;
	} rows[] = {
		{ "no limits", { .user = "alice" }, "alice", "groups of the directory, every module" },
		{ "no groups", { .user = "alice", .groups_fixed = true }, "alice", "no groups, every module" },
		{ "groups", { .user = "ci", .groups_fixed = true, .groups = groups, .groups_count = 2 }, "ci",
			"groups build,payments, every module" },
		{ "modules", { .user = "ci", .modules = groups, .modules_count = 2 }, "ci", "groups of the directory, modules build,payments" },
		{ "some too long", { .user = "ci", .modules = last, .modules_count = 3 }, "ci", "groups of the directory, modules a and 2 more" },
		{ "the first too long", { .user = "ci", .modules = alone, .modules_count = 1 }, "ci",
			"groups of the directory, modules 1, too long to be named" },
		{ "a long name", { .user = user }, shown, "groups of the directory, every module" },
	};
	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct auth_token token = rows[i].token;
		struct buf got = BUF_INIT(AUDIT_TEXT_MAX), want = BUF_INIT(AUDIT_TEXT_MAX);
		token.id = "id";
		issued_sentence(&token, &got);
		buf_printf(&want, "issued token id for %s, scope read, until 1970-01-01T00:00:00Z, %s", rows[i].user, rows[i].want);
		CHECK(rows[i].name, strcmp(buf_text(&got), buf_text(&want)) == 0);
		buf_free(&got);
		buf_free(&want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_sentences) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
