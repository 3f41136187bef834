#include "policy/policy.h"

#include "base/file.h"
#include "tests/policy/support.h"

#define HEAD "rules:\n  - { name: a, verdict: allow, "

static void test_refused(void **state)
{
	static const struct {
		const char *name, *text, *want;
	} rows[] = {
		{ "not YAML's mapping", "- a\n", "policy.yaml:1: the file is a list; a mapping with private, nosumdb and rules was expected" },
		{ "no rules", "private: []\n", "policy.yaml:1: there are no rules; the key rules was expected (an empty list denies everything)" },
		{ "unknown key", "rules: []\nrule: []\n", "policy.yaml:2: unknown key rule; private, nosumdb or rules was expected" },
		{ "private a text", "private: git.corp.example\nrules: []\n", "policy.yaml:1: private is a text; a list was expected" },
		{ "private with a comma", "private:\n  - \"a.example,b.example\"\nrules: []\n",
			"policy.yaml:2: private: \"a.example,b.example\" is no module pattern: " },
		{ "a pattern with a scheme", "rules: []\nnosumdb: [\"https://git.corp.example\"]\n",
			"policy.yaml:2: nosumdb: \"https://git.corp.example\" is no module pattern: no module path holds ':', so it would match "
			"nothing; a pattern like "
			"git.corp.example/team was expected" },
		{ "a pattern with a space", "private: [\" git.corp.example\"]\nrules: []\n",
			"policy.yaml:1: private: \" git.corp.example\" is no module pattern: no module path holds ' ', so it would match nothing; a "
			"pattern like "
			"git.corp.example/team was expected" },
		{ "a pattern with an empty element", "private: [\"a.example//b\"]\nrules: []\n",
			"policy.yaml:1: private: \"a.example//b\" is no module pattern: no module path has an empty element, so it would match "
			"nothing; a pattern like "
			"git.corp.example/team was expected" },
		{ "a pattern of packages", "rules:\n  - { name: a, verdict: deny, modules: [\"github.com/evil/lib/...\"] }\n",
			"policy.yaml:2: rule a: modules: \"github.com/evil/lib/...\" is no module pattern: no module path holds \"...\", so it would "
			"match nothing; a pattern covers everything below it, leave out /...; a pattern like git.corp.example/team was expected" },
		{ "private packages", "private: [\"git.corp.example/...\"]\nrules: []\n",
			"policy.yaml:1: private: \"git.corp.example/...\" is no module pattern: no module path holds \"...\"" },
		{ "unproved packages", "nosumdb:\n  - \"git.corp...\"\nrules: []\n",
			"policy.yaml:2: nosumdb: \"git.corp...\" is no module pattern: no module path holds \"...\"" },
		{ "a class that is not closed", "private: [\"a.example/[b\"]\nrules: []\n",
			"policy.yaml:1: private: \"a.example/[b\" is no module pattern: " },
		{ "rules a mapping", "rules: { a: b }\n", "policy.yaml:1: rules is a mapping; a list was expected" },
		{ "a rule that is a text", "rules: [ allow ]\n",
			"policy.yaml:1: a rule is a mapping like { name: public, modules: [\"*\"], verdict: allow }" },
		{ "no name", "rules:\n  - { verdict: allow }\n",
			"policy.yaml:2: a rule has no name; name was expected, it stands in the record of what it decides" },
		{ "no verdict", "rules:\n  - { name: a }\n", "policy.yaml:2: rule a: it has no verdict; allow or deny was expected" },
		{ "a name that cannot be", "rules:\n  - { name: \"a b\", verdict: deny }\n",
			"policy.yaml:2: the rule's name \"a b\" cannot be used; letters, digits and . _ - were expected" },
		{ "a name twice", "rules:\n  - { name: a, verdict: deny }\n  - { name: a, verdict: allow }\n",
			"policy.yaml:3: rule a stands on line 2 already; a name of its own was expected" },
		{ "a slip in the only key", "ruels: []\n", "policy.yaml:1: unknown key ruels; private, nosumdb or rules was expected" },
		{ "a slip in a name", "rules:\n  - { nam: x, verdict: allow }\n", "policy.yaml:2: unknown key nam; name, modules, " },
		{ "a slip in a verdict", "rules:\n  - name: x\n    verdcit: allow\n", "policy.yaml:3: rule x: unknown key verdcit; name, modules, " },
		{ "unknown verdict", "rules:\n  - { name: a, verdict: permit }\n",
			"policy.yaml:2: rule a: the verdict permit is unknown; allow or deny was expected" },
		{ "report", "rules:\n  - { name: a, verdict: report }\n",
			"policy.yaml:2: rule a: the verdict report is not in this version; allow or deny was expected" },
		{ "unknown condition", HEAD "module: [x] }\n",
			"policy.yaml:2: rule a: unknown key module; name, modules, versions, users, groups, methods, private, verdict, reason or "
			"help was expected" },
		{ "scopes", HEAD "scopes: [read] }\n",
			"policy.yaml:2: rule a: the condition scopes is not in this version; name, modules, versions, users, groups, methods, "
			"private, verdict, reason or "
			"help was expected" },
		{ "addresses", HEAD "addresses: [] }\n", "policy.yaml:2: rule a: the condition addresses is not in this version; " },
		{ "hours", HEAD "hours: [] }\n", "policy.yaml:2: rule a: the condition hours is not in this version; " },
		{ "actions", HEAD "actions: [mod] }\n", "policy.yaml:2: rule a: the condition actions is not in this version; " },
		{ "age_days", HEAD "age_days: 7 }\n", "policy.yaml:2: rule a: the condition age_days is not in this version; " },
		{ "vulnerable", HEAD "vulnerable: true }\n", "policy.yaml:2: rule a: the condition vulnerable is not in this version; " },
		{ "retracted", HEAD "retracted: true }\n", "policy.yaml:2: rule a: the condition retracted is not in this version; " },
		{ "unproved", HEAD "unproved: true }\n", "policy.yaml:2: rule a: the condition unproved is not in this version; " },
		{ "modules a text", HEAD "modules: x }\n", "policy.yaml:2: rule a: modules is a text; a list was expected" },
		{ "no module", HEAD "modules: [] }\n",
			"policy.yaml:2: rule a: modules is an empty list, which matches no module; name at least one or leave the key out" },
		{ "no group", HEAD "groups: [] }\n",
			"policy.yaml:2: rule a: groups is an empty list, which matches nobody; name at least one or leave the key out" },
		{ "no user", HEAD "users: [] }\n",
			"policy.yaml:2: rule a: users is an empty list, which matches nobody; name at least one or leave the key out" },
		{ "no method", HEAD "methods: [] }\n",
			"policy.yaml:2: rule a: methods is an empty list, which matches nobody; name at least one or leave the key out" },
		{ "an empty user", HEAD "users: [\"\"] }\n", "policy.yaml:2: rule a: users is empty; a text was expected" },
		{ "a user that is a list", HEAD "users: [[b]] }\n", "policy.yaml:2: rule a: users is a list; a text was expected" },
		{ "a null group", HEAD "groups: [~] }\n", "policy.yaml:2: rule a: groups is empty; a text was expected" },
		{ "unknown method", HEAD "methods: [password] }\n",
			"policy.yaml:2: rule a: the method password is unknown; ldap, jwt, token or anonymous was expected" },
		{ "private a word", HEAD "private: yes }\n", "policy.yaml:2: rule a: private is neither true nor false; true or false was expected" },
		{ "private a text", HEAD "private: \"true\" }\n",
			"policy.yaml:2: rule a: private is neither true nor false; true or false was expected" },
		{ "no range", HEAD "versions: [] }\n",
			"policy.yaml:2: rule a: versions is an empty list, which matches no version; name at least one or leave the key out" },
		{ "a range of spaces", HEAD "versions: \"  \" }\n",
			"policy.yaml:2: rule a: versions: it has no comparison; comparisons like \">=1.2.0 <1.2.5\" were expected" },
		{ "a short version", HEAD "versions: \">=1.2\" }\n",
			"policy.yaml:2: rule a: versions: \"1.2\" is no version with all three numbers, like 1.2.0 or v1.2.0-rc.1; comparisons like "
			"\">=1.2.0 <1.2.5\" "
			"were expected" },
		{ "a lone sign", HEAD "versions: [\">= 1.2.0\"] }\n",
			"policy.yaml:2: rule a: versions: \">=\" compares with nothing; write it without a space, like >=1.2.0; comparisons like "
			"\">=1.2.0 <1.2.5\" were "
			"expected" },
		{ "a range that is a mapping", HEAD "versions: { a: b } }\n", "policy.yaml:2: rule a: versions is a mapping; a list was expected" },
		{ "two lines of help", HEAD "help: \"a\\nb\" }\n",
			"policy.yaml:2: rule a: help holds a character that cannot be shown; one printable line was expected" },
		{ "a terminal's escape", HEAD "reason: \"\\e[2J\" }\n",
			"policy.yaml:2: rule a: reason holds a character that cannot be shown; one printable line was expected" },
		{ "a turned reason", HEAD "reason: \"\\u202eabc\" }\n",
			"policy.yaml:2: rule a: reason holds a character that cannot be shown; one printable line was expected" },
		{ "a key twice", "rules: []\nrules: []\n", "policy.yaml:2: " },
		{ "an alias", "private: &p [a.example]\nnosumdb: *p\nrules: []\n", "policy.yaml:1: " },
		{ "a second document", "rules: []\n---\nrules: []\n", "policy.yaml:2: " },
		{ "the line of the rule", "rules:\n  - { name: a, verdict: allow }\n  - name: b\n    verdict: allow\n    groups: x\n",
			"policy.yaml:5: rule b: groups is a text; a list was expected" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct policy *policy = NULL;
		struct err err = ERR_INIT;

		CHECK(rows[i].name, policy_open_text("policy.yaml", slice_of(rows[i].text), NULL, 0, &policy, &err) == POLICY_ERR_INVALID);
		CHECK(rows[i].name, policy == NULL);
		if (strncmp(err.text, rows[i].want, strlen(rows[i].want)) != 0)
			fail_msg("row \"%s\": %s", rows[i].name, err.text);
	}
}

/* before, then count times each (its %zu the number from 0), then after. */
static void repeat(struct buf *out, const char *before, const char *each, size_t count, const char *after)
{
	buf_add_text(out, before);
	for (size_t i = 0; i < count; i++) {
		char number[24];
		const char *hash = strchr(each, '#');

		snprintf(number, sizeof(number), "%zu", i);
		buf_add(out, each, hash == NULL ? strlen(each) : (size_t)(hash - each));
		if (hash != NULL) {
			buf_add_text(out, number);
			buf_add_text(out, hash + 1);
		}
	}
	buf_add_text(out, after);
}

static void test_limits(void **state)
{
	static const struct {
		const char *name, *before, *each, *after;
		size_t max;
		const char *want;
	} rows[] = {
		{ "rules", "rules: [", "{ name: r#, verdict: deny },", "]", POLICY_RULES_MAX, "rules has 1001 entries; at most 1000 were expected" },
		{ "private", "rules: []\nprivate: [", "a.example/#,", "]", POLICY_PATTERNS_MAX,
			"private has 1001 entries; at most 1000 were expected" },
		{ "modules", HEAD "modules: [", "a.example/#,", "] }", POLICY_PATTERNS_MAX, "modules has 1001 entries; at most 1000 were expected" },
		{ "groups", HEAD "groups: [", "g#,", "] }", POLICY_WORDS_MAX, "groups has 1001 entries; at most 1000 were expected" },
		{ "users", HEAD "users: [", "u#,", "] }", POLICY_WORDS_MAX, "users has 1001 entries; at most 1000 were expected" },
		{ "bytes of a user", HEAD "users: [", "u", "] }", POLICY_WORD_MAX, "users is too long; at most 255 bytes were expected" },
		{ "bytes of a name", "rules:\n  - { name: ", "n", ", verdict: deny }", POLICY_NAME_MAX,
			"name is too long; at most 64 bytes were expected" },
		{ "bytes of a reason", HEAD "reason: ", "r", " }", POLICY_TEXT_MAX, "reason is too long; at most 150 bytes were expected" },
		{ "bytes of a help", HEAD "help: ", "h", " }", POLICY_TEXT_MAX, "help is too long; at most 150 bytes were expected" },
		{ "ranges", HEAD "versions: [", "\"<1.0.#\",", "] }", POLICY_RANGES_MAX, "versions has 65 entries; at most 64 were expected" },
		{ "comparisons", HEAD "versions: \"", "!=1.0.# ", "\" }", POLICY_COMPARISONS_MAX, "it has more than 16 comparisons" },
		{ "bytes", "rules: []\n#", "x", "", POLICY_BYTES_MAX - 11, "policy.yaml is larger than 1048576 bytes" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct buf text = BUF_INIT(2 * POLICY_BYTES_MAX);
		struct policy *policy = NULL;
		struct err err = ERR_INIT;

		repeat(&text, rows[i].before, rows[i].each, rows[i].max, rows[i].after);
		if (policy_open_text("policy.yaml", buf_slice(&text), NULL, 0, &policy, &err) < 0)
			fail_msg("row \"%s\": %s", rows[i].name, err.text);
		policy_unref(policy);
		policy = NULL;
		buf_reset(&text);
		repeat(&text, rows[i].before, rows[i].each, rows[i].max + 1, rows[i].after);
		CHECK(rows[i].name, policy_open_text("policy.yaml", buf_slice(&text), NULL, 0, &policy, &err) == POLICY_ERR_INVALID);
		CHECK(rows[i].name, strstr(err.text, rows[i].want) != NULL);
		CHECK(rows[i].name, policy == NULL);
		buf_free(&text);
	}
}

static void test_prefixes_limit(void **state)
{
	static const char *prefixes[POLICY_PREFIXES_MAX + 1];
	struct policy *policy = NULL;

	(void)state;
	for (size_t i = 0; i < LENGTH(prefixes); i++)
		prefixes[i] = "corp.example";
	assert_int_equal(policy_open_text("p", SLICE("rules: []"), prefixes, POLICY_PREFIXES_MAX, &policy, NULL), 0);
	policy_unref(policy);
	policy = NULL;
	assert_int_equal(policy_open_text("p", SLICE("rules: []"), prefixes, POLICY_PREFIXES_MAX + 1, &policy, NULL), POLICY_ERR_INVALID);
	assert_null(policy);
}

static void test_file(void **state)
{
	const char *path = scratch_path(state, "policy.yaml");
	struct policy *policy = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(policy_open(path, NULL, 0, &policy, &err), POLICY_ERR);
	assert_null(policy);
	assert_non_null(strstr(err.text, "policy.yaml does not exist"));
	assert_int_equal(file_write(path, SLICE("rules: []\n"), 0600, NULL), 0);
	assert_int_equal(policy_open(path, NULL, 0, &policy, &err), 0);
	/* sha256sum of "rules: []" and a newline. */
	assert_string_equal(policy_hash(policy), "sha256:e0dfa70eb69d47fe9cb2be8a4fcd53e74cf7fe26fcbb1f06912b57a9c028e4e0");
	assert_string_equal(policy_name(policy), path);
	assert_int_equal(policy_rules(policy), 0);
	assert_ptr_equal(policy_ref(policy), policy);
	policy_unref(policy);
	policy_unref(policy);
	policy_unref(NULL);
}

static void test_samples(void **state)
{
	struct policy *policy = NULL;
	struct err err = ERR_INIT;

	(void)state;
	if (policy_open("conf/policy.yaml", NULL, 0, &policy, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(policy_rules(policy), 6);
	policy_unref(policy);
	policy = open_text(policy_init_text(), NULL);
	assert_int_equal(policy_rules(policy), 1);
	policy_unref(policy);
}

/* What conf/policy.yaml says of its rules by version: the commit behind a tag cannot be had by its pseudo-version either. */
static void test_sample_holds(void **state)
{
	static const char *const prefixes[] = { "git.corp.example" };
	static const struct {
		const char *name;
		struct asked asked;
		enum policy_verdict want;
		const char *rule;
	} rows[] = {
		{ "a release", { "ci", { NULL }, "jwt", POLICY_ZIP, "git.corp.example/x", "v1.3.0", NULL }, POLICY_ALLOW, "ci-releases" },
		{ "a commit between releases",
			{ "ci", { NULL }, "jwt", POLICY_ZIP, "git.corp.example/x", "v1.3.1-0.20260130215912-1f72de49abcd", NULL }, POLICY_DENY, "" },
		{ "a bad one", { "bob", { NULL }, "ldap", POLICY_ZIP, "github.com/corp/parser", "v1.2.3", NULL }, POLICY_DENY, "bad-parser" },
		{ "its commit", { "bob", { NULL }, "ldap", POLICY_ZIP, "github.com/corp/parser", "v0.0.0-20260130215912-1f72de49abcd", NULL },
			POLICY_DENY, "bad-parser" },
		{ "the next", { "bob", { NULL }, "ldap", POLICY_ZIP, "github.com/corp/parser", "v1.2.5", NULL }, POLICY_ALLOW, "public" },
	};
	struct policy *policy = NULL;

	(void)state;
	assert_int_equal(policy_open("conf/policy.yaml", prefixes, LENGTH(prefixes), &policy, NULL), 0);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct policy_question question = question_of(&rows[i].asked);
		struct policy_answer answer;

		policy_decide(policy, &question, &answer);
		CHECK(rows[i].name, answer.verdict == rows[i].want && strcmp(answer.rule, rows[i].rule) == 0);
	}
	policy_unref(policy);
}

/* The rules that a new policy.yaml shows as comments: whoever takes the '#' away has what is said beside them. */
static void test_init_examples_hold(void **state)
{
	static const struct {
		const char *name, *module, *version;
		enum policy_verdict want;
		const char *rule;
	} rows[] = {
		{ "a bad one", "github.com/corp/lib", "v1.2.3", POLICY_DENY, "bad-lib" },
		{ "its commit", "github.com/corp/lib", "v0.0.0-20260130215912-1f72de49abcd", POLICY_DENY, "bad-lib" },
		{ "the next", "github.com/corp/lib", "v1.2.5", POLICY_ALLOW, "public" },
		{ "a team's own", "git.corp.example/payments", "v1.0.0", POLICY_ALLOW, "payments" },
	};
	char *text = strdup(policy_init_text());
	struct policy *policy;

	(void)state;
	for (char *at = strstr(text, "# - {"); at != NULL; at = strstr(at, "# - {"))
		memcpy(at, "- {  ", 5);
	policy = open_text(text, "git.corp.example");
	assert_int_equal(policy_rules(policy), 3);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct asked asked = { "alice", { "payments" }, "ldap", POLICY_ZIP, rows[i].module, rows[i].version, NULL };
		struct policy_question question = question_of(&asked);
		struct policy_answer answer;

		policy_decide(policy, &question, &answer);
		CHECK(rows[i].name, answer.verdict == rows[i].want && strcmp(answer.rule, rows[i].rule) == 0);
	}
	policy_unref(policy);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_prefixes_limit),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_sample_holds),
		cmocka_unit_test(test_init_examples_hold),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
