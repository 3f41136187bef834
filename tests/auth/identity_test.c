#include "tests/auth/support.h"

static void test_words(void **state)
{
	enum auth_scope scope = AUTH_SCOPE_READ;
	enum auth_method method = AUTH_ANONYMOUS;

	(void)state;
	for (int i = 0; i < AUTH_REASONS; i++) {
		for (int j = 0; j < i; j++)
			assert_string_not_equal(auth_reason_word((enum auth_reason)i), auth_reason_word((enum auth_reason)j));
	}
	assert_true(auth_scope_of(SLICE("admin"), &scope));
	assert_int_equal(scope, AUTH_SCOPE_ADMIN);
	assert_false(auth_scope_of(SLICE("Admin"), &scope));
	assert_true(auth_method_of(SLICE("jwt"), &method));
	assert_int_equal(method, AUTH_JWT);
	assert_false(auth_method_of(SLICE(""), &method));
}

static void test_identity(void **state)
{
	const char *groups[] = { "a", "bc" };
	const char *modules[] = { "git.corp.example/payments" };
	struct auth_identity like = { .method = AUTH_TOKEN,
		.user = "u",
		.credential = "id",
		.groups = groups,
		.groups_count = 2,
		.modules = modules,
		.modules_count = 1,
		.expires_s = 7 };
	const struct auth_identity *copy = auth_identity_copy(&like);

	(void)state;
	groups[0] = modules[0] = "changed";
	assert_string_equal(copy->groups[0], "a");
	assert_string_equal(copy->groups[1], "bc");
	assert_string_equal(copy->user, "u");
	assert_string_equal(copy->credential, "id");
	assert_true(copy->expires_s == 7 && copy->method == AUTH_TOKEN);
	assert_int_equal(copy->modules_count, 1);
	assert_string_equal(copy->modules[0], "git.corp.example/payments");
	assert_ptr_equal(auth_identity_ref(copy), copy);
	auth_identity_unref(copy);
	auth_identity_unref(copy);
	auth_identity_unref(NULL);
	like.modules_count = 0;
	copy = auth_identity_copy(&like);
	assert_int_equal(copy->modules_count, 0);
	auth_identity_unref(copy);
}

static void test_names(void **state)
{
	struct arena *arena = arena_open(1024 * 1024);
	struct auth_names names = { .arena = arena };
	char longest[AUTH_GROUP_MAX + 2] = "";

	(void)state;
	memset(longest, 'g', AUTH_GROUP_MAX + 1);
	assert_int_equal(auth_names_add(&names, slice_make(longest, AUTH_GROUP_MAX + 1)), AUTH_ERR_REFUSED);
	assert_int_equal(auth_names_add(&names, SLICE("")), AUTH_ERR_REFUSED);
	assert_int_equal(auth_names_add(&names, SLICE("a\0b")), AUTH_ERR_REFUSED);
	assert_int_equal(auth_names_add(&names, SLICE("\xff")), AUTH_ERR_REFUSED);
	for (size_t i = 0; i < AUTH_GROUPS_MAX; i++)
		assert_int_equal(auth_names_add(&names, slice_make(longest, AUTH_GROUP_MAX)), 0);
	assert_int_equal(auth_names_add(&names, SLICE("one more")), AUTH_ERR_REFUSED);
	assert_true(names.count == AUTH_GROUPS_MAX);
	arena_close(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
