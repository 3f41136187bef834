/*
 * Slows guessing down. Wrong passwords, and those not yet known to be right, are counted by user with address, by address, and by user
 * over all addresses; the last count does not hold for an address that has signed in as this user before, so that strangers cannot lock
 * a person out of her own desk.
 */
#include "auth/auth_private.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define MICROSECONDS 1000000LL
#define COUNTERS_MAX 16384

struct auth_throttle {
	pthread_mutex_t lock; /* makes reading and adding one step */
	uint8_t salt[SHA256_BYTES];
	struct auth_cache *strikes;
	struct auth_cache *known;
};

int auth_throttle_open(struct auth_throttle **throttle_out, struct err *err)
{
	struct auth_throttle *throttle = calloc(1, sizeof(*throttle));
	int code;

	if (throttle == NULL)
		return err_set(err, AUTH_ERR, "cannot make the count of wrong passwords: out of memory");
	pthread_mutex_init(&throttle->lock, NULL);
	random_bytes(throttle->salt, sizeof(throttle->salt));
	code = auth_cache_open(COUNTERS_MAX, &throttle->strikes, err);
	if (code == 0)
		code = auth_cache_open(COUNTERS_MAX, &throttle->known, err);
	if (code < 0)
		auth_throttle_close(&throttle);
	else
		*throttle_out = throttle;
	return code;
}

void auth_throttle_close(struct auth_throttle **throttle)
{
	struct auth_throttle *t = *throttle;

	if (t == NULL)
		return;
	auth_cache_close(&t->strikes);
	auth_cache_close(&t->known);
	pthread_mutex_destroy(&t->lock);
	free(t);
	*throttle = NULL;
}

/* Neither part holds a NUL, so the pair cannot be read in two ways. Users count in lower case and without spaces: directories compare them so. */
static struct auth_key key_of(const struct auth_throttle *throttle, struct slice user, struct slice address)
{
	char bytes[SHA256_BYTES + AUTH_USER_MAX + 1];
	struct auth_key key;
	size_t len = SHA256_BYTES;

	ASSERT(user.len <= AUTH_USER_MAX);
	memcpy(bytes, throttle->salt, SHA256_BYTES);
	for (size_t i = 0; i < user.len; i++) {
		if (user.ptr[i] != ' ')
			bytes[len++] = user.ptr[i] >= 'A' && user.ptr[i] <= 'Z' ? (char)(user.ptr[i] - 'A' + 'a') : user.ptr[i];
	}
	bytes[len++] = '\0';
	sha256_two(slice_make(bytes, len), address, key.bytes);
	return key;
}

static uint32_t strikes(struct auth_throttle *throttle, struct auth_key key, int64_t now_us)
{
	struct auth_cached cached;

	return auth_cache_get(throttle->strikes, &key, now_us, &cached) ? cached.count : 0;
}

/* Counts up, or down again within the window. */
static void count(struct auth_throttle *throttle, struct auth_key key, int by, int64_t now_us)
{
	struct auth_cached cached;

	if (!auth_cache_get(throttle->strikes, &key, now_us, &cached))
		cached = (struct auth_cached){ .until_us = now_us + AUTH_STRIKE_WINDOW_S * MICROSECONDS };
	if (by > 0)
		cached.count++;
	else if (cached.count > 0)
		cached.count--;
	auth_cache_put(throttle->strikes, &key, &cached);
}

static void count_all(struct auth_throttle *throttle, struct slice user, struct slice address, int by, int64_t now_us)
{
	count(throttle, key_of(throttle, user, SLICE_NONE), by, now_us);
	if (address.len == 0)
		return;
	count(throttle, key_of(throttle, user, address), by, now_us);
	count(throttle, key_of(throttle, SLICE_NONE, address), by, now_us);
}

static bool allowed(struct auth_throttle *throttle, struct slice user, struct slice address, int64_t now_us)
{
	struct auth_key pair = key_of(throttle, user, address);
	struct auth_cached known;

	if (address.len > 0 && (strikes(throttle, pair, now_us) >= AUTH_STRIKES_PAIR ||
				       strikes(throttle, key_of(throttle, SLICE_NONE, address), now_us) >= AUTH_STRIKES_ADDRESS))
		return false;
	return auth_cache_get(throttle->known, &pair, now_us, &known) ||
	       strikes(throttle, key_of(throttle, user, SLICE_NONE), now_us) < AUTH_STRIKES_USER;
}

bool auth_throttle_take(struct auth_throttle *throttle, struct slice user, struct slice address, int64_t now_us)
{
	bool taken;

	pthread_mutex_lock(&throttle->lock);
	taken = allowed(throttle, user, address, now_us);
	if (taken)
		count_all(throttle, user, address, 1, now_us);
	pthread_mutex_unlock(&throttle->lock);
	return taken;
}

void auth_throttle_give_back(struct auth_throttle *throttle, struct slice user, struct slice address, int64_t now_us)
{
	pthread_mutex_lock(&throttle->lock);
	count_all(throttle, user, address, -1, now_us);
	pthread_mutex_unlock(&throttle->lock);
}

void auth_throttle_known(struct auth_throttle *throttle, struct slice user, struct slice address, int64_t now_us)
{
	struct auth_key pair = key_of(throttle, user, address);
	struct auth_cached known = { .until_us = now_us + AUTH_KNOWN_S * MICROSECONDS };

	if (address.len > 0)
		auth_cache_put(throttle->known, &pair, &known);
}
