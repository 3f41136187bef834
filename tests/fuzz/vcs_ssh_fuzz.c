/* What ssh and the host say: whatever it is, the sentence made of it is one line of bounded length that begins with the repository. */
#include "tests/fuzz/fuzz.h"
#include "vcs/child_private.h"

#define URL "ssh://git@git.example/x.git"

static void check_sentence(const char *text)
{
	ASSERT(strncmp(text, URL " ", strlen(URL) + 1) == 0);
	for (; *text != '\0'; text++)
		ASSERT((unsigned char)*text >= 0x20 && *text != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct slice text = slice_make(bytes, len), reason = vcs_ssh_reason(text);
	struct err err = ERR_INIT;

	if (vcs_ssh_refused(URL, text, &err))
		check_sentence(err.text);
	else
		ASSERT(err.text[0] == '\0');
	vcs_ssh_missing(text);
	ASSERT(reason.len <= len && slice_index(reason, '\n') < 0 && slice_starts(text, reason));
	return 0;
}
