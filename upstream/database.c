/* The network side of checksum databases, as a source for sumdb. Source: go.dev/design/25530-sumdb, "Proxying a Checksum Database". */
#include <string.h>

#include "upstream/upstream_private.h"

#define PROBE_BYTES_MAX (64 * 1024)

static int get(struct upstream *upstream, const struct upstream_peer *peer, const char *tail, struct buf *body, size_t bytes_max, struct err *err)
{
	struct upstream_fetch fetch = { .tail = tail, .bytes_max = bytes_max, .body = body };

	return upstream_get(upstream, peer, &fetch, err);
}

/* The first proxy that answers 200 to "supported"; the rules of the list are those for modules. */
static int probe(struct upstream *upstream, const struct upstream_log *log, ptrdiff_t *proxy_out, struct err *err)
{
	struct buf tail = BUF_INIT(UPSTREAM_URL_MAX), body = BUF_INIT(PROBE_BYTES_MAX);
	int rc = UPSTREAM_ERR_ABSENT;
	bool next = true;

	buf_printf(&tail, "sumdb/%s/supported", log->name);
	for (size_t i = 0; next && i < upstream->proxies_count; i++) {
		const struct upstream_proxy *proxy = &upstream->proxies[i];

		buf_reset(&body);
		rc = get(upstream, &proxy->peer, buf_text(&tail), &body, PROBE_BYTES_MAX, err);
		if (rc == 0)
			*proxy_out = (ptrdiff_t)i;
		next = rc == UPSTREAM_ERR_ABSENT || (rc != 0 && proxy->fallback_any_error);
	}
	if (rc == UPSTREAM_ERR_ABSENT)
		err_set(err, rc, "no upstream offers checksum database %s; give it a url of its own", log->name);
	buf_free(&body);
	buf_free(&tail);
	return rc;
}

static int find_proxy(struct upstream *upstream, struct upstream_log *log, ptrdiff_t *proxy_out, struct err *err)
{
	int rc = 0;

	pthread_mutex_lock(&upstream->mutex);
	*proxy_out = log->proxy;
	pthread_mutex_unlock(&upstream->mutex);
	if (*proxy_out >= 0)
		return 0;
	rc = probe(upstream, log, proxy_out, err);
	if (rc == 0) {
		pthread_mutex_lock(&upstream->mutex);
		log->proxy = *proxy_out;
		pthread_mutex_unlock(&upstream->mutex);
	}
	return rc;
}

static void forget_proxy(struct upstream *upstream, struct upstream_log *log)
{
	pthread_mutex_lock(&upstream->mutex);
	log->proxy = -1;
	pthread_mutex_unlock(&upstream->mutex);
}

static int code_for_sumdb(int rc)
{
	if (rc == 0)
		return 0;
	if (rc == UPSTREAM_ERR)
		return SUMDB_ERR;
	return rc == UPSTREAM_ERR_ABSENT ? SUMDB_ERR_ABSENT : SUMDB_ERR_UNAVAILABLE;
}

/* rest: "latest", "tile/...", "lookup/...". */
static int ask(const struct upstream_source *source, const char *rest, struct buf *out, struct err *err)
{
	struct upstream *upstream = source->upstream;
	struct upstream_log *log = &upstream->logs[source->database];
	struct buf tail = BUF_INIT(UPSTREAM_URL_MAX + 8 * (MODULE_PATH_MAX + MODULE_VERSION_MAX));
	ptrdiff_t proxy = -1;
	int rc = 0;

	if (log->peer.url != NULL) {
		rc = get(upstream, &log->peer, rest, out, out->max, err);
	} else if (find_proxy(upstream, log, &proxy, err) != 0) {
		rc = UPSTREAM_ERR_UNAVAILABLE;
	} else {
		buf_printf(&tail, "sumdb/%s/%s", log->name, rest);
		rc = get(upstream, &upstream->proxies[proxy].peer, buf_text(&tail), out, out->max, err);
		if (rc != 0 && rc != UPSTREAM_ERR_ABSENT)
			forget_proxy(upstream, log);
	}
	buf_free(&tail);
	return rc == 0 ? 0 : err_prepend(err, code_for_sumdb(rc), "checksum database %s", log->name);
}

static int source_lookup(void *ctx, struct slice version, struct buf *out, struct err *err)
{
	const struct upstream_source *source = ctx;
	struct buf rest = BUF_INIT(8 * (MODULE_PATH_MAX + MODULE_VERSION_MAX));
	int rc = upstream_url_lookup(source->module, version, &rest, err);

	rc = rc == 0 ? ask(source, buf_text(&rest), out, err) : code_for_sumdb(rc);
	buf_free(&rest);
	return rc;
}

static int source_tile(void *ctx, const struct tile *tile, struct buf *out, struct err *err)
{
	char path[SUMDB_TILE_PATH_MAX];

	sumdb_tile_path(tile, path);
	return ask(ctx, path, out, err);
}

static int source_latest(void *ctx, struct buf *out, struct err *err)
{
	return ask(ctx, "latest", out, err);
}

static int no_lookup(void *ctx, struct slice version, struct buf *out, struct err *err)
{
	(void)ctx;
	(void)version;
	(void)out;
	return err_set(err, SUMDB_ERR, "this source is of tiles alone");
}

static const struct sumdb_source_calls calls_with_module = { .lookup = source_lookup, .tile = source_tile, .latest = source_latest };
static const struct sumdb_source_calls calls_without = { .lookup = no_lookup, .tile = source_tile, .latest = source_latest };

int upstream_sumdb_source(struct upstream *upstream, const char *database, const struct public_module *module, struct upstream_source *ctx_out,
	struct sumdb_source *source_out, struct err *err)
{
	for (size_t i = 0; i < upstream->logs_count; i++) {
		if (strcmp(upstream->logs[i].name, database) != 0)
			continue;
		*ctx_out = (struct upstream_source){ .upstream = upstream, .database = i, .module = module };
		source_out->calls = module != NULL ? &calls_with_module : &calls_without;
		source_out->ctx = ctx_out;
		source_out->module = module != NULL ? public_module_path(module) : SLICE_NONE;
		return 0;
	}
	return err_set(err, UPSTREAM_ERR_BAD, "checksum database %s is not configured", database);
}
