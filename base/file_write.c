/* Files replaced atomically and durably. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"

#define RANDOM_BYTES 16

int file_sync_parent(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char *parent = slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
	int fd = -1;
	int code = 0;

	if (parent == NULL)
		return err_set(err, BASE_ERR, "cannot sync the directory of %s: out of memory", path);
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		code = err_set(err, BASE_ERR, "cannot sync the directory %s: %s", parent, strerror(errno));
	if (fd >= 0)
		close(fd);
	free(parent);
	return code;
}

/* With a name of its own: a long name of the file itself leaves no room for a suffix. */
static char *temporary_name(const char *beside)
{
	uint8_t random[RANDOM_BYTES];
	char hex[2 * RANDOM_BYTES + 1];
	char name[sizeof(FILE_TEMP_PREFIX) + sizeof(hex)];

	random_bytes(random, sizeof(random));
	hex_encode(random, sizeof(random), hex);
	snprintf(name, sizeof(name), "%s%s", FILE_TEMP_PREFIX, hex);
	return file_beside(beside, name);
}

int file_temp_open_beside(const char *beside, const char *path, mode_t mode, struct file_temp *temp_out, struct err *err)
{
	struct file_temp temp = FILE_TEMP_INIT;
	int code = 0;

	temp.path = strdup(path);
	temp.temporary = temporary_name(beside);
	if (temp.path == NULL || temp.temporary == NULL) {
		free(temp.temporary);
		free(temp.path);
		return err_set(err, BASE_ERR, "cannot write %s: out of memory", path);
	}
	temp.fd = open(temp.temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (temp.fd < 0 || fchmod(temp.fd, mode) != 0)
		code = err_set(err, BASE_ERR, "cannot make a file beside %s: %s", beside, strerror(errno));
	if (code < 0)
		file_temp_close(&temp);
	else
		*temp_out = temp;
	return code;
}

int file_temp_open(const char *path, mode_t mode, struct file_temp *temp_out, struct err *err)
{
	return file_temp_open_beside(path, path, mode, temp_out, err);
}

int file_temp_write(struct file_temp *temp, struct slice bytes, struct err *err)
{
	while (bytes.len > 0) {
		ssize_t n = write(temp->fd, bytes.ptr, bytes.len);

		if (n < 0 && errno != EINTR)
			return err_set(err, BASE_ERR, "cannot write %s: %s", temp->path, strerror(errno));
		if (n > 0)
			bytes = slice_after(bytes, (size_t)n);
	}
	return 0;
}

int file_temp_commit(struct file_temp *temp, struct err *err)
{
	if (fsync(temp->fd) != 0)
		return err_set(err, BASE_ERR, "cannot sync %s: %s", temp->path, strerror(errno));
	if (rename(temp->temporary, temp->path) != 0)
		return err_set(err, BASE_ERR, "cannot rename a file to %s: %s", temp->path, strerror(errno));
	free(temp->temporary);
	temp->temporary = NULL;
	return file_sync_parent(temp->path, err);
}

void file_temp_close(struct file_temp *temp)
{
	if (temp->path == NULL)
		return;
	if (temp->fd >= 0) {
		if (temp->temporary != NULL)
			unlink(temp->temporary);
		close(temp->fd);
	}
	free(temp->temporary);
	free(temp->path);
	*temp = (struct file_temp)FILE_TEMP_INIT;
}

int file_write(const char *path, struct slice bytes, mode_t mode, struct err *err)
{
	struct file_temp temp = FILE_TEMP_INIT;
	int code = file_temp_open(path, mode, &temp, err);

	if (code == 0)
		code = file_temp_write(&temp, bytes, err);
	if (code == 0)
		code = file_temp_commit(&temp, err);
	file_temp_close(&temp);
	return code;
}
