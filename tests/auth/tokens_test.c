#include "tests/auth/support.h"

#include "base/file.h"

struct world {
	struct auth_token_store *store;
	struct auth_tokens *tokens;
};

static struct world world_open(struct auth_token_store *store, int64_t lifetime_max_days)
{
	struct world world = { .store = store };
	struct auth_tokens_options options = { .store = store, .lifetime_max_days = lifetime_max_days, .clock = &turned_clock };
	struct err err = ERR_INIT;

	assert_int_equal(auth_tokens_open(&options, &world.tokens, &err), 0);
	return world;
}

static struct world world_memory(void)
{
	struct auth_token_store *store = NULL;

	assert_int_equal(auth_token_store_memory_open(&store, NULL), 0);
	return world_open(store, 0);
}

static void world_close(struct world *world)
{
	auth_tokens_close(&world->tokens);
	auth_token_store_close(&world->store);
}

static struct db *db_at(const char *path)
{
	struct db_options options = { .path = path, .durable = true };
	struct db *db = NULL;

	assert_int_equal(db_open(&options, &db, NULL), 0);
	return db;
}

static struct world world_sqlite(struct db *db, int64_t lifetime_max_days)
{
	struct auth_token_store *store = NULL;
	struct err err = ERR_INIT;

	if (auth_token_store_sqlite_open(db, &store, &err) < 0)
		fail_msg("%s", err.text);
	return world_open(store, lifetime_max_days);
}

/* The reason a text is refused for; NONE and the identity (to unref) when it is accepted. */
static enum auth_reason check(struct auth_tokens *tokens, const char *text, struct auth_answer *answer)
{
	bool from_directory = false;

	*answer = (struct auth_answer){ .code = 0 };
	auth_tokens_check(tokens, slice_of(text), &from_directory, answer);
	return answer->reason;
}

static enum auth_reason judge(struct auth_tokens *tokens, const char *text)
{
	struct auth_answer answer;
	enum auth_reason reason = check(tokens, text, &answer);

	assert_true((answer.identity != NULL) == (reason == AUTH_REASON_NONE));
	auth_identity_unref(answer.identity);
	return reason;
}

static void issue(struct auth_tokens *tokens, const struct auth_token_request *request, char text[AUTH_TOKEN_TEXT_MAX])
{
	struct err err = ERR_INIT;

	if (auth_tokens_issue(tokens, request, text, &err) < 0)
		fail_msg("%s", err.text);
}

static const struct auth_token_request alice = { .user = "alice" };

static void test_text(void **state)
{
	struct world world = world_memory();
	char text[AUTH_TOKEN_TEXT_MAX];
	char damaged[AUTH_TOKEN_TEXT_MAX + 1];
	struct slice id;

	(void)state;
	issue(world.tokens, &alice, text);
	assert_int_equal(strlen(text), AUTH_TOKEN_BYTES);
	assert_true(auth_token_id_of(slice_of(text), &id));
	assert_int_equal(id.len, AUTH_TOKEN_ID_BYTES);
	assert_int_equal(judge(world.tokens, text), AUTH_REASON_NONE);
	/* Each character alone, changed, is noticed without a look-up. */
	for (size_t i = 0; i < AUTH_TOKEN_BYTES; i++) {
		memcpy(damaged, text, sizeof(text));
		damaged[i] = damaged[i] == 'x' ? 'y' : 'x';
		assert_int_equal(judge(world.tokens, damaged), AUTH_REASON_MALFORMED);
	}
	snprintf(damaged, sizeof(damaged), "%sx", text);
	assert_int_equal(judge(world.tokens, damaged), AUTH_REASON_MALFORMED);
	snprintf(damaged, sizeof(damaged), "%.*s", AUTH_TOKEN_BYTES - 1, text);
	assert_int_equal(judge(world.tokens, damaged), AUTH_REASON_MALFORMED);
	assert_int_equal(judge(world.tokens, ""), AUTH_REASON_MALFORMED);
	assert_int_equal(judge(world.tokens, "mg_"), AUTH_REASON_MALFORMED);
	world_close(&world);
}

/* A well formed text that was never issued, and one with the id of another's. */
static void test_unknown(void **state)
{
	struct world world = world_memory();
	struct world other = world_memory();
	char text[AUTH_TOKEN_TEXT_MAX];
	struct auth_answer answer;

	(void)state;
	issue(other.tokens, &alice, text);
	assert_int_equal(check(world.tokens, text, &answer), AUTH_REASON_UNKNOWN_TOKEN);
	assert_string_equal(answer.credential, "");
	world_close(&world);
	world_close(&other);
}

