/* Tree heads and the paths of tiles: what is read and written again is read as the same. */
#include "tests/fuzz/fuzz.h"
#include "tlog/tile.h"
#include "tlog/tree.h"

static void check_head(struct slice text)
{
	struct tlog_head head, again;
	struct buf written = BUF_INIT(1024);

	if (tlog_head_parse(text, &head, NULL) != 0)
		return;
	tlog_head_format(&head, &written);
	ASSERT(slice_starts(text, buf_slice(&written)));
	ASSERT(tlog_head_parse(buf_slice(&written), &again, NULL) == 0);
	ASSERT(again.size == head.size && memcmp(&again.root, &head.root, sizeof(head.root)) == 0);
	buf_free(&written);
}

static void check_path(struct slice path)
{
	char written[TILE_PATH_MAX];
	struct tile tile;

	if (tile_parse(path, &tile, NULL) != 0)
		return;
	ASSERT(tile.width >= 1 && tile.width <= TILE_WIDTH && tile.level >= TILE_LEVEL_DATA && tile.level < 64 && tile_equal(&tile, &tile));
	tile_format(&tile, written);
	ASSERT(slice_equal(slice_of(written), path));
}

/* Any tile can be written and read. */
static void check_tile(struct slice input)
{
	struct tile tile = { .level = fuzz_byte(&input) % 64 - 1, .width = fuzz_byte(&input) + 1u }, again;
	char written[TILE_PATH_MAX];

	for (size_t i = 0; i < 5; i++)
		tile.index = tile.index << 8 | fuzz_byte(&input);
	tile_format(&tile, written);
	ASSERT(tile_parse(slice_of(written), &again, NULL) == 0 && tile_equal(&tile, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct slice input = slice_make(bytes, len);

	check_head(input);
	check_path(input);
	check_tile(input);
	return 0;
}
