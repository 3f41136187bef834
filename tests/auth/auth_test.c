#include "tests/auth/support.h"

#include "auth/core.h"

static const char *const audit_groups[] = { "compliance" };
static const char *const admin_groups[] = { "platform" };

struct world {
	struct auth *auth;
	struct double_directory *directory;
	struct auth_token_store *store;
	struct auth_tokens *tokens;
	struct pool *pool;
};

struct setting {
	bool anonymous, no_directory, no_tokens;
	size_t threads, queue;
};

static struct world world_open(struct setting setting)
{
	struct world world = { .auth = NULL };
	struct pool_options pool = { .name = "directory",
		.threads_max = setting.threads == 0 ? 4 : setting.threads,
		.queue_max = setting.threads == 0 ? 1000 : setting.queue };
	struct auth_options options = { .anonymous = setting.anonymous,
		.audit_groups = audit_groups,
		.audit_groups_count = 1,
		.admin_groups = admin_groups,
		.admin_groups_count = 1,
		.clock = &turned_clock };
	struct auth_tokens_options tokens = { .clock = &turned_clock };

	assert_int_equal(auth_token_store_memory_open(&world.store, NULL), 0);
	tokens.store = world.store;
	assert_int_equal(auth_tokens_open(&tokens, &world.tokens, NULL), 0);
	assert_int_equal(pool_open(&pool, &world.pool, NULL), 0);
	options.pool = world.pool;
	options.tokens = setting.no_tokens ? NULL : world.tokens;
	if (!setting.no_directory)
		world.directory = double_open();
	assert_int_equal(auth_open_over(&options, world.directory == NULL ? NULL : &world.directory->directory, &world.auth, NULL), 0);
	return world;
}

static void world_close(struct world *world)
{
	pool_close(&world->pool);
	auth_close(&world->auth);
	auth_tokens_close(&world->tokens);
	auth_token_store_close(&world->store);
}

static struct auth_answer password_from(struct world *world, const char *user, const char *password, const char *address)
{
	char *header = basic_header(user, password);
	struct auth_answer answer;

	sign_in(world->auth, slice_of(header), slice_of(address), &answer);
	free(header);
	return answer;
}

static struct auth_answer password(struct world *world, const char *user, const char *typed)
{
	return password_from(world, user, typed, "10.0.0.1");
}

static struct auth_answer bearer(struct world *world, const char *token)
{
	char *header = bearer_header(token);
	struct auth_answer answer;

	sign_in(world->auth, slice_of(header), SLICE("10.0.0.1"), &answer);
	free(header);
	return answer;
}

static void issue(struct world *world, const struct auth_token_request *request, char text[AUTH_TOKEN_TEXT_MAX])
{
	assert_int_equal(auth_tokens_issue(world->tokens, request, text, NULL), 0);
}

static void drop(struct auth_answer *answer)
{
	auth_identity_unref(answer->identity);
	answer->identity = NULL;
}

#define EXPECT_REFUSED(answer, want_code, want_reason) \
	do { \
		struct auth_answer got = (answer); \
		assert_int_equal(got.code, want_code); \
		assert_string_equal(auth_reason_word(got.reason), auth_reason_word(want_reason)); \
		assert_null(got.identity); \
		assert_string_not_equal(got.err.text, ""); \
	} while (0)

#define EXPECT_USER(answer, want_user) \
	do { \
		struct auth_answer got = (answer); \
		assert_int_equal(got.code, 0); \
		assert_int_equal(got.reason, AUTH_REASON_NONE); \
		assert_string_equal(got.identity->user, want_user); \
		drop(&got); \
	} while (0)

static void test_no_credential(void **state)
{
	struct world closed = world_open((struct setting){ .anonymous = false });
	struct world open = world_open((struct setting){ .anonymous = true });
	struct auth_answer answer;

	(void)state;
	assert_int_equal(auth_try(closed.auth, SLICE_NONE, &answer), AUTH_ERR_MISSING);
	EXPECT_REFUSED(answer, AUTH_ERR_MISSING, AUTH_REASON_NO_CREDENTIAL);
	assert_int_equal(auth_try(open.auth, SLICE_NONE, &answer), 0);
	assert_int_equal(answer.identity->method, AUTH_ANONYMOUS);
	assert_string_equal(answer.identity->user, "");
	drop(&answer);
	/* A bad credential is never nobody's. */
	assert_int_equal(auth_try(open.auth, SLICE(""), &answer), AUTH_ERR_REFUSED);
	assert_int_equal(auth_try(open.auth, SLICE("Bearer mg_x"), &answer), AUTH_ERR_REFUSED);
	EXPECT_REFUSED(password(&open, "alice", "wrong"), AUTH_ERR_REFUSED, AUTH_REASON_WRONG_PASSWORD);
	world_close(&closed);
	world_close(&open);
}