static void test_identity(void **state)
{
	static const char *const groups[] = { "ci", "nightly \xc3\xa9" };
	static const char *const modules[] = { "git.corp.example/one", "*.example/two" };
	struct auth_token_request request = { .user = "robot",
		.groups_fixed = true,
		.groups = groups,
		.groups_count = 2,
		.days = 3,
		.scope = AUTH_SCOPE_AUDIT,
		.modules = modules,
		.modules_count = 2 };
	char path[512];
	char text[AUTH_TOKEN_TEXT_MAX];
	struct auth_answer answer;
	struct db *db;
	struct world world;

	snprintf(path, sizeof(path), "%s", scratch_path(state, "identity.db"));
	db = db_at(path);
	world = world_sqlite(db, 90);
	issue(world.tokens, &request, text);
	/* The second round sees what the table kept. */
	for (int round = 0; round < 2; round++) {
		assert_int_equal(check(world.tokens, text, &answer), AUTH_REASON_NONE);
		assert_string_equal(answer.identity->user, "robot");
		assert_int_equal(answer.identity->method, AUTH_TOKEN);
		assert_int_equal(answer.identity->scope, AUTH_SCOPE_AUDIT);
		assert_int_equal(answer.identity->groups_count, 2);
		assert_string_equal(answer.identity->groups[1], groups[1]);
		assert_int_equal(answer.identity->modules_count, 2);
		assert_string_equal(answer.identity->modules[0], modules[0]);
		assert_string_equal(answer.identity->credential, answer.credential);
		assert_true(slice_equal_text(slice_make(text + 3, AUTH_TOKEN_ID_BYTES), answer.credential));
		assert_true(answer.identity->expires_s == clock_wall_us(&turned_clock) / 1000000 + 3 * 86400);
		auth_identity_unref(answer.identity);
		world_close(&world);
		world = world_sqlite(db, 90);
	}
	world_close(&world);
	db_close(&db);
}

/* Which groups a token has: its own, though none, or the directory's. */
static void test_groups_fixed(void **state)
{
	struct auth_token_request machine = { .user = "robot", .groups_fixed = true };
	struct db *db = db_at(scratch_path(state, "fixed.db"));
	struct world world = world_sqlite(db, 0);
	char person_text[AUTH_TOKEN_TEXT_MAX];
	char machine_text[AUTH_TOKEN_TEXT_MAX];
	struct auth_answer answer = { .code = 0 };
	bool from_directory = false;

	issue(world.tokens, &alice, person_text);
	issue(world.tokens, &machine, machine_text);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(auth_tokens_check(world.tokens, slice_of(person_text), &from_directory, &answer), 0);
		assert_true(from_directory);
		auth_identity_unref(answer.identity);
		assert_int_equal(auth_tokens_check(world.tokens, slice_of(machine_text), &from_directory, &answer), 0);
		assert_false(from_directory);
		auth_identity_unref(answer.identity);
		world_close(&world);
		world = world_sqlite(db, 0);
	}
	world_close(&world);
	db_close(&db);
}

static void test_refused_requests(void **state)
{
	static const char *const bad_group[] = { "ok", "a\tb" };
	static const char *const bad_module[] = { "[a" };
	static const char *const packages[] = { "git.corp.example/..." };
	static const char *const comma[] = { "a,b" };
	const struct {
		const char *name;
		struct auth_token_request request;
	} rows[] = {
		{ "no user", { .user = NULL } },
		{ "empty user", { .user = "" } },
		{ "user with a line feed", { .user = "a\nb" } },
		{ "too long a life", { .user = "a", .days = 91 } },
		{ "a life beyond all time", { .user = "a", .days = INT64_MAX } },
		{ "no life", { .user = "a", .days = -1 } },
		{ "less than any life", { .user = "a", .days = INT64_MIN } },
		{ "groups of a person", { .user = "a", .groups = bad_group, .groups_count = 1 } },
		{ "no group", { .user = "a", .groups_fixed = true, .groups = bad_group, .groups_count = 2 } },
		{ "too many groups", { .user = "a", .groups_fixed = true, .groups = bad_group, .groups_count = AUTH_GROUPS_MAX + 1 } },
		{ "broken pattern", { .user = "a", .modules = bad_module, .modules_count = 1 } },
		{ "packages for modules", { .user = "a", .modules = packages, .modules_count = 1 } },
		{ "list for a pattern", { .user = "a", .modules = comma, .modules_count = 1 } },
		{ "too many patterns", { .user = "a", .modules = comma, .modules_count = AUTH_MODULES_MAX + 1 } },
		{ "no scope", { .user = "a", .scope = (enum auth_scope)3 } },
	};
	struct world world = world_memory();

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		char text[AUTH_TOKEN_TEXT_MAX] = "untouched";
		struct err err = ERR_INIT;

		CHECK(rows[i].name, auth_tokens_issue(world.tokens, &rows[i].request, text, &err) == AUTH_ERR_INVALID);
		CHECK(rows[i].name, strcmp(text, "untouched") == 0 && err.text[0] != '\0');
	}
	world_close(&world);
}

