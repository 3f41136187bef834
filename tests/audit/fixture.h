/* What the audit tests share: a directory of their own, events, logs written and tampered with. */
#ifndef TESTS_AUDIT_FIXTURE_H
#define TESTS_AUDIT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <ftw.h>
#include <pthread.h>
#include <unistd.h>

#include "audit/audit.h"
#include "audit/log.h"
#include "audit/segment.h"
#include "base/db.h"

#define FIXTURE_PATH_MAX 128

static inline int fixture_remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static inline void fixture_remove(const char *dir)
{
	nftw(dir, fixture_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A fresh directory; give it to fixture_remove(). */
static inline void fixture_dir(char out[FIXTURE_PATH_MAX])
{
	snprintf(out, FIXTURE_PATH_MAX, "/tmp/audit-test-XXXXXX");
	assert_non_null(mkdtemp(out));
}

/* The answer to one submission, awaited. */
struct fixture_answer {
	pthread_mutex_t lock;
	pthread_cond_t came;
	int answers;
	int code;
	uint64_t seq;
};
#define FIXTURE_ANSWER \
	{ \
		.lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER \
	}

static inline void fixture_done(void *ctx, int code, uint64_t seq)
{
	struct fixture_answer *answer = ctx;

	pthread_mutex_lock(&answer->lock);
	answer->answers++;
	answer->code = code;
	answer->seq = seq;
	pthread_cond_signal(&answer->came);
	pthread_mutex_unlock(&answer->lock);
}

static inline int fixture_wait(struct fixture_answer *answer)
{
	pthread_mutex_lock(&answer->lock);
	while (answer->answers == 0)
		pthread_cond_wait(&answer->came, &answer->lock);
	pthread_mutex_unlock(&answer->lock);
	return answer->code;
}

static inline struct audit_event fixture_event(const char *user, const char *module, enum audit_verdict verdict)
{
	struct audit_event event = AUDIT_EVENT_INIT(AUDIT_ACCESS);

	event.user = slice_of(user);
	event.action = AUDIT_ZIP;
	event.module = slice_of(module);
	event.version = SLICE("v1.0.0");
	event.verdict = verdict;
	event.status = verdict == AUDIT_ALLOW ? 200 : 403;
	return event;
}

/* Submits and waits: the code; the sequence in *seq_out when that is 0. */
static inline int fixture_record(struct audit *audit, const struct audit_event *event, uint64_t *seq_out)
{
	struct fixture_answer answer = FIXTURE_ANSWER;
	int code = audit_submit(audit, event, fixture_done, &answer, NULL);

	if (code == 0)
		code = fixture_wait(&answer);
	if (code == 0)
		*seq_out = answer.seq;
	return code;
}

static inline struct audit *fixture_open(const char *dir, int64_t segment_bytes_max)
{
	struct audit_options options = { .dir = dir, .segment_bytes_max = segment_bytes_max };
	struct audit *audit = NULL;
	struct err err = ERR_INIT;

	if (audit_open(&options, &audit, &err) < 0)
		fail_msg("%s", err.text);
	return audit;
}

/* Queues `rows` lazy events; they are durable after audit_close(). */
static inline void fixture_write(struct audit *audit, unsigned rows)
{
	for (unsigned i = 0; i < rows; i++) {
		struct audit_event event = fixture_event("alice", "git.corp.example/api", AUDIT_ALLOW);

		while (audit_submit(audit, &event, NULL, NULL, NULL) == AUDIT_ERR_BUSY)
			usleep(1000);
	}
}

/* An empty segment at the end of the log. */
static inline void fixture_new_segment(const char *dir)
{
	struct log_options options = { .dir = dir, .segment_bytes_max = INT64_MAX };
	struct log_batch batch = { .count = 0 };
	struct err err = ERR_INIT;
	struct tlog_edge edge;
	void *log = NULL;

	if (audit_log_sqlite.open(NULL, &options, &log, &edge, &err) < 0)
		fail_msg("%s", err.text);
	batch.first = edge.size;
	batch.before = &edge;
	batch.tip.size = edge.size;
	tlog_edge_root(&edge, &batch.tip.root);
	if (audit_log_sqlite.append_new(log, &batch, &err) < 0)
		fail_msg("%s", err.text);
	audit_log_sqlite.close(&log);
}

/* A whole log: `segments` of them with `rows` each. */
static inline void fixture_log(const char *dir, unsigned segments, unsigned rows)
{
	for (unsigned i = 0; i < segments; i++) {
		struct audit *audit;

		if (i > 0)
			fixture_new_segment(dir);
		audit = fixture_open(dir, 0);
		fixture_write(audit, rows);
		audit_close(&audit);
	}
}

static inline struct db *fixture_db(const char *dir, unsigned number)
{
	char *path = segment_path(dir, number);
	struct db_options options = { .path = path };
	struct err err = ERR_INIT;
	struct db *db = NULL;

	assert_non_null(path);
	if (db_open(&options, &db, &err) < 0)
		fail_msg("%s", err.text);
	free(path);
	return db;
}

static inline void fixture_sql(const char *dir, unsigned number, const char *sql)
{
	struct db *db = fixture_db(dir, number);
	struct err err = ERR_INIT;

	if (db_exec(db, sql, &err) < 0)
		fail_msg("%s", err.text);
	db_close(&db);
}

/* What verify found. */
struct fixture_findings {
	size_t count;
	struct audit_fault first;
	char segment[SEGMENT_NAME_MAX];
	char text[2 * ERR_TEXT_MAX];
};

static inline void fixture_found(void *ctx, const struct audit_fault *fault)
{
	struct fixture_findings *findings = ctx;

	if (findings->count++ > 0)
		return;
	findings->first = *fault;
	snprintf(findings->segment, sizeof(findings->segment), "%s", fault->segment);
	snprintf(findings->text, sizeof(findings->text), "%s", fault->text);
}

static inline int fixture_verify(
	const char *dir, const struct audit_head *expect, struct fixture_findings *findings_out, struct audit_verify_result *result_out)
{
	struct audit_verify_options options = { .dir = dir, .expect = expect, .fault = fixture_found, .ctx = findings_out };
	struct err err = ERR_INIT;
	int code;

	memset(findings_out, 0, sizeof(*findings_out));
	code = audit_verify(&options, result_out, &err);
	if (code == AUDIT_ERR)
		fail_msg("%s", err.text);
	return code;
}

/* Sound, and of so many rows. */
static inline void fixture_assert_sound(const char *dir, uint64_t rows)
{
	struct fixture_findings findings;
	struct audit_verify_result result;

	if (fixture_verify(dir, NULL, &findings, &result) != 0)
		fail_msg("%s", findings.text);
	assert_int_equal(result.rows, rows);
	assert_true(result.head_known);
}

#endif