static void test_methods_off(void **state)
{
	struct world world = world_open((struct setting){ .anonymous = true, .no_directory = true, .no_tokens = true });
	char text[AUTH_TOKEN_TEXT_MAX];

	(void)state;
	issue(&world, &(struct auth_token_request){ .user = "alice" }, text);
	EXPECT_REFUSED(bearer(&world, text), AUTH_ERR_REFUSED, AUTH_REASON_METHOD_OFF);
	EXPECT_REFUSED(bearer(&world, "eyJ.eyJ.c2ln"), AUTH_ERR_REFUSED, AUTH_REASON_METHOD_OFF);
	EXPECT_REFUSED(password(&world, "alice", "secret"), AUTH_ERR_REFUSED, AUTH_REASON_METHOD_OFF);
	world_close(&world);
}

/* Accepted and refused answers are remembered, each for its time; an unknown user is as wrong as a wrong password. */
static void test_password_caches(void **state)
{
	struct world world = world_open((struct setting){ .anonymous = false });
	struct auth_answer answer = password(&world, "ALICE", "secret");

	(void)state;
	assert_int_equal(answer.code, 0);
	assert_int_equal(answer.method, AUTH_LDAP);
	assert_string_equal(answer.identity->user, "alice");
	assert_string_equal(answer.identity->groups[0], "payments");
	assert_int_equal(answer.identity->scope, AUTH_SCOPE_READ);
	drop(&answer);
	EXPECT_USER(password(&world, "ALICE", "secret"), "alice");
	assert_int_equal(world.directory->binds, 1);
	turn_s(60);
	EXPECT_USER(password(&world, "ALICE", "secret"), "alice");
	assert_int_equal(world.directory->binds, 2);

	EXPECT_REFUSED(password(&world, "alice", "wrong"), AUTH_ERR_REFUSED, AUTH_REASON_WRONG_PASSWORD);
	EXPECT_REFUSED(password(&world, "alice", "wrong"), AUTH_ERR_REFUSED, AUTH_REASON_WRONG_PASSWORD);
	assert_int_equal(world.directory->binds, 3);
	turn_s(299);
	EXPECT_REFUSED(password(&world, "alice", "wrong"), AUTH_ERR_REFUSED, AUTH_REASON_WRONG_PASSWORD);
	assert_int_equal(world.directory->binds, 3);
	turn_s(1);
	EXPECT_REFUSED(password(&world, "alice", "wrong"), AUTH_ERR_REFUSED, AUTH_REASON_WRONG_PASSWORD);
	EXPECT_REFUSED(password(&world, "nobody", "wrong"), AUTH_ERR_REFUSED, AUTH_REASON_WRONG_PASSWORD);
	assert_int_equal(world.directory->binds, 5);
	world_close(&world);
}

/* Whom a wrong password was for is told to the record, the second time too; to the client all refusals say the same. */
static void test_refused_name(void **state)
{
	struct world world = world_open((struct setting){ .anonymous = false });
	struct auth_answer known, unknown;

	(void)state;
	for (int round = 0; round < 3; round++, turn_s(150)) {
		known = password(&world, "ALICE", "wrong");
		unknown = password(&world, "nobody", "wrong");
		assert_string_equal(known.user, "alice");
		assert_string_equal(unknown.user, "");
		assert_int_equal(known.reason, unknown.reason);
		assert_string_equal(known.err.text, unknown.err.text);
		EXPECT_REFUSED(known, AUTH_ERR_REFUSED, AUTH_REASON_WRONG_PASSWORD);
		assert_int_equal(world.directory->binds, round < 2 ? 2 : 4);
	}
	known = password(&world, "alice", "secret");
	assert_string_equal(known.user, "");
	drop(&known);
	world_close(&world);
}

