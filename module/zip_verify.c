/* A module zip that came from elsewhere: what a go command would refuse is refused here, and the h1 of the rest computed. */
#include "module/zip.h"

#include <stdlib.h>

#include <zip.h>

#include "base/buf.h"
#include "base/hash.h"
#include "module/collide.h"
#include "module/dirhash.h"
#include "module/files.h"
#include "module/path.h"
#include "module/zip_central.h"

#define CHUNK_BYTES (64u * 1024)

struct entry {
	struct slice name; /* as the zip spells it, with path@version/ */
	uint64_t bytes;    /* unpacked, as the zip's directory says */
};

struct verification {
	struct slice bytes;
	zip_t *archive;
	struct buf prefix; /* path@version/ */
	struct entry *entries;
	size_t count;
	struct collide_path *paths;
	size_t paths_count;
	struct dirhash *hash;
	uint8_t *chunk;
	struct err *err;
};

static int no_memory(struct err *err)
{
	return err_set(err, MODULE_ERR_MEMORY, "no memory to read a module's zip; try again later");
}

static int refuse(const struct verification *v, const struct entry *entry, const char *what)
{
	return err_set(v->err, MODULE_ERR, "\"%.*s\" %s", SLICE_ARG(entry->name), what);
}

static int open_archive(struct verification *v)
{
	zip_error_t error;
	zip_source_t *source;
	int status = 0;

	zip_error_init(&error);
	source = zip_source_buffer_create(v->bytes.ptr, v->bytes.len, 0, &error);
	if (source != NULL)
		v->archive = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error);
	if (v->archive == NULL) {
		status = err_set(v->err, MODULE_ERR, "%s", zip_error_strerror(&error));
		zip_source_free(source);
	}
	zip_error_fini(&error);
	return status;
}

/* What libzip calls the entry must be what its bytes say, else we would unpack another file than a go command does. */
static int read_entry(struct verification *v, size_t index, const struct zip_member *member)
{
	struct entry *entry = &v->entries[index];
	const zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
	zip_stat_t stat;

	entry->name = member->name;
	zip_stat_init(&stat);
	if (zip_stat_index(v->archive, index, ZIP_FL_ENC_RAW, &stat) != 0 || (stat.valid & needed) != needed)
		return refuse(v, entry, "cannot be read");
	if (!slice_equal_text(member->name, zip_get_name(v->archive, index, ZIP_FL_ENC_RAW)))
		return refuse(v, entry, "has two names");
	if ((stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE) || stat.encryption_method != ZIP_EM_NONE)
		return refuse(v, entry, "is neither stored nor deflated");
	if (!zip_descriptor_agrees(v->bytes, member, stat.comp_size))
		return refuse(v, entry, "is damaged");
	entry->bytes = stat.size;
	return 0;
}

static int read_entries(struct verification *v, struct zip_central *central)
{
	struct zip_member member;
	int status = 0;
	size_t i;

	v->count = (size_t)central->count;
	if (zip_get_num_entries(v->archive, 0) != (zip_int64_t)v->count)
		return err_set(v->err, MODULE_ERR, "its directory can be read in two ways");
	v->entries = calloc(v->count + 1, sizeof(*v->entries));
	v->paths = calloc(v->count + 1, sizeof(*v->paths));
	if (v->entries == NULL || v->paths == NULL)
		return no_memory(v->err);
	for (i = 0; status == 0 && i < v->count && zip_central_next(central, &member); i++)
		status = read_entry(v, i, &member);
	return status;
}

static int check_gomod_name(const struct verification *v, const struct entry *entry, struct slice path)
{
	struct slice base = slice_after(path, (size_t)(slice_last_index(path, '/') + 1));

	if (!slice_equal_nocase(base, SLICE("go.mod")) || slice_equal_text(path, "go.mod"))
		return 0;
	return refuse(v, entry, base.len == path.len ? "is a go.mod in other letters" : "is the go.mod of another module");
}

