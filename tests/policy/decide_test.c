#include "policy/policy.h"

#include <time.h>

#include "tests/policy/support.h"

static const char policy_text[] =
	"private: [\"*.internal.example\", \"corp.example/secret\"]\n"
	"nosumdb: [\"corp.example\"]\n"
	"rules:\n"
	"  - { name: mallory, users: [mallory], verdict: deny, reason: \"left the company\", help: \"ask #people\" }\n"
	"  - { name: root, users: [root], verdict: allow }\n"
	"  - { name: bad, modules: [\"github.com/evil/lib\"], versions: \">=1.2.0 <1.2.5\", verdict: deny, reason: \"use 1.2.5\" }\n"
	"  - { name: payments, modules: [\"git.example/payments\"], groups: [payments, audit], verdict: allow }\n"
	"  - { name: bots, methods: [jwt, token], modules: [\"git.example/*/api\"], versions: [\"=1.0.0\", \">=2.0.0\"], verdict: allow }\n"
	"  - { name: guests, methods: [anonymous], modules: [\"github.com/secret\"], verdict: deny }\n"
	"  - { name: inside, modules: [\"x.internal.example\"], verdict: allow }\n"
	"  - { name: public, modules: [\"*\"], private: false, verdict: allow }\n";

/* git.example is mapped. */
static void test_decide(void **state)
{
	static const struct {
		const char *name;
		struct asked asked;
		enum policy_verdict verdict;
		enum policy_why why;
		const char *rule;
	} rows[] = {
		{ "a public module", { "alice", { NULL }, "ldap", POLICY_ZIP, "github.com/x/y", "v1.0.0", NULL }, POLICY_ALLOW, POLICY_WHY_RULE,
			"public" },
		{ "nobody too", { "", { NULL }, "anonymous", POLICY_LIST, "github.com/x/y", "", NULL }, POLICY_ALLOW, POLICY_WHY_RULE, "public" },
		{ "mallory nothing", { "mallory", { "payments" }, "ldap", POLICY_MOD, "github.com/x/y", "v1.0.0", NULL }, POLICY_DENY,
			POLICY_WHY_RULE, "mallory" },
		{ "a user is not a prefix", { "mallory2", { NULL }, "ldap", POLICY_ZIP, "github.com/x/y", "", NULL }, POLICY_ALLOW, POLICY_WHY_RULE,
			"public" },
		{ "nor of another case", { "Mallory", { NULL }, "ldap", POLICY_ZIP, "github.com/x/y", "", NULL }, POLICY_ALLOW, POLICY_WHY_RULE,
			"public" },
		{ "a group", { "alice", { "dev", "payments" }, "ldap", POLICY_ZIP, "git.example/payments/api", "v1.4.0", NULL }, POLICY_ALLOW,
			POLICY_WHY_RULE, "payments" },
		{ "another group", { "bob", { "dev", "payment" }, "ldap", POLICY_ZIP, "git.example/payments/api", "v1.4.0", NULL }, POLICY_DENY,
			POLICY_WHY_END, "" },
		{ "no group", { "bob", { NULL }, "ldap", POLICY_LIST, "git.example/payments/api", "", NULL }, POLICY_DENY, POLICY_WHY_END, "" },
		{ "a pattern's element is whole", { "alice", { "payments" }, "ldap", POLICY_ZIP, "git.example/payments2", "v1.0.0", NULL },
			POLICY_DENY, POLICY_WHY_END, "" },
		{ "bad version: zip", { "alice", { NULL }, "ldap", POLICY_ZIP, "github.com/evil/lib", "v1.2.4", NULL }, POLICY_DENY, POLICY_WHY_RULE,
			"bad" },
		{ "bad version: info", { "alice", { NULL }, "ldap", POLICY_INFO, "github.com/evil/lib", "v1.2.0", NULL }, POLICY_DENY,
			POLICY_WHY_RULE, "bad" },
		{ "bad version: list", { "alice", { NULL }, "ldap", POLICY_LIST, "github.com/evil/lib", "v1.2.0", NULL }, POLICY_DENY,
			POLICY_WHY_RULE, "bad" },
		{ "bad version: latest", { "alice", { NULL }, "ldap", POLICY_LATEST, "github.com/evil/lib", "v1.2.0", NULL }, POLICY_DENY,
			POLICY_WHY_RULE, "bad" },
		{ "bad version: mod stays", { "alice", { NULL }, "ldap", POLICY_MOD, "github.com/evil/lib", "v1.2.4", NULL }, POLICY_ALLOW,
			POLICY_WHY_RULE, "public" },
		{ "bad version: lookup stays", { "alice", { NULL }, "ldap", POLICY_LOOKUP, "github.com/evil/lib", "v1.2.4", NULL }, POLICY_ALLOW,
			POLICY_WHY_RULE, "public" },
		{ "good version", { "alice", { NULL }, "ldap", POLICY_ZIP, "github.com/evil/lib", "v1.2.5", NULL }, POLICY_ALLOW, POLICY_WHY_RULE,
			"public" },
		{ "its prerelease is bad", { "alice", { NULL }, "ldap", POLICY_ZIP, "github.com/evil/lib", "v1.2.5-rc.1", NULL }, POLICY_DENY,
			POLICY_WHY_RULE, "bad" },
		{ "a deny by version, no version", { "alice", { NULL }, "ldap", POLICY_LIST, "github.com/evil/lib", "", NULL }, POLICY_ALLOW,
			POLICY_WHY_RULE, "public" },
		{ "a branch is no version", { "alice", { NULL }, "ldap", POLICY_INFO, "github.com/evil/lib", "main", NULL }, POLICY_ALLOW,
			POLICY_WHY_RULE, "public" },
		{ "an allow by version, no version", { "ci", { NULL }, "jwt", POLICY_LIST, "git.example/a/api", "", NULL }, POLICY_NEED_FACTS,
			POLICY_WHY_FACTS, "bots" },
		{ "a short version is none", { "ci", { NULL }, "token", POLICY_INFO, "git.example/a/api", "v2", NULL }, POLICY_NEED_FACTS,
			POLICY_WHY_FACTS, "bots" },
		{ "the first range", { "ci", { NULL }, "token", POLICY_ZIP, "git.example/a/api", "v1.0.0", NULL }, POLICY_ALLOW, POLICY_WHY_RULE,
			"bots" },
		{ "the second range", { "ci", { NULL }, "token", POLICY_ZIP, "git.example/a/api", "v2.3.4", NULL }, POLICY_ALLOW, POLICY_WHY_RULE,
			"bots" },
		{ "between the ranges", { "ci", { NULL }, "token", POLICY_ZIP, "git.example/a/api", "v1.0.1", NULL }, POLICY_DENY, POLICY_WHY_END,
			"" },
		{ "between, go.mod: an allow is exact", { "ci", { NULL }, "token", POLICY_MOD, "git.example/a/api", "v1.0.1", NULL }, POLICY_DENY,
			POLICY_WHY_END, "" },
		{ "another method", { "ci", { NULL }, "ldap", POLICY_ZIP, "git.example/a/api", "v1.0.0", NULL }, POLICY_DENY, POLICY_WHY_END, "" },
		{ "an unknown method", { "ci", { NULL }, "magic", POLICY_ZIP, "git.example/a/api", "v1.0.0", NULL }, POLICY_DENY, POLICY_WHY_END,
			"" },
		{ "no method", { "ci", { NULL }, "", POLICY_LIST, "git.example/a/api", "", NULL }, POLICY_DENY, POLICY_WHY_END, "" },
		{ "by name, go.mod as well", { "", { NULL }, "anonymous", POLICY_MOD, "github.com/secret/x", "v1.0.0", NULL }, POLICY_DENY,
			POLICY_WHY_RULE, "guests" },
		{ "by name, lookup as well", { "", { NULL }, "anonymous", POLICY_LOOKUP, "github.com/secret/x", "v1.0.0", NULL }, POLICY_DENY,
			POLICY_WHY_RULE, "guests" },
		{ "private without a repository", { "alice", { NULL }, "ldap", POLICY_ZIP, "x.internal.example/a", "v1.0.0", NULL }, POLICY_DENY,
			POLICY_WHY_UNMAPPED, "inside" },
		{ "private by pattern", { "alice", { NULL }, "ldap", POLICY_ZIP, "corp.example/secret/a", "v1.0.0", NULL }, POLICY_DENY,
			POLICY_WHY_END, "" },
		{ "beside it", { "alice", { NULL }, "ldap", POLICY_ZIP, "corp.example/open", "v1.0.0", NULL }, POLICY_ALLOW, POLICY_WHY_RULE,
			"public" },
		{ "mapped is private", { "alice", { NULL }, "ldap", POLICY_ZIP, "git.example/other", "v1.0.0", NULL }, POLICY_DENY, POLICY_WHY_END,
			"" },
		{ "the prefix itself", { "alice", { NULL }, "ldap", POLICY_ZIP, "git.example", "v1.0.0", NULL }, POLICY_DENY, POLICY_WHY_END, "" },
		{ "beside the prefix", { "alice", { NULL }, "ldap", POLICY_ZIP, "git.example.org/x", "v1.0.0", NULL }, POLICY_ALLOW, POLICY_WHY_RULE,
			"public" },
		{ "a token's limit", { "alice", { NULL }, "token", POLICY_ZIP, "github.com/x/y", "v1.0.0", "git.example" }, POLICY_DENY,
			POLICY_WHY_TOKEN_LIMIT, "" },
		{ "within a token's limit", { "alice", { NULL }, "token", POLICY_ZIP, "github.com/x/y", "v1.0.0", "github.com/x" }, POLICY_ALLOW,
			POLICY_WHY_RULE, "public" },
		{ "a limit allows nothing by itself", { "alice", { NULL }, "ldap", POLICY_ZIP, "git.example/other", "v1.0.0", "git.example" },
			POLICY_DENY, POLICY_WHY_END, "" },
		{ "a tile names no module", { "alice", { NULL }, "ldap", POLICY_TILE, "", "", NULL }, POLICY_ALLOW, POLICY_WHY_RULE, "" },
		{ "nor for a limited token", { "alice", { NULL }, "token", POLICY_TILE, "", "", "git.example" }, POLICY_ALLOW, POLICY_WHY_RULE, "" },
		{ "a rule that speaks of no module decides", { "root", { NULL }, "ldap", POLICY_TILE, "", "", NULL }, POLICY_ALLOW, POLICY_WHY_RULE,
			"root" },
		{ "but mallory", { "mallory", { NULL }, "ldap", POLICY_TILE, "", "", NULL }, POLICY_DENY, POLICY_WHY_RULE, "mallory" },
	};
	struct policy *policy = open_text(policy_text, "git.example");

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct asked asked = rows[i].asked;
		struct policy_question question;
		struct policy_answer answer;

		if (strcmp(rows[i].name, "a tile names no module") == 0)
			asked.groups[0] = "audit";
		question = question_of(&asked);
		policy_decide(policy, &question, &answer);
		if (answer.verdict != rows[i].verdict || answer.why != rows[i].why || strcmp(answer.rule, rows[i].rule) != 0)
			fail_msg("row \"%s\": verdict %d, why %s, rule \"%s\"", rows[i].name, answer.verdict, policy_why_word(answer.why),
				answer.rule);
	}
	policy_unref(policy);
}

