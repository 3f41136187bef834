/* modgate policy explain, test */
#include "cmd/commands.h"
#include "gateway/gateway.h"

#define ANSWER_MAX (64 * 1024 * 1024)

const struct option_row policy_explain_options[] = {
	OPTION_CONFIG,
	{ "--user", "U", "who asks; needed unless --method is anonymous", false },
	{ "--groups", "A,B", "the groups of U; else none", false },
	{ "--method", "M", "how U signed in: ldap, jwt, token or anonymous; else the first of ldap, token, jwt that is configured", false },
	OPTION_JSON,
	OPTIONS_END,
};

enum exit_code policy_explain_run(const struct call *call)
{
	const struct settings *settings = NULL;
	struct buf answer = BUF_INIT(ANSWER_MAX);
	struct err err = ERR_INIT;
	const struct gateway_explain explain = {
		.user = call_value(call, "--user"),
		.groups = call_value(call, "--groups"),
		.method = call_value(call, "--method"),
		.module = call->operands[0],
		.json = call_flag(call, "--json"),
	};
	enum exit_code code = local_settings(call, &settings);
	if (code == EXIT_DONE)
		code = answer_exit(gateway_policy_explain(settings, &explain, &answer, &err), &answer, &err);
	buf_free(&answer);
	settings_unref(settings);
	return code;
}

const struct option_row policy_test_options[] = { OPTION_CONFIG, OPTION_JSON, OPTIONS_END };

enum exit_code policy_test_run(const struct call *call)
{
	const struct settings *settings = NULL;
	struct buf answer = BUF_INIT(ANSWER_MAX);
	struct err err = ERR_INIT;
	enum exit_code code = local_settings(call, &settings);
	if (code == EXIT_DONE)
		code = answer_exit(gateway_policy_test(settings, call->operands[0], call_flag(call, "--json"), &answer, &err), &answer, &err);
	buf_free(&answer);
	settings_unref(settings);
	return code;
}
