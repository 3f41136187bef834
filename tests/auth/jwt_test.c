#include "tests/auth/mint.h"
#include "tests/auth/notes.h"

#include "auth/jwt_private.h"

#define ISSUER    "https://login.corp.example"
#define ES_ISSUER "https://ci.corp.example"

/* Made once: keys take their time. */
static EVP_PKEY *rsa_a, *rsa_b, *ec_a, *ec_ci, *stranger_rsa, *stranger_ec;

static void write_keys(const char *path, const struct buf *keys)
{
	struct buf text = BUF_INIT(64 * 1024);
	struct err err = ERR_INIT;

	buf_printf(&text, "{\"keys\":[%s]}", buf_text(keys));
	if (file_write(path, buf_slice(&text), 0644, &err) < 0)
		fail_msg("%s", err.text);
	buf_free(&text);
}

/* The file with one key. */
static void write_key(const char *path, EVP_PKEY *key, const char *more)
{
	struct buf keys = BUF_INIT(16 * 1024);

	add_jwk(&keys, key, more);
	write_keys(path, &keys);
	buf_free(&keys);
}

static int setup(void **state)
{
	struct buf keys = BUF_INIT(16 * 1024);

	rsa_a = EVP_RSA_gen(2048);
	rsa_b = EVP_RSA_gen(2048);
	stranger_rsa = EVP_RSA_gen(2048);
	ec_a = EVP_EC_gen("P-256");
	ec_ci = EVP_EC_gen("P-256");
	stranger_ec = EVP_EC_gen("P-256");
	if (scratch_setup(state) != 0)
		return -1;
	add_jwk(&keys, rsa_a, ",\"kid\":\"rsa-a\",\"use\":\"sig\",\"alg\":\"RS256\"");
	add_jwk(&keys, rsa_b, ",\"kid\":\"rsa-b\"");
	add_jwk(&keys, ec_a, ",\"kid\":\"ec-a\",\"crv\":\"P-256\",\"key_ops\":[\"verify\"]");
	write_keys(scratch_path(state, "idp.jwks"), &keys);
	buf_free(&keys);
	write_key(scratch_path(state, "ci.jwks"), ec_ci, ",\"crv\":\"P-256\"");
	return 0;
}

static int teardown(void **state)
{
	EVP_PKEY *keys[] = { rsa_a, rsa_b, ec_a, ec_ci, stranger_rsa, stranger_ec };

	for (size_t i = 0; i < LENGTH(keys); i++)
		EVP_PKEY_free(keys[i]);
	buf_free(&notes);
	return scratch_teardown(state);
}

static const char *const audiences[] = { "modgate", "https://modgate.corp.example" };
static const char *const both[] = { "ES256", "RS256" };
static const char *const es_only[] = { "ES256" };
static const struct auth_jwt_claim ci_claims[] = { { "repository", "corp/*" }, { "environment.name", "production" } };

static struct auth_jwt *open_both(void **state)
{
	struct auth_jwt_options options[] = {
		{ .issuer = ISSUER,
			.audiences = audiences,
			.audiences_count = 2,
			.algorithms = both,
			.algorithms_count = 2,
			.jwks_file = scratch_path(state, "idp.jwks"),
			.groups_claim = "realm.roles",
			.leeway_s = 30 },
		{ .issuer = ES_ISSUER,
			.audiences = audiences,
			.audiences_count = 1,
			.algorithms = es_only,
			.algorithms_count = 1,
			.jwks_file = scratch_path(state, "ci.jwks"),
			.user_claim = "actor",
			.groups_claim = "https://corp.example/groups",
			.required = ci_claims,
			.required_count = 2 },
	};
	struct auth_jwt *jwt = NULL;
	struct err err = ERR_INIT;

	if (auth_jwt_open(options, 2, &turned_clock, &noter, &jwt, &err) < 0)
		fail_msg("%s", err.text);
	return jwt;
}

static int64_t wall_s(void)
{
	return clock_wall_us(&turned_clock) / 1000000;
}

/* Claims of a good token with something put in front: duplicate names are refused, so rows say everything they change. */
static char *claims_text(const char *format)
{
	struct buf out = BUF_INIT(64 * 1024);

	for (const char *at = format; *at != '\0'; at++) {
		char *end;

		/* @N: now and N seconds */
		if (*at != '@') {
			buf_add_char(&out, *at);
			continue;
		}
		buf_printf(&out, "%lld", (long long)(wall_s() + strtoll(at + 1, &end, 10)));
		at = end - 1;
	}
	return buf_take(&out);
}

static struct auth_answer verify(struct auth_jwt *jwt, const char *token)
{
	struct auth_answer answer = { .code = 0 };
	int64_t until_s;

	auth_jwt_verify(jwt, slice_of(token), &until_s, &answer);
	return answer;
}

/* The reason; the identity is let go. */
static enum auth_reason judge(struct auth_jwt *jwt, const char *token)
{
	struct auth_answer answer = verify(jwt, token);

	assert_true((answer.identity != NULL) == (answer.reason == AUTH_REASON_NONE) && (answer.code == 0) == (answer.reason == AUTH_REASON_NONE));
	auth_identity_unref(answer.identity);
	return answer.reason;
}

#define GOOD "\"iss\":\"" ISSUER "\",\"aud\":\"modgate\",\"exp\":@600,\"sub\":\"alice\""
#define RS   "{\"alg\":\"RS256\",\"kid\":\"rsa-a\""
#define ES   "{\"alg\":\"ES256\",\"kid\":\"ec-a\""

/* --- claims --------------------------------------------------------------------------------------------------------------------------------------- */

