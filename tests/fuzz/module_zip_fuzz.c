/* Module zips: arbitrary bytes as one; and one that is made of the input's lines is verified and has the same h1. */
#include "module/dirhash.h"
#include "module/zip.h"
#include "tests/fuzz/fuzz.h"

#define MODULE    SLICE("corp.example/m")
#define VERSION   SLICE("v1.2.3")
#define FILES_MAX 16

static int sink(void *ctx, const void *bytes, size_t len)
{
	buf_add(ctx, bytes, len);
	return 0;
}

/* Each line: a file's path, a space, its content. */
static void make(const struct module_files *files, const struct slice *contents, struct buf *out, char *h1_out)
{
	struct module_zip *zip = NULL;
	struct slice path;
	size_t handle;

	ASSERT(module_zip_open(MODULE, VERSION, sink, out, &zip, NULL) == 0);
	for (size_t i = 0; i < module_files_kept(files); i++) {
		module_files_kept_at(files, i, &path, &handle);
		ASSERT(module_zip_add(zip, path, contents[handle], NULL) == 0);
	}
	ASSERT(module_zip_finish(zip, h1_out, NULL) == 0);
	module_zip_close(&zip);
}

static void check_made(struct slice rest)
{
	struct buf zip = BUF_INIT(16 * 1024 * 1024);
	char made[MODULE_H1_MAX], verified[MODULE_H1_MAX];
	struct slice line, path, contents[FILES_MAX];
	struct module_files *files = NULL;

	ASSERT(module_files_open(&files, NULL) == 0);
	for (size_t i = 0; i < FILES_MAX && slice_next(&rest, '\n', &line); i++) {
		slice_cut(line, ' ', &path, &contents[i]);
		module_files_add(files, path, MODULE_FILE_REGULAR, (int64_t)contents[i].len, i, NULL);
	}
	if (module_files_check(files, true, NULL) == 0) {
		make(files, contents, &zip, made);
		ASSERT(module_zip_verify(buf_slice(&zip), MODULE, VERSION, verified, NULL) == 0);
		ASSERT(strcmp(made, verified) == 0);
		ASSERT(module_zip_verify(buf_slice(&zip), MODULE, SLICE("v1.2.4"), verified, NULL) != 0 || module_files_kept(files) == 0);
	}
	module_files_close(&files);
	buf_free(&zip);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct slice input = slice_make(bytes, len);
	struct err err = ERR_INIT;
	char h1[MODULE_H1_MAX];

	if (module_zip_verify(input, MODULE, VERSION, h1, &err) == 0)
		ASSERT(slice_starts(slice_of(h1), SLICE("h1:")));
	else
		ASSERT(err.text[0] != '\0');
	check_made(input);
	return 0;
}
