/* SHA-256, a quick hash for tables, hex, base64, random bytes and comparison in constant time, over OpenSSL. All functions are safe from many threads. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

#define SHA256_BYTES 32
#define SHA256_HEX   65 /* with its NUL */

/* In one call. Failure of the library is a bug: asserted. */
void sha256(struct slice bytes, uint8_t digest_out[SHA256_BYTES]);
/* Of a then b, without joining them. */
void sha256_two(struct slice a, struct slice b, uint8_t digest_out[SHA256_BYTES]);

/* In pieces. NULL when memory is short. */
struct sha256_stream;
struct sha256_stream *sha256_open(void);
void sha256_add(struct sha256_stream *stream, const void *bytes, size_t len);
/* May be called once; close afterwards. */
void sha256_digest(struct sha256_stream *stream, uint8_t digest_out[SHA256_BYTES]);
void sha256_close(struct sha256_stream **stream);

/* 64-bit FNV-1a, for a place in a table. It proves nothing: who chooses the bytes can choose where they fall. */
uint64_t hash_quick(struct slice bytes);

/* Lower-case hex; out has 2*len+1 bytes. */
void hex_encode(const uint8_t *bytes, size_t len, char *out);
/* Exactly len bytes from 2*len hex digits of either case; false otherwise. */
bool hex_decode(struct slice hex, uint8_t *out, size_t len);

/* RFC 4648 section 4 with padding. */
void base64_encode(struct slice bytes, struct buf *out);
/* Strict: padded, canonical, no white space. */
bool base64_decode(struct slice text, struct buf *out);
/* RFC 4648 section 5 without padding. */
void base64url_encode(struct slice bytes, struct buf *out);
/* Strict: a padded or non-canonical text is refused. */
bool base64url_decode(struct slice text, struct buf *out);

/* From the system's generator; failure is a bug: asserted. */
void random_bytes(void *out, size_t len);
/* In constant time for equal lengths; different lengths are unequal. */
bool bytes_equal_secret(struct slice a, struct slice b);

#endif
