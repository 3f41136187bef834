/* Certificate authorities made on the spot, and the TLS of a server that one of them vouches for. */
#ifndef TESTS_BASE_HTTP_CERTIFICATES_H
#define TESTS_BASE_HTTP_CERTIFICATES_H

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "tests/base/rows.h"

struct double_authority {
	EVP_PKEY *key;
	X509 *certificate;
};

static void double_add_extension(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_non_null(extension);
	assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static X509 *double_certificate(const char *subject, EVP_PKEY *key, const char *names, const struct double_authority *issuer)
{
	X509 *certificate = X509_new();
	X509_NAME *name = X509_get_subject_name(certificate);
	static long serial = 1;

	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_set_pubkey(certificate, key);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)subject, -1, -1, 0);
	X509_set_issuer_name(certificate, issuer == NULL ? name : X509_get_subject_name(issuer->certificate));
	double_add_extension(certificate, NID_basic_constraints, issuer == NULL ? "critical,CA:TRUE" : "CA:FALSE");
	if (names != NULL)
		double_add_extension(certificate, NID_subject_alt_name, names);
	assert_true(X509_sign(certificate, issuer == NULL ? key : issuer->key, EVP_sha256()) > 0);
	return certificate;
}

/* A new authority, its certificate in the file. */
static void double_authority_make(struct double_authority *authority, const char *subject, const char *path)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	authority->key = EVP_EC_gen("P-256");
	authority->certificate = double_certificate(subject, authority->key, NULL, NULL);
	assert_int_equal(PEM_write_X509(file, authority->certificate), 1);
	fclose(file);
}

static void double_authority_free(struct double_authority *authority)
{
	X509_free(authority->certificate);
	EVP_PKEY_free(authority->key);
}

/* names: as in subjectAltName. version_max: 0 for any. */
static SSL_CTX *double_tls(const struct double_authority *authority, const char *names, int version_max)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = double_certificate("double", key, names, authority);

	assert_int_equal(SSL_CTX_use_certificate(tls, certificate), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(tls, key), 1);
	SSL_CTX_set_security_level(tls, 0);
	SSL_CTX_set_min_proto_version(tls, 0);
	SSL_CTX_set_max_proto_version(tls, version_max);
	X509_free(certificate);
	EVP_PKEY_free(key);
	return tls;
}

#endif
