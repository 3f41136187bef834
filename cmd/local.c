/* The configuration of the gateway on this machine. */
#include <stdlib.h>

#include "cmd/command.h"

static int load(const struct call *call, const struct settings **settings_out, struct err *err)
{
	char *path = NULL;
	int code = settings_find(call_value(call, "-c"), &path, err);
	if (code == 0)
		code = settings_load(path, settings_out, err);
	free(path);
	return code;
}

enum exit_code local_settings(const struct call *call, const struct settings **settings_out)
{
	struct err err = ERR_INIT;
	return settings_exit(load(call, settings_out, &err), &err);
}

enum exit_code local_settings_if_any(const struct call *call, const struct settings **settings_out)
{
	char *path = NULL;
	struct err err = ERR_INIT;
	int code = settings_find(call_value(call, "-c"), &path, &err);
	free(path);
	return code == SETTINGS_ERR_ABSENT ? EXIT_DONE : local_settings(call, settings_out);
}

enum exit_code local_settings_to_reload(const struct call *call, const struct settings **settings_out)
{
	struct err err = ERR_INIT;
	int code = load(call, settings_out, &err);
	if (code != SETTINGS_ERR_INVALID)
		return settings_exit(code, &err);
	err_prepend(&err, code, "not reloaded, what is in force stays in force");
	settings_exit(code, &err);
	return EXIT_NO;
}
