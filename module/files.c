/* Which paths of a tree belong in its module's zip. */
#include "module/zip.h"

#include <stdlib.h>

#include "base/buf.h"
#include "module/collide.h"
#include "module/files.h"
#include "module/path.h"

#define PATHS_BYTES_MAX (256u * 1024 * 1024)

struct file {
	size_t path_at, path_len; /* in paths */
	enum module_file_mode mode;
	int64_t bytes;
	size_t handle;
};

struct module_files {
	struct buf paths;
	struct file *files;
	size_t count, cap;
	size_t kept; /* after a check, the first files are the kept ones, still in their order */
	/* The directories of other modules, with their '/', sorted. */
	struct slice *nested;
	size_t nested_count;
};

static int no_memory(struct err *err)
{
	return err_set(err, MODULE_ERR_MEMORY, "no memory for the list of a module's files; try again later");
}

int module_files_open(struct module_files **files_out, struct err *err)
{
	struct module_files *files = calloc(1, sizeof(*files));

	if (files == NULL)
		return no_memory(err);
	buf_init(&files->paths, PATHS_BYTES_MAX);
	*files_out = files;
	return 0;
}

void module_files_close(struct module_files **files)
{
	if (*files == NULL)
		return;
	buf_free(&(*files)->paths);
	free((*files)->files);
	free((*files)->nested);
	free(*files);
	*files = NULL;
}

static int reserve(struct module_files *files, struct err *err)
{
	size_t cap = files->cap == 0 ? 64 : files->cap * 2;
	struct file *grown;

	if (files->count < files->cap)
		return 0;
	grown = reallocarray(files->files, cap, sizeof(*grown));
	if (grown == NULL)
		return no_memory(err);
	files->files = grown;
	files->cap = cap;
	return 0;
}

int module_files_add(struct module_files *files, struct slice path, enum module_file_mode mode, int64_t bytes, size_t handle, struct err *err)
{
	int status;

	if (files->count == MODULE_FILES_MAX || path.len > PATHS_BYTES_MAX - files->paths.len)
		return err_set(err, MODULE_ERR_LIMIT, "the module's tree holds more than %d files, or their paths are too long", MODULE_FILES_MAX);
	status = reserve(files, err);
	if (status != 0)
		return status;
	files->files[files->count] =
		(struct file){ .path_at = files->paths.len, .path_len = path.len, .mode = mode, .bytes = bytes, .handle = handle };
	buf_add_slice(&files->paths, path);
	if (buf_failed(&files->paths))
		return no_memory(err);
	files->count++;
	return 0;
}

static struct slice path_of(const struct module_files *files, const struct file *file)
{
	return slice_sub(buf_slice(&files->paths), file->path_at, file->path_at + file->path_len);
}

/* With its '/'; empty at the root. */
static struct slice directory_of(struct slice path)
{
	return slice_sub(path, 0, (size_t)(slice_last_index(path, '/') + 1));
}