static void test_expiry(void **state)
{
	struct auth_token_request request = { .user = "alice", .days = 2 };
	struct world world = world_memory();
	char text[AUTH_TOKEN_TEXT_MAX];

	(void)state;
	issue(world.tokens, &request, text);
	turn_s(2 * 86400 - 1);
	assert_int_equal(judge(world.tokens, text), AUTH_REASON_NONE);
	turn_s(1);
	assert_int_equal(judge(world.tokens, text), AUTH_REASON_EXPIRED);
	world_close(&world);
}

/* A limit that was lowered holds for the tokens that are out. */
static void test_lifetime_lowered(void **state)
{
	struct auth_token_request request = { .user = "alice", .days = 90 };
	struct db *db = db_at(scratch_path(state, "lowered.db"));
	struct world world = world_sqlite(db, 90);
	char text[AUTH_TOKEN_TEXT_MAX];

	issue(world.tokens, &request, text);
	world_close(&world);
	turn_s(7 * 86400);
	world = world_sqlite(db, 7);
	assert_int_equal(judge(world.tokens, text), AUTH_REASON_EXPIRED);
	world_close(&world);
	world = world_sqlite(db, 8);
	assert_int_equal(judge(world.tokens, text), AUTH_REASON_NONE);
	world_close(&world);
	db_close(&db);
}

static void test_revoke(void **state)
{
	struct db *db = db_at(scratch_path(state, "revoke.db"));
	struct world world = world_sqlite(db, 0);
	char text[AUTH_TOKEN_TEXT_MAX];
	char kept[AUTH_TOKEN_TEXT_MAX];
	struct err err = ERR_INIT;
	struct slice id;

	issue(world.tokens, &alice, text);
	issue(world.tokens, &alice, kept);
	assert_true(auth_token_id_of(slice_of(text), &id));
	assert_int_equal(auth_tokens_revoke(world.tokens, SLICE("0000000000"), NULL), AUTH_ERR_ABSENT);
	assert_int_equal(auth_tokens_revoke(world.tokens, SLICE(""), NULL), AUTH_ERR_ABSENT);
	assert_int_equal(auth_tokens_revoke(world.tokens, id, NULL), 0);
	assert_int_equal(auth_tokens_revoke(world.tokens, id, &err), AUTH_ERR_ABSENT);
	assert_non_null(strstr(err.text, "was revoked already, at "));
	for (int round = 0; round < 2; round++) {
		assert_int_equal(judge(world.tokens, text), AUTH_REASON_REVOKED);
		assert_int_equal(judge(world.tokens, kept), AUTH_REASON_NONE);
		world_close(&world);
		world = world_sqlite(db, 0);
	}
	world_close(&world);
	db_close(&db);
}

/* Writes the check that belongs to a text, as any forger can. */
static void put_check(char text[AUTH_TOKEN_TEXT_MAX])
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	uint8_t digest[SHA256_BYTES];
	uint32_t number;

	sha256(slice_make(text, AUTH_TOKEN_BYTES - AUTH_TOKEN_CHECK_BYTES), digest);
	number = (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16 | (uint32_t)digest[2] << 8 | digest[3];
	for (size_t at = AUTH_TOKEN_BYTES; at-- > AUTH_TOKEN_BYTES - AUTH_TOKEN_CHECK_BYTES; number /= 62)
		text[at] = digits[number % 62];
}

