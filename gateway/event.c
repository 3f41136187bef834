/* The audit events of a request: its access, its refusal, its outcome. */
#include "gateway/gateway_private.h"

#include <unistd.h>

static enum audit_action action_of(const struct route *route)
{
	static const enum audit_action actions[] = {
		[POLICY_LIST] = AUDIT_LIST,
		[POLICY_LATEST] = AUDIT_LATEST,
		[POLICY_INFO] = AUDIT_INFO,
		[POLICY_MOD] = AUDIT_MOD,
		[POLICY_ZIP] = AUDIT_ZIP,
		[POLICY_LOOKUP] = AUDIT_LOOKUP,
		[POLICY_TILE] = AUDIT_TILE,
		[POLICY_INDEX] = AUDIT_INDEX,
	};
	_Static_assert(sizeof(actions) / sizeof(actions[0]) == POLICY_ACTIONS, "an audit word for every action");
	return route->authority == AUTHORITY_POLICY ? actions[route->action] : AUDIT_ACTION_ABSENT;
}

static struct slice or_absent(const char *text)
{
	return text != NULL && text[0] != '\0' ? slice_of(text) : SLICE_NONE;
}

static struct slice part_or_absent(struct slice part)
{
	return part.len != 0 ? part : SLICE_NONE;
}

static void event_caller(const struct request *request, struct audit_event *event)
{
	const struct auth_answer *auth = &request->auth;
	event->request = slice_of(request->id);
	event->method = request->signed_body ? SLICE("webhook") : slice_of(auth_method_word(auth->method));
	event->credential = slice_of(auth->credential);
	event->address = slice_of(request->peer->address);
	event->agent = part_or_absent(request->agent);
	event->action = action_of(request->route);
	event->module = part_or_absent(request->target.module);
	event->version = part_or_absent(request->resolved.len != 0 ? request->resolved : request->target.query);
	event->status = (int)request->status;
}

/* What was decided, and what of the answer the record keeps. */
static void event_answer(const struct request *request, struct audit_event *event)
{
	static const enum audit_proof proofs[] = { AUDIT_PROOF_NONE, AUDIT_PROOF_SUMDB, AUDIT_PROOF_PIN, AUDIT_PROOF_EXEMPT };
	static const enum audit_source sources[] = { AUDIT_SOURCE_CACHE, AUDIT_SOURCE_BUILT, AUDIT_SOURCE_FETCHED };
	const struct supply_answer *answer = request->answer;
	if (answer == NULL || answer->code != SUPPLY_OK || request->status >= 400)
		return;
	event->proof = proofs[answer->proof];
	event->source = sources[answer->source];
	event->origin = or_absent(answer->origin);
	event->h1 = or_absent(answer->h1);
	event->bytes = request->bytes;
}

static enum audit_verdict verdict_of(const struct policy_answer *decision)
{
	switch (decision->verdict) {
	case POLICY_DENY:
		return AUDIT_DENY;
	case POLICY_ALLOW:
		return AUDIT_ALLOW;
	case POLICY_NEED_FACTS: /* and they were not to be had */
		break;
	}
	return AUDIT_VERDICT_NONE;
}

struct slice request_told_why(const struct request *request)
{
	return slice_trim(slice_sub(request->text, 0, request->text.len > 0 ? request->text.len - 1 : 0));
}

/*
 * What is forbidden is a denial, also when the rules would allow it and what forbids is none of them: a private name asked of a public
 * database, a database that is not configured. Then, and when a token's limit or a missing repository decided, no rule is named.
 */
static void event_decision(const struct request *request, struct audit_event *event)
{
	const struct policy_answer *decision = &request->decision;
	bool overruled = request->status == MHD_HTTP_FORBIDDEN && decision->verdict != POLICY_DENY;
	event->verdict = overruled ? AUDIT_DENY : verdict_of(decision);
	event->rule = overruled || decision->why != POLICY_WHY_RULE ? SLICE("") : slice_of(decision->rule);
	event->reason = request->status >= 400 && decision->verdict != POLICY_DENY ? request_told_why(request) : slice_of(decision->reason);
	event->policy = slice_of(policy_hash(request->policy));
	if (request->target.module.len != 0)
		event->private = request->is_private ? AUDIT_TRUE : AUDIT_FALSE;
}

