/* The one error shape: a sentence in the caller's struct. */
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"

/* What no terminal shows, or shows in another place than it stands; a go command shows no text at all that holds one. First and last. */
static const uint32_t unseen[][2] = { { 0x0, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad }, { 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },
	{ 0xe000, 0xf8ff }, { 0xfeff, 0xfeff }, { 0xfff0, 0xfffb }, { 0xfffe, 0xffff }, { 0xe0000, 0x10ffff } };

static bool is_seen(const char *sequence, size_t len)
{
	uint32_t rune = len == 1 ? (unsigned char)sequence[0] : (unsigned char)sequence[0] & (0x7fu >> len);

	for (size_t i = 1; i < len; i++)
		rune = rune << 6 | ((unsigned char)sequence[i] & 0x3f);
	for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++)
		if (rune >= unseen[i][0] && rune <= unseen[i][1])
			return false;
	return true;
}

/* Takes away half a UTF-8 sequence that a cut may have left at the end. */
static void mend_cut(char *text)
{
	size_t start = strlen(text);

	while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
		start--;
	if (start > 0 && (unsigned char)text[start - 1] >= 0xc0)
		text[start - 1] = '\0';
}

/* Replaces what would break a line or a terminal, or is no UTF-8. */
static void tidy(char *text)
{
	struct slice rest = slice_of(text);
	char *out = text;

	while (rest.len > 0) {
		size_t len = slice_utf8_sequence(rest);

		if (len > 0 && is_seen(rest.ptr, len)) {
			memmove(out, rest.ptr, len);
			out += len;
		} else {
			*out++ = '?';
		}
		rest = slice_after(rest, len > 0 ? len : 1);
	}
	*out = '\0';
}

static bool format_into(char out[ERR_TEXT_MAX], const char *format, va_list args)
{
	int n = vsnprintf(out, ERR_TEXT_MAX, format, args);

	if (n < 0)
		out[0] = '\0';
	return n >= ERR_TEXT_MAX;
}

int err_set(struct err *err, int code, const char *format, ...)
{
	char text[ERR_TEXT_MAX]; /* the arguments may point into err */
	bool was_cut;
	va_list args;

	if (err == NULL)
		return code;
	va_start(args, format);
	was_cut = format_into(text, format, args);
	va_end(args);
	if (was_cut)
		mend_cut(text);
	tidy(text);
	memcpy(err->text, text, sizeof(text));
	return code;
}

int err_prepend(struct err *err, int code, const char *format, ...)
{
	char front[ERR_TEXT_MAX];
	char text[ERR_TEXT_MAX];
	va_list args;
	int n;

	if (err == NULL)
		return code;
	va_start(args, format);
	format_into(front, format, args);
	va_end(args);
	n = snprintf(text, sizeof(text), "%s: %s", front, err->text);
	if (n >= ERR_TEXT_MAX)
		mend_cut(text);
	tidy(text);
	memcpy(err->text, text, sizeof(text));
	return code;
}

_Noreturn void assert_failed(const char *condition, const char *file, int line)
{
	fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, condition);
	abort();
}
