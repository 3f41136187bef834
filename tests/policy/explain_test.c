#include "policy/policy.h"

#include "base/json.h"
#include "tests/policy/support.h"

static const char policy_text[] =
	"private: [\"*.internal.example\"]\n"
	"rules:\n"
	"  - { name: bad, modules: [\"github.com/evil/lib\"], versions: \"<1.2.5\", verdict: deny, reason: \"use 1.2.5\", help: \"ask #security\" }\n"
	"  - { name: payments, modules: [\"git.example/payments\"], groups: [payments], users: [alice], verdict: allow }\n"
	"  - { name: ci, methods: [jwt], private: true, versions: \">=2.0.0\", verdict: allow }\n"
	"  - { name: public, modules: [\"*\"], private: false, verdict: allow }\n";

#define HASH "sha256:54861ab8b60da8278c4511a02eb74909efafd3354662edc116be94da2933cbae"

static void test_text(void **state)
{
	static const struct {
		const char *name;
		struct asked asked;
		const char *want;
		enum policy_verdict verdict;
	} rows[] = {
		{ "denied by version", { "alice", { "dev", "ops" }, "ldap", 0, "github.com/evil/lib", "v1.2.4", NULL },
			"module:  github.com/evil/lib@v1.2.4\n"
			"caller:  alice, groups dev, ops, method ldap\n"
			"private: no\n"
			"policy:  policy.yaml, " HASH "\n"
			"rules, in order, for zip:\n"
			"  1. bad (line 3, deny): matches: pattern github.com/evil/lib, versions <1.2.5\n"
			"  3 more not looked at: the first match decides\n"
			"list, latest, info, zip: deny by rule bad: use 1.2.5 (help: ask #security)\n"
			"mod, lookup: allow by rule public\n",
			POLICY_DENY },
		{ "no version", { "alice", { NULL }, "token", 0, "github.com/evil/lib", "", NULL },
			"module:  github.com/evil/lib\n"
			"caller:  alice, no groups, method token\n"
			"private: no\n"
			"policy:  policy.yaml, " HASH "\n"
			"rules, in order, for zip:\n"
			"  1. bad (line 3, deny): passed over: it refuses some versions, and no version is given\n"
			"  2. payments (line 4, allow): no match: none of its modules patterns matches; the caller is in none of its groups\n"
			"  3. ci (line 5, allow): no match: the caller's method is not one of its methods; the module is public\n"
			"  4. public (line 6, allow): matches: pattern *\n"
			"list, latest, info, zip, mod, lookup: allow by rule public\n",
			POLICY_ALLOW },
		{ "a group", { "alice", { "payments" }, "ldap", 0, "git.example/payments/api", "v1.0.0", NULL },
			"module:  git.example/payments/api@v1.0.0\n"
			"caller:  alice, groups payments, method ldap\n"
			"private: yes, by the mapped prefix git.example\n"
			"policy:  policy.yaml, " HASH "\n"
			"rules, in order, for zip:\n"
			"  1. bad (line 3, deny): no match: none of its modules patterns matches\n"
			"  2. payments (line 4, allow): matches: pattern git.example/payments, group payments\n"
			"  2 more not looked at: the first match decides\n"
			"list, latest, info, zip, mod: allow by rule payments\n"
			"lookup: deny: a private name is not told to a public checksum database\n",
			POLICY_ALLOW },
		{ "depends, then nothing", { "", { NULL }, "jwt", 0, "git.example/x", "main", NULL },
			"module:  git.example/x@main (no canonical version: taken as not known)\n"
			"caller:  (no name), no groups, method jwt\n"
			"private: yes, by the mapped prefix git.example\n"
			"policy:  policy.yaml, " HASH "\n"
			"rules, in order, for zip:\n"
			"  1. bad (line 3, deny): no match: none of its modules patterns matches\n"
			"  2. payments (line 4, allow): no match: none of its modules patterns matches; the caller is not one of its users; the "
			"caller is in none of its groups\n"
			"  3. ci (line 5, allow): matches some versions, and no version is given\n"
			"  4. public (line 6, allow): no match: the module is private\n"
			"list, latest, info, zip, mod: depends on the version, by rule ci\n"
			"lookup: deny: a private name is not told to a public checksum database\n",
			POLICY_NEED_FACTS },
		{ "the end", { "bob", { NULL }, "", 0, "a.internal.example/x", "v1.0.0", NULL },
			"module:  a.internal.example/x@v1.0.0\n"
			"caller:  bob, no groups, no method\n"
			"private: yes, by the private pattern *.internal.example\n"
			"policy:  policy.yaml, " HASH "\n"
			"rules, in order, for zip:\n"
			"  1. bad (line 3, deny): no match: none of its modules patterns matches\n"
			"  2. payments (line 4, allow): no match: none of its modules patterns matches; the caller is not one of its users; the "
			"caller is in none of its groups\n"
			"  3. ci (line 5, allow): no match: the caller's method is not one of its methods; the version is outside its versions\n"
			"  4. public (line 6, allow): no match: the module is private\n"
			"list, latest, info, zip, mod, lookup: deny: no rule allows it\n",
			POLICY_DENY },
		{ "no repository", { "ci", { NULL }, "jwt", 0, "a.internal.example/x", "v2.0.0", NULL },
			"module:  a.internal.example/x@v2.0.0\n"
			"caller:  ci, no groups, method jwt\n"
			"private: yes, by the private pattern *.internal.example\n"
			"policy:  policy.yaml, " HASH "\n"
			"rules, in order, for zip:\n"
			"  1. bad (line 3, deny): no match: none of its modules patterns matches; the version is outside its versions\n"
			"  2. payments (line 4, allow): no match: none of its modules patterns matches; the caller is not one of its users; the "
			"caller is in none of its groups\n"
			"  3. ci (line 5, allow): matches: versions >=2.0.0\n"
			"  1 more not looked at: the first match decides\n"
			"list, latest, info, zip, mod, lookup: deny: it is private and no repository is configured for it\n",
			POLICY_DENY },
		{ "a limited token", { "alice", { NULL }, "token", 0, "github.com/x/y", "v1.0.0", "git.example" },
			"module:  github.com/x/y@v1.0.0\n"
			"caller:  alice, no groups, method token\n"
			"private: no\n"
			"policy:  policy.yaml, " HASH "\n"
			"rules, in order, for zip:\n"
			"  no rule is looked at: the token is limited to other modules\n"
			"list, latest, info, zip, mod, lookup: deny: this token is limited to other modules\n",
			POLICY_DENY },
		{ "bytes from outside", { "a\x1b[2Jb", { "g\n" }, "ldap", 0, "github.com/x", "v1.0.0", NULL },
			"module:  github.com/x@v1.0.0\n"
			"caller:  a?[2Jb, groups g?, method ldap\n",
			POLICY_ALLOW },
	};
	struct policy *policy = open_text(policy_text, "git.example");

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct policy_question question = question_of(&rows[i].asked);
		struct buf out = BUF_INIT(64 * 1024);
		enum policy_verdict verdict = POLICY_DENY;

		policy_explain_text(policy, &question, &out, &verdict);
		if (strncmp(buf_text(&out), rows[i].want, strlen(rows[i].want)) != 0)
			fail_msg("row \"%s\":\n%s", rows[i].name, buf_text(&out));
		CHECK(rows[i].name, verdict == rows[i].verdict);
		buf_free(&out);
	}
	policy_unref(policy);
}