/* Nobody but a signature that stands for a git host, or an administrator. */
static void event_admin(const struct request *request, struct audit_event *event_out)
{
	const struct auth_identity *identity = request->auth.identity;
	struct audit_event event = AUDIT_EVENT_INIT(AUDIT_ADMIN);
	event_caller(request, &event);
	event.user = identity != NULL ? slice_of(identity->user) : SLICE("");
	event.groups = request->groups;
	event.groups_count = request->groups != NULL ? identity->groups_count : 0;
	event.credential = identity != NULL ? slice_of(identity->credential) : SLICE("");
	event.verdict = request->status == MHD_HTTP_FORBIDDEN ? AUDIT_DENY : AUDIT_ALLOW;
	event.reason = request->status >= 400 ? request_told_why(request) : SLICE("");
	event.text = slice_of(endpoint_word(request->route->endpoint));
	*event_out = event;
}

void request_event(const struct request *request, struct audit_event *event_out)
{
	const struct auth_identity *identity = request->auth.identity;
	struct audit_event event = AUDIT_EVENT_INIT(AUDIT_ACCESS);
	if (request->route->authority == AUTHORITY_ADMIN) {
		event_admin(request, event_out);
		return;
	}
	event_caller(request, &event);
	event.user = slice_of(identity->user);
	event.groups = request->groups;
	event.groups_count = identity->groups_count;
	event.credential = slice_of(identity->credential);
	event.verdict = AUDIT_VERDICT_NONE;
	if (request->decided)
		event_decision(request, &event);
	else if (request->status >= 400)
		event.reason = request_told_why(request);
	event_answer(request, &event);
	*event_out = event;
}

int request_record_refusal(struct request *request)
{
	struct gateway *gateway = request->gateway;
	struct audit_event event = AUDIT_EVENT_INIT(AUDIT_AUTH);
	if (!refusals_count(gateway->refusals, request->peer->address, clock_monotonic_us(&clock_system))) {
		atomic_fetch_add_explicit(&gateway->metrics.refusals_merged, 1, memory_order_relaxed);
		return 0;
	}
	event_caller(request, &event);
	event.user = or_absent(request->auth.user);
	event.verdict = AUDIT_DENY;
	event.reason = slice_of(auth_reason_word(request->auth.reason));
	return audit_submit(gateway->audit, &event, NULL, NULL, NULL);
}

/* Nobody waits for an outcome, yet it is no refusal: with a receiver it has its place in the whole queue. */
static void outcome_done(void *ctx, int code, uint64_t seq)
{
	(void)ctx;
	(void)code;
	(void)seq;
}

/* A zip always has an outcome; what is small has one only when it was cut short. */
static void record_outcome(struct request *request, bool complete)
{
	struct audit_event event = AUDIT_EVENT_INIT(AUDIT_OUTCOME);
	if (!request->recorded || request->status >= 300 || (complete && request->route->endpoint != ENDPOINT_ZIP))
		return;
	event.request = slice_of(request->id);
	event.of = (int64_t)request->seq;
	event.bytes = request->file_fd >= 0 ? request->sent_bytes : -1;
	event.duration_us = clock_monotonic_us(&clock_system) - request->start_us;
	event.complete = complete ? AUDIT_TRUE : AUDIT_FALSE;
	audit_submit(request->gateway->audit, &event, outcome_done, NULL, NULL);
}

void request_close(struct request *request, bool complete)
{
	struct gateway *gateway = request->gateway;
	record_outcome(request, complete);
	if (request->route != NULL)
		metrics_stage(&gateway->metrics, STAGE_TOTAL, clock_monotonic_us(&clock_system) - request->start_us);
	metrics_request(&gateway->metrics, request->route != NULL ? request->route->endpoint : ENDPOINT_NONE, request->status);
	atomic_fetch_add_explicit(&gateway->metrics.bytes_out, (uint64_t)request->sent_bytes, memory_order_relaxed);
	auth_identity_unref(request->auth.identity);
	policy_unref(request->policy);
	public_module_unref(request->public_module);
	supply_answer_unref(request->answer);
	webhook_close(&request->webhook);
	if (request->file_fd >= 0)
		close(request->file_fd);
	if (!request->replied)
		atomic_fetch_sub(&gateway->unanswered, 1);
	atomic_fetch_sub(&gateway->metrics.in_flight, 1);
	atomic_fetch_sub(&gateway->requests, 1);
}
