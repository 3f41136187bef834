/*
 * Verifies JWTs: form, header, issuer, algorithm, key, signature, claims, in this order. The algorithm is pinned by the issuer's settings
 * and by the key's type; nothing in the token chooses more than one of the keys configured. RFC 7515, RFC 8725.
 */
#include "auth/jwt_private.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/ecdsa.h>
#include <openssl/err.h>

#define ES256_BYTES 64

struct auth_jwt {
	const struct clock *clock;
	EVP_MD *digest; /* fetched once: looking it up costs more than a short hash */
	size_t count;
	struct jwt_issuer issuers[JWT_ISSUERS_MAX];
};

static bool has_issuer(const struct auth_jwt *jwt, const char *issuer)
{
	for (size_t i = 0; i < jwt->count; i++) {
		if (strcmp(jwt->issuers[i].options.issuer, issuer) == 0)
			return true;
	}
	return false;
}

static int add_issuer(struct auth_jwt *jwt, const struct auth_jwt_options *options, const struct auth_noter *noter, struct err *err)
{
	int code;

	if (options->issuer != NULL && has_issuer(jwt, options->issuer))
		return err_set(err, AUTH_ERR_INVALID, "auth.jwt[%zu].issuer %.200s is there twice", jwt->count, options->issuer);
	code = auth_jwt_issuer_open(options, jwt->count, noter, &jwt->issuers[jwt->count], err);
	if (code == 0)
		jwt->count++;
	return code;
}

int auth_jwt_open(const struct auth_jwt_options *options, size_t count, const struct clock *clock, const struct auth_noter *noter,
	struct auth_jwt **jwt_out, struct err *err)
{
	struct auth_jwt *jwt = calloc(1, sizeof(*jwt));
	int code = 0;

	if (jwt != NULL)
		jwt->digest = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (jwt == NULL || jwt->digest == NULL)
		code = err_set(err, AUTH_ERR, "cannot set up auth.jwt: out of memory");
	else if (count > JWT_ISSUERS_MAX)
		code = err_set(err, AUTH_ERR_INVALID, "auth.jwt has %zu entries; at most %d are taken", count, JWT_ISSUERS_MAX);
	for (size_t i = 0; code == 0 && i < count; i++)
		code = add_issuer(jwt, &options[i], noter, err);
	if (code < 0) {
		auth_jwt_close(&jwt);
		return code;
	}
	jwt->clock = clock;
	*jwt_out = jwt;
	return 0;
}

void auth_jwt_close(struct auth_jwt **jwt)
{
	struct auth_jwt *j = *jwt;

	if (j == NULL)
		return;
	for (size_t i = 0; i < j->count; i++)
		auth_jwt_issuer_close(&j->issuers[i]);
	EVP_MD_free(j->digest);
	free(j);
	*jwt = NULL;
}

int auth_jwt_read(const struct auth_jwt *jwt, struct auth_key_reading **readings_out, struct err *err)
{
	struct auth_key_reading *readings = calloc(jwt->count + 1, sizeof(*readings));
	int code = readings == NULL ? err_set(err, AUTH_ERR, "cannot read the keys of issuers anew: out of memory") : 0;

	for (size_t i = 0; code == 0 && i < jwt->count; i++)
		code = auth_key_file_read(jwt->issuers[i].keys, &readings[i], err);
	if (code == 0)
		*readings_out = readings;
	else
		auth_jwt_drop(jwt, &readings);
	return code;
}

void auth_jwt_put(struct auth_jwt *jwt, struct auth_key_reading *readings)
{
	for (size_t i = 0; i < jwt->count; i++)
		auth_key_file_put(jwt->issuers[i].keys, &readings[i]);
}

void auth_jwt_drop(const struct auth_jwt *jwt, struct auth_key_reading **readings)
{
	for (size_t i = 0; *readings != NULL && i < jwt->count; i++)
		auth_key_set_unref((*readings)[i].keys);
	free(*readings);
	*readings = NULL;
}

uint64_t auth_jwt_generation(struct auth_jwt *jwt)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < jwt->count; i++)
		sum += auth_key_file_generation(jwt->issuers[i].keys);
	return sum;
}

/* --- form ------------------------------------------------------------------------------------------------------------------------------ */