/* User and password cannot be shifted against each other in what they are remembered by. */
static void test_no_shift(void **state)
{
	struct world world = world_open((struct setting){ .anonymous = false });

	(void)state;
	EXPECT_USER(password(&world, "alice", "secret"), "alice");
	EXPECT_REFUSED(password(&world, "alices", "ecret"), AUTH_ERR_REFUSED, AUTH_REASON_WRONG_PASSWORD);
	EXPECT_REFUSED(password(&world, "alic", "esecret"), AUTH_ERR_REFUSED, AUTH_REASON_WRONG_PASSWORD);
	assert_int_equal(world.directory->binds, 3);
	world_close(&world);
}

static void test_empty_password(void **state)
{
	struct world world = world_open((struct setting){ .anonymous = true });

	(void)state;
	EXPECT_REFUSED(password(&world, "alice", ""), AUTH_ERR_REFUSED, AUTH_REASON_EMPTY_PASSWORD);
	assert_int_equal(world.directory->binds, 0);
	world_close(&world);
}

static void test_directory_down(void **state)
{
	struct world world = world_open((struct setting){ .anonymous = true });
	char text[AUTH_TOKEN_TEXT_MAX];

	(void)state;
	issue(&world, &(struct auth_token_request){ .user = "alice" }, text);
	world.directory->down = true;
	EXPECT_REFUSED(password(&world, "alice", "secret"), AUTH_ERR_UNAVAILABLE, AUTH_REASON_DIRECTORY_UNAVAILABLE);
	EXPECT_REFUSED(bearer(&world, text), AUTH_ERR_UNAVAILABLE, AUTH_REASON_DIRECTORY_UNAVAILABLE);
	/* An outage is not remembered. */
	world.directory->down = false;
	EXPECT_USER(password(&world, "alice", "secret"), "alice");
	EXPECT_USER(bearer(&world, text), "alice");
	/* What is remembered still counts. */
	world.directory->down = true;
	EXPECT_USER(password(&world, "alice", "secret"), "alice");
	EXPECT_USER(bearer(&world, text), "alice");
	turn_s(60);
	EXPECT_REFUSED(password(&world, "alice", "secret"), AUTH_ERR_UNAVAILABLE, AUTH_REASON_DIRECTORY_UNAVAILABLE);
	EXPECT_REFUSED(bearer(&world, text), AUTH_ERR_UNAVAILABLE, AUTH_REASON_DIRECTORY_UNAVAILABLE);
	world_close(&world);
}

/* A person's token: the directory's groups and spelling, the token's scope. */
static void test_person_token(void **state)
{
	struct world world = world_open((struct setting){ .anonymous = false });
	char text[AUTH_TOKEN_TEXT_MAX];
	char *typed;
	struct auth_answer answer;

	(void)state;
	issue(&world, &(struct auth_token_request){ .user = "BOB" }, text);
	answer = bearer(&world, text);
	assert_int_equal(answer.code, 0);
	assert_int_equal(answer.method, AUTH_TOKEN);
	assert_int_equal(answer.identity->method, AUTH_TOKEN);
	assert_string_equal(answer.identity->user, "bob");
	assert_string_equal(answer.identity->groups[0], "platform");
	assert_string_equal(answer.identity->credential, answer.credential);
	assert_int_equal(answer.identity->scope, AUTH_SCOPE_READ); /* though platform is an admin's group */
	drop(&answer);
	/* What is typed beside it means nothing. */
	typed = basic_header("alice", text);
	assert_int_equal(sign_in(world.auth, slice_of(typed), SLICE_NONE, &answer), 0);
	EXPECT_USER(answer, "bob");
	free(typed);
	assert_int_equal(world.directory->searches, 1);
	assert_int_equal(world.directory->binds, 0);
	turn_s(60);
	EXPECT_USER(bearer(&world, text), "bob");
	assert_int_equal(world.directory->searches, 2);
	world.directory->gone = true;
	turn_s(60);
	EXPECT_REFUSED(bearer(&world, text), AUTH_ERR_REFUSED, AUTH_REASON_USER_GONE);
	EXPECT_REFUSED(bearer(&world, text), AUTH_ERR_REFUSED, AUTH_REASON_USER_GONE);
	assert_int_equal(world.directory->searches, 3);
	world_close(&world);
}

