/* Reading whole files and secrets, making directories, locks, names beside a file. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES 16384

_Static_assert(FILE_SECRET_BYTES_MAX <= READ_BYTES, "a secret is read in one piece, so that no grown-out-of memory keeps a part of it");

static int open_for_reading(const char *path, int *fd_out, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return err_set(err, BASE_ERR_ABSENT, "%s does not exist", path);
	if (fd < 0)
		return err_set(err, BASE_ERR, "cannot open %s: %s", path, strerror(errno));
	*fd_out = fd;
	return 0;
}

static int read_all(int fd, const char *path, struct buf *out, struct err *err)
{
	char bytes[READ_BYTES];
	int code = 0;
	ssize_t n;

	buf_reset(out);
	do {
		n = read(fd, bytes, sizeof(bytes));
		if (n > 0)
			buf_add(out, bytes, (size_t)n);
	} while ((n > 0 && !buf_failed(out)) || (n < 0 && errno == EINTR));
	if (n < 0)
		code = err_set(err, BASE_ERR, "cannot read %s: %s", path, strerror(errno));
	else if (buf_failed(out) && (size_t)n > out->max - out->len)
		code = err_set(err, BASE_ERR_LIMIT, "%s is larger than %zu bytes", path, out->max);
	else if (buf_failed(out))
		code = err_set(err, BASE_ERR, "cannot read %s: out of memory", path);
	explicit_bzero(bytes, sizeof(bytes));
	return code;
}

int file_read(const char *path, struct buf *out, struct err *err)
{
	int fd = -1;
	int code = open_for_reading(path, &fd, err);

	if (code < 0)
		return code;
	code = read_all(fd, path, out, err);
	close(fd);
	return code;
}

/* The entry of a new directory is durable once the directory above it is synced. */
static int make_one(char *path, mode_t mode, struct err *err)
{
	struct stat st;

	if (mkdir(path, mode) == 0) {
		if (chmod(path, mode) != 0)
			return err_set(err, BASE_ERR, "cannot set the mode of the directory %s: %s", path, strerror(errno));
		return file_sync_parent(path, err);
	}
	if (errno != EEXIST || stat(path, &st) != 0)
		return err_set(err, BASE_ERR, "cannot make the directory %s: %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return err_set(err, BASE_ERR, "%s is in the way: it is no directory", path);
	return 0;
}

int file_mkdirs(const char *path, mode_t mode, struct err *err)
{
	struct stat st;
	char *copy;
	int code = 0;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	copy = strdup(path);
	if (copy == NULL)
		return err_set(err, BASE_ERR, "cannot make the directory %s: out of memory", path);
	for (char *at = copy + strspn(copy, "/"); code == 0 && *at != '\0';) {
		char *end = at + strcspn(at, "/");
		char was = *end;

		*end = '\0';
		code = make_one(copy, mode, err);
		*end = was;
		at = end + strspn(end, "/");
	}
	free(copy);
	return code;
}

int file_lock(const char *path, int *fd_out, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int code = 0;

	if (fd < 0)
		return err_set(err, BASE_ERR, "cannot open the lock %s: %s", path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EWOULDBLOCK)
			code = err_set(err, BASE_ERR_BUSY, "%s is held by another process", path);
		else
			code = err_set(err, BASE_ERR, "cannot lock %s: %s", path, strerror(errno));
		close(fd);
		return code;
	}
	*fd_out = fd;
	return 0;
}

char *file_beside(const char *from, const char *name)
{
	const char *slash = strrchr(from, '/');
	char *path;

	if (name[0] == '/' || slash == NULL)
		return strdup(name);
	if (asprintf(&path, "%.*s/%s", (int)(slash - from), from, name) < 0)
		return NULL;
	return path;
}

static int read_environment(const char *name, struct buf *out, struct err *err)
{
	const char *value = getenv(name);

	if (value == NULL)
		return err_set(err, BASE_ERR_ABSENT, "the environment variable %s is not set", name);
	if (strlen(value) > FILE_SECRET_BYTES_MAX)
		return err_set(err, BASE_ERR_LIMIT, "the environment variable %s is larger than %d bytes", name, FILE_SECRET_BYTES_MAX);
	buf_reset(out);
	buf_add_text(out, value);
	if (buf_failed(out))
		return err_set(err, BASE_ERR_LIMIT, "the environment variable %s is larger than %zu bytes", name, out->max);
	return 0;
}

static int read_guarded(const char *path, struct buf *out, struct err *err)
{
	struct stat st;
	int fd = -1;
	int code = open_for_reading(path, &fd, err);

	if (code < 0)
		return code;
	if (fstat(fd, &st) != 0)
		code = err_set(err, BASE_ERR, "cannot look at %s: %s", path, strerror(errno));
	else if (S_ISREG(st.st_mode) && (st.st_mode & S_IRWXO) != 0)
		code = err_set(err, BASE_ERR_INVALID, "%s holds a secret but everybody may use it; run chmod o= on it", path);
	else if (st.st_size > FILE_SECRET_BYTES_MAX)
		code = err_set(err, BASE_ERR_LIMIT, "%s is larger than the %d bytes of a secret", path, FILE_SECRET_BYTES_MAX);
	else
		code = read_all(fd, path, out, err);
	close(fd);
	return code;
}

int file_read_secret(const char *source, struct buf *out, struct err *err)
{
	int code = strncmp(source, "env:", 4) == 0 ? read_environment(source + 4, out, err) : read_guarded(source, out, err);

	if (code == 0) {
		if (out->len > 0 && out->ptr[out->len - 1] == '\n')
			out->ptr[--out->len] = '\0';
		if (out->len == 0)
			code = err_set(err, BASE_ERR_INVALID, "%s is empty; a secret was expected", source);
		else if (slice_has_nul(buf_slice(out)))
			code = err_set(err, BASE_ERR_INVALID, "%s holds a NUL byte; a secret was expected", source);
	}
	if (code < 0)
		buf_wipe(out);
	return code;
}
