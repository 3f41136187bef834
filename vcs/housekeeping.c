/* Keeping mirrors in order: leftovers of killed children, and when loose references and packs want to be put together. */
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vcs/files_private.h"

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

/* No reference can be named so. */
static void sweep_lock(void *ctx, const FTSENT *file)
{
	(void)ctx;
	if (slice_ends(slice_of(file->fts_name), SLICE(".lock")))
		unlink(file->fts_path);
}

static void sweep_temporary(void *ctx, const FTSENT *file)
{
	(void)ctx;
	if (slice_starts(slice_of(file->fts_name), SLICE("tmp_")))
		unlink(file->fts_path);
}

void vcs_mirror_sweep(const char *git_dir)
{
	struct buf objects = BUF_INIT(8192);

	each_file(git_dir, sweep_lock, NULL);
	/* Elsewhere such a name may be a branch's or a tag's. */
	buf_printf(&objects, "%s/objects", git_dir);
	if (!buf_failed(&objects))
		each_file(buf_text(&objects), sweep_temporary, NULL);
	buf_free(&objects);
}

void vcs_mirror_remove(const char *git_dir)
{
	char *path = strdup(git_dir), *paths[] = { path, NULL };
	FTS *walk = path ? fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL) : NULL;
	const FTSENT *entry;

	while (walk && (entry = fts_read(walk)))
		if (entry->fts_info != FTS_D)
			remove(entry->fts_path);
	if (walk)
		fts_close(walk);
	free(path);
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
