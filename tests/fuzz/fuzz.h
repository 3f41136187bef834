/*
 * What fuzz targets share. A target is tests/fuzz/ROOM_NAME_fuzz.c: it sees what ROOM may see, takes bytes, and asserts what must hold of the
 * answers, whatever the bytes. Its seeds lie in tests/fuzz/seeds/ROOM_NAME/: `make check` runs each once, `make fuzz` begins with them.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

/* Answers 0. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* The next line, without its end; empty when none is left. What separates the parts of an input. */
static inline struct slice fuzz_line(struct slice *rest)
{
	struct slice line = SLICE_NONE;

	slice_next(rest, '\n', &line);
	return line;
}

/* The next byte, 0 when none is left. */
static inline uint8_t fuzz_byte(struct slice *rest)
{
	uint8_t byte = rest->len > 0 ? (uint8_t)rest->ptr[0] : 0;

	*rest = slice_after(*rest, 1);
	return byte;
}

/* Does part lie inside whole? An empty part may lie anywhere. */
static inline bool fuzz_inside(struct slice part, struct slice whole)
{
	return part.len == 0 || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len);
}

/* A piece of its own, so that AddressSanitizer sees a step past its end. Caller frees. */
static inline char *fuzz_copy(struct slice s)
{
	char *copy = malloc(s.len > 0 ? s.len : 1);

	ASSERT(copy != NULL);
	if (s.len > 0)
		memcpy(copy, s.ptr, s.len);
	return copy;
}

#endif
