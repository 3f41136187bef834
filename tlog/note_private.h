/* Shared by note.c, note_key.c and ed25519.c. */
#ifndef TLOG_NOTE_PRIVATE_H
#define TLOG_NOTE_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/slice.h"
#include "tlog/note.h"

#define NOTE_ID_BYTES        4
#define NOTE_SIGNATURE_BYTES 64

/* Not empty, UTF-8, no Unicode space, no '+', at most NOTE_NAME_MAX bytes. */
bool note_name_valid(struct slice name);

/* Key ids travel big-endian. */
uint32_t note_id_read(const uint8_t bytes[NOTE_ID_BYTES]);
void note_id_write(uint32_t id, uint8_t bytes_out[NOTE_ID_BYTES]);

/* Ed25519 (RFC 8032) over OpenSSL. False on any failure. */
bool note_ed25519_verify(const uint8_t public_key[32], struct slice text, struct slice signature);
bool note_ed25519_sign(const uint8_t seed[32], struct slice text, uint8_t signature_out[NOTE_SIGNATURE_BYTES]);
bool note_ed25519_public(const uint8_t seed[32], uint8_t public_key_out[32]);

#endif
