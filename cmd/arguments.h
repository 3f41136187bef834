/* From argv to a call: which command, its options, its operands. */
#ifndef CMD_ARGUMENTS_H
#define CMD_ARGUMENTS_H

#include "cmd/command.h"

enum arguments_result {
	ARGUMENTS_RUN,  /* call_out->command is to be run */
	ARGUMENTS_HELP, /* its help was asked for with --help */
	ARGUMENTS_BAD   /* call_out->command, where it was found, is used wrongly; err says how */
};

/*
 * Reads `words` (argv without the program's name). Options are long but for -c, take their value as the next word or after '=', may stand
 * anywhere, each once; "--" ends them. call_out is always written; its command is NULL when there is no such command.
 */
enum arguments_result arguments_read(const struct command_table *table, size_t count, char *const *words, struct call *call_out, struct err *err);

/* The command that words begin with and how many words its name takes; NULL: none, and err says what was expected. */
const struct command *arguments_find(const struct command_table *table, size_t count, char *const *words, size_t *taken_out, struct err *err);

#endif
