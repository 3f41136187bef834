/* Tokens that ended: kept for a while, gone when their time or their room is over, from memory and from where tokens rest. */
#include "tests/auth/support.h"

struct world {
	struct db *db; /* NULL: in memory */
	struct auth_token_store *store;
	struct auth_tokens *tokens;
};

static void load(struct world *world)
{
	struct auth_tokens_options options = { .store = world->store, .clock = &turned_clock };

	auth_tokens_close(&world->tokens);
	assert_int_equal(auth_tokens_open(&options, &world->tokens, NULL), 0);
}

static struct world world_open(const char *path)
{
	struct db_options options = { .path = path, .durable = true };
	struct world world = { .db = NULL };

	if (path != NULL) {
		assert_int_equal(db_open(&options, &world.db, NULL), 0);
		assert_int_equal(auth_token_store_sqlite_open(world.db, &world.store, NULL), 0);
	} else {
		assert_int_equal(auth_token_store_memory_open(&world.store, NULL), 0);
	}
	return world;
}

static void world_close(struct world *world)
{
	auth_tokens_close(&world->tokens);
	auth_token_store_close(&world->store);
	db_close(&world->db);
}

static void issue(struct world *world, int64_t days, char id_out[AUTH_TOKEN_ID_BYTES + 1])
{
	const struct auth_token_request request = { .user = "alice", .days = days };
	char text[AUTH_TOKEN_TEXT_MAX];
	struct err err = ERR_INIT;
	struct slice id;

	if (auth_tokens_issue(world->tokens, &request, text, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(auth_token_id_of(slice_of(text), &id));
	snprintf(id_out, AUTH_TOKEN_ID_BYTES + 1, "%.*s", SLICE_ARG(id));
}

static int count_one(void *ctx, const struct auth_token *token)
{
	(void)token;
	++*(size_t *)ctx;
	return 0;
}

static size_t count(const struct world *world)
{
	size_t count = 0;

	assert_int_equal(auth_tokens_list(world->tokens, count_one, &count, NULL), 0);
	return count;
}

/* One token is revoked at once, one lives 3 days, one the longest; then, days later, another is issued. */
static void test_after_a_while(void **state)
{
	static const struct {
		const char *name;
		int64_t days;
		size_t kept;
	} rows[] = {
		{ "at once", 0, 3 },
		{ "one has expired", 5, 3 },
		{ "a day before the revoked one goes", AUTH_TOKEN_ENDED_DAYS - 1, 3 },
		{ "the revoked one goes", AUTH_TOKEN_ENDED_DAYS, 2 },
		{ "a day before the expired one goes", AUTH_TOKEN_ENDED_DAYS + 2, 2 },
		{ "the expired one goes", AUTH_TOKEN_ENDED_DAYS + 3, 1 },
		{ "a day before the last goes", AUTH_TOKEN_DAYS_DEFAULT + AUTH_TOKEN_ENDED_DAYS - 1, 1 },
		{ "the last goes", AUTH_TOKEN_DAYS_DEFAULT + AUTH_TOKEN_ENDED_DAYS, 0 },
	};

	for (size_t i = 0; i < 2 * LENGTH(rows); i++) {
		size_t row = i / 2;
		char name[32], id[AUTH_TOKEN_ID_BYTES + 1];
		struct world world;
		int64_t begun_us = turned_us;

		snprintf(name, sizeof(name), "ended-%zu.db", i);
		world = world_open(i % 2 == 0 ? NULL : scratch_path(state, name));
		load(&world);
		issue(&world, 0, id);
		issue(&world, 3, id);
		issue(&world, 0, id);
		assert_int_equal(auth_tokens_revoke(world.tokens, slice_of(id), NULL), 0);
		turned_us = begun_us + rows[row].days * 86400 * 1000000;
		issue(&world, 0, id);
		CHECK(rows[row].name, count(&world) == rows[row].kept + 1);
		load(&world);
		CHECK(rows[row].name, count(&world) == rows[row].kept + 1);
		world_close(&world);
		turned_us = begun_us;
	}
}

/* So many tokens at rest that there is room for none; the first `ended` of them, if any, were revoked a second ago or have just expired. */
static void fill(struct world *world, unsigned ended)
{
	int64_t now_s = clock_wall_us(&turned_clock) / 1000000;
	const uint8_t hash[SHA256_BYTES] = { 0 };

	for (unsigned i = 0; i < AUTH_TOKENS_MAX; i++) {
		char id[AUTH_TOKEN_ID_BYTES + 1];
		struct auth_token token = { .id = id, .user = "bob", .created_s = now_s - 100, .expires_s = now_s + 100 };

		snprintf(id, sizeof(id), "%0*u", AUTH_TOKEN_ID_BYTES, i);
		if (i < ended && i % 2 == 0)
			token.revoked_s = now_s - 1;
		else if (i < ended)
			token.expires_s = now_s;
		assert_int_equal(world->store->class->insert(world->store, &token, hash, NULL), 0);
	}
}

static void test_when_full(void **state)
{
	const struct auth_token_request request = { .user = "alice" };
	char text[AUTH_TOKEN_TEXT_MAX], id[AUTH_TOKEN_ID_BYTES + 1];
	struct err err = ERR_INIT;
	struct world world = world_open(NULL);

	(void)state;
	fill(&world, 4);
	load(&world);
	assert_int_equal(count(&world), AUTH_TOKENS_MAX);
	issue(&world, 0, id);
	assert_int_equal(count(&world), AUTH_TOKENS_MAX - 3);
	for (unsigned i = 0; i < 3; i++)
		issue(&world, 0, id);
	/* Nothing has ended now. What is to be done is said, and it helps. */
	assert_int_equal(auth_tokens_issue(world.tokens, &request, text, &err), AUTH_ERR);
	assert_non_null(strstr(err.text, "revoke some"));
	assert_int_equal(auth_tokens_revoke(world.tokens, slice_of(id), NULL), 0);
	issue(&world, 0, id);
	assert_int_equal(count(&world), AUTH_TOKENS_MAX);
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_after_a_while), cmocka_unit_test(test_when_full) };

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
