/* The GOPROXY endpoints: list, @latest, .info, .mod, .zip. Source: go.dev/ref/mod#goproxy-protocol. */
#include "gateway/gateway_private.h"

#include "module/semver.h"

/* The HTTP status of what supply could not give. */
unsigned supply_status(enum supply_code code)
{
	switch (code) {
	case SUPPLY_OK:
		return MHD_HTTP_OK;
	case SUPPLY_ERR_ABSENT:
		return MHD_HTTP_NOT_FOUND;
	case SUPPLY_ERR_FORBIDDEN:
		return MHD_HTTP_FORBIDDEN;
	case SUPPLY_ERR_UNKNOWN:
	case SUPPLY_ERR_MISMATCH:
		return MHD_HTTP_BAD_GATEWAY;
	case SUPPLY_ERR_TIMEOUT:
		return MHD_HTTP_GATEWAY_TIMEOUT;
	case SUPPLY_ERR_UNAVAILABLE:
	case SUPPLY_ERR_STORE:
	case SUPPLY_ERR_BUSY:
	case SUPPLY_ERR_LATER:
	case SUPPLY_WOULD_BLOCK:
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	}
	return MHD_HTTP_INTERNAL_SERVER_ERROR;
}

/* The answer is here: what it refuses is refused. True when it can be served. */
bool request_answered(struct request *request)
{
	const struct supply_answer *answer = request->answer;
	if (answer->code == SUPPLY_OK)
		return true;
	request_refuse(request, supply_status(answer->code), "modgate: %s", answer->text);
	return false;
}

void request_supplied(void *ctx, const struct supply_answer *answer)
{
	struct request *request = ctx;
	request->answer = answer;
	request_wake(request);
}

enum step_result request_ask(struct request *request, enum supply_kind kind, struct slice query)
{
	struct gateway *gateway = request->gateway;
	struct slice module = request->target.module;
	struct err err = ERR_INIT;
	supply_answer_unref(request->answer);
	request->answer = NULL;

	if (!request->is_private && request->public_module == NULL &&
		policy_public_module(request->policy, module, &request->public_module, &err) != 0) {
		request_refuse(request, MHD_HTTP_FORBIDDEN, "modgate: %s", err.text);
		return STEP_DONE;
	}
	struct supply_question question = {
		.kind = kind,
		.module = module,
		.query = query,
		.public_module = request->public_module,
		.sumdb_exempt = policy_sumdb_exempt(request->policy, module),
	};
	if (!request->again && supply_try(gateway->supply, &question, &request->answer) == SUPPLY_OK)
		return STEP_DONE;

	request_wait(request);
	int code = supply_begin(gateway->supply, &question, request_supplied, request);
	if (code != SUPPLY_OK) {
		request_refuse(
			request, supply_status((enum supply_code)code), "modgate: too much is being fetched or built just now; try again shortly");
		request_wake(request);
	}
	return STEP_WAIT;
}

bool request_first_answer(struct request *request, enum supply_kind kind, enum step_result *result_out)
{
	*result_out = STEP_DONE;
	if (request->handler_step == 0) {
		request->handler_step = 1;
		*result_out = request_ask(request, kind, request->target.query);
		if (*result_out == STEP_WAIT)
			return false;
	}
	return request->status == 0 && request_answered(request);
}

/* Step 5: decide again, on the version as it is now known. The answer is what the record keeps. */
static bool allowed(struct request *request, struct slice version)
{
	request->resolved = version;
	request_decide(request, request->route->action, version, &request->decision);
	if (request->decision.verdict == POLICY_ALLOW)
		return true;
	request_deny(request, version);
	return false;
}

/* Might this very answer be given to anybody who asks without a credential? Then, and only then, shared caches may keep it. */
static bool allowed_to_all(struct request *request, struct slice version)
{
	struct policy_answer answer;
	if (!request->gateway->settings->auth.anonymous)
		return false;
	struct policy_question question = {
		.method = SLICE("anonymous"),
		.action = request->route->action,
		.module = request->target.module,
		.version = version,
	};
	policy_decide(request->policy, &question, &answer);
	return answer.verdict == POLICY_ALLOW;
}

static void serve(struct request *request, const char *content_type, struct slice version)
{
	request->status = MHD_HTTP_OK;
	request->content_type = content_type;
	request->etag = request->etag != NULL ? request->etag : request->answer->etag;
	request->public_cache = allowed_to_all(request, version);
}

/* --- list: each version is decided alone, refused ones vanish ---------------------------------------------------------------------- */

enum { LIST_ASK, LIST_ANSWER, LIST_FILTERED };

