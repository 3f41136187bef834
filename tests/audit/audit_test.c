#include "tests/audit/double.h"

#include "audit/line.h"
#include "audit/reader.h"

static void test_sequence_goes_on_after_restart(void **state)
{
	struct audit_event event = fixture_event("alice", "git.corp.example/api", AUDIT_ALLOW);
	char dir[FIXTURE_PATH_MAX];
	uint64_t seq = 99;

	(void)state;
	fixture_dir(dir);
	for (uint64_t want = 0; want < 5; want++) {
		struct audit *audit = fixture_open(dir, 0);
		struct audit_state now;

		audit_state(audit, &now);
		assert_int_equal(now.size, want);
		assert_int_equal(fixture_record(audit, &event, &seq), 0);
		assert_int_equal(seq, want);
		audit_close(&audit);
		assert_null(audit);
		audit_close(&audit);
	}
	fixture_assert_sound(dir, 5);
	fixture_remove(dir);
}

/* What is answered with 0 is there for another reader at that moment, and the state's root is the tree's. */
static void test_answered_is_durable(void **state)
{
	struct audit_event event = fixture_event("alice", "git.corp.example/api", AUDIT_ALLOW);
	struct tlog_edge edge;
	char dir[FIXTURE_PATH_MAX];
	struct audit *audit;

	(void)state;
	fixture_dir(dir);
	audit = fixture_open(dir, 0);
	tlog_edge_init(&edge);
	for (uint64_t want = 0; want < 20; want++) {
		struct reader *reader = NULL;
		struct audit_state now;
		struct reader_row row;
		struct tlog_hash hash;
		uint64_t seq = 0;

		assert_int_equal(fixture_record(audit, &event, &seq), 0);
		assert_int_equal(reader_open(dir, seq, &reader, NULL), 0);
		assert_int_equal(reader_next(reader, &row, NULL), 1);
		assert_int_equal(row.seq, want);
		tlog_leaf_hash(row.line, &hash);
		assert_int_equal(reader_next(reader, &row, NULL), 0);
		reader_close(&reader);
		tlog_edge_add(&edge, &hash);
		tlog_edge_root(&edge, &hash);
		audit_state(audit, &now);
		assert_int_equal(now.size, want + 1);
		assert_memory_equal(now.root, hash.bytes, sizeof(now.root));
	}
	audit_close(&audit);
	fixture_remove(dir);
}

#define PRODUCERS 16
#define EACH      300

struct producer {
	struct audit *audit;
	unsigned number;
	uint64_t seqs[EACH];
};

static void *produce(void *arg)
{
	struct producer *producer = arg;
	char user[16];

	snprintf(user, sizeof(user), "p%u", producer->number);
	for (unsigned i = 0; i < EACH; i++) {
		struct audit_event event = fixture_event(user, "git.corp.example/api", AUDIT_ALLOW);

		event.bytes = i;
		if (fixture_record(producer->audit, &event, &producer->seqs[i]) != 0)
			producer->seqs[i] = UINT64_MAX;
	}
	return NULL;
}

/* The line of this sequence is the producer's i-th. */
static void check_line(struct slice line, const struct producer *producers)
{
	struct line_field fields[] = { { .name = SLICE("user") }, { .name = SLICE("bytes") }, { .name = SLICE("seq") } };
	int64_t i;
	int64_t seq;
	long long number;

	assert_true(line_fields(line, fields, 3));
	assert_true(slice_to_number(slice_after(fields[0].raw, 1), &number) && number < PRODUCERS);
	assert_true(line_field_number(&fields[1], &i) && i < EACH);
	assert_true(line_field_number(&fields[2], &seq));
	assert_int_equal(producers[number].seqs[i], seq);
}

static void test_group_commit(void **state)
{
	static struct producer producers[PRODUCERS];
	pthread_t threads[PRODUCERS];
	struct reader *reader = NULL;
	struct audit_state now;
	struct reader_row row;
	char dir[FIXTURE_PATH_MAX];
	struct audit *audit;
	unsigned rows = 0;

	(void)state;
	fixture_dir(dir);
	audit = fixture_open(dir, 0);
	for (unsigned i = 0; i < PRODUCERS; i++) {
		producers[i] = (struct producer){ .audit = audit, .number = i };
		assert_int_equal(pthread_create(&threads[i], NULL, produce, &producers[i]), 0);
	}
	for (unsigned i = 0; i < PRODUCERS; i++)
		pthread_join(threads[i], NULL);
	audit_state(audit, &now);
	assert_int_equal(now.size, PRODUCERS * EACH);
	assert_int_equal(now.queued, 0);
	/* One producer waits for each of its own, so a commit a row would need as many commits as rows. */
	assert_true(now.commits < PRODUCERS * EACH / 2);
	audit_close(&audit);
	assert_int_equal(reader_open(dir, 0, &reader, NULL), 0);
	for (; reader_next(reader, &row, NULL) == 1; rows++) {
		assert_int_equal(row.seq, rows);
		check_line(row.line, producers);
	}
	reader_close(&reader);
	assert_int_equal(rows, PRODUCERS * EACH);
	fixture_assert_sound(dir, PRODUCERS * EACH);
	fixture_remove(dir);
}

