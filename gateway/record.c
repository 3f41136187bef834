/* Audit events that are no request. */
#include "gateway/record.h"

#include <pthread.h>
#include <stdio.h>

#include "gateway/gateway_private.h"

struct waiter {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool done;
	int code;
};

static void waiter_done(void *ctx, int code, uint64_t seq)
{
	(void)seq;
	struct waiter *waiter = ctx;
	pthread_mutex_lock(&waiter->lock);
	waiter->done = true;
	waiter->code = code;
	pthread_cond_signal(&waiter->changed);
	pthread_mutex_unlock(&waiter->lock);
}

int record_wait(struct audit *audit, const struct audit_event *event, struct err *err)
{
	struct waiter waiter = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
	int code = audit_submit(audit, event, waiter_done, &waiter, err);
	if (code != 0)
		return code;
	pthread_mutex_lock(&waiter.lock);
	while (!waiter.done)
		pthread_cond_wait(&waiter.changed, &waiter.lock);
	pthread_mutex_unlock(&waiter.lock);
	pthread_cond_destroy(&waiter.changed);
	pthread_mutex_destroy(&waiter.lock);
	return waiter.code == 0 ? 0 : err_set(err, waiter.code, "the audit log cannot be written");
}

int record_text(struct audit *audit, enum audit_kind kind, const char *user, const char *text, const char *policy_hash, struct err *err)
{
	struct audit_event event = AUDIT_EVENT_INIT(kind);
	event.user = user[0] != '\0' ? slice_of(user) : SLICE_NONE;
	event.policy = policy_hash != NULL ? slice_of(policy_hash) : SLICE_NONE;
	event.text = slice_of(text);
	return record_wait(audit, &event, err);
}

static void notice_done(void *ctx, int code, uint64_t seq)
{
	(void)ctx;
	(void)code;
	(void)seq;
}

void record_notice(void *ctx, const struct supply_notice *notice)
{
	struct gateway *gateway = ctx;
	struct audit_event event = AUDIT_EVENT_INIT(AUDIT_MODULE);
	char text[1024];
	bool back = slice_equal(notice->pinned, notice->found);
	if (notice->found.len == 0)
		snprintf(text, sizeof(text), "%s: pinned %.*s, found none; what is pinned goes on being served", notice->what,
			SLICE_ARG(notice->pinned));
	else
		snprintf(text, sizeof(text), "%s: pinned %.*s, found %.*s%s", notice->what, SLICE_ARG(notice->pinned), SLICE_ARG(notice->found),
			back ? " again" : ", which is not served");
	event.module = notice->module;
	event.version = notice->version;
	event.private = notice->is_private ? AUDIT_TRUE : AUDIT_FALSE;
	event.origin = notice->found.len > 0 ? notice->found : SLICE_NONE;
	event.text = slice_of(text);
	if (!back)
		atomic_fetch_add_explicit(&gateway->metrics.pins_moved, 1, memory_order_relaxed);
	log_write(&gateway->log, LOG_LEVEL_WARNING, NULL, "%.*s@%.*s: %s", SLICE_ARG(notice->module), SLICE_ARG(notice->version), text);
	audit_submit(gateway->audit, &event, notice_done, NULL, NULL);
}
