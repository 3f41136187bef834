/* What the two renderers of an explanation share. Inside policy only. */
#ifndef POLICY_EXPLAIN_H
#define POLICY_EXPLAIN_H

#include "policy/policy_private.h"

#define POLICY_EXPLAINED 6
/* The actions on a module, those that usually agree beside each other. */
extern const enum policy_action policy_explained_actions[POLICY_EXPLAINED];

struct explanation {
	const struct policy *policy;
	struct policy_question question; /* asked for zip */
	struct facts facts;              /* of it; points into this struct */
	bool excluded;                   /* a limited token leaves the module out: no rule is looked at */
	size_t reached;                  /* rules looked at for zip */
	struct policy_answer answers[POLICY_EXPLAINED];
};

/* explanation must not move afterwards. */
void policy_explanation_init(struct explanation *explanation, const struct policy *policy, const struct policy_question *question);
/* For zip. */
enum policy_verdict policy_explanation_verdict(const struct explanation *explanation);
bool policy_answers_agree(const struct policy_answer *a, const struct policy_answer *b);
const char *policy_outcome_word(enum outcome outcome);
const char *policy_condition_word(enum condition condition);

#endif
