/* An explanation in words for a security engineer. */
#include "policy/explain.h"

#define NAME_SHOWN 300

static const char *failed_sentence(const struct rule *rule, enum condition condition)
{
	switch (condition) {
	case CONDITION_METHODS:
		return "the caller's method is not one of its methods";
	case CONDITION_PRIVATE:
		return rule->is_private == PRIVATE_YES ? "the module is public" : "the module is private";
	case CONDITION_USERS:
		return "the caller is not one of its users";
	case CONDITION_GROUPS:
		return "the caller is in none of its groups";
	case CONDITION_MODULES:
		return "none of its modules patterns matches";
	case CONDITION_VERSIONS:
		return "the version is outside its versions";
	}
	return "";
}

static void add_failed(const struct rule *rule, const struct facts *facts, struct buf *out)
{
	const char *before = "no match: ";

	for (unsigned i = 0; i < CONDITIONS; i++) {
		if (policy_condition_holds(rule, facts, (enum condition)i) == HOLDS_NO) {
			buf_printf(out, "%s%s", before, failed_sentence(rule, (enum condition)i));
			before = "; ";
		}
	}
}

/* What made it match, where that is not plain from the rule: which pattern, which group. */
static void add_matched(const struct rule *rule, const struct facts *facts, struct buf *out)
{
	const struct policy_question *question = facts->question;
	const struct pattern *pattern = facts->has_module ? policy_patterns_find(&rule->modules, question->module) : NULL;
	const struct range *range = facts->has_version ? policy_ranges_find(rule, question->version) : NULL;
	const char *before = ": ";

	buf_add_text(out, "matches");
	if (pattern != NULL) {
		buf_printf(out, "%spattern %.*s", before, SLICE_ARG(pattern->text));
		before = ", ";
	}
	for (size_t i = 0; rule->groups.count > 0 && i < question->groups_count; i++) {
		if (policy_words_have(&rule->groups, slice_of(question->groups[i]))) {
			buf_printf(out, "%sgroup %s", before, question->groups[i]);
			before = ", ";
		}
	}
	if (range != NULL)
		buf_printf(out, "%sversions %s", before, range->text);
}

static void add_rule(const struct explanation *explanation, size_t index, struct buf *out)
{
	const struct rule *rule = &explanation->policy->rules[index];

	buf_printf(out, "  %zu. %s (line %u, %s): ", index + 1, rule->name, rule->line, policy_verdict_word(rule->verdict));
	switch (policy_rule_outcome(rule, &explanation->facts)) {
	case OUTCOME_NO:
		add_failed(rule, &explanation->facts, out);
		break;
	case OUTCOME_WINS:
		add_matched(rule, &explanation->facts, out);
		break;
	case OUTCOME_MAYBE:
		buf_add_text(out, "matches some versions, and no version is given");
		break;
	case OUTCOME_PASSED_VERSION:
		buf_add_text(out, "passed over: it refuses some versions, and no version is given");
		break;
	case OUTCOME_PASSED_NAME:
		buf_add_text(out, "passed over: it refuses some modules, and no module is given");
		break;
	case OUTCOME_PASSED_READABLE:
		buf_add_text(out, "passed over: it refuses by version, and go.mod stays readable");
		break;
	}
	buf_add_char(out, '\n');
}

static void add_caller(const struct policy_question *question, struct buf *out)
{
	buf_add_text(out, "caller:  ");
	policy_add_shown(out, question->user.len > 0 ? question->user : SLICE("(no name)"), NAME_SHOWN);
	buf_add_text(out, question->groups_count > 0 ? ", groups " : ", no groups");
	for (size_t i = 0; i < question->groups_count; i++) {
		buf_add_text(out, i > 0 ? ", " : "");
		policy_add_shown(out, slice_of(question->groups[i]), NAME_SHOWN);
	}
	buf_add_text(out, question->method.len > 0 ? ", method " : ", no method");
	policy_add_shown(out, question->method, NAME_SHOWN);
	buf_add_char(out, '\n');
}

