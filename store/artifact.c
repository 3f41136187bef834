/* Artifacts: from memory, from disk, and onto it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store_private.h"

#define BLOCK_BYTES (64 * 1024) /* of a file at a time */

static const char *const suffixes[] = { ".info", ".mod", ".zip" };
_Static_assert(sizeof(suffixes) / sizeof(suffixes[0]) == STORE_KINDS, "a suffix for every kind");

/* The public struct first: the one is found from the other. */
struct artifact {
	struct store_artifact public;
	struct memory_object object;
	char path[]; /* and behind its NUL the body */
};

static struct artifact *of_object(struct memory_object *object)
{
	return (struct artifact *)((char *)object - offsetof(struct artifact, object));
}

static void artifact_free(struct memory_object *object)
{
	free(of_object(object));
}

const struct store_artifact *store_artifact_ref(const struct store_artifact *artifact)
{
	memory_ref(&((struct artifact *)(uintptr_t)artifact)->object);
	return artifact;
}

void store_artifact_unref(const struct store_artifact *artifact)
{
	if (artifact != NULL)
		memory_unref(&((struct artifact *)(uintptr_t)artifact)->object);
}

/* "<kind>module@version": no module path begins with a byte this small. */
static void make_key(struct buf *key, enum store_kind kind, struct slice module, struct slice version)
{
	buf_add_char(key, (char)(1 + kind));
	buf_add_slice(key, module);
	buf_add_char(key, '@');
	buf_add_slice(key, version);
}

int store_try_artifact(
	struct store *store, enum store_kind kind, struct slice module, struct slice version, const struct store_artifact **artifact_out)
{
	struct buf key = BUF_INIT(STORE_KEY_MAX);
	make_key(&key, kind, module, version);
	struct memory_object *object = buf_failed(&key) ? NULL : memory_get(store->memory, buf_slice(&key));
	buf_free(&key);
	if (object == NULL)
		return STORE_WOULD_BLOCK;
	*artifact_out = &of_object(object)->public;
	return 0;
}

static struct artifact *make(enum store_kind kind, const struct store_row *row, const struct store_pin *pin, const char *path, struct slice body)
{
	size_t path_bytes = strlen(path) + 1;
	struct artifact *artifact = calloc(1, sizeof(*artifact) + path_bytes + body.len + 1);
	char hex[SHA256_HEX];
	if (artifact == NULL)
		return NULL;
	hex_encode(row->digest, SHA256_BYTES, hex);
	memcpy(artifact->path, path, path_bytes);
	memcpy(artifact->path + path_bytes, body.ptr != NULL ? body.ptr : "", body.len);
	artifact->object = (struct memory_object){ .references = 1, .free = artifact_free };
	artifact->public = (struct store_artifact){
		.kind = kind,
		.bytes = row->bytes,
		.proof = kind == STORE_MOD ? pin->mod_proof : pin->proof,
		.is_private = row->is_private,
		.body = kind == STORE_ZIP ? SLICE_NONE : slice_make(artifact->path + path_bytes, body.len),
		.file = artifact->path,
	};
	snprintf(artifact->public.etag, sizeof(artifact->public.etag), "\"%s\"", hex);
	snprintf(artifact->public.h1, sizeof(artifact->public.h1), "%s", row->h1);
	snprintf(artifact->public.origin, sizeof(artifact->public.origin), "%s", row->is_private ? pin->commit : "");
	return artifact;
}

static int64_t changed_ns(const struct stat *status)
{
	return (int64_t)status->st_ctim.tv_sec * 1000000000 + status->st_ctim.tv_nsec;
}

/* Keeps it in memory and gives it to the caller. status: of a zip's file, as it was read or written. */
static int keep(struct store *store, enum store_kind kind, struct slice module, struct slice version, const struct store_row *row,
	const struct store_pin *pin, const char *path, struct slice body, const struct stat *status, const struct store_artifact **artifact_out,
	struct err *err)
{
	struct artifact *artifact = make(kind, row, pin, path, body);
	struct buf key = BUF_INIT(STORE_KEY_MAX);
	if (artifact == NULL)
		return store_no_memory(err, "keep", module);
	artifact->public.file_changed_ns = changed_ns(status);
	make_key(&key, kind, module, version);
	if (!buf_failed(&key))
		memory_put(store->memory, buf_slice(&key), &artifact->object, sizeof(*artifact) + strlen(path) + body.len);
	buf_free(&key);
	*artifact_out = &artifact->public;
	return 0;
}

