/* Borrowed bytes: comparing, searching, splitting. */
#include "base/slice.h"

#include <stdint.h>
#include <stdlib.h>

bool slice_equal_text(struct slice a, const char *b)
{
	return slice_equal(a, slice_of(b));
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool slice_equal_nocase(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (lower(a.ptr[i]) != lower(b.ptr[i]))
			return false;
	}
	return true;
}

int slice_compare(struct slice a, struct slice b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common == 0 ? 0 : memcmp(a.ptr, b.ptr, common);

	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

bool slice_ends(struct slice s, struct slice suffix)
{
	return s.len >= suffix.len && slice_equal(slice_after(s, s.len - suffix.len), suffix);
}

bool slice_has_nul(struct slice s)
{
	return slice_index(s, '\0') >= 0;
}

ptrdiff_t slice_index(struct slice s, char c)
{
	const char *at = s.len == 0 ? NULL : memchr(s.ptr, c, s.len);

	return at == NULL ? -1 : at - s.ptr;
}

ptrdiff_t slice_last_index(struct slice s, char c)
{
	const char *at = s.len == 0 ? NULL : memrchr(s.ptr, c, s.len);

	return at == NULL ? -1 : at - s.ptr;
}

ptrdiff_t slice_find(struct slice s, struct slice needle)
{
	const char *at;

	if (needle.len == 0)
		return 0;
	at = s.len == 0 ? NULL : memmem(s.ptr, s.len, needle.ptr, needle.len);
	return at == NULL ? -1 : at - s.ptr;
}

bool slice_cut(struct slice s, char c, struct slice *before_out, struct slice *after_out)
{
	ptrdiff_t at = slice_index(s, c);

	if (at < 0) {
		*before_out = s;
		*after_out = SLICE_NONE;
		return false;
	}
	*before_out = slice_sub(s, 0, (size_t)at);
	*after_out = slice_after(s, (size_t)at + 1);
	return true;
}

bool slice_next(struct slice *rest, char separator, struct slice *part_out)
{
	if (rest->len == 0)
		return false;
	slice_cut(*rest, separator, part_out, rest);
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct slice slice_trim(struct slice s)
{
	size_t from = 0;
	size_t to = s.len;

	while (from < to && is_blank(s.ptr[from]))
		from++;
	while (to > from && is_blank(s.ptr[to - 1]))
		to--;
	return slice_sub(s, from, to);
}

bool slice_to_number(struct slice s, long long *number_out)
{
	long long number = 0;

	if (s.len == 0 || s.len > 18)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
		number = number * 10 + (s.ptr[i] - '0');
	}
	*number_out = number;
	return true;
}

char *slice_dup(struct slice s)
{
	char *text;

	if (slice_has_nul(s))
		return NULL;
	text = malloc(s.len + 1);
	if (text == NULL)
		return NULL;
	if (s.len > 0)
		memcpy(text, s.ptr, s.len);
	text[s.len] = '\0';
	return text;
}

/* Unicode, table 3-7: only the second byte's range depends on the first. */
static bool second_fits(unsigned char first, unsigned char second)
{
	unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;

	return second >= low && second <= high;
}

size_t slice_utf8_sequence(struct slice s)
{
	const unsigned char *at = (const unsigned char *)s.ptr;
	size_t need;

	if (s.len == 0)
		return 0;
	if (at[0] < 0x80)
		return 1;
	if (at[0] < 0xc2 || at[0] > 0xf4)
		return 0;
	need = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	if (s.len < need || !second_fits(at[0], at[1]))
		return 0;
	for (size_t i = 2; i < need; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	}
	return need;
}

struct slice slice_cut_utf8(struct slice s, size_t max)
{
	size_t len = max;

	if (s.len <= max)
		return s;
	/* No sequence has more than three bytes of continuation. */
	while (len > 0 && len + 4 > max && ((unsigned char)s.ptr[len] & 0xc0) == 0x80)
		len--;
	return slice_sub(s, 0, len);
}

bool slice_is_utf8(struct slice s)
{
	size_t at = 0;
	size_t n = 1;

	while (at < s.len && n > 0) {
		/* ASCII, which is nearly all there ever is, without a call. */
		n = (unsigned char)s.ptr[at] < 0x80 ? 1 : slice_utf8_sequence(slice_after(s, at));
		at += n;
	}
	return n > 0;
}