static void test_claims(void **state)
{
	static const struct {
		const char *name;
		const char *claims;
		enum auth_reason want;
	} rows[] = {
		{ "good", "{" GOOD "}", AUTH_REASON_NONE },
		{ "iss missing", "{\"aud\":\"modgate\",\"exp\":@600,\"sub\":\"alice\"}", AUTH_REASON_WRONG_ISSUER },
		{ "iss of another", "{\"iss\":\"https://evil.example\",\"aud\":\"modgate\",\"exp\":@600,\"sub\":\"alice\"}",
			AUTH_REASON_WRONG_ISSUER },
		{ "iss longer", "{\"iss\":\"" ISSUER "/\",\"aud\":\"modgate\",\"exp\":@600,\"sub\":\"alice\"}", AUTH_REASON_WRONG_ISSUER },
		{ "iss a list", "{\"iss\":[\"" ISSUER "\"],\"aud\":\"modgate\",\"exp\":@600,\"sub\":\"alice\"}", AUTH_REASON_WRONG_ISSUER },
		{ "aud missing", "{\"iss\":\"" ISSUER "\",\"exp\":@600,\"sub\":\"alice\"}", AUTH_REASON_MISSING_CLAIM },
		{ "aud the second", "{\"iss\":\"" ISSUER "\",\"aud\":\"https://modgate.corp.example\",\"exp\":@600,\"sub\":\"alice\"}",
			AUTH_REASON_NONE },
		{ "aud of another", "{\"iss\":\"" ISSUER "\",\"aud\":\"gitlab\",\"exp\":@600,\"sub\":\"alice\"}", AUTH_REASON_WRONG_AUDIENCE },
		{ "aud in another case", "{\"iss\":\"" ISSUER "\",\"aud\":\"Modgate\",\"exp\":@600,\"sub\":\"alice\"}", AUTH_REASON_WRONG_AUDIENCE },
		{ "aud in a list", "{\"iss\":\"" ISSUER "\",\"aud\":[\"gitlab\",\"modgate\"],\"exp\":@600,\"sub\":\"alice\"}", AUTH_REASON_NONE },
		{ "aud not in a list", "{\"iss\":\"" ISSUER "\",\"aud\":[\"gitlab\",1],\"exp\":@600,\"sub\":\"alice\"}", AUTH_REASON_WRONG_AUDIENCE },
		{ "aud an empty list", "{\"iss\":\"" ISSUER "\",\"aud\":[],\"exp\":@600,\"sub\":\"alice\"}", AUTH_REASON_WRONG_AUDIENCE },
		{ "aud a list in a list", "{\"iss\":\"" ISSUER "\",\"aud\":[[\"modgate\"]],\"exp\":@600,\"sub\":\"alice\"}",
			AUTH_REASON_WRONG_AUDIENCE },
		{ "aud an object", "{\"iss\":\"" ISSUER "\",\"aud\":{\"modgate\":1},\"exp\":@600,\"sub\":\"alice\"}", AUTH_REASON_MISSING_CLAIM },
		{ "exp missing", "{\"iss\":\"" ISSUER "\",\"aud\":\"modgate\",\"sub\":\"alice\"}", AUTH_REASON_MISSING_CLAIM },
		{ "exp a text", "{\"iss\":\"" ISSUER "\",\"aud\":\"modgate\",\"exp\":\"@600\",\"sub\":\"alice\"}", AUTH_REASON_MISSING_CLAIM },
		{ "exp a fraction", "{\"iss\":\"" ISSUER "\",\"aud\":\"modgate\",\"exp\":@600.5,\"sub\":\"alice\"}", AUTH_REASON_MISSING_CLAIM },
		{ "exp negative", "{\"iss\":\"" ISSUER "\",\"aud\":\"modgate\",\"exp\":-1,\"sub\":\"alice\"}", AUTH_REASON_MISSING_CLAIM },
		{ "exp beyond all time", "{\"iss\":\"" ISSUER "\",\"aud\":\"modgate\",\"exp\":9223372036854775807,\"sub\":\"alice\"}",
			AUTH_REASON_MISSING_CLAIM },
		{ "exp within leeway", "{\"iss\":\"" ISSUER "\",\"aud\":\"modgate\",\"exp\":@-29,\"sub\":\"alice\"}", AUTH_REASON_NONE },
		{ "exp at the end of leeway", "{\"iss\":\"" ISSUER "\",\"aud\":\"modgate\",\"exp\":@-30,\"sub\":\"alice\"}", AUTH_REASON_EXPIRED },
		{ "nbf at the end of leeway", "{" GOOD ",\"nbf\":@30}", AUTH_REASON_NONE },
		{ "nbf beyond leeway", "{" GOOD ",\"nbf\":@31}", AUTH_REASON_NOT_YET_VALID },
		{ "nbf a text", "{" GOOD ",\"nbf\":\"0\"}", AUTH_REASON_MISSING_CLAIM },
		{ "nbf null", "{" GOOD ",\"nbf\":null}", AUTH_REASON_MISSING_CLAIM },
		{ "iat at the end of leeway", "{" GOOD ",\"iat\":@30}", AUTH_REASON_NONE },
		{ "iat beyond leeway", "{" GOOD ",\"iat\":@31}", AUTH_REASON_NOT_YET_VALID },
		{ "sub missing", "{\"iss\":\"" ISSUER "\",\"aud\":\"modgate\",\"exp\":@600}", AUTH_REASON_NO_USER_NAME },
		{ "sub a number", "{\"iss\":\"" ISSUER "\",\"aud\":\"modgate\",\"exp\":@600,\"sub\":1}", AUTH_REASON_NO_USER_NAME },
		{ "sub a list", "{\"iss\":\"" ISSUER "\",\"aud\":\"modgate\",\"exp\":@600,\"sub\":[\"alice\"]}", AUTH_REASON_NO_USER_NAME },
		{ "sub empty", "{\"iss\":\"" ISSUER "\",\"aud\":\"modgate\",\"exp\":@600,\"sub\":\"\"}", AUTH_REASON_NO_USER_NAME },
		{ "sub with a line feed", "{\"iss\":\"" ISSUER "\",\"aud\":\"modgate\",\"exp\":@600,\"sub\":\"a\\nb\"}", AUTH_REASON_NO_USER_NAME },
		{ "sub with NUL", "{\"iss\":\"" ISSUER "\",\"aud\":\"modgate\",\"exp\":@600,\"sub\":\"alice\\u0000\"}", AUTH_REASON_MALFORMED },
		{ "sub twice", "{" GOOD ",\"sub\":\"bob\"}", AUTH_REASON_MALFORMED },
		{ "exp twice", "{" GOOD ",\"exp\":@9000}", AUTH_REASON_MALFORMED },
		{ "claims a list", "[{" GOOD "}]", AUTH_REASON_MALFORMED },
		{ "claims with a tail", "{" GOOD "} ", AUTH_REASON_NONE },
		{ "claims with garbage behind", "{" GOOD "}x", AUTH_REASON_MALFORMED },
		{ "groups a number", "{" GOOD ",\"realm\":{\"roles\":7}}", AUTH_REASON_GROUPS_UNUSABLE },
		{ "groups of numbers", "{" GOOD ",\"realm\":{\"roles\":[\"a\",7]}}", AUTH_REASON_GROUPS_UNUSABLE },
		{ "group empty", "{" GOOD ",\"realm\":{\"roles\":[\"\"]}}", AUTH_REASON_GROUPS_UNUSABLE },
		{ "groups an object", "{" GOOD ",\"realm\":{\"roles\":{\"a\":1}}}", AUTH_REASON_GROUPS_UNUSABLE },
		{ "groups null", "{" GOOD ",\"realm\":{\"roles\":null}}", AUTH_REASON_NONE },
	};
	struct auth_jwt *jwt = open_both(state);
	EVP_PKEY *keys[] = { rsa_a, ec_a };
	static const char *const headers[] = { RS "}", ES "}" };

	for (size_t i = 0; i < LENGTH(rows); i++) {
		char *claims = claims_text(rows[i].claims);

		for (size_t j = 0; j < LENGTH(keys); j++) {
			char *token = forge(keys[j], headers[j], claims, false);

			CHECK(rows[i].name, judge(jwt, token) == rows[i].want);
			free(token);
		}
		free(claims);
	}
	auth_jwt_close(&jwt);
}

