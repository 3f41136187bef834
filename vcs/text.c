/* Small things about text: putting two together in bounds, what the library last complained about, and that memory is short. */
#include <stdio.h>

#include "vcs/disk_private.h"
#include "vcs/packed_private.h"

const char *vcs_git_reason(void)
{
	const git_error *error = git_error_last();

	return error && error->message ? error->message : "no reason given";
}

int vcs_no_memory(struct err *err, const char *doing)
{
	return err_set(err, VCS_ERR_UNKNOWN, "cannot %s: memory is short; try again later, and give modgate more if this comes back", doing);
}

int vcs_git_code(void)
{
	const git_error *error = git_error_last();

	if (!error || (error->message && vcs_disk_said(slice_of(error->message))))
		return VCS_ERR_UNKNOWN;
	switch (error->klass) {
	case VCS_GIT_LARGE:
		return VCS_ERR_REJECTED;
	case GIT_ERROR_ODB:
	case GIT_ERROR_OBJECT:
	case GIT_ERROR_ZLIB:
	case GIT_ERROR_REFERENCE:
	case GIT_ERROR_REPOSITORY:
	case GIT_ERROR_CONFIG:
		return VCS_DAMAGED;
	}
	return VCS_ERR_UNKNOWN;
}

bool vcs_text_join(char *out, size_t size, const char *first, const char *second)
{
	int n = snprintf(out, size, "%s%s", first, second);

	if (n >= 0 && (size_t)n < size)
		return true;
	out[0] = '\0';
	return false;
}
