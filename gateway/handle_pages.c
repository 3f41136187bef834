/* What is not a module: sign-in check, health, version, metrics. */
#include "gateway/gateway_private.h"

#include "base/json.h"

#define METRICS_BYTES_MAX (256 * 1024)

static enum step_result page(struct request *request, unsigned status, const char *content_type, const char *text)
{
	request->status = status;
	request->content_type = content_type;
	request->text = text != NULL ? slice_of(text) : SLICE("");
	return STEP_DONE;
}

/* The go command's git helper asks with HEAD whether a credential is good. */
enum step_result handle_root(struct request *request)
{
	return page(request, MHD_HTTP_OK, "text/plain; charset=utf-8",
		arena_printf(request->arena, "modgate: signed in as %s\n", request->auth.identity->user));
}

enum step_result handle_livez(struct request *request)
{
	return page(request, MHD_HTTP_OK, "text/plain; charset=utf-8", "ok\n");
}

enum step_result handle_readyz(struct request *request)
{
	char why[ERR_TEXT_MAX];
	if (gateway_ready(request->gateway, why, sizeof(why)))
		return page(request, MHD_HTTP_OK, "text/plain; charset=utf-8", "ok\n");
	return page(request, MHD_HTTP_SERVICE_UNAVAILABLE, "text/plain; charset=utf-8", arena_printf(request->arena, "%s\n", why));
}

enum step_result handle_version(struct request *request)
{
	struct buf text = BUF_INIT(1024);
	struct json_writer json;
	json_writer_init(&json, &text);
	json_object_begin(&json, NULL);
	json_write_text(&json, "name", SLICE("modgate"));
	json_write_text(&json, "version", SLICE(MODGATE_VERSION));
	json_object_end(&json);
	buf_add_char(&text, '\n');
	const char *body = arena_text(request->arena, buf_slice(&text));
	buf_free(&text);
	return page(request, MHD_HTTP_OK, "application/json", body);
}

enum step_result handle_metrics(struct request *request)
{
	struct gateway *gateway = request->gateway;
	struct buf text = BUF_INIT(METRICS_BYTES_MAX);
	struct audit_state audit;
	struct supply_state supply;
	struct auth_counts auth;
	char why[ERR_TEXT_MAX];
	auth_counts_read(gateway->auth, &auth);
	audit_state(gateway->audit, &audit);
	supply_state(gateway->supply, &supply);
	struct metrics_gauges gauges = {
		.audit_rows = audit.size,
		.audit_queue = audit.queued,
		.audit_index_lag = audit.size - audit.indexed,
		.directory_queue = pool_queued(gateway->directory),
		.store_queue = supply.store_queued,
		.git_queue = supply.git_queued,
		.fetch_queue = supply.fetch_queued,
		.fetches_active = supply.fetches_active,
		.cache_hits = supply.cache_hits,
		.cache_misses = supply.cache_misses,
		.directory_binds = auth.directory_binds,
		.directory_searches = auth.directory_searches,
		.jwt_verified = auth.jwt_verified,
		.sign_ins_shared = auth.shared,
		.ready = gateway_ready(gateway, why, sizeof(why)),
		.start_s = gateway->start_s,
	};
	metrics_write(&gateway->metrics, &gauges, &text);
	const char *body = buf_failed(&text) ? NULL : arena_text(request->arena, buf_slice(&text));
	buf_free(&text);
	if (body == NULL)
		return page(request, MHD_HTTP_SERVICE_UNAVAILABLE, "text/plain; charset=utf-8", "the metrics do not fit into memory\n");
	return page(request, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", body);
}
