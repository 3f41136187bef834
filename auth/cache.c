/* Remembered answers: a table of fixed size, chained by key, in order of use. */
#include "auth/auth_private.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define NOWHERE UINT32_MAX

struct entry {
	struct auth_key key;
	struct auth_cached cached;
	uint32_t next;           /* in the bucket's chain */
	uint32_t older, younger; /* by use */
};

struct auth_cache {
	pthread_mutex_t lock; /* over all below */
	struct entry *entries;
	uint32_t *buckets;
	uint32_t entries_max;
	uint32_t buckets_mask;
	uint32_t count; /* entries are never given back, only reused */
	uint32_t oldest, youngest;
};

static void forget_all(struct auth_cache *cache)
{
	for (uint32_t i = 0; i < cache->count; i++)
		auth_identity_unref(cache->entries[i].cached.identity);
	memset(cache->buckets, 0xff, ((size_t)cache->buckets_mask + 1) * sizeof(cache->buckets[0]));
	cache->count = 0;
	cache->oldest = NOWHERE;
	cache->youngest = NOWHERE;
}

int auth_cache_open(size_t entries_max, struct auth_cache **cache_out, struct err *err)
{
	struct auth_cache *cache = calloc(1, sizeof(*cache));
	size_t buckets = 1;

	ASSERT(entries_max > 0 && entries_max < NOWHERE / 2);
	while (buckets < entries_max)
		buckets *= 2;
	if (cache == NULL)
		return err_set(err, AUTH_ERR, "cannot make a cache of sign-ins: out of memory");
	pthread_mutex_init(&cache->lock, NULL);
	cache->entries_max = (uint32_t)entries_max;
	cache->buckets_mask = (uint32_t)(buckets - 1);
	cache->entries = calloc(entries_max, sizeof(cache->entries[0]));
	cache->buckets = calloc(buckets, sizeof(cache->buckets[0]));
	if (cache->entries == NULL || cache->buckets == NULL) {
		auth_cache_close(&cache);
		return err_set(err, AUTH_ERR, "cannot make a cache of sign-ins: out of memory");
	}
	forget_all(cache);
	*cache_out = cache;
	return 0;
}

void auth_cache_close(struct auth_cache **cache)
{
	struct auth_cache *c = *cache;

	if (c == NULL)
		return;
	for (uint32_t i = 0; i < c->count; i++)
		auth_identity_unref(c->entries[i].cached.identity);
	pthread_mutex_destroy(&c->lock);
	free(c->entries);
	free(c->buckets);
	free(c);
	*cache = NULL;
}

/* Keys are hashes with a secret salt: any of their bytes will do. */
static uint32_t *bucket(struct auth_cache *cache, const struct auth_key *key)
{
	uint32_t hash;

	memcpy(&hash, key->bytes, sizeof(hash));
	return &cache->buckets[hash & cache->buckets_mask];
}

static uint32_t find(struct auth_cache *cache, const struct auth_key *key)
{
	uint32_t at = *bucket(cache, key);

	while (at != NOWHERE && memcmp(cache->entries[at].key.bytes, key->bytes, AUTH_KEY_BYTES) != 0)
		at = cache->entries[at].next;
	return at;
}

static void unlink_use(struct auth_cache *cache, const struct entry *entry)
{
	if (entry->older == NOWHERE)
		cache->oldest = entry->younger;
	else
		cache->entries[entry->older].younger = entry->younger;
	if (entry->younger == NOWHERE)
		cache->youngest = entry->older;
	else
		cache->entries[entry->younger].older = entry->older;
}

static void link_youngest(struct auth_cache *cache, uint32_t at)
{
	struct entry *entry = &cache->entries[at];

	entry->older = cache->youngest;
	entry->younger = NOWHERE;
	if (cache->youngest == NOWHERE)
		cache->oldest = at;
	else
		cache->entries[cache->youngest].younger = at;
	cache->youngest = at;
}

static void unchain(struct auth_cache *cache, uint32_t at)
{
	uint32_t *link = bucket(cache, &cache->entries[at].key);

	while (*link != at)
		link = &cache->entries[*link].next;
	*link = cache->entries[at].next;
}

/* A place for a new key, at the head of its chain and the youngest. */
static uint32_t place(struct auth_cache *cache, const struct auth_key *key)
{
	uint32_t at = cache->count;
	uint32_t *head;

	if (at < cache->entries_max) {
		cache->count++;
	} else {
		at = cache->oldest;
		unlink_use(cache, &cache->entries[at]);
		unchain(cache, at);
		auth_identity_unref(cache->entries[at].cached.identity);
	}
	head = bucket(cache, key);
	cache->entries[at] = (struct entry){ .key = *key, .next = *head };
	*head = at;
	link_youngest(cache, at);
	return at;
}

bool auth_cache_get(struct auth_cache *cache, const struct auth_key *key, int64_t now_us, struct auth_cached *cached_out)
{
	bool found = false;
	uint32_t at;

	pthread_mutex_lock(&cache->lock);
	at = find(cache, key);
	if (at != NOWHERE && now_us < cache->entries[at].cached.until_us) {
		found = true;
		*cached_out = cache->entries[at].cached;
		if (cached_out->identity != NULL)
			auth_identity_ref(cached_out->identity);
		unlink_use(cache, &cache->entries[at]);
		link_youngest(cache, at);
	}
	pthread_mutex_unlock(&cache->lock);
	return found;
}

void auth_cache_put(struct auth_cache *cache, const struct auth_key *key, const struct auth_cached *cached)
{
	uint32_t at;

	if (cached->identity != NULL)
		auth_identity_ref(cached->identity);
	pthread_mutex_lock(&cache->lock);
	at = find(cache, key);
	if (at == NOWHERE) {
		at = place(cache, key);
	} else {
		auth_identity_unref(cache->entries[at].cached.identity);
		unlink_use(cache, &cache->entries[at]);
		link_youngest(cache, at);
	}
	cache->entries[at].cached = *cached;
	pthread_mutex_unlock(&cache->lock);
}

void auth_cache_clear(struct auth_cache *cache)
{
	pthread_mutex_lock(&cache->lock);
	forget_all(cache);
	pthread_mutex_unlock(&cache->lock);
}