/* A revoked id with another secret says no more than an unknown one. */
static void test_secret_first(void **state)
{
	struct world world = world_memory();
	char text[AUTH_TOKEN_TEXT_MAX];
	char forged[AUTH_TOKEN_TEXT_MAX];
	char id[AUTH_TOKEN_ID_BYTES + 1];
	struct slice own;

	(void)state;
	issue(world.tokens, &alice, text);
	assert_true(auth_token_id_of(slice_of(text), &own));
	auth_token_text_make(forged, id);
	memcpy(forged + 3, own.ptr, own.len);
	put_check(forged);
	assert_int_equal(judge(world.tokens, forged), AUTH_REASON_UNKNOWN_TOKEN);
	assert_int_equal(auth_tokens_revoke(world.tokens, own, NULL), 0);
	assert_int_equal(judge(world.tokens, forged), AUTH_REASON_UNKNOWN_TOKEN);
	assert_int_equal(judge(world.tokens, text), AUTH_REASON_REVOKED);
	world_close(&world);
}

static int collect(void *ctx, const struct auth_token *token)
{
	struct buf *out = ctx;

	buf_printf(out, "%s%s", token->user, token->revoked_s != 0 ? "! " : " ");
	return 0;
}

static int stop(void *ctx, const struct auth_token *token)
{
	(void)token;
	++*(int *)ctx;
	return 7;
}

static void test_list(void **state)
{
	static const char *const users[] = { "first", "second", "third" };
	struct world world = world_memory();
	struct buf out = BUF_INIT(1000);
	char text[AUTH_TOKEN_TEXT_MAX];
	struct slice id;
	int calls = 0;

	(void)state;
	for (size_t i = 0; i < LENGTH(users); i++) {
		issue(world.tokens, &(struct auth_token_request){ .user = users[i] }, text);
		turn_s(1);
	}
	assert_true(auth_token_id_of(slice_of(text), &id));
	assert_int_equal(auth_tokens_revoke(world.tokens, id, NULL), 0);
	assert_int_equal(auth_tokens_list(world.tokens, collect, &out, NULL), 0);
	assert_string_equal(buf_text(&out), "first second third! ");
	assert_int_equal(auth_tokens_list(world.tokens, stop, &calls, NULL), 7);
	assert_int_equal(calls, 1);
	buf_free(&out);
	world_close(&world);
}

static bool file_holds(const char *path, struct slice needle)
{
	struct buf bytes = BUF_INIT(64 * 1024 * 1024);
	bool holds = file_read(path, &bytes, NULL) == 0 && slice_find(buf_slice(&bytes), needle) >= 0;

	buf_free(&bytes);
	return holds;
}

/* Nothing of a secret is in the database or its log, not even a part of it; the id is, so that the search is known to search. */
static void test_dump(void **state)
{
	struct db *db = db_at(scratch_path(state, "dump.db"));
	struct world world = world_sqlite(db, 0);
	char text[AUTH_TOKEN_TEXT_MAX];
	bool id_found = false;

	issue(world.tokens, &alice, text);
	for (int round = 0; round < 2; round++) {
		static const char *const files[] = { "dump.db", "dump.db-wal" };

		for (size_t i = 0; i < LENGTH(files); i++) {
			const char *path = scratch_path(state, files[i]);

			id_found = id_found || file_holds(path, slice_make(text + 3, AUTH_TOKEN_ID_BYTES));
			for (size_t at = 0; at + 8 <= AUTH_TOKEN_SECRET_BYTES; at++)
				assert_false(file_holds(path, slice_make(text + 4 + AUTH_TOKEN_ID_BYTES + at, 8)));
		}
		assert_int_equal(db_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL), 0);
	}
	assert_true(id_found);
	world_close(&world);
	db_close(&db);
}

/* A row that says something strange stops the start instead of giving somebody less or more. */
static void test_damaged(void **state)
{
	static const struct {
		const char *name;
		const char *sql;
	} rows[] = {
		{ "scope", "UPDATE auth_tokens SET scope = 'root'" },
		{ "hash", "UPDATE auth_tokens SET hash = x'00'" },
		{ "groups", "UPDATE auth_tokens SET groups = '[\"a\"'" },
		{ "groups of numbers", "UPDATE auth_tokens SET groups = '[1]'" },
		{ "modules", "UPDATE auth_tokens SET modules = '{}'" },
		{ "id", "UPDATE auth_tokens SET id = 'short'" },
		{ "made at the end of time", "UPDATE auth_tokens SET created_s = 9223372036854775807" },
		{ "made before time", "UPDATE auth_tokens SET created_s = -1" },
		{ "ends beyond time", "UPDATE auth_tokens SET expires_s = 253402300800" },
		{ "revoked before time", "UPDATE auth_tokens SET revoked_s = -1" },
	};

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct db *db = db_at(scratch_path(state, rows[i].name));
		struct world world = world_sqlite(db, 0);
		struct auth_tokens_options options = { .store = world.store };
		struct auth_tokens *again = NULL;
		char text[AUTH_TOKEN_TEXT_MAX];
		struct err err = ERR_INIT;

		issue(world.tokens, &alice, text);
		assert_int_equal(db_exec(db, rows[i].sql, NULL), 0);
		CHECK(rows[i].name, auth_tokens_open(&options, &again, &err) == AUTH_ERR);
		CHECK(rows[i].name, again == NULL && strstr(err.text, "damaged") != NULL);
		world_close(&world);
		db_close(&db);
	}
}

