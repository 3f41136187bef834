/* Runes: UTF-8 in and out, look-ups in the generated tables. */
#include "module/unicode.h"

static bool in_ranges(const struct unicode_range *ranges, size_t count, uint32_t rune)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (rune > ranges[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && rune >= ranges[low].first;
}

bool unicode_is_letter(uint32_t rune)
{
	return in_ranges(unicode_letters, unicode_letters_count, rune);
}

bool unicode_is_printable(uint32_t rune)
{
	if (rune < 0x80)
		return rune >= 0x20 && rune < 0x7F;
	return in_ranges(unicode_printable, unicode_printable_count, rune);
}

uint32_t unicode_fold(uint32_t rune)
{
	size_t low = 0, high = unicode_folds_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (rune > unicode_folds[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == unicode_folds_count || rune < unicode_folds[low].first || (rune - unicode_folds[low].first) % unicode_folds[low].stride != 0)
		return rune;
	return rune - unicode_folds[low].down;
}

/* How long a sequence with this first byte is, and the smallest rune that needs so many; 0 for a byte that begins none. */
static size_t sequence(unsigned char first, uint32_t *bits_out, uint32_t *smallest_out)
{
	if (first >= 0xC2 && first <= 0xDF) {
		*bits_out = first & 0x1Fu;
		*smallest_out = 0x80;
		return 2;
	}
	if (first >= 0xE0 && first <= 0xEF) {
		*bits_out = first & 0x0Fu;
		*smallest_out = 0x800;
		return 3;
	}
	if (first >= 0xF0 && first <= 0xF4) {
		*bits_out = first & 0x07u;
		*smallest_out = 0x10000;
		return 4;
	}
	return 0;
}

size_t utf8_decode(struct slice s, uint32_t *rune_out)
{
	const unsigned char *bytes = (const unsigned char *)s.ptr;
	uint32_t rune = 0, smallest = 0;
	size_t len, i;

	if (bytes[0] < 0x80) {
		*rune_out = bytes[0];
		return 1;
	}
	*rune_out = UNICODE_REPLACEMENT;
	len = sequence(bytes[0], &rune, &smallest);
	if (len == 0 || len > s.len)
		return 1;
	for (i = 1; i < len; i++) {
		if ((bytes[i] & 0xC0) != 0x80)
			return 1;
		rune = rune << 6 | (bytes[i] & 0x3Fu);
	}
	if (rune < smallest || rune > 0x10FFFF || (rune >= 0xD800 && rune <= 0xDFFF))
		return 1;
	*rune_out = rune;
	return len;
}

size_t utf8_encode(uint32_t rune, char out[4])
{
	if (rune < 0x80) {
		out[0] = (char)rune;
		return 1;
	}
	if (rune < 0x800) {
		out[0] = (char)(0xC0 | rune >> 6);
		out[1] = (char)(0x80 | (rune & 0x3F));
		return 2;
	}
	if (rune < 0x10000) {
		out[0] = (char)(0xE0 | rune >> 12);
		out[1] = (char)(0x80 | (rune >> 6 & 0x3F));
		out[2] = (char)(0x80 | (rune & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | rune >> 18);
	out[1] = (char)(0x80 | (rune >> 12 & 0x3F));
	out[2] = (char)(0x80 | (rune >> 6 & 0x3F));
	out[3] = (char)(0x80 | (rune & 0x3F));
	return 4;
}

static bool is_space(uint32_t rune)
{
	if (rune < 0x80)
		return rune == ' ' || (rune >= '\t' && rune <= '\r');
	return rune == 0x85 || rune == 0xA0 || rune == 0x1680 || (rune >= 0x2000 && rune <= 0x200A) || rune == 0x2028 || rune == 0x2029 ||
	       rune == 0x202F || rune == 0x205F || rune == 0x3000;
}

/* The length of the white space that s ends with, one rune of it; 0: none. */
static size_t space_at_end(struct slice s)
{
	size_t len;

	for (len = 1; len <= 3 && len <= s.len; len++) {
		uint32_t rune;
		if (utf8_decode(slice_after(s, s.len - len), &rune) == len && is_space(rune))
			return len;
	}
	return 0;
}

struct slice unicode_trim(struct slice s)
{
	uint32_t rune;
	size_t len;

	while (s.len > 0) {
		len = utf8_decode(s, &rune);
		if (!is_space(rune))
			break;
		s = slice_after(s, len);
	}
	while ((len = space_at_end(s)) > 0)
		s = slice_sub(s, 0, s.len - len);
	return s;
}
