/* modgate env */
#include "cmd/commands.h"
#include "cmd/go.h"
#include "gateway/gateway.h"

#define ANSWER_MAX (1024 * 1024)

const struct option_row env_options[] = { OPTION_CONFIG, OPTION_JSON, OPTIONS_END };

/* A URL is enough, on a machine that knows nothing else of the gateway; where there is a configuration it tells the rest. */
enum exit_code env_run(const struct call *call)
{
	const char *url = call->operands_count > 0 ? call->operands[0] : NULL;
	const struct settings *settings = NULL;
	struct buf go = BUF_INIT(GO_ANSWER_MAX), lines = BUF_INIT(ANSWER_MAX);
	struct err err = ERR_INIT;
	enum exit_code code = (url == NULL ? local_settings : local_settings_if_any)(call, &settings);
	if (code == EXIT_DONE) {
		bool has_go = go_env("GOVERSION", &go);
		int answer = gateway_env(settings, url, has_go ? buf_text(&go) : NULL, call_flag(call, "--json"), &lines, &err);
		code = answer_exit(answer, &lines, &err);
	}
	buf_free(&go);
	buf_free(&lines);
	settings_unref(settings);
	return code;
}
