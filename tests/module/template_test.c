/* Templates of repositories, and which prefix is the closer one. */
#include "module/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "module/path.h"

#define LENGTH(rows) (sizeof(rows) / sizeof((rows)[0]))

static void templates(void **state)
{
	static const struct {
		const char *in;
		size_t elements;
		bool open_ended;
	} rows[] = {
		{ "", 0, false },
		{ "/srv/git/one.git", 0, false },
		{ "https://h/{1}.git", 1, false },
		{ "https://h/{2}/{1}.git", 2, false },
		{ "https://h/{1}/{1}", 1, false },
		{ "{1}{2}{3}{4}{5}{6}{7}{8}{9}", 9, false },
		{ "{*}", 0, true },
		{ "https://h/{1}/{*}.git", 1, true },
		{ "https://h/{*}/of/{1}", 1, true },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct module_template template;
		struct err err = ERR_INIT;

		if (module_template_read(rows[i].in, &template, &err) != 0 || template.elements != rows[i].elements ||
			template.open_ended != rows[i].open_ended)
			fail_msg("%s: %zu elements%s; %s", rows[i].in, template.elements, template.open_ended ? " and more" : "", err.text);
	}
}

static void refusals(void **state)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
		{ "{", "a brace" },
		{ "}", "a brace" },
		{ "a{1", "a brace" },
		{ "{}", "a brace" },
		{ "{0}", "a brace" },
		{ "{10}", "a brace" },
		{ "{x}", "a brace" },
		{ "{1}}", "a brace" },
		{ "{{1}", "a brace" },
		{ "{**}", "a brace" },
		{ "{*}{*}", "{*} more than once" },
		{ "{2}", "without a gap" },
		{ "{1}{3}{*}", "without a gap" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct module_template template = { 7, true };
		struct err err = ERR_INIT;

		if (module_template_read(rows[i].in, &template, &err) != MODULE_ERR || !strstr(err.text, rows[i].want) || template.elements != 7)
			fail_msg("%s: %s", rows[i].in, err.text);
	}
}

static void closer(void **state)
{
	static const struct {
		const char *path, *prefix, *best;
		bool want;
	} rows[] = {
		{ "h.x/a/b", "h.x", "", true },
		{ "h.x/a/b", "h.x/a", "h.x", true },
		{ "h.x/a/b", "h.x/a/b", "h.x/a", true },
		{ "h.x/a/b", "h.x", "h.x/a", false },
		{ "h.x/a/b", "h.x/a", "h.x/a", false },
		{ "h.x/a/b", "h.x/a/b/c", "h.x", false },
		{ "h.x/ab", "h.x/a", "", false },
		{ "h.x", "h.x/a", "", false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		if (module_path_prefix_closer(slice_of(rows[i].path), slice_of(rows[i].prefix), slice_of(rows[i].best)) != rows[i].want)
			fail_msg("row %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(templates),
		cmocka_unit_test(refusals),
		cmocka_unit_test(closer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
