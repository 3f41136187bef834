/*
 * Step 1: the head. Everything that could let two readers of one byte stream disagree is refused and the connection closed (RFC 9112
 * section 11.2); then the one canonical target and its route are found.
 */
#include "gateway/gateway_private.h"

#include <string.h>
#include <time.h>

#include "base/hash.h"
#include "module/path.h"

struct head_counts {
	unsigned hosts, authorizations, lengths, encodings;
	struct slice length;
	bool odd_name;
};

/* RFC 9110 section 5.6.2. Above all no space before the colon: whoever stands before us may read the name without it. */
static bool is_token(struct slice name)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (!alphanumeric && memchr(marks, c, sizeof(marks) - 1) == NULL)
			return false;
	}
	return name.len > 0;
}

static enum MHD_Result count_header(void *ctx, enum MHD_ValueKind kind, const char *name, size_t name_len, const char *value, size_t value_len)
{
	(void)kind;
	struct head_counts *counts = ctx;
	struct slice header = slice_make(name, name_len);
	counts->odd_name = counts->odd_name || !is_token(header);
	counts->hosts += slice_equal_nocase(header, SLICE("Host"));
	counts->authorizations += slice_equal_nocase(header, SLICE("Authorization"));
	counts->encodings += slice_equal_nocase(header, SLICE("Transfer-Encoding"));
	if (slice_equal_nocase(header, SLICE("Content-Length"))) {
		counts->lengths++;
		counts->length = slice_make(value, value_len);
	}
	return MHD_YES;
}

/* A POST may have one, of a length that is said: no reader can be of another opinion where it ends. */
static const char *body_fault(struct request *request, const struct head_counts *counts, bool post)
{
	if (counts->encodings == 0 && (counts->lengths == 0 || slice_equal(counts->length, SLICE("0"))))
		return NULL;
	if (!post)
		return "a request here has no body";
	if (counts->encodings > 0)
		return "a body here comes with Content-Length and without Transfer-Encoding";
	for (size_t i = 0; i < counts->length.len; i++) {
		char c = counts->length.ptr[i];
		if (c < '0' || c > '9' || request->body_left > WEBHOOK_BODY_MAX)
			return c < '0' || c > '9' ? "Content-Length is no number" : NULL;
		request->body_left = request->body_left * 10 + (c - '0');
	}
	return NULL;
}

static const char *framing_fault(struct request *request, const char *version, bool post)
{
	struct head_counts counts = { 0 };
	const struct connection *peer = request->peer;
	MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, count_header, &counts);

	/* MHD cuts the target at a NUL; the version then does not stand right behind it. */
	if (peer->raw_target == NULL || version != peer->raw_target + peer->raw_target_len + 1)
		return "the request target holds a NUL";
	if (counts.odd_name)
		return "a header's name holds a space or another byte that names do not have";
	if (counts.hosts > 1 || counts.authorizations > 1 || counts.lengths > 1)
		return "Host, Authorization and Content-Length may be given once";
	if (counts.hosts == 0 && !slice_equal(slice_of(version), SLICE("HTTP/1.0")))
		return "Host is missing";
	return body_fault(request, &counts, post);
}

/* Crockford's base 32, 48 bits of milliseconds and 80 random ones: sorts by time (a ULID). */
static void make_id(char out[REQUEST_ID_MAX])
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	uint8_t bytes[16];
	uint64_t milliseconds = (uint64_t)clock_wall_us(&clock_system) / 1000;
	random_bytes(bytes, sizeof(bytes));
	for (int i = 9; i >= 0; i--, milliseconds >>= 5)
		out[i] = digits[milliseconds & 31];
	for (int i = 0; i < 16; i++)
		out[10 + i] = digits[bytes[i] & 31];
	out[26] = '\0';
}

/* An identifier from outside is kept only if it is plain, so that it can stand in a header, a log and a record. */
static bool keep_id(struct slice id, char out[REQUEST_ID_MAX])
{
	if (id.len < 8 || id.len >= REQUEST_ID_MAX)
		return false;
	for (size_t i = 0; i < id.len; i++) {
		char c = id.ptr[i];
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.'))
			return false;
		out[i] = c;
	}
	out[id.len] = '\0';
	return true;
}

static void identify_request(struct request *request)
{
	struct slice parent = request_header(request, "traceparent"), version, trace;
	if (keep_id(request_header(request, "X-Trace-Id"), request->id))
		return;
	/* W3C Trace Context: version "-" trace id "-" parent id "-" flags */
	if (slice_cut(parent, '-', &version, &parent) && slice_cut(parent, '-', &trace, &parent) && trace.len == 32 && keep_id(trace, request->id))
		return;
	make_id(request->id);
}

/* What the placeholders hold, as the rest of the way takes it. */
static int validate(struct request *request, struct err *err)
{
	return request->peer->go_get ? go_get_module(request, err) : target_validate(&request->target, request->arena, err);
}