/* --- header and form ---------------------------------------------------------------------------------------------------------------------------------- */

static void test_headers(void **state)
{
	static const struct {
		const char *name;
		const char *header;
		enum auth_reason want;
	} rows[] = {
		{ "good", RS "}", AUTH_REASON_NONE },
		{ "typ JWT", RS ",\"typ\":\"JWT\"}", AUTH_REASON_NONE },
		{ "typ at+jwt", RS ",\"typ\":\"at+JWT\"}", AUTH_REASON_NONE },
		{ "typ of a logout token", RS ",\"typ\":\"logout+jwt\"}", AUTH_REASON_HEADER_REFUSED },
		{ "typ a number", RS ",\"typ\":1}", AUTH_REASON_HEADER_REFUSED },
		{ "crit", RS ",\"crit\":[\"exp\"]}", AUTH_REASON_HEADER_REFUSED },
		{ "crit empty", RS ",\"crit\":[]}", AUTH_REASON_HEADER_REFUSED },
		{ "crit null", RS ",\"crit\":null}", AUTH_REASON_HEADER_REFUSED },
		{ "b64", RS ",\"b64\":false}", AUTH_REASON_HEADER_REFUSED },
		{ "jku", RS ",\"jku\":\"https://evil.example/keys\"}", AUTH_REASON_HEADER_REFUSED },
		{ "x5u", RS ",\"x5u\":\"https://evil.example/key\"}", AUTH_REASON_HEADER_REFUSED },
		{ "x5c", RS ",\"x5c\":[]}", AUTH_REASON_HEADER_REFUSED },
		{ "jwk", RS ",\"jwk\":{\"kty\":\"RSA\"}}", AUTH_REASON_HEADER_REFUSED },
		{ "alg twice", "{\"alg\":\"RS256\",\"alg\":\"RS256\",\"kid\":\"rsa-a\"}", AUTH_REASON_MALFORMED },
		{ "alg twice, spelt twice", "{\"alg\":\"RS256\",\"\\u0061lg\":\"none\",\"kid\":\"rsa-a\"}", AUTH_REASON_MALFORMED },
		{ "alg missing", "{\"kid\":\"rsa-a\"}", AUTH_REASON_ALGORITHM },
		{ "alg none", "{\"alg\":\"none\",\"kid\":\"rsa-a\"}", AUTH_REASON_ALGORITHM },
		{ "alg hs256", "{\"alg\":\"hs256\",\"kid\":\"rsa-a\"}", AUTH_REASON_ALGORITHM },
		{ "alg rs256", "{\"alg\":\"rs256\",\"kid\":\"rsa-a\"}", AUTH_REASON_ALGORITHM },
		{ "alg RS512", "{\"alg\":\"RS512\",\"kid\":\"rsa-a\"}", AUTH_REASON_ALGORITHM },
		{ "alg PS256", "{\"alg\":\"PS256\",\"kid\":\"rsa-a\"}", AUTH_REASON_ALGORITHM },
		{ "alg a list", "{\"alg\":[\"RS256\"],\"kid\":\"rsa-a\"}", AUTH_REASON_ALGORITHM },
		{ "alg of another key's type", "{\"alg\":\"ES256\",\"kid\":\"rsa-a\"}", AUTH_REASON_UNKNOWN_KEY },
		{ "kid of another type's key", "{\"alg\":\"RS256\",\"kid\":\"ec-a\"}", AUTH_REASON_UNKNOWN_KEY },
		{ "kid of another key", "{\"alg\":\"RS256\",\"kid\":\"rsa-b\"}", AUTH_REASON_BAD_SIGNATURE },
		{ "kid unknown", "{\"alg\":\"RS256\",\"kid\":\"rsa-c\"}", AUTH_REASON_UNKNOWN_KEY },
		{ "kid empty", "{\"alg\":\"RS256\",\"kid\":\"\"}", AUTH_REASON_UNKNOWN_KEY },
		{ "kid missing, two would fit", "{\"alg\":\"RS256\"}", AUTH_REASON_UNKNOWN_KEY },
		{ "kid a number", "{\"alg\":\"RS256\",\"kid\":1}", AUTH_REASON_HEADER_REFUSED },
		{ "a path for a kid", "{\"alg\":\"RS256\",\"kid\":\"../../dev/null\"}", AUTH_REASON_UNKNOWN_KEY },
		{ "no JSON", "alg", AUTH_REASON_MALFORMED },
		{ "a list", "[" RS "}]", AUTH_REASON_MALFORMED },
	};
	struct auth_jwt *jwt = open_both(state);
	char *claims = claims_text("{" GOOD "}");

	for (size_t i = 0; i < LENGTH(rows); i++) {
		char *token = forge(rsa_a, rows[i].header, claims, false);

		CHECK(rows[i].name, judge(jwt, token) == rows[i].want);
		free(token);
	}
	free(claims);
	auth_jwt_close(&jwt);
}

