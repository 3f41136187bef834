/* Refusals of unidentified callers, counted by address. */
#include "gateway/refusals.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define MINUTE_US (60 * 1000000LL)

struct place {
	char address[64]; /* "" : free. The last place is everybody else's */
	int64_t since_us;
	uint64_t count;
};

struct refusals {
	pthread_mutex_t lock;
	size_t used; /* places taken, so that a quiet table costs nothing to walk */
	struct place places[REFUSALS_ADDRESSES_MAX + 1];
};

int refusals_open(struct refusals **refusals_out, struct err *err)
{
	struct refusals *refusals = calloc(1, sizeof(*refusals));
	if (refusals == NULL)
		return err_set(err, BASE_ERR, "memory is short");
	pthread_mutex_init(&refusals->lock, NULL);
	*refusals_out = refusals;
	return 0;
}

void refusals_close(struct refusals **refusals)
{
	if (*refusals == NULL)
		return;
	pthread_mutex_destroy(&(*refusals)->lock);
	free(*refusals);
	*refusals = NULL;
}

/* Open addressing over a small neighbourhood: an address that finds no place there shares the last one. */
static struct place *place_of(struct refusals *refusals, const char *address)
{
	uint64_t hash = hash_quick(slice_of(address));
	struct place *free_place = NULL;
	for (size_t i = 0; i < 16; i++) {
		struct place *place = &refusals->places[(hash + i) % REFUSALS_ADDRESSES_MAX];
		if (strcmp(place->address, address) == 0)
			return place;
		if (place->address[0] == '\0' && free_place == NULL)
			free_place = place;
	}
	if (free_place == NULL)
		return &refusals->places[REFUSALS_ADDRESSES_MAX];
	strncpy(free_place->address, address, sizeof(free_place->address) - 1);
	refusals->used++;
	return free_place;
}

bool refusals_count(struct refusals *refusals, const char *address, int64_t now_us)
{
	pthread_mutex_lock(&refusals->lock);
	struct place *place = place_of(refusals, address);
	if (place->count == 0)
		place->since_us = now_us;
	place->count++;
	bool own_row = place->count <= REFUSALS_PER_MINUTE;
	pthread_mutex_unlock(&refusals->lock);
	return own_row;
}

void refusals_flush(struct refusals *refusals, int64_t now_us, bool all, void (*told)(void *ctx, const char *address, uint64_t count), void *ctx)
{
	pthread_mutex_lock(&refusals->lock);
	bool quiet = refusals->used == 0 && refusals->places[REFUSALS_ADDRESSES_MAX].count == 0;
	for (size_t i = 0; i <= REFUSALS_ADDRESSES_MAX && !quiet; i++) {
		struct place *place = &refusals->places[i];
		if (place->count == 0 || (!all && now_us - place->since_us < MINUTE_US))
			continue;
		if (place->count > REFUSALS_PER_MINUTE)
			told(ctx, place->address[0] != '\0' ? place->address : "several", place->count - REFUSALS_PER_MINUTE);
		refusals->used -= place->address[0] != '\0';
		memset(place, 0, sizeof(*place));
	}
	pthread_mutex_unlock(&refusals->lock);
}
