/* Audit events that are no request: the daemon's own. */
#ifndef GATEWAY_RECORD_H
#define GATEWAY_RECORD_H

#include "audit/audit.h"
#include "supply/supply.h"

/* Submits and waits until the row is durable. As audit_submit(). Not from an event loop or the audit writer. */
int record_wait(struct audit *audit, const struct audit_event *event, struct err *err);

/* kind "system", "policy" or "token" with a sentence; user: who did it, "" for the daemon itself. Waits. */
int record_text(struct audit *audit, enum audit_kind kind, const char *user, const char *text, const char *policy_hash, struct err *err);

/* supply found pinned versions changed. ctx is the gateway. Waits; answers how many of the first are durable. */
size_t record_notices(void *ctx, const struct supply_notice *notices, size_t count);

#endif
