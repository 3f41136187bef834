/* Makes a private authority and a server certificate. Source: RFC 5280. */
#include "gateway/certificate.h"

#include <arpa/inet.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/hash.h"

#define SERIAL_BYTES   16
#define CLOCK_SKEW_S   (60 * 60) /* a client's clock may be behind */
#define NAMES_TEXT_MAX (CERTIFICATE_HOST_MAX + 64)

static bool is_address(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];
	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

bool certificate_host_ok(const char *host)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
	size_t length = strlen(host);
	if (is_address(host))
		return true;
	return length > 0 && length <= CERTIFICATE_HOST_MAX && strspn(host, letters) == length && host[0] != '.' && host[0] != '-' &&
	       host[length - 1] != '.' && strstr(host, "..") == NULL;
}

/* --- one certificate ------------------------------------------------------------------------------------------------------------------- */

struct subject {
	const char *name; /* the common name */
	int days;
	const char *const (*extensions)[2]; /* name and value, ended by NULL */
};

static bool set_serial(X509 *certificate)
{
	unsigned char bytes[SERIAL_BYTES];
	random_bytes(bytes, sizeof(bytes));
	bytes[0] &= 0x7f;
	BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	bool done = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
	BN_free(number);
	return done;
}

static bool set_name(X509 *certificate, const char *name)
{
	X509_NAME *subject = X509_get_subject_name(certificate);
	/* A common name holds 64 characters; clients look at the alternative names only. */
	int length = (int)strnlen(name, 64);
	return X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC, (const unsigned char *)"modgate", -1, -1, 0) == 1 &&
	       X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, length, -1, 0) == 1;
}

static bool add_extension(X509 *certificate, X509V3_CTX *context, const char *name, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf(NULL, context, name, value);
	bool done = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return done;
}

/* A certificate for key, signed by issuer_key; issuer NULL: by itself. NULL when the library cannot. */
static X509 *make(const struct subject *subject, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key)
{
	X509V3_CTX context;
	X509 *made = X509_new();
	if (made == NULL)
		return NULL;
	bool done = X509_set_version(made, X509_VERSION_3) == 1 && set_serial(made) && set_name(made, subject->name) &&
		    X509_gmtime_adj(X509_getm_notBefore(made), -CLOCK_SKEW_S) != NULL &&
		    X509_time_adj_ex(X509_getm_notAfter(made), subject->days, -CLOCK_SKEW_S, NULL) != NULL && X509_set_pubkey(made, key) == 1 &&
		    X509_set_issuer_name(made, X509_get_subject_name(issuer != NULL ? issuer : made)) == 1;
	X509V3_set_ctx(&context, issuer != NULL ? issuer : made, made, NULL, NULL, 0);
	for (size_t i = 0; done && subject->extensions[i][0] != NULL; i++)
		done = add_extension(made, &context, subject->extensions[i][0], subject->extensions[i][1]);
	if (done && X509_sign(made, issuer_key, EVP_sha256()) > 0)
		return made;
	X509_free(made);
	return NULL;
}

/* --- PEM ------------------------------------------------------------------------------------------------------------------------------- */

static bool add_pem(BIO *memory, struct buf *out)
{
	char *bytes = NULL;
	long length = BIO_get_mem_data(memory, &bytes);
	buf_init(out, CERTIFICATE_PEM_MAX);
	if (length > 0)
		buf_add(out, bytes, (size_t)length);
	return length > 0 && !buf_failed(out);
}

static bool certificate_pem(X509 *certificate, struct buf *out)
{
	BIO *memory = BIO_new(BIO_s_mem());
	bool done = memory != NULL && PEM_write_bio_X509(memory, certificate) == 1 && add_pem(memory, out);
	BIO_free(memory);
	return done;
}

static bool key_pem(EVP_PKEY *key, struct buf *out)
{
	BIO *memory = BIO_new(BIO_s_secmem());
	bool done = memory != NULL && PEM_write_bio_PrivateKey(memory, key, NULL, NULL, 0, NULL, NULL) == 1 && add_pem(memory, out);
	BIO_free(memory);
	return done;
}

/* --- the pair -------------------------------------------------------------------------------------------------------------------------- */

static X509 *make_ca(EVP_PKEY *key)
{
	static const char *const extensions[][2] = {
		{ "basicConstraints", "critical,CA:TRUE,pathlen:0" },
		{ "keyUsage", "critical,keyCertSign,cRLSign" },
		{ "subjectKeyIdentifier", "hash" },
		{ NULL, NULL },
	};
	const struct subject subject = { "modgate private authority", CERTIFICATE_CA_DAYS, extensions };
	return make(&subject, key, NULL, key);
}

static X509 *make_server(const char *host, EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key)
{
	struct buf names = BUF_INIT(NAMES_TEXT_MAX);
	if (host != NULL && strcmp(host, "localhost") != 0)
		buf_printf(&names, "%s:%s,", is_address(host) ? "IP" : "DNS", host);
	buf_add_text(&names, "DNS:localhost,IP:127.0.0.1,IP:::1");
	const char *const extensions[][2] = {
		{ "basicConstraints", "critical,CA:FALSE" },
		{ "keyUsage", "critical,digitalSignature" },
		{ "extendedKeyUsage", "serverAuth" },
		{ "subjectKeyIdentifier", "hash" },
		{ "authorityKeyIdentifier", "keyid" },
		{ "subjectAltName", buf_text(&names) },
		{ NULL, NULL },
	};
	const struct subject subject = { host != NULL ? host : "localhost", CERTIFICATE_SERVER_DAYS, extensions };
	X509 *made = buf_failed(&names) ? NULL : make(&subject, key, ca, ca_key);
	buf_free(&names);
	return made;
}

int certificate_make(const char *host, struct certificate_set *set_out, struct err *err)
{
	struct certificate_set set = { .ca = BUF_INIT(CERTIFICATE_PEM_MAX) };
	EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *server_key = EVP_EC_gen("P-256");
	X509 *ca = ca_key != NULL ? make_ca(ca_key) : NULL;
	X509 *server = ca != NULL && server_key != NULL ? make_server(host, server_key, ca, ca_key) : NULL;
	bool done = server != NULL && certificate_pem(ca, &set.ca) && key_pem(ca_key, &set.ca_key) && certificate_pem(server, &set.server) &&
		    key_pem(server_key, &set.server_key);
	X509_free(server);
	X509_free(ca);
	EVP_PKEY_free(server_key);
	EVP_PKEY_free(ca_key);
	if (done) {
		*set_out = set;
		return 0;
	}
	certificate_set_wipe(&set);
	return err_set(err, BASE_ERR, "a certificate for %s cannot be made", host != NULL ? host : "localhost");
}

void certificate_set_wipe(struct certificate_set *set)
{
	buf_free(&set->ca);
	buf_wipe(&set->ca_key);
	buf_free(&set->server);
	buf_wipe(&set->server_key);
}
