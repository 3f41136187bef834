/*
 * The repository of a module. Without {*} the mapping says it; with {*} it is the shortest candidate that is there. The host is asked for
 * that alone, a candidate at a time; its answers are remembered with the candidates' repositories, absences too, so that a path costs
 * nothing as long as the answer is known, and who waits for the same answer shares it.
 */
#include <stdlib.h>
#include <string.h>

#include "vcs/vcs_private.h"

/* What was remembered, if the repository is in the table: nothing is added to it. */
static bool known(struct vcs *vcs, const struct location *at)
{
	const struct repository *found;
	bool there;

	pthread_mutex_lock(&vcs->lock);
	for (found = vcs->repositories; found && !vcs_repository_is(found, at);)
		found = found->next;
	there = found && vcs_repository_there(vcs, found);
	pthread_mutex_unlock(&vcs->lock);
	return there;
}

static bool mirrored(struct vcs *vcs, const struct location *at)
{
	char *git_dir = at->mapping->local ? NULL : vcs_mirror_path(vcs, at->mapping, at->repository);
	bool usable = git_dir && vcs_mirror_usable(git_dir);

	free(git_dir);
	return usable;
}

/* The shortest candidate of which `is` holds. */
static bool choose(
	struct vcs *vcs, const struct mapping *mapping, struct slice module, bool (*is)(struct vcs *, const struct location *), struct location *out)
{
	size_t count = vcs_mapping_candidates(mapping, module);

	for (size_t n = 1; n <= count; n++)
		if (vcs_location_init(mapping, module, n, out, NULL) == 0 && is(vcs, out))
			return true;
	return false;
}

static enum sync probe(struct question *question, const struct location *at, struct err *err)
{
	struct repository *repository = NULL;
	enum sync sync;

	if (vcs_repository_acquire(question->vcs, at, &repository, err) < 0)
		return SYNC_UNREACHABLE;
	sync = vcs_repository_probe(question, repository, err);
	vcs_repository_release(question->vcs, &repository);
	return sync;
}

/* Does this answer about one candidate let the next decide? A host may refuse to say of a group, or of another's repository, that it is none. */
static bool goes_on(enum sync sync)
{
	return sync == SYNC_MISSING || sync == SYNC_ABSENT || sync == SYNC_REFUSED;
}

/* Asks for one candidate after the other. What it comes to is that of the last; a refusal outweighs an absence, and a doubtful one a sure one. */
static enum sync walk(struct question *question, struct slice module, struct location *out, struct err *err)
{
	const struct mapping *mapping = question->mapping;
	size_t count = vcs_mapping_candidates(mapping, module);
	struct err refusal = ERR_INIT;
	enum sync sync = SYNC_MISSING;
	bool refused = false, doubtful = false;

	for (size_t n = 1; n <= count && goes_on(sync) && vcs_location_init(mapping, module, n, out, NULL) == 0; n++) {
		sync = probe(question, out, err);
		if (sync == SYNC_REFUSED && !refused)
			refusal = *err;
		refused = refused || sync == SYNC_REFUSED;
		doubtful = doubtful || sync == SYNC_MISSING;
	}
	if (sync == SYNC_ABSENT && doubtful)
		sync = SYNC_MISSING;
	if ((sync == SYNC_MISSING || sync == SYNC_ABSENT) && refused) {
		*err = refusal;
		sync = SYNC_REFUSED;
	}
	return sync;
}

static int find(struct question *question, struct slice module, struct location *out, struct err *err)
{
	const struct mapping *mapping = question->mapping;
	struct err why = ERR_INIT;
	enum sync sync = walk(question, module, out, &why);

	if (sync == SYNC_DONE || choose(question->vcs, mapping, module, mirrored, out))
		return 0;
	if ((sync == SYNC_MISSING || sync == SYNC_ABSENT) && vcs_mapping_candidates(mapping, module) > 1)
		err_set(&why, 0,
			"%.*s: not found, and no repository with a shorter path is there; it does not exist or the credential may not see it",
			SLICE_ARG(module));
	return err_set(err, vcs_sync_code(sync, mapping), "%s", why.text);
}

int vcs_location_find(struct question *question, struct slice module, bool objects, struct location *out, struct err *err)
{
	struct vcs *vcs = question->vcs;
	const struct mapping *mapping = question->mapping;
	int code = vcs_location_init(mapping, module, 1, out, err);

	if (code < 0 || !mapping->open_ended)
		return code;
	if (choose(vcs, mapping, module, known, out) || (objects && choose(vcs, mapping, module, mirrored, out)))
		return 0;
	return find(question, module, out, err);
}

int vcs_location_guess(struct vcs *vcs, const struct mapping *mapping, struct slice module, struct location *out)
{
	if (mapping->open_ended && choose(vcs, mapping, module, known, out))
		return 0;
	return vcs_location_init(mapping, module, 1, out, NULL);
}
