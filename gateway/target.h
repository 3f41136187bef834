/*
 * The request target: one canonical form, made once. The raw bytes of the request line are percent-decoded exactly once, matched with the
 * route table, and module path and version are unescaped ('!') and validated. Everything after this sees only the canonical form.
 * Source: RFC 9112 section 3.2.1 (origin-form only), go.dev/ref/mod "GOPROXY protocol".
 */
#ifndef GATEWAY_TARGET_H
#define GATEWAY_TARGET_H

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

#define TARGET_BYTES_MAX 8192       /* of the raw request target */
#define TARGET_GO_GET    "go-get=1" /* the only query string that is answered */

enum target_code {
	TARGET_ERR_MALFORMED = -1, /* 400 and close: not origin-form, %00, %2f, longer than TARGET_BYTES_MAX */
	TARGET_ERR_ABSENT = -2     /* 404: no such route, or a path, version or escape of wrong syntax */
};

/* What a path's placeholders held; all canonical, in the arena; empty where the route has none. */
struct target {
	struct slice path; /* decoded */
	struct slice module;
	struct slice query;    /* version or query of @v/ and lookup */
	struct slice database; /* name of /sumdb/{name}/ */
	struct slice tile;     /* what follows /sumdb/{name}/ in a tile's path */
};

/* Decodes the raw target and takes off the prefix ("/" or "/x/"). The path starts with '/'. */
int target_decode(struct slice raw, struct slice prefix, struct arena *arena, struct slice *path_out, struct err *err);

/* Decodes one value of a query string, once; a '/' may be escaped in it. TARGET_ERR_MALFORMED. */
int target_decode_value(struct slice raw, struct arena *arena, struct slice *value_out, struct err *err);

/*
 * Does path have the form of template ("/{module}/@v/{query}.info")? Fills the placeholders still as they stand in the path. A
 * {module} and a {tile} may hold '/', the others not; none is empty.
 */
bool target_match(const char *template, struct slice path, struct target *target_out);

/* Unescapes and validates what the placeholders hold. TARGET_ERR_ABSENT. */
int target_validate(struct target *target, struct arena *arena, struct err *err);

#endif
