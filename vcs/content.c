/* File contents of any size in bounded memory: small ones in memory, large ones in a nameless temporary file that is mapped. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vcs/child_private.h"
#include "vcs/files_private.h"

#define MESSAGES_MAX 2048

void vcs_content_free(struct content *content)
{
	if (content->map)
		munmap(content->map, content->bytes.len);
	free(content->memory);
	git_odb_object_free(content->object);
	*content = CONTENT_INIT;
}

int vcs_content_map(int fd, struct content *out, struct err *err)
{
	struct stat stat;
	void *map;

	if (fstat(fd, &stat) != 0)
		stat.st_size = -1;
	map = stat.st_size > 0 ? mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
	close(fd);
	if (map == MAP_FAILED)
		return err_set(err, VCS_ERR_UNKNOWN, "cannot map a temporary file: %s; try again later", strerror(errno));
	*out = (struct content){ .bytes = slice_make(map, (size_t)stat.st_size), .map = map };
	return 0;
}

int vcs_spool_file(const char *directory)
{
	int low = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	int fd = low < 0 ? -1 : fcntl(low, F_DUPFD_CLOEXEC, VCS_CHILD_FDS);

	if (low >= 0)
		close(low);
	return fd;
}

void vcs_spool_init(struct spool *spool, const char *directory, int64_t bytes_max)
{
	*spool = (struct spool){ .directory = directory, .fd = -1, .bytes_max = bytes_max };
	buf_init(&spool->buf, (size_t)VCS_BLOB_BYTES_MAX);
}

static void write_out(struct spool *spool, const char *bytes, size_t len)
{
	while (len > 0 && spool->error == 0) {
		ssize_t n = write(spool->fd, bytes, len);

		if (n < 0 && errno != EINTR)
			spool->error = errno;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
}

/* The buffer is full: its bytes move to a file, and it goes on collecting for the next write. */
static void flush(struct spool *spool)
{
	if (spool->fd < 0)
		spool->fd = vcs_spool_file(spool->directory);
	if (spool->fd < 0)
		spool->error = errno;
	else
		write_out(spool, spool->buf.ptr, spool->buf.len);
	buf_reset(&spool->buf);
}

void vcs_spool_add(struct spool *spool, const void *bytes, size_t len)
{
	const char *from = bytes;

	spool->bytes += (int64_t)len;
	if (spool->bytes > spool->bytes_max)
		spool->error = EFBIG;
	while (len > 0 && spool->error == 0) {
		size_t room = spool->buf.max - spool->buf.len, n = len < room ? len : room;

		buf_add(&spool->buf, from, n);
		if (buf_failed(&spool->buf))
			spool->error = ENOMEM;
		from += n;
		len -= n;
		if (len > 0 && spool->error == 0)
			flush(spool);
	}
}

void vcs_spool_free(struct spool *spool)
{
	if (spool->fd >= 0)
		close(spool->fd);
	spool->fd = -1;
	buf_free(&spool->buf);
}

int vcs_spool_finish(struct spool *spool, struct content *out, struct err *err)
{
	size_t len = spool->buf.len;
	int code = 0;

	if (spool->error == 0 && spool->fd >= 0)
		flush(spool);
	if (spool->error == EFBIG) {
		code = err_set(err, VCS_ERR_REJECTED, "a file is larger than %lld bytes when converted", (long long)spool->bytes_max);
	} else if (vcs_disk_errno(spool->error)) {
		code = vcs_disk_full(err);
	} else if (spool->error != 0) {
		code = err_set(err, VCS_ERR_UNKNOWN, "cannot keep a file in %s for a while: %s; check its disk's space", spool->directory,
			strerror(spool->error));
	} else if (spool->fd >= 0) {
		code = vcs_content_map(spool->fd, out, err);
		spool->fd = -1;
	} else {
		char *memory = len ? buf_take(&spool->buf) : NULL;

		*out = (struct content){ .bytes = slice_make(memory, len), .memory = memory };
	}
	vcs_spool_free(spool);
	return code;
}

