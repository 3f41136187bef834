/* Counters of the gateway and their Prometheus text. Lock-free; any thread. Source: Prometheus text format 0.0.4. */
#ifndef GATEWAY_METRICS_H
#define GATEWAY_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"

/* Endpoints as the routes name them. */
enum endpoint {
	ENDPOINT_NONE, /* no route */
	ENDPOINT_ROOT,
	ENDPOINT_LIST,
	ENDPOINT_LATEST,
	ENDPOINT_INFO,
	ENDPOINT_MOD,
	ENDPOINT_ZIP,
	ENDPOINT_SUMDB,
	ENDPOINT_GO_GET,
	ENDPOINT_LIVEZ,
	ENDPOINT_READYZ,
	ENDPOINT_VERSION,
	ENDPOINT_METRICS,
	ENDPOINT_REFRESH,
	ENDPOINTS
};

enum stage { STAGE_IDENTIFY, STAGE_DECIDE, STAGE_SUPPLY, STAGE_RECORD, STAGE_TOTAL, STAGES };

#define METRICS_STATUSES 17
#define METRICS_BUCKETS  14

struct histogram {
	_Atomic uint64_t buckets[METRICS_BUCKETS + 1]; /* the last: more than every bound */
	_Atomic uint64_t sum_us;
};

struct metrics {
	_Atomic uint64_t requests[ENDPOINTS][METRICS_STATUSES];
	struct histogram stages[STAGES];
	_Atomic uint64_t bytes_out; /* of bodies of zips */
	_Atomic int64_t in_flight;
	_Atomic uint64_t refusals_merged; /* of unidentified callers, told in one row */
	_Atomic uint64_t pins_moved;      /* pinned versions found changed, each change once */
};

/* What other rooms count, read when the page is made. */
struct metrics_gauges {
	uint64_t audit_rows, audit_queue, audit_index_lag;
	uint64_t directory_queue, store_queue, git_queue, fetch_queue, fetches_active;
	uint64_t cache_hits, cache_misses;
	uint64_t directory_binds, directory_searches, jwt_verified, sign_ins_shared;
	int ready;
	int64_t start_s;
};

const char *endpoint_word(enum endpoint endpoint);
void metrics_request(struct metrics *metrics, enum endpoint endpoint, unsigned status);
void metrics_stage(struct metrics *metrics, enum stage stage, int64_t duration_us);
void metrics_write(struct metrics *metrics, const struct metrics_gauges *gauges, struct buf *out);

#endif
