/* Every pin that moved is told: however many there are, and although the catalogue or the record fails meanwhile. */
#include "world.h"

static void look(struct world *world)
{
	moves_look(world->supply, MODULE, clock_monotonic_us(&clock_system), true);
}

static void run_sql(struct world *world, const char *sql)
{
	struct err err = ERR_INIT;
	db_lock(world->db);
	if (db_exec(world->db, sql, &err) != 0)
		fail_msg("%s", err.text);
	db_unlock(world->db);
}

/* References stay as they are between two looks: only that the first was not complete makes the second worth while. */
static void test_incomplete_looks(void **state)
{
	static const struct {
		const char *name, *breaks, *mends, *what;
		bool moves;
	} rows[] = {
		{ "pins cannot be read", "ALTER TABLE store_pin RENAME TO away", "ALTER TABLE away RENAME TO store_pin", "tag moved", true },
		{ "the move cannot be noted", "ALTER TABLE store_untold RENAME TO away", "ALTER TABLE away RENAME TO store_untold", "tag moved",
			true },
		{ "how a pin stands cannot be known",
			"INSERT INTO store_pin SELECT module, 'v0.0.0-20200101000000-000000000000', 'none', h1, mod_h1, proof, mod_proof, private, 1"
			" FROM store_pin",
			"UPDATE store_pin SET origin = '0000000000000000000000000000000000000000' WHERE origin = 'none'", "history rewritten",
			false },
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct world world;
		char directory[250];
		void *own = directory;
		snprintf(directory, sizeof(directory), "%s/%zu", (const char *)*state, i);
		world_make(&world, &own, 0);
		supply_answer_unref(ask(&world, SUPPLY_MOD, "v1.0.0"));
		if (rows[i].moves)
			shell(&world, "echo two >file && git commit -q -a -m two && git tag -f v1.0.0");
		moves_forget(world.supply, MODULE);
		run_sql(&world, rows[i].breaks);
		look(&world);
		CHECK(rows[i].name, world.notice.count == 0);
		run_sql(&world, rows[i].mends);
		look(&world);
		CHECK(rows[i].name, world.notice.count == 1 && strcmp(world.notice.what, rows[i].what) == 0);
		look(&world);
		CHECK(rows[i].name, world.notice.count == 1);
		world_stop(&world);
	}
}

/* What the record did not take is told again: at the next look, and by the next process; and then no more. */
static void test_told_when_recorded(void **state)
{
	static const struct {
		const char *name;
		bool restarts;
	} rows[] = { { "at the next look", false }, { "at the next start", true } };
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct world world;
		char directory[250];
		void *own = directory;
		snprintf(directory, sizeof(directory), "%s/%zu", (const char *)*state, i);
		world_make(&world, &own, 0);
		supply_answer_unref(ask(&world, SUPPLY_MOD, "v1.0.0"));
		shell(&world, "echo two >file && git commit -q -a -m two && git tag -f v1.0.0");
		atomic_store(&world.notices_fail, true);
		look(&world);
		atomic_store(&world.notices_fail, false);
		CHECK(rows[i].name, world.notice.count == 0);
		if (rows[i].restarts) {
			world_stop(&world);
			world_start(&world, 0);
		} else {
			look(&world);
		}
		await_notices(&world, 1);
		CHECK(rows[i].name, strcmp(world.notice.what, "tag moved") == 0 && strcmp(world.notice.version, "v1.0.0") == 0);
		world_stop(&world);
		world_start(&world, 0);
		look(&world);
		CHECK(rows[i].name, world.notice.count == 1);
		world_stop(&world);
	}
}

/* More than are read, and than are told, at a time. */
static void test_many_pins(void **state)
{
	struct world world;
	world_make(&world, state, 0);
	supply_answer_unref(ask(&world, SUPPLY_MOD, "v1.0.0"));
	moves_forget(world.supply, MODULE);
	run_sql(&world,
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO store_pin SELECT module, 'v0.0.' || i,"
		" origin, h1, mod_h1, proof, mod_proof, private, 1 FROM store_pin, n;"
		"INSERT INTO store_move SELECT module, version, 0, 1, '', 1 FROM store_pin WHERE version LIKE 'v0.0.%' AND"
		" version NOT LIKE 'v0.0.1__' AND version NOT LIKE 'v0.0.9__' AND version NOT LIKE 'v0.0.1___' OR version = 'v0.0.100'");
	look(&world);
	/* v0.0.101 to 199, 900 to 999, 1000 to 1999 */
	assert_int_equal(world.notice.count, 99 + 100 + 1000);
	assert_string_equal(world.notice.version, "v0.0.999");
	world_stop(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_incomplete_looks, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_told_when_recorded, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_many_pins, scratch_setup, scratch_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
