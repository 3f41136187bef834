/*
 * A command: one row of the table in main.c, with the options it takes, and the call that its run function gets. Exit codes and what goes to
 * stdout and stderr are here as well, so that every command keeps to the same ones.
 */
#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "settings/settings.h"

#define OPTIONS_MAX  16 /* of one command */
#define OPERANDS_MAX 4  /* of one call */

/* What a process ends with: part of the contract with scripts. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_NO = 1,         /* the answer is no */
	EXIT_USAGE = 2,      /* used wrongly: arguments or configuration */
	EXIT_ENVIRONMENT = 3 /* the environment failed: disk, network, permissions, no daemon */
};

struct option_row {
	const char *name;  /* "--user"; NULL ends the list */
	const char *value; /* what the usage calls its value: "U"; NULL: it takes none */
	const char *doc;
	bool required;
};

struct call;

struct command {
	const char *name;     /* one word or two: "token issue" */
	const char *operands; /* as the usage shows them: "OLD NEW", "[URL]", "" */
	const char *summary;
	const struct option_row *options;
	enum exit_code (*run)(const struct call *call); /* NULL: a later version's */
};

struct command_table {
	const struct command *rows;
	size_t count;
};

/* What a command was called with. Texts are those of argv. */
struct call {
	const struct command_table *table;
	const struct command *command;
	const char *values[OPTIONS_MAX]; /* by row of command->options; "" of one without value; NULL: not given */
	const char *operands[OPERANDS_MAX];
	size_t operands_count;
};

/* The value of an option of the command's own list; NULL: not given. */
const char *call_value(const struct call *call, const char *option);
bool call_flag(const struct call *call, const char *option);
/* The number given with an option, when it was given: EXIT_DONE. Else, once said on stderr, EXIT_USAGE. *number_out is kept when it was not given. */
enum exit_code call_number(const struct call *call, const char *option, int64_t min, int64_t max, int64_t *number_out);

/* --- usage.c ------------------------------------------------------------------------------------------------------------------------- */

/* "modgate token issue --user U [--days N]" */
void usage_line(const struct command *command, struct buf *out);
/* Usage, summary and every option with its sentence. */
void usage_command(const struct command *command, struct buf *out);
/* Usage and summary of every command of this version that begins with the word; false, and nothing appended, when none does. */
bool usage_family(const struct command_table *table, const char *first, struct buf *out);
/* All commands of this version, and the names of those that are not in it. */
void usage_all(const struct command_table *table, struct buf *out);

/* --- output.c ------------------------------------------------------------------------------------------------------------------------ */

/* Writes "modgate: sentence" to stderr. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, with the command's usage in a second line; EXIT_USAGE. */
enum exit_code misused(const struct command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes bytes to stdout. 1: written; 0: the reader wants no more; -1: it failed. */
int output_bytes(struct slice bytes);
/* Writes what the buffer holds and says so when that fails. The buffer stays the caller's. */
enum exit_code output(const struct buf *out);

/* Says what went wrong in gateway (a code of enum gateway_code, or 0) or in settings; the exit code for it. */
enum exit_code gateway_exit(int code, const struct err *err);
enum exit_code settings_exit(int code, const struct err *err);
/* Both at once, for commands that answer: out when code is 0 or GATEWAY_ERR_NO, and err unless code is 0. */
enum exit_code answer_exit(int code, const struct buf *out, const struct err *err);

/* --- local.c ------------------------------------------------------------------------------------------------------------------------- */

/* What an option list says of the configuration file and of JSON. */
#define OPTION_CONFIG \
	{ \
		"-c", "FILE", "configuration; else $MODGATE_CONFIG, ./modgate.yaml, /etc/modgate/modgate.yaml", false \
	}
#define OPTION_JSON \
	{ \
		"--json", NULL, "answer in JSON", false \
	}
#define OPTIONS_END \
	{ \
		NULL, NULL, NULL, false \
	}

/* Reads the configuration that -c names, or the usual one. What failed has been said. Unref it. */
enum exit_code local_settings(const struct call *call, const struct settings **settings_out);
/* The same, but nothing is no failure: *settings_out is untouched when none is named and none lies in the usual places. */
enum exit_code local_settings_if_any(const struct call *call, const struct settings **settings_out);
/* The same as local_settings(), but what cannot stand is EXIT_NO, as it is when the daemon finds the fault, and said as not reloaded. */
enum exit_code local_settings_to_reload(const struct call *call, const struct settings **settings_out);

#endif