/* While the disk takes its time, what comes in waits together and goes out together. */
static void test_group_gathers_while_writing(void **state)
{
	struct double_log log;
	char dir[FIXTURE_PATH_MAX];
	struct audit *audit;

	(void)state;
	fixture_dir(dir);
	double_init(&log);
	audit = double_audit(&log, dir, 0, 0);
	double_hold(&log, true);
	fixture_write(audit, 1);
	double_await_inside(&log);
	fixture_write(audit, 40);
	double_hold(&log, false);
	audit_close(&audit);
	assert_int_equal(log.appends, 2);
	assert_int_equal(log.group_max, 40);
	fixture_assert_sound(dir, 41);
	fixture_remove(dir);
}

#define LINE_BYTES 360

/* An event whose line, with the room in front, counts LINE_BYTES. */
static struct audit_event sized_event(void)
{
	static char rule[AUDIT_RULE_MAX];
	struct audit_event event = fixture_event("alice", "git.corp.example/api", AUDIT_DENY);
	struct buf body = BUF_INIT(LINE_BUF_MAX);

	event.rule = SLICE("");
	line_body(&event, &body);
	assert_in_range(body.len, LINE_BYTES - AUDIT_RULE_MAX, LINE_BYTES);
	memset(rule, 'r', sizeof(rule));
	event.rule = slice_make(rule, LINE_BYTES - body.len);
	buf_free(&body);
	return event;
}

static unsigned submit_until_busy(struct audit *audit, audit_done *done, void *ctx)
{
	struct audit_event event = sized_event();
	struct err err = ERR_INIT;
	unsigned taken = 0;
	int code;

	while ((code = audit_submit(audit, &event, done, ctx, &err)) == 0)
		taken++;
	assert_int_equal(code, AUDIT_ERR_BUSY);
	assert_non_null(strstr(err.text, "full"));
	return taken;
}

static void test_queue_limits(void **state)
{
	static const struct {
		const char *name;
		size_t events_max;
		size_t bytes_max;
	} rows[] = { { "events", 10, 0 }, { "bytes", 0, 10 * LINE_BYTES } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture_answer answer = FIXTURE_ANSWER;
		struct audit_state now;
		struct double_log log;
		char dir[FIXTURE_PATH_MAX];
		struct audit *audit;
		unsigned lazy;
		unsigned waiting;

		fixture_dir(dir);
		double_init(&log);
		audit = double_audit(&log, dir, rows[i].events_max, rows[i].bytes_max);
		double_hold(&log, true);
		lazy = submit_until_busy(audit, NULL, NULL);
		waiting = submit_until_busy(audit, fixture_done, &answer);
		if (lazy != 8 || waiting != 2)
			fail_msg("%s: %u lazy, %u waiting", rows[i].name, lazy, waiting);
		audit_state(audit, &now);
		assert_int_equal(now.queued, 10);
		assert_int_equal(now.refused, 2);
		assert_false(now.failing);
		double_hold(&log, false);
		audit_close(&audit);
		/* Refused ones are not answered, the others once. */
		assert_int_equal(answer.answers, 2);
		fixture_assert_sound(dir, 10);
		fixture_remove(dir);
	}
}

static void test_segments_by_size(void **state)
{
	struct segment_list list;
	char dir[FIXTURE_PATH_MAX];
	struct audit *audit;

	(void)state;
	fixture_dir(dir);
	audit = fixture_open(dir, 100000);
	for (unsigned i = 0; i < 20; i++) {
		uint64_t seq;
		struct audit_event event = fixture_event("alice", "git.corp.example/api", AUDIT_ALLOW);

		fixture_write(audit, 99);
		assert_int_equal(fixture_record(audit, &event, &seq), 0);
	}
	audit_close(&audit);
	assert_int_equal(segment_list_read(dir, &list, NULL), 0);
	/* 2,000 rows of about 400 bytes. */
	assert_in_range(list.count, 4, 12);
	segment_list_free(&list);
	fixture_assert_sound(dir, 2000);
	fixture_remove(dir);
}

