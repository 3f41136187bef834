/* Keeping mirrors in order: leftovers of killed children, and when loose references and packs want to be put together. */
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vcs/vcs_private.h"

#define PACKS_MAX 40
#define LOOSE_MAX 400 /* references in files of their own */

/* Calls visit for every file below directory. */
static void each_file(const char *directory, void (*visit)(void *ctx, const FTSENT *file), void *ctx)
{
	char *path = strdup(directory), *paths[] = { path, NULL };
	FTS *walk = path ? fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL) : NULL;
	const FTSENT *file;

	while (walk && (file = fts_read(walk)))
		if (file->fts_info == FTS_F || file->fts_info == FTS_NSOK)
			visit(ctx, file);
	if (walk)
		fts_close(walk);
	free(path);
}

static bool is_leftover(struct slice name)
{
	return slice_ends(name, SLICE(".lock")) || slice_starts(name, SLICE("tmp_"));
}

static void sweep(void *ctx, const FTSENT *file)
{
	(void)ctx;
	if (is_leftover(slice_of(file->fts_name)))
		unlink(file->fts_path);
}

void vcs_mirror_sweep(const char *git_dir)
{
	each_file(git_dir, sweep, NULL);
}

struct tally {
	size_t packs, loose;
};

static void count(void *ctx, const FTSENT *file)
{
	struct tally *tally = ctx;

	if (slice_ends(slice_of(file->fts_name), SLICE(".pack")))
		tally->packs++;
	if (strstr(file->fts_path, ".git/refs/"))
		tally->loose++;
}

bool vcs_mirror_wants_tidying(const char *git_dir)
{
	struct tally tally = { 0, 0 };

	each_file(git_dir, count, &tally);
	return tally.packs > PACKS_MAX || tally.loose > LOOSE_MAX;
}
