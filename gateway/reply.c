/* Step 7: the one place where a response is made and queued. Source: RFC 9110, RFC 9111 section 5.2, RFC 9211. */
#include "gateway/gateway_private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/range.h"

#define BLOCK_BYTES (64 * 1024) /* of a file at a time: under TLS a callback with large blocks is twice as fast as a descriptor */

/* A part of a file on its way out. */
struct file_part {
	int fd;
	int64_t start;
	int64_t bytes;
	struct request *request;
};

static ssize_t file_part_read(void *ctx, uint64_t at, char *out, size_t room)
{
	struct file_part *part = ctx;
	int64_t left = part->bytes - (int64_t)at;
	if (left <= 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	size_t want = left < (int64_t)room ? (size_t)left : room;
	ssize_t got;
	do {
		got = pread(part->fd, out, want, (off_t)(part->start + (int64_t)at));
	} while (got < 0 && errno == EINTR);
	if (got <= 0)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	part->request->sent_bytes = (int64_t)at + got;
	return got;
}

static struct MHD_Response *file_response(struct request *request)
{
	struct file_part *part = arena_alloc(request->arena, sizeof(*part));
	if (part == NULL)
		return NULL;
	*part = (struct file_part){ .fd = request->file_fd, .start = request->first, .bytes = request->bytes, .request = request };
	return MHD_create_response_from_callback((uint64_t)request->bytes, BLOCK_BYTES, file_part_read, part, NULL);
}

/* The bytes live in the arena or in the answer, both until the request is closed. */
static struct MHD_Response *memory_response(struct slice body)
{
	return MHD_create_response_from_buffer(body.len, (void *)(uintptr_t)body.ptr, MHD_RESPMEM_PERSISTENT);
}

static void header(struct MHD_Response *response, const char *name, const char *value)
{
	if (value != NULL && value[0] != '\0')
		MHD_add_response_header(response, name, value);
}

/* How long, and for whom, may the answer be kept? */
static const char *cache_control(struct request *request)
{
	const struct supply_answer *answer = request->answer;
	enum endpoint endpoint = request->route->endpoint;
	if (request->status >= 400 || answer == NULL)
		return "no-store";
	if (answer->is_mutable || endpoint == ENDPOINT_LIST || endpoint == ENDPOINT_LATEST)
		return arena_printf(request->arena, "%s, max-age=%" PRId64, request->public_cache ? "public" : "private", answer->ttl_s);
	return request->public_cache ? "public, max-age=604800, immutable" : "private, max-age=604800, immutable";
}

static void artifact_headers(struct request *request, struct MHD_Response *response)
{
	const struct supply_answer *answer = request->answer;
	header(response, MHD_HTTP_HEADER_ETAG, request->etag);
	header(response, "X-Go-Checksum", answer->h1);
	if (answer->file != NULL)
		header(response, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes");
	if (answer->stale && answer->age_s != SUPPLY_AGE_UNKNOWN)
		header(response, MHD_HTTP_HEADER_AGE, arena_printf(request->arena, "%" PRId64, answer->age_s));
	if (answer->stale)
		header(response, "Cache-Status", "modgate; hit; stale");
}

static void common_headers(struct request *request, struct MHD_Response *response)
{
	header(response, "X-Request-Id", request->id);
	header(response, MHD_HTTP_HEADER_CONTENT_TYPE, request->status == MHD_HTTP_NOT_MODIFIED ? NULL : request->content_type);
	header(response, "X-Content-Type-Options", "nosniff");
	header(response, MHD_HTTP_HEADER_CACHE_CONTROL, request->route != NULL ? cache_control(request) : "no-store");
	header(response, MHD_HTTP_HEADER_CONTENT_RANGE, request->content_range);
	header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, request->challenge);
	if (request->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		header(response, MHD_HTTP_HEADER_ALLOW, request->allow != NULL ? request->allow : "GET, HEAD");
	if (request->status == MHD_HTTP_SERVICE_UNAVAILABLE || request->status == MHD_HTTP_TOO_MANY_REQUESTS)
		header(response, MHD_HTTP_HEADER_RETRY_AFTER, "5");
	if (request->close || atomic_load(&request->gateway->draining))
		header(response, MHD_HTTP_HEADER_CONNECTION, "close");
}

/* Which bytes of the file? Range and If-Range are honoured only here, where a download may be cut. */
static void select_range(struct request *request)
{
	const struct supply_answer *answer = request->answer;
	struct slice range = request_header(request, MHD_HTTP_HEADER_RANGE);
	struct slice if_range = request_header(request, MHD_HTTP_HEADER_IF_RANGE);
	int64_t first = 0, last = answer->bytes - 1;
	if (request->head || (if_range.ptr != NULL && !etag_is(if_range, slice_of(answer->etag))))
		range = SLICE_NONE;

	request->first = 0;
	request->bytes = answer->bytes;
	switch (range_parse(range, answer->bytes, &first, &last)) {
	case RANGE_WHOLE:
		break;
	case RANGE_PART:
		request->status = MHD_HTTP_PARTIAL_CONTENT;
		request->first = first;
		request->bytes = last - first + 1;
		request->content_range = arena_printf(request->arena, "bytes %" PRId64 "-%" PRId64 "/%" PRId64, first, last, answer->bytes);
		break;
	case RANGE_UNSATISFIABLE:
		request->content_range = arena_printf(request->arena, "bytes */%" PRId64, answer->bytes);
		request_refuse(request, MHD_HTTP_RANGE_NOT_SATISFIABLE, "modgate: the file has %" PRId64 " bytes", answer->bytes);
		break;
	}
}

/* Whoever wrote into it left a trace. It may be the same bytes all the same: asked for again, it is read through. */
static bool is_as_stored(const struct stat *status, const struct supply_answer *answer)
{
	return S_ISREG(status->st_mode) && status->st_size == answer->bytes &&
	       (int64_t)status->st_ctim.tv_sec * 1000000000 + status->st_ctim.tv_nsec == answer->file_changed_ns;
}

/* Only what was stored there: a pipe would hold the event loop until somebody writes to it, a link leads elsewhere. */
static bool open_file(struct request *request)
{
	struct stat status;
	int fd = open(request->answer->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0 && fstat(fd, &status) == 0 && is_as_stored(&status, request->answer)) {
		request->file_fd = fd;
		return true;
	}
	log_write(&request->gateway->log, LOG_LEVEL_WARNING, request->id, "%s is gone, or cannot be read, or was touched since it was stored%s",
		request->answer->file, request->again ? "" : "; it is looked through, or made anew");
	if (fd >= 0)
		close(fd);
	return false;
}

/* A file is opened before its access is recorded: the record must not say 200 of what cannot be read. */
static void select_file(struct request *request)
{
	if (open_file(request))
		select_range(request);
	else if (!request->again)
		request_supply_again(request);
	else
		request_refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE, "modgate: the stored file cannot be read; the operator's log says more");
}

enum step_result reply_select(struct request *request)
{
	const struct supply_answer *answer = request->answer;
	if (request->status != MHD_HTTP_OK || answer == NULL)
		return STEP_DONE;
	if (request->body.ptr == NULL)
		request->body = answer->body;
	request->bytes = (int64_t)request->body.len;
	if (etag_listed(request_header(request, MHD_HTTP_HEADER_IF_NONE_MATCH), slice_of(request->etag))) {
		request->status = MHD_HTTP_NOT_MODIFIED;
		request->body = SLICE_NONE;
		request->bytes = 0;
	} else if (answer->file != NULL) {
		select_file(request);
	}
	return STEP_DONE;
}

enum MHD_Result reply_send(struct request *request)
{
	bool artifact = request->answer != NULL && request->status < 400;
	struct MHD_Response *response;
	if (artifact && request->answer->file != NULL && request->status != MHD_HTTP_NOT_MODIFIED)
		response = file_response(request);
	else
		response = memory_response(artifact ? request->body : request->text);
	if (response == NULL)
		return MHD_NO;
	if (artifact)
		artifact_headers(request, response);
	common_headers(request, response);
	enum MHD_Result queued = MHD_queue_response(request->connection, request->status, response);
	MHD_destroy_response(response);
	if (queued == MHD_YES) {
		request->replied = true;
		atomic_fetch_sub(&request->gateway->unanswered, 1);
	}
	return queued;
}
