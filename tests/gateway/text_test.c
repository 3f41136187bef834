/* Lists that are typed, and words for a shell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/gateway.h"
#include "gateway/text.h"

static void test_split(void **state)
{
	static const struct {
		const char *list;
		int code;
		const char *want; /* with '|' after each */
	} rows[] = {
		{ NULL, 0, "" },
		{ "", 0, "" },
		{ "a", 0, "a|" },
		{ "a,b", 0, "a|b|" },
		{ " a b , c\t", 0, "a b|c|" },
		{ "a,", 0, "a|" },
		{ ",", GATEWAY_ERR_INVALID, "" },
		{ "a,,b", GATEWAY_ERR_INVALID, "" },
		{ ",a", GATEWAY_ERR_INVALID, "" },
		{ " ", GATEWAY_ERR_INVALID, "" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf got = BUF_INIT(1024);
		struct err err = ERR_INIT;
		char **items = NULL;
		size_t count = 0;
		int code = text_split(rows[i].list, "--groups", &items, &count, &err);
		for (size_t k = 0; k < count; k++)
			buf_printf(&got, "%s|", items[k]);
		if (code != rows[i].code || strcmp(buf_text(&got), rows[i].want) != 0 ||
			(code != 0) != (strstr(err.text, "--groups: a list") != NULL))
			fail_msg("row %zu: %d %s %s", i, code, buf_text(&got), err.text);
		free(items);
		buf_free(&got);
	}
}

static void test_split_limit(void **state)
{
	(void)state;
	for (size_t names = TEXT_LIST_MAX; names <= TEXT_LIST_MAX + 1; names++) {
		struct buf list = BUF_INIT(16384);
		struct err err = ERR_INIT;
		char **items = NULL;
		size_t count = 0;
		for (size_t i = 0; i < names; i++)
			buf_add_text(&list, i == 0 ? "a" : ",a");
		assert_int_equal(text_split(buf_text(&list), "--groups", &items, &count, &err), names <= TEXT_LIST_MAX ? 0 : GATEWAY_ERR_INVALID);
		assert_int_equal(count, names <= TEXT_LIST_MAX ? names : 0);
		free(items);
		buf_free(&list);
	}
}

static void test_shell_word(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "https://gate.example:8443/x", "https://gate.example:8443/x" },
		{ "sum.example+1a2b+AZ/az==", "sum.example+1a2b+AZ/az==" },
		{ "", "''" },
		{ "a b", "'a b'" },
		{ "*.example,b", "'*.example,b'" },
		{ "[ab]", "'[ab]'" },
		{ "~/x", "'~/x'" },
		{ "$(id)", "'$(id)'" },
		{ "`id`", "'`id`'" },
		{ "it's", "'it'\\''s'" },
		{ "a\nb", "'a\nb'" },
		{ "a;b&c|d", "'a;b&c|d'" },
		{ "a\\b", "'a\\b'" },
		{ "g\xc3\xa4te", "'g\xc3\xa4te'" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf got = BUF_INIT(1024);
		text_shell_word(rows[i].text, &got);
		assert_string_equal(buf_text(&got), rows[i].want);
		buf_free(&got);
	}
}

static void test_plural(void **state)
{
	(void)state;
	assert_string_equal(text_plural(0), "s");
	assert_string_equal(text_plural(1), "");
	assert_string_equal(text_plural(2), "s");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_split), cmocka_unit_test(test_split_limit), cmocka_unit_test(test_shell_word),
		cmocka_unit_test(test_plural) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
