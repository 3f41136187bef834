/* The command line: which commands there are. A row without a run function is known by name and comes with a later version. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "cmd/arguments.h"
#include "cmd/commands.h"

#define LATER(name) \
	{ \
		name, "", "", NULL, NULL \
	}

static const struct command commands[] = {
	{ "init", "DIR", "write the files of a new gateway", init_options, init_run },
	{ "serve", "", "run the gateway until SIGTERM", serve_options, serve_run },
	{ "check-config", "", "read everything that a start reads, and start nothing", check_config_options, check_config_run },
	{ "show-config", "", "print the configuration in force, with every default", show_config_options, show_config_run },
	{ "reload", "", "make the running gateway read policy and keys again", reload_options, reload_run },
	{ "token issue", "", "issue a token and print it, the only time it is seen", token_issue_options, token_issue_run },
	{ "token list", "", "list the tokens; their secrets are not kept", token_list_options, token_list_run },
	{ "token revoke", "ID", "end a token, by its id or its text", token_revoke_options, token_revoke_run },
	{ "pin list", "[MODULE]", "list the versions that were served, of a module and those below its path, each with what it is pinned to",
		pin_list_options, pin_list_run },
	{ "pin show", "MODULE[@VERSION]", "tell what a version is pinned to, and what was found instead", pin_show_options, pin_show_run },
	{ "policy explain", "MODULE[@VERSION]", "tell rule by rule whether a user may have a module", policy_explain_options, policy_explain_run },
	{ "policy test", "FILE", "run a file of cases against the policy", policy_test_options, policy_test_run },
	{ "env", "[URL]", "print what a developer sets to use this gateway", env_options, env_run },
	{ "audit export", "", "print the audit trail, byte for byte as it was recorded", audit_export_options, audit_export_run },
	{ "audit verify", "", "recompute the audit trail's tree and name what was altered", audit_verify_options, audit_verify_run },
	{ "version", "", "print the version", version_options, version_run },
	{ "help", "[COMMAND] [WORD]", "tell what a command takes", help_options, help_run },

	LATER("status"),
	LATER("policy check"),
	LATER("policy diff"),
	LATER("policy who-can"),
	LATER("audit prove"),
	LATER("audit consistency"),
	LATER("audit checkpoint"),
	LATER("audit who"),
	LATER("audit what"),
	LATER("audit denied"),
	LATER("audit unused"),
	LATER("audit stats"),
	LATER("audit pack"),
	LATER("audit policy"),
	LATER("audit purge"),
	LATER("audit hold"),
	LATER("audit reindex"),
	LATER("sumdb"),
	LATER("store"),
	LATER("backup"),
	LATER("restore"),
	LATER("warm"),
	LATER("bundle"),
	LATER("login"),
	LATER("logout"),
	LATER("whoami"),
	LATER("auth"),
	LATER("doctor"),
};

static enum exit_code help(const struct command *command)
{
	struct buf text = BUF_INIT(64 * 1024);
	usage_command(command, &text);
	enum exit_code code = output(&text);
	buf_free(&text);
	return code;
}

static enum exit_code bad(const struct call *call, const struct err *err)
{
	if (call->command != NULL)
		return misused(call->command, "%s", err->text);
	complain("%s", err->text);
	return EXIT_USAGE;
}

static enum exit_code run(const struct call *call)
{
	if (call->command->run != NULL)
		return call->command->run(call);
	complain("%s is not in this version", call->command->name);
	return EXIT_USAGE;
}

/* "modgate --help" and "modgate --version" mean the commands of these names. */
static char *const *without_dashes(int count, char *const *words)
{
	static char *const help_word[] = { "help" }, *const version_word[] = { "version" };
	if (count != 1)
		return words;
	if (slice_equal_text(slice_of(words[0]), "--help") || slice_equal_text(slice_of(words[0]), "-h"))
		return help_word;
	return slice_equal_text(slice_of(words[0]), "--version") ? version_word : words;
}

/* Whoever started us may have closed these three: a file of ours must not take such a number, and with it what is meant for people. */
static void open_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int main(int argc, char **argv)
{
	const struct command_table table = { commands, sizeof(commands) / sizeof(commands[0]) };
	int count = argc > 0 ? argc - 1 : 0;
	char *const *words = without_dashes(count, argv + (argc > 0));
	struct err err = ERR_INIT;
	struct call call;

	open_standard_descriptors();
	/* A reader that has seen enough is told by write's error, and ends nothing in the middle. */
	signal(SIGPIPE, SIG_IGN);
	/* One that was started with it ignored would never learn how its children ended. */
	signal(SIGCHLD, SIG_DFL);
	switch (arguments_read(&table, (size_t)count, words, &call, &err)) {
	case ARGUMENTS_RUN:
		return run(&call);
	case ARGUMENTS_HELP:
		return help(call.command);
	case ARGUMENTS_BAD:
		return bad(&call, &err);
	}
	return EXIT_USAGE;
}
