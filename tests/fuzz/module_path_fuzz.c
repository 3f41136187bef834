/* Module paths: the first line as a path and as an escaped one, the second as a prefix. */
#include "module/path.h"
#include "tests/fuzz/fuzz.h"

static void check_escaping(struct slice path)
{
	struct buf escaped = BUF_INIT(2 * MODULE_PATH_MAX);
	struct buf back = BUF_INIT(MODULE_PATH_MAX);
	struct slice prefix, major;

	ASSERT(path.len <= MODULE_PATH_MAX);
	ASSERT(module_escape_path(path, &escaped, NULL) == 0);
	ASSERT(module_unescape_path(buf_slice(&escaped), &back, NULL) == 0);
	ASSERT(slice_equal(buf_slice(&back), path));
	ASSERT(module_path_split_major(path, &prefix, &major));
	ASSERT(prefix.len + major.len == path.len && slice_starts(path, prefix) && slice_ends(path, major));
	ASSERT(fuzz_inside(module_path_major_prefix(major), path));
	buf_free(&escaped);
	buf_free(&back);
}

static void check_unescaping(struct slice escaped)
{
	struct buf path = BUF_INIT(MODULE_PATH_MAX);
	struct buf again = BUF_INIT(2 * MODULE_PATH_MAX);

	if (module_unescape_path(escaped, &path, NULL) == 0) {
		ASSERT(path.len <= escaped.len);
		ASSERT(module_path_check(buf_slice(&path), NULL) == 0);
		ASSERT(module_escape_path(buf_slice(&path), &again, NULL) == 0);
		ASSERT(slice_equal(buf_slice(&again), escaped));
	} else {
		ASSERT(path.len == 0);
	}
	buf_free(&path);
	buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct slice prefix;
	struct slice path;
	struct err err = ERR_INIT;

	slice_cut(slice_make(bytes, len), '\n', &path, &prefix);
	if (module_path_check(path, &err) == 0)
		check_escaping(path);
	else
		ASSERT(err.text[0] != '\0');
	check_unescaping(path);
	if (module_path_has_prefix(path, prefix))
		ASSERT(slice_starts(path, prefix));
	ASSERT(module_path_has_prefix(path, path));
	return 0;
}
