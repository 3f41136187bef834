/* Sets of users and groups: sorted, with a mask that answers most questions. */
#include "policy/policy_private.h"

#include <stdlib.h>
#include <string.h>

/* FNV-1a, of which six bits are kept. */
uint64_t policy_word_bit(struct slice word)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < word.len; i++)
		hash = (hash ^ (unsigned char)word.ptr[i]) * 0x100000001b3u;
	return UINT64_C(1) << (hash >> 58);
}

static int compare_words(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void policy_words_finish(struct word_set *set)
{
	if (set->count > 0)
		qsort(set->words, set->count, sizeof(*set->words), compare_words);
	set->mask = 0;
	for (size_t i = 0; i < set->count; i++)
		set->mask |= policy_word_bit(slice_of(set->words[i]));
}

bool policy_words_have(const struct word_set *set, struct slice word)
{
	size_t low = 0;
	size_t high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = slice_compare(word, slice_of(set->words[middle]));

		if (order == 0)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}