/* What libjwt itself would take, or mints without a word. */
static void test_minted(void **state)
{
	char *rsa_private = pem_of(rsa_a, true), *rsa_public = pem_of(rsa_a, false);
	char *ec_private = pem_of(ec_a, true), *ec_public = pem_of(ec_a, false);
	char *evil_rsa = pem_of(stranger_rsa, true), *evil_ec = pem_of(stranger_ec, true);
	const struct {
		const char *name;
		jwt_alg_t algorithm;
		const char *key;
		const char *headers;
		enum auth_reason want;
	} rows[] = {
		{ "RS256", JWT_ALG_RS256, rsa_private, "{\"kid\":\"rsa-a\"}", AUTH_REASON_NONE },
		{ "ES256", JWT_ALG_ES256, ec_private, "{\"kid\":\"ec-a\"}", AUTH_REASON_NONE },
		{ "ES256, the only key", JWT_ALG_ES256, ec_private, NULL, AUTH_REASON_NONE },
		{ "RS256, two keys", JWT_ALG_RS256, rsa_private, NULL, AUTH_REASON_UNKNOWN_KEY },
		{ "RS384", JWT_ALG_RS384, rsa_private, "{\"kid\":\"rsa-a\"}", AUTH_REASON_ALGORITHM },
		{ "HS256 by the RSA key's public PEM", JWT_ALG_HS256, rsa_public, "{\"kid\":\"rsa-a\"}", AUTH_REASON_ALGORITHM },
		{ "HS256 by the EC key's public PEM", JWT_ALG_HS256, ec_public, "{\"kid\":\"ec-a\"}", AUTH_REASON_ALGORITHM },
		{ "none", JWT_ALG_NONE, NULL, "{\"kid\":\"rsa-a\"}", AUTH_REASON_MALFORMED },
		{ "another's RSA key", JWT_ALG_RS256, evil_rsa, "{\"kid\":\"rsa-a\"}", AUTH_REASON_BAD_SIGNATURE },
		{ "another's EC key", JWT_ALG_ES256, evil_ec, "{\"kid\":\"ec-a\"}", AUTH_REASON_BAD_SIGNATURE },
	};
	struct auth_jwt *jwt = open_both(state);
	char *claims = claims_text("{" GOOD "}");
	char *pems[] = { rsa_private, rsa_public, ec_private, ec_public, evil_rsa, evil_ec };

	for (size_t i = 0; i < LENGTH(rows); i++) {
		char *token = mint(rows[i].algorithm, rows[i].key, rows[i].headers, claims);

		CHECK(rows[i].name, judge(jwt, token) == rows[i].want);
		free(token);
	}
	for (size_t i = 0; i < LENGTH(pems); i++)
		free(pems[i]);
	free(claims);
	auth_jwt_close(&jwt);
}

static void test_form(void **state)
{
	struct auth_jwt *jwt = open_both(state);
	char *claims = claims_text("{" GOOD "}");
	char *good = forge(ec_a, ES "}", claims, false);
	struct slice whole = slice_of(good);
	size_t first = (size_t)slice_index(whole, '.');
	size_t last = (size_t)slice_last_index(whole, '.');
	const struct {
		const char *name;
		struct slice before;
		const char *between;
		struct slice after;
		enum auth_reason want;
	} rows[] = {
		{ "whole", whole, "", SLICE_NONE, AUTH_REASON_NONE },
		{ "nothing", SLICE_NONE, "", SLICE_NONE, AUTH_REASON_MALFORMED },
		{ "padded header", slice_sub(whole, 0, first), "=", slice_after(whole, first), AUTH_REASON_MALFORMED },
		{ "padded claims", slice_sub(whole, 0, last), "==", slice_after(whole, last), AUTH_REASON_MALFORMED },
		{ "padded signature", whole, "==", SLICE_NONE, AUTH_REASON_MALFORMED },
		{ "two parts", slice_sub(whole, 0, last), "", SLICE_NONE, AUTH_REASON_MALFORMED },
		{ "no signature", slice_sub(whole, 0, last + 1), "", SLICE_NONE, AUTH_REASON_MALFORMED },
		{ "four parts", whole, ".AAAA", SLICE_NONE, AUTH_REASON_MALFORMED },
		{ "line feed behind", whole, "\n", SLICE_NONE, AUTH_REASON_MALFORMED },
		{ "space before", SLICE_NONE, " ", whole, AUTH_REASON_MALFORMED },
		{ "standard alphabet", slice_sub(whole, 0, last + 1), "++//", slice_after(whole, last + 5), AUTH_REASON_MALFORMED },
		{ "signature cut", slice_sub(whole, 0, whole.len - 2), "", SLICE_NONE, AUTH_REASON_BAD_SIGNATURE },
		{ "signature longer", slice_sub(whole, 0, last + 1), "AAAA", slice_after(whole, last + 1), AUTH_REASON_BAD_SIGNATURE },
		{ "signature with a tail", whole, "AA", SLICE_NONE, AUTH_REASON_BAD_SIGNATURE },
		{ "signature of zeros", slice_sub(whole, 0, last + 1),
			"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", SLICE_NONE,
			AUTH_REASON_BAD_SIGNATURE },
	};

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct buf token = BUF_INIT(64 * 1024);

		buf_add_slice(&token, rows[i].before);
		buf_add_text(&token, rows[i].between);
		buf_add_slice(&token, rows[i].after);
		CHECK(rows[i].name, judge(jwt, buf_text(&token)) == rows[i].want);
		buf_free(&token);
	}
	free(good);
	free(claims);
	auth_jwt_close(&jwt);
}

