/*
 * Packed objects, measured before they are unpacked: of a commit that says the same letter for gigabytes a pack holds some kilobytes. This
 * reader is asked before all others and reads nothing itself. It asks the packs for the size, which they tell from the object's head or, of a
 * delta, from the delta's, and refuses what is too large; the rest it leaves to them. So no way to an object leads past it, be it a lookup, a
 * path through trees or a tag. Loose objects are bounded where they are read.
 */
#include <stdio.h>
#include <stdlib.h>

#include <git2/sys/odb_backend.h>

#include "vcs/packed_private.h"

#define PRIORITY  3  /* the packs have 2 */
#define PACKS_MAX 64 /* the repository's own, and one for each that it borrows from */

struct guard {
	git_odb_backend backend; /* first: the library hands us this */
	git_odb_backend *packs[PACKS_MAX];
	size_t count;
};

static int too_large(const git_oid *id, git_object_t type, size_t bytes)
{
	char text[160];

	snprintf(text, sizeof(text), "object %s is a %s of %zu bytes, and more than %lld are not read", git_oid_tostr_s(id),
		git_object_type2string(type), bytes, (long long)VCS_OBJECT_BYTES_MAX);
	git_error_set_str(VCS_GIT_LARGE, text);
	return GIT_ERROR;
}

static int measure(void **data_out, size_t *len_out, git_object_t *type_out, git_odb_backend *backend, const git_oid *id)
{
	const struct guard *guard = (const struct guard *)backend;
	git_object_t type;
	size_t bytes;

	(void)data_out, (void)len_out, (void)type_out;
	for (size_t i = 0; i < guard->count; i++)
		if (guard->packs[i]->read_header(&bytes, &type, guard->packs[i], id) == 0)
			return bytes > (size_t)VCS_OBJECT_BYTES_MAX ? too_large(id, type, bytes) : GIT_ENOTFOUND;
	return GIT_ENOTFOUND;
}

/* Without it, this one would not be asked again about what a refresh has found. */
static int refresh(git_odb_backend *backend)
{
	(void)backend;
	return 0;
}

static void close_guard(git_odb_backend *backend)
{
	free(backend);
}

/*
 * Of the library's readers only those of packs can look again for what is new. They are found now: the objects are locked while one is read,
 * and their readers never change.
 */
static bool find_packs(struct guard *guard, git_odb *odb)
{
	git_odb_backend *backend;

	for (size_t i = 0; i < git_odb_num_backends(odb); i++) {
		if (git_odb_get_backend(&backend, odb, i) != 0 || guard->count == PACKS_MAX)
			return false;
		if (backend->refresh && backend->read_header)
			guard->packs[guard->count++] = backend;
	}
	return true;
}

static int add_guard(git_odb *odb, struct err *err)
{
	struct guard *guard = calloc(1, sizeof(*guard));

	if (!guard)
		return vcs_no_memory(err, "read the objects");
	git_odb_init_backend(&guard->backend, GIT_ODB_BACKEND_VERSION);
	guard->backend.read = measure;
	guard->backend.refresh = refresh;
	guard->backend.free = close_guard;
	if (find_packs(guard, odb) && git_odb_add_backend(odb, &guard->backend, PRIORITY) == 0)
		return 0;
	free(guard);
	return err_set(
		err, VCS_ERR_UNKNOWN, "the objects cannot be read: memory is short, or more than %d repositories are borrowed from", PACKS_MAX - 1);
}

int vcs_packed_guard(git_repository *git, struct err *err)
{
	git_odb *odb = NULL;
	int code;

	if (git_repository_odb(&odb, git) != 0)
		return err_set(err, vcs_git_code(), "the objects cannot be read: %s", vcs_git_reason());
	code = add_guard(odb, err);
	git_odb_free(odb);
	return code;
}
