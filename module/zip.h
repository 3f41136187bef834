/*
 * Module zips: which files belong, and the container. Source: go.dev/ref/mod#zip-files, golang.org/x/mod/zip.
 * Making one: describe every path of the tree with module_files_add(), module_files_check() decides, then write the kept ones.
 * All that answer a code may answer MODULE_ERR_MEMORY.
 */
#ifndef MODULE_ZIP_H
#define MODULE_ZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/slice.h"

#define MODULE_ZIP_BYTES_MAX     (500LL * 1024 * 1024) /* of the zip, and of all files unpacked */
#define MODULE_GOMOD_BYTES_MAX   (16LL * 1024 * 1024)
#define MODULE_LICENSE_BYTES_MAX (16LL * 1024 * 1024)
#define MODULE_FILES_MAX         300000 /* of a tree, so that the paths alone do not fill the memory */

enum module_file_mode { MODULE_FILE_REGULAR, MODULE_FILE_SYMLINK, MODULE_FILE_IRREGULAR };

/* A listing. `handle` is the caller's own mark of the file (an index, say). */
struct module_files;
int module_files_open(struct module_files **files_out, struct err *err);
void module_files_close(struct module_files **files);
/* path is relative to the module directory; copied. bytes is the size (converted). Order is the order of writing. MODULE_ERR_LIMIT. */
int module_files_add(struct module_files *files, struct slice path, enum module_file_mode mode, int64_t bytes, size_t handle, struct err *err);
/*
 * Applies the inclusion rules in Go's order; once. vendor_rule_new: gomod_vendor_rule_new() of the root go.mod, if that is a regular file.
 * MODULE_ERR, and MODULE_ERR_LIMIT for a size: no zip can be made (err says which file and why).
 */
int module_files_check(struct module_files *files, bool vendor_rule_new, struct err *err);
/* After a check that answered 0: the kept ones. Paths live until close. */
size_t module_files_kept(const struct module_files *files);
void module_files_kept_at(const struct module_files *files, size_t index, struct slice *path_out, size_t *handle_out);

/* 0 when the element rules allow this path inside a zip. */
int module_file_path_check(struct slice path, struct err *err);

/*
 * The container: deterministic (fixed date, no extra fields, deflated or stored, whichever is smaller), ZIP64 where needed, streamed to sink.
 * sink answers 0, or non-zero to stop (then MODULE_ERR_STOPPED). Also computes the h1. After any failure the zip can only be closed.
 * One thread at a time.
 */
typedef int module_sink(void *ctx, const void *bytes, size_t len);
struct module_zip;
int module_zip_open(struct slice path, struct slice version, module_sink *sink, void *ctx, struct module_zip **zip_out, struct err *err);
/* path relative to the module, as the listing keeps it: distinct ones only. content is the whole file. MODULE_ERR_LIMIT past MODULE_ZIP_BYTES_MAX. */
int module_zip_add(struct module_zip *zip, struct slice path, struct slice content, struct err *err);
/*
 * The same in two steps, so that several files can be packed at a time: each thread with a packer of its own, in any order. The zip's bytes
 * depend only on the order of module_zip_add_packed().
 */
struct module_zip_packer;
struct module_zip_packed {
	struct slice bytes; /* as they go into the zip; the content's own where deflating does not make it smaller */
	uint8_t *memory;    /* owned; behind bytes otherwise */
	size_t unpacked;
	uint32_t crc;
	uint8_t sha256[SHA256_BYTES]; /* of the content */
};
#define MODULE_ZIP_PACKED_NONE ((struct module_zip_packed){ .bytes = SLICE_NONE })
int module_zip_packer_open(struct module_zip_packer **packer_out, struct err *err);
void module_zip_packer_close(struct module_zip_packer **packer);
/* content must live as long as packed. Caller frees with module_zip_packed_free(). */
int module_zip_pack(struct module_zip_packer *packer, struct slice content, struct module_zip_packed *packed_out, struct err *err);
void module_zip_packed_free(struct module_zip_packed *packed);
int module_zip_add_packed(struct module_zip *zip, struct slice path, const struct module_zip_packed *packed, struct err *err);
/* Writes the directory; h1_out has MODULE_H1_MAX bytes. */
int module_zip_finish(struct module_zip *zip, char *h1_out, struct err *err);
void module_zip_close(struct module_zip **zip);

/*
 * Reading one that came from elsewhere (map the file): everything that a go command checks before it unpacks - prefix path@version/,
 * names, sizes, collisions, no nested go.mod, CRC - and that each file is as large as the zip's directory says; then its h1.
 * What is unpacked is bounded before and while it happens. MODULE_ERR, MODULE_ERR_LIMIT.
 */
int module_zip_verify(struct slice zip, struct slice path, struct slice version, char *h1_out, struct err *err);

#endif