/* A signature in DER, and every single bit of a good token turned over. */
static void test_signature(void **state)
{
	struct auth_jwt *jwt = open_both(state);
	char *claims = claims_text("{" GOOD "}");
	char *token = forge(ec_a, ES "}", claims, true);

	assert_int_equal(judge(jwt, token), AUTH_REASON_BAD_SIGNATURE);
	free(token);
	token = forge(ec_a, ES "}", claims, false);
	for (size_t i = 0; token[i] != '\0'; i++) {
		char was = token[i];

		if (was == '.')
			continue;
		token[i] = was == 'A' ? 'B' : 'A';
		CHECK(token, judge(jwt, token) != AUTH_REASON_NONE);
		token[i] = was;
	}
	assert_int_equal(judge(jwt, token), AUTH_REASON_NONE);
	free(token);
	free(claims);
	auth_jwt_close(&jwt);
}

/* --- issuers and identities ------------------------------------------------------------------------------------------------------------------------------ */

#define CI "\"iss\":\"" ES_ISSUER "\",\"aud\":\"modgate\",\"exp\":@600,\"actor\":\"robot\""

static void test_issuers(void **state)
{
	const struct {
		const char *name;
		EVP_PKEY *key;
		const char *header;
		const char *claims;
		enum auth_reason want;
	} rows[] = {
		{ "good", ec_ci, "{\"alg\":\"ES256\"}", "{" CI ",\"repository\":\"corp/one\",\"environment\":{\"name\":\"production\"}}",
			AUTH_REASON_NONE },
		{ "the other issuer's key", ec_a, "{\"alg\":\"ES256\"}",
			"{" CI ",\"repository\":\"corp/one\",\"environment\":{\"name\":\"production\"}}", AUTH_REASON_BAD_SIGNATURE },
		{ "the other issuer's kid", ec_a, ES "}", "{" CI ",\"repository\":\"corp/one\",\"environment\":{\"name\":\"production\"}}",
			AUTH_REASON_UNKNOWN_KEY },
		{ "an algorithm of the other issuer", rsa_a, RS "}", "{" CI ",\"repository\":\"corp/one\",\"environment\":{\"name\":\"production\"}}",
			AUTH_REASON_ALGORITHM },
		{ "no leeway here", ec_ci, "{\"alg\":\"ES256\"}",
			"{" CI ",\"nbf\":@1,\"repository\":\"corp/one\",\"environment\":{\"name\":\"production\"}}", AUTH_REASON_NOT_YET_VALID },
		{ "a fork", ec_ci, "{\"alg\":\"ES256\"}", "{" CI ",\"repository\":\"mallory/one\",\"environment\":{\"name\":\"production\"}}",
			AUTH_REASON_CLAIM_MISMATCH },
		{ "deeper than the pattern", ec_ci, "{\"alg\":\"ES256\"}",
			"{" CI ",\"repository\":\"corp/a/b\",\"environment\":{\"name\":\"production\"}}", AUTH_REASON_CLAIM_MISMATCH },
		{ "another environment", ec_ci, "{\"alg\":\"ES256\"}", "{" CI ",\"repository\":\"corp/one\",\"environment\":{\"name\":\"test\"}}",
			AUTH_REASON_CLAIM_MISMATCH },
		{ "no environment", ec_ci, "{\"alg\":\"ES256\"}", "{" CI ",\"repository\":\"corp/one\"}", AUTH_REASON_MISSING_CLAIM },
		{ "repositories", ec_ci, "{\"alg\":\"ES256\"}", "{" CI ",\"repository\":[\"corp/one\"],\"environment\":{\"name\":\"production\"}}",
			AUTH_REASON_MISSING_CLAIM },
		{ "no actor", ec_ci, "{\"alg\":\"ES256\"}",
			"{\"iss\":\"" ES_ISSUER
			"\",\"aud\":\"modgate\",\"exp\":@600,\"sub\":\"x\",\"repository\":\"corp/one\",\"environment\":{\"name\":\"production\"}}",
			AUTH_REASON_NO_USER_NAME },
		{ "an audience of the other issuer", ec_ci, "{\"alg\":\"ES256\"}",
			"{\"iss\":\"" ES_ISSUER
			"\",\"aud\":\"https://modgate.corp.example\",\"exp\":@600,\"actor\":\"x\",\"repository\":\"corp/one\","
			"\"environment\":{\"name\":\"production\"}}",
			AUTH_REASON_WRONG_AUDIENCE },
	};
	struct auth_jwt *jwt = open_both(state);

	for (size_t i = 0; i < LENGTH(rows); i++) {
		char *claims = claims_text(rows[i].claims);
		char *token = forge(rows[i].key, rows[i].header, claims, false);

		CHECK(rows[i].name, judge(jwt, token) == rows[i].want);
		free(token);
		free(claims);
	}
	auth_jwt_close(&jwt);
}

