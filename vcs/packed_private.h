/* Objects in packs, bounded. */
#ifndef VCS_PACKED_PRIVATE_H
#define VCS_PACKED_PRIVATE_H

#include "vcs/vcs_private.h"

#define VCS_OBJECT_BYTES_MAX VCS_BLOB_BYTES_MAX /* of a commit, tag or tree, and of what is read of a file at once; larger files go another way */
#define VCS_GIT_LARGE        1000               /* a class of the library's errors that is ours alone: the object is larger than that */

/*
 * Has every read of a packed object through this handle be refused when the object is larger than VCS_OBJECT_BYTES_MAX: vcs_git_code() is
 * VCS_ERR_REJECTED then, vcs_git_reason() names it. Once for a handle.
 */
int vcs_packed_guard(git_repository *git, struct err *err);

#endif
