/* Keys, key files and tokens for the tests of JWTs: honest and hostile ones, by libjwt and by hand. */
#ifndef TESTS_AUTH_MINT_H
#define TESTS_AUTH_MINT_H

#include <jwt.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/file.h"
#include "base/json.h"
#include "tests/auth/support.h"

/* PEM of a key, private or public. The caller frees. */
static inline char *pem_of(EVP_PKEY *key, bool private_key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *bytes;
	long len;
	char *pem;

	assert_int_equal(private_key ? PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) : PEM_write_bio_PUBKEY(bio, key), 1);
	len = BIO_get_mem_data(bio, &bytes);
	pem = slice_dup(slice_make(bytes, (size_t)len));
	BIO_free(bio);
	return pem;
}

static inline void add_number(struct buf *out, const char *name, EVP_PKEY *key, const char *parameter, int bytes)
{
	unsigned char number[1024];
	BIGNUM *value = NULL;
	int len;

	assert_int_equal(EVP_PKEY_get_bn_param(key, parameter, &value), 1);
	len = bytes == 0 ? BN_num_bytes(value) : bytes;
	assert_int_equal(BN_bn2binpad(value, number, len), len);
	buf_printf(out, ",\"%s\":\"", name);
	base64url_encode(slice_make(number, (size_t)len), out);
	buf_add_text(out, "\"");
	BN_free(value);
}

/* One JWK; more: further members, beginning with a comma, or "". */
static inline void add_jwk(struct buf *out, EVP_PKEY *key, const char *more)
{
	bool rsa = EVP_PKEY_is_a(key, "RSA");

	buf_printf(out, "%s{\"kty\":\"%s\"%s", out->len > 0 && out->ptr[out->len - 1] == '}' ? "," : "", rsa ? "RSA" : "EC", more);
	if (rsa) {
		add_number(out, "n", key, OSSL_PKEY_PARAM_RSA_N, 0);
		add_number(out, "e", key, OSSL_PKEY_PARAM_RSA_E, 0);
	} else {
		add_number(out, "x", key, OSSL_PKEY_PARAM_EC_PUB_X, 32);
		add_number(out, "y", key, OSSL_PKEY_PARAM_EC_PUB_Y, 32);
	}
	buf_add_text(out, "}");
}

/* By libjwt: claims and headers are JSON objects; headers may be NULL. The caller frees. */
static inline char *mint(jwt_alg_t algorithm, const char *key, const char *headers, const char *claims)
{
	jwt_t *jwt = NULL;
	char *token;

	assert_int_equal(jwt_new(&jwt), 0);
	assert_int_equal(jwt_add_grants_json(jwt, claims), 0);
	if (headers != NULL)
		assert_int_equal(jwt_add_headers_json(jwt, headers), 0);
	assert_int_equal(jwt_set_alg(jwt, algorithm, (const unsigned char *)key, key == NULL ? 0 : (int)strlen(key)), 0);
	token = jwt_encode_str(jwt);
	assert_non_null(token);
	jwt_free(jwt);
	return token;
}

static inline void add_raw_ecdsa(const unsigned char *der, size_t len, struct buf *out)
{
	ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)len);
	unsigned char raw[64];

	assert_non_null(signature);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, 32), 32);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + 32, 32), 32);
	buf_add(out, raw, sizeof(raw));
	ECDSA_SIG_free(signature);
}

/* The signature of these bytes as JOSE has it; der: as OpenSSL has it, though the key is an elliptic one's. */
static inline void sign_bytes(EVP_PKEY *key, struct slice bytes, bool der, struct buf *out)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char signature[1024];
	size_t len = sizeof(signature);

	assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(EVP_DigestSign(context, signature, &len, (const unsigned char *)bytes.ptr, bytes.len), 1);
	if (EVP_PKEY_is_a(key, "EC") && !der)
		add_raw_ecdsa(signature, len, out);
	else
		buf_add(out, signature, len);
	EVP_MD_CTX_free(context);
}

/* By hand: header and claims are any bytes, and the signature over them holds. The caller frees. */
static inline char *forge(EVP_PKEY *key, const char *header, const char *claims, bool der)
{
	struct buf token = BUF_INIT(64 * 1024);
	struct buf signature = BUF_INIT(1024);

	base64url_encode(slice_of(header), &token);
	buf_add_text(&token, ".");
	base64url_encode(slice_of(claims), &token);
	sign_bytes(key, buf_slice(&token), der, &signature);
	buf_add_text(&token, ".");
	base64url_encode(buf_slice(&signature), &token);
	buf_free(&signature);
	return buf_take(&token);
}

#endif
