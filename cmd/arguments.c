/* From argv to a call: which command, its options, its operands. */
#include "cmd/arguments.h"

#include <string.h>

#include "base/slice.h"

/* --- which command --------------------------------------------------------------------------------------------------------------------- */

/* Is `first second` this command's name? second may be NULL. */
static bool is_named(const struct command *command, const char *first, const char *second)
{
	struct slice head, tail;
	if (!slice_cut(slice_of(command->name), ' ', &head, &tail))
		return second == NULL && slice_equal_text(head, first);
	return second != NULL && slice_equal_text(head, first) && slice_equal_text(tail, second);
}

static const struct command *named(const struct command_table *table, const char *first, const char *second)
{
	for (size_t i = 0; i < table->count; i++)
		if (is_named(&table->rows[i], first, second))
			return &table->rows[i];
	return NULL;
}

/* Says which second words of this version follow `first`; false when `first` begins no command. */
static bool expected_after(const struct command_table *table, const char *first, const char *second, struct err *err)
{
	struct buf words = BUF_INIT(ERR_TEXT_MAX);
	bool begins = false;
	for (size_t i = 0; i < table->count; i++) {
		struct slice head, tail;
		if (!slice_cut(slice_of(table->rows[i].name), ' ', &head, &tail) || !slice_equal_text(head, first))
			continue;
		begins = true;
		if (table->rows[i].run != NULL)
			buf_printf(&words, "%s%.*s", words.len > 0 ? ", " : "", SLICE_ARG(tail));
	}
	if (begins && second != NULL)
		err_set(err, EXIT_USAGE, "%s %s: there is no such command; %s was expected after %s", first, second, buf_text(&words), first);
	else if (begins)
		err_set(err, EXIT_USAGE, "%s: a second word is needed: %s", first, buf_text(&words));
	buf_free(&words);
	return begins;
}

const struct command *arguments_find(const struct command_table *table, size_t count, char *const *words, size_t *taken_out, struct err *err)
{
	if (count == 0) {
		err_set(err, EXIT_USAGE, "a command is needed; modgate help lists them");
		return NULL;
	}
	const struct command *command = named(table, words[0], NULL);
	if (command != NULL) {
		*taken_out = 1;
		return command;
	}
	const char *second = count > 1 && words[1][0] != '-' ? words[1] : NULL;
	command = second != NULL ? named(table, words[0], second) : NULL;
	if (command != NULL)
		*taken_out = 2;
	else if (!expected_after(table, words[0], second, err))
		err_set(err, EXIT_USAGE, "%s: there is no such command; modgate help lists them", words[0]);
	return command;
}

/* --- its options ------------------------------------------------------------------------------------------------------------------------ */

static int find_option(const struct command *command, struct slice name)
{
	for (int i = 0; i < OPTIONS_MAX && command->options[i].name != NULL; i++)
		if (slice_equal_text(name, command->options[i].name))
			return i;
	return -1;
}

/* words[*at] is an option; *at is moved to the last word that belongs to it. */
static int read_option(struct call *call, size_t count, char *const *words, size_t *at, struct err *err)
{
	const char *word = words[*at];
	size_t name_bytes = strcspn(word, "=");
	struct slice name = { word, name_bytes };
	const char *value = word[name_bytes] == '=' ? word + name_bytes + 1 : NULL;
	int row = find_option(call->command, name);
	if (row < 0)
		return err_set(err, EXIT_USAGE, "unknown option %.*s", SLICE_ARG(name));
	const struct option_row *option = &call->command->options[row];
	if (call->values[row] != NULL)
		return err_set(err, EXIT_USAGE, "%s is given twice", option->name);
	if (option->value == NULL && value != NULL)
		return err_set(err, EXIT_USAGE, "%s takes no value", option->name);
	if (option->value != NULL && value == NULL) {
		if (*at + 1 >= count)
			return err_set(err, EXIT_USAGE, "%s needs a value: %s %s", option->name, option->name, option->value);
		value = words[++*at];
	}
	call->values[row] = option->value == NULL ? "" : value;
	return 0;
}

static int check_required(const struct call *call, struct err *err)
{
	const struct option_row *options = call->command->options;
	for (size_t i = 0; i < OPTIONS_MAX && options[i].name != NULL; i++)
		if (options[i].required && call->values[i] == NULL)
			return err_set(err, EXIT_USAGE, "%s %s is needed", options[i].name, options[i].value);
	return 0;
}

/* The usage's operands say how many there may be: each is a word, optional ones begin with '['. */
static int check_operands(const struct call *call, struct err *err)
{
	struct slice rest = slice_of(call->command->operands), word;
	size_t possible = 0;
	while (slice_next(&rest, ' ', &word)) {
		if (possible == call->operands_count && word.ptr[0] != '[')
			return err_set(err, EXIT_USAGE, "%.*s is needed", SLICE_ARG(word));
		possible++;
	}
	if (call->operands_count > possible)
		return err_set(err, EXIT_USAGE, "%s: nothing more was expected", call->operands[possible]);
	return 0;
}

static int add_operand(struct call *call, const char *word, struct err *err)
{
	if (call->operands_count == OPERANDS_MAX)
		return err_set(err, EXIT_USAGE, "%s: nothing more was expected", word);
	call->operands[call->operands_count++] = word;
	return 0;
}

static bool asks_help(size_t count, char *const *words)
{
	for (size_t i = 0; i < count && strcmp(words[i], "--") != 0; i++)
		if (strcmp(words[i], "--help") == 0 || strcmp(words[i], "-h") == 0)
			return true;
	return false;
}

static int read_words(struct call *call, size_t count, char *const *words, struct err *err)
{
	bool options = true;
	int code = 0;
	for (size_t i = 0; i < count && code == 0; i++) {
		if (options && strcmp(words[i], "--") == 0)
			options = false;
		else if (options && words[i][0] == '-' && words[i][1] != '\0')
			code = read_option(call, count, words, &i, err);
		else
			code = add_operand(call, words[i], err);
	}
	if (code == 0)
		code = check_required(call, err);
	return code == 0 ? check_operands(call, err) : code;
}

enum arguments_result arguments_read(const struct command_table *table, size_t count, char *const *words, struct call *call_out, struct err *err)
{
	size_t taken = 0;
	*call_out = (struct call){ .table = table, .command = arguments_find(table, count, words, &taken, err) };
	if (call_out->command == NULL)
		return ARGUMENTS_BAD;
	if (call_out->command->run == NULL)
		return ARGUMENTS_RUN;
	if (asks_help(count - taken, words + taken))
		return ARGUMENTS_HELP;
	return read_words(call_out, count - taken, words + taken, err) == 0 ? ARGUMENTS_RUN : ARGUMENTS_BAD;
}

/* --- what a command asks of its call ----------------------------------------------------------------------------------------------------- */

const char *call_value(const struct call *call, const char *option)
{
	int row = find_option(call->command, slice_of(option));
	ASSERT(row >= 0);
	return call->values[row];
}

bool call_flag(const struct call *call, const char *option)
{
	return call_value(call, option) != NULL;
}

enum exit_code call_number(const struct call *call, const char *option, int64_t min, int64_t max, int64_t *number_out)
{
	const char *text = call_value(call, option);
	long long number;
	if (text == NULL)
		return EXIT_DONE;
	if (!slice_to_number(slice_of(text), &number) || number < min || number > max)
		return misused(call->command, "%s %s: a whole number from %lld to %lld was expected", option, text, (long long)min, (long long)max);
	*number_out = number;
	return EXIT_DONE;
}
