/* The one error shape: a sentence in the caller's struct. */
#include "base/err.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Replaces what would break a line or a terminal, and takes away half a UTF-8 sequence that the cut may have left at the end. */
static void tidy(char *text, bool was_cut)
{
	size_t len = strlen(text);
	size_t start = len;

	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			text[i] = '?';
	}
	if (!was_cut)
		return;
	while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
		start--;
	if (start > 0 && (unsigned char)text[start - 1] >= 0xc0)
		text[start - 1] = '\0';
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
	tidy(text, was_cut);
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
	tidy(text, n >= ERR_TEXT_MAX);
	memcpy(err->text, text, sizeof(text));
	return code;
}

_Noreturn void assert_failed(const char *condition, const char *file, int line)
{
	fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, condition);
	abort();
}
