/* An explanation for programs: one JSON object. */
#include "policy/explain.h"

#include "base/json.h"

static void write_rule(const struct explanation *explanation, size_t index, struct json_writer *json)
{
	const struct rule *rule = &explanation->policy->rules[index];
	bool reached = index < explanation->reached;

	json_object_begin(json, NULL);
	json_write_text(json, "name", slice_of(rule->name));
	json_write_int(json, "line", rule->line);
	json_write_text(json, "verdict", slice_of(policy_verdict_word(rule->verdict)));
	json_write_text(json, "outcome", slice_of(reached ? policy_outcome_word(policy_rule_outcome(rule, &explanation->facts)) : "not_reached"));
	json_array_begin(json, "failed");
	for (unsigned i = 0; reached && i < CONDITIONS; i++) {
		if (policy_condition_holds(rule, &explanation->facts, (enum condition)i) == HOLDS_NO)
			json_write_text(json, NULL, slice_of(policy_condition_word((enum condition)i)));
	}
	json_array_end(json);
	json_object_end(json);
}

static void write_answer(enum policy_action action, const struct policy_answer *answer, struct json_writer *json)
{
	json_object_begin(json, policy_action_word(action));
	json_write_text(json, "verdict", slice_of(policy_verdict_word(answer->verdict)));
	json_write_text(json, "why", slice_of(policy_why_word(answer->why)));
	json_write_text(json, "rule", slice_of(answer->rule));
	json_write_text(json, "reason", slice_of(answer->reason));
	json_write_text(json, "help", slice_of(answer->help));
	json_object_end(json);
}

static void write_head(const struct explanation *explanation, struct json_writer *json)
{
	const struct policy_question *question = &explanation->question;
	const char *kind = "";
	struct slice because = policy_private_because(explanation->policy, question->module, &kind);

	json_write_text(json, "module", question->module);
	json_write_text(json, "version", question->version);
	json_write_text(json, "user", question->user);
	json_array_begin(json, "groups");
	for (size_t i = 0; i < question->groups_count; i++)
		json_write_text(json, NULL, slice_of(question->groups[i]));
	json_array_end(json);
	json_write_text(json, "method", question->method);
	json_write_bool(json, "private", explanation->facts.is_private);
	json_write_text(json, "private_by", because);
	json_write_text(json, "policy", slice_of(explanation->policy->hash));
	json_write_bool(json, "token_excludes", explanation->excluded);
}

void policy_explain_json(const struct policy *policy, const struct policy_question *question, struct buf *out, enum policy_verdict *verdict_out)
{
	struct explanation explanation;
	struct json_writer json;

	policy_explanation_init(&explanation, policy, question);
	json_writer_init(&json, out);
	json_object_begin(&json, NULL);
	write_head(&explanation, &json);
	json_array_begin(&json, "rules");
	for (size_t i = 0; i < policy->rules_count; i++)
		write_rule(&explanation, i, &json);
	json_array_end(&json);
	json_object_begin(&json, "answers");
	for (unsigned i = 0; i < POLICY_EXPLAINED; i++)
		write_answer(policy_explained_actions[i], &explanation.answers[i], &json);
	json_object_end(&json);
	json_object_end(&json);
	*verdict_out = policy_explanation_verdict(&explanation);
}
