/* modgate serve, reload */
#include "base/json.h"
#include "cmd/commands.h"
#include "gateway/gateway.h"

const struct option_row serve_options[] = {
	OPTION_CONFIG,
	{ "--address-file", "F", "receives https://HOST:PORT, by rename, once requests are answered", false },
	OPTIONS_END,
};

enum exit_code serve_run(const struct call *call)
{
	const struct settings *settings = NULL;
	struct err err = ERR_INIT;
	enum exit_code code = local_settings(call, &settings);
	if (code == EXIT_DONE)
		code = gateway_exit(gateway_serve(settings, call_value(call, "--address-file"), &err), &err);
	settings_unref(settings);
	return code;
}

const struct option_row reload_options[] = { OPTION_CONFIG, OPTION_JSON, OPTIONS_END };

static void write_reloaded(struct buf *told, bool as_json)
{
	struct buf line = BUF_INIT(told->max * 2);
	struct json_writer json;
	if (as_json) {
		json_writer_init(&json, &line);
		json_object_begin(&json, NULL);
		json_write_text(&json, "reloaded", buf_slice(told));
		json_object_end(&json);
		buf_add_char(&line, '\n');
	} else {
		buf_printf(&line, "reloaded: %s\n", buf_text(told));
	}
	buf_free(told);
	*told = line;
}

enum exit_code reload_run(const struct call *call)
{
	const struct settings *settings = NULL;
	struct buf told = BUF_INIT(64 * 1024);
	struct err err = ERR_INIT;
	enum exit_code code = local_settings_to_reload(call, &settings);
	if (code == EXIT_DONE) {
		int answer = gateway_reload(settings, &told, &err);
		if (answer == 0)
			write_reloaded(&told, call_flag(call, "--json"));
		else
			buf_reset(&told);
		code = answer_exit(answer, &told, &err);
	}
	buf_free(&told);
	settings_unref(settings);
	return code;
}
