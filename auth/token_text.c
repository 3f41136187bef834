/* The text of a token: "mg_" id "_" secret check, in base62. */
#include "auth/auth_private.h"

#include <string.h>

#define PREFIX_BYTES  3
#define CHECKED_BYTES (AUTH_TOKEN_BYTES - AUTH_TOKEN_CHECK_BYTES)
#define SECRET_AT     (PREFIX_BYTES + AUTH_TOKEN_ID_BYTES + 1)

static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* Every digit equally likely: random bytes beyond the last whole multiple of 62 are thrown away. */
static void random_digits(char *out, size_t len)
{
	for (size_t filled = 0; filled < len;) {
		uint8_t bytes[32];

		random_bytes(bytes, sizeof(bytes));
		for (size_t i = 0; i < sizeof(bytes) && filled < len; i++) {
			if (bytes[i] < 62 * 4)
				out[filled++] = alphabet[bytes[i] % 62];
		}
		explicit_bzero(bytes, sizeof(bytes));
	}
}

/* The first 32 bits of SHA-256 over what stands before. */
static void check_digits(const char *text, char out[AUTH_TOKEN_CHECK_BYTES])
{
	uint8_t digest[SHA256_BYTES];
	uint32_t number;

	sha256(slice_make(text, CHECKED_BYTES), digest);
	number = (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16 | (uint32_t)digest[2] << 8 | digest[3];
	for (size_t i = AUTH_TOKEN_CHECK_BYTES; i-- > 0; number /= 62)
		out[i] = alphabet[number % 62];
}

void auth_token_text_make(char text_out[AUTH_TOKEN_TEXT_MAX], char *id_out)
{
	memcpy(text_out, "mg_", PREFIX_BYTES);
	random_digits(text_out + PREFIX_BYTES, AUTH_TOKEN_ID_BYTES);
	text_out[SECRET_AT - 1] = '_';
	random_digits(text_out + SECRET_AT, AUTH_TOKEN_SECRET_BYTES);
	check_digits(text_out, text_out + CHECKED_BYTES);
	text_out[AUTH_TOKEN_BYTES] = '\0';
	memcpy(id_out, text_out + PREFIX_BYTES, AUTH_TOKEN_ID_BYTES);
	id_out[AUTH_TOKEN_ID_BYTES] = '\0';
}

static bool all_digits(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '\0' || strchr(alphabet, s.ptr[i]) == NULL)
			return false;
	}
	return true;
}

bool auth_token_text_parse(struct slice text, struct slice *id_out, struct slice *secret_out)
{
	struct slice id = slice_sub(text, PREFIX_BYTES, SECRET_AT - 1);
	struct slice secret = slice_sub(text, SECRET_AT, CHECKED_BYTES);
	char check[AUTH_TOKEN_CHECK_BYTES];

	if (text.len != AUTH_TOKEN_BYTES || !slice_starts(text, SLICE("mg_")) || text.ptr[SECRET_AT - 1] != '_')
		return false;
	if (!all_digits(id) || !all_digits(secret))
		return false;
	check_digits(text.ptr, check);
	if (memcmp(check, text.ptr + CHECKED_BYTES, sizeof(check)) != 0)
		return false;
	*id_out = id;
	*secret_out = secret;
	return true;
}

bool auth_token_id_of(struct slice text, struct slice *id_out)
{
	struct slice secret;

	return auth_token_text_parse(text, id_out, &secret);
}
