/* A git host that takes connections and never answers: who asks for others, or for what is stored, does not wait for it. */
#include <netinet/in.h>
#include <sys/socket.h>

#include "world.h"

#define WORKERS 4

static int listen_silently(struct world *world)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	snprintf(world->hung, sizeof(world->hung), "https://127.0.0.1:%u/{1}.git", ntohs(address.sin_port));
	return fd;
}

/* Every one of its own, so that none joins another's flight. */
static void begin_hanging(struct world *world, struct waiting *waiting, const char *prefix, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		char module[64];
		struct supply_question question = { .kind = SUPPLY_LIST };
		snprintf(module, sizeof(module), "%s%u", prefix, i);
		question.module = slice_of(module);
		assert_int_equal(supply_begin(world->supply, &question, arrived, waiting), SUPPLY_OK);
	}
}

/* Until so many wait for their turn. */
static void settle(struct world *world, size_t queued)
{
	struct supply_state state;
	for (unsigned i = 0; i < 500; i++) {
		supply_state(world->supply, &state);
		if (state.git_queued == queued)
			return;
		usleep(10000);
	}
	fail_msg("%zu wait, not %zu", state.git_queued, queued);
}

static void test_others_are_built(void **state)
{
	static const struct {
		const char *name, *prefix;
		unsigned running;
	} rows[] = {
		{ "many repositories of one host", "hung.example/m", TURNS_HOST_MAX(WORKERS) },
		{ "many modules of one repository", "hung.example/one/m", TURNS_REPOSITORY_MAX(WORKERS) },
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct world world = { 0 };
		struct waiting waiting = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
		char directory[250];
		void *own = directory;
		snprintf(directory, sizeof(directory), "%s/%zu", (const char *)*state, i);
		world_make(&world, &own, 60);
		const struct supply_answer *answer = ask(&world, SUPPLY_MOD, "v1.0.0");
		CHECK(rows[i].name, answer->code == SUPPLY_OK && answer->source == SUPPLY_BUILT);
		supply_answer_unref(answer);
		world_stop(&world);

		/* Memory is empty now: what is stored is read from disk. */
		int fd = listen_silently(&world);
		world_start(&world, 60);
		begin_hanging(&world, &waiting, rows[i].prefix, 20);
		settle(&world, 20 - rows[i].running);
		answer = ask(&world, SUPPLY_MOD, "v1.0.0");
		CHECK(rows[i].name, answer->code == SUPPLY_OK && answer->source == SUPPLY_CACHE);
		supply_answer_unref(answer);
		answer = ask(&world, SUPPLY_ZIP, "v1.0.0");
		CHECK(rows[i].name, answer->code == SUPPLY_OK && answer->source == SUPPLY_BUILT);
		supply_answer_unref(answer);
		assert_int_equal(waiting.arrived, 0);

		/* All who waited are told, those without a worker too. */
		supply_abort(world.supply);
		await(&waiting, 20);
		CHECK(rows[i].name, waiting.answer->code == SUPPLY_ERR_UNKNOWN);
		supply_answer_unref(waiting.answer);
		world_stop(&world);
		close(fd);
	}
}

/* Every worker is taken, by hosts that hang and nobody else: what is stored is served all the same. */
static void test_stored_is_served(void **state)
{
	struct world world = { 0 };
	struct waiting waiting = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
	world_make(&world, state, 60);
	supply_answer_unref(ask(&world, SUPPLY_ZIP, "v1.0.0"));
	supply_answer_unref(ask(&world, SUPPLY_LIST, ""));
	world_stop(&world);

	int fd = listen_silently(&world);
	world.git_workers = 1;
	world_start(&world, 60);
	begin_hanging(&world, &waiting, "hung.example/m", 8);
	settle(&world, 7);
	for (unsigned round = 0; round < 2; round++) {
		static const enum supply_kind kinds[] = { SUPPLY_ZIP, SUPPLY_LIST };
		for (size_t i = 0; i < LENGTH(kinds); i++) {
			const struct supply_answer *answer = ask(&world, kinds[i], kinds[i] == SUPPLY_ZIP ? "v1.0.0" : "");
			assert_int_equal(answer->code, SUPPLY_OK);
			assert_int_equal(answer->source, SUPPLY_CACHE);
			supply_answer_unref(answer);
		}
	}
	assert_int_equal(waiting.arrived, 0);
	supply_abort(world.supply);
	await(&waiting, 8);
	supply_answer_unref(waiting.answer);
	world_stop(&world);
	close(fd);
}

