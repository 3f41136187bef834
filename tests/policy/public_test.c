#include "policy/public.h"

#include <pthread.h>

#include "tests/policy/support.h"

static void test_mint(void **state)
{
	static const struct {
		const char *name;
		struct slice module;
		int want;
	} rows[] = {
		{ "public", BYTES("github.com/x/y"), 0 },
		{ "capitals", BYTES("github.com/BurntSushi/toml"), 0 },
		{ "a major", BYTES("github.com/x/y/v2"), 0 },
		{ "a private pattern", BYTES("a.internal.example/x"), POLICY_ERR_PRIVATE },
		{ "a mapped prefix", BYTES("git.example"), POLICY_ERR_PRIVATE },
		{ "below a mapped prefix", BYTES("git.example/x/y"), POLICY_ERR_PRIVATE },
		{ "no path", BYTES(""), POLICY_ERR_PRIVATE },
		{ "another spelling of a private one", BYTES("github.com//x"), POLICY_ERR_PRIVATE },
		{ "capitals in the host", BYTES("Git.example/x"), POLICY_ERR_PRIVATE },
		{ "dots", BYTES("github.com/../git.example"), POLICY_ERR_PRIVATE },
		{ "an escape", BYTES("github.com/!x"), POLICY_ERR_PRIVATE },
		{ "a NUL", BYTES("github.com/x\0y"), POLICY_ERR_PRIVATE },
		{ "a leading slash", BYTES("/git.example/x"), POLICY_ERR_PRIVATE },
	};
	struct policy *policy = open_text("private: [\"*.internal.example\"]\nrules: []\n", "git.example");

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		const struct public_module *module = NULL;
		struct err err = ERR_INIT;

		CHECK(rows[i].name, policy_public_module(policy, rows[i].module, &module, &err) == rows[i].want);
		CHECK(rows[i].name, (module != NULL) == (rows[i].want == 0));
		CHECK(rows[i].name, (err.text[0] != '\0') == (rows[i].want != 0));
		if (module != NULL)
			CHECK(rows[i].name, slice_equal(public_module_path(module), rows[i].module));
		public_module_unref(module);
	}
	policy_unref(policy);
}

/* The go command asks for the parents of an import path; those of a mapped prefix name a part of it. */
static void test_parents(void **state)
{
	static const struct {
		const char *module;
		bool is_private;
	} rows[] = {
		{ "git.example/team/tool", true },
		{ "git.example/team/tool/v2", true },
		{ "git.example/team", true },
		{ "git.example", true },
		{ "git.example/teams", false },
		{ "git.example/team/tools", false },
		{ "git.example/other", false },
	};
	struct policy *policy = open_text("rules: []\n", "git.example/team/tool");

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		const struct public_module *module = NULL;

		CHECK(rows[i].module, policy_is_private(policy, slice_of(rows[i].module)) == rows[i].is_private);
		CHECK(rows[i].module, (policy_public_module(policy, slice_of(rows[i].module), &module, NULL) != 0) == rows[i].is_private);
		public_module_unref(module);
	}
	policy_unref(policy);
}

static void *count_up_and_down(void *arg)
{
	const struct public_module *module = arg;

	for (unsigned i = 0; i < 1000; i++)
		public_module_unref(public_module_ref(module));
	return NULL;
}

static void test_count(void **state)
{
	struct policy *policy = open_text("rules: []\n", NULL);
	const struct public_module *module = NULL;
	pthread_t threads[2];

	(void)state;
	assert_int_equal(policy_public_module(policy, SLICE("github.com/x/y"), &module, NULL), 0);
	policy_unref(policy);
	for (size_t i = 0; i < LENGTH(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_up_and_down, (void *)module), 0);
	for (size_t i = 0; i < LENGTH(threads); i++)
		pthread_join(threads[i], NULL);
	assert_true(slice_equal_text(public_module_path(module), "github.com/x/y"));
	public_module_unref(module);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mint),
		cmocka_unit_test(test_parents),
		cmocka_unit_test(test_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
