/* From a commit to the module's zip: list the files, convert them as git archive would, let the rules choose, write. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vcs/files_private.h"

#define TRIM_FILES 20000 /* a listing of more takes memory that is worth giving back */

/* One zip in the making. */
struct making {
	struct session *session;
	git_tree *tree;
	struct place place;
	struct attributes *attributes;
	struct listing listing;
	struct module_files *files;
	struct module_zip *zip;
	struct packing *packing;
	module_sink *sink;
	void *ctx;
	bool begun; /* the caller's sink got something */
};

/* Finds what git will do to one file; only links are never converted. */
static int plan_conversion(struct making *making, struct entry *entry, struct err *err)
{
	char path[VCS_DIRECTORY_MAX + TREE_PATH_MAX + 64];
	struct conversion conversion;
	int code;

	if (entry->mode != MODULE_FILE_REGULAR)
		return 0;
	snprintf(path, sizeof(path), "%s%s%s", making->place.directory, making->place.directory[0] ? "/" : "", entry->path);
	code = vcs_attributes_conversion(making->attributes, path, &conversion, err);
	if (code < 0 || !vcs_conversion_needed(&conversion))
		return code;
	entry->conversion = malloc(sizeof(conversion));
	if (!entry->conversion)
		return vcs_no_memory(err, "convert a file");
	*entry->conversion = conversion;
	return 0;
}

static int read_entry(struct making *making, const struct entry *entry, struct content *out, struct err *err)
{
	struct content stored = CONTENT_INIT;
	int code = vcs_content_read(making->session, &entry->blob, &stored, err);

	if (code == 0 && entry->conversion)
		code = vcs_convert(making->session->vcs, entry->conversion, &entry->blob, &stored, out, err);
	else if (code == 0)
		*out = stored;
	return code == 0 ? 0 : err_prepend(err, code, "%s", entry->path);
}

/* The size as it will be in the zip: what is converted must be converted to know. */
static int measure(struct making *making, git_odb *odb, struct entry *entry, struct err *err)
{
	struct content content = CONTENT_INIT;
	git_object_t type;
	size_t bytes = 0;
	int code;

	if (git_odb_read_header(&bytes, &type, odb, &entry->blob) != 0)
		return err_set(err, vcs_git_code(), "%s cannot be read: %s", entry->path, vcs_git_reason());
	entry->bytes = (int64_t)bytes;
	if (!entry->conversion || entry->bytes > MODULE_ZIP_BYTES_MAX)
		return 0;
	code = read_entry(making, entry, &content, err);
	if (code == 0)
		entry->bytes = (int64_t)content.bytes.len;
	vcs_content_free(&content);
	return code;
}

static bool has_license(const struct listing *listing)
{
	for (size_t i = 0; i < listing->count; i++)
		if (strcmp(listing->entries[i].path, "LICENSE") == 0)
			return true;
	return false;
}

/* A module in a directory takes the repository's LICENSE when it has none: raw bytes, even of a link. */
static int import_license(struct making *making, struct err *err)
{
	git_tree_entry *license = NULL;
	int got, code = 0;

	if (making->place.directory[0] == '\0' || has_license(&making->listing))
		return 0;
	got = git_tree_entry_bypath(&license, making->tree, "LICENSE");
	if (got != 0 && (got != GIT_ENOTFOUND || vcs_git_code() == VCS_DAMAGED))
		return err_set(err, vcs_git_code(), "LICENSE cannot be read: %s", vcs_git_reason());
	if (got == 0 && git_tree_entry_type(license) == GIT_OBJECT_BLOB)
		code = vcs_listing_add(&making->listing, "LICENSE", git_tree_entry_id(license), MODULE_FILE_REGULAR, err);
	git_tree_entry_free(license);
	return code;
}

static int prepare(struct making *making, struct err *err)
{
	struct listing *listing = &making->listing;
	git_odb *odb = NULL;
	int code = vcs_listing_read(making->session->git, making->tree, making->place.directory, listing, err);

	for (size_t i = 0; i < listing->count && code == 0; i++) {
		code = vcs_session_go_on(making->session, err);
		if (code == 0)
			code = plan_conversion(making, &listing->entries[i], err);
	}
	if (code == 0)
		code = import_license(making, err);
	if (code == 0 && git_repository_odb(&odb, making->session->git) != 0)
		code = err_set(err, vcs_git_code(), "the objects cannot be read: %s", vcs_git_reason());
	for (size_t i = 0; i < listing->count && code == 0; i++) {
		code = vcs_session_go_on(making->session, err);
		if (code == 0)
			code = measure(making, odb, &listing->entries[i], err);
	}
	git_odb_free(odb);
	return code;
}

/* Which vendor rule holds is said by the go.mod that goes into the zip. */
static int vendor_rule(struct making *making, bool *new_rule_out, struct err *err)
{
	struct content content = CONTENT_INIT;
	int code = 0;

	*new_rule_out = false;
	for (size_t i = 0; i < making->listing.count && code == 0; i++) {
		const struct entry *entry = &making->listing.entries[i];

		if (strcmp(entry->path, "go.mod") != 0 || entry->mode != MODULE_FILE_REGULAR || entry->bytes > MODULE_GOMOD_BYTES_MAX)
			continue;
		code = read_entry(making, entry, &content, err);
		if (code == 0)
			*new_rule_out = gomod_vendor_rule_new(content.bytes);
		vcs_content_free(&content);
	}
	return code;
}

