/* Commands on the data directory: tokens and reload. */
#include "gateway/operate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/control.h"
#include "gateway/gateway.h"
#include "gateway/issued.h"
#include "gateway/record.h"
#include "gateway/reload.h"
#include "gateway/text.h"

static const char *text_of(const struct json *request, const char *name, char *room, size_t bytes)
{
	struct slice text;
	if (!json_to_text(json_get(request, name), &text) || text.len >= bytes)
		return NULL;
	memcpy(room, text.ptr, text.len);
	room[text.len] = '\0';
	return room;
}

static int auth_answer_code(int code)
{
	switch (code) {
	case 0:
		return 0;
	case AUTH_ERR_ABSENT:
		return GATEWAY_ERR_NO;
	case AUTH_ERR_INVALID:
		return GATEWAY_ERR_INVALID;
	default:
		return GATEWAY_ERR;
	}
}

static void write_members(struct json_writer *json, const struct auth_token *token)
{
	char time[CLOCK_TEXT_MAX];
	json_write_text(json, "id", slice_of(token->id));
	json_write_text(json, "user", slice_of(token->user));
	json_write_text(json, "scope", slice_of(auth_scope_word(token->scope)));
	if (token->groups_fixed) {
		json_array_begin(json, "groups");
		for (size_t i = 0; i < token->groups_count; i++)
			json_write_text(json, NULL, slice_of(token->groups[i]));
		json_array_end(json);
	}
	if (token->modules_count > 0) {
		json_array_begin(json, "modules");
		for (size_t i = 0; i < token->modules_count; i++)
			json_write_text(json, NULL, slice_of(token->modules[i]));
		json_array_end(json);
	}
	clock_format_s(token->created_s, time);
	json_write_text(json, "created", slice_of(time));
	clock_format_s(token->expires_s, time);
	json_write_text(json, "expires", slice_of(time));
	if (token->revoked_s != 0) {
		clock_format_s(token->revoked_s, time);
		json_write_text(json, "revoked", slice_of(time));
	}
}

struct issued {
	const char *text;
	struct slice id;
	struct buf sentence, answer;
};

static int tell_issued(void *ctx, const struct auth_token *token)
{
	struct issued *issued = ctx;
	struct json_writer json;
	if (!slice_equal_text(issued->id, token->id))
		return 0;
	issued_sentence(token, &issued->sentence);
	json_writer_init(&json, &issued->answer);
	json_object_begin(&json, NULL);
	json_write_text(&json, "token", slice_of(issued->text));
	write_members(&json, token);
	json_object_end(&json);
	return 0;
}

/* The record comes before the answer: a token nobody has a record of must not be had. */
static int issue_recorded(const struct operate *operate, const struct auth_token_request *token, struct buf *out, struct err *err)
{
	char text[AUTH_TOKEN_TEXT_MAX];
	struct issued issued = { .text = text, .sentence = BUF_INIT(AUDIT_TEXT_MAX), .answer = BUF_INIT(CONTROL_MESSAGE_MAX) };
	int code = auth_tokens_issue(operate->tokens, token, text, err);
	if (code != 0)
		return auth_answer_code(code);
	auth_token_id_of(slice_of(text), &issued.id);
	code = auth_tokens_list(operate->tokens, tell_issued, &issued, err);
	if (code == 0 && (buf_failed(&issued.sentence) || buf_failed(&issued.answer)))
		code = err_set(err, GATEWAY_ERR, "memory is short");
	if (code == 0)
		code = record_text(operate->audit, AUDIT_TOKEN, operate->by, buf_text(&issued.sentence), NULL, err);
	if (code == 0)
		buf_add_slice(out, buf_slice(&issued.answer));
	else
		auth_tokens_revoke(operate->tokens, issued.id, NULL);
	buf_free(&issued.sentence);
	buf_wipe(&issued.answer);
	explicit_bzero(text, sizeof(text));
	return code == 0 ? 0 : err_prepend(err, GATEWAY_ERR, "no token was issued");
}

static int token_issue(const struct operate *operate, const struct json *request, struct buf *out, struct err *err)
{
	char user[AUTH_USER_MAX + 1], *groups_text = NULL, *modules_text = NULL, **groups = NULL, **modules = NULL;
	struct slice text;
	struct auth_token_request token = { .user = text_of(request, "user", user, sizeof(user)), .scope = AUTH_SCOPE_READ };
	int code = GATEWAY_ERR_INVALID;
	if (token.user == NULL) {
		err_set(err, code, "--user: a name of at most %d bytes is needed", AUTH_USER_MAX);
		goto out;
	}
	if (json_to_text(json_get(request, "scope"), &text) && !auth_scope_of(text, &token.scope)) {
		err_set(err, code, "--scope %.*s: read, audit or admin was expected", SLICE_ARG(text));
		goto out;
	}
	json_to_int(json_get(request, "days"), &token.days);
	if (json_to_text(json_get(request, "groups"), &text)) {
		groups_text = slice_dup(text);
		token.groups_fixed = true;
		if (groups_text == NULL || text_split(groups_text, "--groups", &groups, &token.groups_count, err) != 0)
			goto out;
		token.groups = (const char *const *)groups;
	}
	if (json_to_text(json_get(request, "modules"), &text)) {
		modules_text = slice_dup(text);
		if (modules_text == NULL || text_split(modules_text, "--modules", &modules, &token.modules_count, err) != 0)
			goto out;
		token.modules = (const char *const *)modules;
	}
	code = issue_recorded(operate, &token, out, err);
out:
	free(groups);
	free(modules);
	free(groups_text);
	free(modules_text);
	return code;
}

