/* policy.yaml: whatever policy comes of the bytes, its answers, its explanations and its refusals agree. */
#include "base/json.h"
#include "policy/policy_private.h"
#include "tests/fuzz/fuzz.h"

static const char *const prefixes[] = { "git.corp.example" };
static const char *const groups[] = { "payments", "all" };

static const struct policy_question question = { .user = { "alice", 5 },
	.groups = groups,
	.groups_count = 2,
	.method = { "ldap", 4 },
	.action = POLICY_ZIP,
	.module = { "git.corp.example/payments/api", 29 },
	.version = { "v1.4.0", 6 } };

static void check_answer(const struct policy *policy, const struct policy_question *asked)
{
	struct buf text = BUF_INIT(POLICY_REFUSAL_MAX + 1);
	struct policy_answer answer;

	policy_decide(policy, asked, &answer);
	ASSERT(answer.verdict != POLICY_NEED_FACTS || asked->version.len == 0);
	ASSERT(answer.rule != NULL && answer.reason != NULL && answer.help != NULL);
	ASSERT(answer.why != POLICY_WHY_END || answer.verdict == POLICY_DENY);
	ASSERT(asked->module.len == 0 || answer.is_private == policy_is_private(policy, asked->module));
	policy_refusal(asked, &answer, &text);
	ASSERT(!buf_failed(&text) && text.len <= POLICY_REFUSAL_MAX && slice_ends(buf_slice(&text), SLICE("\n")));
	ASSERT(slice_find(buf_slice(&text), SLICE("\n\n")) < 0 && slice_is_utf8(buf_slice(&text)));
	buf_free(&text);
}

static void check_explained(const struct policy *policy, size_t max)
{
	struct buf text = BUF_INIT(max), json = BUF_INIT(max);
	enum policy_verdict of_text = POLICY_DENY, of_json = POLICY_DENY;
	struct json *root = NULL;
	struct policy_answer answer;

	policy_decide(policy, &question, &answer);
	policy_explain_text(policy, &question, &text, &of_text);
	policy_explain_json(policy, &question, &json, &of_json);
	ASSERT(of_text == answer.verdict && of_json == answer.verdict);
	ASSERT(json_parse(buf_slice(&json), &root, NULL) == 0);
	json_close(&root);
	buf_free(&text);
	buf_free(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct policy_question nameless = question, unversioned = question;
	struct policy *policy = NULL;
	struct err err = ERR_INIT;

	nameless.module = nameless.version = unversioned.version = SLICE_NONE;
	if (policy_open_text("p.yaml", slice_make(bytes, len), prefixes, 1, &policy, &err) != 0) {
		ASSERT(policy == NULL && slice_starts(slice_of(err.text), SLICE("p.yaml:")));
		return 0;
	}
	ASSERT(policy_is_private(policy, question.module) && policy_is_mapped(policy, question.module));
	check_answer(policy, &question);
	check_answer(policy, &unversioned);
	check_answer(policy, &nameless);
	check_explained(policy, 16 * 1024 * 1024);
	policy_unref(policy);
	return 0;
}
