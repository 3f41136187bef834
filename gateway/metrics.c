/* Counters and their Prometheus text. */
#include "gateway/metrics.h"

#include <inttypes.h>

static const char *const endpoint_words[] = { "none", "root", "list", "latest", "info", "mod", "zip", "sumdb", "go_get", "livez", "readyz", "version",
	"metrics", "refresh" };
_Static_assert(sizeof(endpoint_words) / sizeof(endpoint_words[0]) == ENDPOINTS, "a word for every endpoint");

static const char *const stage_words[] = { "identify", "decide", "supply", "record", "total" };
_Static_assert(sizeof(stage_words) / sizeof(stage_words[0]) == STAGES, "a word for every stage");

/* Every status the gateway answers; the first stands for any other. */
static const unsigned statuses[] = { 0, 200, 202, 206, 304, 400, 401, 403, 404, 405, 413, 416, 429, 500, 502, 503, 504 };
_Static_assert(sizeof(statuses) / sizeof(statuses[0]) == METRICS_STATUSES, "a place for every status");

static const int64_t bounds_us[] = { 50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 100000, 500000, 2500000, 10000000, 60000000 };
_Static_assert(sizeof(bounds_us) / sizeof(bounds_us[0]) == METRICS_BUCKETS, "a bound for every bucket");

const char *endpoint_word(enum endpoint endpoint)
{
	return endpoint_words[endpoint];
}

void metrics_request(struct metrics *metrics, enum endpoint endpoint, unsigned status)
{
	size_t place = 0;
	for (size_t i = 1; i < METRICS_STATUSES; i++)
		if (statuses[i] == status)
			place = i;
	atomic_fetch_add_explicit(&metrics->requests[endpoint][place], 1, memory_order_relaxed);
}

void metrics_stage(struct metrics *metrics, enum stage stage, int64_t duration_us)
{
	struct histogram *histogram = &metrics->stages[stage];
	size_t bucket = 0;
	while (bucket < METRICS_BUCKETS && duration_us > bounds_us[bucket])
		bucket++;
	atomic_fetch_add_explicit(&histogram->buckets[bucket], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&histogram->sum_us, (uint64_t)(duration_us > 0 ? duration_us : 0), memory_order_relaxed);
}

