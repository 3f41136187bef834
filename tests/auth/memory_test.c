/*
 * Short memory never lets anybody in: every allocation fails once, and from every allocation on all fail. Each try is a process of its
 * own, since hashing may end one (base/hash.h) rather than go on without a digest: that lets nobody in either.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "tests/auth/mint.h"

#define ISSUER     "https://login.corp.example"
#define ROUNDS_MAX 5000

static atomic_long countdown = -1; /* allocations until one fails; negative: none does */
static atomic_bool all_after;
static atomic_bool failed;

/* The sanitizers have allocators of their own: there the same ways are gone with all the memory they want. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define INJECTS true

static bool fails(void)
{
	if (countdown < 0)
		return false;
	if (atomic_fetch_sub(&countdown, 1) != 0)
		return false;
	if (all_after)
		countdown = 0;
	failed = true;
	return true;
}

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *old, size_t bytes);

void *malloc(size_t bytes)
{
	return fails() ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
	return fails() ? NULL : __libc_calloc(count, bytes);
}

void *realloc(void *old, size_t bytes)
{
	return fails() ? NULL : __libc_realloc(old, bytes);
}
#else
#define INJECTS false
#endif

struct world {
	struct pool *pool;
	struct auth_tokens *tokens;
	struct auth_token_store *store;
	char *headers[6]; /* the first GOOD of them are good */
};
#define GOOD 3

static struct auth_jwt_options jwt_options;
static char jwks[512];

static void make_headers(struct world *world, EVP_PKEY *key, EVP_PKEY *stranger)
{
	static const char header[] = "{\"alg\":\"ES256\"}";
	char claims[256];
	char text[AUTH_TOKEN_TEXT_MAX];
	char id[AUTH_TOKEN_ID_BYTES + 1];
	char *token;

	snprintf(claims, sizeof(claims), "{\"iss\":\"" ISSUER "\",\"aud\":\"modgate\",\"sub\":\"alice\",\"groups\":[\"a\"],\"exp\":%lld}",
		START_S + 600);
	world->headers[0] = basic_header("alice", "secret");
	assert_int_equal(auth_tokens_issue(world->tokens, &(struct auth_token_request){ .user = "alice" }, text, NULL), 0);
	world->headers[1] = bearer_header(text);
	token = forge(key, header, claims, false);
	world->headers[2] = bearer_header(token);
	free(token);
	world->headers[3] = basic_header("alice", "wrong");
	auth_token_text_make(text, id);
	world->headers[4] = bearer_header(text);
	token = forge(stranger, header, claims, false);
	world->headers[5] = bearer_header(token);
	free(token);
}

static struct world world_open(void **state)
{
	static const char *const audiences[] = { "modgate" };
	static const char *const algorithms[] = { "ES256" };
	struct pool_options pool = { .name = "directory", .threads_max = 1, .queue_max = 10 };
	struct auth_tokens_options tokens = { .clock = &turned_clock };
	struct world world = { .pool = NULL };
	EVP_PKEY *key = EVP_EC_gen("P-256");
	EVP_PKEY *stranger = EVP_EC_gen("P-256");
	struct buf keys = BUF_INIT(4096);
	struct buf text = BUF_INIT(4096);

	snprintf(jwks, sizeof(jwks), "%s", scratch_path(state, "keys.jwks"));
	add_jwk(&keys, key, ",\"crv\":\"P-256\"");
	buf_printf(&text, "{\"keys\":[%s]}", buf_text(&keys));
	assert_int_equal(file_write(jwks, buf_slice(&text), 0644, NULL), 0);
	jwt_options = (struct auth_jwt_options){ .issuer = ISSUER,
		.audiences = audiences,
		.audiences_count = 1,
		.algorithms = algorithms,
		.algorithms_count = 1,
		.jwks_file = jwks,
		.groups_claim = "groups" };
	assert_int_equal(pool_open(&pool, &world.pool, NULL), 0);
	assert_int_equal(auth_token_store_memory_open(&world.store, NULL), 0);
	tokens.store = world.store;
	assert_int_equal(auth_tokens_open(&tokens, &world.tokens, NULL), 0);
	make_headers(&world, key, stranger);
	buf_free(&keys);
	buf_free(&text);
	EVP_PKEY_free(key);
	EVP_PKEY_free(stranger);
	return world;
}

static void world_close(struct world *world)
{
	pool_close(&world->pool);
	auth_tokens_close(&world->tokens);
	auth_token_store_close(&world->store);
	for (size_t i = 0; i < LENGTH(world->headers); i++)
		free(world->headers[i]);
}

static int open_auth(struct world *world, struct auth **auth_out)
{
	struct auth_options options = { .pool = world->pool, .tokens = world->tokens, .jwt = &jwt_options, .jwt_count = 1, .clock = &turned_clock };
	struct double_directory *directory = double_open();

	return auth_open_over(&options, &directory->directory, auth_out, NULL);
}

/* Silent, and without cmocka's handlers, which would go on with the next test. */
static void child_begin(void)
{
	static const int signals[] = { SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV };

	for (size_t i = 0; i < LENGTH(signals); i++)
		signal(signals[i], SIG_DFL);
	dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
}

