/*
 * Reading a tree through tiles, none of which is believed before it is proved. The right edge of a tree of N leaves is, on each tile level,
 * the one partial tile that N's eight bits of that level count; all edge tiles together make the root, so that they are proved at once.
 * Any other tile is full, and its root stands in the tile above it: the way down from the edge proves each in turn.
 */
#include "tlog/tile.h"

#include <stdlib.h>
#include <string.h>

#define LEVELS 8 /* of tiles; sizes are below 2^63 */

struct level {
	uint64_t index; /* of the edge tile, even where width is 0 */
	unsigned width; /* 0: this level has no partial tile */
	struct tlog_hash hashes[TILE_WIDTH];
};

/* A tree whose edge has been proved, and room for one more tile. */
struct reader {
	const struct tile_source *source;
	struct level edge[LEVELS];
	struct tlog_hash tile[TILE_WIDTH];
};

/* A root under way, from the smallest complete subtree to the largest. */
struct fold {
	struct tlog_hash root;
	bool started;
};

/* The root of 2^height hashes. */
static struct tlog_hash subtree(const struct tlog_hash *hashes, unsigned height)
{
	struct tlog_hash left, right;

	if (height == 0)
		return hashes[0];
	left = subtree(hashes, height - 1);
	right = subtree(hashes + ((size_t)1 << (height - 1)), height - 1);
	tlog_node_hash(&left, &right, &left);
	return left;
}

/* Adds the width leftmost hashes of an edge tile: for every bit of width one complete subtree. */
static void fold_tile(struct fold *fold, const struct tlog_hash *hashes, unsigned width)
{
	for (unsigned bit = 0; bit < TILE_HEIGHT; bit++) {
		struct tlog_hash hash;

		if ((width >> bit & 1) == 0)
			continue;
		hash = subtree(hashes + (width >> (bit + 1) << (bit + 1)), bit);
		if (fold->started)
			tlog_node_hash(&hash, &fold->root, &hash);
		fold->root = hash;
		fold->started = true;
	}
}

static void fold_finish(const struct fold *fold, struct tlog_hash *root_out)
{
	if (fold->started)
		*root_out = fold->root;
	else
		sha256(SLICE_NONE, root_out->bytes);
}

static bool hash_equal(const struct tlog_hash *a, const struct tlog_hash *b)
{
	return memcmp(a->bytes, b->bytes, SHA256_BYTES) == 0;
}

static int fetch(const struct tile_source *source, const struct tile *tile, struct tlog_hash *hashes_out, struct err *err)
{
	struct buf bytes = BUF_INIT(TILE_WIDTH * SHA256_BYTES);
	size_t len = (size_t)tile->width * SHA256_BYTES;
	int rc = source->read(source->ctx, tile, &bytes, err);

	if (rc == 0 && (buf_failed(&bytes) || bytes.len != len))
		rc = err_set(err, TLOG_ERR, "a tile has %zu bytes instead of %zu", bytes.len, len);
	if (rc == 0)
		memcpy(hashes_out, bytes.ptr, len);
	buf_free(&bytes);
	return rc;
}

static void save(const struct tile_source *source, const struct tile *tile, const struct tlog_hash *hashes)
{
	source->save(source->ctx, tile, slice_make(hashes, (size_t)tile->width * SHA256_BYTES));
}

static struct tile edge_tile(const struct level *edge, unsigned level)
{
	return (struct tile){ .level = (int)level, .index = edge->index, .width = edge->width };
}

/* Reads the edge tiles of all levels and proves them against the root. */
static int edge_read(struct reader *reader, const struct tlog_head *head, struct err *err)
{
	struct fold fold = { .started = false };
	struct tlog_hash root;

	for (unsigned i = 0; i < LEVELS; i++) {
		struct level *edge = &reader->edge[i];
		struct tile tile;
		int rc;

		edge->index = head->size >> (TILE_HEIGHT * i) >> TILE_HEIGHT;
		edge->width = (unsigned)(head->size >> (TILE_HEIGHT * i) & (TILE_WIDTH - 1));
		tile = edge_tile(edge, i);
		rc = edge->width == 0 ? 0 : fetch(reader->source, &tile, edge->hashes, err);
		if (rc != 0)
			return rc;
		fold_tile(&fold, edge->hashes, edge->width);
	}
	fold_finish(&fold, &root);
	if (!hash_equal(&root, &head->root))
		return err_set(err, TLOG_ERR, "the tiles at the edge of the tree do not make its root");
	for (unsigned i = 0; i < LEVELS; i++) {
		struct tile tile = edge_tile(&reader->edge[i], i);

		if (tile.width > 0)
			save(reader->source, &tile, reader->edge[i].hashes);
	}
	return 0;
}

