/* One transfer of the HTTP client: its options, what its callbacks keep, and how its end is told. */
#include "base/http_private.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"

#define CONNECT_TIMEOUT_MS 5000
#define STALL_TIMEOUT_MS   30000
/* An error page somewhat longer than what is kept is read to its end, so that the connection can be used again. */
#define OTHER_BODY_READ_MAX (64 * 1024)
/* How long a set of authorities once loaded is kept; a changed file counts after that. */
#define CA_CACHE_S 600

/* A piece finds room in an empty buffer. */
_Static_assert(HTTP_HANDED_MAX >= CURL_MAX_WRITE_SIZE, "otherwise a piece is never taken");

/* How long may nothing come just now? */
static int64_t silence_ms(const struct http_call *call)
{
	const struct http_request *request = call->request;

	if (!call->answered && request->first_timeout_ms > 0)
		return request->first_timeout_ms;
	return request->stall_timeout_ms > 0 ? request->stall_timeout_ms : STALL_TIMEOUT_MS;
}

/* --- during: callbacks on the client's thread ---------------------------------------------------------------------------------- */

static void keep_text(struct slice value, char *out, size_t size)
{
	out[0] = '\0';
	if (value.len >= size)
		return;
	for (size_t i = 0; i < value.len; i++) {
		if ((unsigned char)value.ptr[i] < 0x20 || value.ptr[i] == 0x7f)
			return;
	}
	if (value.len > 0)
		memcpy(out, value.ptr, value.len);
	out[value.len] = '\0';
}

static void keep_header(struct http_response *response, struct slice name, struct slice value)
{
	long long age;

	if (slice_equal_nocase(name, SLICE("content-type")))
		keep_text(value, response->content_type, sizeof(response->content_type));
	else if (slice_equal_nocase(name, SLICE("etag")))
		keep_text(value, response->etag, sizeof(response->etag));
	else if (slice_equal_nocase(name, SLICE("age")) && slice_to_number(value, &age))
		response->age_s = age;
}

/* Each answer of a series (100, 103, then the final one) begins with a status line. */
static void begin_head(struct http_call *call)
{
	long status = 0;

	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	call->answered = status >= 200;
	call->response = (struct http_response){ .status = 0 };
}

/* Trailers, which come after the body, do not count. */
static size_t on_header(char *bytes, size_t size, size_t count, void *ctx)
{
	struct http_call *call = ctx;
	struct slice line = slice_make(bytes, size * count);
	struct slice name;
	struct slice value;

	call->last_byte_us = clock_monotonic_us(&clock_system);
	while (line.len > 0 && (line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r'))
		line.len--;
	if (call->body_began)
		return size * count;
	if (slice_starts(line, SLICE("HTTP/")))
		begin_head(call);
	else if (slice_cut(line, ':', &name, &value))
		keep_header(&call->response, name, slice_trim(value));
	return size * count;
}

static void begin_body(struct http_call *call)
{
	curl_off_t announced = -1;

	call->body_began = true;
	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &call->response.status);
	curl_easy_getinfo(call->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
	if (call->response.status != 200) {
		buf_init(&call->response.body, HTTP_OTHER_BODY_MAX);
		return;
	}
	buf_init(&call->response.body, call->request->body_max);
	if (announced > 0 && (uintmax_t)announced > call->request->body_max)
		call->too_large = true;
}

enum taken { TAKEN, NO_ROOM, UNWANTED };

static enum taken keep_other(struct http_call *call, struct slice bytes)
{
	size_t room = HTTP_OTHER_BODY_MAX - call->response.body.len;

	buf_add_slice(&call->response.body, slice_sub(bytes, 0, room));
	call->cut = call->body_bytes + bytes.len > OTHER_BODY_READ_MAX;
	return call->cut ? UNWANTED : TAKEN;
}

/* To the caller, who may be busy with what came before. */
static enum taken hand_over(struct http_call *call, struct slice bytes)
{
	enum taken taken = TAKEN;

	pthread_mutex_lock(call->lock);
	if (bytes.len > HTTP_HANDED_MAX - call->handed.len) {
		call->full = true;
		taken = NO_ROOM;
	} else {
		buf_add_slice(&call->handed, bytes);
		taken = buf_failed(&call->handed) ? UNWANTED : TAKEN;
		pthread_cond_signal(&call->changed);
	}
	pthread_mutex_unlock(call->lock);
	return taken;
}

static enum taken keep_body(struct http_call *call, struct slice bytes)
{
	const struct http_request *request = call->request;

	if (bytes.len > request->body_max - call->body_bytes)
		call->too_large = true;
	if (call->too_large)
		return UNWANTED;
	if (request->sink != NULL)
		return hand_over(call, bytes);
	buf_add_slice(&call->response.body, bytes);
	return buf_failed(&call->response.body) ? UNWANTED : TAKEN;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
	struct http_call *call = ctx;
	struct slice piece = slice_make(bytes, size * count);
	enum taken taken;

	call->last_byte_us = clock_monotonic_us(&clock_system);
	if (!call->body_began)
		begin_body(call);
	taken = call->response.status == 200 ? keep_body(call, piece) : keep_other(call, piece);
	call->paused = taken == NO_ROOM;
	/* It comes again when the transfer goes on. */
	if (call->paused)
		return CURL_WRITEFUNC_PAUSE;
	call->body_bytes += piece.len;
	/* Any other count than what came ends the transfer. */
	return taken == TAKEN ? piece.len : piece.len + 1;
}

static bool address_passes(struct http_call *call, const char *address)
{
	const struct http_request *request = call->request;

	if (request->address_allowed == NULL || request->address_allowed(request->address_ctx, address))
		return true;
	snprintf(call->refused, sizeof(call->refused), "%s", address);
	return false;
}

static const void *address_bytes(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return &((const struct sockaddr_in *)(const void *)address)->sin_addr;
	return &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
}

/* Also so that children started by other threads do not inherit the socket. */
static curl_socket_t on_open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct http_call *call = ctx;
	char text[INET6_ADDRSTRLEN];

	(void)purpose;
	if (address->family != AF_INET && address->family != AF_INET6)
		return CURL_SOCKET_BAD;
	if (inet_ntop(address->family, address_bytes(&address->addr), text, sizeof(text)) == NULL || !address_passes(call, text))
		return CURL_SOCKET_BAD;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* A connection may have been made for a request with another filter. */
static int on_request(void *ctx, char *address, char *local_address, int port, int local_port)
{
	struct http_call *call = ctx;

	(void)local_address;
	(void)port;
	(void)local_port;
	call->last_byte_us = clock_monotonic_us(&clock_system);
	return address_passes(call, address) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

/* --- options --------------------------------------------------------------------------------------------------------------------- */

static const struct {
	CURLoption option;
	long value;
} fixed[] = {
	{ CURLOPT_NOSIGNAL, 1 },
	{ CURLOPT_NETRC, CURL_NETRC_IGNORED },
	{ CURLOPT_FOLLOWLOCATION, 0 },
	{ CURLOPT_PATH_AS_IS, 1 },
	{ CURLOPT_DISALLOW_USERNAME_IN_URL, 1 },
	{ CURLOPT_PIPEWAIT, 1 },
	{ CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
	{ CURLOPT_SSL_VERIFYPEER, 1 },
	{ CURLOPT_SSL_VERIFYHOST, 2 },
	{ CURLOPT_CA_CACHE_TIMEOUT, CA_CACHE_S },
	/* Otherwise ending a call whose name look-up hangs would wait for the look-up, and every other call with it. */
	{ CURLOPT_QUICK_EXIT, 1 },
};

static bool set_fixed(CURL *easy)
{
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		if (curl_easy_setopt(easy, fixed[i].option, fixed[i].value) != CURLE_OK)
			return false;
	}
	return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK && curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_NOPROXY, "*") == CURLE_OK;
}

/* A file of one's own replaces the system's authorities: so their directory must go too. */
static bool set_authorities(CURL *easy, const char *ca_file)
{
	if (ca_file == NULL)
		return true;
	return curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file) == CURLE_OK && curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) == CURLE_OK;
}

