/*
 * modgate.yaml: what is read and shown is read again and shown the same. The files that a configuration must name are, in its seeds, one
 * without a name, open here as descriptor SECRET: /proc/self/fd/100.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "settings/settings_private.h"
#include "tests/fuzz/fuzz.h"

#define SHOWN_MAX (4 * 1024 * 1024)
#define SECRET    100

static int file_of(struct slice text)
{
	int file = memfd_create("settings", 0);

	ASSERT(file >= 0 && write(file, text.ptr, text.len) == (ssize_t)text.len && fchmod(file, 0600) == 0);
	return file;
}

static int load(struct slice text, const struct settings **settings_out, struct err *err)
{
	int file = file_of(text);
	char path[64];
	int code;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	code = settings_load(path, settings_out, err);
	close(file);
	return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct buf yaml = BUF_INIT(SHOWN_MAX), json_again = BUF_INIT(SHOWN_MAX), json = BUF_INIT(SHOWN_MAX);
	const struct settings *settings = NULL, *again = NULL;
	struct json *root = NULL;
	struct err err = ERR_INIT;
	int secret = file_of(SLICE("x\n"));

	ASSERT(dup2(secret, SECRET) == SECRET && close(secret) == 0);
	if (load(slice_make(bytes, len), &settings, &err) != 0) {
		ASSERT(settings == NULL && err.text[0] != '\0');
		return 0;
	}
	settings_show(settings, &yaml);
	settings_show_json(settings, &json);
	ASSERT(json_parse(buf_slice(&json), &root, NULL) == 0);
	ASSERT(load(buf_slice(&yaml), &again, &err) == 0);
	settings_show_json(again, &json_again);
	ASSERT(slice_equal(buf_slice(&json), buf_slice(&json_again)));
	ASSERT(settings_restart_key(settings, again) == NULL);
	json_close(&root);
	settings_unref(settings);
	settings_unref(again);
	buf_free(&yaml);
	buf_free(&json_again);
	buf_free(&json);
	return 0;
}
