#include "tests/audit/double.h"

#include "audit/line.h"
#include "audit/reader.h"

static struct audit_event event_of(unsigned number)
{
	struct audit_event event = fixture_event("alice", "git.corp.example/api", AUDIT_ALLOW);

	event.bytes = number;
	return event;
}

static void await_failing(struct audit *audit, bool want)
{
	struct audit_state now;

	audit_state(audit, &now);
	while (now.failing != want) {
		usleep(1000);
		audit_state(audit, &now);
	}
}

/* How many lines have these words in them. */
static unsigned lines_with(const char *dir, const char *words)
{
	struct reader *reader = NULL;
	struct reader_row row;
	unsigned count = 0;

	assert_int_equal(reader_open(dir, 0, &reader, NULL), 0);
	while (reader_next(reader, &row, NULL) == 1)
		count += slice_find(row.line, slice_of(words)) >= 0;
	reader_close(&reader);
	return count;
}

/* A failed commit whose rows are nowhere, and one whose rows may be on disk all the same (as after a failed fsync). */
static void test_new_segment(void **state)
{
	static const struct {
		const char *name;
		bool commits_and_fails;
		uint64_t superseded;
	} rows[] = { { "rows are lost", false, 0 }, { "rows may be there", true, 1 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture_findings findings;
		struct audit_verify_result result;
		struct segment_list list;
		struct audit_state now;
		struct double_log log;
		char dir[FIXTURE_PATH_MAX];
		struct audit *audit;
		uint64_t seq = 99;

		fixture_dir(dir);
		double_init(&log);
		log.commits_and_fails = rows[i].commits_and_fails;
		audit = double_audit(&log, dir, 0, 0);
		for (unsigned n = 0; n < 3; n++) {
			struct audit_event event = event_of(n);

			double_fail(&log, n == 1, 0);
			assert_int_equal(fixture_record(audit, &event, &seq), 0);
		}
		audit_state(audit, &now);
		assert_false(now.failing);
		assert_int_equal(now.segments_failed, 1);
		assert_non_null(strstr(now.error, "as it was told"));
		audit_close(&audit);
		assert_int_equal(fixture_verify(dir, NULL, &findings, &result), 0);
		/* Three events and the log's own about what happened. */
		assert_int_equal(result.rows, 4);
		assert_int_equal(lines_with(dir, "\"kind\":\"system\""), 1);
		assert_int_equal(lines_with(dir, "\"bytes\":1}"), 1);
		if (result.superseded != rows[i].superseded)
			fail_msg("%s: %llu", rows[i].name, (unsigned long long)result.superseded);
		assert_int_equal(segment_list_read(dir, &list, NULL), 0);
		assert_int_equal(list.count, 2);
		segment_list_free(&list);
		/* And it goes on after a restart. */
		audit = fixture_open(dir, 0);
		fixture_write(audit, 3);
		audit_close(&audit);
		fixture_assert_sound(dir, 7);
		fixture_remove(dir);
	}
}

static void test_failing_and_back(void **state)
{
	struct fixture_answer answers[5] = { FIXTURE_ANSWER, FIXTURE_ANSWER, FIXTURE_ANSWER, FIXTURE_ANSWER, FIXTURE_ANSWER };
	struct audit_event event = event_of(0);
	struct err err = ERR_INIT;
	struct audit_state now;
	struct double_log log;
	char dir[FIXTURE_PATH_MAX];
	struct audit *audit;
	uint64_t seq = 99;

	(void)state;
	fixture_dir(dir);
	double_init(&log);
	audit = double_audit(&log, dir, 0, 0);
	assert_int_equal(fixture_record(audit, &event, &seq), 0);
	double_hold(&log, true);
	double_fail(&log, -1, -1);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(audit_submit(audit, &event, fixture_done, &answers[i], NULL), 0);
	double_hold(&log, false);
	/* Those in the failing group and those behind it: all are told, once. */
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(fixture_wait(&answers[i]), AUDIT_ERR);
	audit_state(audit, &now);
	assert_true(now.failing);
	assert_int_equal(now.queued, 0);
	assert_int_equal(audit_submit(audit, &event, fixture_done, &answers[0], &err), AUDIT_ERR);
	assert_non_null(strstr(err.text, "as it was told"));
	assert_int_equal(audit_submit(audit, &event, NULL, NULL, NULL), AUDIT_ERR);

	double_fail(&log, 0, 0);
	await_failing(audit, false);
	while (audit_submit(audit, &event, NULL, NULL, NULL) != 0)
		usleep(1000);
	assert_int_equal(fixture_record(audit, &event, &seq), 0);
	/* 0 before, 1 tells of the gap, 2 is the lazy one. */
	assert_int_equal(seq, 3);
	audit_close(&audit);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(answers[i].answers, 1);
	assert_int_equal(lines_with(dir, "could not be written for"), 1);
	fixture_assert_sound(dir, 4);
	fixture_remove(dir);
}

/* Every attempt leaves rows behind that count for nothing. */
static void test_failing_with_leftovers(void **state)
{
	struct audit_event event = event_of(0);
	struct fixture_findings findings;
	struct audit_verify_result result;
	struct double_log log;
	char dir[FIXTURE_PATH_MAX];
	struct audit *audit;
	uint64_t seq = 99;

	(void)state;
	fixture_dir(dir);
	double_init(&log);
	log.commits_and_fails = true;
	audit = double_audit(&log, dir, 0, 0);
	assert_int_equal(fixture_record(audit, &event, &seq), 0);
	double_fail(&log, 1, 3);
	assert_int_equal(fixture_record(audit, &event, &seq), AUDIT_ERR);
	await_failing(audit, false);
	while (fixture_record(audit, &event, &seq) != 0)
		usleep(1000);
	assert_int_equal(seq, 2);
	audit_close(&audit);
	assert_int_equal(fixture_verify(dir, NULL, &findings, &result), 0);
	assert_int_equal(result.rows, 3);
	assert_int_equal(result.superseded, 4);
	assert_int_equal(result.segments, 5);
	/* Readers see what counts, not what was left behind: the event, the log's word in place of a dead one, the event. */
	assert_int_equal(lines_with(dir, "\"v\":1"), 3);
	assert_int_equal(lines_with(dir, "\"kind\":\"system\""), 1);
	fixture_remove(dir);
}

static void test_close_while_failing(void **state)
{
	struct fixture_answer answer = FIXTURE_ANSWER;
	struct audit_event event = event_of(0);
	struct double_log log;
	char dir[FIXTURE_PATH_MAX];
	struct audit *audit;

	(void)state;
	fixture_dir(dir);
	double_init(&log);
	double_fail(&log, -1, -1);
	audit = double_audit(&log, dir, 0, 0);
	assert_int_equal(audit_submit(audit, &event, fixture_done, &answer, NULL), 0);
	audit_close(&audit);
	assert_int_equal(answer.answers, 1);
	assert_int_equal(answer.code, AUDIT_ERR);
	fixture_assert_sound(dir, 0);
	fixture_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_segment),
		cmocka_unit_test(test_failing_and_back),
		cmocka_unit_test(test_failing_with_leftovers),
		cmocka_unit_test(test_close_while_failing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