/* Directories are no part of a module, but go commands put up with them. */
static int check_entry(struct verification *v, const struct entry *entry, int64_t *left)
{
	struct slice path = slice_after(entry->name, v->prefix.len);
	bool directory = slice_ends(entry->name, SLICE("/"));
	int status;

	if (!slice_starts(entry->name, buf_slice(&v->prefix)))
		return refuse(v, entry, "is outside of the module's directory");
	if (directory && entry->bytes != 0)
		return refuse(v, entry, "is a directory with content");
	if (path.len == 0)
		return 0;
	if (directory)
		path = slice_sub(path, 0, path.len - 1);
	status = module_file_path_check(path, v->err);
	if (status != 0)
		return status;
	v->paths[v->paths_count++] = (struct collide_path){ .path = path, .directory = directory };
	if (directory)
		return 0;
	status = check_gomod_name(v, entry, path);
	return status != 0 ? status : module_file_size_check(path, entry->bytes > INT64_MAX ? -1 : (int64_t)entry->bytes, left, v->err);
}

static int check_entries(struct verification *v)
{
	int64_t left = MODULE_ZIP_BYTES_MAX;
	int status = 0;
	size_t i;

	for (i = 0; status == 0 && i < v->count; i++)
		status = check_entry(v, &v->entries[i], &left);
	return status != 0 ? status : collide_check(v->paths, v->paths_count, v->err);
}

/* Never unpacks more than a chunk beyond what the directory says. libzip compares the CRC at the end. */
static int unpack(struct verification *v, const struct entry *entry, zip_file_t *file, struct sha256_stream *stream)
{
	uint64_t total = 0;
	zip_int64_t got;

	while ((got = zip_fread(file, v->chunk, CHUNK_BYTES)) > 0) {
		total += (uint64_t)got;
		if (total > entry->bytes)
			return refuse(v, entry, "is larger than the zip's directory says");
		sha256_add(stream, v->chunk, (size_t)got);
	}
	if (got < 0)
		return refuse(v, entry, "is damaged");
	return total == entry->bytes ? 0 : refuse(v, entry, "is smaller than the zip's directory says");
}

static int hash_entry(struct verification *v, size_t index)
{
	const struct entry *entry = &v->entries[index];
	struct sha256_stream *stream = sha256_open();
	zip_file_t *file = zip_fopen_index(v->archive, index, 0);
	uint8_t sum[SHA256_BYTES];
	int status;

	if (stream == NULL)
		status = no_memory(v->err);
	else if (file == NULL)
		status = refuse(v, entry, "cannot be read");
	else
		status = unpack(v, entry, file, stream);
	if (status == 0) {
		sha256_digest(stream, sum);
		status = dirhash_add(v->hash, entry->name, sum, v->err);
	}
	sha256_close(&stream);
	if (file != NULL)
		zip_fclose(file);
	return status;
}

static int hash_entries(struct verification *v)
{
	int status = 0;
	size_t i;

	v->hash = dirhash_open();
	v->chunk = malloc(CHUNK_BYTES);
	if (v->hash == NULL || v->chunk == NULL)
		return no_memory(v->err);
	for (i = 0; status == 0 && i < v->count; i++)
		status = hash_entry(v, i);
	return status;
}

static int verify(struct verification *v)
{
	struct zip_central central;
	int status;

	if (v->bytes.len > (size_t)MODULE_ZIP_BYTES_MAX)
		return err_set(v->err, MODULE_ERR_LIMIT, "it is larger than %lld bytes", MODULE_ZIP_BYTES_MAX);
	status = zip_central_open(v->bytes, &central, v->err);
	if (status == 0)
		status = open_archive(v);
	if (status == 0)
		status = read_entries(v, &central);
	if (status == 0)
		status = check_entries(v);
	if (status == 0)
		status = hash_entries(v);
	return status;
}

static void release(struct verification *v)
{
	if (v->archive != NULL)
		zip_discard(v->archive);
	buf_free(&v->prefix);
	free(v->entries);
	free(v->paths);
	dirhash_close(&v->hash);
	free(v->chunk);
}

int module_zip_verify(struct slice zip, struct slice path, struct slice version, char *h1_out, struct err *err)
{
	struct verification v = { .bytes = zip, .prefix = BUF_INIT(MODULE_PATH_MAX + MODULE_VERSION_MAX + 2), .err = err };
	int status = module_check(path, version, err);

	if (status != 0)
		return status;
	buf_printf(&v.prefix, "%.*s@%.*s/", SLICE_ARG(path), SLICE_ARG(version));
	status = buf_failed(&v.prefix) ? no_memory(err) : verify(&v);
	if (status == 0)
		dirhash_finish(v.hash, h1_out);
	else
		err_prepend(err, status, "the zip of %.*s@%.*s", SLICE_ARG(path), SLICE_ARG(version));
	release(&v);
	return status;
}
