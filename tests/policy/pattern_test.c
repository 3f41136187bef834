/* The prepared pattern must answer as module_pattern_match() does. */
#include "module/pattern.h"

#include "tests/policy/support.h"

static void test_same(void **state)
{
	static const char *const patterns[] = { "*", "git.example", "git.example/", "git.example/*", "git.example/a", "*.example", "*.example/a",
		"git.ex?mple", "g[a-j]t.example", "git.example/a*/c", "git.example/\\a", "corp.example/x/y/z", "[^a-z]*", "*/a", "*/*/c", "git*/a[b]",
		"?it.example/a/", "git.example/a]", "git.exampl[e/]*/a" };
	static const char *const modules[] = { "git.example", "git.example/a", "git.example/a/c", "git.example/ab/c/d", "git.examples",
		"git.examplea/a", "corp.example/x/y", "corp.example/x/y/z/v2", "x.example/a/b", "1.example", "git.example/", "", NULL };

	(void)state;
	for (size_t i = 0; i < LENGTH(patterns); i++) {
		struct pattern pattern;

		policy_pattern_init(&pattern, slice_of(patterns[i]));
		CHECK(patterns[i], policy_pattern_check(slice_of(patterns[i]), NULL) == 0);
		for (size_t k = 0; k < LENGTH(modules); k++)
			CHECK(patterns[i], policy_pattern_match(&pattern, slice_of(modules[k])) ==
						   module_pattern_match(slice_of(patterns[i]), slice_of(modules[k])));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
