/* Which files of a tree a zip holds: a kind and a path a line. Order does not matter; names that are kept may stand in a zip. */
#include "module/unicode.h"
#include "module/zip.h"
#include "tests/fuzz/fuzz.h"

#define FILES_MAX 64

static struct module_files *list_of(const struct slice *lines, size_t count, bool backwards)
{
	struct module_files *files = NULL;

	ASSERT(module_files_open(&files, NULL) == 0);
	for (size_t n = 0; n < count; n++) {
		size_t i = backwards ? count - 1 - n : n;
		struct slice line = lines[i];
		enum module_file_mode mode = fuzz_byte(&line) == 'l' ? MODULE_FILE_SYMLINK : MODULE_FILE_REGULAR;

		module_files_add(files, line, mode, 10, i, NULL);
	}
	return files;
}

/* Marks those kept, each once. */
static size_t mark_kept(const struct module_files *files, unsigned char seen[FILES_MAX], unsigned char mark)
{
	struct slice path;
	size_t index;

	for (size_t i = 0; i < module_files_kept(files); i++) {
		module_files_kept_at(files, i, &path, &index);
		ASSERT(module_file_path_check(path, NULL) == 0 && (seen[index] & mark) == 0);
		seen[index] |= mark;
	}
	return module_files_kept(files);
}

static void check_kept(const struct module_files *one, const struct module_files *two)
{
	unsigned char seen[FILES_MAX] = { 0 };

	ASSERT(mark_kept(one, seen, 1) == mark_kept(two, seen, 2));
	for (size_t i = 0; i < FILES_MAX; i++)
		ASSERT(seen[i] == 0 || seen[i] == 3);
}

static void check_runes(struct slice s)
{
	uint32_t rune;
	char encoded[4];

	for (size_t n; s.len > 0; s = slice_after(s, n)) {
		n = utf8_decode(s, &rune);
		ASSERT(n >= 1 && n <= s.len && (n == slice_utf8_sequence(s) || (n == 1 && rune == UNICODE_REPLACEMENT)));
		ASSERT(n == 1 || (utf8_encode(rune, encoded) == n && memcmp(encoded, s.ptr, n) == 0));
		ASSERT(unicode_fold(rune) <= rune && unicode_fold(unicode_fold(rune)) == unicode_fold(rune));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct slice rest = slice_make(bytes, len), lines[FILES_MAX];
	struct module_files *one, *two;
	size_t count = 0;
	int code;

	check_runes(rest);
	while (count < FILES_MAX && slice_next(&rest, '\n', &lines[count]))
		count++;
	one = list_of(lines, count, false);
	two = list_of(lines, count, true);
	code = module_files_check(one, true, NULL);
	ASSERT(code == module_files_check(two, true, NULL));
	if (code == 0)
		check_kept(one, two);
	module_files_close(&one);
	module_files_close(&two);
	return 0;
}
