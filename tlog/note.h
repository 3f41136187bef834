/*
 * tlog: transparency logs - signed notes, trees, tiles, proofs. Pure; it does not know who uses it.
 *
 * note.h: signed notes with Ed25519. Source: golang.org/x/mod/sumdb/note, c2sp.org/signed-note.
 */
#ifndef TLOG_NOTE_H
#define TLOG_NOTE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#define NOTE_BYTES_MAX      1000000
#define NOTE_SIGNATURES_MAX 100
#define NOTE_NAME_MAX       255

enum tlog_code {
	TLOG_ERR = -1,          /* malformed, or it does not prove what it should */
	TLOG_ERR_UNSIGNED = -2, /* well formed, but no signature of the known key */
	TLOG_ERR_LIMIT = -3
};

/* A verifier key "NAME+hhhhhhhh+base64". */
struct note_verifier {
	char name[NOTE_NAME_MAX + 1];
	uint32_t id;
	uint8_t public_key[32];
};
int note_verifier_parse(struct slice text, struct note_verifier *verifier_out, struct err *err);

/* A signer key "PRIVATE+KEY+NAME+hhhhhhhh+base64". Wipe with note_signer_wipe(). */
struct note_signer {
	struct note_verifier verifier;
	uint8_t seed[32];
};
int note_signer_parse(struct slice text, struct note_signer *signer_out, struct err *err);
void note_signer_wipe(struct note_signer *signer);

/* Opens a note: *text_out aliases message (text with its final newline). TLOG_ERR, TLOG_ERR_UNSIGNED. */
int note_open(struct slice message, const struct note_verifier *verifier, struct slice *text_out, struct err *err);
/* Appends text, blank line and one signature line. text must end in a newline. */
int note_sign(struct slice text, const struct note_signer *signer, struct buf *out, struct err *err);

#endif
