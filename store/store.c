/* Opening, paths, pins, and the list of what is stored. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "module/path.h"
#include "module/semver.h"
#include "store/store_private.h"

#define LIST_BYTES_MAX (16 * 1024 * 1024)
#define SUFFIX_LONGEST ".ziphash"

int store_no_memory(struct err *err, const char *doing, struct slice module)
{
	return err_set(err, STORE_ERR, "cannot %s %.*s: memory is short; try again later, and give modgate more if this comes back", doing,
		SLICE_ARG(module));
}

/* What a kill left half-written has no row in the catalogue and lies in one folder: away with it. */
static int sweep(const char *folder, struct err *err)
{
	DIR *directory = opendir(folder);
	if (directory == NULL)
		return err_set(err, STORE_ERR, "cannot sweep %s: %m; check who owns the data directory", folder);
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
		if (strncmp(entry->d_name, FILE_TEMP_PREFIX, strlen(FILE_TEMP_PREFIX)) == 0)
			unlinkat(dirfd(directory), entry->d_name, 0);
	closedir(directory);
	return 0;
}

static int make_folders(struct store *store, const char *directory, struct err *err)
{
	char folder[STORE_PATH_MAX - 8];
	if (snprintf(folder, sizeof(folder), "%s/../tmp", directory) >= (int)sizeof(folder))
		return err_set(err, STORE_ERR, "%s: the path is longer than %d bytes", directory, STORE_PATH_MAX);
	snprintf(store->directory, sizeof(store->directory), "%s", directory);
	snprintf(store->temporary, sizeof(store->temporary), "%s/x", folder);
	if (file_mkdirs(directory, 0700, err) != 0 || file_mkdirs(folder, 0700, err) != 0)
		return STORE_ERR;
	return sweep(folder, err);
}

int store_open_over(const struct store_options *options, struct store_catalogue *catalogue, struct store **store_out, struct err *err)
{
	struct store *store = calloc(1, sizeof(*store));
	int code = store != NULL ? 0 : store_no_memory(err, "open", slice_of(options->directory));
	if (code == 0)
		code = make_folders(store, options->directory, err);
	if (code == 0)
		code = memory_open(options->memory_bytes_max != 0 ? options->memory_bytes_max : STORE_MEMORY_BYTES_DEFAULT, &store->memory, err);
	if (code != 0) {
		free(store);
		catalogue->calls->close(catalogue);
		return code;
	}
	store->clock = options->clock != NULL ? options->clock : &clock_system;
	store->catalogue = catalogue;
	pthread_mutex_init(&store->list_lock, NULL);
	*store_out = store;
	return 0;
}

int store_open(const struct store_options *options, struct store **store_out, struct err *err)
{
	struct store_catalogue *catalogue = NULL;
	int code = catalogue_sqlite_open(options->db, &catalogue, err);
	return code == 0 ? store_open_over(options, catalogue, store_out, err) : code;
}

void store_close(struct store **store_in)
{
	struct store *store = *store_in;
	if (store == NULL)
		return;
	memory_close(&store->memory);
	store->catalogue->calls->close(store->catalogue);
	pthread_mutex_destroy(&store->list_lock);
	free(store);
	*store_in = NULL;
}

/* How long a name is once it is escaped: every capital letter gets a '!'. */
static size_t escaped_bytes(struct slice name)
{
	size_t bytes = name.len;
	for (size_t i = 0; i < name.len; i++)
		bytes += name.ptr[i] >= 'A' && name.ptr[i] <= 'Z';
	return bytes;
}

static int part_check(struct slice part, size_t suffix, struct err *err)
{
	size_t bytes = escaped_bytes(part) + suffix;
	if (bytes <= STORE_NAME_MAX)
		return 0;
	return err_set(err, STORE_ERR_NAME,
		"%.*s... takes %zu bytes as the name of a file (a capital letter takes two) and no file's name has more than %d, the go command's "
		"neither; use a shorter name",
		40, part.ptr, bytes, STORE_NAME_MAX);
}