/* reader->tile becomes the full tile, which parent (its parent's hashes, proved) must name. */
static int descend(struct reader *reader, const struct tlog_hash *parent, unsigned level, uint64_t index, struct err *err)
{
	struct tlog_hash want = parent[index % TILE_WIDTH];
	struct tile tile = { .level = (int)level, .index = index, .width = TILE_WIDTH };
	struct tlog_hash got;
	int rc = fetch(reader->source, &tile, reader->tile, err);

	if (rc != 0)
		return rc;
	got = subtree(reader->tile, TILE_HEIGHT);
	if (!hash_equal(&got, &want))
		return err_set(err, TLOG_ERR, "a tile of the tree is not the one that the tile above it names");
	save(reader->source, &tile, reader->tile);
	return 0;
}

/* The proved hashes of a tile that is in the tree; valid until the next call. */
static int tile_hashes(struct reader *reader, unsigned level, uint64_t index, const struct tlog_hash **hashes_out, struct err *err)
{
	const struct tlog_hash *hashes;
	unsigned top = level;

	while (index >> (TILE_HEIGHT * (top - level)) != reader->edge[top].index) {
		top++;
		ASSERT(top < LEVELS);
	}
	hashes = reader->edge[top].hashes;
	while (top > level) {
		int rc;

		top--;
		rc = descend(reader, hashes, top, index >> (TILE_HEIGHT * (top - level)), err);
		if (rc != 0)
			return rc;
		hashes = reader->tile;
	}
	*hashes_out = hashes;
	return 0;
}

static int reader_open(const struct tile_source *source, const struct tlog_head *head, struct reader **reader_out, struct err *err)
{
	struct reader *reader = malloc(sizeof(*reader));
	int rc;

	if (reader == NULL) {
		err_set(err, TLOG_ERR_LIMIT, "cannot read the tree: out of memory; try again later");
		return TLOG_ERR_LIMIT;
	}
	reader->source = source;
	rc = edge_read(reader, head, err);
	if (rc == 0)
		*reader_out = reader;
	else
		free(reader);
	return rc;
}

bool tile_in_tree(const struct tile *tile, uint64_t size)
{
	uint64_t hashes;

	if (tile->level < 0 || tile->level >= LEVELS || tile->width == 0 || tile->width > TILE_WIDTH || tile->index >= UINT64_MAX / TILE_WIDTH)
		return false;
	hashes = size >> (TILE_HEIGHT * tile->level);
	return tile->index * TILE_WIDTH + tile->width <= hashes;
}

int tile_read(const struct tile_source *source, const struct tlog_head *head, const struct tile *tile, struct buf *out, struct err *err)
{
	struct reader *reader = NULL;
	const struct tlog_hash *hashes;
	int rc;

	if (!tile_in_tree(tile, head->size))
		return err_set(err, TLOG_ERR_LIMIT, "the tile lies beyond the tree");
	rc = reader_open(source, head, &reader, err);
	if (rc == 0)
		rc = tile_hashes(reader, (unsigned)tile->level, tile->index, &hashes, err);
	if (rc == 0)
		buf_add(out, hashes, (size_t)tile->width * SHA256_BYTES);
	free(reader);
	return rc;
}

int tile_read_leaf(const struct tile_source *source, const struct tlog_head *head, uint64_t index, struct tlog_hash *leaf_out, struct err *err)
{
	struct reader *reader = NULL;
	const struct tlog_hash *hashes;
	int rc;

	if (index >= head->size)
		return err_set(err, TLOG_ERR, "record %llu is not in a tree of %llu", (unsigned long long)index, (unsigned long long)head->size);
	rc = reader_open(source, head, &reader, err);
	if (rc == 0)
		rc = tile_hashes(reader, 0, index / TILE_WIDTH, &hashes, err);
	if (rc == 0)
		*leaf_out = hashes[index % TILE_WIDTH];
	free(reader);
	return rc;
}

int tile_root_at(const struct tile_source *source, const struct tlog_head *head, uint64_t old_size, struct tlog_hash *root_out, struct err *err)
{
	struct reader *reader = NULL;
	struct fold fold = { .started = false };
	int rc;

	if (old_size > head->size)
		return err_set(err, TLOG_ERR, "the tree has only %llu records", (unsigned long long)head->size);
	rc = reader_open(source, head, &reader, err);
	for (unsigned i = 0; rc == 0 && i < LEVELS; i++) {
		unsigned width = (unsigned)(old_size >> (TILE_HEIGHT * i) & (TILE_WIDTH - 1));
		const struct tlog_hash *hashes;

		if (width == 0)
			continue;
		rc = tile_hashes(reader, i, old_size >> (TILE_HEIGHT * i) >> TILE_HEIGHT, &hashes, err);
		if (rc == 0)
			fold_tile(&fold, hashes, width);
	}
	if (rc == 0)
		fold_finish(&fold, root_out);
	free(reader);
	return rc;
}
