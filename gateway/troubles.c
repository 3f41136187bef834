/* Failures outside, counted by what failed. */
#include "gateway/troubles.h"

#include <string.h>

#include "base/hash.h"

#define QUIET_US (TROUBLES_QUIET_S * 1000000LL)

void troubles_init(struct troubles *troubles)
{
	memset(troubles->places, 0, sizeof(troubles->places));
	pthread_mutex_init(&troubles->lock, NULL);
}

void troubles_destroy(struct troubles *troubles)
{
	pthread_mutex_destroy(&troubles->lock);
}

static uint64_t hash_of(struct slice what)
{
	uint64_t hash = hash_quick(what);
	return hash != 0 ? hash : 1;
}

/*
 * A place whose quiet time is over is as good as a free one: what failed there has not since. One that still owes a number is taken last; that
 * number is then never told.
 */
static struct trouble *place_of(struct troubles *troubles, uint64_t hash, int64_t now_us)
{
	struct trouble *room = NULL;
	for (size_t i = 0; i < TROUBLES_MAX; i++) {
		struct trouble *place = &troubles->places[i];
		if (place->hash == hash)
			return place;
		bool over = place->hash == 0 || now_us - place->told_us >= QUIET_US;
		if (over && (room == NULL || (room->untold > 0 && place->untold == 0)))
			room = place;
	}
	if (room == NULL)
		return &troubles->places[TROUBLES_MAX];
	*room = (struct trouble){ .hash = hash, .told_us = now_us - QUIET_US };
	return room;
}

bool troubles_count(struct troubles *troubles, struct slice what, int64_t now_us, uint64_t *untold_out)
{
	pthread_mutex_lock(&troubles->lock);
	struct trouble *place = place_of(troubles, hash_of(what), now_us);
	bool tell = place->told_us == 0 || now_us - place->told_us >= QUIET_US;
	if (tell) {
		*untold_out = place->untold;
		place->told_us = now_us;
		place->untold = 0;
	} else {
		place->untold++;
	}
	pthread_mutex_unlock(&troubles->lock);
	return tell;
}