struct parts {
	struct slice signed_bytes; /* header "." payload, as they came */
	struct buf header, payload, signature;
	struct json *head, *claims;
};

static void parts_free(struct parts *parts)
{
	json_close(&parts->head);
	json_close(&parts->claims);
	buf_free(&parts->header);
	buf_free(&parts->payload);
	buf_free(&parts->signature);
}

static bool parse_object(struct slice text, struct buf *bytes, struct json **object_out)
{
	return base64url_decode(text, bytes) && json_parse(buf_slice(bytes), object_out, NULL) == 0 && json_kind(*object_out) == JSON_KIND_OBJECT;
}

static bool parse(struct slice token, struct parts *parts)
{
	ptrdiff_t first = slice_index(token, '.');
	ptrdiff_t last = slice_last_index(token, '.');
	struct slice payload;

	buf_init(&parts->header, AUTH_HEADER_MAX);
	buf_init(&parts->payload, AUTH_HEADER_MAX);
	buf_init(&parts->signature, AUTH_HEADER_MAX);
	if (first < 0 || first == last)
		return false;
	payload = slice_sub(token, (size_t)first + 1, (size_t)last);
	parts->signed_bytes = slice_sub(token, 0, (size_t)last);
	return parse_object(slice_sub(token, 0, (size_t)first), &parts->header, &parts->head) &&
	       parse_object(payload, &parts->payload, &parts->claims) && base64url_decode(slice_after(token, (size_t)last + 1), &parts->signature) &&
	       parts->signature.len > 0;
}

/* --- header ---------------------------------------------------------------------------------------------------------------------------- */

/* Keys that a token brings along are the attacker's; critical extensions are none we know. */
static bool header_members_ok(const struct json *head)
{
	static const char *const refused[] = { "crit", "jwk", "jku", "x5u", "x5c", "b64", "zip", "enc" };

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (json_get(head, refused[i]) != NULL)
			return false;
	}
	return true;
}

static bool type_ok(const struct json *type)
{
	struct slice text;

	if (type == NULL)
		return true;
	return json_to_text(type, &text) && (slice_equal_nocase(text, SLICE("JWT")) || slice_equal_nocase(text, SLICE("at+jwt")) ||
						    slice_equal_nocase(text, SLICE("application/at+jwt")));
}

static int check_header(const struct json *head, enum jwt_algorithm *algorithm_out, struct auth_answer *answer)
{
	const struct json *kid = json_get(head, "kid");
	struct slice text;

	if (!header_members_ok(head) || !type_ok(json_get(head, "typ")) || (kid != NULL && !json_to_text(kid, &text)))
		return auth_answer_refuse(
			answer, AUTH_ERR_REFUSED, AUTH_REASON_HEADER_REFUSED, "the token's header says what this gateway does not take");
	if (!json_to_text(json_get(head, "alg"), &text) || !auth_jwt_algorithm_of(text, algorithm_out))
		return auth_answer_refuse(
			answer, AUTH_ERR_REFUSED, AUTH_REASON_ALGORITHM, "the token is signed by an algorithm this gateway does not take");
	return 0;
}

/* --- issuer and signature ---------------------------------------------------------------------------------------------------------------- */

static struct jwt_issuer *issuer_of(struct auth_jwt *jwt, const struct json *claims)
{
	struct slice text;

	for (size_t i = 0; json_to_text(json_get(claims, "iss"), &text) && i < jwt->count; i++) {
		if (slice_equal_text(text, jwt->issuers[i].options.issuer))
			return &jwt->issuers[i];
	}
	return NULL;
}

