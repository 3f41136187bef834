/*
 * upstream: the GOPROXY protocol as a client. The only room that connects to a module upstream, and only for a struct public_module: a
 * name that policy has not let out has no type to ask with. Source: go.dev/ref/mod#goproxy-protocol.
 *
 * Upstreams are asked in order, each only for modules its patterns match. 404 and 410 go on to the next; any other failure goes on only
 * where the upstream says fallback_any_error (the '|' of GOPROXY), and is what is reported in the end even if a later one answers 404.
 * What went wrong is told with the place of the upstream in that list, its host and what was asked of it, never its whole address.
 * Every call blocks (workers only), from any thread.
 */
#ifndef UPSTREAM_UPSTREAM_H
#define UPSTREAM_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/http.h"
#include "base/slice.h"
#include "module/path.h"
#include "policy/public.h"
#include "sumdb/sumdb.h"

#define UPSTREAM_LIST_BYTES_MAX (8 * 1024 * 1024)
#define UPSTREAM_INFO_BYTES_MAX (256 * 1024)
#define UPSTREAM_STALL_MS       (30 * 1000)      /* without a byte */
#define UPSTREAM_MAKING_MS      (3 * 60 * 1000)  /* without the first byte of a version's file: an upstream that has not got it makes it first */
#define UPSTREAM_ZIP_TIMEOUT_MS (30 * 60 * 1000) /* of a whole zip, while bytes keep coming */

enum upstream_code {
	UPSTREAM_ERR = -1,             /* the environment failed (disk, memory) */
	UPSTREAM_ERR_ABSENT = -2,      /* every upstream that was asked answered 404 or 410 */
	UPSTREAM_ERR_UNAVAILABLE = -3, /* connection, TLS, 5xx, another status, or no upstream is configured for this module */
	UPSTREAM_ERR_TIMEOUT = -4,     /* the upstream did not answer in time */
	UPSTREAM_ERR_REFUSED = -5,     /* 401 or 403: the upstream refuses us */
	UPSTREAM_ERR_BAD = -6,         /* the answer is not what the protocol says, or names another version */
	UPSTREAM_ERR_LIMIT = -7        /* the answer is larger than allowed */
};

/* All borrowed during upstream_open() only. */
struct upstream_server {
	const char *url;            /* http(s)://host[:port][/path], a trailing '/' is dropped; no user, query or fragment */
	bool fallback_any_error;    /* to the next on any error, not only 404 and 410 */
	const char *const *modules; /* patterns; none: every module */
	size_t modules_count;
	const char *ca_file; /* PEM; NULL: the system's */
};
struct upstream_database {
	const char *name;    /* of the checksum database: sumdb_database_name() */
	const char *url;     /* its own address; NULL: through the first upstream that supports it */
	const char *ca_file; /* with url: PEM; NULL: the system's */
};
struct upstream_options {
	struct http_client *http; /* borrowed for the life of the handle */
	const struct upstream_server *servers;
	size_t servers_count;
	const struct upstream_database *databases;
	size_t databases_count;
	int64_t stall_ms, making_ms; /* 0: as above */
};

struct upstream;

/* UPSTREAM_ERR_BAD: a url that cannot be used; UPSTREAM_ERR. Connects to nothing yet. */
int upstream_open(const struct upstream_options *options, struct upstream **upstream_out, struct err *err);
/* No call may be under way. */
void upstream_close(struct upstream **upstream);

/* Is any upstream configured for this module? Without network. */
bool upstream_serves(const struct upstream *upstream, const struct public_module *module);

/* What an answer to .info or @latest says. */
struct upstream_version {
	char version[MODULE_VERSION_MAX + 1]; /* canonical, fits the path */
	int64_t time_s;                       /* commit time, seconds since 1970 UTC */
};

/* Appends the versions, one a line, each canonical, fitting, no pseudo-version, in the order of semver_order, without repetition. */
int upstream_list(struct upstream *upstream, const struct public_module *module, struct buf *out, struct err *err);
/* Appends {"Version","Time","Origin"} and nothing else of the answer. */
int upstream_latest(
	struct upstream *upstream, const struct public_module *module, struct upstream_version *version_out, struct buf *json_out, struct err *err);
/* query: a version, branch, tag or hash. A canonical version that fits the path is answered with itself or it is UPSTREAM_ERR_BAD. */
int upstream_info(struct upstream *upstream, const struct public_module *module, struct slice query, struct upstream_version *version_out,
	struct buf *json_out, struct err *err);
/* version must be canonical and fit the path. Appends the file as received (at most GOMOD_BYTES_MAX). Not proved: that is the caller's. */
int upstream_mod(struct upstream *upstream, const struct public_module *module, struct slice version, struct buf *out, struct err *err);
/*
 * Writes the zip into fd (open for writing, truncated and rewound before each upstream), at most MODULE_ZIP_BYTES_MAX. Not proved. On failure
 * what fd holds is not to be used.
 */
int upstream_zip(struct upstream *upstream, const struct public_module *module, struct slice version, int fd, int64_t *bytes_out, struct err *err);

/*
 * The network side of a checksum database, for sumdb_check() and its like. The first upstream that answers 200 to
 * /sumdb/<name>/supported is used from then on, and looked for again after a failure; a database with a url is asked there.
 * module: what may be looked up, NULL for tiles and heads alone. database is a name of the options; UPSTREAM_ERR_BAD for another.
 * Both outs belong to the caller, who keeps them and module alive while the source is used; nothing has to be closed.
 */
struct upstream_source {
	struct upstream *upstream;
	size_t database;
	const struct public_module *module;
};
int upstream_sumdb_source(struct upstream *upstream, const char *database, const struct public_module *module, struct upstream_source *ctx_out,
	struct sumdb_source *source_out, struct err *err);

#endif