static int by_bytes(const void *a, const void *b)
{
	return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

/* A directory below the root is another module if a regular file in it is called go.mod, in any case. */
static int find_nested(struct module_files *files, struct err *err)
{
	size_t i, count = 0;

	for (i = 0; i < files->count; i++) {
		struct slice path = path_of(files, &files->files[i]), directory = directory_of(path);
		if (files->files[i].mode != MODULE_FILE_REGULAR || directory.len == 0 ||
			!slice_equal_nocase(slice_after(path, directory.len), SLICE("go.mod")))
			continue;
		if ((count & (count - 1)) == 0) {
			struct slice *grown = reallocarray(files->nested, count == 0 ? 1 : count * 2, sizeof(*grown));
			if (grown == NULL)
				return no_memory(err);
			files->nested = grown;
		}
		files->nested[count++] = directory;
	}
	if (count > 0)
		qsort(files->nested, count, sizeof(*files->nested), by_bytes);
	files->nested_count = count;
	return 0;
}

static bool is_nested(const struct module_files *files, struct slice path)
{
	struct slice directory = directory_of(path);

	while (files->nested_count > 0 && directory.len > 0) {
		if (bsearch(&directory, files->nested, files->nested_count, sizeof(*files->nested), by_bytes) != NULL)
			return true;
		directory = directory_of(slice_sub(directory, 0, directory.len - 1));
	}
	return false;
}

/* Relative and shortest: no empty and no "." element, ".." only in front. A path of "." alone counts: the rules for names refuse it later. */
static bool is_clean(struct slice path)
{
	struct slice rest = path, element;
	bool named = false;

	if (path.len == 0 || path.ptr[path.len - 1] == '/')
		return false;
	while (slice_next(&rest, '/', &element)) {
		bool up = slice_equal_text(element, "..");
		if (element.len == 0 || (slice_equal_text(element, ".") && path.len > 1) || (up && named))
			return false;
		named = !up;
	}
	return true;
}

/* Old: the test that go commands before 1.24 made of packages below the root fits every file in a vendor directory. */
static bool is_vendored(struct slice path, bool rule_new)
{
	ptrdiff_t vendor;

	if (slice_starts(path, SLICE("vendor/")))
		return (rule_new && slice_equal_text(path, "vendor/modules.txt")) || slice_index(slice_after(path, SLICE("vendor/").len), '/') >= 0;
	vendor = slice_find(path, SLICE("/vendor/"));
	if (vendor < 0)
		return false;
	return !rule_new || slice_index(slice_after(path, (size_t)vendor + SLICE("/vendor/").len), '/') >= 0;
}

/* Dropped without a look at the rules for names. */
static bool is_left_out(const struct module_files *files, struct slice path, bool vendor_rule_new)
{
	return is_vendored(path, vendor_rule_new) || is_nested(files, path) || slice_equal_text(path, ".hg_archival.txt");
}

static int check_name(struct slice path, struct err *err)
{
	int status = module_file_path_check(path, err);

	if (status == 0 && slice_equal_nocase(path, SLICE("go.mod")) && !slice_equal_text(path, "go.mod"))
		return err_set(err, MODULE_ERR, "\"%.*s\": a go.mod file is written in small letters: rename the file", SLICE_ARG(path));
	return status;
}

/* Moves to the front what is named well and not left out; symlinks are still among them, since they can collide. */
static int check_names(struct module_files *files, bool vendor_rule_new, struct err *err)
{
	int status = 0;
	size_t i;

	files->kept = 0;
	for (i = 0; status == 0 && i < files->count; i++) {
		struct slice path = path_of(files, &files->files[i]);
		if (!is_clean(path))
			return err_set(err, MODULE_ERR, "the path \"%.*s\" is not a clean relative path", SLICE_ARG(path));
		if (is_left_out(files, path, vendor_rule_new))
			continue;
		status = check_name(path, err);
		files->files[files->kept++] = files->files[i];
	}
	return status;
}

static int check_collisions(const struct module_files *files, struct err *err)
{
	struct collide_path *paths = calloc(files->kept + 1, sizeof(*paths));
	size_t i;
	int status;

	if (paths == NULL)
		return no_memory(err);
	for (i = 0; i < files->kept; i++)
		paths[i].path = path_of(files, &files->files[i]);
	status = collide_check(paths, files->kept, err);
	free(paths);
	return status;
}

int module_file_size_check(struct slice path, int64_t bytes, int64_t *left, struct err *err)
{
	if (bytes < 0 || bytes > *left)
		return err_set(err, MODULE_ERR_LIMIT, "the module's files are larger than %lld bytes together: \"%.*s\" of %lld bytes is beyond them",
			MODULE_ZIP_BYTES_MAX, SLICE_ARG(path), (long long)bytes);
	*left -= bytes;
	if (slice_equal_text(path, "go.mod") && bytes > MODULE_GOMOD_BYTES_MAX)
		return err_set(err, MODULE_ERR_LIMIT, "the module's go.mod is larger than %lld bytes", MODULE_GOMOD_BYTES_MAX);
	if (slice_equal_text(path, "LICENSE") && bytes > MODULE_LICENSE_BYTES_MAX)
		return err_set(err, MODULE_ERR_LIMIT, "the module's LICENSE is larger than %lld bytes", MODULE_LICENSE_BYTES_MAX);
	return 0;
}

/* Drops what is no regular file and sums up the others. */
static int check_sizes(struct module_files *files, struct err *err)
{
	int64_t left = MODULE_ZIP_BYTES_MAX;
	size_t i, count = files->kept;
	int status = 0;

	files->kept = 0;
	for (i = 0; status == 0 && i < count; i++) {
		if (files->files[i].mode != MODULE_FILE_REGULAR)
			continue;
		status = module_file_size_check(path_of(files, &files->files[i]), files->files[i].bytes, &left, err);
		files->files[files->kept++] = files->files[i];
	}
	return status;
}

int module_files_check(struct module_files *files, bool vendor_rule_new, struct err *err)
{
	int status = find_nested(files, err);

	if (status == 0)
		status = check_names(files, vendor_rule_new, err);
	if (status == 0)
		status = check_collisions(files, err);
	if (status == 0)
		status = check_sizes(files, err);
	return status;
}

size_t module_files_kept(const struct module_files *files)
{
	return files->kept;
}

void module_files_kept_at(const struct module_files *files, size_t index, struct slice *path_out, size_t *handle_out)
{
	ASSERT(index < files->kept);
	*path_out = path_of(files, &files->files[index]);
	*handle_out = files->files[index].handle;
}