static void test_identity(void **state)
{
	static const struct {
		const char *name;
		const char *claims; /* behind GOOD */
		const char *want;   /* user, groups */
	} rows[] = {
		{ "no groups", "", "alice" },
		{ "nested", ",\"realm\":{\"roles\":[\"payments\",\"a b\"]}", "alice payments a b" },
		{ "one text", ",\"realm\":{\"roles\":\"payments\"}", "alice payments" },
		{ "the dotted name itself", ",\"realm.roles\":[\"x\"]", "alice x" },
		{ "the dotted name first", ",\"realm\":{\"roles\":[\"y\"]},\"realm.roles\":[\"x\"]", "alice x" },
		{ "nothing there", ",\"realm\":{\"rules\":[\"y\"]}", "alice" },
		{ "no object there", ",\"realm\":\"roles\"", "alice" },
	};
	struct auth_jwt *jwt = open_both(state);

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct buf text = BUF_INIT(4096);
		struct buf got = BUF_INIT(4096);
		struct auth_answer answer;
		char *claims;
		char *token;

		buf_printf(&text, "{" GOOD "%s}", rows[i].claims);
		claims = claims_text(buf_text(&text));
		token = forge(rsa_a, RS "}", claims, false);
		answer = verify(jwt, token);
		CHECK(rows[i].name, answer.code == 0);
		buf_add_text(&got, answer.identity->user);
		for (size_t j = 0; j < answer.identity->groups_count; j++)
			buf_printf(&got, " %s", answer.identity->groups[j]);
		CHECK(rows[i].name, strcmp(buf_text(&got), rows[i].want) == 0);
		CHECK(rows[i].name, answer.identity->method == AUTH_JWT && answer.identity->scope == AUTH_SCOPE_READ);
		CHECK(rows[i].name, answer.identity->expires_s == wall_s() + 600);
		auth_identity_unref(answer.identity);
		free(token);
		free(claims);
		buf_free(&text);
		buf_free(&got);
	}
	auth_jwt_close(&jwt);
}

#define DEEP 30

/* A name of many dots, over nothing and over objects within objects: not every way to cut it is gone. */
static void test_dots(void **state)
{
	struct buf name = BUF_INIT(JWT_CLAIM_NAME_MAX), text = BUF_INIT(4096);
	struct json *nothing = NULL, *deep = NULL;
	struct slice found;

	(void)state;
	for (int i = 0; i < DEEP; i++)
		buf_add_text(&text, "{\"a\":");
	buf_add_text(&text, "\"found\"");
	for (int i = 0; i < DEEP; i++) {
		buf_add_text(&name, i == 0 ? "a" : ".a");
		buf_add_char(&text, '}');
	}
	assert_int_equal(json_parse(SLICE("{\"b\":{}}"), &nothing, NULL), 0);
	assert_int_equal(json_parse(buf_slice(&text), &deep, NULL), 0);
	assert_null(auth_jwt_claim(nothing, buf_text(&name)));
	assert_true(json_to_text(auth_jwt_claim(deep, buf_text(&name)), &found));
	assert_true(slice_equal_text(found, "found"));
	while (name.len < JWT_CLAIM_NAME_MAX - 2)
		buf_add_text(&name, ".b");
	assert_null(auth_jwt_claim(deep, buf_text(&name)));
	assert_null(auth_jwt_claim(nothing, buf_text(&name)));
	json_close(&nothing);
	json_close(&deep);
	buf_free(&name);
	buf_free(&text);
}

static enum auth_reason judge_sized(struct auth_jwt *jwt, size_t user_bytes, size_t groups)
{
	struct buf text = BUF_INIT(64 * 1024);
	enum auth_reason reason;
	char *claims;
	char *token;

	buf_add_text(&text, "{\"iss\":\"" ISSUER "\",\"aud\":\"modgate\",\"exp\":@600,\"sub\":\"");
	for (size_t i = 0; i < user_bytes; i++)
		buf_add_char(&text, 'u');
	buf_add_text(&text, "\",\"realm\":{\"roles\":[");
	for (size_t i = 0; i < groups; i++)
		buf_printf(&text, "%s\"%zu\"", i == 0 ? "" : ",", i);
	buf_add_text(&text, "]}}");
	claims = claims_text(buf_text(&text));
	token = forge(ec_a, ES "}", claims, false);
	reason = judge(jwt, token);
	free(token);
	free(claims);
	buf_free(&text);
	return reason;
}

static void test_limits(void **state)
{
	struct auth_jwt *jwt = open_both(state);

	assert_int_equal(judge_sized(jwt, AUTH_USER_MAX, 0), AUTH_REASON_NONE);
	assert_int_equal(judge_sized(jwt, AUTH_USER_MAX + 1, 0), AUTH_REASON_NO_USER_NAME);
	assert_int_equal(judge_sized(jwt, 1, AUTH_GROUPS_MAX), AUTH_REASON_NONE);
	assert_int_equal(judge_sized(jwt, 1, AUTH_GROUPS_MAX + 1), AUTH_REASON_GROUPS_UNUSABLE);
	auth_jwt_close(&jwt);
}

/* --- settings -------------------------------------------------------------------------------------------------------------------------------------------- */

