/* The way of a request: a printed list of steps and the loop that runs them. */
#include "gateway/gateway_private.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/hash.h"

static enum step_result step_identify(struct request *request);
static enum step_result step_identified(struct request *request);
static enum step_result step_decide(struct request *request);
static enum step_result step_supply(struct request *request);
static enum step_result step_record(struct request *request);
static enum step_result step_recorded(struct request *request);

/* request_parse() runs before, reply_send() and request_close() after these. */
static const struct {
	const char *name;
	enum step_result (*run)(struct request *request);
} steps[] = {
	{ "identify", step_identify }, /* from memory, or a worker asks the directory */
	{ "identified", step_identified },
	{ "decide", step_decide },  /* on the name: for a refused name nothing is looked up */
	{ "supply", step_supply },  /* the route's handler; it decides again on the facts, before the first byte */
	{ "select", reply_select }, /* all of it, a part, or nothing new: the record says what is really sent */
	{ "record", step_record },  /* the audit row, durable before a 2xx */
	{ "recorded", step_recorded },
};
#define STEPS       (sizeof(steps) / sizeof(steps[0]))
#define STEP_SUPPLY 3
#define STEP_RECORD 5

/* Whose failure is it? Private modules are told apart, since each may have a repository of its own. */
static struct slice what_failed(const struct request *request)
{
	if (request->audit_code != 0)
		return SLICE("the record");
	if (!request->identified)
		return SLICE("signing in");
	if (request->target.database.len > 0)
		return request->target.database;
	return request->is_private ? request->target.module : SLICE("upstreams");
}

/* The caller is told why; so is the operator. */
static void tell_failure(struct request *request)
{
	struct gateway *gateway = request->gateway;
	char others[64] = "";
	uint64_t untold;
	bool failed = request->status >= MHD_HTTP_BAD_GATEWAY && request->status <= MHD_HTTP_GATEWAY_TIMEOUT && request->route->recorded;
	if (!failed || !troubles_count(&gateway->troubles, what_failed(request), clock_monotonic_us(&clock_system), &untold))
		return;
	if (untold > 0)
		snprintf(others, sizeof(others), "; failed like it since the last such line: %" PRIu64, untold);
	struct slice why = request_told_why(request);
	log_write(&gateway->log, LOG_LEVEL_WARNING, request->id, "answered %u: %.*s%s", request->status, SLICE_ARG(why), others);
}

enum MHD_Result request_run(struct request *request)
{
	while (request->step < STEPS) {
		if (request->status >= 400 && request->step < STEP_RECORD)
			request->step = STEP_RECORD;
		unsigned step = request->step++;
		if (steps[step].run(request) == STEP_WAIT)
			return MHD_YES;
	}
	if (request->route != NULL)
		tell_failure(request);
	return reply_send(request);
}

void request_wait(struct request *request)
{
	atomic_fetch_add(&request->gateway->suspended, 1);
	MHD_suspend_connection(request->connection);
}

void request_wake(struct request *request)
{
	/* The request may be gone as soon as its connection goes on. */
	struct gateway *gateway = request->gateway;
	MHD_resume_connection(request->connection);
	atomic_fetch_sub(&gateway->suspended, 1);
}

void request_supply_again(struct request *request)
{
	request->again = true;
	request->status = 0;
	request->etag = NULL;
	request->handler_step = 0;
	request->step = STEP_SUPPLY;
}

void request_stage(struct request *request, enum stage stage)
{
	int64_t now_us = clock_monotonic_us(&clock_system);
	metrics_stage(&request->gateway->metrics, stage, now_us - request->stage_us);
	request->stage_us = now_us;
}

struct slice request_header(const struct request *request, const char *name)
{
	return slice_of(MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name));
}

