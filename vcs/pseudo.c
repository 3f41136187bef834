/* Pseudo-versions: making one for a commit, and holding one that was asked for against the commit that it names. */
#include <stdlib.h>
#include <string.h>

#include "module/pseudo.h"
#include "module/semver.h"
#include "vcs/vcs_private.h"

/* Does the commit descend from the tag's, or is it the same? Ancestors are found once a resolution. */
struct ancestry {
	struct resolution *resolution;
	uint8_t *bits;
	size_t count;
	unsigned epoch;
	bool lost; /* the graph was forgotten meanwhile: nothing can be said */
};

static int ancestry_init(struct resolution *resolution, struct ancestry *out, struct err *err)
{
	*out = (struct ancestry){ .resolution = resolution };
	return vcs_lookup_ancestors(resolution->session, &resolution->found.commit, &out->bits, &out->count, &out->epoch, err);
}

static int ancestry_close(struct ancestry *ancestry, struct err *err)
{
	free(ancestry->bits);
	if (ancestry->lost)
		return err_set(err, VCS_ERR_UNKNOWN, "the history could not be read to its end; try again");
	return 0;
}

static bool descends(struct ancestry *ancestry, const struct ref *tag)
{
	struct repository *repository = ancestry->resolution->session->repository;
	bool yes;

	if (!tag->commit)
		return false;
	pthread_mutex_lock(&repository->graph_lock);
	ancestry->lost = ancestry->lost || vcs_graph_epoch(repository->graph) != ancestry->epoch;
	yes = !ancestry->lost && vcs_graph_marked(repository->graph, &tag->target, ancestry->bits, ancestry->count);
	pthread_mutex_unlock(&repository->graph_lock);
	return yes;
}

/* The highest tag among the ancestors that may be a base; empty when there is none. */
static int recent_tag(struct resolution *resolution, struct slice *base_out, struct err *err)
{
	const struct refs *refs = resolution->session->refs;
	struct slice prefix = slice_of(resolution->session->at.tag_prefix), best = SLICE_NONE, version;
	struct ancestry ancestry;
	bool exact;
	int code = ancestry_init(resolution, &ancestry, err);

	if (code < 0)
		return code;
	for (size_t i = vcs_refs_tags_from(refs, prefix); i < refs->tags_count && slice_starts(slice_of(refs->tags[i].name), prefix); i++)
		if (vcs_tag_version(resolution->session, refs->tags[i].name, &version, &exact) &&
			(best.len == 0 || semver_compare(best, version) < 0) && descends(&ancestry, &refs->tags[i]) &&
			!gomod_retracted(&resolution->retractions, version) && vcs_resolve_fits(resolution, version))
			best = version;
	*base_out = best;
	return ancestry_close(&ancestry, err);
}

int vcs_pseudo_new(struct resolution *resolution, struct slice base, struct buf *out, struct err *err)
{
	const struct found *found = &resolution->found;
	int code = 0;

	if (base.len == 0)
		code = recent_tag(resolution, &base, err);
	if (code == 0)
		pseudo_make(module_path_major_prefix(resolution->session->at.path_major), base, found->time_s, slice_of(found->abbreviated), out);
	return code;
}

static int refuse(const struct resolution *resolution, const char *why, struct slice detail, struct err *err)
{
	return err_set(err, VCS_ERR_REJECTED, "%s@%.*s is no valid pseudo-version: %s %.*s", resolution->session->at.module,
		SLICE_ARG(resolution->query), why, SLICE_ARG(detail));
}

/* A tag on this very commit that is the base itself: the tag should be used. */
static bool tagged(const struct resolution *resolution, struct slice base)
{
	const struct refs *refs = resolution->session->refs;
	struct slice prefix = slice_of(resolution->session->at.tag_prefix);

	for (size_t i = vcs_refs_tags_from(refs, prefix); i < refs->tags_count && slice_starts(slice_of(refs->tags[i].name), prefix); i++)
		if (git_oid_equal(&refs->tags[i].target, &resolution->found.commit) &&
			slice_equal(slice_after(slice_of(refs->tags[i].name), prefix.len), base))
			return true;
	return false;
}

/* Some tag of the base's precedence must be an ancestor; it need not be the highest. */
static int check_preceding(struct resolution *resolution, struct slice base, struct err *err)
{
	const struct refs *refs = resolution->session->refs;
	struct slice prefix = slice_of(resolution->session->at.tag_prefix);
	struct ancestry ancestry;
	bool exists = false, ancestor = false;
	int code = ancestry_init(resolution, &ancestry, err);

	if (code < 0)
		return code;
	for (size_t i = vcs_refs_tags_from(refs, prefix); i < refs->tags_count && slice_starts(slice_of(refs->tags[i].name), prefix) && !ancestor;
		i++) {
		struct slice rest = slice_after(slice_of(refs->tags[i].name), prefix.len);

		if (!slice_starts(rest, base) || semver_compare(rest, base) != 0)
			continue;
		exists = true;
		ancestor = descends(&ancestry, &refs->tags[i]);
	}
	code = ancestry_close(&ancestry, err);
	if (code < 0)
		return code;
	if (!exists)
		return refuse(resolution, "there is no preceding tag", base, err);
	return ancestor ? 0 : refuse(resolution, "the commit does not descend from the tag", base, err);
}

static int check_base(struct resolution *resolution, struct slice base, struct err *err)
{
	struct slice major = module_path_major_prefix(resolution->session->at.path_major);

	if (base.len == 0 && major.len == 0 && slice_equal_text(semver_major(resolution->query), "v1"))
		return refuse(resolution, "without a preceding tag the major version must be", SLICE("v0"), err);
	if (base.len == 0)
		return 0;
	if (tagged(resolution, base))
		return refuse(resolution, "the commit is tagged; ask for", base, err);
	return check_preceding(resolution, base, err);
}

int vcs_pseudo_check(struct resolution *resolution, struct err *err)
{
	struct slice query = resolution->query;
	struct buf base = BUF_INIT(MODULE_VERSION_MAX);
	struct err why = ERR_INIT;
	int64_t time_s = 0;
	int code = 0;

	if (!slice_equal_text(pseudo_revision(query), resolution->found.abbreviated))
		code = refuse(resolution, "the revision must be written", slice_of(resolution->found.abbreviated), err);
	else if (pseudo_time(query, &time_s, &why) < 0 || time_s != resolution->found.time_s)
		code = refuse(resolution, "the time is not the commit's", pseudo_timestamp(query), err);
	else if (pseudo_base(semver_strip_incompatible(query), &base, &why) < 0)
		code = refuse(resolution, why.text, SLICE(""), err);
	else
		code = check_base(resolution, buf_slice(&base), err);
	buf_free(&base);
	return code;
}
