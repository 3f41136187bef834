/* Audit events that are no request. */
#include "gateway/record.h"

#include <pthread.h>
#include <stdio.h>

#include "gateway/gateway_private.h"

#define NOTICE_TEXT_MAX 1024

struct waiter {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t done;
	int code; /* of one that failed */
};

static void waiter_done(void *ctx, int code, uint64_t seq)
{
	(void)seq;
	struct waiter *waiter = ctx;
	pthread_mutex_lock(&waiter->lock);
	waiter->done++;
	if (code != 0)
		waiter->code = code;
	pthread_cond_signal(&waiter->changed);
	pthread_mutex_unlock(&waiter->lock);
}

/* Until so many were submitted and done. The waiter is of no use afterwards. */
static int wait_for(struct waiter *waiter, size_t submitted)
{
	pthread_mutex_lock(&waiter->lock);
	while (waiter->done < submitted)
		pthread_cond_wait(&waiter->changed, &waiter->lock);
	pthread_mutex_unlock(&waiter->lock);
	pthread_cond_destroy(&waiter->changed);
	pthread_mutex_destroy(&waiter->lock);
	return waiter->code;
}

int record_wait(struct audit *audit, const struct audit_event *event, struct err *err)
{
	struct waiter waiter = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
	int code = audit_submit(audit, event, waiter_done, &waiter, err);
	if (code != 0)
		return code;
	code = wait_for(&waiter, 1);
	return code == 0 ? 0 : err_set(err, code, "the audit log cannot be written");
}

int record_text(struct audit *audit, enum audit_kind kind, const char *user, const char *text, const char *policy_hash, struct err *err)
{
	struct audit_event event = AUDIT_EVENT_INIT(kind);
	event.user = user[0] != '\0' ? slice_of(user) : SLICE_NONE;
	event.policy = policy_hash != NULL ? slice_of(policy_hash) : SLICE_NONE;
	event.text = slice_of(text);
	return record_wait(audit, &event, err);
}

static bool is_back(const struct supply_notice *notice)
{
	return slice_equal(notice->pinned, notice->found);
}

static void write_notice(const struct supply_notice *notice, char text_out[NOTICE_TEXT_MAX])
{
	if (notice->found.len == 0)
		snprintf(text_out, NOTICE_TEXT_MAX, "%s: pinned %.*s, found none; what is pinned goes on being served", notice->what,
			SLICE_ARG(notice->pinned));
	else
		snprintf(text_out, NOTICE_TEXT_MAX, "%s: pinned %.*s, found %.*s%s", notice->what, SLICE_ARG(notice->pinned),
			SLICE_ARG(notice->found), is_back(notice) ? " again" : ", which is not served");
}

static int submit_notice(struct audit *audit, const struct supply_notice *notice, struct waiter *waiter)
{
	struct audit_event event = AUDIT_EVENT_INIT(AUDIT_MODULE);
	char text[NOTICE_TEXT_MAX];
	write_notice(notice, text);
	event.module = notice->module;
	event.version = notice->version;
	event.private = notice->is_private ? AUDIT_TRUE : AUDIT_FALSE;
	event.origin = notice->found.len > 0 ? notice->found : SLICE_NONE;
	event.text = slice_of(text);
	return audit_submit(audit, &event, waiter_done, waiter, NULL);
}

static void log_notice(struct gateway *gateway, const struct supply_notice *notice)
{
	char text[NOTICE_TEXT_MAX];
	write_notice(notice, text);
	if (!is_back(notice))
		atomic_fetch_add_explicit(&gateway->metrics.pins_moved, 1, memory_order_relaxed);
	log_write(&gateway->log, LOG_LEVEL_WARNING, NULL, "%.*s@%.*s: %s", SLICE_ARG(notice->module), SLICE_ARG(notice->version), text);
}

size_t record_notices(void *ctx, const struct supply_notice *notices, size_t count)
{
	struct gateway *gateway = ctx;
	struct waiter waiter = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
	size_t submitted = 0;
	while (submitted < count && submit_notice(gateway->audit, &notices[submitted], &waiter) == 0)
		submitted++;
	/* The log does not say which of them it could not keep: all are told again. */
	if (wait_for(&waiter, submitted) != 0)
		return 0;
	for (size_t i = 0; i < submitted; i++)
		log_notice(gateway, &notices[i]);
	return submitted;
}
