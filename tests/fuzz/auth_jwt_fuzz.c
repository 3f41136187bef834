/*
 * JWTs: the first line as a token is never accepted; the second as its claims, once a signature held, gives a sound identity or a refusal
 * with a reason; the whole as a JWKS.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "auth/jwt_private.h"
#include "tests/fuzz/fuzz.h"

#define NOW_S 1800000000
#define JWKS \
	"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"k\",\"x\":\"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY\"," \
	"\"y\":\"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU\"}]}"

static const char *const audiences[] = { "modgate" };
static const char *const algorithms[] = { "ES256", "RS256" };
static const struct auth_jwt_claim required[] = { { "repository", "corp/*" } };

static void check_token(const struct auth_jwt_options *options, struct slice token)
{
	struct auth_answer answer = { .code = 0 };
	struct auth_noter noter = { .note = NULL };
	struct auth_jwt *jwt = NULL;
	int64_t until_s;

	ASSERT(auth_jwt_open(options, 1, &clock_system, &noter, &jwt, NULL) == 0);
	ASSERT(auth_jwt_verify(jwt, token, &until_s, &answer) == AUTH_ERR_REFUSED);
	ASSERT(answer.identity == NULL && answer.reason != AUTH_REASON_NONE && answer.err.text[0] != '\0');
	auth_jwt_close(&jwt);
}

static void check_claims(const struct auth_jwt_options *options, struct slice text)
{
	struct jwt_issuer issuer = { .options = *options };
	struct auth_answer answer = { .code = 0 };
	struct json *claims = NULL;
	int64_t until_s = 0;

	if (json_parse(text, &claims, NULL) == 0 && auth_jwt_claims_check(&issuer, claims, NOW_S, &until_s, &answer) == 0) {
		ASSERT(until_s > NOW_S && until_s <= JWT_TIME_MAX + options->leeway_s);
		if (auth_jwt_claims_identity(&issuer, claims, &answer) == 0) {
			ASSERT(auth_name_ok(slice_of(answer.identity->user), AUTH_USER_MAX));
			ASSERT(answer.identity->groups_count <= AUTH_GROUPS_MAX && answer.identity->scope == AUTH_SCOPE_READ);
		}
	}
	ASSERT((answer.identity == NULL) == (answer.code < 0) || answer.reason == AUTH_REASON_NONE);
	auth_identity_unref(answer.identity);
	json_close(&claims);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct slice input = slice_make(bytes, len), token, claims;
	struct auth_noter noter = { .note = NULL };
	struct auth_key_set *keys = NULL;
	int file = memfd_create("jwks", 0);
	char path[64];
	struct auth_jwt_options options = { .issuer = "https://login.corp.example",
		.audiences = audiences,
		.audiences_count = 1,
		.algorithms = algorithms,
		.algorithms_count = 2,
		.jwks_file = path,
		.user_claim = "sub",
		.groups_claim = "realm.groups",
		.required = required,
		.required_count = 1,
		.leeway_s = 30 };

	ASSERT(file >= 0 && write(file, JWKS, strlen(JWKS)) == (ssize_t)strlen(JWKS));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	slice_cut(input, '\n', &token, &claims);
	check_token(&options, token);
	check_claims(&options, claims);
	if (auth_key_set_parse(input, "f.jwks", &noter, &keys, NULL) == 0)
		auth_key_set_unref(keys);
	close(file);
	return 0;
}
