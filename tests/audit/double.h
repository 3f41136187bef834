/*
 * A log that does what the test says: it lets calls wait, refuses them, and otherwise hands them to the SQLite one.
 * It is changed by the test's thread and used by the writer's: everything under its lock.
 */
#ifndef TESTS_AUDIT_DOUBLE_H
#define TESTS_AUDIT_DOUBLE_H

#include "tests/audit/fixture.h"

struct double_log {
	struct audit_log log; /* give this to audit_open */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	void *real;
	bool held;              /* appends wait while it is set */
	bool inside;            /* an append waits or works */
	int fail_appends;       /* so many fail; negative: all */
	int fail_new;           /* the same for append_new */
	bool commits_and_fails; /* a failing append is written all the same: as after an fsync that failed */
	unsigned appends;
	unsigned appends_new;
	uint64_t group_max; /* rows of the largest batch */
};

static inline bool double_turn(int *left)
{
	if (*left == 0)
		return false;
	*left -= *left > 0;
	return true;
}

static inline int double_write(struct double_log *d, const struct log_batch *batch, bool fresh, struct err *err)
{
	bool fails;
	int code;

	pthread_mutex_lock(&d->lock);
	d->inside = true;
	pthread_cond_broadcast(&d->changed);
	while (d->held)
		pthread_cond_wait(&d->changed, &d->lock);
	fails = double_turn(fresh ? &d->fail_new : &d->fail_appends);
	d->appends += !fresh;
	d->appends_new += fresh;
	if (batch->count > d->group_max)
		d->group_max = batch->count;
	if (!fails || d->commits_and_fails)
		code = fresh ? audit_log_sqlite.append_new(d->real, batch, err) : audit_log_sqlite.append(d->real, batch, err);
	else
		code = AUDIT_ERR;
	if (fails)
		code = err_set(err, AUDIT_ERR, "the double fails as it was told");
	d->inside = false;
	pthread_mutex_unlock(&d->lock);
	return code;
}

static inline int double_append(void *state, const struct log_batch *batch, struct err *err)
{
	return double_write(state, batch, false, err);
}

static inline int double_append_new(void *state, const struct log_batch *batch, struct err *err)
{
	return double_write(state, batch, true, err);
}

static inline int double_open(void *ctx, const struct log_options *options, void **state_out, struct tlog_edge *edge_out, struct err *err)
{
	struct double_log *d = ctx;

	*state_out = d;
	return audit_log_sqlite.open(NULL, options, &d->real, edge_out, err);
}

static inline void double_close(void **state)
{
	struct double_log *d = *state;

	audit_log_sqlite.close(&d->real);
	*state = NULL;
}

static inline void double_init(struct double_log *d)
{
	memset(d, 0, sizeof(*d));
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->changed, NULL);
	d->log = (struct audit_log){ .ctx = d, .open = double_open, .append = double_append, .append_new = double_append_new, .close = double_close };
}

static inline void double_hold(struct double_log *d, bool held)
{
	pthread_mutex_lock(&d->lock);
	d->held = held;
	pthread_cond_broadcast(&d->changed);
	pthread_mutex_unlock(&d->lock);
}

static inline void double_await_inside(struct double_log *d)
{
	pthread_mutex_lock(&d->lock);
	while (!d->inside)
		pthread_cond_wait(&d->changed, &d->lock);
	pthread_mutex_unlock(&d->lock);
}

static inline void double_fail(struct double_log *d, int appends, int fresh)
{
	pthread_mutex_lock(&d->lock);
	d->fail_appends = appends;
	d->fail_new = fresh;
	pthread_mutex_unlock(&d->lock);
}

static inline struct audit *double_audit(struct double_log *d, const char *dir, size_t queue_events_max, size_t queue_bytes_max)
{
	struct audit_options options = {
		.dir = dir, .log = &d->log, .retry_ms = 20, .queue_events_max = queue_events_max, .queue_bytes_max = queue_bytes_max
	};
	struct audit *audit = NULL;
	struct err err = ERR_INIT;

	if (audit_open(&options, &audit, &err) < 0)
		fail_msg("%s", err.text);
	return audit;
}

#endif