static void family(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void single(struct buf *out, const char *name, const char *type, const char *help, uint64_t value)
{
	family(out, name, type, help);
	buf_printf(out, "%s %" PRIu64 "\n", name, value);
}

static void write_requests(struct metrics *metrics, struct buf *out)
{
	family(out, "modgate_requests_total", "counter", "Requests answered, by endpoint and status.");
	for (size_t e = 0; e < ENDPOINTS; e++) {
		for (size_t s = 0; s < METRICS_STATUSES; s++) {
			uint64_t count = atomic_load_explicit(&metrics->requests[e][s], memory_order_relaxed);
			if (count != 0 && s != 0)
				buf_printf(out, "modgate_requests_total{endpoint=\"%s\",status=\"%u\"} %" PRIu64 "\n", endpoint_words[e], statuses[s],
					count);
			else if (count != 0)
				buf_printf(out, "modgate_requests_total{endpoint=\"%s\",status=\"other\"} %" PRIu64 "\n", endpoint_words[e], count);
		}
	}
}

static void write_histogram(struct histogram *histogram, const char *stage, struct buf *out)
{
	uint64_t total = 0;
	for (size_t b = 0; b <= METRICS_BUCKETS; b++) {
		total += atomic_load_explicit(&histogram->buckets[b], memory_order_relaxed);
		if (b < METRICS_BUCKETS)
			buf_printf(
				out, "modgate_stage_seconds_bucket{stage=\"%s\",le=\"%g\"} %" PRIu64 "\n", stage, (double)bounds_us[b] / 1e6, total);
		else
			buf_printf(out, "modgate_stage_seconds_bucket{stage=\"%s\",le=\"+Inf\"} %" PRIu64 "\n", stage, total);
	}
	double sum = (double)atomic_load_explicit(&histogram->sum_us, memory_order_relaxed) / 1e6;
	buf_printf(out, "modgate_stage_seconds_sum{stage=\"%s\"} %.6f\nmodgate_stage_seconds_count{stage=\"%s\"} %" PRIu64 "\n", stage, sum, stage,
		total);
}

static void write_queues(const struct metrics_gauges *gauges, struct buf *out)
{
	family(out, "modgate_queue_depth", "gauge", "Work that waits, by queue.");
	buf_printf(out, "modgate_queue_depth{queue=\"audit\"} %" PRIu64 "\n", gauges->audit_queue);
	buf_printf(out, "modgate_queue_depth{queue=\"directory\"} %" PRIu64 "\n", gauges->directory_queue);
	buf_printf(out, "modgate_queue_depth{queue=\"store\"} %" PRIu64 "\n", gauges->store_queue);
	buf_printf(out, "modgate_queue_depth{queue=\"git\"} %" PRIu64 "\n", gauges->git_queue);
	buf_printf(out, "modgate_queue_depth{queue=\"fetch\"} %" PRIu64 "\n", gauges->fetch_queue);
}

void metrics_write(struct metrics *metrics, const struct metrics_gauges *gauges, struct buf *out)
{
	family(out, "modgate_build_info", "gauge", "Constant 1; the labels tell the build.");
	buf_printf(out, "modgate_build_info{version=\"%s\"} 1\n", MODGATE_VERSION);
	write_requests(metrics, out);
	family(out, "modgate_stage_seconds", "histogram", "Time a request spends in each stage.");
	for (size_t s = 0; s < STAGES; s++)
		write_histogram(&metrics->stages[s], stage_words[s], out);
	write_queues(gauges, out);
	single(out, "modgate_requests_in_flight", "gauge", "Requests being answered now.",
		(uint64_t)atomic_load_explicit(&metrics->in_flight, memory_order_relaxed));
	single(out, "modgate_sent_bytes_total", "counter", "Bytes of module zips handed to connections.",
		atomic_load_explicit(&metrics->bytes_out, memory_order_relaxed));
	single(out, "modgate_refusals_merged_total", "counter", "Refusals of unidentified callers that were told in a shared audit row.",
		atomic_load_explicit(&metrics->refusals_merged, memory_order_relaxed));
	single(out, "modgate_pins_moved_total", "counter",
		"Pinned versions found changed: a moved or deleted tag, another zip. Each change counts once.",
		atomic_load_explicit(&metrics->pins_moved, memory_order_relaxed));
	single(out, "modgate_audit_rows_total", "counter", "Rows of the audit log, all segments.", gauges->audit_rows);
	single(out, "modgate_audit_index_lag_rows", "gauge", "Rows of the log that the index does not hold yet.", gauges->audit_index_lag);
	single(out, "modgate_fetches_active", "gauge", "Fetches from upstream under way.", gauges->fetches_active);
	single(out, "modgate_cache_hits_total", "counter", "Answers given from the store.", gauges->cache_hits);
	single(out, "modgate_cache_misses_total", "counter", "Answers that had to be built or fetched.", gauges->cache_misses);
	single(out, "modgate_directory_binds_total", "counter", "Passwords shown to the directory.", gauges->directory_binds);
	single(out, "modgate_directory_searches_total", "counter", "Persons looked up in the directory for their tokens.",
		gauges->directory_searches);
	single(out, "modgate_jwt_verified_total", "counter", "Signatures of identity tokens looked at.", gauges->jwt_verified);
	single(out, "modgate_sign_ins_shared_total", "counter", "Sign-ins that joined one like them under way.", gauges->sign_ins_shared);
	single(out, "modgate_ready", "gauge", "1 while /readyz answers 200.", (uint64_t)(gauges->ready != 0));
	single(out, "modgate_start_time_seconds", "gauge", "When the process started, since 1970.", (uint64_t)gauges->start_s);
}