void request_refuse(struct request *request, unsigned status, const char *format, ...)
{
	struct err err = ERR_INIT;
	char text[ERR_TEXT_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	err_set(&err, 0, "%s", text);

	request->status = status;
	char *line = arena_printf(request->arena, "%s\n", err.text);
	request->text = line != NULL ? slice_of(line) : SLICE("refused\n");
	request->body = SLICE_NONE;
	request->content_type = "text/plain; charset=utf-8";
}

/* --- 2 identify ------------------------------------------------------------------------------------------------------------------ */

static void identify_done(void *ctx, const struct auth_answer *answer)
{
	struct request *request = ctx;
	request->auth = *answer;
	if (answer->identity != NULL)
		auth_identity_ref(answer->identity);
	request_wake(request);
}

static enum step_result step_identify(struct request *request)
{
	if (request->route->authority == AUTHORITY_NONE || request->signed_body)
		return STEP_DONE;
	struct auth *auth = request->gateway->auth;
	if (auth_try(auth, request->authorization, &request->auth) != AUTH_WOULD_BLOCK)
		return STEP_DONE;

	request_wait(request);
	struct auth_request begin = {
		.authorization = request->authorization,
		.address = slice_of(request->peer->address),
		.done = identify_done,
		.ctx = request,
	};
	if (auth_begin(auth, &begin, &request->auth) != 0)
		request_wake(request);
	return STEP_WAIT;
}

/* The same for every module, mapped or not, with a secret or without. */
static enum step_result identify_signature(struct request *request)
{
	request->identified = request->webhook != NULL && webhook_good(request->webhook);
	if (request->identified)
		return STEP_DONE;
	if (request->webhook == NULL) {
		request->auth.reason = AUTH_REASON_NO_MEMORY;
		request_refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE, "modgate: memory is short; try again later");
		return STEP_DONE;
	}
	request->auth.reason = AUTH_REASON_BAD_SIGNATURE;
	request_refuse(request, MHD_HTTP_UNAUTHORIZED,
		"modgate: the signature was not made with the secret of this module's repository (repositories[].webhook_secret_file)");
	request->challenge = "Basic realm=\"modgate\", charset=\"UTF-8\"";
	return STEP_DONE;
}

static enum step_result step_identified(struct request *request)
{
	const struct auth_answer *auth = &request->auth;
	if (request->route->authority == AUTHORITY_NONE)
		return STEP_DONE;
	if (request->signed_body)
		return identify_signature(request);
	request_stage(request, STAGE_IDENTIFY);
	request->identified = auth->code == 0;

	switch ((enum auth_code)auth->code) {
	case AUTH_ERR_REFUSED:
	case AUTH_ERR_MISSING:
		request_challenge(request, auth->err.text);
		return STEP_DONE;
	case AUTH_ERR_THROTTLED:
		request_refuse(request, MHD_HTTP_TOO_MANY_REQUESTS, "modgate: %s", auth->err.text);
		return STEP_DONE;
	case AUTH_ERR:
	case AUTH_ERR_UNAVAILABLE:
	case AUTH_ERR_BUSY:
	case AUTH_ERR_ABSENT:
	case AUTH_ERR_INVALID:
	case AUTH_WOULD_BLOCK:
		request_refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE, "modgate: %s", auth->err.text);
		return STEP_DONE;
	}
	bool policy = request->route->authority == AUTHORITY_POLICY;
	request->identified = policy || auth->identity->method != AUTH_ANONYMOUS;
	if (request->identified)
		return STEP_DONE;
	request->auth.reason = AUTH_REASON_NO_CREDENTIAL;
	request_challenge(request, "not signed in");
	return STEP_DONE;
}

/* --- 3 and 5 decide -------------------------------------------------------------------------------------------------------------- */

/* The groups, as the record takes them. */
static bool identity_values(struct request *request)
{
	const struct auth_identity *identity = request->auth.identity;
	request->groups = arena_alloc(request->arena, sizeof(*request->groups) * (identity->groups_count + 1));
	for (size_t i = 0; request->groups != NULL && i < identity->groups_count; i++)
		request->groups[i] = slice_of(identity->groups[i]);
	return request->groups != NULL;
}

static struct policy_question question_of(const struct request *request, enum policy_action action, struct slice version)
{
	const struct auth_identity *identity = request->auth.identity;
	return (struct policy_question){
		.user = slice_of(identity->user),
		.groups = identity->groups,
		.groups_count = identity->groups_count,
		.method = slice_of(auth_method_word(identity->method)),
		.action = action,
		.module = request->target.module,
		.version = version,
		.token_modules = identity->modules,
		.token_modules_count = identity->modules_count,
	};
}

void request_decide(struct request *request, enum policy_action action, struct slice version, struct policy_answer *answer_out)
{
	struct policy_question question = question_of(request, action, version);
	policy_decide(request->policy, &question, answer_out);
}

