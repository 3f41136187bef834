/* X.509 for a new gateway: a private authority and a server certificate by it; and what a certificate on disk says. P-256 throughout. */
#ifndef GATEWAY_CERTIFICATE_H
#define GATEWAY_CERTIFICATE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

#define CERTIFICATE_CA_DAYS     3650
#define CERTIFICATE_SERVER_DAYS 825 /* the most that clients of several systems accept */
#define CERTIFICATE_PEM_MAX     (1024 * 1024)
#define CERTIFICATE_HOST_MAX    253 /* bytes of a DNS name */

/* PEM texts. Free with certificate_set_wipe(). */
struct certificate_set {
	struct buf ca, ca_key, server, server_key;
};

/* Is host a DNS name of letters, digits, '-' and '.', or an IP address? */
bool certificate_host_ok(const char *host);

/* For host (NULL: none), localhost, 127.0.0.1 and ::1. set_out is empty on failure. BASE_ERR. */
int certificate_make(const char *host, struct certificate_set *set_out, struct err *err);
void certificate_set_wipe(struct certificate_set *set);

/* Appends the first name of the PEM file's certificate that is not this machine's own (localhost, a loopback address); nothing when all are. BASE_ERR. */
int certificate_public_host(const char *path, struct buf *out, struct err *err);

/* Was the first certificate of `path` issued by the one in ca_path? False also when either cannot be read. */
bool certificate_is_by(const char *path, const char *ca_path);

/* 0 when both files are what they should be and belong together, and the certificate has not ended. BASE_ERR_INVALID: err names the file. BASE_ERR. */
int certificate_check(const char *path, const char *key_path, struct err *err);

#endif