/* However many ask, and for whatever: nobody waits for the others' time as well, in a queue or with a worker. */
static void test_nobody_is_held_twice(void **state)
{
	enum { ASKED = 20, HOLD_S = 1 };
	static const struct {
		const char *name;
		unsigned repositories;
	} rows[] = {
		{ "versions of one repository", 1 },
		{ "repositories of one host", ASKED },
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct world world = { 0 };
		struct waiting waiting = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
		char directory[250];
		void *own = directory;
		snprintf(directory, sizeof(directory), "%s/%zu", (const char *)*state, i);
		world_make(&world, &own, 60);
		world_stop(&world);
		int fd = listen_silently(&world);
		world.git_workers = 1;
		world.hung_hold_s = HOLD_S;
		world_start(&world, 60);
		int64_t begun_us = clock_monotonic_us(&clock_system);
		for (unsigned n = 0; n < ASKED; n++) {
			char module[64], query[64];
			struct supply_question question = { .kind = SUPPLY_INFO };
			snprintf(module, sizeof(module), "hung.example/n%u", n % rows[i].repositories);
			snprintf(query, sizeof(query), "v1.0.%u", n);
			question.module = slice_of(module);
			question.query = slice_of(query);
			assert_int_equal(supply_begin(world.supply, &question, arrived, &waiting), SUPPLY_OK);
		}
		await(&waiting, ASKED);
		CHECK(rows[i].name, waiting.answer->code == SUPPLY_ERR_LATER);
		/* One after the other it would be all of that. */
		CHECK(rows[i].name, clock_monotonic_us(&clock_system) - begun_us < ASKED / 2 * HOLD_S * 1000000LL);
		supply_answer_unref(waiting.answer);
		world_stop(&world);
		close(fd);
	}
}

struct gate {
	pthread_mutex_t lock;
	atomic_uint waiting;
};

static void wait_at(void *arg)
{
	struct gate *gate = arg;
	atomic_fetch_add(&gate->waiting, 1);
	pthread_mutex_lock(&gate->lock);
	pthread_mutex_unlock(&gate->lock);
}

static void ask_from_memory(struct world *world)
{
	struct supply_question question = { .kind = SUPPLY_MOD, .module = MODULE, .query = SLICE("v1.0.0") };
	const struct supply_answer *answer = NULL;
	assert_int_equal(supply_try(world->supply, &question, &answer), SUPPLY_OK);
	supply_answer_unref(answer);
}

/* Who is served from memory does not ask for a turn with git: a reader does so, once, however long that look takes to begin. */
static void test_looks_are_handed_on(void **state)
{
	struct world world = { 0 };
	struct waiting waiting = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
	struct gate gate = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct supply_state now;
	world_make(&world, state, 60);
	supply_answer_unref(ask(&world, SUPPLY_MOD, "v1.0.0"));
	world_stop(&world);

	int fd = listen_silently(&world);
	world.git_workers = 1;
	world_start(&world, 60);
	supply_answer_unref(ask(&world, SUPPLY_MOD, "v1.0.0"));
	settle(&world, 0);
	begin_hanging(&world, &waiting, "hung.example/m", 2);
	settle(&world, 1);
	pthread_mutex_lock(&gate.lock);
	for (unsigned i = 0; i < READERS; i++)
		assert_int_equal(pool_submit(world.supply->readers, wait_at, &gate), 0);
	while (atomic_load(&gate.waiting) < READERS)
		usleep(1000);
	usleep(60000); /* the last look is long past */
	ask_from_memory(&world);
	supply_state(world.supply, &now);
	assert_int_equal(now.git_queued, 1);
	pthread_mutex_unlock(&gate.lock);
	settle(&world, 2);
	for (unsigned i = 0; i < 20; i++) {
		usleep(10000);
		ask_from_memory(&world);
	}
	settle(&world, 2);
	supply_abort(world.supply);
	await(&waiting, 2);
	supply_answer_unref(waiting.answer);
	world_stop(&world);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_others_are_built, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_stored_is_served, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_nobody_is_held_twice, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_looks_are_handed_on, scratch_setup, scratch_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
