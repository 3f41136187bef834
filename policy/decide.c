/* The decision: one walk over the rules, without allocation. */
#include "policy/policy_private.h"

#include "module/pattern.h"
#include "module/semver.h"

void policy_facts(const struct policy *policy, const struct policy_question *question, struct facts *facts_out)
{
	struct facts facts = { .question = question };

	facts.has_module = question->module.len > 0;
	facts.has_version = semver_is_module_canonical(question->version);
	facts.is_private = facts.has_module && policy_is_private(policy, question->module);
	facts.method = policy_method_bit(question->method);
	for (size_t i = 0; policy->any_groups && i < question->groups_count; i++)
		facts.groups_mask |= policy_word_bit(slice_of(question->groups[i]));
	*facts_out = facts;
}

static enum holds yes_if(bool condition)
{
	return condition ? HOLDS_YES : HOLDS_NO;
}

static enum holds groups_hold(const struct rule *rule, const struct facts *facts)
{
	const struct policy_question *question = facts->question;

	if (rule->groups.count == 0)
		return HOLDS_UNSAID;
	if ((rule->groups.mask & facts->groups_mask) == 0)
		return HOLDS_NO;
	for (size_t i = 0; i < question->groups_count; i++) {
		if (policy_words_have(&rule->groups, slice_of(question->groups[i])))
			return HOLDS_YES;
	}
	return HOLDS_NO;
}

static enum holds versions_hold(const struct rule *rule, const struct facts *facts)
{
	if (rule->ranges_count == 0)
		return HOLDS_UNSAID;
	if (!facts->has_version)
		return HOLDS_UNKNOWN;
	return yes_if(policy_ranges_find(rule, facts->question->version) != NULL);
}

static enum holds modules_hold(const struct rule *rule, const struct facts *facts)
{
	if (rule->modules.count == 0)
		return HOLDS_UNSAID;
	if (!facts->has_module)
		return HOLDS_UNKNOWN;
	return yes_if(policy_patterns_find(&rule->modules, facts->question->module) != NULL);
}

static enum holds private_holds(const struct rule *rule, const struct facts *facts)
{
	if (rule->is_private == PRIVATE_UNSAID)
		return HOLDS_UNSAID;
	if (!facts->has_module)
		return HOLDS_UNKNOWN;
	return yes_if(facts->is_private == (rule->is_private == PRIVATE_YES));
}

enum holds policy_condition_holds(const struct rule *rule, const struct facts *facts, enum condition condition)
{
	switch (condition) {
	case CONDITION_METHODS:
		return rule->methods == 0 ? HOLDS_UNSAID : yes_if((rule->methods & facts->method) != 0);
	case CONDITION_PRIVATE:
		return private_holds(rule, facts);
	case CONDITION_USERS:
		return rule->users.count == 0 ? HOLDS_UNSAID : yes_if(policy_words_have(&rule->users, facts->question->user));
	case CONDITION_GROUPS:
		return groups_hold(rule, facts);
	case CONDITION_MODULES:
		return modules_hold(rule, facts);
	case CONDITION_VERSIONS:
		return versions_hold(rule, facts);
	}
	return HOLDS_NO;
}

/* The go command reads go.mod files, and checks their sums, of versions it will not select. */
static bool stays_readable(const struct rule *rule, enum policy_action action)
{
	return rule->verdict == POLICY_DENY && rule->ranges_count > 0 && (action == POLICY_MOD || action == POLICY_LOOKUP);
}

enum outcome policy_rule_outcome(const struct rule *rule, const struct facts *facts)
{
	bool unknown = false;

	for (unsigned i = 0; i < CONDITIONS; i++) {
		enum holds holds = policy_condition_holds(rule, facts, (enum condition)i);

		if (holds == HOLDS_NO)
			return OUTCOME_NO;
		unknown = unknown || holds == HOLDS_UNKNOWN;
	}
	if (stays_readable(rule, facts->question->action))
		return OUTCOME_PASSED_READABLE;
	if (!unknown)
		return OUTCOME_WINS;
	if (!facts->has_module)
		return rule->verdict == POLICY_ALLOW ? OUTCOME_WINS : OUTCOME_PASSED_NAME;
	return rule->verdict == POLICY_ALLOW ? OUTCOME_MAYBE : OUTCOME_PASSED_VERSION;
}

bool policy_token_excludes(const struct policy_question *question)
{
	if (question->token_modules_count == 0 || question->module.len == 0)
		return false;
	for (size_t i = 0; i < question->token_modules_count; i++) {
		if (module_pattern_match(slice_of(question->token_modules[i]), question->module))
			return false;
	}
	return true;
}

/* It allows some modules or versions, and which is asked for is not said: that there is such a rule decided, not this one. */
static bool allows_only_some(const struct rule *rule, const struct facts *facts)
{
	return !facts->has_module && (rule->modules.count > 0 || rule->is_private != PRIVATE_UNSAID || rule->ranges_count > 0);
}

static void answer_rule(const struct rule *rule, const struct facts *facts, struct policy_answer *answer)
{
	answer->verdict = rule->verdict;
	answer->why = POLICY_WHY_RULE;
	answer->rule = allows_only_some(rule, facts) ? "" : rule->name;
	answer->reason = rule->reason;
	answer->help = rule->help;
}

static void answer_facts(const struct rule *maybe, struct policy_answer *answer)
{
	answer->verdict = POLICY_NEED_FACTS;
	answer->why = POLICY_WHY_FACTS;
	answer->rule = maybe->name;
	answer->reason = "";
	answer->help = "";
}

static void walk(const struct policy *policy, const struct facts *facts, struct policy_answer *answer)
{
	size_t maybe = policy->rules_count;

	for (size_t i = 0; i < policy->rules_count; i++) {
		const struct rule *rule = &policy->rules[i];
		enum outcome outcome = policy_rule_outcome(rule, facts);

		if (outcome == OUTCOME_WINS) {
			answer_rule(rule, facts, answer);
			break;
		}
		if (outcome == OUTCOME_MAYBE && maybe == policy->rules_count)
			maybe = i;
	}
	if (answer->verdict == POLICY_DENY && maybe < policy->rules_count)
		answer_facts(&policy->rules[maybe], answer);
}

void policy_decide(const struct policy *policy, const struct policy_question *question, struct policy_answer *answer_out)
{
	struct policy_answer answer = { .verdict = POLICY_DENY, .why = POLICY_WHY_END, .rule = "", .reason = "no rule allows it", .help = "" };
	struct facts facts;

	policy_facts(policy, question, &facts);
	answer.is_private = facts.is_private;
	if (question->shut_out) {
		answer.why = POLICY_WHY_SHUT_OUT;
		answer.reason = "nobody is let in by this method: 401 before any rule";
		*answer_out = answer;
		return;
	}
	if (policy_token_excludes(question)) {
		answer.why = POLICY_WHY_TOKEN_LIMIT;
		answer.reason = "this token is limited to other modules";
		*answer_out = answer;
		return;
	}
	walk(policy, &facts, &answer);
	if (answer.verdict != POLICY_DENY && facts.is_private && !policy_is_mapped(policy, question->module)) {
		answer.verdict = POLICY_DENY;
		answer.why = POLICY_WHY_UNMAPPED;
		answer.reason = "it is private and no repository is configured for it";
		answer.help = "";
	}
	*answer_out = answer;
}