static void test_options(void **state)
{
	static const char *const hs[] = { "HS256" };
	static const char *const none[] = { "none" };
	static const char *const lower[] = { "rs256" };
	static const char *const nobody[] = { "" };
	static const struct auth_jwt_claim unbound[] = { { "repository", "" } };
	static const struct auth_jwt_claim nameless[] = { { "", "x" } };
	static const struct auth_jwt_claim broken[] = { { "repository", "[" } };
	char file[512];
	const struct auth_jwt_options good = {
		.issuer = ISSUER, .audiences = audiences, .audiences_count = 1, .algorithms = both, .algorithms_count = 2, .jwks_file = file
	};
	struct auth_jwt_options rows[14];
	static const char *const wants[] = { "issuer", "audiences", "audiences", "algorithms", "algorithms", "algorithms", "algorithms",
		"required_claims", "required_claims", "required_claims", "leeway_s", "leeway_s", "jwks_file", "user_claim" };

	_Static_assert(LENGTH(rows) == LENGTH(wants), "a word for each row");
	snprintf(file, sizeof(file), "%s", scratch_path(state, "idp.jwks"));
	for (size_t i = 0; i < LENGTH(rows); i++)
		rows[i] = good;
	rows[0].issuer = "";
	rows[1].audiences_count = 0;
	rows[2].audiences = nobody;
	rows[3].algorithms_count = 0;
	rows[4].algorithms = hs, rows[4].algorithms_count = 1;
	rows[5].algorithms = none, rows[5].algorithms_count = 1;
	rows[6].algorithms = lower, rows[6].algorithms_count = 1;
	rows[7].required = unbound, rows[7].required_count = 1;
	rows[8].required = nameless, rows[8].required_count = 1;
	rows[9].required = broken, rows[9].required_count = 1;
	rows[10].leeway_s = 61;
	rows[11].leeway_s = -1;
	rows[12].jwks_file = NULL;
	rows[13].user_claim = "";
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct auth_jwt *jwt = NULL;
		struct err err = ERR_INIT;

		CHECK(wants[i], auth_jwt_open(&rows[i], 1, &turned_clock, &noter, &jwt, &err) == AUTH_ERR_INVALID);
		CHECK(wants[i], jwt == NULL && strstr(err.text, wants[i]) != NULL);
	}
	rows[0] = rows[1] = good;
	rows[0].leeway_s = 60;
	for (size_t count = 1; count <= 2; count++) {
		struct auth_jwt *jwt = NULL;

		assert_int_equal(auth_jwt_open(rows, count, &turned_clock, &noter, &jwt, NULL), count == 1 ? 0 : AUTH_ERR_INVALID);
		auth_jwt_close(&jwt);
	}
}

/* --- key files --------------------------------------------------------------------------------------------------------------------------------------------- */

static int open_text(const char *text, struct err *err)
{
	struct auth_key_set *set = NULL;
	int code = auth_key_set_parse(slice_of(text), "keys", &noter, &set, err);

	auth_key_set_unref(set);
	return code;
}