enum step_result handle_list(struct request *request)
{
	enum step_result result = STEP_DONE;
	if (request->handler_step < LIST_FILTERED) {
		if (!request_first_answer(request, SUPPLY_LIST, &result))
			return result;
		request->handler_step = LIST_FILTERED;
		result = versions_filter(request);
	}
	if (result == STEP_WAIT || request->status != 0)
		return result;
	/* The name alone may be had (some versions of it may), even if none of today's versions is. */
	request->decision.verdict = POLICY_ALLOW;
	serve(request, "text/plain; charset=utf-8", SLICE_NONE);
	return STEP_DONE;
}

/* --- @latest: the newest version that this caller may have ------------------------------------------------------------------------- */

enum { LATEST_ASK, LATEST_ANSWER, LATEST_LIST, LATEST_CHOSEN, LATEST_INFO };

static enum step_result latest_found(struct request *request, struct slice version)
{
	serve(request, "application/json", version);
	return STEP_DONE;
}

/* The newest is refused: look what else there is. */
static enum step_result latest_answer(struct request *request)
{
	struct policy_answer answer;
	request_decide(request, POLICY_LATEST, request->answer->version, &answer);
	if (answer.verdict == POLICY_ALLOW) {
		request->decision = answer;
		request->resolved = request->answer->version;
		return latest_found(request, request->answer->version);
	}
	request->handler_step = LATEST_LIST;
	return request_ask(request, SUPPLY_LIST, SLICE_NONE);
}

static enum step_result latest_chosen(struct request *request)
{
	if (request->resolved.len == 0) {
		request_refuse(request, MHD_HTTP_NOT_FOUND, "modgate: no version of this module is allowed to you");
		return STEP_DONE;
	}
	request->handler_step = LATEST_INFO;
	return request_ask(request, SUPPLY_INFO, request->resolved);
}

enum step_result handle_latest(struct request *request)
{
	enum step_result result = STEP_DONE;
	while (result == STEP_DONE && request->status == 0) {
		switch (request->handler_step) {
		case LATEST_ASK:
			request->handler_step = LATEST_ANSWER;
			result = request_ask(request, SUPPLY_LATEST, SLICE_NONE);
			break;
		case LATEST_ANSWER:
			if (request_answered(request))
				result = latest_answer(request);
			break;
		case LATEST_LIST:
			if (!request_answered(request))
				break;
			request->handler_step = LATEST_CHOSEN;
			result = versions_highest(request);
			break;
		case LATEST_CHOSEN:
			result = latest_chosen(request);
			break;
		case LATEST_INFO:
			if (request_answered(request) && allowed(request, request->resolved))
				result = latest_found(request, request->resolved);
			break;
		}
	}
	return result;
}

/* --- .info, .mod, .zip --------------------------------------------------------------------------------------------------------------- */

/* The go command answers these itself from list and @latest; a branch of such a name must not be taken for them. */
static bool query_reserved(struct slice query)
{
	return slice_equal(query, SLICE("latest")) || slice_equal(query, SLICE("upgrade")) || slice_equal(query, SLICE("patch"));
}

enum step_result handle_info(struct request *request)
{
	enum step_result result;
	if (query_reserved(request->target.query)) {
		request_refuse(request, MHD_HTTP_NOT_FOUND, "modgate: %.*s is answered by /@latest and /@v/list, not by .info",
			SLICE_ARG(request->target.query));
		return STEP_DONE;
	}
	if (request_first_answer(request, SUPPLY_INFO, &result) && allowed(request, request->answer->version))
		serve(request, "application/json", request->answer->version);
	return result;
}

/* .mod and .zip take exact versions only. */
static bool version_exact(struct request *request)
{
	if (semver_is_module_canonical(request->target.query))
		return true;
	request_refuse(
		request, MHD_HTTP_NOT_FOUND, "modgate: %.*s is no canonical version; ask .info what it stands for", SLICE_ARG(request->target.query));
	return false;
}

static enum step_result handle_file(struct request *request, enum supply_kind kind, const char *content_type)
{
	enum step_result result;
	if (request->handler_step == 0 && !version_exact(request))
		return STEP_DONE;
	if (request_first_answer(request, kind, &result) && allowed(request, request->target.query))
		serve(request, content_type, request->target.query);
	return result;
}

enum step_result handle_mod(struct request *request)
{
	return handle_file(request, SUPPLY_MOD, "text/plain; charset=utf-8");
}

enum step_result handle_zip(struct request *request)
{
	return handle_file(request, SUPPLY_ZIP, "application/zip");
}
