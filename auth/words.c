/* The words of auth that leave the program. */
#include "auth/auth.h"

static const char *const method_words[] = {
	[AUTH_ANONYMOUS] = "anonymous",
	[AUTH_TOKEN] = "token",
	[AUTH_LDAP] = "ldap",
	[AUTH_JWT] = "jwt",
};

static const char *const scope_words[] = {
	[AUTH_SCOPE_READ] = "read",
	[AUTH_SCOPE_AUDIT] = "audit",
	[AUTH_SCOPE_ADMIN] = "admin",
};

static const char *const reason_words[] = {
	[AUTH_REASON_NONE] = "",
	[AUTH_REASON_NO_CREDENTIAL] = "no_credential",
	[AUTH_REASON_MALFORMED] = "malformed",
	[AUTH_REASON_METHOD_OFF] = "method_off",
	[AUTH_REASON_EMPTY_PASSWORD] = "empty_password",
	[AUTH_REASON_UNKNOWN_TOKEN] = "unknown_token",
	[AUTH_REASON_EXPIRED] = "expired",
	[AUTH_REASON_REVOKED] = "revoked",
	[AUTH_REASON_WRONG_PASSWORD] = "wrong_password",
	[AUTH_REASON_NOT_ONE_ENTRY] = "not_one_entry",
	[AUTH_REASON_NO_USER_NAME] = "no_user_name",
	[AUTH_REASON_GROUPS_UNUSABLE] = "groups_unusable",
	[AUTH_REASON_USER_GONE] = "user_gone",
	[AUTH_REASON_DIRECTORY_UNAVAILABLE] = "directory_unavailable",
	[AUTH_REASON_BUSY] = "busy",
	[AUTH_REASON_THROTTLED] = "throttled",
	[AUTH_REASON_NO_MEMORY] = "no_memory",
	[AUTH_REASON_HEADER_REFUSED] = "header_refused",
	[AUTH_REASON_ALGORITHM] = "algorithm",
	[AUTH_REASON_UNKNOWN_KEY] = "unknown_key",
	[AUTH_REASON_BAD_SIGNATURE] = "bad_signature",
	[AUTH_REASON_WRONG_ISSUER] = "wrong_issuer",
	[AUTH_REASON_WRONG_AUDIENCE] = "wrong_audience",
	[AUTH_REASON_NOT_YET_VALID] = "not_yet_valid",
	[AUTH_REASON_MISSING_CLAIM] = "missing_claim",
	[AUTH_REASON_CLAIM_MISMATCH] = "claim_mismatch",
};

_Static_assert(sizeof(method_words) / sizeof(method_words[0]) == AUTH_METHODS, "a word for each method");
_Static_assert(sizeof(scope_words) / sizeof(scope_words[0]) == AUTH_SCOPES, "a word for each scope");
_Static_assert(sizeof(reason_words) / sizeof(reason_words[0]) == AUTH_REASONS, "a word for each reason");

const char *auth_method_word(enum auth_method method)
{
	ASSERT((size_t)method < AUTH_METHODS);
	return method_words[method];
}

const char *auth_scope_word(enum auth_scope scope)
{
	ASSERT((size_t)scope < AUTH_SCOPES);
	return scope_words[scope];
}

const char *auth_reason_word(enum auth_reason reason)
{
	ASSERT((size_t)reason < AUTH_REASONS);
	return reason_words[reason];
}

static bool find(const char *const *words, size_t count, struct slice word, size_t *index_out)
{
	for (size_t i = 0; i < count; i++) {
		if (slice_equal_text(word, words[i])) {
			*index_out = i;
			return true;
		}
	}
	return false;
}

bool auth_method_of(struct slice word, enum auth_method *method_out)
{
	size_t index;

	if (!find(method_words, AUTH_METHODS, word, &index))
		return false;
	*method_out = (enum auth_method)index;
	return true;
}

bool auth_scope_of(struct slice word, enum auth_scope *scope_out)
{
	size_t index;

	if (!find(scope_words, AUTH_SCOPES, word, &index))
		return false;
	*scope_out = (enum auth_scope)index;
	return true;
}
