/* What the files of gateway share: the gateway, a request and its steps. */
#ifndef GATEWAY_GATEWAY_PRIVATE_H
#define GATEWAY_GATEWAY_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <microhttpd.h>

#include "audit/audit.h"
#include "auth/auth.h"
#include "auth/tokens.h"
#include "base/arena.h"
#include "base/db.h"
#include "base/pool.h"
#include "gateway/heads.h"
#include "gateway/log.h"
#include "gateway/metrics.h"
#include "gateway/refusals.h"
#include "gateway/target.h"
#include "gateway/troubles.h"
#include "gateway/webhook.h"
#include "policy/policy.h"
#include "settings/settings.h"
#include "supply/supply.h"

#define REQUEST_ARENA_MAX   (12 * 1024 * 1024) /* of one request; the most is a filtered list */
#define REQUEST_ID_MAX      65
#define CHALLENGE_TEXT_MAX  600
#define DIRECTORY_WORKERS   8
#define DIRECTORY_QUEUE_MAX 4096
#define VERSIONS_WORKERS    2
#define VERSIONS_QUEUE_MAX  1024

/* What lies in the data directory and is written by one process. */
struct open_data {
	int lock_fd;
	struct db *db;
	struct auth_token_store *store;
	struct auth_tokens *tokens;
	struct audit *audit;
};

/* Everything a running gateway holds. Set up by gateway_open, constant afterwards but for what says otherwise. */
struct gateway {
	const struct settings *settings;
	struct log log;
	struct metrics metrics;
	struct refusals *refusals;
	struct troubles troubles;
	struct heads heads;

	pthread_mutex_t reload_lock; /* one reload at a time */
	pthread_mutex_t policy_lock;
	struct policy *policy;     /* under policy_lock: gateway_policy(), replaced by a reload */
	struct webhooks *webhooks; /* likewise */

	struct open_data data; /* owns the three below */
	struct db *db;
	struct auth_tokens *tokens;
	struct audit *audit;
	struct pool *directory;
	struct pool *versions; /* long lists are looked through here */
	struct auth *auth;
	struct supply *supply;

	int listen_fd; /* bound and not yet the daemon's; else -1 */
	struct MHD_Daemon *daemon;
	struct slice prefix; /* ends in '/' */
	char prefix_text[SETTINGS_TEXT_MAX + 2];
	char url[512];
	int64_t start_s;
	_Atomic int64_t requests;   /* from head to close */
	_Atomic int64_t unanswered; /* of those, the ones without a reply yet: only these can be suspended */
	_Atomic int64_t suspended;  /* waiting for a worker or the record, or just being woken */
	_Atomic bool draining;      /* every reply closes its connection */
	_Atomic bool closed;        /* no request begins any more */
};

/* A counted reference to the policy in force. Any thread. */
struct policy *gateway_policy(struct gateway *gateway);
/* Is everything that recorded routes need working? Else *why_out says what is not (valid until the caller's buffer goes). */
bool gateway_ready(struct gateway *gateway, char *why_out, size_t why_bytes);

struct request;

/* Who may. */
enum authority {
	AUTHORITY_NONE,     /* everybody */
	AUTHORITY_IDENTITY, /* whoever is signed in */
	AUTHORITY_POLICY,   /* whom policy allows */
	AUTHORITY_ADMIN     /* whoever has scope admin, or knows the secret of the module's repository */
};

/* How a path is asked for; every other method is 405. */
enum method { METHOD_READ /* GET and HEAD */, METHOD_POST };

enum step_result { STEP_DONE, STEP_WAIT };

/* One row of the route table. */
struct route {
	enum method method;
	const char *template;
	enum endpoint endpoint;
	enum authority authority;
	bool recorded;
	enum policy_action action; /* only with AUTHORITY_POLICY */
	enum step_result (*handler)(struct request *request);
};
/* The route of a decoded path, asked with the query string TARGET_GO_GET or without any, with the placeholders filled in; NULL: none. */
const struct route *route_find(struct slice path, bool go_get, struct target *target_out);

/* One connection: its request's memory is kept for the next one. */
struct connection {
	struct arena *arena;
	struct request *request; /* the current one, in the arena */
	const char *raw_target;  /* MHD's own, valid during the request */
	size_t raw_target_len;
	bool go_get; /* its query string is TARGET_GO_GET */
	char address[64];
	struct head_watch head;
};

/* A request from its head to its close. It belongs to the event loop; a worker touches it only between suspend and resume. */
struct request {
	struct gateway *gateway;
	struct connection *peer;
	struct MHD_Connection *connection;
	struct arena *arena;
	unsigned step;

	char id[REQUEST_ID_MAX];
	bool head;
	const char *allow; /* of a 405 */
	const struct route *route;
	struct target target;
	struct slice agent;
	struct slice authorization;

	int64_t body_left;       /* of a POST: what must still come */
	bool signed_body;        /* it brings a signature instead of a credential */
	struct webhook *webhook; /* that signature; NULL also when memory was short */

	struct auth_answer auth;
	bool identified;
	const char *challenge;

	struct policy *policy;
	struct slice *groups; /* of the identity, for the record */
	struct policy_answer decision;
	bool decided;
	bool is_private;
	const struct public_module *public_module;

