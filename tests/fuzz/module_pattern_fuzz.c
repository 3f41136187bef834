/* Patterns as GOPRIVATE holds them: a pattern on the first line, a path on the second. */
#include "module/path.h"
#include "module/pattern.h"
#include "tests/fuzz/fuzz.h"

#define NAME_BYTES_MAX 256

/* Every byte of a name behind a backslash: matches the name itself and nothing longer. */
static void check_literal(struct slice name)
{
	struct buf literal = BUF_INIT(2 * NAME_BYTES_MAX);

	for (size_t i = 0; i < name.len; i++) {
		buf_add_char(&literal, '\\');
		buf_add_char(&literal, name.ptr[i]);
	}
	if (slice_is_utf8(name)) {
		ASSERT(module_glob_match(buf_slice(&literal), name) || slice_index(name, '/') >= 0);
		ASSERT(name.len == 0 || !module_glob_match(buf_slice(&literal), slice_sub(name, 0, name.len - 1)));
	}
	buf_free(&literal);
}

static void check_list(struct slice list, struct slice path)
{
	struct slice rest = list, pattern;
	bool any = false;

	while (slice_next(&rest, ',', &pattern))
		any = any || module_pattern_match(pattern, path);
	ASSERT(module_patterns_match(list, path) == any);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct slice rest = slice_make(bytes, len);
	struct slice pattern = slice_sub(fuzz_line(&rest), 0, NAME_BYTES_MAX), path = slice_sub(fuzz_line(&rest), 0, NAME_BYTES_MAX);
	struct slice bare = slice_ends(pattern, SLICE("/")) ? slice_sub(pattern, 0, pattern.len - 1) : pattern;
	bool plain = true;

	for (size_t i = 0; i < pattern.len; i++)
		plain = plain && strchr("*?[\\", pattern.ptr[i]) == NULL;
	if (module_pattern_check(pattern, NULL) == 0) {
		if (plain)
			ASSERT(module_pattern_match(pattern, path) == module_path_has_prefix(path, bare));
		if (module_glob_match(bare, path))
			ASSERT(module_pattern_match(pattern, path));
	}
	check_list(pattern, path);
	check_literal(path);
	return 0;
}
