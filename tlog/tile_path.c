/* The names of tiles. Source: golang.org/x/mod/sumdb/tlog, Tile.Path. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tlog/tile.h"

#define LEVEL_MAX 63
#define PREFIX    "tile/8/"

/* A few decimal digits; the canonical form is checked by writing the tile again. */
static bool parse_number(struct slice text, unsigned max, unsigned *number_out)
{
	unsigned number = 0;

	if (text.len == 0 || text.len > 3)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		number = number * 10 + (unsigned)(text.ptr[i] - '0');
	}
	*number_out = number;
	return number <= max;
}

static bool parse_level(struct slice text, int *level_out)
{
	unsigned level;

	if (slice_equal_text(text, "data")) {
		*level_out = TILE_LEVEL_DATA;
		return true;
	}
	if (!parse_number(text, LEVEL_MAX, &level))
		return false;
	*level_out = (int)level;
	return true;
}

/* "x001/x234/067" */
static bool parse_index(struct slice text, uint64_t *index_out)
{
	struct slice group;
	uint64_t index = 0;
	unsigned number;

	while (slice_next(&text, '/', &group)) {
		if (text.len > 0 && group.len > 0 && group.ptr[0] == 'x')
			group = slice_after(group, 1);
		if (group.len != 3 || !parse_number(group, 999, &number) || index > (UINT64_MAX - number) / 1000)
			return false;
		index = index * 1000 + number;
	}
	*index_out = index;
	return true;
}

int tile_parse(struct slice path, struct tile *tile_out, struct err *err)
{
	struct tile tile = { .width = TILE_WIDTH };
	struct slice level, index, rest = path;
	char canonical[TILE_PATH_MAX];
	ptrdiff_t partial = slice_find(path, SLICE(".p/"));
	bool good = slice_starts(path, SLICE(PREFIX));

	if (good && partial >= 0) {
		good = parse_number(slice_after(path, (size_t)partial + 3), TILE_WIDTH - 1, &tile.width) && tile.width > 0;
		rest = slice_sub(path, 0, (size_t)partial);
	}
	good = good && slice_cut(slice_after(rest, strlen(PREFIX)), '/', &level, &index);
	good = good && parse_level(level, &tile.level) && parse_index(index, &tile.index);
	if (good) {
		tile_format(&tile, canonical);
		good = slice_equal_text(path, canonical);
	}
	if (!good)
		return err_set(err, TLOG_ERR, "not the path of a tile");
	*tile_out = tile;
	return 0;
}

void tile_format(const struct tile *tile, char out[TILE_PATH_MAX])
{
	char level[16] = "data";
	char groups[48]; /* at most seven of them, written from the end */
	char *at = groups + sizeof(groups) - 1;
	uint64_t index = tile->index;

	if (tile->level != TILE_LEVEL_DATA)
		snprintf(level, sizeof(level), "%d", tile->level);
	*at = '\0';
	for (const char *lead = ""; lead[0] == '\0' || index > 0; index /= 1000, lead = "x") {
		char group[8];
		size_t len = (size_t)snprintf(group, sizeof(group), "%s%03u%s", lead, (unsigned)(index % 1000), *at != '\0' ? "/" : "");

		at -= len;
		memcpy(at, group, len);
	}
	if (tile->width == TILE_WIDTH)
		snprintf(out, TILE_PATH_MAX, PREFIX "%s/%s", level, at);
	else
		snprintf(out, TILE_PATH_MAX, PREFIX "%s/%s.p/%u", level, at, tile->width);
}

bool tile_equal(const struct tile *a, const struct tile *b)
{
	return a->level == b->level && a->index == b->index && a->width == b->width;
}
