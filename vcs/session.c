/* One question: where the module is, a handle to its repository, the references it is answered from, and whether these are fresh. */
#include <stdlib.h>
#include <string.h>

#include "vcs/vcs_private.h"

int vcs_sync_code(enum sync failure, const struct mapping *mapping)
{
	if (failure == SYNC_DONE)
		return 0;
	if (failure == SYNC_BROKEN)
		return VCS_DAMAGED;
	if (failure == SYNC_PENDING)
		return VCS_ERR_LATER;
	return failure == SYNC_ABSENT || (failure == SYNC_MISSING && mapping->missing_is_absent) ? VCS_ERR_ABSENT : VCS_ERR_UNKNOWN;
}

/* What load() got. */
static void unload(struct session *session)
{
	if (session->repository)
		vcs_repository_give(session->repository, &session->git, session->generation);
	vcs_refs_release(&session->refs);
	session->failure = SYNC_DONE;
}

void vcs_session_close(struct session **session)
{
	struct session *gone = *session;

	*session = NULL;
	if (!gone)
		return;
	unload(gone);
	vcs_repository_release(gone->vcs, &gone->repository);
	free(gone);
}

/* The age at which references still answer. */
static int64_t since(const struct session *session, enum session_want want)
{
	int64_t age_us = want == SESSION_NOW ? session->begun_us : session->begun_us - session->at.mapping->refresh_us;
	int64_t changed_us = session->question.changed_us;

	/* Soon after the machine's start the age may lie before 0, which here says that nothing changed. */
	return changed_us > 0 && changed_us > age_us ? changed_us : age_us;
}

/* Neither references nor a handle, and never 0. */
static int refuse(const struct session *session, struct err *err)
{
	if (session->failure == SYNC_DONE)
		return err_set(err, VCS_ERR_LATER, "%s was read and is read anew; ask again in a moment", session->repository->name);
	return err_set(err, vcs_sync_code(session->failure, session->at.mapping), "%s", session->failure_text.text);
}

static int load(struct session *session, enum session_want want, struct err *err)
{
	struct repository *repository = session->repository;
	enum sync sync;

	session->generation = vcs_repository_generation(repository);
	if (want != SESSION_OBJECTS || (!repository->local && !vcs_mirror_usable(repository->git_dir)))
		session->failure = vcs_repository_sync(&session->question, repository, since(session, want), &session->failure_text);
	if (want != SESSION_OBJECTS) {
		session->refs = vcs_repository_refs(repository, &session->as_of_us);
		if (!session->refs)
			return refuse(session, err);
	}
	sync = vcs_repository_take(repository, &session->git, err);
	if (sync != SYNC_DONE && session->failure != SYNC_DONE)
		return refuse(session, err);
	return sync == SYNC_DONE ? 0 : vcs_sync_code(sync, session->at.mapping);
}

static int mend(struct session *session, struct err *err)
{
	return vcs_repository_mend(&session->question, session->repository, session->generation, err);
}

/* A mirror that is found damaged right here is mended before anything is asked of it. */
static int load_sound(struct session *session, enum session_want want, struct err *err)
{
	int code = load(session, want, err), mended;

	if (code == 0 && session->failure == SYNC_BROKEN) {
		mended = mend(session, &session->failure_text);
		if (mended == VCS_ERR_LATER)
			session->failure = SYNC_PENDING;
		if (mended < 0)
			return 0;
	} else if (code == VCS_DAMAGED) {
		mended = mend(session, err);
		if (mended < 0)
			return mended;
	} else {
		return code;
	}
	unload(session);
	return load(session, want, err);
}

bool vcs_session_end(struct session **session, int *code, struct err *err)
{
	int mended = VCS_ERR_UNKNOWN;

	if (*code == VCS_DAMAGED) {
		mended = *session ? mend(*session, err) : VCS_ERR_UNKNOWN;
		*code = mended == VCS_ERR_LATER ? VCS_ERR_LATER : VCS_ERR_UNKNOWN;
	}
	vcs_session_close(session);
	return mended == 0;
}

struct question vcs_question_begin(struct vcs *vcs, const struct mapping *mapping, struct slice module, int64_t asked_us)
{
	int64_t waited_us = asked_us != 0 ? clock_monotonic_us(&clock_system) - asked_us : 0;

	return (struct question){
		.vcs = vcs,
		.mapping = mapping,
		.patience_us = mapping->hold_us - waited_us,
		.changed_us = vcs->changed_since ? vcs->changed_since(vcs->changed_ctx, module) : 0,
	};
}

int vcs_session_open(struct vcs *vcs, struct slice module, int64_t asked_us, enum session_want want, struct session **session_out, struct err *err)
{
	const struct mapping *mapping = vcs_mapping_find(vcs->mappings, vcs->count, module);
	struct session *session;
	int code;

	if (!mapping)
		return err_set(err, VCS_ERR_UNMAPPED, "no repository is configured for %.*s", SLICE_ARG(module));
	session = calloc(1, sizeof(*session));
	if (!session)
		return vcs_no_memory(err, "open the repository");
	session->vcs = vcs;
	session->question = vcs_question_begin(vcs, mapping, module, asked_us);
	session->begun_us = clock_monotonic_us(vcs->clock);
	if (want == SESSION_NOW)
		session->question.changed_us = session->begun_us;
	code = vcs_location_find(&session->question, module, want == SESSION_OBJECTS, &session->at, err);
	if (code == 0)
		code = vcs_repository_acquire(vcs, &session->at, &session->repository, err);
	if (code == 0)
		code = load_sound(session, want, err);
	if (code == VCS_DAMAGED)
		code = VCS_ERR_UNKNOWN;
	if (code < 0)
		vcs_session_close(&session);
	else
		*session_out = session;
	return code;
}

int64_t vcs_session_again_us(const struct session *session)
{
	int64_t again_us = session->begun_us - (session->repository->local ? 0 : SYNC_AGAIN_US), changed_us = session->question.changed_us;

	return changed_us > 0 && changed_us > again_us ? changed_us : again_us;
}

bool vcs_session_renew(struct session *session)
{
	struct refs *old = session->refs, *refs;
	int64_t as_of_us;
	bool changed;

	if (session->failure != SYNC_DONE)
		return false;
	session->failure = vcs_repository_sync(&session->question, session->repository, vcs_session_again_us(session), &session->failure_text);
	refs = vcs_repository_refs(session->repository, &as_of_us);
	if (!refs)
		return false; /* what it was opened with still stands */
	changed = refs != old;
	session->refs = refs;
	session->as_of_us = as_of_us;
	vcs_refs_release(&old);
	return changed;
}

int vcs_session_trust(const struct session *session, struct err *err)
{
	if (session->failure == SYNC_DONE || session->failure == SYNC_UNREACHABLE || session->failure == SYNC_PENDING)
		return 0;
	return err_set(err, vcs_sync_code(session->failure, session->at.mapping), "%s", session->failure_text.text);
}

int vcs_session_go_on(const struct session *session, struct err *err)
{
	const struct vcs *vcs = session->vcs;

	if (atomic_load(&vcs->aborted))
		return err_set(err, VCS_ERR_UNKNOWN, "stopped because modgate stops; try again shortly");
	if (clock_monotonic_us(vcs->clock) - session->work_begun_us > vcs->fetch_timeout_ms * 1000)
		return err_set(err, VCS_ERR_UNKNOWN,
			"making the zip of %s took longer than %lld ms and was given up; try again later, or make it smaller", session->at.module,
			(long long)vcs->fetch_timeout_ms);
	return 0;
}
