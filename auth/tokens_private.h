/* The tokens held in memory, for tokens.c and tokens_issue.c. */
#ifndef AUTH_TOKENS_PRIVATE_H
#define AUTH_TOKENS_PRIVATE_H

#include <pthread.h>

#include "auth/auth_private.h"

#define SECONDS_A_DAY 86400LL

struct auth_token_entry {
	char id[AUTH_TOKEN_ID_BYTES]; /* not ended by NUL */
	uint8_t hash[SHA256_BYTES];
	bool groups_fixed;
	int64_t created_s, revoked_s;
	int64_t expires_s;                    /* as it was issued; the identity's is sooner when lifetime_max_days says so */
	const struct auth_identity *identity; /* without groups when they come from the directory */
};

struct auth_tokens {
	pthread_rwlock_t lock; /* over tree, count and revoked_s of entries; never held while the store works */
	void *tree;            /* of struct auth_token_entry by id */
	size_t count;
	pthread_mutex_t writing; /* one issue or revoke at a time */
	struct auth_token_store *store;
	int64_t lifetime_max_s;
	const struct clock *clock;
};

/* Caller holds the lock. NULL: none. */
struct auth_token_entry *auth_tokens_find(struct auth_tokens *tokens, struct slice id);
int auth_tokens_entry_make(const struct auth_tokens *tokens, const struct auth_token *token, const uint8_t hash[SHA256_BYTES],
	struct auth_token_entry **entry_out, struct err *err);
/* Caller holds the lock for writing. add takes the entry over when it succeeds; remove frees it. */
int auth_tokens_entry_add(struct auth_tokens *tokens, struct auth_token_entry *entry, struct err *err);
void auth_tokens_entry_remove(struct auth_tokens *tokens, struct auth_token_entry *entry);
void auth_tokens_entry_free(struct auth_token_entry *entry);

/* tokens_ended.c. Removes what was revoked or expired at by_s or before. Caller holds `writing`. AUTH_ERR. */
int auth_tokens_remove_ended(struct auth_tokens *tokens, int64_t by_s, struct err *err);

#endif
