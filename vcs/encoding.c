/* The attribute working-tree-encoding: from UTF-8, which repositories hold, to what it names. Source: gitattributes(5). */
#include <ctype.h>
#include <errno.h>
#include <iconv.h>
#include <string.h>
#include <strings.h>

#include "vcs/files_private.h"

/* Spellings of git's own: encodings with a byte order mark, and a common misspelling. */
static const struct {
	const char *name;
	const char *encoding;
	const char *mark;
} spellings[] = {
	{ "UTF-16LE-BOM", "UTF-16LE", "\xff\xfe" },
	{ "UTF16LE-BOM", "UTF-16LE", "\xff\xfe" },
	{ "UTF-16BE-BOM", "UTF-16BE", "\xfe\xff" },
	{ "UTF16BE-BOM", "UTF-16BE", "\xfe\xff" },
	{ "latin-1", "ISO-8859-1", "" },
};

/*
 * The repository chooses which converter of the C library reads its bytes, and those of these families have let their input write beyond the
 * output (CVE-2024-2961 is one). The library drops most signs from a name, so only letters and digits count here.
 */
bool vcs_encoding_unsafe(struct slice name)
{
	static const char *const families[] = { "ISO2022CN", "ISO2022KR" };
	char letters[ENCODING_MAX];
	size_t n = 0;

	for (size_t i = 0; i < name.len && n < sizeof(letters) - 1; i++)
		if (isalnum((unsigned char)name.ptr[i]))
			letters[n++] = (char)toupper((unsigned char)name.ptr[i]);
	letters[n] = '\0';
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (strstr(letters, families[i]))
			return true;
	return false;
}

/* One round of the converter: true while there is more to do; *done_out when all went well. */
static bool round_of(iconv_t converter, char **from, size_t *left, struct spool *out, bool *done_out)
{
	char bytes[8192], *to = bytes;
	size_t room = sizeof(bytes);
	bool ending = *left == 0;
	size_t got = iconv(converter, ending ? NULL : from, ending ? NULL : left, &to, &room);
	int error = errno;

	vcs_spool_add(out, bytes, sizeof(bytes) - room);
	if (got == (size_t)-1)
		return error == E2BIG;
	*done_out = ending;
	return !ending;
}

bool vcs_convert_encoding(struct slice in, const char *encoding, struct spool *out)
{
	size_t left = in.len;
	char *from = (char *)(uintptr_t)in.ptr; /* iconv only reads it */
	iconv_t converter;
	bool done = false;

	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++)
		if (strcasecmp(encoding, spellings[i].name) == 0) {
			encoding = spellings[i].encoding;
			vcs_spool_add(out, spellings[i].mark, strlen(spellings[i].mark));
		}
	converter = iconv_open(encoding, "UTF-8");
	if (converter == (iconv_t)-1)
		return false;
	while (round_of(converter, &from, &left, out, &done))
		continue;
	iconv_close(converter);
	return done;
}
