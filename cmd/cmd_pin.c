/* modgate pin list, show */
#include <errno.h>
#include <string.h>

#include "cmd/commands.h"
#include "gateway/gateway.h"

const struct option_row pin_list_options[] = {
	OPTION_CONFIG,
	{ "--moved", NULL, "only what was found to be another since", false },
	OPTION_JSON,
	OPTIONS_END,
};
const struct option_row pin_show_options[] = { OPTION_CONFIG, OPTION_JSON, OPTIONS_END };

static int print(void *ctx, struct slice text, struct err *err)
{
	bool *reader_gone = ctx;
	int written = output_bytes(text);
	if (written > 0)
		return 0;
	*reader_gone = written == 0;
	return err_set(err, GATEWAY_ERR, "standard output: %s", strerror(errno));
}

static enum exit_code run(const struct call *call, bool whole)
{
	const struct settings *settings = NULL;
	struct gateway_pins asked = {
		.module = call->operands_count > 0 ? call->operands[0] : NULL,
		.below = !whole,
		.moved = !whole && call_flag(call, "--moved"),
		.whole = whole,
		.json = call_flag(call, "--json"),
	};
	struct err err = ERR_INIT;
	bool reader_gone = false;
	enum exit_code code = local_settings(call, &settings);
	if (code == EXIT_DONE) {
		int failed = gateway_pins(settings, &asked, print, &reader_gone, &err);
		code = reader_gone ? EXIT_DONE : gateway_exit(failed, &err);
	}
	settings_unref(settings);
	return code;
}

enum exit_code pin_list_run(const struct call *call)
{
	return run(call, false);
}

enum exit_code pin_show_run(const struct call *call)
{
	return run(call, true);
}
