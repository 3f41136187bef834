/* The configuration of the gateway on this machine. */
#include <stdlib.h>

#include "cmd/command.h"

static enum exit_code load(const struct call *call, bool needed, const struct settings **settings_out)
{
	struct err err = ERR_INIT;
	char *path = NULL;
	int code = settings_find(call_value(call, "-c"), &path, &err);
	if (code == SETTINGS_ERR_ABSENT && !needed)
		return EXIT_DONE;
	if (code == 0)
		code = settings_load(path, settings_out, &err);
	free(path);
	return settings_exit(code, &err);
}

enum exit_code local_settings(const struct call *call, const struct settings **settings_out)
{
	return load(call, true, settings_out);
}

enum exit_code local_settings_if_any(const struct call *call, const struct settings **settings_out)
{
	return load(call, false, settings_out);
}
