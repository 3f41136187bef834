/* POST /-/api/v1/refresh?module=M: a repository was pushed to. An administrator may say so, and the git host, by its webhook. */
#include "gateway/gateway_private.h"

#include "base/json.h"
#include "module/path.h"
#include "module/pattern.h"

/* The first of these that is there counts: Gitea sends more than one. */
static const struct {
	const char *header;
	enum webhook_form form;
} forms[] = {
	{ "X-Hub-Signature-256", WEBHOOK_HMAC_PREFIXED },
	{ "X-Gitea-Signature", WEBHOOK_HMAC },
	{ "X-Gitlab-Token", WEBHOOK_TOKEN },
};

void request_webhook(struct request *request)
{
	struct gateway *gateway = request->gateway;
	struct slice signature = SLICE_NONE;
	size_t i = 0;
	/* Whoever brings a credential is judged by it. */
	if (request->authorization.ptr != NULL)
		return;
	for (; i < sizeof(forms) / sizeof(forms[0]) && signature.ptr == NULL; i++)
		signature = request_header(request, forms[i].header);
	if (signature.ptr == NULL)
		return;
	request->signed_body = true;
	pthread_mutex_lock(&gateway->policy_lock);
	request->webhook = webhook_open(gateway->webhooks, request->target.module, forms[i - 1].form, signature);
	pthread_mutex_unlock(&gateway->policy_lock);
}

void request_body(struct request *request, const char *bytes, size_t len)
{
	if (request->webhook != NULL)
		webhook_body(request->webhook, bytes, len);
}

/* A token that is limited to some modules is so here. */
static bool within_token(const struct request *request)
{
	const struct auth_identity *identity = request->auth.identity;
	bool within = identity == NULL || identity->modules_count == 0;
	for (size_t i = 0; !within && i < identity->modules_count; i++)
		within = module_pattern_match(slice_of(identity->modules[i]), request->target.module);
	return within;
}

static void answer(struct request *request, int64_t after_us)
{
	struct buf text = BUF_INIT(MODULE_PATH_MAX + 256);
	struct json_writer json;
	json_writer_init(&json, &text);
	json_object_begin(&json, NULL);
	json_write_text(&json, "module", request->target.module);
	json_write_int(&json, "after_s", (after_us + 999999) / 1000000);
	json_object_end(&json);
	buf_add_char(&text, '\n');
	request->status = MHD_HTTP_ACCEPTED;
	request->content_type = "application/json";
	request->text = buf_failed(&text) ? SLICE("{}\n") : arena_copy(request->arena, buf_slice(&text));
	buf_free(&text);
}

static void refresh(struct request *request)
{
	struct slice module = request->target.module;
	int64_t after_us = 0;
	int code = supply_refresh(request->gateway->supply, module, &after_us);
	if (code == SUPPLY_OK)
		answer(request, after_us);
	else if (code == SUPPLY_ERR_BUSY)
		request_refuse(request, MHD_HTTP_TOO_MANY_REQUESTS,
			"modgate: too many repositories of one rule were pushed to at once, so that of %.*s is not fetched now; the next question "
			"about it does that",
			SLICE_ARG(module));
	else
		request_refuse(request, MHD_HTTP_NOT_FOUND, "modgate: no repository is configured for %.*s, so there is nothing to refresh",
			SLICE_ARG(module));
}

enum step_result handle_refresh(struct request *request)
{
	if (within_token(request))
		refresh(request);
	else
		request_refuse(request, MHD_HTTP_FORBIDDEN, "modgate: this token is not for %.*s", SLICE_ARG(request->target.module));
	return STEP_DONE;
}
