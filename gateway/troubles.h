/*
 * What fails outside (an upstream, a repository, a checksum database, the directory) is told in the log, but not once for every request
 * that meets it: one line a minute for each of them, which says how many others it stands for.
 */
#ifndef GATEWAY_TROUBLES_H
#define GATEWAY_TROUBLES_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define TROUBLES_MAX     64 /* told apart; further ones share one place */
#define TROUBLES_QUIET_S 60 /* after a line, before the next about the same */

struct trouble {
	uint64_t hash; /* of what failed; 0: a free place */
	int64_t told_us;
	uint64_t untold;
};

/* Zeroed but for the lock. */
struct troubles {
	pthread_mutex_t lock;
	struct trouble places[TROUBLES_MAX + 1];
};

void troubles_init(struct troubles *troubles);
void troubles_destroy(struct troubles *troubles);

/* what failed once more: is it time for a line? Then *untold_out is how many failed since the last without one. Any thread. */
bool troubles_count(struct troubles *troubles, struct slice what, int64_t now_us, uint64_t *untold_out);

#endif
