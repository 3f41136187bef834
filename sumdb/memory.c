/* The last proved answers, in a table of fixed size where a newer one takes the slot of an older. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "sumdb/sumdb_private.h"

struct slot {
	char *key;
	char *answer;
	size_t len;
};

struct sumdb_memory {
	pthread_mutex_t mutex;
	struct slot slots[SUMDB_MEMORY_SLOTS];
};

struct sumdb_memory *sumdb_memory_open(void)
{
	struct sumdb_memory *memory = calloc(1, sizeof(*memory));

	if (memory != NULL)
		pthread_mutex_init(&memory->mutex, NULL);
	return memory;
}

void sumdb_memory_close(struct sumdb_memory **memory)
{
	if (*memory == NULL)
		return;
	for (size_t i = 0; i < SUMDB_MEMORY_SLOTS; i++) {
		free((*memory)->slots[i].key);
		free((*memory)->slots[i].answer);
	}
	pthread_mutex_destroy(&(*memory)->mutex);
	free(*memory);
	*memory = NULL;
}

static struct slot *slot_of(struct sumdb_memory *memory, const char *key)
{
	return &memory->slots[hash_quick(slice_of(key)) % SUMDB_MEMORY_SLOTS];
}

bool sumdb_memory_get(struct sumdb_memory *memory, const char *key, struct buf *out)
{
	struct slot *slot = slot_of(memory, key);
	bool found;

	pthread_mutex_lock(&memory->mutex);
	found = slot->key != NULL && strcmp(slot->key, key) == 0;
	if (found)
		buf_add(out, slot->answer, slot->len);
	pthread_mutex_unlock(&memory->mutex);
	return found;
}

void sumdb_memory_put(struct sumdb_memory *memory, const char *key, struct slice answer)
{
	struct slot fresh = { .key = strdup(key), .answer = slice_dup(answer), .len = answer.len };
	struct slot *slot = slot_of(memory, key);
	struct slot old = fresh;

	if (fresh.key != NULL && fresh.answer != NULL && fresh.len <= SUMDB_MEMORY_ANSWER_MAX) {
		pthread_mutex_lock(&memory->mutex);
		old = *slot;
		*slot = fresh;
		pthread_mutex_unlock(&memory->mutex);
	}
	free(old.key);
	free(old.answer);
}