static void test_machine_token(void **state)
{
	static const char *const groups[] = { "ci", "platform" };
	struct auth_token_request request = { .user = "robot", .groups_fixed = true, .groups = groups, .groups_count = 2, .scope = AUTH_SCOPE_ADMIN };
	struct world world = world_open((struct setting){ .anonymous = false });
	char text[AUTH_TOKEN_TEXT_MAX];
	char *header;
	struct auth_answer answer;

	(void)state;
	issue(&world, &request, text);
	header = bearer_header(text);
	assert_int_equal(auth_try(world.auth, slice_of(header), &answer), 0); /* from memory, the first time too */
	assert_int_equal(answer.identity->scope, AUTH_SCOPE_ADMIN);
	assert_int_equal(answer.identity->groups_count, 2);
	drop(&answer);
	assert_int_equal(world.directory->searches, 0);
	free(header);
	world_close(&world);
}

/* Without a directory a person's token has no groups. */
static void test_token_alone(void **state)
{
	struct world world = world_open((struct setting){ .no_directory = true });
	char text[AUTH_TOKEN_TEXT_MAX];
	struct auth_answer answer;

	(void)state;
	issue(&world, &(struct auth_token_request){ .user = "alice" }, text);
	answer = bearer(&world, text);
	assert_int_equal(answer.code, 0);
	assert_int_equal(answer.identity->groups_count, 0);
	drop(&answer);
	world_close(&world);
}

static void test_roles(void **state)
{
	struct world world = world_open((struct setting){ .anonymous = false });
	struct auth_answer answer = password(&world, "bob", "hunter2");

	(void)state;
	assert_int_equal(answer.code, 0);
	assert_int_equal(answer.identity->scope, AUTH_SCOPE_ADMIN);
	drop(&answer);
	world_close(&world);
}

/* --- flights ------------------------------------------------------------------------------------------------------------------------------------ */

static void begin(struct world *world, const char *header, struct arrival *arrival, int want)
{
	struct auth_request request = { .authorization = slice_of(header), .address = SLICE("10.0.0.1"), .done = arrive, .ctx = arrival };
	struct auth_answer answer;

	assert_int_equal(auth_begin(world->auth, &request, &answer), want);
}

static void wait_for(atomic_int *counter, int count)
{
	for (int i = 0; *counter < count && i < 30000; i++)
		usleep(1000);
	assert_true(*counter >= count);
}

static void test_shared_flight(void **state)
{
	enum { MANY = 50 };
	struct world world = world_open((struct setting){ .anonymous = false });
	struct arrival arrival = ARRIVAL_INIT;
	struct auth_counts counts;
	char *right = basic_header("alice", "secret");
	char *wrong = basic_header("alice", "guess");

	(void)state;
	pthread_mutex_lock(&world.directory->gate);
	for (int i = 0; i < MANY; i++)
		begin(&world, right, &arrival, 0);
	begin(&world, wrong, &arrival, 0);
	wait_for(&world.directory->binds, 2);
	pthread_mutex_unlock(&world.directory->gate);
	await(&arrival, MANY + 1);
	assert_int_equal(world.directory->binds, 2);
	auth_counts_read(world.auth, &counts);
	assert_int_equal(counts.shared, MANY - 1);
	assert_int_equal(counts.directory_binds, 2);
	pool_close(&world.pool);
	drop(&arrival.answer);
	assert_int_equal(arrival.count, MANY + 1);
	free(right);
	free(wrong);
	world_close(&world);
}

static void test_busy(void **state)
{
	struct world world = world_open((struct setting){ .threads = 1, .queue = 1 });
	struct arrival arrival = ARRIVAL_INIT;
	char *headers[] = { basic_header("alice", "1"), basic_header("alice", "2"), basic_header("alice", "3") };

	(void)state;
	pthread_mutex_lock(&world.directory->gate);
	begin(&world, headers[0], &arrival, 0);
	wait_for(&world.directory->binds, 1);
	begin(&world, headers[1], &arrival, 0);
	begin(&world, headers[2], &arrival, AUTH_ERR_BUSY);
	begin(&world, headers[1], &arrival, 0); /* on board of one that waits */
	pthread_mutex_unlock(&world.directory->gate);
	await(&arrival, 3);
	pool_close(&world.pool);
	assert_int_equal(arrival.count, 3);
	assert_int_equal(world.directory->binds, 2);
	for (size_t i = 0; i < LENGTH(headers); i++)
		free(headers[i]);
	world_close(&world);
}