/* r and s, 32 bytes each, as DER. False when the signature has another length. */
static bool ecdsa_der(const struct buf *raw, unsigned char **der_out, size_t *len_out)
{
	ECDSA_SIG *signature = NULL;
	const unsigned char *bytes = (const unsigned char *)raw->ptr;
	BIGNUM *r = NULL;
	BIGNUM *s = NULL;
	int len = -1;

	if (raw->len != ES256_BYTES)
		return false;
	signature = ECDSA_SIG_new();
	r = BN_bin2bn(bytes, ES256_BYTES / 2, NULL);
	s = BN_bin2bn(bytes + ES256_BYTES / 2, ES256_BYTES / 2, NULL);
	if (signature != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(signature, r, s) == 1) {
		r = NULL;
		s = NULL;
		len = i2d_ECDSA_SIG(signature, der_out);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(signature);
	if (len > 0)
		*len_out = (size_t)len;
	return len > 0;
}

static bool digest_verify(const struct auth_jwt *jwt, EVP_PKEY *key, const unsigned char *signature, size_t len, struct slice bytes)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *unused = NULL;
	bool holds = context != NULL && EVP_DigestVerifyInit(context, &unused, jwt->digest, NULL, key) == 1 &&
		     EVP_DigestVerify(context, signature, len, (const unsigned char *)bytes.ptr, bytes.len) == 1;

	EVP_MD_CTX_free(context);
	ERR_clear_error();
	return holds;
}

static bool signature_holds(const struct auth_jwt *jwt, enum jwt_algorithm algorithm, EVP_PKEY *key, const struct parts *parts)
{
	unsigned char *der = NULL;
	size_t len = 0;
	bool holds;

	if (algorithm == JWT_RS256)
		return digest_verify(jwt, key, (const unsigned char *)parts->signature.ptr, parts->signature.len, parts->signed_bytes);
	holds = ecdsa_der(&parts->signature, &der, &len) && digest_verify(jwt, key, der, len, parts->signed_bytes);
	OPENSSL_free(der);
	return holds;
}

static int check_signature(const struct auth_jwt *jwt, const struct jwt_issuer *issuer, enum jwt_algorithm algorithm, const struct parts *parts,
	struct auth_answer *answer)
{
	struct auth_key_set *keys = auth_key_file_keys(issuer->keys, clock_monotonic_us(jwt->clock));
	struct slice kid = SLICE_NONE;
	bool has_kid = json_to_text(json_get(parts->head, "kid"), &kid);
	EVP_PKEY *key = auth_key_set_find(keys, algorithm, has_kid, kid);
	int code = 0;

	if (key == NULL)
		code = auth_answer_refuse(
			answer, AUTH_ERR_REFUSED, AUTH_REASON_UNKNOWN_KEY, "the token is signed by a key this gateway does not know");
	else if (!signature_holds(jwt, algorithm, key, parts))
		code = auth_answer_refuse(answer, AUTH_ERR_REFUSED, AUTH_REASON_BAD_SIGNATURE, "the token's signature does not hold");
	auth_key_set_unref(keys);
	return code;
}

static int verify_parts(struct auth_jwt *jwt, const struct parts *parts, int64_t *until_s_out, struct auth_answer *answer)
{
	const struct jwt_issuer *issuer = issuer_of(jwt, parts->claims);
	enum jwt_algorithm algorithm = JWT_RS256;
	int64_t now_s = clock_wall_us(jwt->clock) / 1000000;
	int code = check_header(parts->head, &algorithm, answer);

	if (code < 0)
		return code;
	if (issuer == NULL)
		return auth_answer_refuse(answer, AUTH_ERR_REFUSED, AUTH_REASON_WRONG_ISSUER, "the token's issuer is not one this gateway trusts");
	if (!issuer->allowed[algorithm])
		return auth_answer_refuse(
			answer, AUTH_ERR_REFUSED, AUTH_REASON_ALGORITHM, "the token is signed by an algorithm its issuer is not to use here");
	code = check_signature(jwt, issuer, algorithm, parts, answer);
	if (code == 0)
		code = auth_jwt_claims_check(issuer, parts->claims, now_s, until_s_out, answer);
	return code < 0 ? code : auth_jwt_claims_identity(issuer, parts->claims, answer);
}

int auth_jwt_verify(struct auth_jwt *jwt, struct slice token, int64_t *until_s_out, struct auth_answer *answer_out)
{
	struct parts parts = { .head = NULL, .claims = NULL };
	int code;

	if (parse(token, &parts))
		code = verify_parts(jwt, &parts, until_s_out, answer_out);
	else
		code = auth_answer_refuse(
			answer_out, AUTH_ERR_REFUSED, AUTH_REASON_MALFORMED, "the token is no JWT of three parts in unpadded base64url");
	parts_free(&parts);
	return code;
}