/* The objects of a large blob are read by git, which streams: the library would need several times its size. */
static int cat_file(struct session *session, const char *objects, const char *id, int config_fd, int fd, struct err *err)
{
	const char *const argv[] = { session->vcs->git, "cat-file", "blob", id, NULL };
	struct buf messages = BUF_INIT(MESSAGES_MAX);
	struct child child = {
		.argv = argv,
		.home = session->vcs->mirrors,
		.git_dir = session->vcs->empty,
		.objects = objects,
		.config_fd = config_fd,
		.output_fd = fd,
		.messages = &messages,
		.timeout_ms = session->vcs->fetch_timeout_ms,
		.memory_max = session->vcs->fetch_memory_max,
		.bytes_max = MODULE_ZIP_BYTES_MAX,
		.aborted = &session->vcs->aborted,
	};
	int status = 0, code = vcs_child_run(&child, &status, err);

	if (code == 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0) && (vcs_disk_failed(&messages) || vcs_disk_refuses(fd)))
		code = vcs_disk_full(err);
	else if (code == 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
		code = err_set(err, vcs_child_starved(&messages) ? VCS_ERR_UNKNOWN : VCS_DAMAGED, "file object %s of %s cannot be read by git", id,
			session->at.module);
	buf_free(&messages);
	return code;
}

static int read_large(struct session *session, const git_oid *blob, size_t bytes, struct content *out, struct err *err)
{
	struct buf objects = BUF_INIT(8192);
	char id[VCS_COMMIT_MAX];
	int config_fd = -1, fd = vcs_spool_file(session->vcs->mirrors), code;

	git_oid_tostr(id, sizeof(id), blob);
	buf_printf(&objects, "%sobjects", git_repository_commondir(session->git));
	code = vcs_child_config(NULL, NULL, SLICE_NONE, &config_fd, err);
	if (code == 0 && (fd < 0 || buf_failed(&objects)))
		code = err_set(
			err, VCS_ERR_UNKNOWN, "cannot make a temporary file in %s; check who owns it and its disk's space", session->vcs->mirrors);
	if (code == 0)
		code = cat_file(session, buf_text(&objects), id, config_fd, fd, err);
	if (code == 0) {
		code = vcs_content_map(fd, out, err);
		fd = -1;
	}
	if (code == 0 && out->bytes.len != bytes) {
		vcs_content_free(out);
		code = err_set(err, VCS_ERR_UNKNOWN, "a file of %s has not the size that it should have", session->at.module);
	}
	if (fd >= 0)
		close(fd);
	if (config_fd >= 0)
		close(config_fd);
	buf_free(&objects);
	return code;
}

/* The library's own copy is kept: two of one file would be half of what a build may take. */
static int read_small(git_odb *odb, const git_oid *blob, struct content *out, struct err *err)
{
	git_odb_object *object = NULL;

	if (git_odb_read(&object, odb, blob) != 0)
		return err_set(err, vcs_git_code(), "file object %s cannot be read: %s", git_oid_tostr_s(blob), vcs_git_reason());
	*out = (struct content){ .bytes = slice_make(git_odb_object_data(object), git_odb_object_size(object)), .object = object };
	return 0;
}

int vcs_content_read(struct session *session, const git_oid *blob, struct content *out, struct err *err)
{
	git_object_t type = GIT_OBJECT_INVALID;
	git_odb *odb = NULL;
	size_t bytes = 0;
	int code;

	if (git_repository_odb(&odb, session->git) != 0 || git_odb_read_header(&bytes, &type, odb, blob) != 0)
		code = err_set(err, vcs_git_code(), "file object %s cannot be read: %s", git_oid_tostr_s(blob), vcs_git_reason());
	else if (type != GIT_OBJECT_BLOB)
		code = err_set(err, VCS_ERR_UNKNOWN, "object %s is no file", git_oid_tostr_s(blob));
	else if (bytes > MODULE_ZIP_BYTES_MAX)
		code = err_set(err, VCS_ERR_REJECTED, "a file of %zu bytes is more than a module may hold", bytes);
	else if (bytes > VCS_BLOB_BYTES_MAX)
		code = read_large(session, blob, bytes, out, err);
	else
		code = read_small(odb, blob, out, err);
	git_odb_free(odb);
	return code;
}
