/* Verifier and signer keys in their text forms. Source: golang.org/x/mod/sumdb/note, "Signing and verifying". */
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "tlog/note_private.h"

#define ALGORITHM_ED25519 1
#define KEY_BYTES         32

/* The characters that Unicode calls White_Space, beyond ASCII's, as the first and last of each run. */
static const struct {
	unsigned first, last;
} spaces[] = { { 0x09, 0x0d }, { 0x20, 0x20 }, { 0x85, 0x85 }, { 0xa0, 0xa0 }, { 0x1680, 0x1680 }, { 0x2000, 0x200a }, { 0x2028, 0x2029 },
	{ 0x202f, 0x202f }, { 0x205f, 0x205f }, { 0x3000, 0x3000 } };

static bool is_space(unsigned rune)
{
	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++)
		if (rune >= spaces[i].first && rune <= spaces[i].last)
			return true;
	return false;
}

/* The rune at *at of valid UTF-8, of at most three bytes; longer ones are no space and read as 0. */
static unsigned next_rune(struct slice s, size_t *at)
{
	const unsigned char *p = (const unsigned char *)s.ptr + *at;

	if (p[0] < 0x80) {
		*at += 1;
		return p[0];
	}
	if (p[0] < 0xe0) {
		*at += 2;
		return (p[0] & 0x1fU) << 6 | (p[1] & 0x3fU);
	}
	if (p[0] < 0xf0) {
		*at += 3;
		return (p[0] & 0x0fU) << 12 | (p[1] & 0x3fU) << 6 | (p[2] & 0x3fU);
	}
	*at += 4;
	return 0;
}

bool note_name_valid(struct slice name)
{
	if (name.len == 0 || name.len > NOTE_NAME_MAX || !slice_is_utf8(name) || slice_has_nul(name) || slice_index(name, '+') >= 0)
		return false;
	for (size_t at = 0; at < name.len;)
		if (is_space(next_rune(name, &at)))
			return false;
	return true;
}

uint32_t note_id_read(const uint8_t bytes[NOTE_ID_BYTES])
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

void note_id_write(uint32_t id, uint8_t bytes_out[NOTE_ID_BYTES])
{
	for (unsigned i = 0; i < NOTE_ID_BYTES; i++)
		bytes_out[i] = (uint8_t)(id >> (24 - 8 * i));
}

/* The first four bytes of SHA-256(name, newline, algorithm, public key). */
static uint32_t key_id(const char *name, const uint8_t public_key[KEY_BYTES])
{
	uint8_t input[NOTE_NAME_MAX + 2 + KEY_BYTES];
	uint8_t digest[SHA256_BYTES];
	size_t len = (size_t)snprintf((char *)input, NOTE_NAME_MAX + 2, "%s\n", name);

	input[len++] = ALGORITHM_ED25519;
	memcpy(input + len, public_key, KEY_BYTES);
	sha256(slice_make(input, len + KEY_BYTES), digest);
	return note_id_read(digest);
}

/* "NAME+hhhhhhhh+base64(algorithm, key)" in its parts. */
static bool key_split(struct slice text, char name_out[NOTE_NAME_MAX + 1], uint32_t *id_out, uint8_t key_out[KEY_BYTES])
{
	struct slice name, rest, id_text, encoded;
	uint8_t id[NOTE_ID_BYTES];
	struct buf raw = BUF_INIT(1 + KEY_BYTES);
	bool good;

	good = slice_cut(text, '+', &name, &rest) && slice_cut(rest, '+', &id_text, &encoded) && note_name_valid(name);
	good = good && id_text.len == 2 * NOTE_ID_BYTES && hex_decode(id_text, id, sizeof(id));
	good = good && base64_decode(encoded, &raw) && !buf_failed(&raw) && raw.len == 1 + KEY_BYTES && raw.ptr[0] == ALGORITHM_ED25519;
	if (good) {
		memcpy(name_out, name.ptr, name.len);
		name_out[name.len] = '\0';
		*id_out = note_id_read(id);
		memcpy(key_out, raw.ptr + 1, KEY_BYTES);
	}
	buf_wipe(&raw);
	return good;
}

int note_verifier_parse(struct slice text, struct note_verifier *verifier_out, struct err *err)
{
	struct note_verifier verifier;

	if (!key_split(text, verifier.name, &verifier.id, verifier.public_key))
		return err_set(err, TLOG_ERR, "malformed verifier key; expected NAME+hhhhhhhh+base64 of an Ed25519 key");
	if (verifier.id != key_id(verifier.name, verifier.public_key))
		return err_set(err, TLOG_ERR, "the verifier key of %s does not have the id it names; it was not copied whole", verifier.name);
	*verifier_out = verifier;
	return 0;
}

int note_signer_parse(struct slice text, struct note_signer *signer_out, struct err *err)
{
	struct note_signer signer;
	int rc = 0;

	memset(&signer, 0, sizeof(signer));
	if (!slice_starts(text, SLICE("PRIVATE+KEY+")) ||
		!key_split(slice_after(text, strlen("PRIVATE+KEY+")), signer.verifier.name, &signer.verifier.id, signer.seed))
		rc = err_set(err, TLOG_ERR, "malformed signer key; expected PRIVATE+KEY+NAME+hhhhhhhh+base64 of an Ed25519 seed");
	else if (!note_ed25519_public(signer.seed, signer.verifier.public_key) ||
		 signer.verifier.id != key_id(signer.verifier.name, signer.verifier.public_key))
		rc = err_set(err, TLOG_ERR, "the signer key of %s does not have the id it names; it was not copied whole", signer.verifier.name);
	else
		*signer_out = signer;
	note_signer_wipe(&signer);
	return rc;
}

void note_signer_wipe(struct note_signer *signer)
{
	OPENSSL_cleanse(signer, sizeof(*signer));
}
