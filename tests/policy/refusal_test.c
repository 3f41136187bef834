#include "policy/policy.h"

#include "tests/policy/support.h"

static const char policy_text[] =
	"private: [\"*.internal.example\"]\n"
	"rules:\n"
	"  - { name: bad, modules: [\"github.com/evil/lib\"], versions: \"<1.2.5\", verdict: deny, reason: \"use 1.2.5\", help: \"ask #security\" }\n"
	"  - { name: quiet, modules: [\"github.com/quiet\"], verdict: deny }\n"
	"  - { name: all, modules: [\"github.com\", \"*.internal.example\"], verdict: allow }\n";

static void test_words(void **state)
{
	static const struct {
		const char *name;
		struct asked asked;
		const char *want;
	} rows[] = {
		{ "rule, reason and help", { "bob", { NULL }, "ldap", POLICY_ZIP, "github.com/evil/lib", "v1.2.4", NULL },
			"github.com/evil/lib@v1.2.4 is refused for bob by policy.\nWhy: use 1.2.5 (rule bad)\nHelp: ask #security\n" },
		{ "a rule alone", { "bob", { NULL }, "ldap", POLICY_LIST, "github.com/quiet/x", "", NULL },
			"github.com/quiet/x is refused for bob by policy.\nWhy: rule quiet\nHelp: ask whoever runs this gateway if you need it\n" },
		{ "the end", { "bob", { NULL }, "ldap", POLICY_LIST, "git.example/x", "", NULL },
			"git.example/x is refused for bob by policy.\nWhy: no rule allows it\nHelp: ask whoever runs this gateway if you need it\n" },
		{ "nobody", { "", { NULL }, "anonymous", POLICY_LIST, "git.example/x", "", NULL },
			"git.example/x is refused for callers without a name by policy.\nWhy: no rule allows it\nHelp: ask whoever runs this gateway "
			"if you need it\n" },
		{ "a limited token", { "bob", { NULL }, "token", POLICY_LIST, "github.com/x", "", "git.example" },
			"github.com/x is refused for bob by policy.\nWhy: this token is limited to other modules\nHelp: use a token that covers this "
			"module\n" },
		{ "no repository", { "bob", { NULL }, "ldap", POLICY_LIST, "a.internal.example", "", NULL },
			"a.internal.example is refused for bob by policy.\nWhy: it is private and no repository is configured for it\nHelp: if "
			"you meant a module below it, check its path and version; else ask whoever runs this gateway to configure its repository\n" },
		{ "a pseudo-version whole",
			{ "bob", { NULL }, "ldap", POLICY_ZIP, "github.com/quiet/x", "v1.10.4-0.20260130215912-1f72de49abcd", NULL },
			"github.com/quiet/x@v1.10.4-0.20260130215912-1f72de49abcd is refused for bob by policy.\nWhy: rule quiet\nHelp: ask whoever "
			"runs this gateway if you need it\n" },
		{ "no module", { "bob", { NULL }, "ldap", POLICY_TILE, "", "", NULL }, NULL },
		{ "bytes from outside", { "b\x1b\xff\n", { NULL }, "ldap", POLICY_LIST, "git.example/x", "", NULL },
			"git.example/x is refused for b??? by policy.\nWhy: no rule allows it\nHelp: ask whoever runs this gateway if you need "
			"it\n" },
		{ "letters of the world", { "J\xc3\xb8rgen", { NULL }, "ldap", POLICY_LIST, "git.example/x", "", NULL },
			"git.example/x is refused for J\xc3\xb8rgen by policy.\nWhy: no rule allows it\nHelp: ask whoever runs this gateway if you "
			"need it\n" },
	};
	struct policy *policy = open_text(policy_text, NULL);

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct policy_question question = question_of(&rows[i].asked);
		struct policy_answer answer;
		struct buf out = BUF_INIT(4096);

		policy_decide(policy, &question, &answer);
		if (rows[i].want == NULL) {
			CHECK(rows[i].name, answer.verdict == POLICY_ALLOW);
			continue;
		}
		CHECK(rows[i].name, answer.verdict == POLICY_DENY);
		policy_refusal(&question, &answer, &out);
		if (strcmp(buf_text(&out), rows[i].want) != 0)
			fail_msg("row \"%s\":\n%s", rows[i].name, buf_text(&out));
		buf_free(&out);
	}
	policy_unref(policy);
}

static void fill(char *text, size_t len, char with)
{
	memset(text, with, len);
	text[len] = '\0';
}

/* With everything as long as it may be. */
static void test_longest(void **state)
{
	char name[POLICY_NAME_MAX + 1], reason[POLICY_TEXT_MAX + 1], help[POLICY_TEXT_MAX + 1], user[1001], version[1001];
	struct buf text = BUF_INIT(4096);
	struct buf module = BUF_INIT(4096);
	struct buf out = BUF_INIT(4096);
	struct policy_question question = { .action = POLICY_ZIP };
	struct policy_answer answer;
	struct policy *policy;
	size_t lines = 0;

	(void)state;
	fill(name, POLICY_NAME_MAX, 'n');
	fill(reason, POLICY_TEXT_MAX, 'r');
	fill(help, POLICY_TEXT_MAX, 'h');
	fill(user, sizeof(user) - 1, 'u');
	fill(version, sizeof(version) - 1, '1');
	buf_printf(&text, "rules: [{ name: %s, reason: %s, help: %s, verdict: deny }]", name, reason, help);
	buf_add_text(&module, "github.com");
	for (unsigned i = 0; i < 500; i++)
		buf_add_text(&module, "/m");
	policy = open_text(buf_text(&text), NULL);
	question.user = slice_of(user);
	question.module = buf_slice(&module);
	question.version = slice_of(version);
	policy_decide(policy, &question, &answer);
	policy_refusal(&question, &answer, &out);
	for (size_t i = 0; i < out.len; i++)
		lines += out.ptr[i] == '\n';
	assert_true(out.len <= POLICY_REFUSAL_MAX);
	assert_true(lines <= 8);
	assert_null(strstr(buf_text(&out), "\n\n"));
	assert_non_null(strstr(buf_text(&out), reason));
	assert_non_null(strstr(buf_text(&out), help));
	assert_non_null(strstr(buf_text(&out), name));
	policy_unref(policy);
	buf_free(&out);
	buf_free(&module);
	buf_free(&text);
}

/* A name cut between its characters is still text. */
static void test_cut(void **state)
{
	struct buf out = BUF_INIT(64);

	(void)state;
	policy_add_shown(&out,
		SLICE("aa\xc3\xb8"
		      "bb"),
		3);
	assert_string_equal(buf_text(&out), "aa...");
	buf_reset(&out);
	policy_add_shown(&out,
		SLICE("aa\xc3\xb8"
		      "bb"),
		4);
	assert_string_equal(buf_text(&out), "aa\xc3\xb8...");
	buf_reset(&out);
	policy_add_shown(&out,
		SLICE("aa\xc3\xb8"
		      "bb"),
		6);
	assert_string_equal(buf_text(&out), "aa\xc3\xb8"
					    "bb");
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