/* What the gateway refuses is not told as allowed: neither a private name nor one under nosumdb goes to a database. */
static void test_lookup(void **state)
{
	static const struct {
		const char *name, *module, *want;
	} rows[] = {
		{ "public", "github.com/x/y", "\nlist, latest, info, zip, mod, lookup: allow by rule all\n" },
		{ "private", "git.example/x", "\nlookup: deny: a private name is not told to a public checksum database\n" },
		{ "exempt", "sum.example/x", "\nlookup: deny: nosumdb keeps its name from public checksum databases\n" },
		{ "private and exempt", "git.example/sum", "\nlookup: deny: a private name is not told to a public checksum database\n" },
	};
	struct policy *policy =
		open_text("nosumdb: [sum.example, git.example/sum]\nrules:\n  - { name: all, modules: [\"*\"], verdict: allow }\n", "git.example");

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct policy_question question = { .user = SLICE("alice"), .method = SLICE("ldap"), .module = slice_of(rows[i].module) };
		struct buf out = BUF_INIT(64 * 1024);
		enum policy_verdict verdict;

		policy_explain_text(policy, &question, &out, &verdict);
		if (strstr(buf_text(&out), rows[i].want) == NULL)
			fail_msg("row \"%s\":\n%s", rows[i].name, buf_text(&out));
		buf_free(&out);
	}
	policy_unref(policy);
}

