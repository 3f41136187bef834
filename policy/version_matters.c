/* Whether a question needs its version: the same walk as a decision's, up to the first rule that wins without one. */
#include "policy/policy_private.h"

bool policy_version_matters(const struct policy *policy, const struct policy_question *question)
{
	struct policy_question unversioned = *question;
	struct facts facts;

	unversioned.version = SLICE_NONE;
	policy_facts(policy, &unversioned, &facts);
	for (size_t i = 0; i < policy->rules_count && !policy_token_excludes(question); i++) {
		switch (policy_rule_outcome(&policy->rules[i], &facts)) {
		case OUTCOME_MAYBE:
		case OUTCOME_PASSED_VERSION:
			return true;
		case OUTCOME_WINS:
			return false;
		case OUTCOME_NO:
		case OUTCOME_PASSED_NAME:
		case OUTCOME_PASSED_READABLE:
			break;
		}
	}
	return false;
}
