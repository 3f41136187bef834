/* Tokens that rest in memory only: for tests, and for a gateway that may forget. */
#include "auth/auth_private.h"

#include <stdlib.h>
#include <string.h>

struct row {
	struct row *next;
	struct auth_token token; /* texts are the identity's */
	uint8_t hash[SHA256_BYTES];
	const struct auth_identity *identity;
};

struct memory_store {
	struct auth_token_store store;
	struct row *rows;
};

static struct memory_store *memory_of(struct auth_token_store *store)
{
	return (struct memory_store *)store;
}

static int each(struct auth_token_store *store,
	int (*row)(void *ctx, const struct auth_token *token, const uint8_t hash[SHA256_BYTES], struct err *err), void *ctx, struct err *err)
{
	int code = 0;

	for (const struct row *at = memory_of(store)->rows; at != NULL && code == 0; at = at->next)
		code = row(ctx, &at->token, at->hash, err);
	return code;
}

static int insert(struct auth_token_store *store, const struct auth_token *token, const uint8_t hash[SHA256_BYTES], struct err *err)
{
	struct auth_identity texts = { .user = token->user,
		.credential = token->id,
		.groups = token->groups,
		.groups_count = token->groups_count,
		.modules = token->modules,
		.modules_count = token->modules_count };
	struct row *row = calloc(1, sizeof(*row));

	if (row != NULL)
		row->identity = auth_identity_copy(&texts);
	if (row == NULL || row->identity == NULL) {
		free(row);
		return err_set(err, AUTH_ERR, "cannot keep the token: out of memory");
	}
	row->token = *token;
	row->token.id = row->identity->credential;
	row->token.user = row->identity->user;
	row->token.groups = row->identity->groups;
	row->token.modules = row->identity->modules;
	memcpy(row->hash, hash, SHA256_BYTES);
	row->next = memory_of(store)->rows;
	memory_of(store)->rows = row;
	return 0;
}

static int revoke(struct auth_token_store *store, const char *id, int64_t revoked_s, struct err *err)
{
	(void)err;
	for (struct row *row = memory_of(store)->rows; row != NULL; row = row->next) {
		if (strcmp(row->token.id, id) == 0 && row->token.revoked_s == 0)
			row->token.revoked_s = revoked_s;
	}
	return 0;
}

static int remove_ended(struct auth_token_store *store, int64_t by_s, struct err *err)
{
	struct row **place = &memory_of(store)->rows;

	(void)err;
	while (*place != NULL) {
		struct row *row = *place;

		if (row->token.expires_s <= by_s || (row->token.revoked_s != 0 && row->token.revoked_s <= by_s)) {
			*place = row->next;
			auth_identity_unref(row->identity);
			free(row);
		} else {
			place = &row->next;
		}
	}
	return 0;
}

static void close_store(struct auth_token_store *store)
{
	struct row *next;

	for (struct row *row = memory_of(store)->rows; row != NULL; row = next) {
		next = row->next;
		auth_identity_unref(row->identity);
		free(row);
	}
	free(memory_of(store));
}

static const struct auth_token_store_class memory_class = {
	.each = each, .insert = insert, .revoke = revoke, .remove_ended = remove_ended, .close = close_store
};

int auth_token_store_memory_open(struct auth_token_store **store_out, struct err *err)
{
	struct memory_store *memory = calloc(1, sizeof(*memory));

	if (memory == NULL)
		return err_set(err, AUTH_ERR, "cannot make a store of tokens: out of memory");
	memory->store.class = &memory_class;
	*store_out = &memory->store;
	return 0;
}