static void add_head(const struct explanation *explanation, struct buf *out)
{
	const struct policy_question *question = &explanation->question;
	const char *kind = "";
	struct slice because = policy_private_because(explanation->policy, question->module, &kind);

	buf_add_text(out, "module:  ");
	policy_add_shown(out, question->module, NAME_SHOWN);
	buf_add_text(out, question->version.len > 0 ? "@" : "");
	policy_add_shown(out, question->version, NAME_SHOWN);
	if (question->version.len > 0 && !explanation->facts.has_version)
		buf_add_text(out, " (no canonical version: taken as not known)");
	buf_add_char(out, '\n');
	add_caller(question, out);
	if (explanation->facts.is_private)
		buf_printf(out, "private: yes, by the %s %.*s\n", kind, SLICE_ARG(because));
	else
		buf_add_text(out, "private: no\n");
	buf_printf(out, "policy:  %s, %s\n", explanation->policy->name, explanation->policy->hash);
}

static void add_walk(const struct explanation *explanation, struct buf *out)
{
	size_t left = explanation->policy->rules_count - explanation->reached;

	buf_add_text(out, "rules, in order, for zip:\n");
	if (explanation->question.shut_out)
		buf_add_text(out, "  no rule is looked at: this gateway lets nobody in by this method\n");
	else if (explanation->excluded)
		buf_add_text(out, "  no rule is looked at: the token is limited to other modules\n");
	for (size_t i = 0; i < explanation->reached; i++)
		add_rule(explanation, i, out);
	if (left > 0 && !explanation->excluded && !explanation->question.shut_out)
		buf_printf(out, "  %zu more not looked at: the first match decides\n", left);
}

static void add_answer(const struct policy_answer *answer, struct buf *out)
{
	switch (answer->why) {
	case POLICY_WHY_RULE:
		buf_printf(out, "%s by rule %s", policy_verdict_word(answer->verdict), answer->rule);
		break;
	case POLICY_WHY_FACTS:
		buf_printf(out, "depends on the version, by rule %s", answer->rule);
		break;
	case POLICY_WHY_END:
	case POLICY_WHY_TOKEN_LIMIT:
	case POLICY_WHY_UNMAPPED:
	case POLICY_WHY_PRIVATE_NAME:
	case POLICY_WHY_SUMDB_EXEMPT:
	case POLICY_WHY_SHUT_OUT:
		buf_printf(out, "%s", policy_verdict_word(answer->verdict));
		break;
	}
	if (answer->reason[0] != '\0')
		buf_printf(out, ": %s", answer->reason);
	if (answer->help[0] != '\0')
		buf_printf(out, " (help: %s)", answer->help);
	buf_add_char(out, '\n');
}

/* One line for all the actions that get one answer. */
static void add_answers(const struct explanation *explanation, struct buf *out)
{
	bool told[POLICY_EXPLAINED] = { false };

	for (unsigned i = 0; i < POLICY_EXPLAINED; i++) {
		const char *before = "";

		if (told[i])
			continue;
		for (unsigned k = i; k < POLICY_EXPLAINED; k++) {
			if (!policy_answers_agree(&explanation->answers[i], &explanation->answers[k]))
				continue;
			told[k] = true;
			buf_printf(out, "%s%s", before, policy_action_word(policy_explained_actions[k]));
			before = ", ";
		}
		buf_add_text(out, ": ");
		add_answer(&explanation->answers[i], out);
	}
}

void policy_explain_text(const struct policy *policy, const struct policy_question *question, struct buf *out, enum policy_verdict *verdict_out)
{
	struct explanation explanation;

	policy_explanation_init(&explanation, policy, question);
	add_head(&explanation, out);
	add_walk(&explanation, out);
	add_answers(&explanation, out);
	*verdict_out = policy_explanation_verdict(&explanation);
}
