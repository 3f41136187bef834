/* What the tests of policy share: opening a text, asking a question in one line. */
#ifndef TESTS_POLICY_SUPPORT_H
#define TESTS_POLICY_SUPPORT_H

#include "policy/policy_private.h"
#include "tests/base/rows.h"

#define GROUPS_MAX 4

/* A policy that must be good. */
static inline struct policy *open_text(const char *text, const char *prefix)
{
	struct policy *policy = NULL;
	struct err err = ERR_INIT;

	if (policy_open_text("policy.yaml", slice_of(text), &prefix, prefix == NULL ? 0 : 1, &policy, &err) < 0)
		fail_msg("%s", err.text);
	return policy;
}

struct asked {
	const char *user, *groups[GROUPS_MAX], *method;
	enum policy_action action;
	const char *module, *version, *token;
};

/* token lives as long as asked. */
static inline struct policy_question question_of(const struct asked *asked)
{
	struct policy_question question = { .user = slice_of(asked->user),
		.groups = asked->groups,
		.method = slice_of(asked->method),
		.action = asked->action,
		.module = slice_of(asked->module),
		.version = slice_of(asked->version),
		.token_modules = &asked->token,
		.token_modules_count = asked->token != NULL ? 1 : 0 };

	while (question.groups_count < GROUPS_MAX && asked->groups[question.groups_count] != NULL)
		question.groups_count++;
	return question;
}

#endif
