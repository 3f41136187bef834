/* What memory alone can answer. */
#include "auth/core.h"

#include <string.h>

/* First byte: the kind, so that no two kinds share a key. Users and ids hold no NUL, so that user and password cannot be shifted. */
struct auth_key auth_key_of(struct auth *auth, const struct auth_credential *credential, const char *token_id)
{
	char bytes[1 + 2 * sizeof(uint64_t) + AUTH_USER_MAX + 1 + AUTH_PASSWORD_MAX];
	uint64_t age[2] = { atomic_load(&auth->epoch), 0 };
	struct auth_key key;
	size_t len = 0;

	if (credential->kind == AUTH_CREDENTIAL_JWT)
		age[1] = auth_jwt_generation(auth->jwt);
	bytes[len++] = (char)('0' + credential->kind);
	memcpy(bytes + len, age, sizeof(age));
	len += sizeof(age);
	switch (credential->kind) {
	case AUTH_CREDENTIAL_PASSWORD:
		memcpy(bytes + len, credential->user.ptr, credential->user.len);
		len += credential->user.len;
		bytes[len++] = '\0';
		memcpy(bytes + len, credential->secret.ptr, credential->secret.len);
		len += credential->secret.len;
		break;
	case AUTH_CREDENTIAL_JWT:
		sha256(credential->secret, (uint8_t *)bytes + len);
		len += SHA256_BYTES;
		break;
	case AUTH_CREDENTIAL_TOKEN:
		memcpy(bytes + len, token_id, strlen(token_id));
		len += strlen(token_id);
		break;
	case AUTH_CREDENTIAL_NONE:
		ASSERT(false);
	}
	sha256_two(slice_make(auth->salt, sizeof(auth->salt)), slice_make(bytes, len), key.bytes);
	explicit_bzero(bytes, sizeof(bytes));
	return key;
}

static bool in_any(const struct auth_identity *identity, const char *const *groups, size_t count)
{
	for (size_t i = 0; i < identity->groups_count; i++) {
		for (size_t j = 0; j < count; j++) {
			if (strcmp(identity->groups[i], groups[j]) == 0)
				return true;
		}
	}
	return false;
}

const struct auth_identity *auth_identity_with_roles(const struct auth *auth, const struct auth_identity *identity)
{
	struct auth_identity changed = *identity;

	if (in_any(identity, auth->admin_groups, auth->admin_groups_count))
		changed.scope = AUTH_SCOPE_ADMIN;
	else if (in_any(identity, auth->audit_groups, auth->audit_groups_count))
		changed.scope = AUTH_SCOPE_AUDIT;
	return auth_identity_copy(&changed);
}

const struct auth_identity *auth_identity_with_groups(const struct auth_identity *token, const struct auth_identity *person)
{
	struct auth_identity changed = *token;

	changed.user = person->user;
	changed.groups = person->groups;
	changed.groups_count = person->groups_count;
	return auth_identity_copy(&changed);
}

int auth_refuse_as(struct auth_answer *answer_out, enum auth_reason reason)
{
	const char *sentence = "user name or password is wrong";

	if (reason == AUTH_REASON_GROUPS_UNUSABLE)
		sentence = "the directory's groups of this user cannot be used (too many, or no names); ask those who run the directory";
	else if (reason == AUTH_REASON_USER_GONE)
		sentence = "the person this token was issued to is not in the directory; ask for a new token";
	return auth_answer_refuse(answer_out, AUTH_ERR_REFUSED, reason, "%s", sentence);
}

/* Takes the cached name over. */
static int refuse_again(const struct auth_cached *cached, struct auth_answer *answer)
{
	if (cached->identity != NULL)
		memcpy(answer->user, cached->identity->user, strlen(cached->identity->user) + 1);
	auth_identity_unref(cached->identity);
	return auth_refuse_as(answer, cached->reason);
}

/* From the caches of accepted and refused. */
static int recall_key(struct auth *auth, const struct auth_key *key, struct auth_cache *accepted, struct auth_answer *answer)
{
	int64_t now_us = clock_monotonic_us(auth->clock);
	struct auth_cached cached;

	if (auth_cache_get(accepted, key, now_us, &cached))
		return auth_answer_accept(answer, cached.identity);
	if (auth_cache_get(auth->refused, key, now_us, &cached))
		return refuse_again(&cached, answer);
	answer->code = AUTH_WOULD_BLOCK;
	return AUTH_WOULD_BLOCK;
}

