/* From a commit to the version that it is: the tag that was asked for, the highest tag on the commit, or a pseudo-version. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "module/pseudo.h"
#include "module/semver.h"
#include "vcs/vcs_private.h"

static bool asks_incompatible(const struct resolution *resolution)
{
	return slice_equal_text(semver_build(resolution->query), "+incompatible");
}

/* Neither a root go.mod nor, unless the caller insists, a vN/go.mod of that major. A tree that cannot be read allows nothing. */
bool vcs_resolve_may_be_incompatible(struct resolution *resolution, struct slice version)
{
	struct session *session = resolution->session;
	struct slice major = semver_major(version);
	git_tree *tree = NULL;
	char path[TAG_VERSION_MAX + 64];
	bool exists = true;

	if (session->at.directory[0] != '\0' || session->at.path_major.len > 0 || major.len > TAG_VERSION_MAX)
		return false;
	if (vcs_blob_tree(session->git, &resolution->found.commit, &tree, NULL) < 0)
		return false;
	snprintf(path, sizeof(path), "%.*s/go.mod", SLICE_ARG(major));
	if (vcs_blob_exists(tree, "go.mod", &exists, NULL) < 0)
		exists = true;
	if (!exists && !asks_incompatible(resolution) && vcs_blob_exists(tree, path, &exists, NULL) < 0)
		exists = true;
	git_tree_free(tree);
	return !exists;
}

bool vcs_resolve_fits(struct resolution *resolution, struct slice version)
{
	return module_version_fits(version, resolution->session->at.path_major) || vcs_resolve_may_be_incompatible(resolution, version);
}

static int refuse_major(const struct resolution *resolution, struct slice version, struct err *err)
{
	if (resolution->session->at.path_major.len > 0)
		return err_set(err, VCS_ERR_REJECTED, "%s@%.*s: the path's end names another major version", resolution->session->at.module,
			SLICE_ARG(version));
	return err_set(err, VCS_ERR_REJECTED, "%s@%.*s: there is a go.mod, so the path must end in /%.*s", resolution->session->at.module,
		SLICE_ARG(version), SLICE_ARG(semver_major(version)));
}

/* A caller who names an exact version gets that version or nothing. */
static int check_asked(const struct resolution *resolution, struct slice version, struct slice base, struct err *err)
{
	struct slice query = resolution->query, asked = semver_strip_incompatible(query);

	if (!semver_is_module_canonical(query) || slice_equal(asked, base))
		return 0;
	return err_set(err, VCS_ERR_REJECTED, "%s@%.*s: %.*s is no tag; it resolves to %.*s", resolution->session->at.module, SLICE_ARG(query),
		SLICE_ARG(asked), SLICE_ARG(version));
}

static int keep(struct resolution *resolution, struct slice base, bool incompatible, struct err *err)
{
	int n = snprintf(resolution->version, sizeof(resolution->version), "%.*s%s", SLICE_ARG(base), incompatible ? "+incompatible" : "");

	if (n < 0 || (size_t)n >= sizeof(resolution->version))
		return err_set(err, VCS_ERR_REJECTED, "%s: the version has more than %d bytes", resolution->session->at.module, MODULE_VERSION_MAX);
	return 0;
}

/* The last check of a chosen version: the module is in this commit, and the version is what the path and the caller allow. */
static int settle(struct resolution *resolution, struct slice version, struct err *err)
{
	struct slice base = semver_strip_incompatible(version);
	struct place place;
	bool fits, incompatible;
	int code = vcs_place_find(resolution->session, &resolution->found.commit, &place, err);

	if (code < 0)
		return code;
	vcs_place_free(&place);
	if (slice_equal(version, semver_strip_incompatible(resolution->query)))
		version = resolution->query;
	fits = module_version_fits(base, resolution->session->at.path_major);
	incompatible = !fits && vcs_resolve_may_be_incompatible(resolution, base);
	code = check_asked(resolution, version, base, err);
	if (code < 0)
		return code;
	if (!fits && !incompatible)
		return refuse_major(resolution, base, err);
	if (fits && base.len < version.len)
		return err_set(err, VCS_ERR_REJECTED, "%s@%.*s: +incompatible does not belong to a compatible version; ask for %.*s",
			resolution->session->at.module, SLICE_ARG(version), SLICE_ARG(base));
	return keep(resolution, base, incompatible, err);
}

/* What the tags on the commit offer. */
struct offer {
	struct slice asked;   /* the tag that is the version asked for */
	struct slice highest; /* canonical, not retracted, of the right major */
	struct slice base;    /* asked for with build metadata: a pseudo-version builds on it */
};

static void consider(struct resolution *resolution, const struct ref *tag, struct offer *offer)
{
	struct slice version;
	bool exact = false;

	if (!vcs_tag_version(resolution->session, tag->name, &version, &exact))
		return;
	if (semver_valid(resolution->query) && semver_compare(version, resolution->query) == 0) {
		if (exact && offer->asked.len == 0)
			offer->asked = version;
		else if (!exact)
			offer->base = version;
	}
	if (exact && (offer->highest.len == 0 || semver_compare(offer->highest, version) < 0) &&
		!gomod_retracted(&resolution->retractions, version) && vcs_resolve_fits(resolution, version))
		offer->highest = version;
}

