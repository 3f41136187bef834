/* modgate.yaml: what is read and shown is read again and shown the same. The files that a configuration must name are devices here. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/json.h"
#include "settings/settings_private.h"
#include "tests/fuzz/fuzz.h"

#define SHOWN_MAX (4 * 1024 * 1024)

/* A file without a name, which a path leads to all the same. */
static int load(struct slice text, const struct settings **settings_out, struct err *err)
{
	int file = memfd_create("settings", 0);
	char path[64];
	int code;

	ASSERT(file >= 0 && write(file, text.ptr, text.len) == (ssize_t)text.len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	code = settings_load(path, settings_out, err);
	close(file);
	return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct buf once = BUF_INIT(SHOWN_MAX), twice = BUF_INIT(SHOWN_MAX), json = BUF_INIT(SHOWN_MAX);
	const struct settings *settings = NULL, *again = NULL;
	struct json *root = NULL;
	struct err err = ERR_INIT;

	if (load(slice_make(bytes, len), &settings, &err) != 0) {
		ASSERT(settings == NULL && err.text[0] != '\0');
		return 0;
	}
	settings_show(settings, &once);
	settings_show_json(settings, &json);
	ASSERT(json_parse(buf_slice(&json), &root, NULL) == 0);
	ASSERT(load(buf_slice(&once), &again, &err) == 0);
	settings_show(again, &twice);
	ASSERT(slice_equal(buf_slice(&once), buf_slice(&twice)));
	ASSERT(settings_restart_key(settings, again) == NULL);
	json_close(&root);
	settings_unref(settings);
	settings_unref(again);
	buf_free(&once);
	buf_free(&twice);
	buf_free(&json);
	return 0;
}
