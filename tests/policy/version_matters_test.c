#include "policy/policy.h"

#include "tests/policy/support.h"

static const char policy_text[] = "rules:\n"
				  "  - { name: ours, groups: [ours], verdict: allow }\n"
				  "  - { name: bad, modules: [\"a.example/lib\"], versions: \"=1.2.0\", verdict: deny }\n"
				  "  - { name: closed, modules: [\"c.example\"], verdict: deny }\n"
				  "  - { name: old, modules: [\"c.example\", \"b.example\"], versions: \"<1.0.0\", verdict: allow }\n"
				  "  - { name: machines, modules: [\"d.example\"], methods: [jwt], versions: \">=1.0.0\", verdict: deny }\n"
				  "  - { name: public, modules: [\"*\"], private: false, verdict: allow }\n";

static const struct {
	const char *name;
	struct asked asked;
	bool want;
} rows[] = {
	{ "a deny by version", { "alice", { NULL }, "ldap", POLICY_LIST, "a.example/lib", "", NULL }, true },
	{ "whatever version is asked for", { "alice", { NULL }, "ldap", POLICY_LIST, "a.example/lib", "v1.3.0", NULL }, true },
	{ "of another module", { "alice", { NULL }, "ldap", POLICY_LIST, "a.example/other", "", NULL }, false },
	{ "go.mod stays readable", { "alice", { NULL }, "ldap", POLICY_MOD, "a.example/lib", "", NULL }, false },
	{ "behind a rule that wins", { "alice", { "ours" }, "ldap", POLICY_LIST, "a.example/lib", "", NULL }, false },
	{ "an allow by version", { "alice", { NULL }, "ldap", POLICY_LIST, "b.example/x", "", NULL }, true },
	{ "an allow, for go.mod too", { "alice", { NULL }, "ldap", POLICY_MOD, "b.example/x", "", NULL }, true },
	{ "behind a deny", { "alice", { NULL }, "ldap", POLICY_LIST, "c.example/x", "", NULL }, false },
	{ "for this method", { "alice", { NULL }, "jwt", POLICY_LIST, "d.example/x", "", NULL }, true },
	{ "not for that", { "alice", { NULL }, "ldap", POLICY_LIST, "d.example/x", "", NULL }, false },
	{ "a token that excludes the module", { "alice", { NULL }, "token", POLICY_LIST, "a.example/lib", "", "z.example" }, false },
	{ "a module no rule speaks of alone", { "alice", { NULL }, "ldap", POLICY_LIST, "e.example/x", "", NULL }, false },
};

static bool same(const struct policy_answer *one, const struct policy_answer *other)
{
	return one->verdict == other->verdict && strcmp(one->rule, other->rule) == 0;
}

/* And where it does not matter, every version is answered like none. */
static void test_version_matters(void **state)
{
	static const char *const versions[] = { "v0.1.0", "v1.0.0", "v1.2.0", "v1.2.0-rc.1", "v2.0.0+incompatible",
		"v0.0.0-20240102030405-0123456789ab" };
	struct policy *policy = open_text(policy_text, NULL);

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct policy_question question = question_of(&rows[i].asked);
		struct policy_answer unversioned, answer;
		bool differs = false;

		CHECK(rows[i].name, policy_version_matters(policy, &question) == rows[i].want);
		question.version = SLICE_NONE;
		policy_decide(policy, &question, &unversioned);
		for (size_t v = 0; v < LENGTH(versions); v++) {
			question.version = slice_of(versions[v]);
			policy_decide(policy, &question, &answer);
			differs = differs || !same(&unversioned, &answer);
		}
		CHECK(rows[i].name, differs == rows[i].want);
	}
	policy_unref(policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_version_matters) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
