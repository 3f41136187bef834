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

#define MAPPED(first, second) \
	BASE "repositories:\n  - prefix: one.example\n    repository: " first "\n  - prefix: two.example\n    repository: " second "\n"

/* Two names of one repository: a deny of the one does not hold for the other. */
static void test_aliases(void **state)
{
	static const struct {
		const char *name, *text;
		bool told;
	} rows[] = {
		{ "two hosts", MAPPED("https://git.example/{1}.git", "https://other.example/{1}.git"), false },
		{ "one host by two templates", MAPPED("https://git.example/{1}/{2}.git", "https://git.example/{*}.git"), true },
		{ "two repositories of it", MAPPED("https://git.example/a.git", "https://git.example/b.git"), false },
		{ "one repository", MAPPED("https://git.example/a.git", "https://git.example/a"), true },
		{ "in other letters", MAPPED("https://git.example/team/a.git", "https://git.example/Team/A.git"), true },
		{ "one of those that the template has", MAPPED("https://git.example/{1}/{2}.git", "https://git.example/team/a.git"), true },
		{ "the same, written before", MAPPED("https://git.example/team/a.git", "https://git.example/{1}/{2}.git"), true },
		{ "not one of them", MAPPED("https://git.example/go/{1}.git", "https://git.example/team/a.git"), false },
		{ "a group of the host and all of it", MAPPED("https://git.example/go/{1}.git", "https://git.example/{1}/{2}.git"), true },
		{ "two groups", MAPPED("https://git.example/go/{1}.git", "https://git.example/c/{1}.git"), false },
		{ "by another port", MAPPED("https://git.example/{1}/{2}.git", "https://git.example:8443/{1}/{2}.git"), true },
		{ "a place on this machine", MAPPED("/srv/git/{1}", "/srv/git/{1}/{2}"), true },
		{ "two places", MAPPED("/srv/git/{1}", "/srv/other/{1}"), false },
		{ "two directories of one repository", MAPPED("/srv/a\n    subdir: x", "/srv/a\n    subdir: y"), false },
		{ "a directory of it and all of it", MAPPED("/srv/a\n    subdir: x", "/srv/a"), true },
		{ "below, by its own name",
			BASE "repositories:\n  - prefix: one.example\n    repository: https://git.example/{1}/{2}.git\n  - prefix: one.example/t/a\n"
			     "    repository: https://git.example/t/a.git\n",
			false },
		{ "below, by another's name",
			BASE "repositories:\n  - prefix: one.example\n    repository: https://git.example/{1}/{2}.git\n  - prefix: one.example/t/a\n"
			     "    repository: https://git.example/t/b.git\n",
			true },
	};

	for (size_t i = 0; i < LENGTH(rows); i++) {
		const struct settings *settings = load_good(state, rows[i].text);
		struct buf told = BUF_INIT(8192);

		settings_warn(settings, keep, &told);
		if ((strstr(buf_text(&told), "may come to the repositories of one.example on line 4; a deny rule") != NULL) != rows[i].told)
			fail_msg("row \"%s\": %s", rows[i].name, buf_text(&told));
		buf_free(&told);
		settings_unref(settings);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_overlaps), cmocka_unit_test(test_aliases) };

	return cmocka_run_group_tests(tests, folder_setup, scratch_teardown);
}
