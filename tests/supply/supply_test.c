/* Supply over a real repository: built once for all who wait, pinned, and a tag that moves is told and never served. */
#include "supply/supply_private.h"

#include "tests/base/rows.h"

#define MODULE SLICE("corp.example/tool")

struct world {
	struct db *db;
	struct supply *supply;
	char data[300], repository[300];
	struct {
		unsigned count;
		char what[64], found[64], version[64];
	} notice;
};

static void shell(const struct world *world, const char *commands)
{
	char line[4096];
	snprintf(line, sizeof(line),
		"cd '%s' && export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@x GIT_COMMITTER_NAME=c "
		"GIT_COMMITTER_EMAIL=c@x GIT_AUTHOR_DATE=2020-01-01T00:00:00Z GIT_COMMITTER_DATE=2020-01-01T00:00:00Z && { %s; } >/dev/null 2>&1",
		world->repository, commands);
	if (system(line) != 0)
		fail_msg("cannot run: %s", commands);
}

static void on_notice(void *ctx, const struct supply_notice *notice)
{
	struct world *world = ctx;
	world->notice.count++;
	snprintf(world->notice.what, sizeof(world->notice.what), "%s", notice->what);
	snprintf(world->notice.found, sizeof(world->notice.found), "%.*s", SLICE_ARG(notice->found));
	snprintf(world->notice.version, sizeof(world->notice.version), "%.*s", SLICE_ARG(notice->version));
}

