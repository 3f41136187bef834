/* Where a module's go.mod is at a commit: the module's directory, or its vN directory, by what their go.mod files call themselves. */
#include <stdio.h>
#include <string.h>

#include "vcs/vcs_private.h"

/* One go.mod: its bytes and the module path that it claims. */
struct claim {
	char path[VCS_DIRECTORY_MAX + 40];
	bool exists;
	struct buf bytes;
	struct buf module;
	bool matches; /* the claim is of the major version that is looked for */
};

static void claim_init(struct claim *claim)
{
	memset(claim, 0, sizeof(*claim));
	buf_init(&claim->bytes, GOMOD_BYTES_MAX);
	buf_init(&claim->module, 4 * MODULE_PATH_MAX);
}

static void claim_free(struct claim *claim)
{
	buf_free(&claim->bytes);
	buf_free(&claim->module);
}

/* The path's end, not the path: forks and moved repositories are served. ".v2" and "/v2" claim the same. */
static bool major_matches(struct slice claimed, struct slice path_major)
{
	struct slice prefix, major, word;

	if (claimed.len == 0 || !module_path_split_major(claimed, &prefix, &major))
		return false;
	if (path_major.len > 0)
		return major.len > 0 && slice_equal(slice_after(major, 1), slice_after(path_major, 1));
	word = module_path_major_prefix(major);
	return word.len == 0 || slice_equal_text(word, "v0") || slice_equal_text(word, "v1");
}

static int claim_read(struct session *session, const git_tree *tree, const char *directory, struct claim *out, struct err *err)
{
	int code;

	snprintf(out->path, sizeof(out->path), "%s%sgo.mod", directory, directory[0] ? "/" : "");
	code = vcs_blob_read(session->git, tree, out->path, &out->bytes, err);
	if (code == VCS_ERR_ABSENT)
		return 0;
	if (code < 0)
		return code;
	out->exists = true;
	if (!gomod_module_path(buf_slice(&out->bytes), &out->module))
		buf_reset(&out->module);
	out->matches = major_matches(buf_slice(&out->module), session->at.path_major);
	return 0;
}

static int refuse(const struct claim *claim, const struct location *at, const git_oid *commit, struct err *err)
{
	const char *hash = git_oid_tostr_s(commit);

	if (claim->module.len == 0)
		return err_set(err, VCS_ERR_ABSENT, "%s has no module path at %.12s", claim->path, hash);
	return err_set(err, VCS_ERR_ABSENT, "%s calls its module %.200s at %.12s, which is not the major version of %s", claim->path,
		buf_text(&claim->module), hash, at->module);
}

static void settle(struct claim *claim, const char *directory, struct place *out)
{
	memset(out, 0, sizeof(*out));
	vcs_text_join(out->directory, sizeof(out->directory), directory, "");
	out->exists = claim->exists;
	out->bytes = claim->bytes;
	memset(&claim->bytes, 0, sizeof(claim->bytes));
}

/* No go.mod: fine at the repository's root before modules had a major version in their path. */
static int none(struct claim *claim, const struct session *session, const git_oid *commit, struct place *out, struct err *err)
{
	const struct location *at = &session->at;

	if (at->directory[0] == '\0' && (at->path_major.len == 0 || at->path_major.ptr[0] == '.')) {
		settle(claim, "", out);
		return 0;
	}
	return err_set(err, VCS_ERR_ABSENT, "%s is no module at %.12s: there is no %s", at->module, git_oid_tostr_s(commit), claim->path);
}

/* The go.mod of the vN directory counts where the path asks for it: 1 when it is the module's, 0 when there is none. */
static int decide_major(const struct claim *own, struct claim *major, const struct session *session, const git_oid *commit, struct err *err)
{
	if (!major->exists)
		return 0;
	if (own->matches && major->matches)
		return err_set(err, VCS_ERR_ABSENT, "both %s and %s claim to be %s", own->path, major->path, session->at.module);
	return major->matches ? 1 : refuse(major, &session->at, commit, err);
}

static bool has_major_directory(const struct location *at)
{
	return at->path_major.len > 0 && at->path_major.ptr[0] == '/' && !at->at_root;
}

static int decide(struct session *session, const git_tree *tree, const git_oid *commit, struct claim *own, struct claim *major, struct place *out,
	struct err *err)
{
	const struct location *at = &session->at;
	char directory[VCS_DIRECTORY_MAX + 32] = "";
	int code = claim_read(session, tree, at->directory, own, err);

	if (code < 0)
		return code;
	if (at->path_major.len == 0 && slice_starts(buf_slice(&own->module), SLICE("gopkg.in/")))
		own->matches = true; /* a bug of old go commands that published modules rely on */
	if (has_major_directory(at)) {
		snprintf(directory, sizeof(directory), "%s%.*s", at->tag_prefix, SLICE_ARG(slice_after(at->path_major, 1)));
		code = claim_read(session, tree, directory, major, err);
		if (code == 0)
			code = decide_major(own, major, session, commit, err);
	}
	if (code < 0)
		return code;
	if (code > 0)
		settle(major, directory, out);
	else if (own->matches)
		settle(own, at->directory, out);
	else if (own->exists)
		return refuse(own, at, commit, err);
	else
		return none(own, session, commit, out, err);
	return 0;
}

int vcs_place_find(struct session *session, const git_oid *commit, struct place *out, struct err *err)
{
	struct claim own, major;
	git_tree *tree = NULL;
	int code = vcs_blob_tree(session->git, commit, &tree, err);

	claim_init(&own);
	claim_init(&major);
	if (code == 0)
		code = decide(session, tree, commit, &own, &major, out, err);
	git_tree_free(tree);
	claim_free(&own);
	claim_free(&major);
	return code;
}

void vcs_place_free(struct place *place)
{
	buf_free(&place->bytes);
}