	const struct supply_answer *answer;
	unsigned handler_step; /* of a handler with several */
	bool again;            /* the stored file is gone: what memory knows of it is not asked any more */
	struct slice resolved; /* the version that the question came to, and that was decided on; empty: as asked */
	struct slice body;     /* what is sent instead of the answer's body */
	const char *etag;

	unsigned status; /* 0: not decided yet */
	const char *content_type;
	struct slice text; /* body of an error or a page */
	bool close;        /* after the reply: framing cannot be trusted */
	bool public_cache;

	int file_fd;          /* -1: none */
	int64_t first, bytes; /* of the artifact, what is sent */
	const char *content_range;

	int audit_code;
	uint64_t seq;
	bool recorded;

	int64_t start_us, stage_us;
	int64_t sent_bytes;
	bool replied;
};

/* Runs the steps from where the request is; called by the event loop for each request once and after each wake. */
enum MHD_Result request_run(struct request *request);
/* Step 1, from the first call, when nothing may be waited for yet: checks the head and finds the route. */
void request_parse(struct request *request, const char *method, const char *version);
/* From the head of a POST: looks for a signature. The module is known. */
void request_webhook(struct request *request);
/* More of its body. */
void request_body(struct request *request, const char *bytes, size_t len);
/* Step 8: after the last byte, or when the connection broke. */
void request_close(struct request *request, bool complete);

/* Ends the way: status and a sentence; the steps up to the record are left out. */
void request_refuse(struct request *request, unsigned status, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same for 401, with what to do about it: at most CHALLENGE_TEXT_MAX bytes in three lines. */
void request_challenge(struct request *request, const char *why);
/* What the caller was told, without its newline: for the record and the log. */
struct slice request_told_why(const struct request *request);
/* Suspends the connection until request_wake() from another thread. */
void request_wait(struct request *request);
void request_wake(struct request *request);
/* Goes back to supply, once: the file that its answer named is gone, and is made anew. */
void request_supply_again(struct request *request);
/* Notes how long the stage that now ends took. */
void request_stage(struct request *request, enum stage stage);

/* The value of a request header; ptr NULL when absent. */
struct slice request_header(const struct request *request, const char *name);

/* Asks policy with what is known; version may be empty. */
void request_decide(struct request *request, enum policy_action action, struct slice version, struct policy_answer *answer_out);
/* Or does the decision on the name hold for every version? */
bool request_version_matters(const struct request *request);

/* Refuses as request->decision says, with the sentence for the developer. */
void request_deny(struct request *request, struct slice version);

/* Which module does ?go-get=1 ask about? Its path goes to request->target. TARGET_ERR_ABSENT. */
int go_get_module(struct request *request, struct err *err);

/* Asks supply: STEP_DONE with request->answer set (or a refusal), or STEP_WAIT and then it is set. */
enum step_result request_ask(struct request *request, enum supply_kind kind, struct slice query);
/*
 * The same once, of a handler that is called again after a wait: its first step. True: the answer is here and can be served. Else the handler
 * returns *result_out.
 */
bool request_first_answer(struct request *request, enum supply_kind kind, enum step_result *result_out);

/* The HTTP status of what supply could not give. */
unsigned supply_status(enum supply_code code);
/* Takes supply's answer, as supply_done. */
void request_supplied(void *ctx, const struct supply_answer *answer);
/* Can request->answer be served? Else it has been refused as the answer says. */
bool request_answered(struct request *request);

/* Step 6: the audit event of this request; what it borrows lives as long as the request. */
void request_event(const struct request *request, struct audit_event *event_out);
/* A refusal of an unidentified caller: recorded, but never more than a few rows a minute for one address. As audit_submit(). */
int request_record_refusal(struct request *request);

/*
 * The answer is a list of versions. filter: request->body is what the caller may see of it, unset when that is all. highest:
 * request->resolved is the newest that the caller may have, empty when there is none. After STEP_WAIT the handler is called again; either
 * may refuse the request.
 */
enum step_result versions_filter(struct request *request);
enum step_result versions_highest(struct request *request);

/* What of the answer is sent: all, a part (206), nothing (304). Opens the file. */
enum step_result reply_select(struct request *request);
/* Step 7: the only function that queues a response. */
enum MHD_Result reply_send(struct request *request);

/* Handlers, by file: handle_proxy.c, handle_sumdb.c, handle_go_get.c, handle_pages.c, handle_refresh.c */
enum step_result handle_list(struct request *request);
enum step_result handle_latest(struct request *request);
enum step_result handle_info(struct request *request);
enum step_result handle_mod(struct request *request);
enum step_result handle_zip(struct request *request);
enum step_result handle_sumdb_supported(struct request *request);
enum step_result handle_sumdb_latest(struct request *request);
enum step_result handle_sumdb_lookup(struct request *request);
enum step_result handle_sumdb_tile(struct request *request);
enum step_result handle_go_get(struct request *request);
enum step_result handle_root(struct request *request);
enum step_result handle_livez(struct request *request);
enum step_result handle_readyz(struct request *request);
enum step_result handle_version(struct request *request);
enum step_result handle_metrics(struct request *request);
enum step_result handle_refresh(struct request *request);

#endif