static void test_key_files(void **state)
{
	static const struct {
		const char *text;
		const char *want;
	} rows[] = {
		{ "", "keys" },
		{ "[]", "no JWKS" },
		{ "{}", "no JWKS" },
		{ "{\"keys\":{}}", "no JWKS" },
		{ "{\"keys\":[]}", "empty" },
		{ "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}", "neither RSA nor EC" },
		{ "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}]}", "neither RSA nor EC" },
		{ "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB\"}]}", "RSA key" },
		{ "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}", "2048" },
		{ "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB==\",\"e\":\"AQAB\"}]}", "RSA key" },
		{ "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"AAAA\",\"y\":\"AAAA\"}]}", "P-256" },
		{ "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\",\"y\":\"AAAA\"}]}", "no point" },
		{ "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE\","
		  "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE\"}]}",
			"no point" },
		{ "{\"keys\":[{\"kty\":\"EC\",\"kty\":\"EC\"}]}", "keys" },
		{ "{\"keys\":[7]}", "neither RSA nor EC" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct err err = ERR_INIT;

		CHECK(rows[i].text, open_text(rows[i].text, &err) == AUTH_ERR);
		CHECK(rows[i].text, strstr(err.text, rows[i].want) != NULL);
	}
}

/* Members that limit a good key; and a key too small. */
static void test_key_members(void **state)
{
	EVP_PKEY *small = EVP_RSA_gen(1024);
	const struct {
		const char *name;
		EVP_PKEY *key;
		const char *more;
		bool taken;
	} rows[] = {
		{ "plain", rsa_a, "", true },
		{ "for encryption", rsa_a, ",\"use\":\"enc\"", false },
		{ "for signing only", rsa_a, ",\"key_ops\":[\"sign\"]", false },
		{ "for both", rsa_a, ",\"key_ops\":[\"sign\",\"verify\"]", true },
		{ "another algorithm", rsa_a, ",\"alg\":\"RS512\"", false },
		{ "an algorithm of another type", rsa_a, ",\"alg\":\"ES256\"", false },
		{ "kid a number", rsa_a, ",\"kid\":5", false },
		{ "1024 bits", small, "", false },
		{ "P-256", ec_a, ",\"crv\":\"P-256\"", true },
		{ "a point of P-256 called P-384's", ec_a, ",\"crv\":\"P-384\"", false },
		{ "no curve", ec_a, "", false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct buf keys = BUF_INIT(16 * 1024);
		struct buf text = BUF_INIT(16 * 1024);

		add_jwk(&keys, rows[i].key, rows[i].more);
		buf_printf(&text, "{\"keys\":[%s]}", buf_text(&keys));
		CHECK(rows[i].name, (open_text(buf_text(&text), NULL) == 0) == rows[i].taken);
		buf_free(&keys);
		buf_free(&text);
	}
	EVP_PKEY_free(small);
}

/* --- the whole way ------------------------------------------------------------------------------------------------------------------------------------------ */

struct way {
	struct pool *pool;
	struct auth *auth;
};

static struct way way_open(const char *file)
{
	static const char *const admin[] = { "platform" };
	struct auth_jwt_options options = { .issuer = ISSUER,
		.audiences = audiences,
		.audiences_count = 1,
		.algorithms = both,
		.algorithms_count = 2,
		.jwks_file = file,
		.groups_claim = "groups" };
	struct pool_options pool = { .name = "directory", .threads_max = 2, .queue_max = 100 };
	struct way way = { .pool = NULL };
	struct auth_options auth = {
		.jwt = &options, .jwt_count = 1, .clock = &turned_clock, .note = take_note, .admin_groups = admin, .admin_groups_count = 1
	};

	assert_int_equal(pool_open(&pool, &way.pool, NULL), 0);
	auth.pool = way.pool;
	assert_int_equal(auth_open(&auth, &way.auth, NULL), 0);
	return way;
}

static void way_close(struct way *way)
{
	pool_close(&way->pool);
	auth_close(&way->auth);
}

static enum auth_reason way_judge(struct way *way, const char *token)
{
	char *header = bearer_header(token);
	struct auth_answer answer;

	sign_in(way->auth, slice_of(header), SLICE_NONE, &answer);
	auth_identity_unref(answer.identity);
	free(header);
	return answer.reason;
}

static unsigned verified(struct way *way)
{
	struct auth_counts counts;

	auth_counts_read(way->auth, &counts);
	return (unsigned)counts.jwt_verified;
}

static char *token_of(EVP_PKEY *key, const char *header, const char *claims_format)
{
	char *claims = claims_text(claims_format);
	char *token = forge(key, header, claims, false);

	free(claims);
	return token;
}

/* An accepted token is remembered for a while, never past its end. */
static void test_remembered(void **state)
{
	char file[512];
	struct way way;
	char *token;
	char *header;
	struct auth_answer answer;

	snprintf(file, sizeof(file), "%s", scratch_path(state, "remembered.jwks"));
	write_key(file, ec_a, ",\"crv\":\"P-256\"");
	way = way_open(file);
	token = token_of(
		ec_a, "{\"alg\":\"ES256\"}", "{\"iss\":\"" ISSUER "\",\"aud\":\"modgate\",\"exp\":@90,\"sub\":\"alice\",\"groups\":[\"platform\"]}");
	header = bearer_header(token);
	assert_int_equal(auth_try(way.auth, slice_of(header), &answer), AUTH_WOULD_BLOCK);
	assert_int_equal(sign_in(way.auth, slice_of(header), SLICE_NONE, &answer), 0);
	assert_int_equal(answer.identity->scope, AUTH_SCOPE_ADMIN);
	auth_identity_unref(answer.identity);
	assert_int_equal(auth_try(way.auth, slice_of(header), &answer), 0);
	auth_identity_unref(answer.identity);
	assert_int_equal(verified(&way), 1);
	turn_s(60);
	assert_int_equal(way_judge(&way, token), AUTH_REASON_NONE);
	assert_int_equal(verified(&way), 2);
	turn_s(29);
	assert_int_equal(auth_try(way.auth, slice_of(header), &answer), 0);
	auth_identity_unref(answer.identity);
	turn_s(1);
	assert_int_equal(auth_try(way.auth, slice_of(header), &answer), AUTH_WOULD_BLOCK);
	assert_int_equal(way_judge(&way, token), AUTH_REASON_EXPIRED);
	free(header);
	free(token);
	way_close(&way);
}

/* Keys come and go with the file; a broken file changes nothing and is noted. */
static void test_rotation(void **state)
{
	char file[512];
	struct way way;
	char *old;
	char *new;
	struct auth_reload *reload = NULL;
	struct err err = ERR_INIT;

	snprintf(file, sizeof(file), "%s", scratch_path(state, "rotation.jwks"));
	write_key(file, ec_a, ",\"crv\":\"P-256\",\"kid\":\"1\"");
	way = way_open(file);
	old = token_of(ec_a, "{\"alg\":\"ES256\",\"kid\":\"1\"}", "{\"iss\":\"" ISSUER "\",\"aud\":\"modgate\",\"exp\":@9000,\"sub\":\"a\"}");
	new = token_of(ec_ci, "{\"alg\":\"ES256\",\"kid\":\"2\"}", "{\"iss\":\"" ISSUER "\",\"aud\":\"modgate\",\"exp\":@9000,\"sub\":\"a\"}");
	assert_int_equal(way_judge(&way, old), AUTH_REASON_NONE);
	assert_int_equal(way_judge(&way, new), AUTH_REASON_UNKNOWN_KEY);
	write_key(file, ec_ci, ",\"crv\":\"P-256\",\"kid\":\"2\"");
	assert_int_equal(way_judge(&way, new), AUTH_REASON_UNKNOWN_KEY); /* looked at a moment ago */
	turn_s(5);
	assert_int_equal(way_judge(&way, new), AUTH_REASON_NONE);
	/* The old token was remembered; its key is gone, so that counts no more. */
	assert_int_equal(way_judge(&way, old), AUTH_REASON_UNKNOWN_KEY);
	assert_int_equal(file_write(file, SLICE("{"), 0644, NULL), 0);
	turn_s(61);
	buf_reset(&notes);
	assert_int_equal(way_judge(&way, new), AUTH_REASON_NONE);
	assert_non_null(strstr(buf_text(&notes), "rotation.jwks"));
	assert_int_equal(auth_reload_read(way.auth, &reload, &err), AUTH_ERR);
	assert_non_null(strstr(err.text, "rotation.jwks"));
	assert_int_equal(way_judge(&way, new), AUTH_REASON_NONE);
	write_key(file, ec_a, ",\"crv\":\"P-256\",\"kid\":\"1\"");
	assert_int_equal(auth_reload_read(way.auth, &reload, NULL), 0);
	/* Read, and not in force yet: given up, it never is (until the file is looked at again). */
	assert_int_equal(way_judge(&way, new), AUTH_REASON_NONE);
	auth_reload_close(&reload);
	assert_int_equal(way_judge(&way, new), AUTH_REASON_NONE);
	assert_int_equal(auth_reload_read(way.auth, &reload, NULL), 0);
	auth_reload_commit(reload);
	auth_reload_close(&reload);
	assert_int_equal(way_judge(&way, new), AUTH_REASON_UNKNOWN_KEY);
	assert_int_equal(way_judge(&way, old), AUTH_REASON_NONE);
	/* Of two, the one that was read before and committed later is not what the file says: it is looked at again. */
	assert_int_equal(auth_reload_read(way.auth, &reload, NULL), 0);
	write_key(file, ec_ci, ",\"crv\":\"P-256\",\"kid\":\"2\"");
	turn_s(5);
	assert_int_equal(way_judge(&way, new), AUTH_REASON_NONE);
	auth_reload_commit(reload);
	auth_reload_close(&reload);
	turn_s(5);
	assert_int_equal(way_judge(&way, new), AUTH_REASON_NONE);
	free(old);
	free(new);
	way_close(&way);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_minted),
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_signature),
		cmocka_unit_test(test_issuers),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_dots),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_key_files),
		cmocka_unit_test(test_key_members),
		cmocka_unit_test(test_remembered),
		cmocka_unit_test(test_rotation),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
