/* From a file's attributes to what happens to its bytes on the way out. Source: gitattributes(5). */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "vcs/attributes_private.h"

enum line_ends { UNSAID, BINARY, LINES, AUTO };

static enum line_ends line_ends_of(const struct attribute_value *value)
{
	switch (value->kind) {
	case VALUE_SET:
		return LINES;
	case VALUE_UNSET:
		return BINARY;
	case VALUE_TEXT:
		return slice_equal_text(value->text, "auto") ? AUTO : slice_equal_text(value->text, "input") ? LINES : UNSAID;
	case VALUE_UNKNOWN:
	case VALUE_UNSPECIFIED:
		return UNSAID;
	}
	return UNSAID;
}

/* Only eol=crlf ever changes bytes on the way out. */
static void set_eol(const struct attribute_value *values, struct conversion *out)
{
	enum line_ends action = line_ends_of(&values[ATTRIBUTE_TEXT]);

	if (action == UNSAID)
		action = line_ends_of(&values[ATTRIBUTE_CRLF]);
	if (action != BINARY && values[ATTRIBUTE_EOL].kind == VALUE_TEXT && slice_equal_text(values[ATTRIBUTE_EOL].text, "crlf"))
		out->eol = action == AUTO ? EOL_CRLF_AUTO : EOL_CRLF;
}

/* True: a name of an encoding and nothing that the C library would take for more. */
static bool plain(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!isalnum((unsigned char)name.ptr[i]) && slice_index(SLICE("-_.:+"), name.ptr[i]) < 0)
			return false;
	return name.len < ENCODING_MAX;
}

static int set_encoding(const struct attribute_value *value, const char *path, struct conversion *out, struct err *err)
{
	if (value->kind == VALUE_UNKNOWN || value->kind == VALUE_UNSPECIFIED || (value->kind == VALUE_TEXT && value->text.len == 0))
		return 0;
	if (value->kind != VALUE_TEXT || !plain(value->text))
		return err_set(err, VCS_ERR_REJECTED, "%s: its attribute working-tree-encoding names no encoding", path);
	if (vcs_encoding_unsafe(value->text))
		return err_set(err, VCS_ERR_REJECTED,
			"%s: .gitattributes wants working-tree-encoding %.*s, whose converter is open to attacks and not used here; take UTF-8, and "
			"make a new version",
			path, SLICE_ARG(value->text));
	if (slice_equal_nocase(value->text, SLICE("UTF-8")) || slice_equal_nocase(value->text, SLICE("UTF8")))
		return 0;
	memcpy(out->encoding, value->text.ptr, value->text.len);
	out->encoding[value->text.len] = '\0';
	return 0;
}

int vcs_conversion_of(const struct attribute_value *values, const char *path, struct conversion *out, struct err *err)
{
	memset(out, 0, sizeof(*out));
	out->ident = values[ATTRIBUTE_IDENT].kind == VALUE_SET;
	set_eol(values, out);
	return set_encoding(&values[ATTRIBUTE_ENCODING], path, out, err);
}
