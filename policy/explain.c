/* The answers and the walk that an explanation tells, for both of its renderers. */
#include "policy/explain.h"

#include <string.h>

const enum policy_action policy_explained_actions[POLICY_EXPLAINED] = { POLICY_LIST, POLICY_LATEST, POLICY_INFO, POLICY_ZIP, POLICY_MOD,
	POLICY_LOOKUP };

static const char *const outcomes[] = { [OUTCOME_NO] = "no",
	[OUTCOME_WINS] = "matches",
	[OUTCOME_MAYBE] = "may_match",
	[OUTCOME_PASSED_VERSION] = "needs_version",
	[OUTCOME_PASSED_NAME] = "needs_module",
	[OUTCOME_PASSED_READABLE] = "mod_readable" };

static const char *const conditions[] = { [CONDITION_METHODS] = "methods",
	[CONDITION_PRIVATE] = "private",
	[CONDITION_USERS] = "users",
	[CONDITION_GROUPS] = "groups",
	[CONDITION_MODULES] = "modules",
	[CONDITION_VERSIONS] = "versions" };
_Static_assert(sizeof(conditions) / sizeof(conditions[0]) == CONDITIONS, "every condition has its word");

const char *policy_outcome_word(enum outcome outcome)
{
	return outcomes[outcome];
}

const char *policy_condition_word(enum condition condition)
{
	return conditions[condition];
}

/* What the gateway does by having no pass for a private name, and by keeping to nosumdb. */
static void refuse_lookup(struct policy_answer *answer, bool exempt)
{
	if (answer->verdict == POLICY_DENY || (!answer->is_private && !exempt))
		return;
	answer->verdict = POLICY_DENY;
	answer->why = answer->is_private ? POLICY_WHY_PRIVATE_NAME : POLICY_WHY_SUMDB_EXEMPT;
	answer->reason = answer->is_private ? "a private name is not told to a public checksum database"
					    : "nosumdb keeps its name from public checksum databases";
	answer->help = "";
}

void policy_explanation_init(struct explanation *explanation, const struct policy *policy, const struct policy_question *question)
{
	explanation->policy = policy;
	explanation->question = *question;
	for (unsigned i = 0; i < POLICY_EXPLAINED; i++) {
		explanation->question.action = policy_explained_actions[i];
		policy_decide(policy, &explanation->question, &explanation->answers[i]);
		if (policy_explained_actions[i] == POLICY_LOOKUP)
			refuse_lookup(&explanation->answers[i], policy_sumdb_exempt(policy, question->module));
	}
	explanation->question.action = POLICY_ZIP;
	explanation->excluded = policy_token_excludes(question);
	policy_facts(policy, &explanation->question, &explanation->facts);
	explanation->reached = explanation->excluded || question->shut_out ? 0 : policy->rules_count;
	for (size_t i = 0; i < explanation->reached; i++) {
		if (policy_rule_outcome(&policy->rules[i], &explanation->facts) == OUTCOME_WINS)
			explanation->reached = i + 1;
	}
}

enum policy_verdict policy_explanation_verdict(const struct explanation *explanation)
{
	for (unsigned i = 0; i < POLICY_EXPLAINED; i++) {
		if (policy_explained_actions[i] == POLICY_ZIP)
			return explanation->answers[i].verdict;
	}
	return POLICY_DENY;
}

bool policy_answers_agree(const struct policy_answer *a, const struct policy_answer *b)
{
	return a->verdict == b->verdict && a->why == b->why && strcmp(a->rule, b->rule) == 0;
}