/* Revoked while the directory was being asked: refused all the same. */
static void test_revoked_in_flight(void **state)
{
	struct world world = world_open((struct setting){ .anonymous = false });
	struct arrival arrival = ARRIVAL_INIT;
	char text[AUTH_TOKEN_TEXT_MAX];
	struct slice id;
	char *header;

	(void)state;
	issue(&world, &(struct auth_token_request){ .user = "alice" }, text);
	header = bearer_header(text);
	assert_true(auth_token_id_of(slice_of(text), &id));
	pthread_mutex_lock(&world.directory->gate);
	begin(&world, header, &arrival, 0);
	wait_for(&world.directory->searches, 1);
	assert_int_equal(auth_tokens_revoke(world.tokens, id, NULL), 0);
	pthread_mutex_unlock(&world.directory->gate);
	await(&arrival, 1);
	pool_close(&world.pool);
	EXPECT_REFUSED(arrival.answer, AUTH_ERR_REFUSED, AUTH_REASON_REVOKED);
	free(header);
	world_close(&world);
}

/* auth_begin() for what memory could have said: refused at once, or answered by a worker. */
static void test_begin_without_need(void **state)
{
	struct world world = world_open((struct setting){ .anonymous = false });
	struct arrival arrival = ARRIVAL_INIT;
	char *header = basic_header("alice", "secret");

	(void)state;
	begin(&world, "Basic", &arrival, AUTH_ERR_REFUSED);
	EXPECT_USER(password(&world, "alice", "secret"), "alice");
	begin(&world, header, &arrival, 0);
	await(&arrival, 1);
	pool_close(&world.pool);
	EXPECT_USER(arrival.answer, "alice");
	assert_int_equal(world.directory->binds, 1);
	free(header);
	world_close(&world);
}

static void reload(struct auth *auth)
{
	struct auth_reload *reload = NULL;

	assert_int_equal(auth_reload_read(auth, &reload, NULL), 0);
	auth_reload_commit(reload);
	auth_reload_close(&reload);
}

/* What was under way when everything was forgotten is not remembered; nothing is forgotten by a reload that is given up. */
static void test_reload(void **state)
{
	struct auth_reload *given_up = NULL;
	struct world world = world_open((struct setting){ .anonymous = false });
	struct arrival arrival = ARRIVAL_INIT;
	char *header = basic_header("alice", "secret");

	(void)state;
	pthread_mutex_lock(&world.directory->gate);
	begin(&world, header, &arrival, 0);
	wait_for(&world.directory->binds, 1);
	reload(world.auth);
	pthread_mutex_unlock(&world.directory->gate);
	await(&arrival, 1);
	EXPECT_USER(password(&world, "alice", "secret"), "alice");
	assert_int_equal(world.directory->binds, 2);
	reload(world.auth);
	EXPECT_USER(password(&world, "alice", "secret"), "alice");
	assert_int_equal(world.directory->binds, 3);
	assert_int_equal(auth_reload_read(world.auth, &given_up, NULL), 0);
	auth_reload_close(&given_up);
	EXPECT_USER(password(&world, "alice", "secret"), "alice");
	assert_int_equal(world.directory->binds, 3);
	pool_close(&world.pool);
	drop(&arrival.answer);
	free(header);
	world_close(&world);
}

/* Guesses from one place end; a repeated one is one strike; what is remembered, and other places, go on. */
static void test_throttle(void **state)
{
	struct world world = world_open((struct setting){ .anonymous = false });
	char guess[24];

	(void)state;
	EXPECT_USER(password(&world, "alice", "secret"), "alice");
	for (int i = 0; i < AUTH_STRIKES_PAIR; i++) {
		snprintf(guess, sizeof(guess), "guess%d", i);
		EXPECT_REFUSED(password(&world, "alice", guess), AUTH_ERR_REFUSED, AUTH_REASON_WRONG_PASSWORD);
		EXPECT_REFUSED(password(&world, "alice", guess), AUTH_ERR_REFUSED, AUTH_REASON_WRONG_PASSWORD);
	}
	assert_int_equal(world.directory->binds, 1 + AUTH_STRIKES_PAIR);
	EXPECT_REFUSED(password(&world, "alice", "one more"), AUTH_ERR_THROTTLED, AUTH_REASON_THROTTLED);
	assert_int_equal(world.directory->binds, 1 + AUTH_STRIKES_PAIR);
	EXPECT_USER(password(&world, "alice", "secret"), "alice");
	EXPECT_USER(password(&world, "bob", "hunter2"), "bob");
	EXPECT_USER(password_from(&world, "Alice", "secret", "10.0.0.2"), "alice");
	turn_s(AUTH_STRIKE_WINDOW_S);
	EXPECT_REFUSED(password(&world, "alice", "one more"), AUTH_ERR_REFUSED, AUTH_REASON_WRONG_PASSWORD);
	world_close(&world);
}

