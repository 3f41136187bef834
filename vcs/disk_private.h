/* disk.c: room on the disk that holds the mirrors. */
#ifndef VCS_DISK_PRIVATE_H
#define VCS_DISK_PRIVATE_H

#include "vcs/vcs_private.h"

/* The sentence for a full disk: VCS_ERR_UNKNOWN. It is no damage, and nobody else's fault. */
int vcs_disk_full(struct err *err);
/* Does errno, or the system's sentence for it, say so? */
bool vcs_disk_errno(int error);
bool vcs_disk_said(struct slice text);
/* Does the disk take no more at the end of this file? Writes there: the file is given up. */
bool vcs_disk_refuses(int fd);
/*
 * Is less room left than fetching leaves to others: a twentieth of the disk, but at least 256 MiB and at most 1 GiB, and of a small disk an
 * eighth? The audit log and the store may be on the same one.
 */
bool vcs_disk_short(const struct vcs *vcs);

#endif