/* The code of module, which made no zip: the tree is at fault, or the caller wants no more, or we are short of memory. */
static int unmade(const struct making *making, int code, struct err *err)
{
	const char *module = making->session->at.module;

	if (code == MODULE_ERR_STOPPED)
		return err_set(err, VCS_ERR_STOPPED, "the zip of %s was not wanted to its end", module);
	if (code == MODULE_ERR_MEMORY)
		return err_prepend(err, VCS_ERR_UNKNOWN, "the zip of %s cannot be made now", module);
	return err_prepend(err, VCS_ERR_REJECTED, "no zip can be made of %s", module);
}

static int choose(struct making *making, struct err *err)
{
	bool new_rule = false;
	int code = vendor_rule(making, &new_rule, err);

	if (code < 0)
		return code;
	if (module_files_open(&making->files, err) < 0)
		return VCS_ERR_UNKNOWN;
	for (size_t i = 0; i < making->listing.count && code == 0; i++) {
		const struct entry *entry = &making->listing.entries[i];

		code = module_files_add(making->files, slice_of(entry->path), entry->mode, entry->bytes, i, err);
	}
	if (code == 0)
		code = module_files_check(making->files, new_rule, err);
	return code < 0 ? unmade(making, code, err) : 0;
}

static int pass(void *ctx, const void *bytes, size_t len)
{
	struct making *making = ctx;

	making->begun = true;
	return making->sink(making->ctx, bytes, len);
}

/* Written is what was read some files before. */
static int add_one(struct making *making, size_t index, struct err *err)
{
	struct content content = CONTENT_INIT;
	const struct entry *entry;
	struct slice path;
	size_t handle;
	int code;

	module_files_kept_at(making->files, index, &path, &handle);
	entry = &making->listing.entries[handle];
	code = vcs_packing_make_room(making->packing, entry->bytes, err);
	if (code < 0)
		return unmade(making, code, err);
	code = read_entry(making, entry, &content, err);
	if (code == 0)
		vcs_packing_add(making->packing, path, &content);
	return code;
}

static int write_all(struct making *making, struct slice version, char h1_out[MODULE_H1_MAX], struct err *err)
{
	size_t kept = module_files_kept(making->files);
	int code = module_zip_open(slice_of(making->session->at.module), version, pass, making, &making->zip, err);

	if (code < 0)
		return unmade(making, code, err);
	code = vcs_packing_open(making->zip, &making->packing, err);
	for (size_t i = 0; i < kept && code == 0; i++) {
		code = vcs_session_go_on(making->session, err);
		if (code == 0)
			code = add_one(making, i, err);
	}
	if (code < 0)
		return code;
	code = vcs_packing_finish(making->packing, err);
	if (code == 0)
		code = module_zip_finish(making->zip, h1_out, err);
	return code < 0 ? unmade(making, code, err) : 0;
}

static int make_zip(struct making *making, const git_oid *commit, struct slice version, char h1_out[MODULE_H1_MAX], struct err *err)
{
	int code;

	making->session->work_begun_us = clock_monotonic_us(making->session->vcs->clock);
	code = vcs_place_find(making->session, commit, &making->place, err);
	if (code == 0)
		code = vcs_blob_tree(making->session->git, commit, &making->tree, err);
	if (code == 0)
		code = vcs_attributes_open(making->session, commit, &making->attributes, err);
	if (code == 0)
		code = prepare(making, err);
	if (code == 0)
		code = choose(making, err);
	if (code == 0)
		code = write_all(making, version, h1_out, err);
	return code;
}

/* The paths of very many files lie in small pieces, which the system would not see again: each worker keeps its own. */
static void close_making(struct making *making)
{
	bool large = making->listing.count > TRIM_FILES;

	vcs_packing_close(&making->packing);
	module_zip_close(&making->zip);
	module_files_close(&making->files);
	vcs_listing_free(&making->listing);
	vcs_attributes_close(&making->attributes);
	vcs_place_free(&making->place);
	git_tree_free(making->tree);
	if (large)
		malloc_trim(0);
}

int vcs_zip(struct vcs *vcs, struct slice module, int64_t asked_us, struct slice version, const char *commit, module_sink *sink, void *ctx,
	char h1_out[MODULE_H1_MAX], struct err *err)
{
	struct making making;
	git_oid id;
	int code;

	do {
		making = (struct making){ .sink = sink, .ctx = ctx };
		code = vcs_exact_open(vcs, module, asked_us, version, commit, &making.session, &id, err);
		if (code == 0)
			code = make_zip(&making, &id, version, h1_out, err);
		close_making(&making);
		/* What went into the sink cannot be taken back. */
	} while (vcs_session_end(&making.session, &code, err) && !making.begun);
	return code;
}
