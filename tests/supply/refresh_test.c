/* A push makes old what was known of its repository, and of no other; many in a short while are one. */
#include "world.h"

#define S 1000000LL

static int64_t turned(void *ctx)
{
	return atomic_load((const _Atomic int64_t *)ctx);
}

static struct refreshes *open_over(const struct clock *clock)
{
	static const struct supply_repository repositories[] = {
		{ .prefix = "one.example/r", .repository = "/srv/r" },
		{ .prefix = "two.example", .repository = "/srv/{1}/{2}" },
		{ .prefix = "two.example/own", .repository = "/srv/own" },
		{ .prefix = "any.example", .repository = "https://any.example/{*}.git" },
	};
	struct supply_options options = { .repositories = repositories, .repositories_count = LENGTH(repositories), .clock = clock };
	struct refreshes *refreshes = NULL;
	assert_int_equal(refreshes_open(&options, &refreshes, NULL), 0);
	return refreshes;
}

/* Which modules are of the repository that was pushed to? */
static void test_roots(void **state)
{
	static const struct {
		const char *name, *pushed, *asked;
		bool marked, refreshed;
	} rows[] = {
		{ "itself", "one.example/r", "one.example/r", true, true },
		{ "a major version", "one.example/r/v2", "one.example/r", true, true },
		{ "a directory", "one.example/r", "one.example/r/a/b", true, true },
		{ "by elements", "two.example/a/b", "two.example/a/b/v2", true, true },
		{ "another by elements", "two.example/a/b", "two.example/a/c", true, false },
		{ "a part of its name", "two.example/a/b", "two.example/a/bb", true, false },
		{ "of a longer prefix", "two.example/own/b", "two.example/own/c", true, true },
		{ "not of the shorter one", "two.example/own/b", "two.example/a/b", true, false },
		{ "as many elements as it takes", "any.example/g/s/r", "any.example/g/s/r/v2", true, true },
		{ "of another group", "any.example/g/s/r", "any.example/h/s/r", true, false },
		{ "of no repository", "other.example/x", "one.example/r", false, false },
		{ "a prefix in letters only", "one.example/rest", "one.example/r", false, false },
	};
	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		_Atomic int64_t now_us = 1000 * S;
		int64_t after_us = -1;
		struct clock clock = { .wall_us = turned, .monotonic_us = turned, .ctx = &now_us };
		struct refreshes *refreshes = open_over(&clock);
		CHECK(rows[i].name, refreshes_mark(refreshes, slice_of(rows[i].pushed), &after_us) == rows[i].marked);
		CHECK(rows[i].name, after_us == (rows[i].marked ? 0 : -1));
		struct refreshed at = refreshes_read(refreshes, slice_of(rows[i].asked));
		CHECK(rows[i].name, at.epoch == rows[i].refreshed);
		CHECK(rows[i].name, at.wall_us == (rows[i].refreshed ? now_us : 0));
		CHECK(rows[i].name, refreshes_since(refreshes, slice_of(rows[i].asked)) == at.monotonic_us);
		refreshes_close(&refreshes);
	}
}

/* A burst at once, then one in each interval; what comes meanwhile takes effect with it, and nothing is lost. */
static void test_storm(void **state)
{
	static const struct {
		const char *name;
		int64_t at_us, after_us;
		uint64_t epoch;
	} rows[] = {
		{ "first", 0, 0, 1 },
		{ "second", 1, 0, 2 },
		{ "third", 2, 0, 3 },
		{ "fourth", 3, 0, 4 },
		{ "put off", 4, 5 * S - 4, 4 },
		{ "with it", 2 * S, 3 * S, 4 },
		{ "and so", 5 * S - 1, 1, 4 },
		{ "it is due, the next is put off", 5 * S, 5 * S, 5 },
		{ "with that", 9 * S, 1 * S, 5 },
		{ "a long while later", 1000 * S, 0, 7 },
		{ "the burst is there again", 1000 * S + 1, 0, 8 },
	};
	_Atomic int64_t now_us = 0;
	int64_t start_us = 50000 * S;
	struct clock clock = { .wall_us = turned, .monotonic_us = turned, .ctx = &now_us };
	struct slice module = SLICE("one.example/r");
	(void)state;
	assert_int_equal(SUPPLY_REFRESH_BURST, 4);
	assert_int_equal(SUPPLY_REFRESH_INTERVAL_S, 5);
	struct refreshes *refreshes = open_over(&clock);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		int64_t after_us = -1;
		now_us = start_us + rows[i].at_us;
		CHECK(rows[i].name, refreshes_mark(refreshes, module, &after_us));
		CHECK(rows[i].name, after_us == rows[i].after_us);
		CHECK(rows[i].name, refreshes_read(refreshes, module).epoch == rows[i].epoch);
	}
	refreshes_close(&refreshes);
}

