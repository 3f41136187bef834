/* What clients leave out of a proof: every pattern, and none that another one covers. */
#include "tests/policy/support.h"

static void test_list(void **state)
{
	static const struct {
		const char *name, *text, *prefix, *want;
	} rows[] = {
		{ "nothing", "rules: []\n", NULL, "" },
		{ "in their order", "private: [p.example]\nnosumdb: [n.example]\nrules: []\n", "m.example", "p.example,n.example,m.example" },
		{ "the same three times", "private: [a.example]\nnosumdb: [a.example]\nrules: []\n", "a.example", "a.example" },
		{ "a prefix below a pattern", "private: [corp.example]\nrules: []\n", "corp.example/one", "corp.example" },
		{ "a pattern below a prefix", "private: [corp.example/one/x]\nrules: []\n", "corp.example/one", "corp.example/one" },
		{ "a neighbour is not below", "private: [corp.example/on]\nrules: []\n", "corp.example/one", "corp.example/on,corp.example/one" },
		{ "by an operator", "private: [\"*.corp.example\"]\nnosumdb: [git.corp.example/x, corp.example]\nrules: []\n", "a.b.corp.example",
			"*.corp.example,corp.example" },
		{ "an operator takes no slash", "private: [\"corp.example/*\"]\nnosumdb: [corp.example]\nrules: []\n", NULL, "corp.example" },
		{ "the narrow one has an operator", "private: [\"a*.example/x\", \"a*.example\"]\nnosumdb: [\"a*.example/*\"]\nrules: []\n", NULL,
			"a*.example" },
		{ "operators that are not compared", "private: [\"*.example\"]\nnosumdb: [\"[ab].example\"]\nrules: []\n", NULL,
			"*.example,[ab].example" },
		{ "a slash at the end", "private: [a.example/, a.example/b/]\nrules: []\n", "a.example", "a.example" },
		{ "everything", "private: [a.example]\nnosumdb: [\"*\"]\nrules: []\n", "b.example/c", "*" },
	};
	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct policy *policy = open_text(rows[i].text, rows[i].prefix);
		struct buf out = BUF_INIT(1024);

		buf_add_text(&out, "before:");
		policy_sumdb_list(policy, &out);
		if (strcmp(buf_text(&out) + strlen("before:"), rows[i].want) != 0)
			fail_msg("row \"%s\": %s", rows[i].name, buf_text(&out));
		buf_free(&out);
		policy_unref(policy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_list) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
