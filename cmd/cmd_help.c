/* modgate help, version */
#include <stdio.h>

#include "base/json.h"
#include "cmd/arguments.h"
#include "cmd/commands.h"

const struct option_row help_options[] = { OPTIONS_END };

static enum exit_code help_about(const struct call *call, struct buf *text)
{
	struct err err = ERR_INIT;
	char *words[OPERANDS_MAX];
	size_t taken = 0;
	if (call->operands_count == 1 && usage_family(call->table, call->operands[0], text))
		return EXIT_DONE;
	for (size_t i = 0; i < call->operands_count; i++)
		words[i] = (char *)call->operands[i];
	const struct command *about = arguments_find(call->table, call->operands_count, words, &taken, &err);
	if (about != NULL && about->run != NULL && taken == call->operands_count) {
		usage_command(about, text);
		return EXIT_DONE;
	}
	if (about == NULL)
		complain("%s", err.text);
	else if (about->run == NULL)
		complain("%s is not in this version", about->name);
	else
		complain("%s is one word; nothing more was expected", about->name);
	return EXIT_USAGE;
}

enum exit_code help_run(const struct call *call)
{
	struct buf text = BUF_INIT(64 * 1024);
	enum exit_code code = EXIT_DONE;
	if (call->operands_count == 0)
		usage_all(call->table, &text);
	else
		code = help_about(call, &text);
	if (code == EXIT_DONE)
		code = output(&text);
	buf_free(&text);
	return code;
}

const struct option_row version_options[] = { OPTION_JSON, OPTIONS_END };

enum exit_code version_run(const struct call *call)
{
	struct buf text = BUF_INIT(1024);
	struct json_writer json;
	if (call_flag(call, "--json")) {
		json_writer_init(&json, &text);
		json_object_begin(&json, NULL);
		json_write_text(&json, "name", SLICE("modgate"));
		json_write_text(&json, "version", SLICE(MODGATE_VERSION));
		json_object_end(&json);
		buf_add_char(&text, '\n');
	} else {
		buf_printf(&text, "modgate %s\n", MODGATE_VERSION);
	}
	enum exit_code code = output(&text);
	buf_free(&text);
	return code;
}
