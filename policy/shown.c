/* Text that people will read: what may stand in it, and how names from outside are put into it. */
#include "policy/policy_private.h"

/* Is the character that begins here one that shows nothing, or moves what stands around it? text is valid UTF-8 with two bytes more to read. */
static bool is_invisible(const unsigned char *at)
{
	if (at[0] < 0x20 || at[0] == 0x7f)
		return true;
	if (at[0] == 0xc2)
		return at[1] <= 0xa0 || at[1] == 0xad; /* C1 controls, no-break space, soft hyphen */
	if (at[0] == 0xe2 && at[1] == 0x80)
		return at[2] <= 0x8f || (at[2] >= 0xa8 && at[2] <= 0xaf); /* spaces, joiners, separators, directions */
	if (at[0] == 0xe2 && at[1] == 0x81)
		return at[2] >= 0x9f && at[2] <= 0xaf;
	return (at[0] == 0xe3 && at[1] == 0x80 && at[2] == 0x80) || (at[0] == 0xef && at[1] == 0xbb && at[2] == 0xbf);
}

bool policy_is_printable(struct slice text)
{
	if (!slice_is_utf8(text))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char next[3] = { (unsigned char)text.ptr[i] };

		for (size_t k = 1; k < sizeof(next) && i + k < text.len; k++)
			next[k] = (unsigned char)text.ptr[i + k];
		if (is_invisible(next))
			return false;
	}
	return true;
}

/* So much of text that no character is cut in two. */
static struct slice cut(struct slice text, size_t bytes_max)
{
	if (text.len <= bytes_max)
		return text;
	while (bytes_max > 0 && ((unsigned char)text.ptr[bytes_max] & 0xc0) == 0x80)
		bytes_max--;
	return slice_sub(text, 0, bytes_max);
}

void policy_add_shown(struct buf *out, struct slice text, size_t bytes_max)
{
	struct slice part = cut(text, bytes_max);

	if (policy_is_printable(part)) {
		buf_add_slice(out, part);
	} else {
		for (size_t i = 0; i < part.len; i++)
			buf_add_char(out, part.ptr[i] >= 0x20 && part.ptr[i] < 0x7f ? part.ptr[i] : '?');
	}
	if (part.len < text.len)
		buf_add_text(out, "...");
}
