/* What a module's references are at one moment, held against what its versions were pinned to. */
#include <stdlib.h>
#include <string.h>

#include "module/pseudo.h"
#include "module/semver.h"
#include "vcs/stand_private.h"

struct vcs_stand {
	struct session *session;
	int64_t read_us;
	uint8_t digest[SHA256_BYTES];
};

static void add_refs(struct sha256_stream *stream, const struct ref *items, size_t count)
{
	sha256_add(stream, &count, sizeof(count));
	for (size_t i = 0; i < count; i++) {
		sha256_add(stream, items[i].name, strlen(items[i].name) + 1);
		sha256_add(stream, items[i].object.id, GIT_OID_RAWSZ);
	}
}

/* The references and when they were read belong together: another thread may read new ones meanwhile. */
static int take(struct vcs_stand *stand, struct err *err)
{
	struct session *session = stand->session;
	struct repository *repository = session->repository;
	struct sha256_stream *stream;

	pthread_mutex_lock(&repository->lock);
	if (repository->refs) {
		vcs_refs_release(&session->refs);
		session->refs = vcs_refs_hold(repository->refs);
	}
	stand->read_us = repository->synced_us;
	pthread_mutex_unlock(&repository->lock);
	if (!session->refs)
		return err_set(err, VCS_ERR_UNKNOWN, "the references of %s were not read yet", session->at.module);
	stream = sha256_open();
	if (!stream)
		return vcs_no_memory(err, "look at the references");
	add_refs(stream, session->refs->tags, session->refs->tags_count);
	add_refs(stream, session->refs->branches, session->refs->branches_count);
	sha256_add(stream, session->at.tag_prefix, strlen(session->at.tag_prefix));
	sha256_digest(stream, stand->digest);
	sha256_close(&stream);
	return 0;
}

/* In place references are read in no time. */
static enum session_want want(const struct vcs *vcs, struct slice module, bool read)
{
	const struct mapping *mapping = vcs_mapping_find(vcs->mappings, vcs->count, module);

	if (!read)
		return SESSION_OBJECTS;
	return mapping && mapping->local ? SESSION_NOW : SESSION_FRESH;
}

int vcs_stand_open(struct vcs *vcs, struct slice module, int64_t asked_us, bool read, struct vcs_stand **stand_out, struct err *err)
{
	struct vcs_stand *stand = calloc(1, sizeof(*stand));
	int code;

	if (!stand)
		return vcs_no_memory(err, "look at the references");
	code = vcs_session_open(vcs, module, asked_us, want(vcs, module, read), &stand->session, err);
	if (code == 0)
		code = take(stand, err);
	if (code < 0) {
		vcs_stand_close(&stand);
		return code;
	}
	*stand_out = stand;
	return 0;
}

void vcs_stand_close(struct vcs_stand **stand)
{
	if (*stand)
		vcs_session_close(&(*stand)->session);
	free(*stand);
	*stand = NULL;
}

int64_t vcs_stand_read_us(const struct vcs_stand *stand)
{
	return stand->read_us;
}

const uint8_t *vcs_stand_digest(const struct vcs_stand *stand)
{
	return stand->digest;
}

/* As vcs_lookup_query() goes about it: a tag, else a branch of that name. A tag on a file or tree has moved, too. */
static void named_commit(const struct session *session, struct slice version, char out[VCS_COMMIT_MAX])
{
	struct buf name = BUF_INIT(VCS_DIRECTORY_MAX + MODULE_VERSION_MAX);
	const struct ref *ref = NULL;

	buf_add_text(&name, session->at.tag_prefix);
	buf_add_slice(&name, semver_strip_incompatible(version));
	if (!buf_failed(&name)) {
		ref = vcs_refs_tag(session->refs, buf_slice(&name));
		ref = ref ? ref : vcs_refs_branch(session->refs, buf_slice(&name));
	}
	out[0] = '\0';
	if (ref)
		git_oid_tostr(out, VCS_COMMIT_MAX, &ref->target);
	buf_free(&name);
}

int vcs_stand_commit(struct vcs_stand *stand, struct slice version, const char *pinned, char commit_out[VCS_COMMIT_MAX], struct err *err)
{
	bool reachable = false;
	git_oid id;
	int code;

	if (!pseudo_is(version)) {
		named_commit(stand->session, version, commit_out);
		return 0;
	}
	if (strlen(pinned) != GIT_OID_HEXSZ || git_oid_fromstr(&id, pinned) != 0)
		return err_set(err, VCS_ERR_UNKNOWN, "the pinned commit of %s is not 40 hex digits", stand->session->at.module);
	code = vcs_lookup_reachable(stand->session, &id, &reachable, err);
	if (code == 0)
		memcpy(commit_out, reachable ? pinned : "", reachable ? VCS_COMMIT_MAX : 1);
	return code == VCS_DAMAGED ? VCS_ERR_UNKNOWN : code;
}

bool vcs_stand_due(struct vcs *vcs, struct slice module)
{
	const struct mapping *mapping = vcs_mapping_find(vcs->mappings, vcs->count, module);
	struct repository *repository = NULL;
	struct location at;
	int64_t now_us = clock_monotonic_us(vcs->clock);
	bool due;

	if (!mapping || mapping->local)
		return mapping != NULL;
	if (vcs_location_guess(vcs, mapping, module, &at) < 0 || vcs_repository_acquire(vcs, &at, &repository, NULL) < 0)
		return false;
	pthread_mutex_lock(&repository->lock);
	due = !repository->busy && (repository->synced_us == INT64_MIN || repository->synced_us <= now_us - mapping->refresh_us);
	pthread_mutex_unlock(&repository->lock);
	vcs_repository_release(vcs, &repository);
	return due;
}