static void test_texts(void **state)
{
	static const struct {
		const char *name;
		struct asked asked;
		const char *reason, *help;
		bool is_private;
	} rows[] = {
		{ "the rule's own", { "mallory", { NULL }, "ldap", POLICY_ZIP, "github.com/x/y", "v1.0.0", NULL }, "left the company", "ask #people",
			false },
		{ "no help", { "alice", { NULL }, "ldap", POLICY_ZIP, "github.com/evil/lib", "v1.2.0", NULL }, "use 1.2.5", "", false },
		{ "neither", { "", { NULL }, "anonymous", POLICY_ZIP, "github.com/secret", "v1.0.0", NULL }, "", "", false },
		{ "allowed", { "alice", { NULL }, "ldap", POLICY_ZIP, "github.com/x/y", "v1.0.0", NULL }, "", "", false },
		{ "the end", { "bob", { NULL }, "ldap", POLICY_ZIP, "git.example/payments", "v1.0.0", NULL }, "no rule allows it", "", true },
		{ "a limit", { "bob", { NULL }, "token", POLICY_ZIP, "github.com/x", "v1.0.0", "a.example" },
			"this token is limited to other modules", "", false },
		{ "no repository", { "bob", { NULL }, "ldap", POLICY_ZIP, "x.internal.example", "v1.0.0", NULL },
			"it is private and no repository is configured for it", "", true },
		{ "needs a version", { "ci", { NULL }, "jwt", POLICY_LIST, "git.example/a/api", "", NULL }, "", "", true },
	};
	struct policy *policy = open_text(policy_text, "git.example");

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct policy_question question = question_of(&rows[i].asked);
		struct policy_answer answer;

		policy_decide(policy, &question, &answer);
		CHECK(rows[i].name, strcmp(answer.reason, rows[i].reason) == 0);
		CHECK(rows[i].name, strcmp(answer.help, rows[i].help) == 0);
		CHECK(rows[i].name, answer.is_private == rows[i].is_private);
	}
	policy_unref(policy);
}

