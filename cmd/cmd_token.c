/* modgate token issue, list, revoke */
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "cmd/commands.h"
#include "gateway/gateway.h"

#define TOKEN_DAYS_MAX  3650
#define LIST_BYTES_MAX  (64 * 1024 * 1024)
#define TOKEN_BYTES_MAX (4 * 1024 * 1024) /* of one token, with its groups */

/* --- issue ---------------------------------------------------------------------------------------------------------------------------- */

const struct option_row token_issue_options[] = {
	OPTION_CONFIG,
	{ "--user", "U", "whom it speaks for", true },
	{ "--groups", "A,B", "a machine's token, with these groups; without it a person's, whose groups the directory tells", false },
	{ "--days", "N", "how long it lasts; else as long as the configuration allows", false },
	{ "--scope", "read|audit|admin", "how far it reaches beyond what policy allows; else read", false },
	{ "--modules", "P,P", "patterns of the only modules it may be used for", false },
	OPTION_JSON,
	OPTIONS_END,
};

/* answer is an object; without --json the token alone is printed. */
static enum exit_code print_token(const struct buf *answer, bool as_json)
{
	struct buf line = BUF_INIT(TOKEN_BYTES_MAX);
	struct json *issued = NULL;
	struct err err = ERR_INIT;
	struct slice text = SLICE_NONE;
	int read = json_parse(buf_slice(answer), &issued, &err);
	if (read == 0 && !json_to_text(json_get(issued, "token"), &text))
		read = err_set(&err, GATEWAY_ERR, "the daemon's answer holds no token");
	if (read != 0) {
		json_close(&issued);
		return gateway_exit(GATEWAY_ERR, &err);
	}
	buf_add_slice(&line, as_json ? buf_slice(answer) : text);
	buf_add_char(&line, '\n');
	enum exit_code code = output(&line);
	buf_wipe(&line);
	json_close(&issued);
	return code;
}

enum exit_code token_issue_run(const struct call *call)
{
	const struct settings *settings = NULL;
	struct buf token = BUF_INIT(TOKEN_BYTES_MAX);
	struct err err = ERR_INIT;
	struct gateway_token_request request = {
		.user = call_value(call, "--user"),
		.groups = call_value(call, "--groups"),
		.scope = call_value(call, "--scope"),
		.modules = call_value(call, "--modules"),
	};
	enum exit_code code = call_number(call, "--days", 1, TOKEN_DAYS_MAX, &request.days);
	if (code == EXIT_DONE)
		code = local_settings(call, &settings);
	if (code == EXIT_DONE)
		code = gateway_exit(gateway_token_issue(settings, &request, &token, &err), &err);
	if (code == EXIT_DONE && request.groups == NULL && !settings->auth.ldap.enabled)
		complain("warning: there is no directory (auth.ldap) that could tell the groups of %s, so this token has none; --groups names them",
			request.user);
	if (code == EXIT_DONE)
		code = print_token(&token, call_flag(call, "--json"));
	buf_wipe(&token);
	settings_unref(settings);
	return code;
}

/* --- list ----------------------------------------------------------------------------------------------------------------------------- */

const struct option_row token_list_options[] = { OPTION_CONFIG, OPTION_JSON, OPTIONS_END };

static struct slice text_of(const struct json *token, const char *name)
{
	struct slice text = SLICE_NONE;
	json_to_text(json_get(token, name), &text);
	return text;
}

/* Members of an array, with commas; `absent` when there is none, "-" when it is empty. */
static void join(const struct json *array, const char *absent, struct buf *out)
{
	if (array == NULL)
		buf_add_text(out, absent);
	else if (json_count(array) == 0)
		buf_add_char(out, '-');
	for (size_t i = 0; i < json_count(array); i++) {
		struct slice text = SLICE_NONE;
		json_to_text(json_at(array, i), &text);
		buf_printf(out, "%s%.*s", i > 0 ? "," : "", SLICE_ARG(text));
	}
}

static void print_row(const struct json *token, struct buf *out)
{
	struct buf groups = BUF_INIT(LIST_BYTES_MAX), modules = BUF_INIT(LIST_BYTES_MAX);
	struct slice revoked = text_of(token, "revoked");
	join(json_get(token, "groups"), "(directory)", &groups);
	join(json_get(token, "modules"), "*", &modules);
	/* The day is enough for a table; --json has the second. */
	buf_printf(out, "%-12.*s %-20.*s %-6.*s %-10.10s  %-10.10s  %-10.*s  %-20s %s\n", SLICE_ARG(text_of(token, "id")),
		SLICE_ARG(text_of(token, "user")), SLICE_ARG(text_of(token, "scope")), text_of(token, "created").ptr, text_of(token, "expires").ptr,
		revoked.len > 10 ? 10 : 1, revoked.len > 10 ? revoked.ptr : "-", buf_text(&groups), buf_text(&modules));
	buf_free(&groups);
	buf_free(&modules);
}

static int print_table(struct slice list, struct buf *out, struct err *err)
{
	struct json *tokens = NULL;
	int code = json_parse(list, &tokens, err);
	if (code != 0)
		return code;
	buf_printf(
		out, "%-12s %-20s %-6s %-10s  %-10s  %-10s  %-20s %s\n", "ID", "USER", "SCOPE", "CREATED", "EXPIRES", "REVOKED", "GROUPS", "MODULES");
	for (size_t i = 0; i < json_count(tokens); i++)
		print_row(json_at(tokens, i), out);
	json_close(&tokens);
	return 0;
}

enum exit_code token_list_run(const struct call *call)
{
	const struct settings *settings = NULL;
	struct buf list = BUF_INIT(LIST_BYTES_MAX), table = BUF_INIT(LIST_BYTES_MAX);
	struct err err = ERR_INIT;
	enum exit_code code = local_settings(call, &settings);
	if (code == EXIT_DONE)
		code = gateway_exit(gateway_token_list(settings, &list, &err), &err);
	if (code == EXIT_DONE && call_flag(call, "--json")) {
		buf_add_char(&list, '\n');
		code = output(&list);
	} else if (code == EXIT_DONE) {
		code = gateway_exit(print_table(buf_slice(&list), &table, &err) == 0 ? 0 : GATEWAY_ERR, &err);
		if (code == EXIT_DONE)
			code = output(&table);
	}
	buf_free(&list);
	buf_free(&table);
	settings_unref(settings);
	return code;
}

/* --- revoke --------------------------------------------------------------------------------------------------------------------------- */

const struct option_row token_revoke_options[] = { OPTION_CONFIG, OPTION_JSON, OPTIONS_END };

/* Says nothing but its exit code, as rm does; with --json an object. The text given may have been a secret and is not repeated. */
enum exit_code token_revoke_run(const struct call *call)
{
	const struct settings *settings = NULL;
	struct buf text = BUF_INIT(256);
	struct err err = ERR_INIT;
	enum exit_code code = local_settings(call, &settings);
	if (code == EXIT_DONE)
		code = gateway_exit(gateway_token_revoke(settings, call->operands[0], &err), &err);
	if (code == EXIT_DONE && call_flag(call, "--json")) {
		buf_add_text(&text, "{\"revoked\":true}\n");
		code = output(&text);
	}
	buf_free(&text);
	settings_unref(settings);
	return code;
}
