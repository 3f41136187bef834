#include "tests/audit/fixture.h"

#include <sys/stat.h>

#define DAY_US   (86400LL * 1000000)
#define START_US (1795000000LL * 1000000) /* 2026-11-18T10:26:40Z */

/* A clock that the test sets: a day further with every row. */
struct turned {
	pthread_mutex_t lock;
	int64_t now_us;
};

static int64_t turned_us(void *ctx)
{
	struct turned *turned = ctx;
	int64_t now_us;

	pthread_mutex_lock(&turned->lock);
	now_us = turned->now_us;
	pthread_mutex_unlock(&turned->lock);
	return now_us;
}

static void turn(struct turned *turned, int64_t now_us)
{
	pthread_mutex_lock(&turned->lock);
	turned->now_us = now_us;
	pthread_mutex_unlock(&turned->lock);
}

struct shared {
	char dir[FIXTURE_PATH_MAX];
};

static const struct {
	struct slice user;
	struct slice module;
	enum audit_verdict verdict;
} said[] = {
	{ { "alice", 5 }, { "git.corp.example/payments/api", 29 }, AUDIT_ALLOW },
	{ { "alice", 5 }, { "github.com/evil/lib", 19 }, AUDIT_DENY },
	{ { "bob", 3 }, { "git.corp.example/payments", 25 }, AUDIT_DENY },
	{ { "bob", 3 }, { "git.corp.example/paymentsystem", 30 }, AUDIT_ALLOW },
	{ { "al\xff", 3 }, { "github.com/ok/lib", 17 }, AUDIT_ALLOW },
	{ { "a\"b", 3 }, { "github.com/ok/lib/v2", 20 }, AUDIT_VERDICT_NONE },
	{ { NULL, 0 }, { NULL, 0 }, AUDIT_VERDICT_ABSENT },
};
#define SAID (sizeof(said) / sizeof(said[0]))

static int open_shared(void **state)
{
	static struct shared shared;
	static struct turned turned = { .lock = PTHREAD_MUTEX_INITIALIZER };
	static const struct clock clock = { .wall_us = turned_us, .monotonic_us = turned_us, .ctx = &turned };
	struct audit_options options = { .dir = shared.dir, .clock = &clock, .segment_bytes_max = 1 };
	struct audit *audit = NULL;

	fixture_dir(shared.dir);
	assert_int_equal(audit_open(&options, &audit, NULL), 0);
	for (unsigned i = 0; i < SAID; i++) {
		struct audit_event event = AUDIT_EVENT_INIT(AUDIT_ACCESS);
		uint64_t seq;

		event.user = said[i].user;
		event.module = said[i].module;
		event.verdict = said[i].verdict;
		turn(&turned, START_US + i * DAY_US);
		assert_int_equal(fixture_record(audit, &event, &seq), 0);
	}
	audit_close(&audit);
	*state = &shared;
	return 0;
}

static int close_shared(void **state)
{
	struct shared *shared = *state;

	fixture_remove(shared->dir);
	return 0;
}

/* Takes lines: which sequences they have, and the tree over them. */
struct taken {
	unsigned rows; /* one bit a sequence below 32 */
	struct tlog_edge tree;
	unsigned stop_after;
};

static int take(void *ctx, struct slice line, struct err *err)
{
	struct taken *taken = ctx;
	struct tlog_hash hash;
	unsigned seq;

	assert_true(line.len > 0 && line.ptr[line.len - 1] == '\n');
	assert_int_equal(sscanf(line.ptr, "{\"v\":1,\"seq\":%u,", &seq), 1);
	if (seq < 32)
		taken->rows |= 1u << seq;
	tlog_leaf_hash(slice_sub(line, 0, line.len - 1), &hash);
	tlog_edge_add(&taken->tree, &hash);
	if (taken->stop_after > 0 && taken->tree.size >= taken->stop_after)
		return err_set(err, -1, "enough");
	return 0;
}

