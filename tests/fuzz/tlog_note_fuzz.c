/* Signed notes: what is signed opens again, what opens points into the message, and nobody else's signature counts. */
#include "tests/fuzz/fuzz.h"
#include "tlog/note.h"
#include "tlog/note_private.h"

#define NAME "fuzz.example"

/* A key of fixed seed, as its text says it. */
static void signer_make(struct note_signer *signer_out)
{
	*signer_out = (struct note_signer){ .verifier = { .name = NAME, .id = 0x01020304 }, .seed = { 42 } };
	ASSERT(note_ed25519_public(signer_out->seed, signer_out->verifier.public_key));
}

static void check_signed(struct slice text, const struct note_signer *signer)
{
	struct buf message = BUF_INIT(NOTE_BYTES_MAX);
	struct slice opened;

	if (note_sign(text, signer, &message, NULL) == 0) {
		ASSERT(note_open(buf_slice(&message), &signer->verifier, &opened, NULL) == 0);
		ASSERT(slice_equal(opened, text));
		message.ptr[text.len / 2] ^= 1;
		ASSERT(note_open(buf_slice(&message), &signer->verifier, &opened, NULL) != 0);
	} else {
		ASSERT(message.len == 0);
	}
	buf_free(&message);
}

static void check_keys(struct slice text)
{
	struct note_verifier verifier;
	struct note_signer signer;

	if (note_verifier_parse(text, &verifier, NULL) == 0)
		ASSERT(note_name_valid(slice_of(verifier.name)) && slice_starts(text, slice_of(verifier.name)));
	if (note_signer_parse(text, &signer, NULL) == 0) {
		ASSERT(note_name_valid(slice_of(signer.verifier.name)));
		check_signed(SLICE("a text\n"), &signer);
		note_signer_wipe(&signer);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct slice message = slice_make(bytes, len), text;
	struct note_signer signer;
	struct err err = ERR_INIT;

	signer_make(&signer);
	if (note_open(message, &signer.verifier, &text, &err) == 0)
		ASSERT(text.ptr == message.ptr && fuzz_inside(text, message) && slice_ends(text, SLICE("\n")));
	else
		ASSERT(err.text[0] != '\0');
	check_signed(message, &signer);
	check_keys(message);
	return 0;
}