static int recall_token(struct auth *auth, const struct auth_credential *credential, struct auth_key *key_out, struct auth_answer *answer)
{
	const struct auth_identity *token;
	bool from_directory = false;
	int code = auth_tokens_check(auth->tokens, credential->secret, &from_directory, answer);

	if (code < 0 || !from_directory || auth->directory == NULL)
		return code;
	token = answer->identity;
	answer->identity = NULL;
	*key_out = auth_key_of(auth, credential, answer->credential);
	code = recall_key(auth, key_out, auth->accepted, answer);
	if (code == AUTH_WOULD_BLOCK)
		answer->identity = token;
	else
		auth_identity_unref(token);
	return code;
}

static int recall_jwt(struct auth *auth, const struct auth_credential *credential, struct auth_key *key_out, struct auth_answer *answer)
{
	*key_out = auth_key_of(auth, credential, "");
	return recall_key(auth, key_out, auth->verified, answer);
}

int auth_recall(struct auth *auth, const struct auth_credential *credential, struct auth_key *key_out, struct auth_answer *answer_out)
{
	switch (credential->kind) {
	case AUTH_CREDENTIAL_TOKEN:
		return recall_token(auth, credential, key_out, answer_out);
	case AUTH_CREDENTIAL_JWT:
		return recall_jwt(auth, credential, key_out, answer_out);
	case AUTH_CREDENTIAL_PASSWORD:
		*key_out = auth_key_of(auth, credential, "");
		return recall_key(auth, key_out, auth->accepted, answer_out);
	case AUTH_CREDENTIAL_NONE:
		break;
	}
	return auth_answer_accept(answer_out, auth_identity_ref(auth->nobody));
}

static bool kind_is_on(const struct auth *auth, enum auth_credential_kind kind)
{
	switch (kind) {
	case AUTH_CREDENTIAL_TOKEN:
		return auth->tokens != NULL;
	case AUTH_CREDENTIAL_JWT:
		return auth->jwt != NULL;
	case AUTH_CREDENTIAL_PASSWORD:
		return auth->directory != NULL;
	case AUTH_CREDENTIAL_NONE:
		break;
	}
	return auth->anonymous;
}

static enum auth_method method_of(enum auth_credential_kind kind)
{
	static const enum auth_method methods[] = {
		[AUTH_CREDENTIAL_NONE] = AUTH_ANONYMOUS,
		[AUTH_CREDENTIAL_TOKEN] = AUTH_TOKEN,
		[AUTH_CREDENTIAL_JWT] = AUTH_JWT,
		[AUTH_CREDENTIAL_PASSWORD] = AUTH_LDAP,
	};

	return methods[kind];
}

int auth_refuse_parsed(struct auth *auth, enum auth_reason reason, const struct auth_credential *credential, struct auth_answer *answer_out)
{
	*answer_out = (struct auth_answer){ .method = method_of(credential->kind) };
	if (reason == AUTH_REASON_NO_CREDENTIAL && auth->anonymous)
		return 0;
	if (reason == AUTH_REASON_NO_CREDENTIAL)
		return auth_answer_refuse(answer_out, AUTH_ERR_MISSING, reason, "sign in first: this gateway serves nobody without a credential");
	if (reason == AUTH_REASON_NO_MEMORY)
		return auth_answer_no_memory(answer_out);
	if (reason == AUTH_REASON_EMPTY_PASSWORD)
		return auth_answer_refuse(answer_out, AUTH_ERR_REFUSED, reason, "the password is empty");
	if (reason != AUTH_REASON_NONE)
		return auth_answer_refuse(
			answer_out, AUTH_ERR_REFUSED, AUTH_REASON_MALFORMED, "the Authorization header cannot be read; use Basic or Bearer");
	if (!kind_is_on(auth, credential->kind))
		return auth_answer_refuse(answer_out, AUTH_ERR_REFUSED, AUTH_REASON_METHOD_OFF, "this gateway does not take this kind of credential");
	return 0;
}

int auth_try(struct auth *auth, struct slice authorization, struct auth_answer *answer_out)
{
	struct auth_credential credential;
	struct auth_key key;
	enum auth_reason reason = auth_credential_parse(authorization, &credential);
	int code = auth_refuse_parsed(auth, reason, &credential, answer_out);

	if (code == 0)
		code = auth_recall(auth, &credential, &key, answer_out);
	if (code == AUTH_WOULD_BLOCK) {
		auth_identity_unref(answer_out->identity);
		answer_out->identity = NULL;
	}
	auth_credential_wipe(&credential);
	return code;
}
