/* Files: read whole, written atomically (temporary file, fsync, rename, fsync of the directory), locked. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

/* Reads all of path into out (emptied first; its maximum is the limit). BASE_ERR_ABSENT, BASE_ERR_LIMIT or BASE_ERR. */
int file_read(const char *path, struct buf *out, struct err *err);

/* Creates the directory and what lacks above it, mode bits as given whatever the umask, durably. BASE_ERR. */
int file_mkdirs(const char *path, mode_t mode, struct err *err);

/* Replaces path atomically and durably by these bytes. BASE_ERR. */
int file_write(const char *path, struct slice bytes, mode_t mode, struct err *err);

/* Makes the entry of path in its directory durable. BASE_ERR. */
int file_sync_parent(const char *path, struct err *err);

/* What the name of a temporary file begins with; what a killed process left behind may be removed by it. */
#define FILE_TEMP_PREFIX ".tmp-"

/*
 * A temporary file in the directory of the path it will become. Write to fd (open for reading too), then commit; close removes what was
 * not committed, and is safe after FILE_TEMP_INIT, after all zeroes, and twice.
 * file_temp_commit: fsync, rename over path, fsync the directory; fd stays open until close. All: BASE_ERR.
 */
struct file_temp {
	int fd;
	char *temporary; /* NULL once committed */
	char *path;
};
#define FILE_TEMP_INIT \
	{ \
		.fd = -1, .temporary = NULL, .path = NULL \
	}
int file_temp_open(const char *path, mode_t mode, struct file_temp *temp_out, struct err *err);
/* The same with the temporary file in the directory of `beside`, on the same file system: where leftovers of a kill are easily swept. */
int file_temp_open_beside(const char *beside, const char *path, mode_t mode, struct file_temp *temp_out, struct err *err);
int file_temp_write(struct file_temp *temp, struct slice bytes, struct err *err);
int file_temp_commit(struct file_temp *temp, struct err *err);
void file_temp_close(struct file_temp *temp);

/* Takes an exclusive flock on path (made if absent); the lock lives as long as *fd_out. BASE_ERR_BUSY when held elsewhere. */
int file_lock(const char *path, int *fd_out, struct err *err);

/* name seen from the folder of the file `from` ("a/b.yaml", "keys/x" -> "a/keys/x"; an absolute name stays). Caller frees. NULL: memory. */
char *file_beside(const char *from, const char *name);

#define FILE_SECRET_BYTES_MAX 16384

/*
 * A secret's source: "env:NAME" or a path (already resolved); one trailing newline is dropped. Wipe out with buf_wipe().
 * Empty or with a NUL: BASE_ERR_INVALID. Absent: BASE_ERR_ABSENT. A file with any right for others than owner and group: BASE_ERR_INVALID.
 * More than FILE_SECRET_BYTES_MAX or out's maximum: BASE_ERR_LIMIT. On failure out is wiped and empty.
 */
int file_read_secret(const char *source, struct buf *out, struct err *err);

#endif
