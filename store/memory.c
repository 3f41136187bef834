/* The cache in memory: a hash table over a list from most to least recently used. */
#include <stdlib.h>

#include "store/store_private.h"

#define BUCKETS        4096
#define ENTRY_OVERHEAD 128 /* what an entry weighs beside its key and object */

struct entry {
	struct entry *chain; /* in its bucket */
	struct entry *newer, *older;
	struct memory_object *object;
	size_t weight;
	uint64_t hash;
	size_t key_len;
	char key[];
};

struct memory {
	pthread_mutex_t lock;
	size_t bytes_max, bytes;
	struct entry *newest, *oldest;
	struct entry *buckets[BUCKETS];
};

struct memory_object *memory_ref(struct memory_object *object)
{
	atomic_fetch_add_explicit(&object->references, 1, memory_order_relaxed);
	return object;
}

void memory_unref(struct memory_object *object)
{
	if (object != NULL && atomic_fetch_sub_explicit(&object->references, 1, memory_order_acq_rel) == 1)
		object->free(object);
}

int memory_open(size_t bytes_max, struct memory **memory_out, struct err *err)
{
	struct memory *memory = calloc(1, sizeof(*memory));
	if (memory == NULL)
		return store_no_memory(err, "open", SLICE("the cache in memory"));
	pthread_mutex_init(&memory->lock, NULL);
	memory->bytes_max = bytes_max;
	*memory_out = memory;
	return 0;
}

static struct entry **find(struct memory *memory, struct slice key, uint64_t hash)
{
	struct entry **place = &memory->buckets[hash % BUCKETS];
	while (*place != NULL && !((*place)->hash == hash && slice_equal(slice_make((*place)->key, (*place)->key_len), key)))
		place = &(*place)->chain;
	return place;
}

static void list_remove(struct memory *memory, struct entry *entry)
{
	*(entry->newer != NULL ? &entry->newer->older : &memory->newest) = entry->older;
	*(entry->older != NULL ? &entry->older->newer : &memory->oldest) = entry->newer;
}

static void list_push(struct memory *memory, struct entry *entry)
{
	entry->newer = NULL;
	entry->older = memory->newest;
	*(memory->newest != NULL ? &memory->newest->newer : &memory->oldest) = entry;
	memory->newest = entry;
}

/* Takes the entry at this place out; the caller unrefs its object outside the lock's care (freeing never calls back). */
static void remove_at(struct memory *memory, struct entry **place)
{
	struct entry *entry = *place;
	ASSERT(entry != NULL);
	*place = entry->chain;
	list_remove(memory, entry);
	memory->bytes -= entry->weight;
	memory_unref(entry->object);
	free(entry);
}

static void make_room(struct memory *memory)
{
	while (memory->bytes > memory->bytes_max && memory->oldest != NULL) {
		struct entry *oldest = memory->oldest;
		remove_at(memory, find(memory, slice_make(oldest->key, oldest->key_len), oldest->hash));
	}
}

struct memory_object *memory_get(struct memory *memory, struct slice key)
{
	uint64_t hash = hash_quick(key);
	struct memory_object *object = NULL;
	pthread_mutex_lock(&memory->lock);
	struct entry *entry = *find(memory, key, hash);
	if (entry != NULL) {
		object = memory_ref(entry->object);
		if (memory->newest != entry) {
			list_remove(memory, entry);
			list_push(memory, entry);
		}
	}
	pthread_mutex_unlock(&memory->lock);
	return object;
}

void memory_put(struct memory *memory, struct slice key, struct memory_object *object, size_t bytes)
{
	size_t weight = bytes + key.len + ENTRY_OVERHEAD;
	struct entry *entry = weight <= memory->bytes_max ? malloc(sizeof(*entry) + key.len) : NULL;
	if (entry == NULL) {
		/* What the key had is superseded all the same. */
		memory_drop(memory, key);
		return;
	}
	*entry = (struct entry){ .object = memory_ref(object), .weight = weight, .hash = hash_quick(key), .key_len = key.len };
	memcpy(entry->key, key.ptr, key.len);

	pthread_mutex_lock(&memory->lock);
	struct entry **place = find(memory, key, entry->hash);
	if (*place != NULL)
		remove_at(memory, place);
	place = &memory->buckets[entry->hash % BUCKETS];
	entry->chain = *place;
	*place = entry;
	list_push(memory, entry);
	memory->bytes += entry->weight;
	make_room(memory);
	pthread_mutex_unlock(&memory->lock);
}

void memory_drop(struct memory *memory, struct slice key)
{
	pthread_mutex_lock(&memory->lock);
	struct entry **place = find(memory, key, hash_quick(key));
	if (*place != NULL)
		remove_at(memory, place);
	pthread_mutex_unlock(&memory->lock);
}

void memory_close(struct memory **memory_in)
{
	struct memory *memory = *memory_in;
	if (memory == NULL)
		return;
	memory->bytes_max = 0;
	make_room(memory);
	pthread_mutex_destroy(&memory->lock);
	free(memory);
	*memory_in = NULL;
}
