/* Absences remembered for a short while, so that a retried or probed path costs nothing. */
#include <stdlib.h>

#include "supply/supply_private.h"

#define PLACES 1024 /* direct-mapped: a newer absence takes an older one's place */

struct place {
	char *key;
	size_t key_len;
	int64_t until_us;
	const struct supply_answer *answer;
};

struct negatives {
	pthread_mutex_t lock;
	int64_t ttl_us;
	struct place places[PLACES];
};

int negatives_open(int64_t ttl_us, struct negatives **negatives_out, struct err *err)
{
	struct negatives *negatives = calloc(1, sizeof(*negatives));
	if (negatives == NULL)
		return supply_no_memory(err, "open the table of absences");
	pthread_mutex_init(&negatives->lock, NULL);
	negatives->ttl_us = ttl_us;
	*negatives_out = negatives;
	return 0;
}

static void clear(struct place *place)
{
	free(place->key);
	supply_answer_unref(place->answer);
	*place = (struct place){ 0 };
}

void negatives_close(struct negatives **negatives)
{
	if (*negatives == NULL)
		return;
	for (size_t i = 0; i < PLACES; i++)
		clear(&(*negatives)->places[i]);
	pthread_mutex_destroy(&(*negatives)->lock);
	free(*negatives);
	*negatives = NULL;
}

static struct place *place_of(struct negatives *negatives, struct slice key)
{
	return &negatives->places[hash_quick(key) % PLACES];
}

void negatives_put(struct negatives *negatives, struct slice key, const struct supply_answer *answer, int64_t now_us)
{
	char *copy = negatives->ttl_us > 0 ? malloc(key.len) : NULL;
	if (copy == NULL)
		return;
	memcpy(copy, key.ptr, key.len);
	pthread_mutex_lock(&negatives->lock);
	struct place *place = place_of(negatives, key);
	clear(place);
	*place = (struct place){ .key = copy, .key_len = key.len, .until_us = now_us + negatives->ttl_us, .answer = supply_answer_ref(answer) };
	pthread_mutex_unlock(&negatives->lock);
}

const struct supply_answer *negatives_get(struct negatives *negatives, struct slice key, int64_t now_us)
{
	const struct supply_answer *answer = NULL;
	pthread_mutex_lock(&negatives->lock);
	struct place *place = place_of(negatives, key);
	if (place->answer != NULL && now_us < place->until_us && slice_equal(slice_make(place->key, place->key_len), key))
		answer = supply_answer_ref(place->answer);
	pthread_mutex_unlock(&negatives->lock);
	return answer;
}
