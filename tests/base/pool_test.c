#include "base/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "tests/base/rows.h"

/* A gate at which jobs wait until the test opens it. */
struct gate {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool open;
	size_t inside;
	size_t done;
};

static void gate_init(struct gate *gate)
{
	*gate = (struct gate){ .open = false };
	pthread_mutex_init(&gate->lock, NULL);
	pthread_cond_init(&gate->changed, NULL);
}

static void gate_pass(void *arg)
{
	struct gate *gate = arg;

	pthread_mutex_lock(&gate->lock);
	gate->inside++;
	pthread_cond_broadcast(&gate->changed);
	while (!gate->open)
		pthread_cond_wait(&gate->changed, &gate->lock);
	gate->done++;
	pthread_mutex_unlock(&gate->lock);
}

static void gate_await(struct gate *gate, size_t inside)
{
	pthread_mutex_lock(&gate->lock);
	while (gate->inside < inside)
		pthread_cond_wait(&gate->changed, &gate->lock);
	pthread_mutex_unlock(&gate->lock);
}

static void gate_open(struct gate *gate)
{
	pthread_mutex_lock(&gate->lock);
	gate->open = true;
	pthread_cond_broadcast(&gate->changed);
	pthread_mutex_unlock(&gate->lock);
}

static struct pool *open_pool(size_t threads, size_t queue)
{
	struct pool_options options = { .name = "pool-test", .threads_max = threads, .queue_max = queue };
	struct pool *pool = NULL;
	struct err err = ERR_INIT;

	if (pool_open(&options, &pool, &err) != 0)
		fail_msg("%s", err.text);
	return pool;
}

static void test_bounds(void **state)
{
	static const struct {
		const char *name;
		size_t threads;
		size_t queue;
	} rows[] = {
		{ "one thread, no queue", 1, 0 },
		{ "one thread", 1, 3 },
		{ "several", 4, 5 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct pool *pool = open_pool(rows[i].threads, rows[i].queue);
		struct gate gate;

		gate_init(&gate);
		/* A burst, before any thread has got going, is taken up to both bounds. */
		for (size_t j = 0; j < rows[i].threads + rows[i].queue; j++)
			CHECK(rows[i].name, pool_submit(pool, gate_pass, &gate) == 0);
		CHECK(rows[i].name, pool_submit(pool, gate_pass, &gate) == BASE_ERR_BUSY);
		gate_await(&gate, rows[i].threads);
		CHECK(rows[i].name, pool_queued(pool) == rows[i].queue);
		CHECK(rows[i].name, pool_submit(pool, gate_pass, &gate) == BASE_ERR_BUSY);
		gate_open(&gate);
		pool_close(&pool);
		CHECK(rows[i].name, pool == NULL);
		CHECK(rows[i].name, gate.done == rows[i].threads + rows[i].queue);
	}
}

static void test_options(void **state)
{
	static const struct {
		const char *name;
		size_t threads;
		int want;
	} rows[] = {
		{ "none", 0, BASE_ERR },
		{ "one", 1, 0 },
		{ "N", 256, 0 },
		{ "N+1", 257, BASE_ERR },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct pool_options options = { .name = "a-name-longer-than-fifteen", .threads_max = rows[i].threads };
		struct pool *pool = NULL;

		CHECK(rows[i].name, pool_open(&options, &pool, NULL) == rows[i].want);
		pool_close(&pool);
	}
}

static void note_name(void *arg)
{
	pthread_getname_np(pthread_self(), arg, 16);
}

static void note_thread(void *arg)
{
	*(pthread_t *)arg = pthread_self();
}

static void test_threads(void **state)
{
	struct pool *pool = open_pool(8, 8);
	pthread_t first;
	pthread_t second;
	char name[16] = "";

	(void)state;
	assert_int_equal(pool_submit(pool, note_name, name), 0);
	pool_close(&pool);
	assert_string_equal(name, "pool-test");

	/* One thread does for jobs that come one after another. */
	pool = open_pool(8, 8);
	assert_int_equal(pool_submit(pool, note_thread, &first), 0);
	usleep(50 * 1000);
	assert_int_equal(pool_submit(pool, note_thread, &second), 0);
	pool_close(&pool);
	assert_true(pthread_equal(first, second));
}

struct storm {
	struct pool *pool;
	atomic_size_t ran;
	atomic_size_t taken;
};

static void storm_job(void *arg)
{
	struct storm *storm = arg;

	atomic_fetch_add(&storm->ran, 1);
}

static void *storm_submit(void *arg)
{
	struct storm *storm = arg;

	for (int i = 0; i < 2000; i++) {
		if (pool_submit(storm->pool, storm_job, storm) == 0)
			atomic_fetch_add(&storm->taken, 1);
	}
	return NULL;
}

/* Every job that was taken runs once, none that was not. */
static void test_storm(void **state)
{
	struct storm storm = { .pool = open_pool(4, 16) };
	pthread_t threads[4];

	(void)state;
	for (size_t i = 0; i < LENGTH(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, storm_submit, &storm), 0);
	for (size_t i = 0; i < LENGTH(threads); i++)
		pthread_join(threads[i], NULL);
	pool_close(&storm.pool);
	assert_true(atomic_load(&storm.taken) > 0);
	assert_int_equal(atomic_load(&storm.ran), atomic_load(&storm.taken));
}

static void resubmit(void *arg)
{
	struct storm *storm = arg;

	if (pool_submit(storm->pool, storm_job, storm) == 0)
		atomic_fetch_add(&storm->taken, 1);
	atomic_fetch_add(&storm->ran, 1);
}

static void test_submit_from_job(void **state)
{
	struct storm storm = { .pool = open_pool(1, 4) };

	(void)state;
	assert_int_equal(pool_submit(storm.pool, resubmit, &storm), 0);
	pool_close(&storm.pool);
	/* The second job was refused only if the pool was closing already. */
	assert_int_equal(atomic_load(&storm.ran), 1 + atomic_load(&storm.taken));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_storm),
		cmocka_unit_test(test_submit_from_job),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