/* What was put off takes effect at its time, with nobody there to see it. */
static void test_due(void **state)
{
	_Atomic int64_t now_us = 100 * S;
	int64_t after_us = 0;
	struct clock clock = { .wall_us = turned, .monotonic_us = turned, .ctx = &now_us };
	struct slice module = SLICE("one.example/r");
	struct refreshes *refreshes = open_over(&clock);
	(void)state;
	for (unsigned i = 0; i < 5; i++)
		assert_true(refreshes_mark(refreshes, module, &after_us));
	assert_int_equal(after_us, 5 * S);
	now_us = 105 * S - 1;
	assert_int_equal(refreshes_read(refreshes, module).epoch, 4);
	now_us = 300 * S;
	assert_int_equal(refreshes_read(refreshes, module).epoch, 5);
	assert_int_equal(refreshes_read(refreshes, module).wall_us, 105 * S);
	assert_int_equal(refreshes_since(refreshes, module), 105 * S);
	/* Kept after it, yet begun before: that is old as well. */
	refreshes_late(refreshes, module, 5);
	assert_int_equal(refreshes_read(refreshes, module).wall_us, 105 * S);
	refreshes_late(refreshes, module, 4);
	assert_int_equal(refreshes_read(refreshes, module).wall_us, 300 * S + 1);
	refreshes_close(&refreshes);
}

/* Of one prefix, whatever the names: a burst of fetches behind, then one in each interval. Another prefix has its own. */
static void test_rule(void **state)
{
	static const struct {
		const char *name, *module;
		int64_t at_us, wait_us;
	} rows[] = {
		{ "beyond the burst", "two.example/a/x", 0, 1 * S },
		{ "another name", "two.example/b/y", 0, 1 * S },
		{ "another prefix", "one.example/r", 0, 0 },
		{ "a prefix below", "two.example/own", 0, 0 },
		{ "a little later", "two.example/a/x", 1 * S - 1, 1 },
		{ "one more", "two.example/a/x", 1 * S, 0 },
		{ "and no other", "two.example/a/z", 1 * S, 1 * S },
		{ "of no repository", "other.example/x", 1 * S, 0 },
		{ "a long while later", "two.example/a/x", 100 * S, 0 },
	};
	_Atomic int64_t now_us = 1000 * S;
	struct clock clock = { .wall_us = turned, .monotonic_us = turned, .ctx = &now_us };
	struct refreshes *refreshes = open_over(&clock);
	(void)state;
	assert_int_equal(SUPPLY_REFRESH_RULE_BURST, 16);
	for (unsigned i = 0; i < SUPPLY_REFRESH_RULE_BURST; i++)
		assert_int_equal(refreshes_turn(refreshes, SLICE("two.example/a/b")), 0);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		now_us = 1000 * S + rows[i].at_us;
		CHECK(rows[i].name, refreshes_turn(refreshes, slice_of(rows[i].module)) == rows[i].wait_us);
	}
	refreshes_close(&refreshes);
}

static void expect(struct world *world, enum supply_kind kind, const char *query, enum supply_code code, const char *body)
{
	const struct supply_answer *answer = ask(world, kind, query);
	if (answer->code != code || (body != NULL && !slice_equal_text(answer->body, body)))
		fail_msg("%s: code %d: %s%.*s", query, answer->code, answer->text, SLICE_ARG(answer->body));
	supply_answer_unref(answer);
}