static void set_callbacks(struct http_call *call, CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->reason);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_request);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
}

bool http_call_configure(struct http_call *call, CURL *easy, const char *user_agent)
{
	const struct http_request *request = call->request;
	long connect_timeout_ms = request->connect_timeout_ms > 0 ? (long)request->connect_timeout_ms : CONNECT_TIMEOUT_MS;

	call->easy = easy;
	set_callbacks(call, easy);
	/* What a paused stream of HTTP/2 goes on sending, libcurl keeps in memory, 32 MiB of it; a connection of its own is held up by TCP. */
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, request->sink != NULL ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_timeout_ms);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
	return set_fixed(easy) && set_authorities(easy, request->ca_file) && curl_easy_setopt(easy, CURLOPT_USERAGENT, user_agent) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_URL, request->url) == CURLE_OK;
}

/* --- after ----------------------------------------------------------------------------------------------------------------------- */

/*
 * curl's own time-outs are not used for these two: one does not run while a call waits for a connection, the other is seconds late. A server
 * that we keep waiting is not silent.
 */
int64_t http_call_late_at(const struct http_call *call)
{
	int64_t silent_us = call->last_byte_us + silence_ms(call) * 1000;

	return call->last_byte_us != 0 && !call->paused && silent_us < call->deadline_us ? silent_us : call->deadline_us;
}

int http_call_tell_late(struct http_call *call)
{
	if (http_call_late_at(call) < call->deadline_us)
		return err_set(call->err, BASE_ERR_TIMEOUT, "%s: nothing came for %lld ms", call->origin, (long long)silence_ms(call));
	return err_set(call->err, BASE_ERR_TIMEOUT, "%s: no complete answer within the %lld ms allowed", call->origin,
		(long long)(call->request->timeout_ms > 0 ? call->request->timeout_ms : HTTP_TIMEOUT_MS));
}

int http_call_tell_unkept(struct http_call *call)
{
	return err_set(call->err, BASE_ERR, "%s: the answer could not be kept", call->origin);
}

int http_call_tell_aborted(struct http_call *call)
{
	return err_set(call->err, BASE_ERR, "%s: given up because the program stops", call->origin);
}

int http_call_tell(struct http_call *call, CURLcode result)
{
	if (result == CURLE_OK || (result == CURLE_WRITE_ERROR && call->cut)) {
		curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &call->response.status);
		return 0;
	}
	if (call->too_large)
		return err_set(call->err, BASE_ERR_LIMIT, "%s: the answer is larger than %zu bytes", call->origin, call->request->body_max);
	if (result == CURLE_WRITE_ERROR || result == CURLE_OUT_OF_MEMORY)
		return err_set(call->err, BASE_ERR, "%s: cannot hold the answer: out of memory; try again later", call->origin);
	if (call->refused[0] != '\0' && (result == CURLE_COULDNT_CONNECT || result == CURLE_ABORTED_BY_CALLBACK))
		return err_set(call->err, BASE_ERR, "%s: its address %s is not one that may be connected to", call->origin, call->refused);
	return err_set(call->err, result == CURLE_OPERATION_TIMEDOUT ? BASE_ERR_TIMEOUT : BASE_ERR, "%s: %s", call->origin,
		call->reason[0] != '\0' ? call->reason : curl_easy_strerror(result));
}
