/* What a JWT whose signature holds says, and whether that is enough. RFC 7519 section 4.1. */
#include "auth/jwt_private.h"

#include <string.h>

#include "module/pattern.h"

#define NAMES_BYTES_MAX (AUTH_HEADER_MAX + 64 * 1024)

const struct json *auth_jwt_claim(const struct json *object, const char *name)
{
	const struct json *value;

	/* Nothing is nowhere: else a name of many dots would be cut in every way there is. */
	if (object == NULL)
		return NULL;
	value = json_get(object, name);
	for (const char *dot = strchr(name, '.'); value == NULL && dot != NULL; dot = strchr(dot + 1, '.')) {
		char first[JWT_CLAIM_NAME_MAX + 1];
		size_t len = (size_t)(dot - name);

		ASSERT(len <= JWT_CLAIM_NAME_MAX);
		memcpy(first, name, len);
		first[len] = '\0';
		value = auth_jwt_claim(json_get(object, first), dot + 1);
	}
	return value;
}

static int missing(struct auth_answer *answer, const char *claim)
{
	return auth_answer_refuse(
		answer, AUTH_ERR_REFUSED, AUTH_REASON_MISSING_CLAIM, "the token's claim %.100s is missing or of the wrong type", claim);
}

static bool time_claim(const struct json *claims, const char *name, int64_t *seconds_out)
{
	int64_t seconds;

	if (!json_to_int(json_get(claims, name), &seconds) || seconds < 0 || seconds > JWT_TIME_MAX)
		return false;
	*seconds_out = seconds;
	return true;
}

static bool is_audience(const struct jwt_issuer *issuer, const struct json *value)
{
	struct slice text;

	for (size_t i = 0; json_to_text(value, &text) && i < issuer->options.audiences_count; i++) {
		if (slice_equal_text(text, issuer->options.audiences[i]))
			return true;
	}
	return false;
}

static int check_audience(const struct jwt_issuer *issuer, const struct json *claims, struct auth_answer *answer)
{
	const struct json *audience = json_get(claims, "aud");
	bool found = is_audience(issuer, audience);

	if (json_kind(audience) != JSON_KIND_TEXT && json_kind(audience) != JSON_KIND_ARRAY)
		return missing(answer, "aud");
	for (size_t i = 0; !found && i < json_count(audience); i++)
		found = is_audience(issuer, json_at(audience, i));
	if (!found)
		return auth_answer_refuse(
			answer, AUTH_ERR_REFUSED, AUTH_REASON_WRONG_AUDIENCE, "the token was made for another audience than this gateway");
	return 0;
}

/* nbf or iat: where present, it must have come. */
static int check_begun(const struct json *claims, const char *name, int64_t latest_s, struct auth_answer *answer)
{
	int64_t seconds;

	if (json_get(claims, name) == NULL)
		return 0;
	if (!time_claim(claims, name, &seconds))
		return missing(answer, name);
	if (seconds > latest_s)
		return auth_answer_refuse(
			answer, AUTH_ERR_REFUSED, AUTH_REASON_NOT_YET_VALID, "the token is not valid yet (%s); compare the clocks", name);
	return 0;
}

static int check_times(const struct jwt_issuer *issuer, const struct json *claims, int64_t now_s, int64_t *until_s_out, struct auth_answer *answer)
{
	int64_t leeway_s = issuer->options.leeway_s;
	int64_t expires_s;
	int code;

	if (!time_claim(claims, "exp", &expires_s))
		return missing(answer, "exp");
	if (now_s >= expires_s + leeway_s)
		return auth_answer_refuse(answer, AUTH_ERR_REFUSED, AUTH_REASON_EXPIRED, "the token has expired; get a new one");
	code = check_begun(claims, "nbf", now_s + leeway_s, answer);
	if (code == 0)
		code = check_begun(claims, "iat", now_s + leeway_s, answer);
	if (code == 0)
		*until_s_out = expires_s + leeway_s;
	return code;
}

static int check_required(const struct jwt_issuer *issuer, const struct json *claims, struct auth_answer *answer)
{
	for (size_t i = 0; i < issuer->options.required_count; i++) {
		const struct auth_jwt_claim *required = &issuer->options.required[i];
		struct slice text;

		if (!json_to_text(auth_jwt_claim(claims, required->claim), &text))
			return missing(answer, required->claim);
		if (!module_glob_match(slice_of(required->matches), text))
			return auth_answer_refuse(answer, AUTH_ERR_REFUSED, AUTH_REASON_CLAIM_MISMATCH,
				"the token's claim %.100s is not what this gateway requires", required->claim);
	}
	return 0;
}

int auth_jwt_claims_check(
	const struct jwt_issuer *issuer, const struct json *claims, int64_t now_s, int64_t *until_s_out, struct auth_answer *answer_out)
{
	int code = check_audience(issuer, claims, answer_out);

	if (code == 0)
		code = check_required(issuer, claims, answer_out);
	return code < 0 ? code : check_times(issuer, claims, now_s, until_s_out, answer_out);
}

static int add_group(struct auth_names *names, const struct json *value)
{
	struct slice text;

	return json_to_text(value, &text) ? auth_names_add(names, text) : AUTH_ERR_REFUSED;
}

static int add_groups(const struct jwt_issuer *issuer, const struct json *claims, struct auth_names *names)
{
	const struct json *groups = issuer->options.groups_claim == NULL ? NULL : auth_jwt_claim(claims, issuer->options.groups_claim);
	int code = 0;

	if (groups == NULL || json_kind(groups) == JSON_KIND_NULL)
		return 0;
	if (json_kind(groups) != JSON_KIND_ARRAY)
		return add_group(names, groups);
	for (size_t i = 0; code == 0 && i < json_count(groups); i++)
		code = add_group(names, json_at(groups, i));
	return code;
}

static int make_identity(const struct jwt_issuer *issuer, const struct json *claims, struct arena *arena, struct auth_answer *answer)
{
	struct auth_identity identity = { .method = AUTH_JWT, .scope = AUTH_SCOPE_READ, .credential = "" };
	struct auth_names names = { .arena = arena };
	const struct auth_identity *copy;
	struct slice user;
	int code;

	if (!json_to_text(auth_jwt_claim(claims, issuer->options.user_claim), &user) || !auth_name_ok(user, AUTH_USER_MAX))
		return auth_answer_refuse(
			answer, AUTH_ERR_REFUSED, AUTH_REASON_NO_USER_NAME, "the token's claim %.100s names no user", issuer->options.user_claim);
	code = add_groups(issuer, claims, &names);
	if (code == AUTH_ERR_REFUSED)
		return auth_answer_refuse(answer, code, AUTH_REASON_GROUPS_UNUSABLE, "the token's groups cannot be used: not names, or too many");
	identity.user = arena_text(arena, user);
	identity.groups = names.items;
	identity.groups_count = names.count;
	time_claim(claims, "exp", &identity.expires_s);
	copy = code < 0 || identity.user == NULL ? NULL : auth_identity_copy(&identity);
	return copy == NULL ? auth_answer_no_memory(answer) : auth_answer_accept(answer, copy);
}

int auth_jwt_claims_identity(const struct jwt_issuer *issuer, const struct json *claims, struct auth_answer *answer_out)
{
	struct arena *arena = arena_open(NAMES_BYTES_MAX);
	int code = arena == NULL ? auth_answer_no_memory(answer_out) : make_identity(issuer, claims, arena, answer_out);

	arena_close(&arena);
	return code;
}
