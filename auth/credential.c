/* Reads an Authorization header: scheme, then what kind of credential it carries. RFC 7617 (Basic), RFC 6750 (Bearer). */
#include "auth/auth_private.h"

#include <string.h>

static const struct slice token_prefix = { "mg_", 3 };

static bool jwt_character(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '=';
}

/*
 * Three parts of base64url, the first of which starts as an encoded '{' does: "my.pass.word" stays a password. Padding is let through
 * here, so that a padded JWT is refused as one instead of going to the directory.
 */
static bool looks_like_jwt(struct slice s)
{
	static const char second[] = "wxyz0123456789-_";
	size_t dots = 0;

	if (s.len < 3 || s.ptr[0] != 'e' || memchr(second, s.ptr[1], sizeof(second) - 1) == NULL)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '.' && ++dots <= 2)
			continue;
		if (!jwt_character(s.ptr[i]))
			return false;
	}
	return dots == 2;
}

/* Memory that will not move while it fills, so that no outgrown piece keeps a part of a secret. */
static void settle(struct buf *bytes, size_t bytes_max)
{
	static const char zeros[256];

	buf_init(bytes, bytes_max);
	for (size_t left = bytes_max; left > 0;) {
		size_t n = left < sizeof(zeros) ? left : sizeof(zeros);

		buf_add(bytes, zeros, n);
		left -= n;
	}
	if (!buf_failed(bytes))
		buf_reset(bytes);
}

static enum auth_reason parse_password(struct slice user, struct auth_credential *credential)
{
	credential->kind = AUTH_CREDENTIAL_PASSWORD;
	credential->user = user;
	if (credential->secret.len == 0)
		return AUTH_REASON_EMPTY_PASSWORD;
	return auth_name_ok(user, AUTH_USER_MAX) && credential->secret.len <= AUTH_PASSWORD_MAX ? AUTH_REASON_NONE : AUTH_REASON_MALFORMED;
}

static enum auth_reason parse_basic(struct slice value, struct auth_credential *credential)
{
	struct slice user;
	struct slice bytes;

	settle(&credential->bytes, value.len);
	if (buf_failed(&credential->bytes))
		return AUTH_REASON_NO_MEMORY;
	if (!base64_decode(value, &credential->bytes))
		return AUTH_REASON_MALFORMED;
	bytes = buf_slice(&credential->bytes);
	if (slice_has_nul(bytes) || slice_index(bytes, ':') < 0 || !slice_is_utf8(bytes))
		return AUTH_REASON_MALFORMED;
	slice_cut(bytes, ':', &user, &credential->secret);
	if (slice_starts(credential->secret, token_prefix))
		credential->kind = AUTH_CREDENTIAL_TOKEN;
	else if (looks_like_jwt(credential->secret))
		credential->kind = AUTH_CREDENTIAL_JWT;
	else
		return parse_password(user, credential);
	return AUTH_REASON_NONE;
}

static enum auth_reason parse_bearer(struct slice value, struct auth_credential *credential)
{
	for (size_t i = 0; i < value.len; i++) {
		if ((unsigned char)value.ptr[i] <= ' ' || (unsigned char)value.ptr[i] >= 0x7f)
			return AUTH_REASON_MALFORMED;
	}
	credential->kind = slice_starts(value, token_prefix) ? AUTH_CREDENTIAL_TOKEN : AUTH_CREDENTIAL_JWT;
	credential->secret = value;
	return AUTH_REASON_NONE;
}

enum auth_reason auth_credential_parse(struct slice authorization, struct auth_credential *credential_out)
{
	struct slice scheme;
	struct slice value;

	*credential_out = (struct auth_credential){ .kind = AUTH_CREDENTIAL_NONE };
	if (authorization.ptr == NULL)
		return AUTH_REASON_NO_CREDENTIAL;
	if (authorization.len > AUTH_HEADER_MAX || slice_has_nul(authorization) || !slice_cut(authorization, ' ', &scheme, &value) || value.len == 0)
		return AUTH_REASON_MALFORMED;
	if (slice_equal_nocase(scheme, SLICE("Basic")))
		return parse_basic(value, credential_out);
	if (slice_equal_nocase(scheme, SLICE("Bearer")))
		return parse_bearer(value, credential_out);
	return AUTH_REASON_MALFORMED;
}

bool auth_credential_copy(const struct auth_credential *from, struct auth_credential *credential_out)
{
	struct auth_credential copy = { .kind = from->kind };

	settle(&copy.bytes, from->user.len + from->secret.len);
	buf_add_slice(&copy.bytes, from->secret);
	buf_add_slice(&copy.bytes, from->user);
	if (buf_failed(&copy.bytes)) {
		auth_credential_wipe(&copy);
		return false;
	}
	copy.secret = slice_sub(buf_slice(&copy.bytes), 0, from->secret.len);
	copy.user = slice_sub(buf_slice(&copy.bytes), from->secret.len, from->secret.len + from->user.len);
	*credential_out = copy;
	return true;
}

void auth_credential_wipe(struct auth_credential *credential)
{
	buf_wipe(&credential->bytes);
	*credential = (struct auth_credential){ .kind = AUTH_CREDENTIAL_NONE };
}
