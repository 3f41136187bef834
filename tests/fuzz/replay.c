/* Runs a fuzz target over the files given, else over its committed seeds, without a fuzzer: one test each, told as TAP. */
#include <dirent.h>
#include <stdio.h>

#include "base/file.h"
#include "tests/fuzz/fuzz.h"

#define PATH_BYTES_MAX 4096
#define SEED_BYTES_MAX (1024 * 1024)
#define ENDING         "_fuzz_test"

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* "build/tests/fuzz/module_path_fuzz_test" has its seeds in tests/fuzz/seeds/module_path. */
static void seeds_of(const char *program, struct buf *out)
{
	struct slice name = slice_of(program);

	name = slice_after(name, (size_t)(slice_last_index(name, '/') + 1));
	ASSERT(slice_ends(name, slice_of(ENDING)));
	buf_printf(out, "tests/fuzz/seeds/%.*s", (int)(name.len - strlen(ENDING)), name.ptr);
}

static void run(struct slice input)
{
	char *bytes = fuzz_copy(input);

	LLVMFuzzerTestOneInput((const uint8_t *)bytes, input.len);
	free(bytes);
}

static bool tell(int number, const char *name, bool good, const char *why)
{
	printf("%sok %d - %s%s%s\n", good ? "" : "not ", number, name, *why ? ": " : "", why);
	fflush(stdout);
	return good;
}

static bool replay(int number, const char *path, const char *name)
{
	struct buf text = BUF_INIT(SEED_BYTES_MAX);
	struct err err = ERR_INIT;
	bool read = file_read(path, &text, &err) == 0;

	if (read)
		run(buf_slice(&text));
	buf_free(&text);
	return tell(number, name, read, err.text);
}

/* And no bytes at all, which a fuzzer begins with as well. */
static bool replay_seeds(const char *directory)
{
	struct dirent **entries = NULL;
	int count = scandir(directory, &entries, visible, alphasort);
	bool good = count > 0;

	printf("1..%d\n", (count < 0 ? 0 : count) + 1);
	fflush(stdout);
	run(SLICE_NONE);
	tell(1, "nothing", good, good ? "" : "there are no seeds");
	for (int i = 0; i < count; i++) {
		struct buf path = BUF_INIT(PATH_BYTES_MAX);

		buf_printf(&path, "%s/%s", directory, entries[i]->d_name);
		good = replay(i + 2, buf_text(&path), entries[i]->d_name) && good;
		buf_free(&path);
		free(entries[i]);
	}
	free(entries);
	return good;
}

int main(int argc, char **argv)
{
	struct buf seeds = BUF_INIT(PATH_BYTES_MAX);
	bool good = true;

	if (argc > 1)
		printf("1..%d\n", argc - 1);
	for (int i = 1; i < argc; i++)
		good = replay(i, argv[i], argv[i]) && good;
	if (argc == 1) {
		seeds_of(argv[0], &seeds);
		good = replay_seeds(buf_text(&seeds));
	}
	buf_free(&seeds);
	return good ? 0 : 1;
}