static void find_route(struct request *request)
{
	const struct connection *peer = request->peer;
	struct slice raw = slice_make(peer->raw_target, peer->raw_target_len), path;
	struct err err = ERR_INIT;
	/* By now MHD has put a NUL where a query string began; a NUL of the client's own was refused before. */
	if (peer->go_get)
		raw.len = strlen(raw.ptr);
	if (slice_has_nul(raw)) {
		request_refuse(request, MHD_HTTP_NOT_FOUND, "modgate: no query string is answered here but ?" TARGET_GO_GET " of a module");
		return;
	}
	int code = target_decode(raw, request->gateway->prefix, request->arena, &path, &err);
	if (code == TARGET_ERR_MALFORMED) {
		request_refuse(request, MHD_HTTP_BAD_REQUEST, "modgate: %s", err.text);
		request->close = true;
		return;
	}
	const struct route *route = code == 0 ? route_find(path, peer->go_get, &request->target) : NULL;
	if (route == NULL)
		request_refuse(request, MHD_HTTP_NOT_FOUND, "modgate: %s", code != 0 ? err.text : "no such path");
	else if (validate(request, &err) != 0)
		request_refuse(request, MHD_HTTP_NOT_FOUND, "modgate: %s", err.text);
	else
		request->route = route;
}

static void refuse_and_close(struct request *request, unsigned status, const char *why)
{
	request_refuse(request, status, "modgate: %s", why);
	request->close = true;
}

/* --- POST ---------------------------------------------------------------------------------------------------------------------------- */

/* The route of a path that takes POST; NULL for every other. */
static const struct route *find_posted(struct request *request)
{
	struct slice raw = slice_make(request->peer->raw_target, request->peer->raw_target_len), path;
	ptrdiff_t end = slice_index(raw, '\0');
	struct target target;
	if (end >= 0)
		raw = slice_sub(raw, 0, (size_t)end);
	if (target_decode(raw, request->gateway->prefix, request->arena, &path, NULL) != 0)
		return NULL;
	const struct route *route = route_find(path, false, &target);
	return route != NULL && route->method == METHOD_POST ? route : NULL;
}

struct arguments {
	unsigned count;
	struct slice name, value;
};

static enum MHD_Result take_argument(void *ctx, enum MHD_ValueKind kind, const char *name, size_t name_len, const char *value, size_t value_len)
{
	(void)kind;
	struct arguments *arguments = ctx;
	arguments->count++;
	arguments->name = slice_make(name, name_len);
	arguments->value = value != NULL ? slice_make(value, value_len) : SLICE_NONE;
	return MHD_YES;
}

/* ?module=M and nothing else: what the body says of a repository is not believed, and so need not be understood. */
static bool find_module(struct request *request, struct err *err)
{
	struct arguments arguments = { 0 };
	MHD_get_connection_values_n(request->connection, MHD_GET_ARGUMENT_KIND, take_argument, &arguments);
	if (arguments.count != 1 || !slice_equal(arguments.name, SLICE("module"))) {
		err_set(err, TARGET_ERR_MALFORMED, "?module=MODULE, once and nothing else, was expected");
		return false;
	}
	return target_decode_value(arguments.value, request->arena, &request->target.module, err) == 0 &&
	       module_path_check(request->target.module, err) == 0;
}

static bool body_is_json(const struct request *request)
{
	struct slice type = request_header(request, MHD_HTTP_HEADER_CONTENT_TYPE), parameters;
	slice_cut(type, ';', &type, &parameters);
	return slice_equal_nocase(slice_trim(type), SLICE("application/json"));
}

/* What is refused here closes the connection, since the body is not read. */
static void parse_post(struct request *request, const struct route *route)
{
	struct err err = ERR_INIT;
	if (request->body_left > WEBHOOK_BODY_MAX)
		refuse_and_close(request, MHD_HTTP_CONTENT_TOO_LARGE, "a body here has at most 1 MiB");
	else if (request->body_left > 0 && !body_is_json(request))
		refuse_and_close(request, MHD_HTTP_BAD_REQUEST, "a body here is of Content-Type application/json; set the webhook to that");
	else if (!find_module(request, &err))
		refuse_and_close(request, MHD_HTTP_BAD_REQUEST, err.text);
	else
		request->route = route;
	if (request->route != NULL)
		request_webhook(request);
}

/* --- all of it ------------------------------------------------------------------------------------------------------------------------ */

static void parse_target(struct request *request)
{
	find_route(request);
	bool read = request->route != NULL && request->route->method == METHOD_READ;
	if (read || request->close || find_posted(request) == NULL)
		return;
	request->route = NULL;
	request->allow = "POST";
	request_refuse(request, MHD_HTTP_METHOD_NOT_ALLOWED, "modgate: only POST is answered here");
}

void request_parse(struct request *request, const char *method, const char *version)
{
	struct slice verb = slice_of(method);
	request->head = slice_equal(verb, SLICE("HEAD"));
	request->agent = request_header(request, MHD_HTTP_HEADER_USER_AGENT);
	request->authorization = request_header(request, MHD_HTTP_HEADER_AUTHORIZATION);
	identify_request(request);

	bool read = request->head || slice_equal(verb, SLICE("GET"));
	const struct route *posted = read ? NULL : find_posted(request);
	bool post = posted != NULL && slice_equal(verb, SLICE("POST"));
	const char *fault = framing_fault(request, version, post);
	if (!read && !post) {
		/* Its body, if it has one, is not read: the connection ends. */
		request->allow = posted != NULL ? "POST" : "GET, HEAD";
		refuse_and_close(
			request, MHD_HTTP_METHOD_NOT_ALLOWED, posted != NULL ? "only POST is answered here" : "only GET and HEAD are answered here");
	} else if (fault != NULL) {
		refuse_and_close(request, MHD_HTTP_BAD_REQUEST, fault);
	} else if (post) {
		parse_post(request, posted);
	} else {
		parse_target(request);
	}
	if (request->route == NULL)
		request->body_left = 0;
	/* No route, nothing to identify, decide or record. */
	if (request->route == NULL)
		request->step = UINT32_MAX;
}