/* Nothing is fresh for long but what a refresh makes old: lists, branches and absences of every module of the repository. */
static void test_pushed(void **state)
{
	struct world world;
	int64_t after_us = -1;
	world_make(&world, state, 600);
	world_stop(&world);
	world.refresh_s = 600;
	world.negative_ttl_s = 600;
	world_start(&world, 600);
	expect(&world, SUPPLY_LIST, "", SUPPLY_OK, "v1.0.0\n");
	expect(&world, SUPPLY_INFO, "main", SUPPLY_OK, NULL);
	expect(&world, SUPPLY_INFO, "v1.1.0", SUPPLY_ERR_ABSENT, NULL);
	shell(&world, "echo two >file && git commit -q -a -m two && git tag v1.1.0");
	expect(&world, SUPPLY_LIST, "", SUPPLY_OK, "v1.0.0\n");
	expect(&world, SUPPLY_INFO, "v1.1.0", SUPPLY_ERR_ABSENT, NULL);

	assert_int_equal(supply_refresh(world.supply, SLICE("other.example/x"), &after_us), SUPPLY_ERR_ABSENT);
	expect(&world, SUPPLY_LIST, "", SUPPLY_OK, "v1.0.0\n");
	assert_int_equal(supply_refresh(world.supply, SLICE("corp.example/tool/v2"), &after_us), SUPPLY_OK);
	assert_int_equal(after_us, 0);
	expect(&world, SUPPLY_LIST, "", SUPPLY_OK, "v1.0.0\nv1.1.0\n");
	expect(&world, SUPPLY_INFO, "v1.1.0", SUPPLY_OK, NULL);
	const struct supply_answer *answer = ask(&world, SUPPLY_INFO, "main");
	assert_true(slice_equal_text(answer->version, "v1.1.0"));
	supply_answer_unref(answer);

	/* Once: then it is fresh again. */
	answer = ask(&world, SUPPLY_LIST, "");
	assert_int_equal(answer->source, SUPPLY_CACHE);
	supply_answer_unref(answer);
	world_stop(&world);
}

/* One that was put off is seen by the first question after its time, without another. */
static void test_put_off(void **state)
{
	_Atomic int64_t now_us = 1000000 * S;
	int64_t after_us = 0;
	struct clock clock = { .wall_us = turned, .monotonic_us = turned, .ctx = &now_us };
	struct world world;
	world_make(&world, state, 600);
	world_stop(&world);
	world.refresh_s = 600;
	world.clock = &clock;
	world_start(&world, 600);
	for (unsigned i = 0; i < SUPPLY_REFRESH_BURST; i++)
		assert_int_equal(supply_refresh(world.supply, MODULE, &after_us), SUPPLY_OK);
	now_us += 1;
	expect(&world, SUPPLY_LIST, "", SUPPLY_OK, "v1.0.0\n");
	shell(&world, "git tag v1.1.0");
	assert_int_equal(supply_refresh(world.supply, MODULE, &after_us), SUPPLY_OK);
	assert_int_equal(after_us, SUPPLY_REFRESH_INTERVAL_S * S - 1);
	now_us += after_us - 1;
	expect(&world, SUPPLY_LIST, "", SUPPLY_OK, "v1.0.0\n");
	now_us += 1;
	expect(&world, SUPPLY_LIST, "", SUPPLY_OK, "v1.0.0\nv1.1.0\n");
	world_stop(&world);
}

/* Closed with fetches behind that nobody waits for. */
static void test_close(void **state)
{
	struct world world;
	int64_t after_us = 0;
	world_make(&world, state, 600);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(supply_refresh(world.supply, MODULE, &after_us), SUPPLY_OK);
	assert_true(after_us > 0);
	world_stop(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_roots),
		cmocka_unit_test(test_storm),
		cmocka_unit_test(test_due),
		cmocka_unit_test(test_rule),
		cmocka_unit_test_setup_teardown(test_pushed, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_put_off, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_close, scratch_setup, scratch_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
