/* The index thread. */
#include "audit/indexer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "audit/index_db.h"
#include "audit/reader.h"
#include "base/thread.h"

#define BATCH_ROWS 4096
#define GATHER_MS  200 /* rows that come within it share a transaction: a late index is cheap, an eager one is not */
#define RETRY_MS   2000
#define NICENESS   10 /* when cores are short, requests go first and the index comes later */

struct indexer {
	char *dir;
	pthread_t thread;
	bool runs;
	struct index_db *index; /* the thread's alone; NULL: not open */

	pthread_mutex_t lock; /* over all below */
	pthread_cond_t wake;
	bool waits;
	bool closing;
	uint64_t size; /* durable rows */
	uint64_t indexed;
	bool failing; /* written by the thread only */
	char error[ERR_TEXT_MAX];
};

static bool is_closing(struct indexer *indexer)
{
	bool closing;

	pthread_mutex_lock(&indexer->lock);
	closing = indexer->closing;
	pthread_mutex_unlock(&indexer->lock);
	return closing;
}

static void publish(struct indexer *indexer, uint64_t indexed, const struct err *failure)
{
	pthread_mutex_lock(&indexer->lock);
	indexer->indexed = indexed;
	indexer->failing = failure != NULL;
	if (failure != NULL)
		memcpy(indexer->error, failure->text, sizeof(indexer->error));
	pthread_mutex_unlock(&indexer->lock);
}

/* The lock is held. Returns early only when closing. */
static void pause_ms(struct indexer *indexer, int ms)
{
	struct timespec until = thread_deadline(ms);

	while (!indexer->closing && pthread_cond_timedwait(&indexer->wake, &indexer->lock, &until) == 0)
		continue;
}

/* How many rows there are, once there are more than are indexed; 0 when it is time to end. */
static uint64_t wait_for_rows(struct indexer *indexer)
{
	uint64_t size;

	pthread_mutex_lock(&indexer->lock);
	while (!indexer->closing && indexer->size <= indexer->indexed) {
		indexer->waits = true;
		pthread_cond_wait(&indexer->wake, &indexer->lock);
	}
	indexer->waits = false;
	if (indexer->failing)
		pause_ms(indexer, RETRY_MS);
	else if (indexer->size - indexer->indexed < BATCH_ROWS)
		pause_ms(indexer, GATHER_MS);
	size = indexer->closing ? 0 : indexer->size;
	pthread_mutex_unlock(&indexer->lock);
	return size;
}

/* Is the index one of this very log, and not ahead of it? 1, 0, AUDIT_ERR. */
static int belongs(struct indexer *indexer, uint64_t size, struct err *err)
{
	struct reader *reader = NULL;
	struct reader_row row = { .line = SLICE_NONE };
	struct tlog_hash first;
	int code;

	if (index_db_next(indexer->index) == 0)
		return 1;
	if (index_db_next(indexer->index) > size)
		return 0;
	code = reader_open(indexer->dir, 0, &reader, err);
	if (code == 0)
		code = reader_next(reader, &row, err);
	if (code == 1) {
		tlog_leaf_hash(row.line, &first);
		code = memcmp(&first, index_db_origin(indexer->index), sizeof(first)) == 0;
	}
	reader_close(&reader);
	return code;
}

static int begin_anew(struct indexer *indexer, struct err *err)
{
	index_db_close(&indexer->index);
	index_db_remove(indexer->dir);
	return index_db_open(indexer->dir, &indexer->index, err);
}

/* An index of another form or of another log is made anew; one that merely cannot be opened now is not: see fail(). */
static int open_index(struct indexer *indexer, uint64_t size, struct err *err)
{
	int code = index_db_open(indexer->dir, &indexer->index, err);

	if (code == INDEX_DB_FOREIGN)
		return begin_anew(indexer, err);
	if (code == 0)
		code = belongs(indexer, size, err);
	if (code == 0)
		return begin_anew(indexer, err);
	/* What could not be told must be asked again: an open index is taken for one that belongs. */
	if (code < 0)
		index_db_close(&indexer->index);
	return code < 0 ? code : 0;
}

