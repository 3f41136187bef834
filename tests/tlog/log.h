/*
 * A transparency log in memory, made straight from the definitions of RFC 6962 section 2.1 and as slow as they are: the other opinion for
 * the tests of tlog, sumdb and upstream. Leaf i is "record i\n" unless the test gives its own.
 */
#ifndef TESTS_TLOG_LOG_H
#define TESTS_TLOG_LOG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tlog/tile.h"
#include "tlog/tree.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define LOG_LEVELS    20

/* levels[h][i] is the root of leaves i*2^h .. (i+1)*2^h-1. */
struct log {
	uint64_t size;
	struct tlog_hash *levels[LOG_LEVELS];
};

static inline struct tlog_hash log_leaf(uint64_t i)
{
	char text[64];
	struct tlog_hash hash;

	snprintf(text, sizeof(text), "record %llu\n", (unsigned long long)i);
	tlog_leaf_hash(slice_of(text), &hash);
	return hash;
}

/* Fills the levels above the leaves. */
static inline void log_build(struct log *log)
{
	for (unsigned h = 1; h < LOG_LEVELS; h++) {
		uint64_t count = log->size >> h;

		free(log->levels[h]);
		log->levels[h] = calloc(count + 1, sizeof(struct tlog_hash));
		assert_non_null(log->levels[h]);
		for (uint64_t i = 0; i < count; i++)
			tlog_node_hash(&log->levels[h - 1][2 * i], &log->levels[h - 1][2 * i + 1], &log->levels[h][i]);
	}
}

static inline void log_open(struct log *log, uint64_t size)
{
	memset(log, 0, sizeof(*log));
	log->size = size;
	log->levels[0] = calloc(size + 1, sizeof(struct tlog_hash));
	assert_non_null(log->levels[0]);
	for (uint64_t i = 0; i < size; i++)
		log->levels[0][i] = log_leaf(i);
	log_build(log);
}

static inline void log_close(struct log *log)
{
	for (unsigned h = 0; h < LOG_LEVELS; h++)
		free(log->levels[h]);
}

/* The largest power of two below n. */
static inline uint64_t log_split(uint64_t n)
{
	uint64_t k = 1;

	while (k * 2 < n)
		k *= 2;
	return k;
}

/* MTH(D[from:to]), where from is a multiple of the powers of two that occur. */
static inline struct tlog_hash log_mth(const struct log *log, uint64_t from, uint64_t to)
{
	struct tlog_hash left, right, hash;
	uint64_t n = to - from, k;

	if (n == 0) {
		sha256(SLICE_NONE, hash.bytes);
		return hash;
	}
	for (unsigned h = 0; h < LOG_LEVELS; h++)
		if (n == (uint64_t)1 << h)
			return log->levels[h][from >> h];
	k = log_split(n);
	left = log_mth(log, from, from + k);
	right = log_mth(log, from + k, to);
	tlog_node_hash(&left, &right, &hash);
	return hash;
}

static inline struct tlog_head log_head(const struct log *log, uint64_t size)
{
	struct tlog_head head = { .size = size, .root = log_mth(log, 0, size) };

	return head;
}

/* The hashes of a tile, or NULL where the log has not that many. */
static inline const struct tlog_hash *log_tile(const struct log *log, const struct tile *tile)
{
	unsigned h = (unsigned)tile->level * TILE_HEIGHT;

	if (tile->level < 0 || h >= LOG_LEVELS || tile->index * TILE_WIDTH + tile->width > log->size >> h)
		return NULL;
	return &log->levels[h][tile->index * TILE_WIDTH];
}

#endif
