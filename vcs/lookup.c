/*
 * From the name of a revision to a commit: tags, then branches, then HEAD, then hex digits of a commit that a branch or tag reaches.
 * Nothing a caller says is ever handed to git's own revision syntax.
 */
#include <stdlib.h>
#include <string.h>

#include "module/pseudo.h"
#include "module/semver.h"
#include "vcs/packed_private.h"
#include "vcs/stand_private.h"

#define HEX_MIN 7
#define HEX_MAX GIT_OID_HEXSZ

static int unknown(struct slice name, struct err *err)
{
	return err_set(err, VCS_ERR_ABSENT, "unknown revision %.*s; check the spelling, or push it", SLICE_ARG(name));
}

int vcs_lookup_commit(struct session *session, const git_oid *commit, struct found *out, struct err *err)
{
	git_commit *read = NULL;

	if (git_commit_lookup(&read, session->git, commit) != 0)
		return err_set(
			err, vcs_git_code(), "commit %s of %s cannot be read: %s", git_oid_tostr_s(commit), session->at.module, vcs_git_reason());
	memset(out, 0, sizeof(*out));
	out->commit = *commit;
	git_oid_tostr(out->hex, sizeof(out->hex), commit);
	memcpy(out->abbreviated, out->hex, sizeof(out->abbreviated) - 1);
	out->time_s = git_commit_committer(read)->when.time;
	git_commit_free(read);
	return 0;
}

static void set_ref(struct found *out, const char *prefix, const char *name)
{
	vcs_text_join(out->ref, sizeof(out->ref), prefix, name); /* one that is too long is not told */
}

static int use_ref(struct session *session, const char *prefix, const struct ref *ref, struct found *out, struct err *err)
{
	int code;

	if (!ref->commit)
		return err_set(err, VCS_ERR_REJECTED, "%s%.200s is no commit: object %s is a tree, a file, or a tag of more than %lld bytes", prefix,
			ref->name, git_oid_tostr_s(&ref->target), (long long)VCS_OBJECT_BYTES_MAX);
	code = vcs_lookup_commit(session, &ref->target, out, err);
	if (code == 0)
		set_ref(out, prefix, ref->name);
	return code;
}

int vcs_lookup_head(struct session *session, struct found *out, struct err *err)
{
	int code;

	if (!session->refs->head_born)
		return err_set(err, VCS_ERR_ABSENT, "the default branch has no commits");
	code = vcs_lookup_commit(session, &session->refs->head, out, err);
	if (code == 0)
		set_ref(out, "", "HEAD");
	return code;
}

static bool is_hex(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (slice_index(SLICE("0123456789abcdef"), name.ptr[i]) < 0)
			return false;
	return name.len >= HEX_MIN && name.len <= HEX_MAX;
}

/* Gathers the one commit that the digits mean; 2 in count says that they mean several. */
struct match {
	git_oid commit;
	unsigned count;
};

static void consider(struct match *match, const git_oid *id, const git_oid *commit, struct slice hex)
{
	char digits[GIT_OID_HEXSZ + 1];

	git_oid_tostr(digits, sizeof(digits), id);
	if (memcmp(digits, hex.ptr, hex.len) != 0)
		return;
	if (match->count > 0 && git_oid_equal(&match->commit, commit))
		return;
	match->commit = *commit;
	match->count++;
}

static void consider_targets(const struct refs *refs, struct slice hex, struct match *match)
{
	for (size_t i = 0; i < refs->tags_count; i++)
		if (refs->tags[i].commit)
			consider(match, &refs->tags[i].target, &refs->tags[i].target, hex);
	for (size_t i = 0; i < refs->branches_count; i++)
		if (refs->branches[i].commit)
			consider(match, &refs->branches[i].target, &refs->branches[i].target, hex);
	if (refs->head_born)
		consider(match, &refs->head, &refs->head, hex);
}

/* The id of a tag object means the commit it leads to. */
static void consider_tag_objects(const struct refs *refs, struct slice hex, struct match *match)
{
	for (size_t i = 0; i < refs->tags_count; i++)
		if (refs->tags[i].commit)
			consider(match, &refs->tags[i].object, &refs->tags[i].target, hex);
}