bool request_version_matters(const struct request *request)
{
	struct policy_question question = question_of(request, request->route->action, SLICE_NONE);
	return policy_version_matters(request->policy, &question);
}

void request_deny(struct request *request, struct slice version)
{
	struct policy_question question = question_of(request, request->route->action, version);
	struct buf text = BUF_INIT(POLICY_REFUSAL_MAX + 1);
	policy_refusal(&question, &request->decision, &text);
	request->text = buf_failed(&text) ? SLICE("refused by policy\n") : arena_copy(request->arena, buf_slice(&text));
	request->status = MHD_HTTP_FORBIDDEN;
	request->content_type = "text/plain; charset=utf-8";
	buf_free(&text);
}

static void decide_scope(struct request *request)
{
	const struct auth_identity *identity = request->auth.identity;
	if (identity == NULL) /* but a good signature */
		return;
	if (!identity_values(request))
		request_refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE, "modgate: the identity is too large for this request");
	else if (identity->scope < AUTH_SCOPE_ADMIN)
		request_refuse(
			request, MHD_HTTP_FORBIDDEN, "modgate: this takes scope admin; a token issued with it, or a group of auth.roles.admin");
}

/* The name is the same whether or not the module exists, and so is the answer. */
static enum step_result step_decide(struct request *request)
{
	const struct route *route = request->route;
	if (route->authority == AUTHORITY_ADMIN)
		decide_scope(request);
	if (route->authority != AUTHORITY_POLICY)
		return STEP_DONE;
	request->policy = gateway_policy(request->gateway);
	if (!identity_values(request)) {
		request_refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE, "modgate: the identity is too large for this request");
		return STEP_DONE;
	}
	request_decide(request, route->action, request->target.query, &request->decision);
	request->decided = true;
	request->is_private = request->decision.is_private;
	if (request->decision.verdict == POLICY_DENY)
		request_deny(request, request->target.query);
	request_stage(request, STAGE_DECIDE);
	return STEP_DONE;
}

/* --- 4 supply ---------------------------------------------------------------------------------------------------------------------- */

static enum step_result step_supply(struct request *request)
{
	enum step_result result = request->route->handler(request);
	/* A handler that waits is called again with what it waited for. */
	if (result == STEP_WAIT)
		request->step--;
	else if (request->route->authority == AUTHORITY_POLICY)
		request_stage(request, STAGE_SUPPLY);
	return result;
}

/* --- 6 record ---------------------------------------------------------------------------------------------------------------------- */

static void record_done(void *ctx, int code, uint64_t seq)
{
	struct request *request = ctx;
	request->audit_code = code;
	request->seq = seq;
	request_wake(request);
}

/* Only what gives bytes, or says that the client's copy is good, must be durable first; a refusal gives nothing away. */
static bool must_wait(const struct request *request)
{
	return request->status < 300 || request->status == MHD_HTTP_NOT_MODIFIED;
}

static void refuse_unrecorded(struct request *request)
{
	request_refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE, "modgate: this access cannot be recorded now, so it is not served; try again shortly");
}

static enum step_result record_refusal(struct request *request)
{
	struct audit_event event;
	int code;
	if (request->identified) {
		request_event(request, &event);
		code = audit_submit(request->gateway->audit, &event, NULL, NULL, NULL);
	} else {
		code = request_record_refusal(request);
	}
	/* A full queue may drop a refusal, a log that fails may not: then nothing recorded is answered. */
	if (code == AUDIT_ERR) {
		request->audit_code = code;
		refuse_unrecorded(request);
	}
	return STEP_DONE;
}

static enum step_result step_record(struct request *request)
{
	struct audit_event event;
	if (!request->route->recorded)
		return STEP_DONE;
	if (!must_wait(request))
		return record_refusal(request);
	request_event(request, &event);
	request->recorded = true;
	request_wait(request);
	int code = audit_submit(request->gateway->audit, &event, record_done, request, NULL);
	/* Once it is queued the request belongs to the writer: what record_done() says must not be written over. */
	if (code != 0)
		record_done(request, code, 0);
	return STEP_WAIT;
}

static enum step_result step_recorded(struct request *request)
{
	if (!request->recorded)
		return STEP_DONE;
	request_stage(request, STAGE_RECORD);
	if (request->audit_code == 0)
		return STEP_DONE;
	request->recorded = false;
	refuse_unrecorded(request);
	return STEP_DONE;
}
