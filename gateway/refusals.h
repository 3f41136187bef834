/*
 * Refusals of callers nobody knows yet: each is a row of the audit log, but more than REFUSALS_PER_MINUTE from one address within a minute
 * become one row with a count, so that guessing cannot fill the log.
 */
#ifndef GATEWAY_REFUSALS_H
#define GATEWAY_REFUSALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define REFUSALS_PER_MINUTE    30
#define REFUSALS_ADDRESSES_MAX 4096 /* kept at once; further ones share one place */

struct refusals;
/* told is called, from refusals_flush, for each address whose further refusals were merged. */
int refusals_open(struct refusals **refusals_out, struct err *err);
void refusals_close(struct refusals **refusals);

/* Counts one; true when it has a row of its own. Any thread. */
bool refusals_count(struct refusals *refusals, const char *address, int64_t now_us);
/* Ends the minutes that are over (all of them with `all`): told(ctx, address, count) for each that merged any. Any thread. */
void refusals_flush(struct refusals *refusals, int64_t now_us, bool all, void (*told)(void *ctx, const char *address, uint64_t count), void *ctx);

#endif