#define R(n) (1u << (n))

static void test_filters(void **state)
{
	static const struct {
		const char *name;
		struct audit_filter filter;
		unsigned want;
	} rows[] = {
		{ "all", { 0 }, R(SAID) - 1 },
		{ "user", { .user = { "alice", 5 } }, R(0) | R(1) },
		{ "user that is not UTF-8", { .user = { "al\xff", 3 } }, R(4) },
		{ "user that JSON escapes", { .user = { "a\"b", 3 } }, R(5) },
		{ "user nobody is", { .user = { "ali", 3 } }, 0 },
		{ "module and what lies below", { .module = { "git.corp.example/payments", 25 } }, R(0) | R(2) },
		{ "module pattern", { .module = { "github.com/*/lib", 16 } }, R(1) | R(4) | R(5) },
		{ "denied", { .verdict = AUDIT_DENY }, R(1) | R(2) },
		{ "no verdict", { .verdict = AUDIT_VERDICT_NONE }, R(5) },
		{ "user and verdict", { .user = { "bob", 3 }, .verdict = AUDIT_ALLOW }, R(3) },
		{ "since, inclusive", { .since_us = START_US + 2 * DAY_US }, R(2) | R(3) | R(4) | R(5) | R(6) },
		{ "since, a moment later", { .since_us = START_US + 2 * DAY_US + 1 }, R(3) | R(4) | R(5) | R(6) },
		{ "until, exclusive", { .until_us = START_US + 2 * DAY_US }, R(0) | R(1) },
		{ "between", { .since_us = START_US + DAY_US, .until_us = START_US + 3 * DAY_US }, R(1) | R(2) },
		{ "between, denied, alice",
			{ .since_us = START_US, .until_us = START_US + 3 * DAY_US, .verdict = AUDIT_DENY, .user = { "alice", 5 } }, R(1) },
	};
	struct shared *shared = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct taken taken = { 0 };
		struct err err = ERR_INIT;

		if (audit_export(shared->dir, &rows[i].filter, take, &taken, &err) < 0)
			fail_msg("%s: %s", rows[i].name, err.text);
		if (taken.rows != rows[i].want)
			fail_msg("%s: got %x, not %x", rows[i].name, taken.rows, rows[i].want);
	}
}

