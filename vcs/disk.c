/* Room on the disk that holds the mirrors: what says that it is full, and when fetching must leave the rest to who records what was done. */
#include <errno.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "vcs/child_private.h"

#define FLOOR_MIN (256LL << 20)
#define FLOOR_MAX (1LL << 30)

bool vcs_disk_errno(int error)
{
	return error == ENOSPC || error == EDQUOT;
}

bool vcs_disk_said(struct slice text)
{
	return slice_find(text, SLICE("No space left on device")) >= 0 || slice_find(text, SLICE("Disk quota exceeded")) >= 0;
}

bool vcs_disk_failed(const struct buf *messages)
{
	struct slice rest = buf_slice(messages), line;

	while (slice_next(&rest, '\n', &line))
		if (!slice_starts(line, SLICE("remote: ")) && !slice_starts(line, SLICE("fatal: remote error: ")) && vcs_disk_said(line))
			return true;
	return false;
}

int vcs_disk_full(struct err *err)
{
	return err_set(err, VCS_ERR_UNKNOWN, "the disk below the data directory is full, or its quota is used up; make room there");
}

/* A twentieth of the disk, within bounds, but no more than an eighth of a small one. */
static int64_t floor_of(int64_t size)
{
	int64_t left = size / 20;

	left = left < FLOOR_MIN ? FLOOR_MIN : left;
	left = left > FLOOR_MAX ? FLOOR_MAX : left;
	return left > size / 8 ? size / 8 : left;
}

bool vcs_disk_short(const struct vcs *vcs)
{
	struct statvfs disk;
	int64_t left, size;

	if (statvfs(vcs->mirrors, &disk) != 0)
		return false; /* whoever writes there is told why not */
	left = (int64_t)(disk.f_bavail * disk.f_frsize);
	size = (int64_t)(disk.f_blocks * disk.f_frsize);
	return left < (vcs->disk_floor ? vcs->disk_floor : floor_of(size));
}

/* Git does not always say why it could not write its output: the disk does. */
bool vcs_disk_refuses(int fd)
{
	static const char zeros[65536];
	ssize_t n = write(fd, zeros, sizeof(zeros));

	return n < 0 ? vcs_disk_errno(errno) : (size_t)n < sizeof(zeros);
}
