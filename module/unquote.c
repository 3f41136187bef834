/* Quoted strings as Go source writes them, interpreted ones with their escapes and raw ones. */
#include "module/unquote.h"

#include <stdint.h>

#include "module/unicode.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Takes exactly len digits of the base. */
static bool take_digits(struct slice *rest, size_t len, int base, uint32_t *number_out)
{
	uint32_t number = 0;
	size_t i;

	if (rest->len < len)
		return false;
	for (i = 0; i < len; i++) {
		int digit = hex_digit(rest->ptr[i]);
		if (digit < 0 || digit >= base)
			return false;
		number = number * (uint32_t)base + (uint32_t)digit;
	}
	*rest = slice_after(*rest, len);
	*number_out = number;
	return true;
}

static void add_rune(uint32_t rune, struct buf *out)
{
	char bytes[4];

	buf_add(out, bytes, utf8_encode(rune, bytes));
}

static bool take_rune_escape(struct slice *rest, size_t digits, struct buf *out)
{
	uint32_t rune;

	if (!take_digits(rest, digits, 16, &rune) || rune > 0x10FFFF || (rune >= 0xD800 && rune <= 0xDFFF))
		return false;
	add_rune(rune, out);
	return true;
}

static bool take_byte_escape(struct slice *rest, size_t digits, int base, struct buf *out)
{
	uint32_t byte;

	if (!take_digits(rest, digits, base, &byte) || byte > 0xFF)
		return false;
	buf_add_char(out, (char)byte);
	return true;
}

/* *rest stands behind the backslash. */
static bool take_escape(struct slice *rest, struct buf *out)
{
	static const char letters[] = "abfnrtv\\\"", meanings[] = "\a\b\f\n\r\t\v\\\"";
	const char *letter;
	char c;

	if (rest->len == 0)
		return false;
	c = rest->ptr[0];
	if (c >= '0' && c <= '7')
		return take_byte_escape(rest, 3, 8, out);
	*rest = slice_after(*rest, 1);
	if (c == 'x')
		return take_byte_escape(rest, 2, 16, out);
	if (c == 'u' || c == 'U')
		return take_rune_escape(rest, c == 'u' ? 4 : 8, out);
	letter = c == '\0' ? NULL : strchr(letters, c);
	if (letter == NULL)
		return false;
	buf_add_char(out, meanings[letter - letters]);
	return true;
}

static bool unquote_interpreted(struct slice rest, struct buf *out)
{
	while (rest.len > 0) {
		uint32_t rune;
		size_t len;
		if (rest.ptr[0] == '"' || rest.ptr[0] == '\n')
			return false;
		if (rest.ptr[0] == '\\') {
			rest = slice_after(rest, 1);
			if (!take_escape(&rest, out))
				return false;
			continue;
		}
		len = utf8_decode(rest, &rune);
		add_rune(rune, out);
		rest = slice_after(rest, len);
	}
	return true;
}

static bool unquote_raw(struct slice inside, struct buf *out)
{
	size_t i;

	for (i = 0; i < inside.len; i++) {
		if (inside.ptr[i] == '`')
			return false;
		if (inside.ptr[i] != '\r')
			buf_add_char(out, inside.ptr[i]);
	}
	return true;
}

/* An escaped quote at the end is found while reading: its backslash then has nothing behind it. */
bool unquote(struct slice literal, struct buf *out)
{
	struct slice inside;

	if (literal.len < 2 || literal.ptr[0] != literal.ptr[literal.len - 1])
		return false;
	inside = slice_sub(literal, 1, literal.len - 1);
	if (literal.ptr[0] == '"')
		return unquote_interpreted(inside, out);
	return literal.ptr[0] == '`' && unquote_raw(inside, out);
}
