/* Tiles of height 8. Source: go.dev/design/25530-sumdb, golang.org/x/mod/sumdb/tlog (behaviour of v0.40.0 and later). */
#ifndef TLOG_TILE_H
#define TLOG_TILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "tlog/tree.h"

#define TILE_HEIGHT     8
#define TILE_WIDTH      256
#define TILE_LEVEL_DATA -1
#define TILE_PATH_MAX   128

struct tile {
	int level; /* 0..63, or TILE_LEVEL_DATA */
	uint64_t index;
	unsigned width; /* 1..256 */
};

/* "tile/8/0/x001/234.p/5"; non-canonical spellings are TLOG_ERR. */
int tile_parse(struct slice path, struct tile *tile_out, struct err *err);
void tile_format(const struct tile *tile, char out[TILE_PATH_MAX]);
bool tile_equal(const struct tile *a, const struct tile *b);

/*
 * Where tiles come from. read: the bytes of one tile (width * 32), from a cache or a network; may give a wider tile's prefix; blocks.
 * save: called with every tile that has been authenticated, never with another.
 */
struct tile_source {
	int (*read)(void *ctx, const struct tile *tile, struct buf *out, struct err *err);
	void (*save)(void *ctx, const struct tile *tile, struct slice bytes);
	void *ctx;
};

/*
 * The hash of leaf number index in the tree of `head`, each authenticated against head->root by tiles from source (every tile used is
 * proved up to the root, edge tiles included). TLOG_ERR: a tile does not prove; source errors pass through.
 */
int tile_read_leaf(const struct tile_source *source, const struct tlog_head *head, uint64_t index, struct tlog_hash *leaf_out, struct err *err);
/* The root of the first old_size leaves of the tree of head, computed from authenticated tiles. */
int tile_root_at(const struct tile_source *source, const struct tlog_head *head, uint64_t old_size, struct tlog_hash *root_out, struct err *err);

/* Does a tree of this size hold the whole tile? (No data tiles.) */
bool tile_in_tree(const struct tile *tile, uint64_t size);
/* The bytes of a tile of the tree of head, appended to out and authenticated. TLOG_ERR_LIMIT: not in the tree; TLOG_ERR; source errors. */
int tile_read(const struct tile_source *source, const struct tlog_head *head, const struct tile *tile, struct buf *out, struct err *err);

#endif
