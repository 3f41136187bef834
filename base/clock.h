/* Time: wall clock and monotonic, in microseconds; replaceable so that tests can turn it. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* Both calls may come from any thread. */
struct clock {
	int64_t (*wall_us)(void *ctx);      /* since 1970-01-01 UTC */
	int64_t (*monotonic_us)(void *ctx); /* since some fixed moment */
	void *ctx;
};

/* The machine's. */
extern const struct clock clock_system;

int64_t clock_wall_us(const struct clock *clock);
int64_t clock_monotonic_us(const struct clock *clock);

#define CLOCK_TEXT_MAX 32
/*
 * RFC 3339 UTC with microseconds: 2026-11-21T02:33:44.123456Z. Moments before the year 0 or after 9999 are written as the first or last
 * second within.
 */
void clock_format_us(int64_t wall_us, char out[CLOCK_TEXT_MAX]);
/* RFC 3339 UTC, whole seconds: 2026-11-21T02:33:44Z */
void clock_format_s(int64_t wall_s, char out[CLOCK_TEXT_MAX]);
/*
 * RFC 3339 with Z or offset, with or without fraction, or a bare date (midnight UTC); false otherwise. A 60th second is refused, digits
 * beyond the microsecond are dropped.
 */
bool clock_parse(struct slice text, int64_t *wall_us_out);

#endif
