/* The configuration of the gateway on this machine. */
#include <stdlib.h>

#include "cmd/command.h"

enum exit_code local_settings(const struct call *call, const struct settings **settings_out)
{
	struct err err = ERR_INIT;
	char *path = NULL;
	int code = settings_find(call_value(call, "-c"), &path, &err);
	if (code == 0)
		code = settings_load(path, settings_out, &err);
	free(path);
	return settings_exit(code, &err);
}
