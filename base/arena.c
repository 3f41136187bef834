/* The capped arena: blocks that double, pieces cut from the newest. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_FIRST 4096
#define BLOCK_MAX   (1024 * 1024)

struct block {
	struct block *next; /* the older one */
	size_t size;
	size_t used;
	alignas(max_align_t) unsigned char bytes[];
};

struct arena {
	struct block *newest;
	size_t block_next; /* size of the next block */
	size_t bytes;      /* given out, with what alignment costs */
	size_t bytes_max;
};

struct arena *arena_open(size_t bytes_max)
{
	struct arena *arena = calloc(1, sizeof(*arena));

	if (arena == NULL)
		return NULL;
	arena->block_next = BLOCK_FIRST;
	arena->bytes_max = bytes_max;
	return arena;
}

/* Frees the blocks newer than keep. */
static void drop(struct arena *arena, const struct block *keep)
{
	while (arena->newest != keep) {
		struct block *block = arena->newest;

		arena->newest = block->next;
		free(block);
	}
}

void arena_close(struct arena **arena)
{
	if (*arena == NULL)
		return;
	drop(*arena, NULL);
	free(*arena);
	*arena = NULL;
}

/* The block to keep: the oldest if it is an ordinary one. Pieces of the sanitizers' build are never kept. */
static struct block *oldest(const struct arena *arena)
{
#ifdef ARENA_MALLOC
	(void)arena;
	return NULL;
#else
	struct block *block = arena->newest;

	while (block != NULL && block->next != NULL)
		block = block->next;
	return block != NULL && block->size <= BLOCK_MAX ? block : NULL;
#endif
}

void arena_reset(struct arena *arena)
{
	struct block *keep = oldest(arena);

	drop(arena, keep);
	if (keep != NULL)
		keep->used = 0;
	arena->block_next = keep == NULL || keep->size > BLOCK_MAX / 2 ? BLOCK_FIRST : keep->size * 2;
	arena->bytes = 0;
}

static struct block *grow(struct arena *arena, size_t bytes)
{
#ifdef ARENA_MALLOC
	size_t size = bytes;
#else
	size_t size = bytes > arena->block_next ? bytes : arena->block_next;
#endif
	struct block *block = malloc(sizeof(*block) + size);

	if (block == NULL)
		return NULL;
	block->next = arena->newest;
	block->size = size;
	block->used = 0;
	arena->newest = block;
	if (arena->block_next < BLOCK_MAX)
		arena->block_next *= 2;
	return block;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
	const size_t align = alignof(max_align_t);
	struct block *block = arena->newest;
	size_t rounded;
	void *piece;

	if (bytes > arena->bytes_max - arena->bytes || bytes > SIZE_MAX / 2)
		return NULL;
	if (block == NULL || bytes > block->size - block->used)
		block = grow(arena, bytes);
	if (block == NULL)
		return NULL;
	piece = block->bytes + block->used;
	memset(piece, 0, bytes);
	/* Neither a block nor the cap need be a multiple of the alignment: the last piece may fill either exactly. */
	rounded = (bytes + align - 1) / align * align;
	block->used += rounded > block->size - block->used ? bytes : rounded;
	arena->bytes += rounded > arena->bytes_max - arena->bytes ? bytes : rounded;
	return piece;
}

char *arena_text(struct arena *arena, struct slice s)
{
	size_t len = s.len == 0 ? 0 : strnlen(s.ptr, s.len);
	char *text = len == SIZE_MAX ? NULL : arena_alloc(arena, len + 1);

	if (text != NULL && len > 0)
		memcpy(text, s.ptr, len);
	return text;
}

struct slice arena_copy(struct arena *arena, struct slice s)
{
	char *bytes = arena_alloc(arena, s.len);

	if (bytes == NULL)
		return SLICE_NONE;
	if (s.len > 0)
		memcpy(bytes, s.ptr, s.len);
	return slice_make(bytes, s.len);
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	char *text;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0)
		return NULL;
	text = arena_alloc(arena, (size_t)n + 1);
	if (text == NULL)
		return NULL;
	va_start(args, format);
	vsnprintf(text, (size_t)n + 1, format, args);
	va_end(args);
	return text;
}