/* A file that is not what the catalogue says does not exist: it is made again. */
static int read_body(const char *path, const struct store_row *row, struct buf *body, struct err *err)
{
	uint8_t digest[SHA256_BYTES];
	int code = file_read(path, body, err);
	if (code == BASE_ERR_ABSENT || code == BASE_ERR_LIMIT)
		return STORE_ERR_ABSENT;
	if (code != 0)
		return STORE_ERR;
	sha256(buf_slice(body), digest);
	if (memcmp(digest, row->digest, sizeof(digest)) != 0)
		return err_set(err, STORE_ERR_CHANGED, "%s is not what was stored", path);
	return 0;
}

/* What is in memory was read through when it came there: is it the same file still, and did nobody touch it? */
static bool zip_is_there(const struct store_artifact *artifact)
{
	struct stat status;
	return lstat(artifact->file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size == artifact->bytes &&
	       changed_ns(&status) == artifact->file_changed_ns;
}

static int hash_file(int fd, struct sha256_stream *digest)
{
	char block[BLOCK_BYTES];
	ssize_t n;
	while ((n = read(fd, block, sizeof(block))) != 0)
		if (n > 0)
			sha256_add(digest, block, (size_t)n);
		else if (errno != EINTR)
			return -1;
	return 0;
}

static int read_zip(const char *path, const struct store_row *row, struct stat *status_out, struct err *err)
{
	struct sha256_stream *stream = sha256_open();
	uint8_t digest[SHA256_BYTES];
	struct stat status = { .st_size = 0 };
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), code = 0;
	if (stream == NULL)
		code = store_no_memory(err, "read", slice_of(path));
	else if (fd < 0)
		code = err_set(err, errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ENXIO ? STORE_ERR_ABSENT : STORE_ERR,
			"cannot open %s: %m", path);
	else if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size != row->bytes)
		code = err_set(err, STORE_ERR_CHANGED, "%s is no file or has another size", path);
	else if (hash_file(fd, stream) != 0)
		code = err_set(err, STORE_ERR, "cannot read %s: %m; check its disk", path);
	if (code == 0) {
		sha256_digest(stream, digest);
		if (memcmp(digest, row->digest, sizeof(digest)) != 0)
			code = err_set(err, STORE_ERR_CHANGED, "%s is not what was stored", path);
	}
	*status_out = status;
	sha256_close(&stream);
	if (fd >= 0)
		close(fd);
	return code;
}

int store_artifact(struct store *store, enum store_kind kind, struct slice module, struct slice version, const struct store_artifact **artifact_out,
	struct err *err)
{
	struct store_catalogue *catalogue = store->catalogue;
	const struct store_artifact *known = NULL;
	struct buf body = BUF_INIT(STORE_BODY_MAX);
	struct store_row row;
	struct store_pin pin;
	struct stat status = { .st_size = 0 };
	char path[STORE_PATH_MAX];
	int code = store_try_artifact(store, kind, module, version, &known);
	/* Of a zip memory has no more than facts, and its file may have gone since they were put there. */
	if (code == 0 && (kind != STORE_ZIP || zip_is_there(known))) {
		*artifact_out = known;
		return 0;
	}
	store_artifact_unref(known);
	code = catalogue->calls->file_get(catalogue, kind, module, version, &row, err);
	if (code == 0)
		code = catalogue->calls->pin_get(catalogue, module, version, &pin, err);
	if (code == 0)
		code = store_path(store, module, version, suffixes[kind], path, err);
	if (code == 0)
		code = kind == STORE_ZIP ? read_zip(path, &row, &status, err) : read_body(path, &row, &body, err);
	if (code == 0)
		code = keep(store, kind, module, version, &row, &pin, path, buf_slice(&body), &status, artifact_out, err);
	buf_free(&body);
	return code;
}

/* A version is in the list once both of its small files are stored. */
static int list(struct store *store, enum store_kind kind, struct slice module, struct slice version, struct err *err)
{
	struct store_row other;
	int code = store->catalogue->calls->file_get(store->catalogue, kind == STORE_INFO ? STORE_MOD : STORE_INFO, module, version, &other, NULL);
	return code == STORE_ERR_ABSENT ? 0 : store_list_update(store, module, err);
}

