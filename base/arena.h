/* A capped arena: memory of one request, freed at once. Not for several threads at a time. Built with -DARENA_MALLOC each piece is a malloc, for the sanitizers. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "base/slice.h"

struct arena;

/* bytes_max bounds all that is ever allocated from it. NULL when memory is short. */
struct arena *arena_open(size_t bytes_max);
void arena_close(struct arena **arena);
/* Forgets everything allocated, keeps one block for the next use. */
void arena_reset(struct arena *arena);

/* Zeroed, aligned for any type; valid until reset or close. NULL when the cap or memory is reached. */
void *arena_alloc(struct arena *arena, size_t bytes);
/* A C string of s (up to its first NUL). */
char *arena_text(struct arena *arena, struct slice s);
/* A copy of the bytes; ptr is NULL on failure (also check len). */
struct slice arena_copy(struct arena *arena, struct slice s);
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