/* --- a store that fails --------------------------------------------------------------------------------------------------------------------- */

static int fail_insert(struct auth_token_store *store, const struct auth_token *token, const uint8_t hash[SHA256_BYTES], struct err *err)
{
	(void)store, (void)token, (void)hash;
	return err_set(err, AUTH_ERR, "disk full");
}

static int fail_revoke(struct auth_token_store *store, const char *id, int64_t revoked_s, struct err *err)
{
	(void)store, (void)id, (void)revoked_s;
	return err_set(err, AUTH_ERR, "disk full");
}

static int count_one(void *ctx, const struct auth_token *token)
{
	(void)token;
	++*(int *)ctx;
	return 0;
}

static void test_store_fails(void **state)
{
	struct world world = world_memory();
	struct auth_token_store_class failing = *world.store->class;
	const struct auth_token_store_class *working = world.store->class;
	char text[AUTH_TOKEN_TEXT_MAX];
	char none[AUTH_TOKEN_TEXT_MAX] = "untouched";
	struct slice id;
	int count = 0;

	(void)state;
	issue(world.tokens, &alice, text);
	failing.insert = fail_insert;
	failing.revoke = fail_revoke;
	world.store->class = &failing;
	assert_int_equal(auth_tokens_issue(world.tokens, &alice, none, NULL), AUTH_ERR);
	assert_string_equal(none, "untouched");
	assert_int_equal(auth_tokens_list(world.tokens, count_one, &count, NULL), 0);
	assert_int_equal(count, 1);
	assert_true(auth_token_id_of(slice_of(text), &id));
	assert_int_equal(auth_tokens_revoke(world.tokens, id, NULL), AUTH_ERR);
	assert_int_equal(judge(world.tokens, text), AUTH_REASON_NONE);
	world.store->class = working;
	world_close(&world);
}

/* --- many threads ---------------------------------------------------------------------------------------------------------------------------- */

struct race {
	struct auth_tokens *tokens;
	char text[AUTH_TOKEN_TEXT_MAX];
	atomic_bool revoked;
	atomic_int accepted_after;
	atomic_int looked;
};

static void *look(void *arg)
{
	struct race *race = arg;

	for (int i = 0; i < 4000; i++) {
		bool revoked_before = race->revoked;
		enum auth_reason reason = judge(race->tokens, race->text);

		race->looked++;
		if (revoked_before && reason != AUTH_REASON_REVOKED)
			race->accepted_after++;
	}
	return NULL;
}

static void test_revoke_race(void **state)
{
	struct world world = world_memory();
	struct race race = { .tokens = world.tokens };
	pthread_t threads[3];
	char other[AUTH_TOKEN_TEXT_MAX];
	struct slice id;

	(void)state;
	issue(world.tokens, &alice, race.text);
	assert_true(auth_token_id_of(slice_of(race.text), &id));
	for (size_t i = 0; i < LENGTH(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, look, &race), 0);
	while (race.looked < 1000)
		issue(world.tokens, &alice, other);
	assert_int_equal(auth_tokens_revoke(world.tokens, id, NULL), 0);
	race.revoked = true;
	for (size_t i = 0; i < LENGTH(threads); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(race.accepted_after, 0);
	assert_int_equal(judge(world.tokens, race.text), AUTH_REASON_REVOKED);
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_groups_fixed),
		cmocka_unit_test(test_refused_requests),
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_lifetime_lowered),
		cmocka_unit_test(test_revoke),
		cmocka_unit_test(test_secret_first),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_dump),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_store_fails),
		cmocka_unit_test(test_revoke_race),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
