/* Opening and signing notes. Source: golang.org/x/mod/sumdb/note, c2sp.org/signed-note. */
#include "tlog/note.h"

#include <string.h>

#include "tlog/note_private.h"

#define SIGNATURE_PREFIX "\xe2\x80\x94 "

/* Valid UTF-8 and no control character but the newline. */
static bool printable(struct slice message)
{
	for (size_t i = 0; i < message.len; i++)
		if ((unsigned char)message.ptr[i] < 0x20 && message.ptr[i] != '\n')
			return false;
	return slice_is_utf8(message);
}

/* At the last blank line: text keeps its final newline, signatures begin after the blank line. */
static bool split(struct slice message, struct slice *text_out, struct slice *signatures_out)
{
	for (size_t i = message.len; i >= 2; i--) {
		if (message.ptr[i - 1] == '\n' && message.ptr[i - 2] == '\n') {
			*text_out = slice_sub(message, 0, i - 1);
			*signatures_out = slice_after(message, i);
			return signatures_out->len > 0 && slice_ends(message, SLICE("\n"));
		}
	}
	return false;
}

/* One signature line. Free raw. */
struct signature {
	struct slice name;
	struct buf raw; /* the key's id, then what its algorithm made */
};

static bool signature_parse(struct slice line, struct signature *signature_out)
{
	struct slice rest, encoded;

	buf_init(&signature_out->raw, line.len);
	if (!slice_starts(line, SLICE(SIGNATURE_PREFIX)))
		return false;
	rest = slice_after(line, strlen(SIGNATURE_PREFIX));
	return slice_cut(rest, ' ', &signature_out->name, &encoded) && note_name_valid(signature_out->name) &&
	       base64_decode(encoded, &signature_out->raw) && signature_out->raw.len > NOTE_ID_BYTES;
}

/* 1: signed by the verifier, 0: by somebody else. */
static int signature_check(const struct signature *signature, const struct note_verifier *verifier, struct slice text, struct err *err)
{
	struct slice raw = buf_slice(&signature->raw);

	if (note_id_read((const uint8_t *)raw.ptr) != verifier->id || !slice_equal_text(signature->name, verifier->name))
		return 0;
	if (!note_ed25519_verify(verifier->public_key, text, slice_after(raw, NOTE_ID_BYTES)))
		return err_set(err, TLOG_ERR, "the note carries an invalid signature of %s", verifier->name);
	return 1;
}

/* 1: one of the lines is the verifier's, 0: none is. Of repeated ones the first decides. */
static int signatures_check(struct slice lines, const struct note_verifier *verifier, struct slice text, struct err *err)
{
	struct slice line;
	unsigned count = 0;
	int found = 0;

	while (found >= 0 && slice_cut(lines, '\n', &line, &lines)) {
		struct signature signature;

		if (!signature_parse(line, &signature) || ++count > NOTE_SIGNATURES_MAX)
			found = err_set(err, TLOG_ERR, "malformed note");
		else if (found == 0)
			found = signature_check(&signature, verifier, text, err);
		buf_free(&signature.raw);
	}
	return found;
}

int note_open(struct slice message, const struct note_verifier *verifier, struct slice *text_out, struct err *err)
{
	struct slice text, signatures;
	int found;

	if (message.len > NOTE_BYTES_MAX)
		return err_set(err, TLOG_ERR_LIMIT, "the note is larger than %d bytes", NOTE_BYTES_MAX);
	if (!printable(message) || !split(message, &text, &signatures))
		return err_set(err, TLOG_ERR, "malformed note");
	found = signatures_check(signatures, verifier, text, err);
	if (found < 0)
		return found;
	if (found == 0)
		return err_set(err, TLOG_ERR_UNSIGNED, "the note is not signed by %s+%08x", verifier->name, verifier->id);
	*text_out = text;
	return 0;
}

int note_sign(struct slice text, const struct note_signer *signer, struct buf *out, struct err *err)
{
	uint8_t signature[NOTE_ID_BYTES + NOTE_SIGNATURE_BYTES];

	if (!slice_ends(text, SLICE("\n")) || !printable(text))
		return err_set(err, TLOG_ERR, "the text of a note must be printable and end in a newline");
	note_id_write(signer->verifier.id, signature);
	if (!note_ed25519_sign(signer->seed, text, signature + NOTE_ID_BYTES))
		return err_set(err, TLOG_ERR, "the note could not be signed");
	buf_add_slice(out, text);
	buf_printf(out, "\n" SIGNATURE_PREFIX "%s ", signer->verifier.name);
	base64_encode(slice_make(signature, sizeof(signature)), out);
	buf_add_char(out, '\n');
	return 0;
}
