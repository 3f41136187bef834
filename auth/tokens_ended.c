/* Tokens that ended, revoked or past their time: after a while, or when there is no room, they go from the store and from memory. */
#include "auth/tokens_private.h"

#include <search.h>
#include <stdlib.h>

struct ended {
	struct auth_token_entry **entries;
	size_t count;
	int64_t by_s;
};

static void gather(const void *node, VISIT visit, void *ctx)
{
	struct ended *ended = ctx;
	struct auth_token_entry *entry = *(struct auth_token_entry *const *)node;

	if (visit != postorder && visit != leaf)
		return;
	if (entry->expires_s <= ended->by_s || (entry->revoked_s != 0 && entry->revoked_s <= ended->by_s))
		ended->entries[ended->count++] = entry;
}

int auth_tokens_remove_ended(struct auth_tokens *tokens, int64_t by_s, struct err *err)
{
	struct ended ended = { .entries = calloc(tokens->count + 1, sizeof(ended.entries[0])), .by_s = by_s };
	int code = 0;

	if (ended.entries == NULL)
		return err_set(err, AUTH_ERR, "cannot remove tokens that ended: out of memory");
	/* Only holders of `writing` change the tree, so it may be read without the lock. */
	twalk_r(tokens->tree, gather, &ended);
	if (ended.count > 0)
		code = tokens->store->class->remove_ended(tokens->store, by_s, err);
	if (code == 0 && ended.count > 0) {
		pthread_rwlock_wrlock(&tokens->lock);
		for (size_t i = 0; i < ended.count; i++)
			auth_tokens_entry_remove(tokens, ended.entries[i]);
		pthread_rwlock_unlock(&tokens->lock);
	}
	free(ended.entries);
	return code;
}