/* Where nobody is let in by a method, no rule that would allow it helps. */
static void test_shut_out(void **state)
{
	static const char want[] = "rules, in order, for zip:\n"
				   "  no rule is looked at: this gateway lets nobody in by this method\n"
				   "list, latest, info, zip, mod, lookup: deny: nobody is let in by this method: 401 before any rule\n";
	struct policy *policy = open_text(policy_text, "git.example");
	struct policy_question question = { .method = SLICE("anonymous"), .module = SLICE("github.com/x/y"), .shut_out = true };
	struct buf out = BUF_INIT(64 * 1024);
	enum policy_verdict verdict = POLICY_ALLOW;

	(void)state;
	policy_explain_text(policy, &question, &out, &verdict);
	assert_int_equal(verdict, POLICY_DENY);
	assert_non_null(strstr(buf_text(&out), want));
	buf_reset(&out);
	policy_explain_json(policy, &question, &out, &verdict);
	assert_int_equal(verdict, POLICY_DENY);
	assert_non_null(strstr(buf_text(&out), "\"why\":\"shut_out\""));
	question.shut_out = false;
	policy_explain_text(policy, &question, &out, &verdict);
	assert_int_equal(verdict, POLICY_ALLOW);
	buf_free(&out);
	policy_unref(policy);
}

static void expect_text(const struct json *object, const char *name, const char *want)
{
	struct slice text = SLICE_NONE;

	if (!json_to_text(json_get(object, name), &text) || !slice_equal_text(text, want))
		fail_msg("%s is \"%.*s\", not \"%s\"", name, SLICE_ARG(text), want);
}

static void test_json(void **state)
{
	struct policy *policy = open_text(policy_text, "git.example");
	struct asked asked = { "alice", { "dev" }, "ldap", 0, "github.com/evil/lib", "v1.2.4", NULL };
	struct policy_question question = question_of(&asked);
	struct buf out = BUF_INIT(64 * 1024);
	enum policy_verdict verdict = POLICY_ALLOW;
	struct json *root = NULL;
	const struct json *answers;

	(void)state;
	policy_explain_json(policy, &question, &out, &verdict);
	assert_int_equal(verdict, POLICY_DENY);
	assert_int_equal(json_parse(buf_slice(&out), &root, NULL), 0);
	expect_text(root, "module", "github.com/evil/lib");
	expect_text(root, "user", "alice");
	expect_text(root, "policy", policy_hash(policy));
	assert_int_equal(json_count(json_get(root, "rules")), 4);
	expect_text(json_at(json_get(root, "rules"), 0), "outcome", "matches");
	expect_text(json_at(json_get(root, "rules"), 1), "outcome", "not_reached");
	answers = json_get(root, "answers");
	expect_text(json_get(answers, "zip"), "verdict", "deny");
	expect_text(json_get(answers, "zip"), "rule", "bad");
	expect_text(json_get(answers, "zip"), "reason", "use 1.2.5");
	expect_text(json_get(answers, "mod"), "verdict", "allow");
	expect_text(json_get(answers, "mod"), "rule", "public");
	json_close(&root);
	buf_free(&out);
	policy_unref(policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_shut_out),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
