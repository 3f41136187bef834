#include "base/file.h"
#include "tests/policy/support.h"

static const char policy_text[] = "rules:\n"
				  "  - { name: bad, modules: [\"github.com/evil/lib\"], versions: \"<1.2.5\", verdict: deny }\n"
				  "  - { name: payments, modules: [\"git.example/payments\"], groups: [payments], verdict: allow }\n"
				  "  - { name: ci, methods: [jwt], private: true, versions: \">=2.0.0\", verdict: allow }\n"
				  "  - { name: public, modules: [\"*\"], private: false, verdict: allow }\n";

static void note(void *ctx, const char *place, const char *sentence)
{
	const char *file = strrchr(place, '/');

	buf_printf(ctx, "%s %s\n", file == NULL ? place : file + 1, sentence);
}

static int run(void **state, const char *text, struct buf *notes, struct policy_test_counts *counts, struct err *err)
{
	const char *path = scratch_path(state, "cases.yaml");
	struct policy *policy = open_text(policy_text, "git.example");
	int code;

	assert_int_equal(file_write(path, slice_of(text), 0600, NULL), 0);
	code = policy_test(policy, path, note, notes, counts, err);
	policy_unref(policy);
	return code;
}

static void test_cases(void **state)
{
	static const struct {
		const char *name, *text, *notes;
		size_t passed, failed;
	} rows[] = {
		{ "all is well",
			"cases:\n"
			"  - { user: alice, groups: [payments], method: ldap, module: git.example/payments, version: v1.0.0, want: allow, rule: "
			"payments }\n"
			"  - { name: others may not, user: bob, module: git.example/payments, want: deny, rule: (end) }\n"
			"  - { user: bob, module: github.com/evil/lib, version: v1.0.0, want: deny }\n"
			"  - { user: bob, module: github.com/evil/lib, version: v1.0.0, action: mod, want: allow, rule: public }\n"
			"  - { method: jwt, module: git.example/x, want: depends, rule: ci }\n"
			"  - { method: token, module: github.com/x, token_modules: [git.example], want: deny, rule: (token) }\n",
			"", 6, 0 },
		{ "another verdict", "cases:\n  - { user: bob, module: github.com/x/y, version: v1.0.0, want: deny }\n",
			"cases.yaml:2 zip of github.com/x/y@v1.0.0 for bob: allow by public; deny was wanted\n", 0, 1 },
		{ "a case with a name", "cases:\n  - { name: old ones are free, module: github.com/x/y, want: deny }\n",
			"cases.yaml:2 old ones are free: zip of github.com/x/y for nobody: allow by public; deny was wanted\n", 0, 1 },
		{ "another rule",
			"cases:\n  - { module: github.com/x/y, want: allow }\n  - module: github.com/x/y\n    want: allow\n    rule: payments\n",
			"cases.yaml:3 zip of github.com/x/y for nobody: allow by public; allow by payments was wanted\n", 1, 1 },
		{ "another action", "cases: [ { module: github.com/evil/lib, version: v1.0.0, action: list, want: allow } ]\n",
			"cases.yaml:1 list of github.com/evil/lib@v1.0.0 for nobody: deny by bad; allow was wanted\n", 0, 1 },
		{ "no version is not a deny", "cases: [ { method: jwt, module: git.example/x, want: deny } ]\n",
			"cases.yaml:1 zip of git.example/x for nobody: depends by ci; deny was wanted\n", 0, 1 },
	};

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct buf notes = BUF_INIT(4096);
		struct policy_test_counts counts = { 99, 99 };
		struct err err = ERR_INIT;

		if (run(state, rows[i].text, &notes, &counts, &err) < 0)
			fail_msg("row \"%s\": %s", rows[i].name, err.text);
		if (strcmp(buf_text(&notes), rows[i].notes) != 0)
			fail_msg("row \"%s\": %s", rows[i].name, buf_text(&notes));
		CHECK(rows[i].name, counts.passed == rows[i].passed && counts.failed == rows[i].failed);
		buf_free(&notes);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *name, *text, *want;
	} rows[] = {
		{ "a list", "- a\n", "cases.yaml:1: the file is not of this form; one key, cases, with a list was expected" },
		{ "another key", "cases: [ { module: a.example, want: deny } ]\nmore: 1\n",
			"cases.yaml:1: the file is not of this form; one key, cases, with a list was expected" },
		{ "no case", "cases: []\n", "cases.yaml:1: cases is an empty list, which tests nothing; at least one case was expected" },
		{ "a text", "cases: [ a ]\n", "cases.yaml:1: a case is a mapping like { user: alice, module: example.com/m, want: allow }" },
		{ "unknown key", "cases:\n  - { modul: a.example, want: deny }\n",
			"cases.yaml:2: unknown key modul; name, user, groups, method, token_modules, module, version, action, want or rule was "
			"expected" },
		{ "no module", "cases:\n  - { user: bob, want: deny }\n", "cases.yaml:2: the case lacks its module; module and want were expected" },
		{ "no want", "cases:\n  - { module: a.example }\n", "cases.yaml:2: the case lacks what it wants; module and want were expected" },
		{ "unknown want", "cases:\n  - { module: a.example, want: maybe }\n",
			"cases.yaml:2: want is maybe; allow, deny or depends was expected" },
		{ "unknown action", "cases:\n  - { module: a.example, want: deny, action: get }\n",
			"cases.yaml:2: the action get is unknown; list, latest, info, mod, zip or lookup was expected" },
		{ "unknown method", "cases:\n  - { module: a.example, want: deny, method: password }\n",
			"cases.yaml:2: the method password is unknown; ldap, jwt, token or anonymous was expected" },
		{ "no module path", "cases:\n  - { module: \"a.example//b\", want: deny }\n", "; a module path was expected" },
	};

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct buf notes = BUF_INIT(4096);
		struct policy_test_counts counts = { 99, 99 };
		struct err err = ERR_INIT;

		CHECK(rows[i].name, run(state, rows[i].text, &notes, &counts, &err) == POLICY_ERR_INVALID);
		if (strstr(err.text, rows[i].want) == NULL)
			fail_msg("row \"%s\": %s", rows[i].name, err.text);
		CHECK(rows[i].name, counts.passed == 99 && counts.failed == 99);
		buf_free(&notes);
	}
}

static void test_absent(void **state)
{
	struct policy *policy = open_text(policy_text, NULL);
	struct policy_test_counts counts;

	assert_int_equal(policy_test(policy, scratch_path(state, "none.yaml"), NULL, NULL, &counts, NULL), POLICY_ERR);
	policy_unref(policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_absent),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
