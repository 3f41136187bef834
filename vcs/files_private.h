/* The files of a module at a commit, from the tree to the zip. */
#ifndef VCS_FILES_PRIVATE_H
#define VCS_FILES_PRIVATE_H

#include "vcs/vcs_private.h"

/* --- content.c, convert.c, encoding.c, attributes.c, wildmatch.c, tree.c: the files of a zip --------------------------------------------------- */

/* Bytes in memory, of an object as the library read it, or in a mapped temporary file. */
struct content {
	struct slice bytes;
	void *memory;
	git_odb_object *object;
	void *map;
};
#define CONTENT_INIT ((struct content){ .bytes = SLICE_NONE })
void vcs_content_free(struct content *content);

/* Bytes on their way to be a content: beyond VCS_BLOB_BYTES_MAX they go to a temporary file. Errors stick until vcs_spool_finish(). */
struct spool {
	const char *directory;
	struct buf buf;
	int fd;
	int64_t bytes;
	int64_t bytes_max;
	int error; /* errno */
};
void vcs_spool_init(struct spool *spool, const char *directory, int64_t bytes_max);
void vcs_spool_add(struct spool *spool, const void *bytes, size_t len);
/* Empties the spool in any case. VCS_ERR_UNKNOWN. */
int vcs_spool_finish(struct spool *spool, struct content *out, struct err *err);
void vcs_spool_free(struct spool *spool);
/* A nameless temporary file. -1 and errno. */
int vcs_spool_file(const char *directory);
/* Maps what was written to fd and closes it. VCS_ERR_UNKNOWN. */
int vcs_content_map(int fd, struct content *out, struct err *err);
/* The raw bytes of a blob of any size up to MODULE_ZIP_BYTES_MAX. */
int vcs_content_read(struct session *session, const git_oid *blob, struct content *out, struct err *err);

/* --- packing.c: from contents into the zip ----------------------------------------------------------------------------------------- */

#define PACKING_BYTES_MAX (8LL * 1024 * 1024) /* of contents that wait to be packed or written; a larger one waits alone */

/* Packs with a thread of its own besides the caller's; writes on the caller's. Close before the zip. */
struct packing;
int vcs_packing_open(struct module_zip *zip, struct packing **packing_out, struct err *err);
void vcs_packing_close(struct packing **packing);
/* Writes files until there is room for one more of so many bytes: read that one only then. As module_zip_add_packed(). */
int vcs_packing_make_room(struct packing *packing, int64_t bytes, struct err *err);
/* After that. Takes over content; path must live until close. */
void vcs_packing_add(struct packing *packing, struct slice path, struct content *content);
/* Writes the rest. The same errors. */
int vcs_packing_finish(struct packing *packing, struct err *err);

#define ENCODING_MAX 64

/* How a file changes between repository and archive. */
struct conversion {
	bool ident;
	enum { EOL_KEEP, EOL_CRLF, EOL_CRLF_AUTO } eol;
	char encoding[ENCODING_MAX]; /* "" for none */
};
bool vcs_conversion_needed(const struct conversion *conversion);
/* The steps in git's order: ident, line ends, encoding. Takes over `in` in any case. */
int vcs_convert(
	const struct vcs *vcs, const struct conversion *conversion, const git_oid *blob, struct content *in, struct content *out, struct err *err);
/* Step by step, for those who test them. */
void vcs_convert_ident(struct slice in, const git_oid *blob, struct spool *out);
bool vcs_convert_eol_applies(struct slice in, bool automatic);
void vcs_convert_eol(struct slice in, struct spool *out);
/* Is it an encoding that is refused, since its converter cannot be trusted with a stranger's bytes? name: at most ENCODING_MAX - 1 bytes. */
bool vcs_encoding_unsafe(struct slice name);
/* False: the encoding is unknown or cannot say these bytes; the file stays as it is. */
bool vcs_convert_encoding(struct slice in, const char *encoding, struct spool *out);

/* Answers attributes as the commit's .gitattributes files say, and nothing else. Close before the session. */
struct attributes;
int vcs_attributes_open(struct session *session, const git_oid *commit, struct attributes **attributes_out, struct err *err);
void vcs_attributes_close(struct attributes **attributes);
/* All that may be done about the attributes of one zip: some seconds. Steps are those of vcs_wildmatch(), bytes read, values decided. */
#define ATTRIBUTES_STEPS_MAX 500000000ULL
/* path is relative to the repository's root. VCS_ERR_REJECTED: the attributes make no sense, or more work than ATTRIBUTES_STEPS_MAX. */
int vcs_attributes_conversion(struct attributes *attributes, const char *path, struct conversion *out, struct err *err);

/*
 * Does the whole text match? pathname: '*' and '?' stop at '/', "**" between slashes does not. VCS_ERR_REJECTED: too much work. What it cost
 * is added to *steps in any case: a step takes some nanoseconds.
 */
int vcs_wildmatch(const char *pattern, struct slice text, bool pathname, uint64_t *steps, bool *matches_out, struct err *err);

#define TREE_DEPTH_MAX 256
#define TREE_PATH_MAX  4096
#define TREE_PATHS_MAX (256u * 1024 * 1024) /* bytes of all paths of a listing together */

struct entry {
	char *path; /* relative to the module's directory; belongs to the listing */
	git_oid blob;
	enum module_file_mode mode;
	int64_t bytes;                 /* as stored, then as converted */
	struct conversion *conversion; /* NULL: none needed */
};
struct listing {
	struct entry *entries;
	size_t count, cap;
	size_t path_bytes;
};
/* Every blob below directory ("" the root), in the tree's order. VCS_ERR_REJECTED: deeper or more than the limits. */
int vcs_listing_read(git_repository *git, const git_tree *root, const char *directory, struct listing *out, struct err *err);
/* Adds one; path is copied. */
int vcs_listing_add(struct listing *listing, const char *path, const git_oid *blob, enum module_file_mode mode, struct err *err);
void vcs_listing_free(struct listing *listing);

#endif
