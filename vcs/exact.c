/* Exact versions: the commit that one is read from - the pin, or what it resolves to - and its go.mod. */
#include <string.h>

#include "vcs/vcs_private.h"

/* The pinned commit's object. When the mirror lost it, the remote is asked once more, unless it was a moment ago. */
static int find_pin(struct session *session, const char *commit, git_oid *commit_out, struct err *err)
{
	git_odb *odb = NULL;
	git_oid id;
	bool there;

	if (strlen(commit) != GIT_OID_HEXSZ || git_oid_fromstr(&id, commit) != 0)
		return err_set(err, VCS_ERR_UNKNOWN, "the pinned commit of %s is not 40 hex digits", session->at.module);
	if (git_repository_odb(&odb, session->git) != 0)
		return err_set(err, vcs_git_code(), "the objects of %s cannot be read: %s", session->at.module, vcs_git_reason());
	there = git_odb_exists(odb, &id);
	if (!there && !session->repository->local) {
		enum sync sync = vcs_repository_sync(&session->question, session->repository, vcs_session_again_us(session), err);

		if (sync != SYNC_DONE) {
			git_odb_free(odb);
			if (sync == SYNC_PENDING)
				return VCS_ERR_LATER;
			/* The remote may have it: err says why it could not be asked. */
			return sync == SYNC_BROKEN ? VCS_DAMAGED : VCS_ERR_UNKNOWN;
		}
		there = git_odb_refresh(odb) == 0 && git_odb_exists(odb, &id);
	}
	git_odb_free(odb);
	if (!there)
		return err_set(err, VCS_ERR_UNKNOWN,
			"commit %s, to which %s was pinned, is in the repository no more; bring it back, on a branch of its own", commit,
			session->at.module);
	*commit_out = id;
	return 0;
}

static int resolve_exact(struct session *session, struct slice version, git_oid *commit_out, struct err *err)
{
	struct vcs_revision revision;
	int code = vcs_resolve_current(session, version, &revision, err);

	if (code < 0)
		return code;
	if (!slice_equal_text(version, revision.version))
		return err_set(err, VCS_ERR_REJECTED, "%s@%.*s is %s; ask for that", session->at.module, SLICE_ARG(version), revision.version);
	if (git_oid_fromstr(commit_out, revision.commit) != 0)
		return err_set(err, VCS_ERR_UNKNOWN, "commit %s cannot be read", revision.commit);
	return 0;
}

int vcs_exact_open(struct vcs *vcs, struct slice module, int64_t asked_us, struct slice version, const char *commit, struct session **session_out,
	git_oid *commit_out, struct err *err)
{
	struct err why = ERR_INIT;
	int code = vcs_session_open(vcs, module, asked_us, commit ? SESSION_OBJECTS : SESSION_FRESH, session_out, err);

	if (code < 0)
		return code;
	if (module_check(module, version, &why) < 0)
		return err_set(err, VCS_ERR_REJECTED, "%s", why.text);
	return commit ? find_pin(*session_out, commit, commit_out, err) : resolve_exact(*session_out, version, commit_out, err);
}

static int read_gomod(struct session *session, const git_oid *commit, struct buf *out, struct err *err)
{
	struct place place;
	int code = vcs_place_find(session, commit, &place, err);

	if (code < 0)
		return code;
	if (place.exists)
		buf_add_slice(out, buf_slice(&place.bytes));
	else
		buf_printf(out, "module %s\n", session->at.module);
	if (buf_failed(out))
		code = err_set(err, VCS_ERR_REJECTED, "go.mod of %s is larger than %zu bytes", session->at.module, out->max);
	vcs_place_free(&place);
	return code;
}

int vcs_go_mod(struct vcs *vcs, struct slice module, int64_t asked_us, struct slice version, const char *commit, struct buf *out, struct err *err)
{
	struct session *session = NULL;
	git_oid id;
	int code;

	do {
		code = vcs_exact_open(vcs, module, asked_us, version, commit, &session, &id, err);
		if (code == 0)
			code = read_gomod(session, &id, out, err);
	} while (vcs_session_end(&session, &code, err));
	return code;
}

static int describe(struct session *session, struct slice version, const git_oid *commit, struct vcs_revision *revision_out, struct err *err)
{
	struct vcs_revision revision = { .stale = false };
	struct found found;
	int code = vcs_lookup_commit(session, commit, &found, err);

	if (code < 0)
		return code;
	ASSERT(version.len < sizeof(revision.version));
	memcpy(revision.version, version.ptr, version.len);
	memcpy(revision.commit, found.hex, sizeof(revision.commit));
	revision.time_s = found.time_s;
	vcs_text_join(revision.subdir, sizeof(revision.subdir), session->at.directory, "");
	if (!session->repository->local)
		vcs_text_join(revision.url, sizeof(revision.url), session->at.repository, "");
	*revision_out = revision;
	return 0;
}

int vcs_pinned(struct vcs *vcs, struct slice module, int64_t asked_us, struct slice version, const char *commit, struct vcs_revision *revision_out,
	struct err *err)
{
	struct session *session = NULL;
	git_oid id;
	int code;

	do {
		code = vcs_exact_open(vcs, module, asked_us, version, commit, &session, &id, err);
		if (code == 0)
			code = describe(session, version, &id, revision_out, err);
	} while (vcs_session_end(&session, &code, err));
	return code;
}