/* Many guesses at once are counted before their answers are known. */
static void test_throttle_burst(void **state)
{
	struct world world = world_open((struct setting){ .anonymous = false });
	struct arrival arrival = ARRIVAL_INIT;
	char guess[24];

	(void)state;
	pthread_mutex_lock(&world.directory->gate);
	for (int i = 0; i <= AUTH_STRIKES_PAIR; i++) {
		char *header;

		snprintf(guess, sizeof(guess), "guess%d", i);
		header = basic_header("alice", guess);
		begin(&world, header, &arrival, i < AUTH_STRIKES_PAIR ? 0 : AUTH_ERR_THROTTLED);
		free(header);
	}
	world.directory->down = true;
	pthread_mutex_unlock(&world.directory->gate);
	await(&arrival, AUTH_STRIKES_PAIR);
	pool_close(&world.pool);
	/* Nobody could tell whether they were wrong: they do not count. */
	assert_true(auth_throttle_take(world.auth->throttle, SLICE("alice"), SLICE("10.0.0.1"), clock_monotonic_us(&turned_clock)));
	world_close(&world);
}

/* Many threads, few credentials, a revoke in between: for the thread sanitizer, and each callback exactly once. */
struct crowd {
	struct world *world;
	char *headers[4];
	atomic_int accepted, refused, other;
};

static void *crowd_run(void *arg)
{
	struct crowd *crowd = arg;

	for (int i = 0; i < 300; i++) {
		struct auth_answer answer;
		int code = sign_in(crowd->world->auth, slice_of(crowd->headers[i % 4]), SLICE("10.0.0.1"), &answer);

		if (code == 0)
			crowd->accepted++;
		else if (code == AUTH_ERR_REFUSED)
			crowd->refused++;
		else
			crowd->other++;
		drop(&answer);
		if (i % 100 == 50)
			turn_s(61);
	}
	return NULL;
}

static void test_crowd(void **state)
{
	struct world world = world_open((struct setting){ .anonymous = false });
	struct crowd crowd = { .world = &world };
	char text[AUTH_TOKEN_TEXT_MAX];
	pthread_t threads[4];

	(void)state;
	issue(&world, &(struct auth_token_request){ .user = "alice" }, text);
	crowd.headers[0] = basic_header("alice", "secret");
	crowd.headers[1] = basic_header("alice", "wrong");
	crowd.headers[2] = bearer_header(text);
	crowd.headers[3] = basic_header("bob", "hunter2");
	for (size_t i = 0; i < LENGTH(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, crowd_run, &crowd), 0);
	for (size_t i = 0; i < LENGTH(threads); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(crowd.other, 0);
	assert_int_equal(crowd.refused, 4 * 75);
	assert_int_equal(crowd.accepted, 4 * 225);
	for (size_t i = 0; i < LENGTH(crowd.headers); i++)
		free(crowd.headers[i]);
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_credential),
		cmocka_unit_test(test_methods_off),
		cmocka_unit_test(test_password_caches),
		cmocka_unit_test(test_refused_name),
		cmocka_unit_test(test_no_shift),
		cmocka_unit_test(test_empty_password),
		cmocka_unit_test(test_directory_down),
		cmocka_unit_test(test_person_token),
		cmocka_unit_test(test_machine_token),
		cmocka_unit_test(test_token_alone),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_shared_flight),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_revoked_in_flight),
		cmocka_unit_test(test_begin_without_need),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_throttle),
		cmocka_unit_test(test_throttle_burst),
		cmocka_unit_test(test_crowd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