/* The policy of a new gateway: public modules for whoever comes in, and nothing else. */
static void test_init(void **state)
{
	struct policy *policy = open_text(policy_init_text(), "git.example");
	struct asked asked = { "alice", { NULL }, "token", POLICY_ZIP, "github.com/x/y", "v1.0.0", NULL };
	struct policy_question question = question_of(&asked);
	struct policy_answer answer;

	(void)state;
	policy_decide(policy, &question, &answer);
	assert_int_equal(answer.verdict, POLICY_ALLOW);
	question.module = SLICE("git.example/x");
	policy_decide(policy, &question, &answer);
	assert_int_equal(answer.verdict, POLICY_DENY);
	question.module = SLICE_NONE;
	question.action = POLICY_TILE;
	policy_decide(policy, &question, &answer);
	assert_int_equal(answer.verdict, POLICY_ALLOW);
	policy_unref(policy);
}

static void test_exempt(void **state)
{
	struct policy *policy = open_text(policy_text, "git.example");

	(void)state;
	assert_true(policy_sumdb_exempt(policy, SLICE("corp.example/x")));
	assert_false(policy_sumdb_exempt(policy, SLICE("corp.example.org/x")));
	assert_false(policy_sumdb_exempt(policy, SLICE("git.example/x")));
	assert_true(policy_is_mapped(policy, SLICE("git.example/x")));
	assert_false(policy_is_mapped(policy, SLICE("x.internal.example")));
	assert_true(policy_is_private(policy, SLICE("x.internal.example")));
	policy_unref(policy);
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* A hundred rules are walked to the end in microseconds: a wide margin is left for sanitizers. */
static void test_speed(void **state)
{
	struct buf text = BUF_INIT(POLICY_BYTES_MAX);
	struct asked asked = { "alice", { "dev", "ops", "qa" }, "ldap", POLICY_ZIP, "github.com/x/y/z", "v1.2.3", NULL };
	struct policy_question question = question_of(&asked);
	struct policy_answer answer;
	struct policy *policy;
	int64_t start;

	(void)state;
	buf_add_text(&text, "rules:\n");
	for (unsigned i = 0; i < 99; i++)
		buf_printf(&text,
			"  - { name: r%u, modules: [\"git.example/team%u\", \"*.corp.example/*/t%u\"], groups: [g%u, dev], verdict: allow }\n", i, i,
			i, i);
	buf_add_text(&text, "  - { name: last, modules: [\"*\"], verdict: allow }\n");
	policy = open_text(buf_text(&text), NULL);
	start = now_ns();
	for (unsigned i = 0; i < 1000; i++)
		policy_decide(policy, &question, &answer);
	print_message("a decision over 100 rules: %lld ns\n", (long long)((now_ns() - start) / 1000));
	assert_string_equal(answer.rule, "last");
	assert_true(now_ns() - start < INT64_C(1000) * 1000 * 1000);
	policy_unref(policy);
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decide),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_init),
		cmocka_unit_test(test_exempt),
		cmocka_unit_test(test_speed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
