/* From argv to a call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "cmd/arguments.h"

#define WORDS_MAX 8

static const struct option_row options[] = {
	OPTION_CONFIG,
	{ "--user", "U", "a user", true },
	{ "--days", "N", "days", false },
	OPTION_JSON,
	OPTIONS_END,
};
static const struct option_row no_options[] = { OPTIONS_END };

static enum exit_code run(const struct call *call)
{
	(void)call;
	return EXIT_DONE;
}

static const struct command rows[] = {
	{ "serve", "", "", no_options, run },
	{ "token issue", "", "", options, run },
	{ "token revoke", "ID", "", no_options, run },
	{ "audit consistency", "", "", NULL, NULL },
	{ "audit diff", "OLD NEW", "", no_options, run },
	{ "env", "[URL]", "", no_options, run },
	{ "store", "", "", NULL, NULL },
};
static const struct command_table table = { rows, sizeof(rows) / sizeof(rows[0]) };

static size_t count(char *const *words)
{
	size_t found = 0;
	while (words[found] != NULL)
		found++;
	return found;
}

static void test_refusals(void **state)
{
	static const struct {
		const char *name;
		char *words[WORDS_MAX];
		const char *want;
	} cases[] = {
		{ "nothing", { NULL }, "a command is needed; modgate help lists them" },
		{ "no such command", { "bogus" }, "bogus: there is no such command; modgate help lists them" },
		{ "only the first word", { "token" }, "token: a second word is needed: issue, revoke" },
		{ "an option instead of the second", { "token", "--user", "a" }, "token: a second word is needed: issue, revoke" },
		{ "another second word", { "token", "drop" }, "token drop: there is no such command; issue, revoke was expected after token" },
		{ "a later one is not expected", { "audit", "x" }, "audit x: there is no such command; diff was expected after audit" },
		{ "case", { "Serve" }, "Serve: there is no such command; modgate help lists them" },
		{ "unknown option", { "serve", "--port", "1" }, "unknown option --port" },
		{ "unknown option with a value", { "serve", "--port=1" }, "unknown option --port" },
		{ "unknown short option", { "serve", "-c", "f" }, "unknown option -c" },
		{ "a beginning is no option", { "token", "issue", "--us", "a" }, "unknown option --us" },
		{ "twice", { "token", "issue", "--user", "a", "--user", "b" }, "--user is given twice" },
		{ "no value left", { "token", "issue", "--user" }, "--user needs a value: --user U" },
		{ "a value too many", { "token", "issue", "--user", "a", "--json=yes" }, "--json takes no value" },
		{ "a required one is missing", { "token", "issue", "--days", "3" }, "--user U is needed" },
		{ "an operand is missing", { "token", "revoke" }, "ID is needed" },
		{ "the second is missing", { "audit", "diff", "1" }, "NEW is needed" },
		{ "an operand too many", { "serve", "now" }, "now: nothing more was expected" },
		{ "more than the optional one", { "env", "a", "b" }, "b: nothing more was expected" },
		{ "many more", { "audit", "diff", "1", "2", "3", "4", "5" }, "5: nothing more was expected" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct call call;
		if (arguments_read(&table, count(cases[i].words), cases[i].words, &call, &err) != ARGUMENTS_BAD)
			fail_msg("row \"%s\" was accepted", cases[i].name);
		if (strcmp(err.text, cases[i].want) != 0)
			fail_msg("row \"%s\": %s", cases[i].name, err.text);
	}
}

static void test_accepted(void **state)
{
	static const struct {
		const char *name;
		char *words[WORDS_MAX];
		enum arguments_result want;
		const char *command, *user, *config, *operand;
		bool json;
	} cases[] = {
		{ "alone", { "serve" }, ARGUMENTS_RUN, "serve", NULL, NULL, NULL, false },
		{ "two words and options", { "token", "issue", "--user", "alice", "--json" }, ARGUMENTS_RUN, "token issue", "alice", NULL, NULL,
			true },
		{ "with =", { "token", "issue", "--user=a=b", "-c=x" }, ARGUMENTS_RUN, "token issue", "a=b", "x", NULL, false },
		{ "an empty value", { "token", "issue", "--user", "" }, ARGUMENTS_RUN, "token issue", "", NULL, NULL, false },
		{ "a value that looks like an option", { "token", "issue", "--user", "--json" }, ARGUMENTS_RUN, "token issue", "--json", NULL, NULL,
			false },
		{ "operand", { "token", "revoke", "id" }, ARGUMENTS_RUN, "token revoke", NULL, NULL, "id", false },
		{ "after --", { "token", "revoke", "--", "-id" }, ARGUMENTS_RUN, "token revoke", NULL, NULL, "-id", false },
		{ "- is an operand", { "token", "revoke", "-" }, ARGUMENTS_RUN, "token revoke", NULL, NULL, "-", false },
		{ "optional operand left out", { "env" }, ARGUMENTS_RUN, "env", NULL, NULL, NULL, false },
		{ "help", { "token", "issue", "--help" }, ARGUMENTS_HELP, "token issue", NULL, NULL, NULL, false },
		{ "help whatever else is said", { "serve", "--bogus", "-h" }, ARGUMENTS_HELP, "serve", NULL, NULL, NULL, false },
		{ "a later one, whatever follows", { "store", "verify", "--deep" }, ARGUMENTS_RUN, "store", NULL, NULL, NULL, false },
		{ "a later one of two words", { "audit", "consistency", "1", "2" }, ARGUMENTS_RUN, "audit consistency", NULL, NULL, NULL, false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct call call;
		enum arguments_result got = arguments_read(&table, count(cases[i].words), cases[i].words, &call, &err);
		if (got != cases[i].want || strcmp(call.command->name, cases[i].command) != 0)
			fail_msg("row \"%s\": %s", cases[i].name, err.text);
		bool takes_user = call.command->options == options;
		const char *user = takes_user ? call_value(&call, "--user") : NULL, *config = takes_user ? call_value(&call, "-c") : NULL;
		if (!slice_equal(slice_of(user), slice_of(cases[i].user)) || !slice_equal(slice_of(config), slice_of(cases[i].config)) ||
			(takes_user && call_flag(&call, "--json") != cases[i].json))
			fail_msg("row \"%s\": other options", cases[i].name);
		if (!slice_equal(slice_of(call.operands_count > 0 ? call.operands[0] : NULL), slice_of(cases[i].operand)))
			fail_msg("row \"%s\": other operands", cases[i].name);
	}
}

static void test_numbers(void **state)
{
	static const struct {
		char *text;
		enum exit_code want;
		int64_t number;
	} cases[] = {
		{ "1", EXIT_DONE, 1 },
		{ "3650", EXIT_DONE, 3650 },
		{ "007", EXIT_DONE, 7 },
		{ "0", EXIT_USAGE, -1 },
		{ "3651", EXIT_USAGE, -1 },
		{ "-1", EXIT_USAGE, -1 },
		{ "+1", EXIT_USAGE, -1 },
		{ "1d", EXIT_USAGE, -1 },
		{ "1.5", EXIT_USAGE, -1 },
		{ "", EXIT_USAGE, -1 },
		{ "9999999999999999999", EXIT_USAGE, -1 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *words[] = { "token", "issue", "--user", "a", "--days", cases[i].text };
		struct err err = ERR_INIT;
		struct call call;
		int64_t number = -1;
		assert_int_equal(arguments_read(&table, 6, words, &call, &err), ARGUMENTS_RUN);
		if (call_number(&call, "--days", 1, 3650, &number) != cases[i].want || number != cases[i].number)
			fail_msg("row \"%s\"", cases[i].text);
	}
}

static void test_number_left_out(void **state)
{
	char *words[] = { "token", "issue", "--user", "a" };
	struct err err = ERR_INIT;
	struct call call;
	int64_t number = 30;
	(void)state;
	assert_int_equal(arguments_read(&table, 4, words, &call, &err), ARGUMENTS_RUN);
	assert_int_equal(call_number(&call, "--days", 1, 3650, &number), EXIT_DONE);
	assert_int_equal(number, 30);
}

static void test_usage(void **state)
{
	struct buf text = BUF_INIT(4096);
	(void)state;
	usage_line(&rows[1], &text);
	assert_string_equal(buf_text(&text), "modgate token issue [-c FILE] --user U [--days N] [--json]\n");
	buf_reset(&text);
	usage_line(&rows[4], &text);
	assert_string_equal(buf_text(&text), "modgate audit diff OLD NEW\n");
	buf_reset(&text);
	usage_all(&table, &text);
	assert_non_null(strstr(buf_text(&text), "Not in this version: audit consistency, store.\n"));
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_number_left_out),
		cmocka_unit_test(test_usage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