/* Bits of all that branches and tags reach, made once for these references. Under the graph lock. */
static int reach(struct session *session, struct err *err)
{
	struct refs *refs = session->refs;
	size_t count = 0, most = refs->tags_count + refs->branches_count;
	git_oid *tips;
	int code;

	if (refs->reachable && refs->reachable_epoch == vcs_graph_epoch(session->repository->graph))
		return 0;
	tips = malloc((most ? most : 1) * sizeof(*tips));
	if (!tips)
		return vcs_no_memory(err, "read the history");
	for (size_t i = 0; i < refs->tags_count; i++)
		if (refs->tags[i].commit)
			tips[count++] = refs->tags[i].target;
	for (size_t i = 0; i < refs->branches_count; i++)
		if (refs->branches[i].commit)
			tips[count++] = refs->branches[i].target;
	free(refs->reachable);
	refs->reachable = NULL;
	code = vcs_graph_mark(session->repository->graph, session->git, tips, count, &refs->reachable, &refs->reachable_bits, err);
	refs->reachable_epoch = vcs_graph_epoch(session->repository->graph);
	free(tips);
	return code;
}

int vcs_lookup_reachable(struct session *session, const git_oid *commit, bool *reachable_out, struct err *err)
{
	int code;

	pthread_mutex_lock(&session->repository->graph_lock);
	code = reach(session, err);
	if (code == 0)
		*reachable_out = vcs_graph_marked(session->repository->graph, commit, session->refs->reachable, session->refs->reachable_bits);
	pthread_mutex_unlock(&session->repository->graph_lock);
	return code;
}

static int find_reachable(struct session *session, struct slice hex, struct match *match, struct err *err)
{
	int code;

	pthread_mutex_lock(&session->repository->graph_lock);
	code = reach(session, err);
	if (code == 0)
		match->count =
			vcs_graph_find(session->repository->graph, hex, session->refs->reachable, session->refs->reachable_bits, &match->commit);
	pthread_mutex_unlock(&session->repository->graph_lock);
	return code;
}

static int lookup_hex(struct session *session, struct slice hex, struct found *out, struct err *err)
{
	struct match match = { .count = 0 };
	int code = 0;

	consider_targets(session->refs, hex, &match);
	if (match.count == 0)
		code = find_reachable(session, hex, &match, err);
	if (code == 0 && match.count == 0)
		consider_tag_objects(session->refs, hex, &match);
	if (code < 0)
		return code;
	if (match.count > 1)
		return err_set(err, VCS_ERR_REJECTED, "revision %.*s is ambiguous; give more digits", SLICE_ARG(hex));
	if (match.count == 0)
		return unknown(hex, err);
	return vcs_lookup_commit(session, &match.commit, out, err);
}

int vcs_lookup_name(struct session *session, struct slice name, struct found *out, struct err *err)
{
	const struct ref *tag = vcs_refs_tag(session->refs, name), *branch = vcs_refs_branch(session->refs, name);
	int code;

	if (name.len == 0)
		return unknown(name, err);
	if (tag) {
		code = use_ref(session, "refs/tags/", tag, out, err);
		if (code == 0)
			out->tag = slice_of(tag->name);
		return code;
	}
	if (branch)
		return use_ref(session, "refs/heads/", branch, out, err);
	if (slice_equal_text(name, "HEAD"))
		return session->refs->head_born ? vcs_lookup_head(session, out, err) : unknown(name, err);
	if (is_hex(name))
		return lookup_hex(session, name, out, err);
	return unknown(name, err);
}

int vcs_lookup_query(struct session *session, struct slice query, struct found *out, struct err *err)
{
	struct buf tag = BUF_INIT(VCS_DIRECTORY_MAX + MODULE_VERSION_MAX);
	int code;

	if (pseudo_is(query))
		return vcs_lookup_name(session, pseudo_revision(query), out, err);
	if (!semver_valid(query))
		return vcs_lookup_name(session, query, out, err);
	buf_add_text(&tag, session->at.tag_prefix);
	buf_add_slice(&tag, semver_strip_incompatible(query));
	code = buf_failed(&tag) ? unknown(query, err) : vcs_lookup_name(session, buf_slice(&tag), out, err);
	buf_free(&tag);
	return code;
}

int vcs_lookup_ancestors(struct session *session, const git_oid *commit, uint8_t **bits_out, size_t *count_out, unsigned *epoch_out, struct err *err)
{
	int code;

	pthread_mutex_lock(&session->repository->graph_lock);
	code = vcs_graph_mark(session->repository->graph, session->git, commit, 1, bits_out, count_out, err);
	*epoch_out = vcs_graph_epoch(session->repository->graph);
	pthread_mutex_unlock(&session->repository->graph_lock);
	return code;
}
