/*
 * module: what a Go module is - paths, escaping, versions, go.mod reading, zip rules, hashes. Pure: bytes in, bytes out; it knows no
 * git, no socket, no disk.
 *
 * path.h: module paths, their escaped form and the major-version suffix. Source: go.dev/ref/mod "Module paths", "Module proxy:
 * GOPROXY protocol"; golang.org/x/mod/module. Everything here is safe from many threads.
 */
#ifndef MODULE_PATH_H
#define MODULE_PATH_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#define MODULE_PATH_MAX    1024 /* bytes of a module path; longer ones are refused */
#define MODULE_VERSION_MAX 256  /* bytes of a version or query */

enum module_code {
	MODULE_ERR = -1,        /* the bytes are not what they should be; err says why */
	MODULE_ERR_ABSENT = -2, /* what was looked for is not in the bytes */
	MODULE_ERR_LIMIT = -3,  /* larger than a limit named here */
	MODULE_ERR_MEMORY = -4, /* memory is short, which says nothing about the bytes */
	MODULE_ERR_STOPPED = -5 /* a sink wanted no more */
};

/* 0 when path is a valid module path (letters of both cases; not escaped), else MODULE_ERR. err may be NULL. */
int module_path_check(struct slice path, struct err *err);

/* Splits "m/v2" into "m" and "/v2" ("gopkg.in/y.v3" into "gopkg.in/y" and ".v3"). False: the suffix makes the path invalid. Outs alias path. */
bool module_path_split_major(struct slice path, struct slice *prefix_out, struct slice *major_out);

/* The version's major ("v2") as the path's suffix says it must be: "" for none, else "vN". Aliases path_major. */
struct slice module_path_major_prefix(struct slice path_major);

/* Does this valid version belong under a path with this suffix? (+incompatible counts for "".) */
bool module_version_fits(struct slice version, struct slice path_major);

/* 0 when (path, version) is a pair a go.sum line may name: valid path, canonical version (maybe +incompatible) that fits. */
int module_check(struct slice path, struct slice version, struct err *err);

/* Escaping: every capital becomes '!' and its small letter. The value is checked first; MODULE_ERR leaves out unchanged. */
int module_escape_path(struct slice path, struct buf *out, struct err *err);
int module_escape_version(struct slice version, struct buf *out, struct err *err);
/* The reverse: refuses capitals, non-ASCII, a stray '!'; checks the result. */
int module_unescape_path(struct slice escaped, struct buf *out, struct err *err);
int module_unescape_version(struct slice escaped, struct buf *out, struct err *err);

/* Is prefix the whole of path or followed by '/' in it? */
bool module_path_has_prefix(struct slice path, struct slice prefix);
/* Of rules for prefixes the longest that covers a path decides: is it prefix rather than best, the one found so far (empty: none)? */
bool module_path_prefix_closer(struct slice path, struct slice prefix, struct slice best);

#endif