static void world_start(struct world *world, int64_t list_ttl_s)
{
	char path[400];
	struct db_options db = { .path = path, .durable = true };
	struct supply_repository repository = { .prefix = "corp.example/tool", .repository = world->repository, .refresh_s = 1 };
	struct supply_options options = {
		.data = world->data,
		.repositories = &repository,
		.repositories_count = 1,
		.list_ttl_s = list_ttl_s,
		.negative_ttl_s = 1,
		.notice = on_notice,
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

static void world_stop(struct world *world)
{
	supply_close(&world->supply);
	db_close(&world->db);
}

static void world_make(struct world *world, void **state, int64_t list_ttl_s)
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

static void arrived(void *ctx, const struct supply_answer *answer)
{
	struct waiting *waiting = ctx;
	pthread_mutex_lock(&waiting->lock);
	supply_answer_unref(waiting->answer);
	waiting->answer = answer;
	waiting->arrived++;
	pthread_cond_signal(&waiting->changed);
	pthread_mutex_unlock(&waiting->lock);
}

static void await(struct waiting *waiting, unsigned count)
{
	pthread_mutex_lock(&waiting->lock);
	while (waiting->arrived < count)
		pthread_cond_wait(&waiting->changed, &waiting->lock);
	pthread_mutex_unlock(&waiting->lock);
}

/* As the gateway asks: from memory, else and wait. */
static const struct supply_answer *ask(struct world *world, enum supply_kind kind, const char *query)
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

static void test_kinds(void **state)
{
	static const struct {
		const char *name;
		enum supply_kind kind;
		const char *query;
		enum supply_code code;
		const char *version, *body;
	} rows[] = {
		{ "list", SUPPLY_LIST, "", SUPPLY_OK, "", "v1.0.0\n" },
		{ "latest", SUPPLY_LATEST, "", SUPPLY_OK, "v1.0.0", NULL },
		{ "exact info", SUPPLY_INFO, "v1.0.0", SUPPLY_OK, "v1.0.0", NULL },
		{ "branch", SUPPLY_INFO, "main", SUPPLY_OK, "v1.0.0", NULL },
		{ "mod", SUPPLY_MOD, "v1.0.0", SUPPLY_OK, "v1.0.0", "module corp.example/tool\n" },
		{ "zip", SUPPLY_ZIP, "v1.0.0", SUPPLY_OK, "v1.0.0", NULL },
		{ "unknown version", SUPPLY_INFO, "v9.9.9", SUPPLY_ERR_ABSENT, "", NULL },
		{ "unknown branch", SUPPLY_INFO, "nope", SUPPLY_ERR_ABSENT, "", NULL },
		{ "zip of an unknown version", SUPPLY_ZIP, "v9.9.9", SUPPLY_ERR_ABSENT, "", NULL },
	};
	struct world world;
	world_make(&world, state, 60);
	for (unsigned round = 0; round < 3; round++) {
		for (size_t i = 0; i < LENGTH(rows); i++) {
			const struct supply_answer *answer = ask(&world, rows[i].kind, rows[i].query);
			CHECK(rows[i].name, answer->code == rows[i].code);
			CHECK(rows[i].name, answer->code != SUPPLY_OK || slice_equal_text(answer->version, rows[i].version));
			CHECK(rows[i].name, rows[i].body == NULL || slice_equal_text(answer->body, rows[i].body));
			CHECK(rows[i].name, (answer->code == SUPPLY_OK) == (answer->text[0] == '\0'));
			CHECK(rows[i].name, answer->code != SUPPLY_OK || answer->source == (round == 0 ? SUPPLY_BUILT : SUPPLY_CACHE));
			CHECK(rows[i].name, answer->code != SUPPLY_OK || answer->proof == SUPPLY_PROOF_PIN);
			CHECK(rows[i].name, answer->code != SUPPLY_OK || rows[i].kind != SUPPLY_ZIP ||
						    (answer->file != NULL && strncmp(answer->h1, "h1:", 3) == 0));
			supply_answer_unref(answer);
		}
		/* The third round after a restart: from disk. */
		if (round == 1) {
			world_stop(&world);
			world_start(&world, 60);
		}
	}
	world_stop(&world);
}

static void test_single_flight(void **state)
{
	struct world world;
	struct waiting waiting = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
	struct supply_question question = { .kind = SUPPLY_ZIP, .module = MODULE, .query = SLICE("v1.0.0") };
	struct supply_state counts;
	world_make(&world, state, 60);
	for (unsigned i = 0; i < 50; i++)
		assert_int_equal(supply_begin(world.supply, &question, arrived, &waiting), SUPPLY_OK);
	await(&waiting, 50);
	assert_int_equal(waiting.answer->code, SUPPLY_OK);
	supply_answer_unref(waiting.answer);
	supply_state(world.supply, &counts);
	assert_int_equal(counts.cache_misses, 1);
	world_stop(&world);
}

/* A tag that moves after its version was served: what was served stays, the change is told once. */
static void test_moved_tag(void **state)
{
	struct world world;
	struct buf before = BUF_INIT(100);
	world_make(&world, state, 0);
	const struct supply_answer *answer = ask(&world, SUPPLY_INFO, "v1.0.0");
	assert_int_equal(answer->code, SUPPLY_OK);
	buf_add_text(&before, answer->origin);
	assert_int_equal(before.len, 40);
	supply_answer_unref(answer);

	shell(&world, "echo two >file && git commit -q -a -m two && git tag -f v1.0.0");
	/* References are read again after refresh_s. */
	sleep(2);
	answer = ask(&world, SUPPLY_ZIP, "v1.0.0");
	assert_int_equal(answer->code, SUPPLY_OK);
	assert_string_equal(answer->origin, buf_text(&before));
	supply_answer_unref(answer);
	assert_int_equal(world.notice.count, 1);
	assert_string_equal(world.notice.what, "tag moved");
	assert_string_equal(world.notice.version, "v1.0.0");
	assert_string_not_equal(world.notice.found, buf_text(&before));

	/* The branch now stands for a version that was served as something else. */
	answer = ask(&world, SUPPLY_INFO, "main");
	assert_int_equal(answer->code, SUPPLY_ERR_MISMATCH);
	supply_answer_unref(answer);
	answer = ask(&world, SUPPLY_LIST, "");
	assert_int_equal(answer->code, SUPPLY_OK);
	supply_answer_unref(answer);
	assert_int_equal(world.notice.count, 1);

	/* The files are lost: they are built again, from the pinned commit. */
	world_stop(&world);
	char command[600];
	snprintf(command, sizeof(command), "rm -rf '%s/cache'", world.data);
	shell(&world, command);
	world_start(&world, 0);
	answer = ask(&world, SUPPLY_MOD, "v1.0.0");
	assert_int_equal(answer->code, SUPPLY_OK);
	assert_string_equal(answer->origin, buf_text(&before));
	supply_answer_unref(answer);
	buf_free(&before);
	world_stop(&world);
}

static void test_covers_and_unmapped(void **state)
{
	struct world world;
	struct waiting waiting = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
	struct supply_question question = { .kind = SUPPLY_LIST, .module = SLICE("other.example/x") };
	world_make(&world, state, 60);
	assert_true(supply_covers(world.supply, MODULE));
	assert_false(supply_covers(world.supply, question.module));
	assert_int_equal(supply_begin(world.supply, &question, arrived, &waiting), SUPPLY_OK);
	await(&waiting, 1);
	assert_int_equal(waiting.answer->code, SUPPLY_ERR_FORBIDDEN);
	supply_answer_unref(waiting.answer);
	world_stop(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kinds, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_single_flight, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_moved_tag, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_covers_and_unmapped, scratch_setup, scratch_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
