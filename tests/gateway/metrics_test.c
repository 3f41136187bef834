/* Counters: what is counted is what the page says, and histograms add up. */
#include "gateway/metrics.h"

#include "tests/base/rows.h"

static void test_requests(void **state)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));
	struct metrics_gauges gauges = {
		.audit_rows = 7, .ready = 1, .directory_binds = 3, .directory_searches = 4, .jwt_verified = 5, .sign_ins_shared = 6
	};
	struct buf page = BUF_INIT(1024 * 1024);
	(void)state;
	metrics_request(metrics, ENDPOINT_ZIP, 200);
	metrics_request(metrics, ENDPOINT_ZIP, 200);
	metrics_request(metrics, ENDPOINT_LIST, 403);
	metrics_request(metrics, ENDPOINT_NONE, 599);
	metrics_write(metrics, &gauges, &page);
	static const char *const lines[] = {
		"modgate_requests_total{endpoint=\"zip\",status=\"200\"} 2\n",
		"modgate_requests_total{endpoint=\"list\",status=\"403\"} 1\n",
		"modgate_requests_total{endpoint=\"none\",status=\"other\"} 1\n",
		"modgate_audit_rows_total 7\n",
		"modgate_ready 1\n",
		"modgate_directory_binds_total 3\n",
		"modgate_directory_searches_total 4\n",
		"modgate_jwt_verified_total 5\n",
		"modgate_sign_ins_shared_total 6\n",
	};
	for (size_t i = 0; i < LENGTH(lines); i++)
		CHECK(lines[i], strstr(buf_text(&page), lines[i]) != NULL);
	assert_null(strstr(buf_text(&page), "endpoint=\"mod\""));
	buf_free(&page);
	free(metrics);
}

static void test_histogram(void **state)
{
	static const struct {
		int64_t us;
		const char *bound;
	} rows[] = { { 0, "5e-05" }, { 50, "5e-05" }, { 51, "0.0001" }, { 60000000, "60" }, { 60000001, "+Inf" } };
	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct metrics *metrics = calloc(1, sizeof(*metrics));
		struct metrics_gauges gauges = { 0 };
		struct buf page = BUF_INIT(1024 * 1024);
		char line[200];
		metrics_stage(metrics, STAGE_SUPPLY, rows[i].us);
		metrics_write(metrics, &gauges, &page);
		snprintf(line, sizeof(line), "modgate_stage_seconds_bucket{stage=\"supply\",le=\"%s\"} 1\n", rows[i].bound);
		CHECK(rows[i].bound, strstr(buf_text(&page), line) != NULL);
		/* The bucket found is the first that holds it: the text before has only zeroes for this stage. */
		char *stage = strstr(buf_text(&page), "modgate_stage_seconds_bucket{stage=\"supply\"");
		CHECK(rows[i].bound, memmem(stage, (size_t)(strstr(buf_text(&page), line) - stage), "} 1", 3) == NULL);
		CHECK(rows[i].bound, strstr(buf_text(&page), "modgate_stage_seconds_count{stage=\"supply\"} 1\n") != NULL);
		buf_free(&page);
		free(metrics);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_histogram),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
