/* What a start allows, and tells nevertheless. */
#include "support.h"

static void keep(void *ctx, const char *text)
{
	buf_add_text(ctx, text);
	buf_add_char(ctx, '\n');
}

#define TWO(first, second) \
	BASE "repositories:\n  - prefix: " first "\n    repository: https://git.example/x\n  - prefix: " second \
	     "\n    repository: https://git.example/y\n"
#define LINE(at, below, above, other) \
	"modgate.yaml:" at ": repositories[].prefix " below " overlaps with " above " on line " other "; the modules at and below " below \
	" are built from line " at " alone\n"

static void test_overlaps(void **state)
{
	static const struct {
		const char *name, *text, *want;
	} rows[] = {
		{ "apart", TWO("a.example", "b.example"), "" },
		{ "a name that begins alike", TWO("a.example/x", "a.example/xy"), "" },
		{ "below", TWO("a.example", "a.example/x"), LINE("6", "a.example/x", "a.example", "4") },
		{ "below, written before", TWO("a.example/x/y", "a.example"), LINE("4", "a.example/x/y", "a.example", "6") },
		{ "the nearest is named", TWO("a.example", "a.example/x") "  - prefix: a.example/x/y\n    repository: https://git.example/z\n",
			LINE("6", "a.example/x", "a.example", "4") LINE("8", "a.example/x/y", "a.example/x", "6") },
	};

	for (size_t i = 0; i < LENGTH(rows); i++) {
		const struct settings *settings = load_good(state, rows[i].text);
		struct buf told = BUF_INIT(8192), want = BUF_INIT(8192);
		struct slice rest = slice_of(rows[i].want), line;

		while (slice_next(&rest, '\n', &line))
			buf_printf(&want, "%.*s%.*s\n", (int)(strlen(settings->path) - strlen("modgate.yaml")), settings->path, SLICE_ARG(line));
		settings_warn(settings, keep, &told);
		if (strcmp(buf_text(&told), buf_text(&want)) != 0)
			fail_msg("row \"%s\": %s", rows[i].name, buf_text(&told));
		buf_free(&told);
		buf_free(&want);
		settings_unref(settings);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_overlaps) };

	return cmocka_run_group_tests(tests, folder_setup, scratch_teardown);
}
