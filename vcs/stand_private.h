/* Between stand.c and lookup.c. */
#ifndef VCS_STAND_PRIVATE_H
#define VCS_STAND_PRIVATE_H

#include "vcs/vcs_private.h"

/* Does any branch or tag reach this commit? VCS_ERR_UNKNOWN. */
int vcs_lookup_reachable(struct session *session, const git_oid *commit, bool *reachable_out, struct err *err);

#endif
