/* The list of a module's versions, out of the tags, and what its highest one retracts. */
#include <stdlib.h>
#include <string.h>

#include "module/pseudo.h"
#include "module/semver.h"
#include "vcs/vcs_private.h"

static int version_order(const void *a, const void *b)
{
	return semver_order(((const struct version *)a)->text, ((const struct version *)b)->text);
}

/* Is this tag listed, and as what? */
static bool listed(const struct session *session, const struct ref *tag, struct version *out)
{
	const struct location *at = &session->at;
	struct slice text;
	bool exact = false;

	if (!vcs_tag_version(session, tag->name, &text, &exact) || !exact)
		return false;
	out->text = text;
	out->tag = tag;
	out->incompatible = !module_version_fits(text, at->path_major);
	return !out->incompatible || (at->directory[0] == '\0' && at->path_major.len == 0);
}

static int collect(const struct session *session, struct versions *out, struct err *err)
{
	const struct refs *refs = session->refs;
	struct slice prefix = slice_of(session->at.tag_prefix);
	size_t from = vcs_refs_tags_from(refs, prefix), to = from;

	if (slice_ends(session->at.path_major, SLICE("-unstable")))
		return 0;
	while (to < refs->tags_count && slice_starts(slice_of(refs->tags[to].name), prefix))
		to++;
	if (to == from)
		return 0;
	out->items = calloc(to - from, sizeof(*out->items));
	if (!out->items)
		return vcs_no_memory(err, "list the versions");
	for (size_t i = from; i < to; i++)
		if (listed(session, &refs->tags[i], &out->items[out->count]))
			out->count++;
	qsort(out->items, out->count, sizeof(*out->items), version_order);
	return 0;
}

/* Does the tag's tree have a go.mod at its root? A tag on no commit has none. */
static int has_gomod(struct session *session, const struct ref *tag, bool *has_out, struct err *err)
{
	git_tree *tree = NULL;
	int code;

	*has_out = false;
	if (!tag->commit)
		return 0;
	code = vcs_blob_tree(session->git, &tag->target, &tree, err);
	if (code == 0)
		code = vcs_blob_exists(tree, "go.mod", has_out, err);
	git_tree_free(tree);
	return code;
}

/* Moves the items of one kind behind the others, keeping the order of each. Answers how many stay in front. */
static size_t part(struct versions *versions)
{
	struct version *moved;
	size_t front = 0, back = 0;

	if (versions->count == 0)
		return 0;
	moved = malloc(versions->count * sizeof(*moved));
	if (!moved)
		return SIZE_MAX;
	for (size_t i = 0; i < versions->count; i++)
		if (versions->items[i].incompatible)
			moved[back++] = versions->items[i];
		else
			versions->items[front++] = versions->items[i];
	memcpy(versions->items + front, moved, back * sizeof(*moved));
	free(moved);
	return front;
}

/* Of incompatible versions only those majors stay whose highest tag has no go.mod: with one, the author left that scheme. */
static int keep_incompatible(struct session *session, struct versions *versions, size_t from, struct err *err)
{
	struct version *items = versions->items;
	size_t kept = from;

	for (size_t i = from, next; i < versions->count; i = next) {
		bool has = false;
		int code;

		for (next = i + 1; next < versions->count; next++)
			if (!slice_equal(semver_major(items[next].text), semver_major(items[i].text)))
				break;
		code = has_gomod(session, items[next - 1].tag, &has, err);
		if (code < 0)
			return code;
		if (!has) {
			memmove(&items[kept], &items[i], (next - i) * sizeof(*items));
			kept += next - i;
		}
	}
	versions->count = kept;
	return 0;
}

int vcs_versions_list(struct session *session, struct versions *out, struct err *err)
{
	struct versions versions = { NULL, 0 };
	bool has = false;
	size_t compatible;
	int code = collect(session, &versions, err);

	if (code < 0)
		goto out;
	compatible = part(&versions);
	if (compatible == SIZE_MAX) {
		code = vcs_no_memory(err, "list the versions");
		goto out;
	}
	if (compatible < versions.count && compatible > 0)
		code = has_gomod(session, versions.items[compatible - 1].tag, &has, err);
	if (code == 0 && has)
		versions.count = compatible;
	if (code == 0)
		code = keep_incompatible(session, &versions, compatible, err);
	if (code == 0) {
		*out = versions;
		versions.items = NULL;
	}
out:
	free(versions.items);
	return code;
}

void vcs_versions_free(struct versions *versions)
{
	free(versions->items);
	versions->items = NULL;
	versions->count = 0;
}

/* The highest compatible release, else the highest compatible prerelease: incompatible ones have no go.mod. */
static const struct version *highest(const struct versions *versions)
{
	const struct version *found = NULL;

	for (size_t i = 0; i < versions->count && !versions->items[i].incompatible; i++)
		if (!found || semver_prerelease(versions->items[i].text).len == 0 || semver_prerelease(found->text).len > 0)
			found = &versions->items[i];
	return found;
}

void vcs_versions_retractions(struct session *session, const struct versions *versions, struct gomod *out)
{
	const struct version *version = highest(versions);
	struct place place;

	memset(out, 0, sizeof(*out));
	if (!version || !version->tag->commit || vcs_place_find(session, &version->tag->target, &place, NULL) < 0)
		return;
	if (place.exists && gomod_parse_lax(buf_slice(&place.bytes), out, NULL) < 0)
		memset(out, 0, sizeof(*out));
	vcs_place_free(&place);
}
