/*
 * Loose objects, read before the library does: of one that is cut short, as a power cut leaves it, libgit2 1.5 never comes back. This
 * reader is asked after all packs, as git does, so that a sound copy there is found first, and before the library's own. It answers for the
 * objects that are loose, with an error if need be, and leaves the others alone. It is bounded, too.
 * Source: git's Documentation/gitformat-loose or "Git Internals - Git Objects": zlib of "type size", a NUL, the content.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <git2/sys/odb_backend.h>
#include <libdeflate.h>

#include "base/file.h"
#include "vcs/vcs_private.h"

#define PRIORITY         2 /* as the packs', alternates' included, which were added before and stay before; the library's loose ones have 1 */
#define HEAD_MAX         32
#define OBJECT_BYTES_MAX ((size_t)VCS_BLOB_BYTES_MAX + HEAD_MAX) /* larger files go another way */
#define FILE_BYTES_MAX   (OBJECT_BYTES_MAX + OBJECT_BYTES_MAX / 64)
#define GUESS_BYTES      4096u
#define ALTERNATES_MAX   16 /* as deep as git goes it is 5; here all together */
#define ALTERNATES_BYTES 65536

struct loose {
	git_odb_backend backend; /* first: the library hands us this */
	struct libdeflate_decompressor *decompressor;
	size_t count;
	char *directories[ALTERNATES_MAX]; /* the repository's objects, and those of others that it borrows */
};

static void close_loose(git_odb_backend *backend)
{
	struct loose *loose = (struct loose *)backend;

	libdeflate_free_decompressor(loose->decompressor);
	for (size_t i = 0; i < loose->count; i++)
		free(loose->directories[i]);
	free(loose);
}

static int damaged(const git_oid *id, const char *what)
{
	char text[128];

	snprintf(text, sizeof(text), "loose object %s %s", git_oid_tostr_s(id), what);
	git_error_set_str(GIT_ERROR_ODB, text);
	return GIT_ERROR;
}

/* That says nothing about the object: descriptors or memory are short, or it may not be read. */
static int unread(const char *why)
{
	git_error_set_str(GIT_ERROR_OS, why);
	return GIT_ERROR;
}

static int no_memory(void)
{
	git_error_set_oom();
	return GIT_ERROR;
}

/* Inflates all of it. The size is known only then. */
static int inflate_all(struct loose *loose, const git_oid *id, struct slice file, char **bytes_out, size_t *len_out)
{
	size_t cap = file.len * 4 + GUESS_BYTES;

	for (;;) {
		enum libdeflate_result result;
		char *bytes;

		cap = cap < OBJECT_BYTES_MAX ? cap : OBJECT_BYTES_MAX;
		bytes = malloc(cap);
		if (!bytes)
			return no_memory();
		result = libdeflate_zlib_decompress(loose->decompressor, file.ptr, file.len, bytes, cap, len_out);
		if (result == LIBDEFLATE_SUCCESS) {
			*bytes_out = bytes;
			return 0;
		}
		free(bytes);
		if (result != LIBDEFLATE_INSUFFICIENT_SPACE)
			return damaged(id, "is cut short or changed");
		if (cap == OBJECT_BYTES_MAX)
			return damaged(id, "is larger than any may be that is read at once");
		cap *= 4;
	}
}

/* "blob 12" and a NUL before the content. */
static bool cut_head(struct slice object, git_object_t *type_out, struct slice *content_out)
{
	const char *nul = memchr(object.ptr, '\0', object.len < HEAD_MAX ? object.len : HEAD_MAX);
	struct slice type, size, content;
	char name[HEAD_MAX];
	long long told;

	if (!nul || !slice_cut(slice_of(object.ptr), ' ', &type, &size) || !slice_to_number(size, &told))
		return false;
	content = slice_after(object, (size_t)(nul - object.ptr) + 1);
	snprintf(name, sizeof(name), "%.*s", SLICE_ARG(type));
	if ((unsigned long long)told != content.len || git_object_string2type(name) == GIT_OBJECT_INVALID)
		return false;
	*type_out = git_object_string2type(name);
	*content_out = content;
	return true;
}

/* Into memory that the library may keep, and counts by the content's size: it is no larger. */
static int hand_over(struct loose *loose, struct slice content, void **data_out, size_t *len_out)
{
	char *data = git_odb_backend_data_alloc(&loose->backend, content.len + 1);

	if (!data)
		return no_memory();
	memcpy(data, content.ptr, content.len);
	data[content.len] = '\0';
	*data_out = data;
	*len_out = content.len;
	return 0;
}

