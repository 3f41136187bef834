/* Reading leaves through tiles of which some bytes are wrong: the true leaf or an error, and nothing wrong is ever saved. */
#include "tests/fuzz/fuzz.h"
#include "tlog/tile.h"

#define LEAVES 300 /* a whole tile, a part of one, and one above them */

struct world {
	struct tlog_hash leaves[LEAVES], above; /* above: the root of the first 256 */
	uint64_t wrong_index;
	int wrong_level;
	size_t wrong_at;
	uint8_t wrong_bits;
};

static const struct tlog_hash *truth(const struct world *world, const struct tile *tile)
{
	return tile->level == 0 ? &world->leaves[tile->index * TILE_WIDTH] : &world->above;
}

static int read_tile(void *ctx, const struct tile *tile, struct buf *out, struct err *err)
{
	const struct world *world = ctx;

	(void)err;
	ASSERT(tile->level == 0 ? tile->index * TILE_WIDTH + tile->width <= LEAVES : tile->level == 1 && tile->index == 0 && tile->width == 1);
	buf_add(out, truth(world, tile), tile->width * SHA256_BYTES);
	if (tile->level == world->wrong_level && tile->index == world->wrong_index)
		out->ptr[world->wrong_at % out->len] ^= (char)world->wrong_bits;
	return 0;
}

static void save_tile(void *ctx, const struct tile *tile, struct slice bytes)
{
	ASSERT(slice_equal(bytes, slice_make(truth(ctx, tile), tile->width * SHA256_BYTES)));
}

static void grow(struct world *world, struct tlog_head *head_out)
{
	struct tlog_edge edge;

	tlog_edge_init(&edge);
	for (size_t i = 0; i < LEAVES; i++) {
		tlog_leaf_hash(slice_make(&i, sizeof(i)), &world->leaves[i]);
		tlog_edge_add(&edge, &world->leaves[i]);
		if (i + 1 == TILE_WIDTH)
			tlog_edge_root(&edge, &world->above);
	}
	head_out->size = LEAVES;
	tlog_edge_root(&edge, &head_out->root);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct slice input = slice_make(bytes, len);
	struct world world;
	struct tile_source source = { .read = read_tile, .save = save_tile, .ctx = &world };
	struct tlog_head head;
	struct tlog_hash leaf;
	uint64_t index = (uint64_t)(fuzz_byte(&input) + fuzz_byte(&input)) % LEAVES;

	grow(&world, &head);
	world.wrong_level = fuzz_byte(&input) % 2;
	world.wrong_index = fuzz_byte(&input) % 2;
	world.wrong_at = (size_t)fuzz_byte(&input) << 8 | fuzz_byte(&input);
	world.wrong_bits = fuzz_byte(&input);
	if (tile_read_leaf(&source, &head, index, &leaf, NULL) == 0)
		ASSERT(memcmp(&leaf, &world.leaves[index], sizeof(leaf)) == 0);
	else
		ASSERT(world.wrong_bits != 0);
	if (tile_root_at(&source, &head, TILE_WIDTH, &leaf, NULL) == 0)
		ASSERT(memcmp(&leaf, &world.above, sizeof(leaf)) == 0);
	return 0;
}
