/* What a certificate on disk says. */
#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/file.h"
#include "gateway/certificate.h"

/* The first certificate of a PEM file. Free it with X509_free(). */
static int read_certificate(const char *path, X509 **certificate_out, struct err *err)
{
	struct buf pem = BUF_INIT(CERTIFICATE_PEM_MAX);
	int code = file_read(path, &pem, err);
	BIO *memory = code == 0 ? BIO_new_mem_buf(buf_text(&pem), (int)pem.len) : NULL;
	X509 *certificate = memory != NULL ? PEM_read_bio_X509(memory, NULL, NULL, NULL) : NULL;
	if (certificate != NULL)
		*certificate_out = certificate;
	else if (code == 0)
		code = err_set(err, BASE_ERR_INVALID, "%s holds no certificate; PEM was expected", path);
	BIO_free(memory);
	buf_free(&pem);
	return code;
}

static int no_passphrase(char *text, int room, int writing, void *ctx)
{
	(void)text;
	(void)room;
	(void)writing;
	(void)ctx;
	return 0;
}

static int read_key(const char *path, EVP_PKEY **key_out, struct err *err)
{
	struct buf pem = BUF_INIT(CERTIFICATE_PEM_MAX);
	int code = file_read(path, &pem, err);
	BIO *memory = code == 0 ? BIO_new_mem_buf(buf_text(&pem), (int)pem.len) : NULL;
	EVP_PKEY *key = memory != NULL ? PEM_read_bio_PrivateKey(memory, NULL, no_passphrase, NULL) : NULL;
	if (key != NULL)
		*key_out = key;
	else if (code == 0)
		code = err_set(err, BASE_ERR_INVALID, "%s holds no private key; PEM without a passphrase was expected", path);
	BIO_free(memory);
	buf_wipe(&pem);
	return code;
}

static bool is_own_name(struct slice name)
{
	return slice_equal_nocase(name, SLICE("localhost")) || slice_starts(name, SLICE("127.")) || slice_equal_text(name, "::1");
}

/* The text of an alternative name, in room; empty when it is neither a name nor an address. */
static struct slice name_text(const GENERAL_NAME *name, char *room, size_t bytes)
{
	int type;
	const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
	int length = type == GEN_DNS || type == GEN_IPADD ? ASN1_STRING_length(value) : 0;
	const unsigned char *data = length > 0 ? ASN1_STRING_get0_data(value) : NULL;
	if (data == NULL)
		return SLICE_NONE;
	if (type == GEN_DNS)
		return slice_make(data, (size_t)length);
	if ((length != 4 && length != 16) || inet_ntop(length == 4 ? AF_INET : AF_INET6, data, room, (socklen_t)bytes) == NULL)
		return SLICE_NONE;
	return slice_of(room);
}

int certificate_public_host(const char *path, struct buf *out, struct err *err)
{
	X509 *certificate = NULL;
	char room[INET6_ADDRSTRLEN];
	int code = read_certificate(path, &certificate, err);
	if (code != 0)
		return code;
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; names != NULL && i < sk_GENERAL_NAME_num(names); i++) {
		struct slice name = name_text(sk_GENERAL_NAME_value(names, i), room, sizeof(room));
		if (name.len == 0 || name.ptr[0] == '*' || is_own_name(name))
			continue;
		buf_add_slice(out, name);
		break;
	}
	GENERAL_NAMES_free(names);
	X509_free(certificate);
	return 0;
}

bool certificate_is_by(const char *path, const char *ca_path)
{
	X509 *certificate = NULL, *ca = NULL;
	bool is_by = false;
	if (read_certificate(path, &certificate, NULL) == 0 && read_certificate(ca_path, &ca, NULL) == 0) {
		EVP_PKEY *key = X509_get0_pubkey(ca);
		is_by = key != NULL && X509_check_issued(ca, certificate) == X509_V_OK && X509_verify(certificate, key) == 1;
	}
	X509_free(certificate);
	X509_free(ca);
	return is_by;
}

int certificate_check(const char *path, const char *key_path, struct err *err)
{
	X509 *certificate = NULL;
	EVP_PKEY *key = NULL;
	int code = read_certificate(path, &certificate, err);
	if (code == 0)
		code = read_key(key_path, &key, err);
	if (code == 0 && X509_check_private_key(certificate, key) != 1)
		code = err_set(err, BASE_ERR_INVALID, "%s and %s do not belong together", path, key_path);
	if (code == 0 && X509_cmp_current_time(X509_get0_notAfter(certificate)) <= 0)
		code = err_set(err, BASE_ERR_INVALID, "%s has expired; put a new certificate there", path);
	EVP_PKEY_free(key);
	X509_free(certificate);
	return code == BASE_ERR_LIMIT ? BASE_ERR_INVALID : code;
}