static void test_closing_segment_is_one_file(void **state)
{
	char dir[FIXTURE_PATH_MAX];
	char path[FIXTURE_PATH_MAX + 32];

	(void)state;
	fixture_dir(dir);
	fixture_log(dir, 2, 10);
	snprintf(path, sizeof(path), "%s/log-000001.db-wal", dir);
	assert_int_equal(access(path, F_OK), -1);
	snprintf(path, sizeof(path), "%s/log-000002.db-wal", dir);
	assert_int_equal(access(path, F_OK), -1);
	fixture_remove(dir);
}

static void test_open_refuses(void **state)
{
	static const struct {
		const char *name;
		const char *sql;
		const char *want;
	} rows[] = {
		{ "an edited row", "UPDATE leaf SET line = replace(line, 'alice', 'malik') WHERE seq = 7", "tree head" },
		{ "a missing row", "DELETE FROM leaf WHERE seq = 7", "row 7 is missing" },
		{ "a cut tail", "DELETE FROM leaf WHERE seq > 7", "tree head" },
		{ "no description", "DELETE FROM segment", "describe" },
		{ "no head", "DELETE FROM tip", "describe" },
		{ "another format", "UPDATE segment SET format = 2", "format 2" },
		{ "another start", "UPDATE segment SET first = 1", "do not fit" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct audit_options options = { 0 };
		struct audit *audit = NULL;
		struct err err = ERR_INIT;
		char dir[FIXTURE_PATH_MAX];

		fixture_dir(dir);
		options.dir = dir;
		fixture_log(dir, 1, 20);
		fixture_sql(dir, 1, rows[i].sql);
		assert_int_equal(audit_open(&options, &audit, &err), AUDIT_ERR);
		if (strstr(err.text, rows[i].want) == NULL || strstr(err.text, "log-000001.db") == NULL)
			fail_msg("%s: %s", rows[i].name, err.text);
		assert_null(audit);
		fixture_remove(dir);
	}
}

static void test_open_without_directory(void **state)
{
	struct audit_options options = { .dir = "/dev/null/audit" };
	struct audit *audit = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(audit_open(&options, &audit, &err), AUDIT_ERR);
	assert_true(err.text[0] != '\0');
}

/* A crash while a segment is being made leaves a file that is none yet. */
static void test_segment_in_the_making(void **state)
{
	char dir[FIXTURE_PATH_MAX];
	char path[FIXTURE_PATH_MAX + 32];
	struct segment_list list;
	FILE *file;

	(void)state;
	fixture_dir(dir);
	fixture_log(dir, 1, 20);
	snprintf(path, sizeof(path), "%s/new-segment.db", dir);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("half a segment", file);
	fclose(file);
	fixture_assert_sound(dir, 20);
	fixture_log(dir, 1, 5);
	assert_int_equal(access(path, F_OK), -1);
	fixture_new_segment(dir);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(segment_list_read(dir, &list, NULL), 0);
	assert_int_equal(list.count, 2);
	segment_list_free(&list);
	fixture_assert_sound(dir, 25);
	fixture_remove(dir);
}

/* Somebody who reads the last segment at start does not keep the log from opening: a new segment follows. */
static void test_open_beside_a_reader(void **state)
{
	struct segment_list list;
	char dir[FIXTURE_PATH_MAX];
	struct db *reader = NULL;
	struct audit *audit;

	(void)state;
	fixture_dir(dir);
	audit = fixture_open(dir, 0);
	fixture_write(audit, 20);
	assert_int_equal(segment_open(dir, 1, &reader, NULL), 0);
	assert_int_equal(db_exec(reader, "BEGIN; SELECT count(*) FROM leaf", NULL), 0);
	audit_close(&audit);
	audit = fixture_open(dir, 0);
	fixture_write(audit, 20);
	audit_close(&audit);
	db_rollback(reader);
	db_close(&reader);
	assert_int_equal(segment_list_read(dir, &list, NULL), 0);
	assert_int_equal(list.count, 2);
	segment_list_free(&list);
	fixture_assert_sound(dir, 40);
	fixture_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sequence_goes_on_after_restart),
		cmocka_unit_test(test_answered_is_durable),
		cmocka_unit_test(test_group_commit),
		cmocka_unit_test(test_group_gathers_while_writing),
		cmocka_unit_test(test_queue_limits),
		cmocka_unit_test(test_segments_by_size),
		cmocka_unit_test(test_closing_segment_is_one_file),
		cmocka_unit_test(test_open_refuses),
		cmocka_unit_test(test_open_without_directory),
		cmocka_unit_test(test_segment_in_the_making),
		cmocka_unit_test(test_open_beside_a_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
