/* One JSON Web Key as a public key of OpenSSL. RFC 7517, RFC 7518 section 6. */
#include "auth/jwt_private.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#define RSA_EXPONENT_BYTES_MAX 8
#define P256_BYTES             32

/* A member in base64url, at most bytes_max of it. */
static bool member(const struct json *jwk, const char *name, struct buf *out)
{
	struct slice text;

	return json_to_text(json_get(jwk, name), &text) && text.len > 0 && base64url_decode(text, out);
}

/* Takes the parameters over. NULL: they make no key. */
static EVP_PKEY *from_parameters(const char *type, OSSL_PARAM *parameters)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	if (context == NULL || parameters == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
		EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
		key = NULL;
	OSSL_PARAM_free(parameters);
	EVP_PKEY_CTX_free(context);
	ERR_clear_error();
	return key;
}

static EVP_PKEY *rsa_key(const struct buf *n, const struct buf *e)
{
	BIGNUM *modulus = BN_bin2bn((const unsigned char *)n->ptr, (int)n->len, NULL);
	BIGNUM *exponent = BN_bin2bn((const unsigned char *)e->ptr, (int)e->len, NULL);
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	EVP_PKEY *key = NULL;

	if (modulus != NULL && exponent != NULL && builder != NULL && BN_is_odd(modulus) && BN_is_odd(exponent) && !BN_is_one(exponent) &&
		OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
		OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent) == 1)
		key = from_parameters("RSA", OSSL_PARAM_BLD_to_param(builder));
	OSSL_PARAM_BLD_free(builder);
	BN_free(exponent);
	BN_free(modulus);
	return key;
}

static EVP_PKEY *read_rsa(const struct json *jwk, const char **why_out)
{
	struct buf n = BUF_INIT(JWKS_RSA_BITS_MAX / 8);
	struct buf e = BUF_INIT(RSA_EXPONENT_BYTES_MAX);
	EVP_PKEY *key = NULL;

	*why_out = "n and e make no RSA key";
	if (member(jwk, "n", &n) && member(jwk, "e", &e))
		key = rsa_key(&n, &e);
	if (key != NULL && EVP_PKEY_get_bits(key) < JWKS_RSA_BITS_MIN) {
		*why_out = "an RSA key needs 2048 bits or more";
		EVP_PKEY_free(key);
		key = NULL;
	}
	buf_free(&n);
	buf_free(&e);
	return key;
}

static EVP_PKEY *p256_key(const struct buf *x, const struct buf *y)
{
	unsigned char point[1 + 2 * P256_BYTES] = { POINT_CONVERSION_UNCOMPRESSED };
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	EVP_PKEY *key = NULL;

	memcpy(point + 1, x->ptr, P256_BYTES);
	memcpy(point + 1 + P256_BYTES, y->ptr, P256_BYTES);
	if (builder != NULL && OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1 &&
		OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)) == 1)
		key = from_parameters("EC", OSSL_PARAM_BLD_to_param(builder));
	OSSL_PARAM_BLD_free(builder);
	return key;
}

static EVP_PKEY *read_ec(const struct json *jwk, const char **why_out)
{
	struct buf x = BUF_INIT(P256_BYTES);
	struct buf y = BUF_INIT(P256_BYTES);
	struct slice curve = SLICE_NONE;
	EVP_PKEY *key = NULL;

	json_to_text(json_get(jwk, "crv"), &curve);
	*why_out = "its curve is not P-256";
	if (slice_equal_text(curve, "P-256")) {
		*why_out = "x and y are no point of P-256";
		if (member(jwk, "x", &x) && member(jwk, "y", &y) && x.len == P256_BYTES && y.len == P256_BYTES)
			key = p256_key(&x, &y);
	}
	buf_free(&x);
	buf_free(&y);
	return key;
}

/* A member that limits the key's use: absent, or this word. */
static bool absent_or(const struct json *value, const char *word)
{
	struct slice text;

	return value == NULL || (json_to_text(value, &text) && slice_equal_text(text, word));
}

static bool may_verify(const struct json *operations)
{
	struct slice text;

	if (operations == NULL)
		return true;
	for (size_t i = 0; i < json_count(operations); i++) {
		if (json_to_text(json_at(operations, i), &text) && slice_equal_text(text, "verify"))
			return true;
	}
	return false;
}

bool auth_jwk_read(const struct json *jwk, enum jwt_algorithm *algorithm_out, EVP_PKEY **key_out, const char **why_out)
{
	struct slice type = SLICE_NONE;
	bool rsa;
	EVP_PKEY *key;

	json_to_text(json_get(jwk, "kty"), &type);
	rsa = slice_equal_text(type, "RSA");
	*why_out = NULL;
	if (!rsa && !slice_equal_text(type, "EC"))
		*why_out = "its type is neither RSA nor EC";
	else if (!absent_or(json_get(jwk, "use"), "sig") || !may_verify(json_get(jwk, "key_ops")))
		*why_out = "it is not for signatures";
	else if (!absent_or(json_get(jwk, "alg"), rsa ? "RS256" : "ES256"))
		*why_out = "its algorithm is neither RS256 nor ES256, or does not fit its type";
	if (*why_out != NULL)
		return false;
	key = rsa ? read_rsa(jwk, why_out) : read_ec(jwk, why_out);
	if (key == NULL)
		return false;
	*algorithm_out = rsa ? JWT_RS256 : JWT_ES256;
	*key_out = key;
	return true;
}