/* The exported lines are the leaves: their tree is the log's. */
static void test_exact_bytes(void **state)
{
	struct fixture_findings findings;
	struct audit_verify_result result;
	struct taken taken = { 0 };
	struct err err = ERR_INIT;
	struct tlog_hash root;
	char dir[FIXTURE_PATH_MAX];

	(void)state;
	fixture_dir(dir);
	fixture_log(dir, 3, 5000);
	assert_int_equal(fixture_verify(dir, NULL, &findings, &result), 0);
	if (audit_export(dir, NULL, take, &taken, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(taken.tree.size, 15000);
	tlog_edge_root(&taken.tree, &root);
	assert_memory_equal(root.bytes, result.head.root, sizeof(root.bytes));
	fixture_remove(dir);
}

/* Bob's outcome comes between: an outcome goes to whom its access went. */
static void test_outcomes(void **state)
{
	static const struct {
		const char *name;
		struct audit_filter filter;
		unsigned want;
	} rows[] = {
		{ "alice", { .user = { "alice", 5 } }, R(0) | R(3) },
		{ "bob", { .user = { "bob", 3 } }, R(1) | R(2) },
		{ "alice, another module", { .user = { "alice", 5 }, .module = { "github.com", 10 } }, 0 },
		{ "alice, allowed", { .user = { "alice", 5 }, .verdict = AUDIT_ALLOW }, R(0) | R(3) },
		{ "no user is asked for", { .module = { "git.corp.example", 16 } }, R(0) | R(1) },
	};
	static const char *const users[] = { "alice", "bob" };
	struct audit_event outcome = AUDIT_EVENT_INIT(AUDIT_OUTCOME);
	char dir[FIXTURE_PATH_MAX];
	struct audit *audit;
	uint64_t seq;

	(void)state;
	fixture_dir(dir);
	audit = fixture_open(dir, 0);
	for (int i = 0; i < 2; i++) {
		struct audit_event event = fixture_event(users[i], "git.corp.example/api", AUDIT_ALLOW);

		assert_int_equal(fixture_record(audit, &event, &seq), 0);
	}
	for (outcome.of = 1; outcome.of >= 0; outcome.of--)
		assert_int_equal(fixture_record(audit, &outcome, &seq), 0);
	outcome.of = 100000;
	assert_int_equal(fixture_record(audit, &outcome, &seq), 0);
	audit_close(&audit);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct taken taken = { 0 };

		assert_int_equal(audit_export(dir, &rows[i].filter, take, &taken, NULL), 0);
		if (taken.rows != rows[i].want)
			fail_msg("%s: got %x, not %x", rows[i].name, taken.rows, rows[i].want);
	}
	fixture_remove(dir);
}

static void test_refusals(void **state)
{
	static const struct audit_filter bad_pattern = { .module = { "a[", 2 } };
	struct shared *shared = *state;
	struct taken taken = { .stop_after = 2 };
	struct err err = ERR_INIT;
	char dir[FIXTURE_PATH_MAX];

	assert_int_equal(audit_export(shared->dir, &bad_pattern, take, &taken, &err), AUDIT_ERR);
	assert_int_equal(taken.tree.size, 0);
	assert_int_equal(audit_export(shared->dir, NULL, take, &taken, &err), AUDIT_ERR);
	assert_string_equal(err.text, "enough");
	assert_int_equal(taken.tree.size, 2);
	fixture_dir(dir);
	assert_int_equal(audit_export(dir, NULL, take, &taken, &err), AUDIT_ERR);
	fixture_remove(dir);
}

/* A row that cannot be understood ends a filtered export with its name; an unfiltered one gives the bytes as they are. */
static void test_broken_row(void **state)
{
	static const struct audit_filter filter = { .user = { "alice", 5 } };
	struct taken taken = { 0 };
	struct err err = ERR_INIT;
	char dir[FIXTURE_PATH_MAX];

	(void)state;
	fixture_dir(dir);
	fixture_log(dir, 1, 10);
	fixture_sql(dir, 1, "UPDATE leaf SET line = CAST('{\"v\":1,\"seq\":4,no' AS BLOB) WHERE seq = 4");
	assert_int_equal(audit_export(dir, &filter, take, &taken, &err), AUDIT_ERR);
	assert_non_null(strstr(err.text, "row 4 in log-000001.db"));
	assert_int_equal(taken.tree.size, 4);
	assert_int_equal(audit_export(dir, NULL, take, &taken, &err), 0);
	fixture_remove(dir);
}

/* Also while the log grows: at least what was there when the export began. */
static void test_while_writing(void **state)
{
	struct taken taken = { 0 };
	struct err err = ERR_INIT;
	char dir[FIXTURE_PATH_MAX];
	struct audit *audit;

	(void)state;
	fixture_dir(dir);
	audit = fixture_open(dir, 0);
	for (unsigned round = 1; round <= 20; round++) {
		struct audit_event event = fixture_event("alice", "git.corp.example/api", AUDIT_ALLOW);
		uint64_t seq = 0;

		fixture_write(audit, 200);
		assert_int_equal(fixture_record(audit, &event, &seq), 0);
		fixture_write(audit, 200);
		taken = (struct taken){ 0 };
		if (audit_export(dir, NULL, take, &taken, &err) < 0)
			fail_msg("%s", err.text);
		assert_true(taken.tree.size > seq);
	}
	audit_close(&audit);
	fixture_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_exact_bytes),
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_broken_row),
		cmocka_unit_test(test_while_writing),
	};

	return cmocka_run_group_tests(tests, open_shared, close_shared);
}
