/* Issuing and revoking tokens: the store first, then memory. */
#include "auth/tokens_private.h"

#include <string.h>

#include "module/pattern.h"

static int check_groups(const struct auth_token_request *request, struct err *err)
{
	if (request->groups_count > 0 && !request->groups_fixed)
		return err_set(err, AUTH_ERR_INVALID, "groups were given, but the token is to take its groups from the directory");
	if (request->groups_count > AUTH_GROUPS_MAX)
		return err_set(err, AUTH_ERR_INVALID, "a token holds at most %d groups", AUTH_GROUPS_MAX);
	for (size_t i = 0; i < request->groups_count; i++) {
		if (!auth_name_ok(slice_of(request->groups[i]), AUTH_GROUP_MAX))
			return err_set(err, AUTH_ERR_INVALID, "group %zu is no name: 1 to %d bytes of UTF-8 without control characters were expected",
				i + 1, AUTH_GROUP_MAX);
	}
	return 0;
}

static int check_modules(const struct auth_token_request *request, struct err *err)
{
	if (request->modules_count > AUTH_MODULES_MAX)
		return err_set(err, AUTH_ERR_INVALID, "a token is limited by at most %d module patterns", AUTH_MODULES_MAX);
	for (size_t i = 0; i < request->modules_count; i++) {
		if (module_pattern_check(slice_of(request->modules[i]), err) < 0)
			return err_prepend(err, AUTH_ERR_INVALID, "module pattern %zu", i + 1);
		if (module_pattern_has_dots(slice_of(request->modules[i])))
			return err_set(err, AUTH_ERR_INVALID, "module pattern %zu: " MODULE_PATTERN_DOTS, i + 1);
	}
	return 0;
}

static int check_request(const struct auth_tokens *tokens, const struct auth_token_request *request, struct err *err)
{
	int64_t days_max = tokens->lifetime_max_s / SECONDS_A_DAY;
	int code;

	if (request->user == NULL || !auth_name_ok(slice_of(request->user), AUTH_USER_MAX))
		return err_set(
			err, AUTH_ERR_INVALID, "the user is no name: 1 to %d bytes of UTF-8 without control characters were expected", AUTH_USER_MAX);
	if (request->days < 0 || request->days > days_max)
		return err_set(err, AUTH_ERR_INVALID, "a token may live 1 to %lld days here (auth.tokens.lifetime_max_days), not %lld",
			(long long)days_max, (long long)request->days);
	if ((size_t)request->scope >= AUTH_SCOPES)
		return err_set(err, AUTH_ERR_INVALID, "the scope is none of read, audit, admin");
	code = check_groups(request, err);
	return code < 0 ? code : check_modules(request, err);
}

/* Into memory before the store: a token that rests is always one that memory had room for. It works once its text is handed out. */
static int keep(struct auth_tokens *tokens, const struct auth_token *token, const uint8_t hash[SHA256_BYTES], struct err *err)
{
	struct auth_token_entry *entry = NULL;
	int code = auth_tokens_entry_make(tokens, token, hash, &entry, err);

	if (code < 0)
		return code;
	pthread_rwlock_wrlock(&tokens->lock);
	code = auth_tokens_entry_add(tokens, entry, err);
	pthread_rwlock_unlock(&tokens->lock);
	if (code < 0) {
		auth_tokens_entry_free(entry);
		return code;
	}
	code = tokens->store->class->insert(tokens->store, token, hash, err);
	if (code < 0) {
		pthread_rwlock_wrlock(&tokens->lock);
		auth_tokens_entry_remove(tokens, entry);
		pthread_rwlock_unlock(&tokens->lock);
	}
	return code;
}

static int make_room(struct auth_tokens *tokens, int64_t now_s, struct err *err)
{
	bool full = tokens->count == AUTH_TOKENS_MAX;

	return auth_tokens_remove_ended(tokens, full ? now_s : now_s - AUTH_TOKEN_ENDED_DAYS * SECONDS_A_DAY, err);
}

int auth_tokens_issue(struct auth_tokens *tokens, const struct auth_token_request *request, char text_out[AUTH_TOKEN_TEXT_MAX], struct err *err)
{
	int64_t now_s = clock_wall_us(tokens->clock) / 1000000;
	char text[AUTH_TOKEN_TEXT_MAX];
	char id[AUTH_TOKEN_ID_BYTES + 1];
	uint8_t hash[SHA256_BYTES];
	struct slice unused;
	struct slice secret;
	struct auth_token token = { .id = id,
		.user = request->user,
		.scope = request->scope,
		.groups_fixed = request->groups_fixed,
		.groups = request->groups,
		.groups_count = request->groups_count,
		.modules = request->modules,
		.modules_count = request->modules_count,
		.created_s = now_s };
	int code = check_request(tokens, request, err);

	if (code < 0)
		return code;
	token.expires_s = now_s + (request->days == 0 ? tokens->lifetime_max_s : request->days * SECONDS_A_DAY);
	auth_token_text_make(text, id);
	ASSERT(auth_token_text_parse(slice_of(text), &unused, &secret));
	sha256(secret, hash);
	pthread_mutex_lock(&tokens->writing);
	code = make_room(tokens, now_s, err);
	if (code == 0)
		code = keep(tokens, &token, hash, err);
	pthread_mutex_unlock(&tokens->writing);
	if (code == 0)
		memcpy(text_out, text, sizeof(text));
	explicit_bzero(text, sizeof(text));
	return code;
}

static int revoked_already(struct slice id, int64_t revoked_s, struct err *err)
{
	char time[CLOCK_TEXT_MAX];

	clock_format_s(revoked_s, time);
	return err_set(err, AUTH_ERR_ABSENT, "the token %.*s was revoked already, at %s; nothing was changed", SLICE_ARG(id), time);
}

static int64_t *revoked_of(struct auth_tokens *tokens, struct slice id)
{
	struct auth_token_entry *entry = auth_tokens_find(tokens, id);

	return entry == NULL ? NULL : &entry->revoked_s;
}

int auth_tokens_revoke(struct auth_tokens *tokens, struct slice id, struct err *err)
{
	int64_t now_s = clock_wall_us(tokens->clock) / 1000000;
	char text[AUTH_TOKEN_ID_BYTES + 1] = "";
	int64_t *revoked;
	int code = 0;

	pthread_mutex_lock(&tokens->writing);
	/* Only holders of `writing` change entries, so this may be read without the lock. */
	revoked = revoked_of(tokens, id);
	if (revoked == NULL) {
		code = err_set(err, AUTH_ERR_ABSENT, "no token has this id; `modgate token list` shows those that exist");
	} else if (*revoked != 0) {
		code = revoked_already(id, *revoked, err);
	} else {
		memcpy(text, id.ptr, AUTH_TOKEN_ID_BYTES);
		code = tokens->store->class->revoke(tokens->store, text, now_s, err);
		if (code == 0) {
			pthread_rwlock_wrlock(&tokens->lock);
			*revoked = now_s;
			pthread_rwlock_unlock(&tokens->lock);
		}
	}
	pthread_mutex_unlock(&tokens->writing);
	return code;
}
