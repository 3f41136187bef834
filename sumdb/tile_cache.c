/*
 * Proved tiles on disk, under the paths they have on the wire. A tree only grows, so that a wider tile begins with every narrower one: at
 * most one partial tile of each number is kept, and none beside the full one.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "sumdb/sumdb_private.h"

/* "<directory>/tile/8/L/K" of the full tile; the partial ones are in "<that>.p/". Caller frees. */
static char *full_path(const struct sumdb *sumdb, const struct tile *tile)
{
	struct tile full = { .level = tile->level, .index = tile->index, .width = TILE_WIDTH };
	char name[TILE_PATH_MAX];

	tile_format(&full, name);
	return sumdb_file(sumdb, name);
}

static char *path_of_width(const char *full, unsigned width)
{
	struct buf path = BUF_INIT(8192);

	if (width == TILE_WIDTH)
		buf_add_text(&path, full);
	else
		buf_printf(&path, "%s.p/%u", full, width);
	return buf_take(&path);
}

/* Calls each with every width of which a partial tile is there. */
static void partials_each(const char *full, void (*each)(void *arg, const char *full, unsigned width), void *arg)
{
	struct buf path = BUF_INIT(8192);
	DIR *directory;
	struct dirent *entry;
	long long width;

	buf_printf(&path, "%s.p", full);
	directory = buf_failed(&path) ? NULL : opendir(buf_text(&path));
	while (directory != NULL && (entry = readdir(directory)) != NULL)
		if (slice_to_number(slice_of(entry->d_name), &width) && width > 0 && width < TILE_WIDTH)
			each(arg, full, (unsigned)width);
	if (directory != NULL)
		closedir(directory);
	buf_free(&path);
}

static void note_widest(void *arg, const char *full, unsigned width)
{
	unsigned *widest = arg;

	(void)full;
	if (width > *widest)
		*widest = width;
}

static void remove_file(const char *full, unsigned width)
{
	char *path = path_of_width(full, width);

	if (path != NULL)
		unlink(path);
	free(path);
}

static void remove_narrower(void *arg, const char *full, unsigned width)
{
	if (width < *(const unsigned *)arg)
		remove_file(full, width);
}

static void remove_any(void *arg, const char *full, unsigned width)
{
	(void)arg;
	remove_file(full, width);
}

/* The first bytes of a file that has exactly what a tile of from_width has. */
static bool read_prefix(const char *full, unsigned from_width, unsigned width, struct buf *out)
{
	char *path = path_of_width(full, from_width);
	struct buf bytes = BUF_INIT(TILE_WIDTH * SHA256_BYTES);
	bool good = path != NULL && file_read(path, &bytes, NULL) == 0 && bytes.len == (size_t)from_width * SHA256_BYTES;

	if (good)
		buf_add_slice(out, slice_sub(buf_slice(&bytes), 0, (size_t)width * SHA256_BYTES));
	buf_free(&bytes);
	free(path);
	return good;
}

bool sumdb_tile_cached(const struct sumdb *sumdb, const struct tile *tile, struct buf *out)
{
	char *full = full_path(sumdb, tile);
	bool found = false;

	/* Twice: a wider tile may take the place of the one just seen. */
	for (int i = 0; full != NULL && !found && i < 2; i++) {
		unsigned widest = 0;

		found = read_prefix(full, TILE_WIDTH, tile->width, out);
		if (!found)
			partials_each(full, note_widest, &widest);
		if (!found && widest >= tile->width)
			found = read_prefix(full, widest, tile->width, out);
	}
	free(full);
	return found;
}

/* Is there a file of at least this width? */
static bool kept(const char *full, unsigned width)
{
	unsigned widest = 0;

	if (access(full, F_OK) == 0)
		return true;
	partials_each(full, note_widest, &widest);
	return widest >= width;
}

void sumdb_tile_keep(const struct sumdb *sumdb, const struct tile *tile, struct slice bytes, bool replace)
{
	char *full = full_path(sumdb, tile);
	char *path = full == NULL ? NULL : path_of_width(full, tile->width);
	unsigned width = tile->width;

	if (path == NULL || (!replace && kept(full, width)))
		goto out;
	if (replace) {
		remove_file(full, TILE_WIDTH);
		partials_each(full, remove_any, NULL);
	}
	sumdb_file_keep(path, bytes);
	if (access(path, F_OK) == 0)
		partials_each(full, remove_narrower, &width);
out:
	free(path);
	free(full);
}