/* Empties file, so that it is not in memory together with the other two copies. */
static int parse(struct loose *loose, const git_oid *id, struct buf *file, void **data_out, size_t *len_out, git_object_t *type_out)
{
	struct slice content;
	git_object_t type;
	char *bytes = NULL;
	size_t len = 0;
	int code = inflate_all(loose, id, buf_slice(file), &bytes, &len);

	buf_free(file);
	if (code == 0 && !cut_head(slice_make(bytes, len), &type, &content))
		code = damaged(id, "does not begin as an object does");
	if (code == 0)
		code = hand_over(loose, content, data_out, len_out);
	if (code == 0)
		*type_out = type;
	free(bytes);
	return code;
}

static int read_loose(void **data_out, size_t *len_out, git_object_t *type_out, git_odb_backend *backend, const git_oid *id)
{
	struct loose *loose = (struct loose *)backend;
	int code = GIT_ENOTFOUND;
	char name[GIT_OID_HEXSZ + 2];

	git_oid_pathfmt(name, id);
	name[sizeof(name) - 1] = '\0';
	for (size_t i = 0; i < loose->count && code == GIT_ENOTFOUND; i++) {
		struct buf path = BUF_INIT(8192), file = BUF_INIT(FILE_BYTES_MAX);
		struct err err = ERR_INIT;
		int got;

		buf_printf(&path, "%s/%s", loose->directories[i], name);
		got = buf_failed(&path) ? err_set(&err, BASE_ERR, "no memory for its path") : file_read(buf_text(&path), &file, &err);
		if (got == 0)
			code = parse(loose, id, &file, data_out, len_out, type_out);
		else if (got == BASE_ERR_LIMIT)
			code = damaged(id, "is larger than any may be that is read at once");
		else if (got != BASE_ERR_ABSENT)
			code = unread(err.text);
		buf_free(&path);
		buf_free(&file);
	}
	return code;
}

/* Sizes and types are asked of the library, which is bounded there. */
static int read_no_head(size_t *len_out, git_object_t *type_out, git_odb_backend *backend, const git_oid *id)
{
	(void)len_out, (void)type_out, (void)backend, (void)id;
	return GIT_ENOTFOUND;
}

/* The directory, without what may end it in '/'. False: memory. */
static bool add_directory(struct loose *loose, const char *base, struct slice path)
{
	struct buf joined = BUF_INIT(4096);
	char *directory;

	if (loose->count == ALTERNATES_MAX)
		return true;
	while (path.len > 1 && path.ptr[path.len - 1] == '/')
		path.len--;
	if (path.ptr[0] != '/')
		buf_printf(&joined, "%s/", base);
	buf_add_slice(&joined, path);
	directory = buf_failed(&joined) ? NULL : strdup(buf_text(&joined));
	buf_free(&joined);
	if (directory)
		loose->directories[loose->count++] = directory;
	return directory != NULL;
}

/* Those that it borrows from, and theirs. */
static bool add_alternates(struct loose *loose)
{
	bool good = true;

	for (size_t i = 0; i < loose->count && good; i++) {
		struct buf path = BUF_INIT(8192), file = BUF_INIT(ALTERNATES_BYTES);
		struct slice rest, line;

		buf_printf(&path, "%s/info/alternates", loose->directories[i]);
		good = !buf_failed(&path);
		rest = good && file_read(buf_text(&path), &file, NULL) == 0 ? buf_slice(&file) : SLICE_NONE;
		while (good && slice_next(&rest, '\n', &line))
			good = line.len == 0 || line.ptr[0] == '#' || add_directory(loose, loose->directories[i], line);
		buf_free(&path);
		buf_free(&file);
	}
	return good;
}

static struct loose *open_loose(git_repository *git)
{
	struct loose *loose = calloc(1, sizeof(*loose));
	bool good;

	if (!loose)
		return NULL;
	git_odb_init_backend(&loose->backend, GIT_ODB_BACKEND_VERSION);
	loose->backend.read = read_loose;
	loose->backend.read_header = read_no_head;
	loose->backend.free = close_loose;
	loose->decompressor = libdeflate_alloc_decompressor();
	good = loose->decompressor && add_directory(loose, git_repository_commondir(git), SLICE("objects")) && add_alternates(loose);
	if (!good) {
		close_loose(&loose->backend);
		return NULL;
	}
	return loose;
}

int vcs_loose_guard(git_repository *git, struct err *err)
{
	struct loose *loose = NULL;
	git_odb *odb = NULL;
	int code = 0;

	if (git_repository_odb(&odb, git) != 0)
		return err_set(err, vcs_git_code(), "the objects cannot be read: %s", vcs_git_reason());
	loose = open_loose(git);
	if (!loose || git_odb_add_backend(odb, &loose->backend, PRIORITY) != 0) {
		code = vcs_no_memory(err, "read the objects");
		if (loose)
			close_loose(&loose->backend);
	}
	git_odb_free(odb);
	return code;
}
