/* Tokens in memory, over a store where they rest: opening, looking up, listing. Issuing and revoking stand in tokens_issue.c. */
#include "auth/tokens_private.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
	return memcmp(((const struct auth_token_entry *)a)->id, ((const struct auth_token_entry *)b)->id, AUTH_TOKEN_ID_BYTES);
}

void auth_tokens_entry_free(struct auth_token_entry *entry)
{
	if (entry == NULL)
		return;
	auth_identity_unref(entry->identity);
	free(entry);
}

static void free_node(void *node)
{
	auth_tokens_entry_free(node);
}

struct auth_token_entry *auth_tokens_find(struct auth_tokens *tokens, struct slice id)
{
	struct auth_token_entry wanted;
	void *node;

	if (id.len != AUTH_TOKEN_ID_BYTES)
		return NULL;
	memcpy(wanted.id, id.ptr, AUTH_TOKEN_ID_BYTES);
	node = tfind(&wanted, &tokens->tree, compare);
	return node == NULL ? NULL : *(struct auth_token_entry **)node;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int auth_tokens_entry_make(const struct auth_tokens *tokens, const struct auth_token *token, const uint8_t hash[SHA256_BYTES],
	struct auth_token_entry **entry_out, struct err *err)
{
	struct auth_identity identity = { .method = AUTH_TOKEN,
		.scope = token->scope,
		.user = token->user,
		.groups = token->groups,
		.groups_count = token->groups_count,
		.credential = token->id,
		.modules = token->modules,
		.modules_count = token->modules_count };
	struct auth_token_entry *entry = calloc(1, sizeof(*entry));