static struct offer look_at_tags(struct resolution *resolution)
{
	const struct refs *refs = resolution->session->refs;
	struct offer offer = { SLICE_NONE, SLICE_NONE, SLICE_NONE };

	for (size_t i = 0; i < refs->tags_count; i++)
		if (refs->tags[i].commit && git_oid_equal(&refs->tags[i].target, &resolution->found.commit))
			consider(resolution, &refs->tags[i], &offer);
	return offer;
}

static int settle_new_pseudo(struct resolution *resolution, struct slice base, struct err *err)
{
	struct buf version = BUF_INIT(MODULE_VERSION_MAX);
	int code = vcs_pseudo_new(resolution, base, &version, err);

	if (code == 0 && buf_failed(&version))
		code = err_set(err, VCS_ERR_REJECTED, "%s: the pseudo-version is too long", resolution->session->at.module);
	if (code == 0)
		code = settle(resolution, buf_slice(&version), err);
	buf_free(&version);
	return code;
}

static void read_retractions(struct resolution *resolution)
{
	struct versions versions = { NULL, 0 };

	if (vcs_versions_list(resolution->session, &versions, NULL) == 0)
		vcs_versions_retractions(resolution->session, &versions, &resolution->retractions);
	vcs_versions_free(&versions);
}

static int choose(struct resolution *resolution, struct err *err)
{
	struct slice version;
	struct offer offer;
	bool exact = false;
	int code;

	if (pseudo_is(resolution->query)) {
		code = settle(resolution, resolution->query, err);
		return code < 0 ? code : vcs_pseudo_check(resolution, err);
	}
	if (resolution->found.tag.len > 0 && vcs_tag_version(resolution->session, resolution->found.tag.ptr, &version, &exact) && exact &&
		settle(resolution, version, NULL) == 0)
		return 0;
	read_retractions(resolution);
	offer = look_at_tags(resolution);
	if (offer.asked.len > 0)
		return settle(resolution, offer.asked, err);
	if (offer.highest.len > 0)
		return settle(resolution, offer.highest, err);
	return settle_new_pseudo(resolution, offer.base, err);
}

/* Tags decide about a pseudo-version, unless it is one asked for that builds on none. */
static int add_tag_sum(const struct resolution *resolution, struct vcs_revision *out, struct err *err)
{
	const struct location *at = &resolution->session->at;
	struct slice version = slice_of(out->version), major = module_path_major_prefix(at->path_major);
	char word[MODULE_PATH_MAX] = "";

	if (!pseudo_is(version) || (slice_equal(version, resolution->query) && slice_starts(version, SLICE("v0.0.0-"))))
		return 0;
	if (major.len > 0)
		snprintf(word, sizeof(word), "%.*s.", SLICE_ARG(major));
	if (!vcs_text_join(out->tag_prefix, sizeof(out->tag_prefix), at->tag_prefix, word))
		return 0;
	return vcs_tag_sum(resolution->session, out->tag_prefix, out->tag_sum, err);
}

static int fill(const struct resolution *resolution, struct vcs_revision *revision_out, struct err *err)
{
	const struct session *session = resolution->session;
	struct vcs_revision revision;
	int code;

	memset(&revision, 0, sizeof(revision));
	vcs_text_join(revision.version, sizeof(revision.version), resolution->version, "");
	vcs_text_join(revision.commit, sizeof(revision.commit), resolution->found.hex, "");
	vcs_text_join(revision.subdir, sizeof(revision.subdir), session->at.directory, "");
	vcs_text_join(revision.ref, sizeof(revision.ref), resolution->found.ref, "");
	if (!session->repository->local)
		vcs_text_join(revision.url, sizeof(revision.url), session->at.repository, "");
	revision.time_s = resolution->found.time_s;
	revision.stale = session->failure != SYNC_DONE;
	revision.as_of_us = session->as_of_us;
	code = add_tag_sum(resolution, &revision, err);
	if (code == 0)
		*revision_out = revision;
	return code;
}

/* found is filled: choice, answer. */
static int resolve(struct resolution *resolution, struct vcs_revision *revision_out, struct err *err)
{
	int code = choose(resolution, err);

	if (code == 0)
		code = fill(resolution, revision_out, err);
	gomod_free(&resolution->retractions);
	return code;
}

int vcs_resolve_query(struct session *session, struct slice query, struct vcs_revision *revision_out, struct err *err)
{
	struct resolution resolution = { .session = session, .query = query };
	int code;

	if (query.len > MODULE_VERSION_MAX)
		return err_set(err, VCS_ERR_ABSENT, "no revision has more than %d bytes", MODULE_VERSION_MAX);
	code = vcs_lookup_query(session, query, &resolution.found, err);
	return code < 0 ? code : resolve(&resolution, revision_out, err);
}

int vcs_resolve_head(struct session *session, struct vcs_revision *revision_out, struct err *err)
{
	struct resolution resolution = { .session = session, .query = SLICE("") };
	int code = vcs_lookup_head(session, &resolution.found, err);

	return code < 0 ? code : resolve(&resolution, revision_out, err);
}