int store_name_check(struct slice module, struct slice version, struct err *err)
{
	struct slice part;
	int code = 0;
	while (code == 0 && slice_next(&module, '/', &part))
		code = part_check(part, 0, err);
	return code == 0 ? part_check(version, strlen(SUFFIX_LONGEST), err) : code;
}

int store_path(const struct store *store, struct slice module, struct slice version, const char *suffix, char out[STORE_PATH_MAX], struct err *err)
{
	struct buf path = BUF_INIT(STORE_PATH_MAX - 1);
	int code = store_name_check(module, version, err);
	if (code != 0)
		return code;
	code = STORE_ERR;
	buf_printf(&path, "%s/", store->directory);
	if (module_escape_path(module, &path, err) != 0)
		goto out;
	buf_add_text(&path, "/@v/");
	if (version.len != 0 && module_escape_version(version, &path, err) != 0)
		goto out;
	buf_add_text(&path, suffix);
	if (buf_failed(&path)) {
		err_set(err, code, "%.*s: the path in the store is longer than %d bytes", SLICE_ARG(module), STORE_PATH_MAX);
		goto out;
	}
	memcpy(out, path.ptr, path.len + 1);
	code = 0;
out:
	buf_free(&path);
	return code;
}

/* --- pins ------------------------------------------------------------------------------------------------------------------------------- */

int store_pin(struct store *store, struct slice module, struct slice version, struct store_pin *pin_out, struct err *err)
{
	return store->catalogue->calls->pin_get(store->catalogue, module, version, pin_out, err);
}

/* Fills what is empty; false when both say something and it differs. */
static bool merge(char *pinned, const char *fact, size_t room, bool *changed)
{
	if (fact[0] == '\0' || strcmp(pinned, fact) == 0)
		return true;
	if (pinned[0] != '\0')
		return false;
	snprintf(pinned, room, "%s", fact);
	*changed = true;
	return true;
}

/* A stronger proof than the one noted replaces it: the checksum database after an exemption, say. */
static void merge_proof(enum store_proof *noted, enum store_proof proof, bool *changed)
{
	if (proof == STORE_PROOF_NONE || proof == *noted || *noted == STORE_PROOF_SUMDB)
		return;
	*noted = proof;
	*changed = true;
}

int store_pin_add(struct store *store, struct slice module, struct slice version, const struct store_pin *facts, struct err *err)
{
	struct store_pin pin = { .first_seen_us = clock_wall_us(store->clock), .is_private = facts->is_private };
	bool changed = false;
	int code;
	pthread_mutex_lock(&store->list_lock);
	code = store->catalogue->calls->pin_get(store->catalogue, module, version, &pin, err);
	if (code == STORE_ERR_ABSENT)
		changed = true;
	else if (code != 0)
		goto out;

	code = 0;
	if (!merge(pin.commit, facts->commit, sizeof(pin.commit), &changed) || !merge(pin.h1, facts->h1, sizeof(pin.h1), &changed) ||
		!merge(pin.mod_h1, facts->mod_h1, sizeof(pin.mod_h1), &changed)) {
		code = err_set(err, STORE_ERR_PINNED, "%.*s@%.*s differs from what was served before and is not served; make a new version",
			SLICE_ARG(module), SLICE_ARG(version));
		goto out;
	}
	changed = changed || pin.is_private != facts->is_private;
	pin.is_private = facts->is_private;
	merge_proof(&pin.proof, facts->proof, &changed);
	merge_proof(&pin.mod_proof, facts->mod_proof, &changed);
	if (changed)
		code = store->catalogue->calls->pin_put(store->catalogue, module, version, &pin, err);
out:
	pthread_mutex_unlock(&store->list_lock);
	return code;
}

int store_pin_report(struct store *store, struct slice module, struct slice version, const struct store_move *move, struct err *err)
{
	return store->catalogue->calls->pin_report(store->catalogue, module, version, move, clock_wall_us(store->clock), err);
}

