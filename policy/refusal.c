/* What a denied developer reads. */
#include "policy/policy_private.h"

/* How much of each name is shown; with the longest reason, help and rule name the whole stays within POLICY_REFUSAL_MAX. */
#define MODULE_SHOWN  100
#define VERSION_SHOWN 45 /* a pseudo-version whole, with the hash at its end */
#define USER_SHOWN    32

static const char *whom_to_ask(const struct policy_answer *answer)
{
	if (answer->help[0] != '\0')
		return answer->help;
	switch (answer->why) {
	case POLICY_WHY_TOKEN_LIMIT:
		return "use a token that covers this module";
	case POLICY_WHY_UNMAPPED:
		/* The go command asks for parents too, and shows their refusal rather than what the module itself was answered. */
		return "if you meant a module below it, check its path and version; else ask whoever runs this gateway to configure its repository";
	case POLICY_WHY_END:
	case POLICY_WHY_RULE:
	case POLICY_WHY_FACTS:
	case POLICY_WHY_PRIVATE_NAME:
	case POLICY_WHY_SUMDB_EXEMPT:
	case POLICY_WHY_SHUT_OUT:
		break;
	}
	return "ask whoever runs this gateway if you need it";
}

static void add_what(const struct policy_question *question, struct buf *out)
{
	if (question->module.len == 0)
		buf_add_text(out, "This");
	policy_add_shown(out, question->module, MODULE_SHOWN);
	if (question->module.len > 0 && question->version.len > 0) {
		buf_add_char(out, '@');
		policy_add_shown(out, question->version, VERSION_SHOWN);
	}
}

void policy_refusal(const struct policy_question *question, const struct policy_answer *answer, struct buf *out)
{
	add_what(question, out);
	buf_add_text(out, " is refused for ");
	if (question->user.len == 0)
		buf_add_text(out, "callers without a name");
	policy_add_shown(out, question->user, USER_SHOWN);
	buf_add_text(out, " by policy.\n");
	if (answer->reason[0] != '\0' || answer->rule[0] != '\0') {
		buf_printf(out, "Why: %s", answer->reason);
		if (answer->why == POLICY_WHY_RULE)
			buf_printf(out, "%s%s", answer->reason[0] != '\0' ? " (rule " : "rule ", answer->rule);
		buf_add_text(out, answer->why == POLICY_WHY_RULE && answer->reason[0] != '\0' ? ")\n" : "\n");
	}
	buf_printf(out, "Help: %s\n", whom_to_ask(answer));
}
