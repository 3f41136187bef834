/* Commands that the running daemon carries out, or this process itself when none runs. */
#include <stdio.h>
#include <unistd.h>

#include "gateway/control.h"
#include "gateway/gateway.h"
#include "gateway/open.h"
#include "gateway/operate.h"

static int alone(const struct settings *settings, struct slice request, struct buf *out, struct err *err)
{
	struct open_data data = { .lock_fd = -1 };
	struct json *parsed = NULL;
	char by[64];
	snprintf(by, sizeof(by), "local:%u", (unsigned)getuid());
	int code = open_data(settings, &data, err);
	if (code == BASE_ERR_BUSY)
		return err_prepend(err, GATEWAY_ERR, "%s is locked, yet nobody answers at its control socket; is a daemon starting or stopping?",
			settings->data);
	if (code != 0)
		return GATEWAY_ERR;
	code = json_parse(request, &parsed, err) == 0 ? 0 : GATEWAY_ERR_INVALID;
	const struct operate operate = { .tokens = data.tokens, .audit = data.audit, .by = by };
	if (code == 0)
		code = operate_run(&operate, parsed, out, err);
	json_close(&parsed);
	close_data(&data);
	return code;
}

static int ask(const struct settings *settings, const struct buf *request, struct buf *out, struct err *err)
{
	if (buf_failed(request))
		return err_set(err, GATEWAY_ERR_INVALID, "the arguments are too long");
	struct err nobody = ERR_INIT;
	int code = control_call(settings, buf_slice(request), out, &nobody);
	if (code == GATEWAY_ERR_ABSENT)
		return alone(settings, buf_slice(request), out, err);
	if (code != 0)
		err_set(err, code, "%s", nobody.text);
	return code;
}

static void begin(struct json_writer *json, struct buf *request, const char *command)
{
	json_writer_init(json, request);
	json_object_begin(json, NULL);
	json_write_text(json, "command", slice_of(command));
}

static void member(struct json_writer *json, const char *name, const char *text)
{
	if (text != NULL)
		json_write_bytes(json, name, slice_of(text));
}

static void end(struct json_writer *json, struct buf *request)
{
	json_object_end(json);
	buf_add_char(request, '\n');
}

int gateway_reload(const struct settings *settings, struct buf *out, struct err *err)
{
	struct buf request = BUF_INIT(CONTROL_MESSAGE_MAX);
	struct json_writer json;
	begin(&json, &request, "reload");
	end(&json, &request);
	int code = control_call(settings, buf_slice(&request), out, err);
	if (code == GATEWAY_ERR_ABSENT)
		err_set(err, code, "no daemon runs on %s; a start reads everything anew", settings->data);
	buf_free(&request);
	return code;
}

/* What is not UTF-8 has no place in a JSON member, and a limit that got lost on the way would be none. */
static int check_texts(const struct gateway_token_request *token, struct err *err)
{
	const char *const texts[][2] = { { "--user", token->user }, { "--groups", token->groups }, { "--scope", token->scope },
		{ "--modules", token->modules } };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!slice_is_utf8(slice_of(texts[i][1])))
			return err_set(err, GATEWAY_ERR_INVALID, "%s: a text in UTF-8 was expected", texts[i][0]);
	return 0;
}

int gateway_token_issue(const struct settings *settings, const struct gateway_token_request *token, struct buf *out, struct err *err)
{
	struct buf request = BUF_INIT(CONTROL_MESSAGE_MAX);
	struct json_writer json;
	if (check_texts(token, err) != 0)
		return GATEWAY_ERR_INVALID;
	begin(&json, &request, "token_issue");
	member(&json, "user", token->user);
	member(&json, "groups", token->groups);
	member(&json, "scope", token->scope);
	member(&json, "modules", token->modules);
	json_write_int(&json, "days", token->days);
	end(&json, &request);
	int code = ask(settings, &request, out, err);
	buf_free(&request);
	return code;
}

int gateway_token_list(const struct settings *settings, struct buf *out, struct err *err)
{
	struct buf request = BUF_INIT(CONTROL_MESSAGE_MAX);
	struct json_writer json;
	begin(&json, &request, "token_list");
	end(&json, &request);
	int code = ask(settings, &request, out, err);
	buf_free(&request);
	return code;
}

int gateway_token_revoke(const struct settings *settings, const char *id, struct err *err)
{
	struct buf request = BUF_INIT(CONTROL_MESSAGE_MAX), out = BUF_INIT(CONTROL_MESSAGE_MAX);
	struct json_writer json;
	begin(&json, &request, "token_revoke");
	member(&json, "id", id);
	end(&json, &request);
	int code = ask(settings, &request, &out, err);
	buf_free(&request);
	buf_free(&out);
	return code;
}
