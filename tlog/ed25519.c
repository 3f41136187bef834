/* Ed25519 through OpenSSL's EVP. */
#include <openssl/evp.h>

#include "tlog/note_private.h"

bool note_ed25519_verify(const uint8_t public_key[32], struct slice text, struct slice signature)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, 32);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = key != NULL && context != NULL && signature.len == NOTE_SIGNATURE_BYTES;

	good = good && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1;
	good = good && EVP_DigestVerify(context, (const uint8_t *)signature.ptr, signature.len, (const uint8_t *)text.ptr, text.len) == 1;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return good;
}

bool note_ed25519_sign(const uint8_t seed[32], struct slice text, uint8_t signature_out[NOTE_SIGNATURE_BYTES])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t len = NOTE_SIGNATURE_BYTES;
	bool good = key != NULL && context != NULL;

	good = good && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1;
	good = good && EVP_DigestSign(context, signature_out, &len, (const uint8_t *)text.ptr, text.len) == 1 && len == NOTE_SIGNATURE_BYTES;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return good;
}

bool note_ed25519_public(const uint8_t seed[32], uint8_t public_key_out[32])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
	size_t len = 32;
	bool good = key != NULL && EVP_PKEY_get_raw_public_key(key, public_key_out, &len) == 1 && len == 32;

	EVP_PKEY_free(key);
	return good;
}
