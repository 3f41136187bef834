/* Keeping mirrors in order: leftovers of kills, one in another's place, and when loose references and packs want to be put together. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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

static int cannot_rename(const char *path, struct err *err)
{
	return err_set(err, VCS_ERR_UNKNOWN, "cannot rename %s: %s; check who owns the directory", path, strerror(errno));
}

/* For a file system that cannot exchange, and for a place that is empty. */
static int change_places(const char *git_dir, const char *fresh, const char *aside, struct err *err)
{
	int code;

	if (rename(git_dir, aside) != 0 && errno != ENOENT)
		return cannot_rename(git_dir, err);
	if (rename(fresh, git_dir) == 0)
		return 0;
	code = cannot_rename(fresh, err);
	rename(aside, git_dir);
	return code;
}

int vcs_mirror_exchange(const char *git_dir, const char *fresh, const char *aside, struct err *err)
{
	vcs_mirror_remove(aside);
	if (renameat2(AT_FDCWD, fresh, AT_FDCWD, git_dir, RENAME_EXCHANGE) != 0)
		return change_places(git_dir, fresh, aside, err);
	/* What was damaged is only kept to be looked at: without it nothing is lost that is served. */
	rename(fresh, aside);
	return 0;
}

static void recover(const char *fresh, const char *git_dir)
{
	if (access(git_dir, F_OK) != 0 && errno == ENOENT && vcs_mirror_usable(fresh) && rename(fresh, git_dir) == 0)
		return;
	vcs_mirror_remove(fresh);
}

void vcs_mirrors_recover(const char *mirrors)
{
	DIR *directory = opendir(mirrors);
	const struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		struct slice name = slice_of(entry->d_name);
		struct buf fresh = BUF_INIT(8192), git_dir = BUF_INIT(8192);

		if (!slice_ends(name, SLICE(MIRROR_FRESH)))
			continue;
		buf_printf(&fresh, "%s/%s", mirrors, entry->d_name);
		buf_printf(&git_dir, "%s/%.*s", mirrors, (int)(name.len - strlen(MIRROR_FRESH)), entry->d_name);
		if (!buf_failed(&fresh) && !buf_failed(&git_dir))
			recover(buf_text(&fresh), buf_text(&git_dir));
		buf_free(&fresh);
		buf_free(&git_dir);
	}
	if (directory)
		closedir(directory);
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
