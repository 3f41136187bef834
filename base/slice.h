/* Bytes from outside: a pointer and a length, not ended by NUL, borrowed from whoever owns them. */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
	const char *ptr; /* may be NULL when len is 0 */
	size_t len;
};

#define SLICE(literal) ((struct slice){ "" literal, sizeof(literal) - 1 })
#define SLICE_NONE     ((struct slice){ NULL, 0 })
/* For printf: "%.*s", SLICE_ARG(s) */
#define SLICE_ARG(s) (int)(s).len, (s).ptr ? (s).ptr : ""

/* Here, what is asked of every byte or word of every request: the compiler can then see through it. */

static inline struct slice slice_make(const void *ptr, size_t len)
{
	return (struct slice){ .ptr = ptr, .len = len };
}

/* The bytes of a C string; NULL gives an empty slice. */
static inline struct slice slice_of(const char *text)
{
	return text == NULL ? SLICE_NONE : slice_make(text, strlen(text));
}

static inline bool slice_equal(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool slice_starts(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len && slice_equal(slice_make(s.ptr, prefix.len), prefix);
}

/* Bytes from..to (to past the end means the end). from past the end gives an empty slice. */
static inline struct slice slice_sub(struct slice s, size_t from, size_t to)
{
	if (to > s.len)
		to = s.len;
	if (from > to)
		from = to;
	return slice_make(s.ptr == NULL ? NULL : s.ptr + from, to - from);
}

static inline struct slice slice_after(struct slice s, size_t from)
{
	return slice_sub(s, from, s.len);
}

bool slice_equal_text(struct slice a, const char *b);
/* ASCII case only. */
bool slice_equal_nocase(struct slice a, struct slice b);
/* Byte order, the shorter first where one is a prefix: <0, 0, >0. */
int slice_compare(struct slice a, struct slice b);
bool slice_ends(struct slice s, struct slice suffix);
bool slice_has_nul(struct slice s);

/* Index of the first (last) byte c, or -1. */
ptrdiff_t slice_index(struct slice s, char c);
ptrdiff_t slice_last_index(struct slice s, char c);
/* Index of the first occurrence of needle, or -1. */
ptrdiff_t slice_find(struct slice s, struct slice needle);

/* Splits at the first byte c: true and both halves without it; false: before = s, after empty. Either out may alias s. */
bool slice_cut(struct slice s, char c, struct slice *before_out, struct slice *after_out);

/*
 * Walks s by the separator: each call gives the next part; false when none is left. Start with *rest = s; an empty s gives no part, and
 * a separator at the very end ends the last part (as lines have it) without starting an empty one.
 */
bool slice_next(struct slice *rest, char separator, struct slice *part_out);

/* Without ASCII spaces and tabs at both ends. */
struct slice slice_trim(struct slice s);

/* A plain decimal number of 1 to 18 digits without sign; false otherwise. */
bool slice_to_number(struct slice s, long long *number_out);

/* A malloc'd C string; caller frees. NULL when memory is short or s holds a NUL. */
char *slice_dup(struct slice s);

/* Bytes of the UTF-8 sequence that s begins with: 1 to 4; 0 when s is empty or begins with none. */
size_t slice_utf8_sequence(struct slice s);
/* At most max bytes of s, without a part of a UTF-8 sequence at the end where that had to be cut. */
struct slice slice_cut_utf8(struct slice s, size_t max);
/* Valid UTF-8 (no surrogates, no overlong forms). */
bool slice_is_utf8(struct slice s);

#endif