	if (strlen(token->id) != AUTH_TOKEN_ID_BYTES) {
		free(entry);
		return err_set(err, AUTH_ERR, "the table of tokens is damaged: an id has %zu characters", strlen(token->id));
	}
	identity.expires_s = earlier(token->expires_s, token->created_s + tokens->lifetime_max_s);
	if (entry != NULL)
		entry->identity = auth_identity_copy(&identity);
	if (entry == NULL || entry->identity == NULL) {
		free(entry);
		return err_set(err, AUTH_ERR, "cannot hold a token: out of memory");
	}
	memcpy(entry->id, token->id, AUTH_TOKEN_ID_BYTES);
	memcpy(entry->hash, hash, SHA256_BYTES);
	entry->groups_fixed = token->groups_fixed;
	entry->created_s = token->created_s;
	entry->revoked_s = token->revoked_s;
	entry->expires_s = token->expires_s;
	*entry_out = entry;
	return 0;
}

int auth_tokens_entry_add(struct auth_tokens *tokens, struct auth_token_entry *entry, struct err *err)
{
	void *node;

	if (tokens->count == AUTH_TOKENS_MAX)
		return err_set(err, AUTH_ERR,
			"%d tokens are in use and more are not held; revoke some that nobody needs, `modgate token list` shows them",
			AUTH_TOKENS_MAX);
	node = tsearch(entry, &tokens->tree, compare);
	if (node == NULL)
		return err_set(err, AUTH_ERR, "cannot hold a token: out of memory");
	if (*(struct auth_token_entry **)node != entry)
		return err_set(err, AUTH_ERR, "two tokens have the id %.*s", AUTH_TOKEN_ID_BYTES, entry->id);
	tokens->count++;
	return 0;
}

void auth_tokens_entry_remove(struct auth_tokens *tokens, struct auth_token_entry *entry)
{
	tdelete(entry, &tokens->tree, compare);
	tokens->count--;
	auth_tokens_entry_free(entry);
}

static int load_row(void *ctx, const struct auth_token *token, const uint8_t hash[SHA256_BYTES], struct err *err)
{
	struct auth_tokens *tokens = ctx;
	struct auth_token_entry *entry = NULL;
	int code = auth_tokens_entry_make(tokens, token, hash, &entry, err);

	if (code == 0)
		code = auth_tokens_entry_add(tokens, entry, err);
	if (code < 0)
		auth_tokens_entry_free(entry);
	return code;
}

int auth_tokens_open(const struct auth_tokens_options *options, struct auth_tokens **tokens_out, struct err *err)
{
	int64_t days = options->lifetime_max_days == 0 ? AUTH_TOKEN_DAYS_DEFAULT : options->lifetime_max_days;
	struct auth_tokens *tokens;
	int code;

	if (days < 1 || days > AUTH_TOKEN_DAYS_MAX)
		return err_set(err, AUTH_ERR_INVALID, "lifetime_max_days is %lld; 1 to %d were expected", (long long)days, AUTH_TOKEN_DAYS_MAX);
	tokens = calloc(1, sizeof(*tokens));
	if (tokens == NULL)
		return err_set(err, AUTH_ERR, "cannot hold tokens: out of memory");
	pthread_rwlock_init(&tokens->lock, NULL);
	pthread_mutex_init(&tokens->writing, NULL);
	tokens->store = options->store;
	tokens->clock = options->clock == NULL ? &clock_system : options->clock;
	tokens->lifetime_max_s = days * SECONDS_A_DAY;
	code = options->store->class->each(options->store, load_row, tokens, err);
	if (code < 0)
		auth_tokens_close(&tokens);
	else
		*tokens_out = tokens;
	return code;
}

void auth_tokens_close(struct auth_tokens **tokens)
{
	struct auth_tokens *t = *tokens;

	if (t == NULL)
		return;
	tdestroy(t->tree, free_node);
	pthread_mutex_destroy(&t->writing);
	pthread_rwlock_destroy(&t->lock);
	free(t);
	*tokens = NULL;
}

/* What an unknown id is compared with, so that it takes as long as a known one. */
static const uint8_t no_hash[SHA256_BYTES];

static int judge(const struct auth_token_entry *entry, const uint8_t hash[SHA256_BYTES], int64_t now_s, struct auth_answer *answer)
{
	struct slice kept = slice_make(entry == NULL ? no_hash : entry->hash, SHA256_BYTES);
	bool equal = bytes_equal_secret(kept, slice_make(hash, SHA256_BYTES));

	if (entry != NULL)
		memcpy(answer->credential, entry->id, AUTH_TOKEN_ID_BYTES);
	answer->credential[entry == NULL ? 0 : AUTH_TOKEN_ID_BYTES] = '\0';
	if (!equal || entry == NULL)
		return auth_answer_refuse(answer, AUTH_ERR_REFUSED, AUTH_REASON_UNKNOWN_TOKEN, "this token is not known here; ask for a new one");
	if (entry->revoked_s != 0)
		return auth_answer_refuse(
			answer, AUTH_ERR_REFUSED, AUTH_REASON_REVOKED, "the token %s was revoked; ask for a new one", answer->credential);
	if (now_s >= entry->identity->expires_s)
		return auth_answer_refuse(
			answer, AUTH_ERR_REFUSED, AUTH_REASON_EXPIRED, "the token %s has expired; ask for a new one", answer->credential);
	return auth_answer_accept(answer, auth_identity_ref(entry->identity));
}

int auth_tokens_check(struct auth_tokens *tokens, struct slice text, bool *from_directory_out, struct auth_answer *answer_out)
{
	int64_t now_s = clock_wall_us(tokens->clock) / 1000000;
	uint8_t hash[SHA256_BYTES];
	struct slice id;
	struct slice secret;
	const struct auth_token_entry *entry;
	int code;

	if (!auth_token_text_parse(text, &id, &secret))
		return auth_answer_refuse(answer_out, AUTH_ERR_REFUSED, AUTH_REASON_MALFORMED, "the token is cut or mistyped; copy it again");
	sha256(secret, hash);
	pthread_rwlock_rdlock(&tokens->lock);
	entry = auth_tokens_find(tokens, id);
	code = judge(entry, hash, now_s, answer_out);
	if (code == 0)
		*from_directory_out = !entry->groups_fixed;
	pthread_rwlock_unlock(&tokens->lock);
	return code;
}

struct gathering {
	const struct auth_token_entry **entries;
	size_t count;
};

static void gather(const void *node, VISIT visit, void *ctx)
{
	struct gathering *gathering = ctx;

	if (visit == postorder || visit == leaf)
		gathering->entries[gathering->count++] = *(struct auth_token_entry *const *)node;
}

static int by_age(const void *a, const void *b)
{
	const struct auth_token_entry *x = *(const struct auth_token_entry *const *)a;
	const struct auth_token_entry *y = *(const struct auth_token_entry *const *)b;

	if (x->created_s != y->created_s)
		return x->created_s < y->created_s ? -1 : 1;
	return memcmp(x->id, y->id, AUTH_TOKEN_ID_BYTES);
}

static struct auth_token token_of(const struct auth_token_entry *entry)
{
	const struct auth_identity *identity = entry->identity;

	return (struct auth_token){ .id = identity->credential,
		.user = identity->user,
		.scope = identity->scope,
		.groups_fixed = entry->groups_fixed,
		.groups = identity->groups,
		.groups_count = identity->groups_count,
		.modules = identity->modules,
		.modules_count = identity->modules_count,
		.created_s = entry->created_s,
		.expires_s = identity->expires_s,
		.revoked_s = entry->revoked_s };
}

int auth_tokens_list(struct auth_tokens *tokens, int (*each)(void *ctx, const struct auth_token *token), void *ctx, struct err *err)
{
	struct gathering gathering = { .count = 0 };
	int code = 0;

	pthread_rwlock_rdlock(&tokens->lock);
	gathering.entries = calloc(tokens->count + 1, sizeof(gathering.entries[0]));
	if (gathering.entries == NULL) {
		code = err_set(err, AUTH_ERR, "cannot list the tokens: out of memory");
	} else {
		twalk_r(tokens->tree, gather, &gathering);
		qsort(gathering.entries, gathering.count, sizeof(gathering.entries[0]), by_age);
	}
	for (size_t i = 0; i < gathering.count && code == 0; i++) {
		struct auth_token token = token_of(gathering.entries[i]);

		code = each(ctx, &token);
	}
	pthread_rwlock_unlock(&tokens->lock);
	free(gathering.entries);
	return code;
}
