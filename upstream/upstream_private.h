/* Shared by the files of upstream/. */
#ifndef UPSTREAM_UPSTREAM_PRIVATE_H
#define UPSTREAM_UPSTREAM_PRIVATE_H

#include <pthread.h>
#include <stdbool.h>

#include "upstream/upstream.h"

#define UPSTREAM_URL_MAX 2048 /* of a configured url */

struct upstream_peer {
	char *url;     /* without a trailing '/' */
	char *ca_file; /* or NULL */
	char *name;    /* for sentences: "upstream 1 at proxy.example:8443" */
};

struct upstream_proxy {
	struct upstream_peer peer;
	bool fallback_any_error;
	char **modules;
	size_t modules_count; /* 0: every module */
};

struct upstream_log {
	char *name;
	struct upstream_peer peer; /* url NULL: through a proxy */
	ptrdiff_t proxy;           /* the one that supports it, -1: not known; guarded by the mutex */
};

struct upstream {
	struct http_client *http;
	struct upstream_proxy *proxies;
	size_t proxies_count;
	struct upstream_log *logs;
	size_t logs_count;
	int64_t stall_ms, making_ms;
	pthread_mutex_t mutex;
};

/* --- url.c ---------------------------------------------------------------------------------------------------------------------- */

/* Copies an address that can be used; what says whose it is. UPSTREAM_ERR_BAD, UPSTREAM_ERR. Free with upstream_peer_free(), also after a failure. */
int upstream_peer_set(struct upstream_peer *peer, const char *what, const char *url, const char *ca_file, struct err *err);
void upstream_peer_free(struct upstream_peer *peer);
/* Appends "<module escaped>/@v/<version or query escaped><suffix>", percent-encoded. UPSTREAM_ERR_ABSENT: no server can have that name. */
int upstream_url_file(const struct public_module *module, struct slice query, const char *suffix, struct buf *out, struct err *err);
/* Appends "<module escaped><suffix>". */
int upstream_url_module(const struct public_module *module, const char *suffix, struct buf *out, struct err *err);
/* Appends "lookup/<module escaped>@<version escaped>". */
int upstream_url_lookup(const struct public_module *module, struct slice version, struct buf *out, struct err *err);

/* --- fetch.c --------------------------------------------------------------------------------------------------------------------- */

/* What to get, and where its bytes go: into body, or else into fd. */
struct upstream_fetch {
	const char *tail; /* after "<url>/" */
	size_t bytes_max;
	bool made; /* may have to be made before its first byte comes */
	int64_t timeout_ms;
	struct buf *body;
	int fd;
	int64_t bytes; /* written to fd */
};
/* One GET of one peer; any code of enum upstream_code. */
int upstream_get(struct upstream *upstream, const struct upstream_peer *peer, struct upstream_fetch *fetch, struct err *err);

bool upstream_proxy_matches(const struct upstream_proxy *proxy, struct slice path);

/* Asks the proxies for the module in order, as the file's comment says, until attempt answers 0. */
typedef int upstream_attempt(struct upstream *upstream, const struct upstream_proxy *proxy, void *ctx, struct err *err);
int upstream_try(struct upstream *upstream, const struct public_module *module, upstream_attempt *attempt, void *ctx, struct err *err);

/* --- info.c, list.c: answers -------------------------------------------------------------------------------------------------------- */

/* query empty: any version will do. UPSTREAM_ERR_BAD. */
int upstream_info_read(
	struct slice body, struct slice path, struct slice query, struct upstream_version *version_out, struct buf *json_out, struct err *err);
/* UPSTREAM_ERR: memory. Lines that are no version of the module are dropped. */
int upstream_list_read(struct slice body, struct slice path, struct buf *out, struct err *err);

#endif
