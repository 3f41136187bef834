/* Help: what a command takes, and all commands there are. */
#include <stdio.h>
#include <string.h>

#include "base/slice.h"
#include "cmd/command.h"

void usage_line(const struct command *command, struct buf *out)
{
	buf_printf(out, "modgate %s", command->name);
	for (const struct option_row *option = command->options; option->name != NULL; option++)
		buf_printf(out, option->required ? " %s%s%s" : " [%s%s%s]", option->name, option->value != NULL ? " " : "",
			option->value != NULL ? option->value : "");
	if (command->operands[0] != '\0')
		buf_printf(out, " %s", command->operands);
	buf_add_char(out, '\n');
}

void usage_command(const struct command *command, struct buf *out)
{
	buf_add_text(out, "usage: ");
	usage_line(command, out);
	buf_printf(out, "\n%s\n", command->summary);
	if (command->options->name != NULL)
		buf_add_char(out, '\n');
	for (const struct option_row *option = command->options; option->name != NULL; option++) {
		char label[64];
		snprintf(label, sizeof(label), "%s%s%s", option->name, option->value != NULL ? " " : "", option->value != NULL ? option->value : "");
		buf_printf(out, "  %-26s  %s\n", label, option->doc);
	}
}

bool usage_family(const struct command_table *table, const char *first, struct buf *out)
{
	bool found = false;
	for (size_t i = 0; i < table->count; i++) {
		const struct command *command = &table->rows[i];
		struct slice head, tail;
		if (command->run == NULL || !slice_cut(slice_of(command->name), ' ', &head, &tail) || !slice_equal_text(head, first))
			continue;
		buf_add_text(out, found ? "\nusage: " : "usage: ");
		usage_line(command, out);
		buf_printf(out, "  %s\n", command->summary);
		found = true;
	}
	return found;
}

void usage_all(const struct command_table *table, struct buf *out)
{
	buf_add_text(out, "usage: modgate COMMAND [OPTIONS]\n\n");
	for (size_t i = 0; i < table->count; i++) {
		const struct command *command = &table->rows[i];
		char label[64];
		if (command->run == NULL)
			continue;
		snprintf(label, sizeof(label), "%s%s%s", command->name, command->operands[0] != '\0' ? " " : "", command->operands);
		buf_printf(out, "  %-34s %s\n", label, command->summary);
	}
	buf_add_text(out, "\nmodgate help COMMAND tells the options of one.\nNot in this version: ");
	const char *separator = "";
	for (size_t i = 0; i < table->count; i++) {
		if (table->rows[i].run != NULL)
			continue;
		buf_printf(out, "%s%s", separator, table->rows[i].name);
		separator = ", ";
	}
	buf_add_text(out, ".\n");
}
