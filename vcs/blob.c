/* Files of a commit, as they are stored: no conversion, a symlink's target for its content. */
#include <string.h>

#include "vcs/files_private.h"

int vcs_blob_tree(git_repository *git, const git_oid *commit, git_tree **tree_out, struct err *err)
{
	git_commit *read = NULL;
	int got = git_commit_lookup(&read, git, commit);

	if (got == 0)
		got = git_commit_tree(tree_out, read);
	git_commit_free(read);
	if (got != 0)
		return err_set(err, vcs_git_code(), "the tree of commit %s cannot be read: %s", git_oid_tostr_s(commit), vcs_git_reason());
	return 0;
}

static int find(const git_tree *tree, const char *path, git_tree_entry **entry_out, struct err *err)
{
	int got = git_tree_entry_bypath(entry_out, tree, path);

	if (got == GIT_ENOTFOUND && vcs_git_code() != VCS_DAMAGED)
		return err_set(err, VCS_ERR_ABSENT, "there is no %s", path);
	if (got != 0)
		return err_set(err, vcs_git_code(), "%s cannot be read: %s", path, vcs_git_reason());
	if (git_tree_entry_type(*entry_out) == GIT_OBJECT_BLOB)
		return 0;
	git_tree_entry_free(*entry_out);
	*entry_out = NULL;
	return err_set(err, VCS_ERR_ABSENT, "%s is no file", path);
}

static int unreadable(const char *path, struct err *err)
{
	return err_set(err, vcs_git_code(), "%s cannot be read: %s", path, vcs_git_reason());
}

static int read_object(git_odb *odb, const git_oid *id, const char *path, struct buf *out, struct err *err)
{
	git_object_t type = GIT_OBJECT_INVALID;
	git_odb_object *object = NULL;
	size_t bytes = 0;

	if (git_odb_read_header(&bytes, &type, odb, id) != 0)
		return unreadable(path, err);
	if (bytes > out->max - out->len)
		return err_set(err, VCS_ERR_REJECTED, "%s is larger than %zu bytes", path, out->max - out->len);
	if (git_odb_read(&object, odb, id) != 0)
		return unreadable(path, err);
	buf_add(out, git_odb_object_data(object), git_odb_object_size(object));
	git_odb_object_free(object);
	if (buf_failed(out))
		return vcs_no_memory(err, "read a file");
	return 0;
}

int vcs_blob_read(git_repository *git, const git_tree *tree, const char *path, struct buf *out, struct err *err)
{
	git_tree_entry *entry = NULL;
	git_odb *odb = NULL;
	int code = find(tree, path, &entry, err);

	if (code < 0)
		return code;
	if (git_repository_odb(&odb, git) != 0)
		code = unreadable(path, err);
	else
		code = read_object(odb, git_tree_entry_id(entry), path, out, err);
	git_odb_free(odb);
	git_tree_entry_free(entry);
	return code;
}

int vcs_blob_exists(const git_tree *tree, const char *path, bool *exists_out, struct err *err)
{
	git_tree_entry *entry = NULL;
	int code = find(tree, path, &entry, err);

	git_tree_entry_free(entry);
	if (code < 0 && code != VCS_ERR_ABSENT)
		return code;
	*exists_out = code == 0;
	return 0;
}
