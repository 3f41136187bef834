/* The files below a directory of a tree, listed in its order. Bounded: a small repository can name a tree of any size. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "vcs/files_private.h"

int vcs_listing_add(struct listing *listing, const char *path, const git_oid *blob, enum module_file_mode mode, struct err *err)
{
	size_t len = strlen(path);
	struct entry *entry;

	if (listing->count >= MODULE_FILES_MAX || len > TREE_PATHS_MAX - listing->path_bytes)
		return err_set(err, VCS_ERR_REJECTED, "there are more than %d files, or their paths have more than %u bytes together",
			MODULE_FILES_MAX, TREE_PATHS_MAX);
	if (listing->count == listing->cap) {
		size_t cap = listing->cap ? listing->cap * 2 : 256;
		struct entry *entries = realloc(listing->entries, cap * sizeof(*entries));

		if (!entries)
			return vcs_no_memory(err, "list the files");
		listing->entries = entries;
		listing->cap = cap;
	}
	entry = &listing->entries[listing->count];
	memset(entry, 0, sizeof(*entry));
	entry->path = strdup(path);
	entry->blob = *blob;
	entry->mode = mode;
	if (!entry->path)
		return vcs_no_memory(err, "list the files");
	listing->path_bytes += len;
	listing->count++;
	return 0;
}

void vcs_listing_free(struct listing *listing)
{
	for (size_t i = 0; i < listing->count; i++) {
		free(listing->entries[i].path);
		free(listing->entries[i].conversion);
	}
	free(listing->entries);
	memset(listing, 0, sizeof(*listing));
}

/* The way down to where the walk is. */
struct walk {
	git_repository *git;
	struct listing *listing;
	struct {
		git_tree *tree;
		size_t next;     /* entry to look at */
		size_t path_len; /* of the directory with its '/' */
	} levels[TREE_DEPTH_MAX];
	size_t depth;
	size_t directories;
	char path[TREE_PATH_MAX];
};

static int descend(struct walk *walk, const git_oid *id, size_t path_len, struct err *err)
{
	if (walk->depth == TREE_DEPTH_MAX || ++walk->directories > MODULE_FILES_MAX)
		return err_set(err, VCS_ERR_REJECTED, "the tree has more than %d levels, as at %.200s, or more than %d directories", TREE_DEPTH_MAX,
			walk->path, MODULE_FILES_MAX);
	if (git_tree_lookup(&walk->levels[walk->depth].tree, walk->git, id) != 0)
		return err_set(err, vcs_git_code(), "directory %.200s cannot be read: %s", walk->path, vcs_git_reason());
	walk->levels[walk->depth].next = 0;
	walk->levels[walk->depth].path_len = path_len;
	walk->depth++;
	return 0;
}

static void ascend(struct walk *walk)
{
	walk->depth--;
	git_tree_free(walk->levels[walk->depth].tree);
}

/* By the mode as it is written: what is no file, link or directory is to git a submodule, and gives nothing. */
static int visit(struct walk *walk, const git_tree_entry *entry, struct err *err)
{
	size_t at = walk->levels[walk->depth - 1].path_len, len = strlen(git_tree_entry_name(entry));
	mode_t mode = (mode_t)git_tree_entry_filemode_raw(entry);

	if (at + len + 2 > sizeof(walk->path))
		return err_set(err, VCS_ERR_REJECTED, "a path below \"%.*s\" is longer than %d bytes", (int)at, walk->path, TREE_PATH_MAX);
	memcpy(walk->path + at, git_tree_entry_name(entry), len + 1);
	if (S_ISDIR(mode)) {
		memcpy(walk->path + at + len, "/", 2);
		return descend(walk, git_tree_entry_id(entry), at + len + 1, err);
	}
	if (!S_ISREG(mode) && !S_ISLNK(mode))
		return 0;
	return vcs_listing_add(walk->listing, walk->path, git_tree_entry_id(entry), S_ISLNK(mode) ? MODULE_FILE_SYMLINK : MODULE_FILE_REGULAR, err);
}

static int walk_all(struct walk *walk, struct err *err)
{
	int code = 0;

	while (walk->depth > 0 && code == 0) {
		size_t top = walk->depth - 1;
		const git_tree_entry *entry = git_tree_entry_byindex(walk->levels[top].tree, walk->levels[top].next++);

		if (entry)
			code = visit(walk, entry, err);
		else
			ascend(walk);
	}
	while (walk->depth > 0)
		ascend(walk);
	return code;
}

/* The tree of a directory; a directory that is not there has no files. */
static int find_directory(const git_tree *root, const char *directory, git_oid *id_out, bool *exists_out, struct err *err)
{
	git_tree_entry *entry = NULL;
	int got = directory[0] ? git_tree_entry_bypath(&entry, root, directory) : 0;

	if (got != 0 && (got != GIT_ENOTFOUND || vcs_git_code() == VCS_DAMAGED))
		return err_set(err, vcs_git_code(), "directory %s cannot be read: %s", directory, vcs_git_reason());
	*exists_out = got == 0 && (!entry || git_tree_entry_type(entry) == GIT_OBJECT_TREE);
	if (*exists_out)
		*id_out = entry ? *git_tree_entry_id(entry) : *git_tree_id(root);
	git_tree_entry_free(entry);
	return 0;
}

int vcs_listing_read(git_repository *git, const git_tree *root, const char *directory, struct listing *out, struct err *err)
{
	struct walk *walk = calloc(1, sizeof(*walk));
	bool exists = false;
	git_oid id;
	int code;

	if (!walk)
		return vcs_no_memory(err, "list the files");
	walk->git = git;
	walk->listing = out;
	code = find_directory(root, directory, &id, &exists, err);
	if (code == 0 && exists)
		code = descend(walk, &id, 0, err);
	if (code == 0)
		code = walk_all(walk, err);
	free(walk);
	return code;
}
