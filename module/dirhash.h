/* The h1: hash of files, as go.sum writes it. Source: go.dev/ref/mod#go-sum-files, golang.org/x/mod/sumdb/dirhash Hash1. */
#ifndef MODULE_DIRHASH_H
#define MODULE_DIRHASH_H

#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/slice.h"

#define MODULE_H1_MAX 64 /* "h1:" + 44 + NUL, rounded */

/* Collects (name, SHA-256 of content) in any order. */
struct dirhash;
/* NULL when memory is short. */
struct dirhash *dirhash_open(void);
/* name is copied. MODULE_ERR, MODULE_ERR_MEMORY. */
int dirhash_add(struct dirhash *hash, struct slice name, const uint8_t content_sha256[SHA256_BYTES], struct err *err);
/* Sorted by name; a name with a newline was refused by add. May be called once; close afterwards. */
void dirhash_finish(struct dirhash *hash, char h1_out[MODULE_H1_MAX]);
void dirhash_close(struct dirhash **hash);

/* Of a go.mod alone: the value of the "/go.mod h1:" line. */
void dirhash_gomod(struct slice gomod, char h1_out[MODULE_H1_MAX]);

#endif
