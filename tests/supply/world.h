/* What the tests of supply share: a repository of git, a supply over it, and asking as the gateway does. */
#ifndef TESTS_SUPPLY_WORLD_H
#define TESTS_SUPPLY_WORLD_H

#include "supply/supply_private.h"

#include "tests/base/rows.h"

#define MODULE SLICE("corp.example/tool")

struct world {
	struct db *db;
	struct supply *supply;
	char data[300], repository[300];
	char hung[100];                    /* URL of a host that takes connections and says nothing; or "" */
	size_t git_workers;                /* 0: as usual */
	int64_t refresh_s, negative_ttl_s; /* 0: 1 */
	int64_t hung_hold_s;               /* 0: as usual */
	const struct clock *clock;         /* NULL: the machine's */
	atomic_bool notices_fail;          /* as when the record cannot be kept */
	struct {
		atomic_uint count; /* read the others once it is as expected */
		char what[64], found[64], version[64];
	} notice;
};

static inline void shell(const struct world *world, const char *commands)
{
	char line[4096];
	snprintf(line, sizeof(line),
		"cd '%s' && export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@x GIT_COMMITTER_NAME=c "
		"GIT_COMMITTER_EMAIL=c@x GIT_AUTHOR_DATE=2020-01-01T00:00:00Z GIT_COMMITTER_DATE=2020-01-01T00:00:00Z && { %s; } >/dev/null 2>&1",
		world->repository, commands);
	if (system(line) != 0)
		fail_msg("cannot run: %s", commands);
}

/* The commit of HEAD. */
static inline void head_commit(const struct world *world, char out[41])
{
	struct buf text = BUF_INIT(100);
	char path[400];
	shell(world, "git rev-parse HEAD >.git/asked");
	snprintf(path, sizeof(path), "%s/.git/asked", world->repository);
	assert_int_equal(file_read(path, &text, NULL), 0);
	snprintf(out, 41, "%s", buf_text(&text));
	buf_free(&text);
}

static inline size_t on_notices(void *ctx, const struct supply_notice *notices, size_t count)
{
	struct world *world = ctx;
	if (atomic_load(&world->notices_fail))
		return 0;
	for (size_t i = 0; i < count; i++) {
		snprintf(world->notice.what, sizeof(world->notice.what), "%s", notices[i].what);
		snprintf(world->notice.found, sizeof(world->notice.found), "%.*s", SLICE_ARG(notices[i].found));
		snprintf(world->notice.version, sizeof(world->notice.version), "%.*s", SLICE_ARG(notices[i].version));
		atomic_fetch_add(&world->notice.count, 1);
	}
	return count;
}

/* What is told behind the back of who asks. */
static inline void await_notices(struct world *world, unsigned count)
{
	for (unsigned i = 0; i < 1000 && atomic_load(&world->notice.count) < count; i++)
		usleep(10000);
	assert_int_equal(world->notice.count, count);
}

static inline void world_start(struct world *world, int64_t list_ttl_s)
{
	char path[400];
	int64_t refresh_s = world->refresh_s != 0 ? world->refresh_s : 1;
	struct db_options db = { .path = path, .durable = true };
	struct supply_repository repositories[] = {
		{ .prefix = "corp.example/tool", .repository = world->repository, .refresh_s = refresh_s },
		{ .prefix = "hung.example", .repository = world->hung, .refresh_s = 1, .hold_s = world->hung_hold_s },
	};
	struct supply_options options = {
		.data = world->data,
		.repositories = repositories,
		.repositories_count = world->hung[0] != '\0' ? 2 : 1,
		.list_ttl_s = list_ttl_s,
		.negative_ttl_s = world->negative_ttl_s != 0 ? world->negative_ttl_s : 1,
		.git_workers = world->git_workers,
		.clock = world->clock,
		.notice = on_notices,
		.notice_ctx = world,
	};
	struct err err = ERR_INIT;
	snprintf(path, sizeof(path), "%s/modgate.db", world->data);
	if (file_mkdirs(world->data, 0700, &err) != 0 || db_open(&db, &world->db, &err) != 0)
		fail_msg("%s", err.text);
	options.db = world->db;
	if (supply_open(&options, &world->supply, &err) != 0)
		fail_msg("%s", err.text);
}

static inline void world_stop(struct world *world)
{
	supply_close(&world->supply);
	db_close(&world->db);
}

static inline void world_make(struct world *world, void **state, int64_t list_ttl_s)
{
	*world = (struct world){ 0 };
	snprintf(world->data, sizeof(world->data), "%s/data", (const char *)*state);
	snprintf(world->repository, sizeof(world->repository), "%s/tool", (const char *)*state);
	assert_int_equal(file_mkdirs(world->repository, 0700, NULL), 0);
	shell(world, "git init -q -b main . && printf 'module corp.example/tool\\n' >go.mod && echo one >file && git add . && git commit -q -m one "
		     "&& git tag v1.0.0");
	world_start(world, list_ttl_s);
}

struct waiting {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned arrived;
	const struct supply_answer *answer;
};

static inline void arrived(void *ctx, const struct supply_answer *answer)
{
	struct waiting *waiting = ctx;
	pthread_mutex_lock(&waiting->lock);
	supply_answer_unref(waiting->answer);
	waiting->answer = answer;
	waiting->arrived++;
	pthread_cond_signal(&waiting->changed);
	pthread_mutex_unlock(&waiting->lock);
}

static inline void await(struct waiting *waiting, unsigned count)
{
	pthread_mutex_lock(&waiting->lock);
	while (waiting->arrived < count)
		pthread_cond_wait(&waiting->changed, &waiting->lock);
	pthread_mutex_unlock(&waiting->lock);
}

/* As the gateway asks: from memory, else and wait. */
static inline const struct supply_answer *ask(struct world *world, enum supply_kind kind, const char *query)
{
	struct supply_question question = { .kind = kind, .module = MODULE, .query = slice_of(query) };
	struct waiting waiting = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
	const struct supply_answer *answer = NULL;
	if (supply_try(world->supply, &question, &answer) == SUPPLY_OK)
		return answer;
	assert_int_equal(supply_begin(world->supply, &question, arrived, &waiting), SUPPLY_OK);
	await(&waiting, 1);
	return waiting.answer;
}

#endif
