/* The checksum databases, passed through: cached, checked, and never asked for a private name. Source: go.dev/ref/mod#checksum-database. */
#include "gateway/gateway_private.h"

static enum step_result pass(struct request *request, enum supply_sumdb_kind kind, const char *content_type)
{
	if (request->handler_step == 0) {
		request->handler_step = 1;
		struct supply_sumdb_question question = {
			.kind = kind,
			.database = request->target.database,
			.public_module = request->public_module,
			.version = request->target.query,
			.tile = request->target.tile,
		};
		request_wait(request);
		int code = supply_sumdb_begin(request->gateway->supply, &question, request_supplied, request);
		if (code != SUPPLY_OK) {
			request_refuse(request, supply_status((enum supply_code)code),
				"modgate: too much is being fetched or built just now; try again shortly");
			request_wake(request);
		}
		return STEP_WAIT;
	}
	if (!request_answered(request))
		return STEP_DONE;
	request->status = MHD_HTTP_OK;
	request->content_type = content_type;
	request->etag = request->answer->etag;
	return STEP_DONE;
}

enum step_result handle_sumdb_supported(struct request *request)
{
	return pass(request, SUPPLY_SUMDB_SUPPORTED, "text/plain; charset=utf-8");
}

enum step_result handle_sumdb_latest(struct request *request)
{
	return pass(request, SUPPLY_SUMDB_LATEST, "text/plain; charset=utf-8");
}

/* May the name be told to a public database? If not, the request is refused with what keeps the go command from asking. */
static bool may_be_told(struct request *request)
{
	struct err err = ERR_INIT;
	struct slice module = request->target.module;
	const char *why = NULL;
	if (request->is_private || policy_public_module(request->policy, module, &request->public_module, &err) != 0)
		why = "is private";
	else if (policy_sumdb_exempt(request->policy, module))
		why = "is exempt from checksum databases (nosumdb of the policy)";
	if (why != NULL)
		request_refuse(request, MHD_HTTP_FORBIDDEN,
			"modgate: %.*s %s: its name is not sent to a public checksum database; set GONOSUMDB for it (modgate env prints the line)",
			SLICE_ARG(module), why);
	return why == NULL;
}

enum step_result handle_sumdb_lookup(struct request *request)
{
	if (request->handler_step == 0 && !may_be_told(request))
		return STEP_DONE;
	return pass(request, SUPPLY_SUMDB_LOOKUP, "text/plain; charset=utf-8");
}

enum step_result handle_sumdb_tile(struct request *request)
{
	return pass(request, SUPPLY_SUMDB_TILE, "application/octet-stream");
}
