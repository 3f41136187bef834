/* One GET, and the order in which proxies are asked. Source: go.dev/ref/mod#goproxy-protocol, "GOPROXY" in go.dev/ref/mod#environment-variables. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "module/pattern.h"
#include "upstream/upstream_private.h"

#define REASON_MAX 200 /* of what an upstream says, in our sentence */

static int write_all(void *ctx, const char *bytes, size_t len)
{
	struct upstream_fetch *fetch = ctx;

	while (len > 0) {
		ssize_t n = write(fetch->fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			fetch->bytes = -errno;
			return -1;
		}
		bytes += n;
		len -= (size_t)n;
		fetch->bytes += n;
	}
	return 0;
}

/* The first line of a text, if it can be shown. */
static struct slice reason_of(const struct http_response *response)
{
	struct slice line, rest;

	if (!slice_starts(slice_of(response->content_type), SLICE("text/plain")))
		return SLICE_NONE;
	slice_cut(buf_slice(&response->body), '\n', &line, &rest);
	return slice_is_utf8(line) ? slice_cut_utf8(line, REASON_MAX) : SLICE_NONE;
}

static int status_code(long status)
{
	switch (status) {
	case 200:
		return 0;
	case 404:
	case 410:
		return UPSTREAM_ERR_ABSENT;
	case 401:
	case 403:
		return UPSTREAM_ERR_REFUSED;
	default:
		return UPSTREAM_ERR_UNAVAILABLE;
	}
}

static int judge_status(const struct upstream_peer *peer, const char *tail, const struct http_response *response, struct err *err)
{
	struct slice reason = reason_of(response);
	int code = status_code(response->status);

	if (code == 0)
		return 0;
	if (response->status >= 300 && response->status < 400)
		reason = SLICE("it sends us elsewhere, which is not followed in this version; the operator names an upstream that answers itself");
	return err_set(err, code, "%s answered %ld for %s%s%.*s", peer->name, response->status, tail, reason.len > 0 ? ": " : "", SLICE_ARG(reason));
}

static int judge_failure(const struct upstream_peer *peer, const struct upstream_fetch *fetch, int rc, struct err *err)
{
	if (fetch->body == NULL && fetch->bytes < 0)
		return err_set(err, UPSTREAM_ERR, "cannot write the file that is being fetched: %s", strerror((int)-fetch->bytes));
	err_prepend(err, rc, "%s was asked for %s", peer->name, fetch->tail);
	if (rc == BASE_ERR_TIMEOUT)
		return UPSTREAM_ERR_TIMEOUT;
	return rc == BASE_ERR_LIMIT ? UPSTREAM_ERR_LIMIT : UPSTREAM_ERR_UNAVAILABLE;
}

int upstream_get(struct upstream *upstream, const struct upstream_peer *peer, struct upstream_fetch *fetch, struct err *err)
{
	struct buf url = BUF_INIT(UPSTREAM_URL_MAX + 8 * (MODULE_PATH_MAX + MODULE_VERSION_MAX));
	struct http_request request = {
		.ca_file = peer->ca_file,
		.body_max = fetch->bytes_max,
		.first_timeout_ms = fetch->made ? upstream->making_ms : upstream->stall_ms,
		.stall_timeout_ms = upstream->stall_ms,
		.timeout_ms = fetch->timeout_ms,
	};
	struct http_response response = { .status = 0 };
	int rc;

	buf_printf(&url, "%s/%s", peer->url, fetch->tail);
	if (buf_failed(&url)) {
		rc = err_set(err, UPSTREAM_ERR, "cannot ask %s: out of memory; try again later", peer->name);
		goto out;
	}
	request.url = buf_text(&url);
	if (fetch->body == NULL) {
		fetch->bytes = 0;
		request.sink = write_all;
		request.sink_ctx = fetch;
	}
	rc = http_fetch(upstream->http, &request, &response, err);
	if (rc != 0)
		rc = judge_failure(peer, fetch, rc, err);
	else
		rc = judge_status(peer, fetch->tail, &response, err);
	if (rc == 0 && fetch->body != NULL)
		buf_add_slice(fetch->body, buf_slice(&response.body));
	http_response_free(&response);
out:
	buf_free(&url);
	return rc;
}

bool upstream_proxy_matches(const struct upstream_proxy *proxy, struct slice path)
{
	for (size_t i = 0; i < proxy->modules_count; i++)
		if (module_pattern_match(slice_of(proxy->modules[i]), path))
			return true;
	return proxy->modules_count == 0;
}

int upstream_try(struct upstream *upstream, const struct public_module *module, upstream_attempt *attempt, void *ctx, struct err *err)
{
	struct slice path = public_module_path(module);
	int worst = 0;

	for (size_t i = 0; i < upstream->proxies_count; i++) {
		const struct upstream_proxy *proxy = &upstream->proxies[i];
		struct err reason = ERR_INIT;
		int rc;

		if (!upstream_proxy_matches(proxy, path))
			continue;
		rc = attempt(upstream, proxy, ctx, &reason);
		if (rc == 0)
			return 0;
		/* "Absent" counts only while nobody has failed otherwise: what could not be asked may have it. */
		if (rc != UPSTREAM_ERR_ABSENT || worst == 0 || worst == UPSTREAM_ERR_ABSENT)
			worst = err_set(err, rc, "%s", reason.text);
		if (rc == UPSTREAM_ERR || (rc != UPSTREAM_ERR_ABSENT && !proxy->fallback_any_error))
			break;
	}
	if (worst == 0)
		return err_set(err, UPSTREAM_ERR_UNAVAILABLE, "no upstream is configured for %.*s", SLICE_ARG(path));
	return worst;
}