enum outcome { LET_IN = 1, MEMORY_FAILED = 2, STRANGE = 4 };

/* One try in a child: the bits of its outcome; when it aborted, MEMORY_FAILED alone. */
struct attempt {
	struct world *world;
	int (*run)(const struct attempt *attempt);
	const char *path;
	size_t row;
	long nth;
	bool forever;
};

static int try_apart(const struct attempt *attempt)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		child_begin();
		_exit(attempt->run(attempt));
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
	if (WIFSIGNALED(status)) {
		if (WTERMSIG(status) != SIGABRT)
			fail_msg("row %zu: signal %d when allocation %ld fails%s", attempt->row, WTERMSIG(status), attempt->nth,
				attempt->forever ? ", and all after" : "");
		return MEMORY_FAILED;
	}
	return WEXITSTATUS(status);
}

/* Lets every allocation fail in turn; the outcome of the last try, in which none did. */
static int try_all(struct attempt *attempt)
{
	int outcome = MEMORY_FAILED;

	for (attempt->nth = 0; (outcome & MEMORY_FAILED) && attempt->nth < ROUNDS_MAX; attempt->nth++) {
		outcome = try_apart(attempt);
		assert_false(outcome & STRANGE);
		if (attempt->row >= GOOD)
			assert_false(outcome & LET_IN);
	}
	assert_false(outcome & MEMORY_FAILED);
	assert_true(!INJECTS || attempt->nth > 1);
	return outcome;
}

static int sign_in_once(const struct attempt *attempt)
{
	struct auth *auth = NULL;
	struct auth_answer answer;
	int code;

	if (open_auth(attempt->world, &auth) < 0)
		return STRANGE;
	all_after = attempt->forever;
	countdown = attempt->nth;
	code = sign_in(auth, slice_of(attempt->world->headers[attempt->row]), SLICE("10.0.0.1"), &answer);
	countdown = -1;
	if ((code == 0) != (answer.identity != NULL) || code == AUTH_WOULD_BLOCK || (code == 0 && strcmp(answer.identity->user, "alice") != 0))
		return STRANGE;
	return (code == 0 ? LET_IN : 0) | (failed ? MEMORY_FAILED : 0);
}

static void test_sign_in(void **state)
{
	struct world world = world_open(state);
	struct attempt attempt = { .world = &world, .run = sign_in_once };

	for (attempt.row = 0; attempt.row < LENGTH(world.headers); attempt.row++) {
		for (int forever = 0; forever < 2; forever++) {
			attempt.forever = forever;
			assert_int_equal(try_all(&attempt), attempt.row < GOOD ? LET_IN : 0);
		}
	}
	world_close(&world);
}

/* Opening succeeds or fails whole. */
static int open_once(const struct attempt *attempt)
{
	struct auth_options options = {
		.pool = attempt->world->pool, .tokens = attempt->world->tokens, .jwt = &jwt_options, .jwt_count = 1, .clock = &turned_clock
	};
	struct auth *auth = NULL;
	int code;

	countdown = attempt->nth;
	code = auth_open(&options, &auth, NULL);
	countdown = -1;
	if ((code == 0) != (auth != NULL) || (code != 0 && !failed))
		return STRANGE;
	auth_close(&auth);
	return (code == 0 ? LET_IN : 0) | (failed ? MEMORY_FAILED : 0);
}

static void test_open(void **state)
{
	struct world world = world_open(state);

	assert_int_equal(try_all(&(struct attempt){ .world = &world, .run = open_once }), LET_IN);
	world_close(&world);
}

/* A token whose text was handed out works and rests; one that could not be made leaves nothing. */
static int issue_once(const struct attempt *attempt)
{
	static const char *const groups[] = { "a", "b" };
	struct auth_token_request request = { .user = "robot", .groups_fixed = true, .groups = groups, .groups_count = 2 };
	struct auth_token_store *store = NULL;
	struct auth_tokens *tokens = NULL;
	struct db *db = NULL;
	struct auth_answer answer = { .code = 0 };
	char text[AUTH_TOKEN_TEXT_MAX] = "";
	bool unused;
	int code;

	if (db_open(&(struct db_options){ .path = attempt->path, .durable = true }, &db, NULL) < 0 ||
		auth_token_store_sqlite_open(db, &store, NULL) < 0)
		return STRANGE;
	for (int round = 0; round < 2; round++) {
		auth_tokens_close(&tokens);
		if (auth_tokens_open(&(struct auth_tokens_options){ .store = store, .clock = &turned_clock }, &tokens, NULL) < 0)
			return STRANGE;
		countdown = round == 0 ? attempt->nth : -1;
		code = round == 0 ? auth_tokens_issue(tokens, &request, text, NULL) : code;
		countdown = -1;
		if ((code == 0) != (text[0] != '\0') || (code == 0 && auth_tokens_check(tokens, slice_of(text), &unused, &answer) < 0))
			return STRANGE;
	}
	return (code == 0 ? LET_IN : 0) | (failed ? MEMORY_FAILED : 0);
}

static void test_issue(void **state)
{
	assert_int_equal(try_all(&(struct attempt){ .run = issue_once, .path = scratch_path(state, "tokens.db") }), LET_IN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sign_in),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_issue),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
