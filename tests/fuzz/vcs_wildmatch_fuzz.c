/* Patterns of .gitattributes: a pattern on the first line, a path on the second. Work is bounded, and text that is escaped matches itself. */
#include "tests/fuzz/fuzz.h"
#include "vcs/files_private.h"

#define LINE_BYTES_MAX 2048

/* -1: too much work. The text is a piece of its own, without an end. */
static int match(const char *pattern, struct slice text, bool pathname)
{
	char *copy = fuzz_copy(text);
	uint64_t steps = 0;
	bool matches = false;
	int code = vcs_wildmatch(pattern, slice_make(copy, text.len), pathname, &steps, &matches, NULL);

	free(copy);
	return code < 0 ? -1 : matches;
}

static void check_literal(struct slice text)
{
	struct buf escaped = BUF_INIT(2 * LINE_BYTES_MAX + 1);

	for (size_t i = 0; i < text.len; i++)
		buf_printf(&escaped, "\\%c", text.ptr[i]);
	ASSERT(match(buf_text(&escaped), text, true) == 1);
	ASSERT(match(buf_text(&escaped), text, false) == 1);
	ASSERT(text.len == 0 || match(buf_text(&escaped), slice_after(text, 1), false) == 0);
	buf_add_char(&escaped, '*');
	ASSERT(match(buf_text(&escaped), text, true) == 1);
	buf_free(&escaped);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct slice rest = slice_make(bytes, len);
	char *pattern = slice_dup(slice_sub(fuzz_line(&rest), 0, LINE_BYTES_MAX));
	struct slice text = slice_sub(fuzz_line(&rest), 0, LINE_BYTES_MAX);
	int narrow, wide;

	if (pattern == NULL || slice_has_nul(text)) {
		free(pattern);
		return 0;
	}
	narrow = match(pattern, text, true);
	wide = match(pattern, text, false);
	if (strpbrk(pattern, "*?[\\") == NULL)
		ASSERT(narrow == wide && wide == slice_equal_text(text, pattern));
	if (slice_index(text, '/') < 0 && strchr(pattern, '/') == NULL && narrow >= 0 && wide >= 0)
		ASSERT(narrow == wide);
	check_literal(text);
	free(pattern);
	return 0;
}
