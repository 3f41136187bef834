/* The words of policy that leave the program, by value. */
#include "policy/policy_private.h"

static const char *const actions[] = { [POLICY_LIST] = "list",
	[POLICY_LATEST] = "latest",
	[POLICY_INFO] = "info",
	[POLICY_MOD] = "mod",
	[POLICY_ZIP] = "zip",
	[POLICY_LOOKUP] = "lookup",
	[POLICY_TILE] = "tile",
	[POLICY_INDEX] = "index" };
_Static_assert(sizeof(actions) / sizeof(actions[0]) == POLICY_ACTIONS, "every action has its word");

static const char *const whys[] = { [POLICY_WHY_END] = "end_of_rules",
	[POLICY_WHY_RULE] = "rule",
	[POLICY_WHY_TOKEN_LIMIT] = "token_limit",
	[POLICY_WHY_UNMAPPED] = "unmapped",
	[POLICY_WHY_FACTS] = "needs_version",
	[POLICY_WHY_PRIVATE_NAME] = "private_name",
	[POLICY_WHY_SUMDB_EXEMPT] = "sumdb_exempt",
	[POLICY_WHY_SHUT_OUT] = "shut_out" };
_Static_assert(sizeof(whys) / sizeof(whys[0]) == POLICY_WHY_SHUT_OUT + 1, "every why has its word");

static const char *const verdicts[] = { [POLICY_DENY] = "deny", [POLICY_ALLOW] = "allow", [POLICY_NEED_FACTS] = "depends" };
_Static_assert(sizeof(verdicts) / sizeof(verdicts[0]) == POLICY_NEED_FACTS + 1, "every verdict has its word");

static const char *const methods[] = { "anonymous", "token", "ldap", "jwt" };
_Static_assert(sizeof(methods) / sizeof(methods[0]) == POLICY_METHODS, "every method has its word");

const char *policy_action_word(enum policy_action action)
{
	return actions[action];
}

bool policy_action_parse(struct slice word, enum policy_action *action_out)
{
	for (unsigned i = 0; i < POLICY_ACTIONS; i++) {
		if (slice_equal_text(word, actions[i])) {
			*action_out = (enum policy_action)i;
			return true;
		}
	}
	return false;
}

const char *policy_why_word(enum policy_why why)
{
	return whys[why];
}

const char *policy_verdict_word(enum policy_verdict verdict)
{
	return verdicts[verdict];
}

unsigned policy_method_bit(struct slice word)
{
	for (unsigned i = 0; i < POLICY_METHODS; i++) {
		if (slice_equal_text(word, methods[i]))
			return 1u << i;
	}
	return 0;
}

const char *policy_method_word(unsigned index)
{
	return methods[index];
}