/* One transaction of rows up to size. */
static int add_batch(struct indexer *indexer, struct reader *reader, uint64_t size, bool *more_out, struct err *err)
{
	int code = index_db_begin(indexer->index, err);
	struct reader_row row;
	bool more = code == 0;

	for (int i = 0; i < BATCH_ROWS && more && code == 0; i++) {
		code = reader_next(reader, &row, err);
		more = code == 1;
		if (more)
			code = index_db_add(indexer->index, row.seq, row.line, err);
		more = more && row.seq + 1 < size;
	}
	if (code == 0)
		code = index_db_commit(indexer->index, err);
	if (code < 0)
		index_db_rollback(indexer->index);
	*more_out = more;
	return code;
}

static int catch_up(struct indexer *indexer, uint64_t size, struct err *err)
{
	struct reader *reader = NULL;
	bool more = true;
	int code = 0;

	if (indexer->index == NULL)
		code = open_index(indexer, size, err);
	if (code == 0)
		code = reader_open(indexer->dir, index_db_next(indexer->index), &reader, err);
	while (code == 0 && more && !is_closing(indexer)) {
		code = add_batch(indexer, reader, size, &more, err);
		if (code == 0)
			publish(indexer, index_db_next(indexer->index), NULL);
	}
	reader_close(&reader);
	return code;
}

/* Damage is looked for once, after the first of several failures in a row: it means reading all of the index. */
static void fail(struct indexer *indexer, int code, const struct err *err)
{
	bool first = !indexer->failing;

	publish(indexer, indexer->index == NULL ? 0 : index_db_next(indexer->index), err);
	if (code != INDEX_DB_ERR)
		return;
	index_db_close(&indexer->index);
	if (first && index_db_damaged(indexer->dir))
		index_db_remove(indexer->dir);
}

static void *run(void *arg)
{
	struct indexer *indexer = arg;
	uint64_t size;

	/* On Linux this is the thread's alone. Without it the index is merely dearer. */
	setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS);
	while ((size = wait_for_rows(indexer)) > 0) {
		struct err err = ERR_INIT;
		int code = catch_up(indexer, size, &err);

		if (code < 0)
			fail(indexer, code, &err);
	}
	index_db_close(&indexer->index);
	return NULL;
}

int indexer_open(const char *dir, uint64_t size, struct indexer **indexer_out, struct err *err)
{
	struct indexer *indexer = calloc(1, sizeof(*indexer));

	if (indexer == NULL)
		return err_set(err, AUDIT_ERR, "cannot start the audit index: out of memory");
	pthread_mutex_init(&indexer->lock, NULL);
	thread_cond_init(&indexer->wake);
	indexer->size = size;
	indexer->dir = strdup(dir);
	if (indexer->dir == NULL || thread_start("audit-index", run, indexer, &indexer->thread, err) < 0) {
		indexer_close(&indexer);
		return AUDIT_ERR;
	}
	indexer->runs = true;
	*indexer_out = indexer;
	return 0;
}

void indexer_close(struct indexer **indexer)
{
	struct indexer *i = *indexer;

	if (i == NULL)
		return;
	pthread_mutex_lock(&i->lock);
	i->closing = true;
	pthread_mutex_unlock(&i->lock);
	pthread_cond_signal(&i->wake);
	if (i->runs)
		pthread_join(i->thread, NULL);
	pthread_cond_destroy(&i->wake);
	pthread_mutex_destroy(&i->lock);
	free(i->dir);
	free(i);
	*indexer = NULL;
}

void indexer_follow(struct indexer *indexer, uint64_t size)
{
	bool signal;

	pthread_mutex_lock(&indexer->lock);
	indexer->size = size;
	signal = indexer->waits;
	indexer->waits = false;
	pthread_mutex_unlock(&indexer->lock);
	if (signal)
		pthread_cond_signal(&indexer->wake);
}

void indexer_state(struct indexer *indexer, struct audit_state *state)
{
	pthread_mutex_lock(&indexer->lock);
	state->indexed = indexer->indexed;
	state->index_failing = indexer->failing;
	memcpy(state->index_error, indexer->error, sizeof(indexer->error));
	pthread_mutex_unlock(&indexer->lock);
}
