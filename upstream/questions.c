/* What can be asked of the module upstreams. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "module/gomod.h"
#include "module/zip.h"
#include "upstream/upstream_private.h"

/* One question, put to each proxy in turn. */
struct question {
	const struct public_module *module;
	struct slice query; /* empty: the latest version */
	struct upstream_fetch fetch;
	struct upstream_version *version_out;
	struct buf *out;
};

static int attempt_list(struct upstream *upstream, const struct upstream_proxy *proxy, void *ctx, struct err *err)
{
	struct question *question = ctx;
	int rc;

	buf_reset(question->fetch.body);
	rc = upstream_get(upstream, &proxy->peer, &question->fetch, err);
	if (rc == 0)
		rc = upstream_list_read(buf_slice(question->fetch.body), public_module_path(question->module), question->out, err);
	return rc;
}

static int attempt_info(struct upstream *upstream, const struct upstream_proxy *proxy, void *ctx, struct err *err)
{
	struct question *question = ctx;
	int rc;

	buf_reset(question->fetch.body);
	rc = upstream_get(upstream, &proxy->peer, &question->fetch, err);
	if (rc == 0)
		rc = upstream_info_read(buf_slice(question->fetch.body), public_module_path(question->module), question->query, question->version_out,
			question->out, err);
	return rc == UPSTREAM_ERR_BAD ? err_prepend(err, rc, "%s", proxy->peer.name) : rc;
}

static int attempt_mod(struct upstream *upstream, const struct upstream_proxy *proxy, void *ctx, struct err *err)
{
	struct question *question = ctx;

	return upstream_get(upstream, &proxy->peer, &question->fetch, err);
}

static int attempt_zip(struct upstream *upstream, const struct upstream_proxy *proxy, void *ctx, struct err *err)
{
	struct question *question = ctx;

	if (ftruncate(question->fetch.fd, 0) != 0 || lseek(question->fetch.fd, 0, SEEK_SET) != 0)
		return err_set(err, UPSTREAM_ERR, "cannot empty the file for a zip: %s", strerror(errno));
	return upstream_get(upstream, &proxy->peer, &question->fetch, err);
}

/* Time for a file of a version: to be made, and to come. */
#define FILE_TIMEOUT_MS (UPSTREAM_MAKING_MS + 60000)
/* Room for the tail of any URL. */
#define TAIL_MAX (8 * (MODULE_PATH_MAX + MODULE_VERSION_MAX))

int upstream_list(struct upstream *upstream, const struct public_module *module, struct buf *out, struct err *err)
{
	struct buf tail = BUF_INIT(TAIL_MAX), body = BUF_INIT(UPSTREAM_LIST_BYTES_MAX);
	struct question question = { .module = module, .out = out };
	int rc = upstream_url_module(module, "/@v/list", &tail, err);

	question.fetch = (struct upstream_fetch){ .tail = buf_text(&tail), .bytes_max = UPSTREAM_LIST_BYTES_MAX, .body = &body };
	if (rc == 0)
		rc = upstream_try(upstream, module, attempt_list, &question, err);
	buf_free(&body);
	buf_free(&tail);
	return rc;
}

/* A branch or the latest version is what the upstream knows now; only the file of a version may have to be made. */
static int ask_info(struct upstream *upstream, struct question *question, struct buf *tail, struct err *err)
{
	struct buf body = BUF_INIT(UPSTREAM_INFO_BYTES_MAX);
	bool made = question->query.len > 0 && module_check(public_module_path(question->module), question->query, NULL) == 0;
	int rc;

	question->fetch = (struct upstream_fetch){
		.tail = buf_text(tail), .bytes_max = UPSTREAM_INFO_BYTES_MAX, .made = made, .timeout_ms = made ? FILE_TIMEOUT_MS : 0, .body = &body
	};
	rc = upstream_try(upstream, question->module, attempt_info, question, err);
	buf_free(&body);
	return rc;
}

int upstream_latest(
	struct upstream *upstream, const struct public_module *module, struct upstream_version *version_out, struct buf *json_out, struct err *err)
{
	struct buf tail = BUF_INIT(TAIL_MAX);
	struct question question = { .module = module, .version_out = version_out, .out = json_out };
	int rc = upstream_url_module(module, "/@latest", &tail, err);

	if (rc == 0)
		rc = ask_info(upstream, &question, &tail, err);
	buf_free(&tail);
	return rc;
}

int upstream_info(struct upstream *upstream, const struct public_module *module, struct slice query, struct upstream_version *version_out,
	struct buf *json_out, struct err *err)
{
	struct buf tail = BUF_INIT(TAIL_MAX);
	struct question question = { .module = module, .query = query, .version_out = version_out, .out = json_out };
	int rc = upstream_url_file(module, query, ".info", &tail, err);

	if (rc == 0)
		rc = ask_info(upstream, &question, &tail, err);
	buf_free(&tail);
	return rc;
}

int upstream_mod(struct upstream *upstream, const struct public_module *module, struct slice version, struct buf *out, struct err *err)
{
	struct buf tail = BUF_INIT(TAIL_MAX);
	struct question question = { .module = module };
	int rc = upstream_url_file(module, version, ".mod", &tail, err);

	question.fetch = (struct upstream_fetch){
		.tail = buf_text(&tail), .bytes_max = GOMOD_BYTES_MAX, .made = true, .timeout_ms = FILE_TIMEOUT_MS, .body = out
	};
	if (rc == 0)
		rc = upstream_try(upstream, module, attempt_mod, &question, err);
	if (rc == 0 && buf_failed(out))
		rc = err_set(err, UPSTREAM_ERR_LIMIT, "the go.mod of %.*s@%.*s is larger than there is room for",
			SLICE_ARG(public_module_path(module)), SLICE_ARG(version));
	buf_free(&tail);
	return rc;
}

int upstream_zip(struct upstream *upstream, const struct public_module *module, struct slice version, int fd, int64_t *bytes_out, struct err *err)
{
	struct buf tail = BUF_INIT(TAIL_MAX);
	struct question question = { .module = module };
	int rc = upstream_url_file(module, version, ".zip", &tail, err);

	question.fetch = (struct upstream_fetch){
		.tail = buf_text(&tail), .bytes_max = (size_t)MODULE_ZIP_BYTES_MAX, .made = true, .timeout_ms = UPSTREAM_ZIP_TIMEOUT_MS, .fd = fd
	};
	if (rc == 0)
		rc = upstream_try(upstream, module, attempt_zip, &question, err);
	if (rc == 0)
		*bytes_out = question.fetch.bytes;
	buf_free(&tail);
	return rc;
}