int store_untold_each(struct store *store, int (*each)(void *ctx, const struct store_untold *untold), void *ctx, struct err *err)
{
	return store->catalogue->calls->untold_each(store->catalogue, each, ctx, err);
}

int store_told(struct store *store, int64_t number, struct err *err)
{
	return store->catalogue->calls->told(store->catalogue, number, err);
}

int store_pin_each(struct store *store, struct slice module, struct slice after,
	int (*each)(void *ctx, struct slice version, const struct store_pin *pin, struct slice found), void *ctx, struct err *err)
{
	return store->catalogue->calls->pin_each(store->catalogue, module, after, each, ctx, err);
}

int store_write(struct store *store, const char *path, struct slice bytes, struct err *err)
{
	struct file_temp temp = FILE_TEMP_INIT;
	int code = file_temp_open_beside(store->temporary, path, 0600, &temp, err);
	if (code == 0)
		code = file_temp_write(&temp, bytes, err);
	if (code == 0)
		code = file_temp_commit(&temp, err);
	file_temp_close(&temp);
	return code == 0 ? 0 : STORE_ERR;
}

/* --- the `list` file: what of a module is stored, for those who read a copy of the directory as GOPROXY=file:// --------------------------- */

static int by_version(const void *a, const void *b)
{
	return semver_order(*(const struct slice *)a, *(const struct slice *)b);
}

static int sort_lines(struct slice module, struct buf *lines, struct buf *sorted, struct err *err)
{
	size_t count = 0, at = 0;
	struct slice rest = buf_slice(lines), line;
	for (size_t i = 0; i < lines->len; i++)
		count += lines->ptr[i] == '\n';
	struct slice *items = calloc(count + 1, sizeof(*items));
	if (items == NULL)
		return store_no_memory(err, "list what is stored of", module);
	while (at < count && slice_next(&rest, '\n', &line))
		items[at++] = line;
	qsort(items, at, sizeof(*items), by_version);
	for (size_t i = 0; i < at; i++) {
		buf_add_slice(sorted, items[i]);
		buf_add_char(sorted, '\n');
	}
	free(items);
	return 0;
}

static bool says_so(const char *path, struct slice lines)
{
	struct buf there = BUF_INIT(LIST_BYTES_MAX);
	bool same = file_read(path, &there, NULL) == 0 && slice_equal(buf_slice(&there), lines);
	buf_free(&there);
	return same;
}

int store_list_update(struct store *store, struct slice module, struct err *err)
{
	struct buf lines = BUF_INIT(LIST_BYTES_MAX), sorted = BUF_INIT(LIST_BYTES_MAX);
	char path[STORE_PATH_MAX];
	pthread_mutex_lock(&store->list_lock);
	int code = store_path(store, module, SLICE_NONE, "list", path, err);
	if (code == 0)
		code = store->catalogue->calls->versions(store->catalogue, module, &lines, err);
	if (code == 0)
		code = sort_lines(module, &lines, &sorted, err);
	if (code == 0 && (buf_failed(&lines) || buf_failed(&sorted)))
		code = store_no_memory(err, "list what is stored of", module);
	if (code == 0 && !says_so(path, buf_slice(&sorted)))
		code = store_write(store, path, buf_slice(&sorted), err);
	pthread_mutex_unlock(&store->list_lock);
	buf_free(&lines);
	buf_free(&sorted);
	return code;
}

int store_check(struct store *store, struct err *err)
{
	struct file_temp temp = FILE_TEMP_INIT;
	int code = file_temp_open_beside(store->temporary, store->temporary, 0600, &temp, err);
	if (code == 0)
		code = file_temp_write(&temp, SLICE("ok\n"), err);
	file_temp_close(&temp);
	if (code != 0)
		return STORE_ERR;
	return store->catalogue->calls->check(store->catalogue, err);
}