/* The catalogue's row, last of all: from here on the file exists. */
static int enter(struct store *store, enum store_kind kind, struct slice module, struct slice version, const struct store_row *row, const char *path,
	struct slice body, const struct store_artifact **artifact_out, struct err *err)
{
	struct store_catalogue *catalogue = store->catalogue;
	struct stat status = { .st_size = 0 };
	struct store_pin pin;
	int code = catalogue->calls->pin_get(catalogue, module, version, &pin, err);
	if (code == STORE_ERR_ABSENT)
		return err_set(err, STORE_ERR, "%.*s@%.*s is not pinned", SLICE_ARG(module), SLICE_ARG(version));
	if (code == 0)
		code = catalogue->calls->file_put(catalogue, kind, module, version, row, err);
	if (code == 0 && kind != STORE_ZIP)
		code = list(store, kind, module, version, err);
	/* Where it cannot be told when the file was made, it is read through the next time. */
	if (code == 0 && kind == STORE_ZIP && lstat(path, &status) != 0)
		status.st_ctim = (struct timespec){ 0 };
	return code == 0 ? keep(store, kind, module, version, row, &pin, path, body, &status, artifact_out, err) : code;
}

/* The bytes that are put: of an .info the first there ever were. */
static int info_kept(
	struct store *store, struct slice module, struct slice version, bool is_private, struct slice body, struct buf *kept, struct err *err)
{
	int code = store->catalogue->calls->info_keep(store->catalogue, module, version, is_private, body, kept, err);
	return code == 0 && buf_failed(kept) ? store_no_memory(err, "keep", module) : code;
}

int store_put(struct store *store, enum store_kind kind, struct slice module, struct slice version, struct slice body, const struct store_pin *facts,
	const struct store_artifact **artifact_out, struct err *err)
{
	struct store_row row = { .is_private = facts->is_private };
	char path[STORE_PATH_MAX], directory[STORE_PATH_MAX];
	struct buf kept = BUF_INIT(STORE_BODY_MAX);
	ASSERT(kind == STORE_INFO || kind == STORE_MOD);
	int code = store_path(store, module, version, suffixes[kind], path, err);
	if (code == 0)
		code = store_path(store, module, SLICE_NONE, "", directory, err);
	if (code == 0 && kind == STORE_INFO)
		code = info_kept(store, module, version, facts->is_private, body, &kept, err);
	if (code != 0)
		goto out;
	if (kind == STORE_INFO)
		body = buf_slice(&kept);
	row.bytes = (int64_t)body.len;
	sha256(body, row.digest);
	snprintf(row.h1, sizeof(row.h1), "%s", kind == STORE_MOD ? facts->mod_h1 : "");
	code = STORE_ERR;
	if (file_mkdirs(directory, 0700, err) == 0 && store_write(store, path, body, err) == 0)
		code = enter(store, kind, module, version, &row, path, body, artifact_out, err);
out:
	buf_free(&kept);
	return code;
}

int store_zip_begin(struct store *store, struct slice module, struct slice version, struct file_temp *temp_out, struct err *err)
{
	char path[STORE_PATH_MAX], directory[STORE_PATH_MAX];
	int code = store_path(store, module, version, suffixes[STORE_ZIP], path, err);
	if (code == 0)
		code = store_path(store, module, SLICE_NONE, "", directory, err);
	if (code != 0)
		return code;
	if (file_mkdirs(directory, 0700, err) != 0 || file_temp_open_beside(store->temporary, path, 0600, temp_out, err) != 0)
		return STORE_ERR;
	return 0;
}

/* The go command's own note beside a zip. */
static int write_ziphash(struct store *store, struct slice module, struct slice version, struct slice h1, struct err *err)
{
	char path[STORE_PATH_MAX];
	int code = store_path(store, module, version, ".ziphash", path, err);
	return code == 0 ? store_write(store, path, h1, err) : code;
}

int store_put_zip(struct store *store, struct slice module, struct slice version, struct file_temp *temp, int64_t bytes,
	const uint8_t digest[SHA256_BYTES], const struct store_pin *facts, const struct store_artifact **artifact_out, struct err *err)
{
	struct store_row row = { .bytes = bytes, .is_private = facts->is_private };
	char path[STORE_PATH_MAX];
	int code = store_path(store, module, version, suffixes[STORE_ZIP], path, err);
	if (code == 0 && file_temp_commit(temp, err) != 0)
		code = STORE_ERR;
	if (code == 0)
		code = write_ziphash(store, module, version, slice_of(facts->h1), err);
	if (code != 0)
		return code;
	memcpy(row.digest, digest, sizeof(row.digest));
	snprintf(row.h1, sizeof(row.h1), "%s", facts->h1);
	return enter(store, STORE_ZIP, module, version, &row, path, SLICE_NONE, artifact_out, err);
}