static int write_token(void *ctx, const struct auth_token *token)
{
	json_object_begin(ctx, NULL);
	write_members(ctx, token);
	json_object_end(ctx);
	return 0;
}

static int token_list(const struct operate *operate, const struct json *request, struct buf *out, struct err *err)
{
	(void)request;
	struct json_writer json;
	json_writer_init(&json, out);
	json_array_begin(&json, NULL);
	int code = auth_tokens_list(operate->tokens, write_token, &json, err);
	json_array_end(&json);
	if (code == 0 && buf_failed(out))
		code = err_set(err, GATEWAY_ERR, "there are too many tokens for one answer");
	return code == 0 ? 0 : GATEWAY_ERR;
}

static int token_revoke(const struct operate *operate, const struct json *request, struct buf *out, struct err *err)
{
	(void)out;
	char sentence[ERR_TEXT_MAX];
	struct slice id, inner;
	if (!json_to_text(json_get(request, "id"), &id))
		return err_set(err, GATEWAY_ERR_INVALID, "the id of a token is needed; modgate token list shows them");
	if (auth_token_id_of(id, &inner))
		id = inner;
	/* The token ends first and is recorded then: of the two orders the one that errs on the closed side. */
	int code = auth_tokens_revoke(operate->tokens, id, err);
	if (code != 0)
		return auth_answer_code(code);
	snprintf(sentence, sizeof(sentence), "revoked token %.*s", (int)(id.len < 64 ? id.len : 64), id.ptr);
	if (record_text(operate->audit, AUDIT_TOKEN, operate->by, sentence, NULL, err) != 0)
		return err_prepend(err, GATEWAY_ERR, "the token is revoked, but that could not be recorded");
	return 0;
}

static int reload(const struct operate *operate, const struct json *request, struct buf *out, struct err *err)
{
	(void)request;
	if (operate->gateway == NULL)
		return err_set(err, GATEWAY_ERR_ABSENT, "no daemon runs on this data directory; a start reads everything anew");
	return reload_now(operate->gateway, operate->by, out, err);
}

static const struct {
	struct slice name;
	int (*run)(const struct operate *operate, const struct json *request, struct buf *out, struct err *err);
} commands[] = {
	{ { "token_issue", 11 }, token_issue },
	{ { "token_list", 10 }, token_list },
	{ { "token_revoke", 12 }, token_revoke },
	{ { "reload", 6 }, reload },
};

/* A limit that is not of its type would be left out, and the token reach further than was meant. */
static int check_members(const struct json *request, struct err *err)
{
	static const struct {
		const char *name, *expected;
		enum json_kind kind;
	} members[] = {
		{ "command", "a text", JSON_KIND_TEXT },
		{ "user", "a text", JSON_KIND_TEXT },
		{ "groups", "a text", JSON_KIND_TEXT },
		{ "scope", "a text", JSON_KIND_TEXT },
		{ "modules", "a text", JSON_KIND_TEXT },
		{ "days", "a whole number", JSON_KIND_INTEGER },
		{ "id", "a text", JSON_KIND_TEXT },
	};
	const char *name;
	const struct json *value;
	for (void *iterator = NULL; json_next(request, &iterator, &name, &value);) {
		size_t i = 0;
		while (i < sizeof(members) / sizeof(members[0]) && strcmp(members[i].name, name) != 0)
			i++;
		if (i == sizeof(members) / sizeof(members[0]))
			return err_set(err, GATEWAY_ERR_INVALID, "%.100s is nothing that a request takes in this version", name);
		if (json_kind(value) != members[i].kind)
			return err_set(err, GATEWAY_ERR_INVALID, "%s: %s was expected", name, members[i].expected);
	}
	return 0;
}

int operate_run(const struct operate *operate, const struct json *request, struct buf *out, struct err *err)
{
	struct slice name;
	if (check_members(request, err) != 0)
		return GATEWAY_ERR_INVALID;
	if (!json_to_text(json_get(request, "command"), &name))
		return err_set(err, GATEWAY_ERR_INVALID, "the request names no command");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (slice_equal(commands[i].name, name))
			return commands[i].run(operate, request, out, err);
	return err_set(err, GATEWAY_ERR_INVALID, "%.*s is not in this version", SLICE_ARG(name));
}
