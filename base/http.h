/*
 * The HTTP client: libcurl, one multi handle on one thread, connections reused (HTTP/2 where the server has it, but for what a sink takes).
 * Callers are workers and block; the thread does not. TLS 1.2 or later, certificate and host name always checked. Redirects are never followed.
 * No proxy, cookie, .netrc or other ambient setting is used. curl.h stays in http*.c.
 */
#ifndef BASE_HTTP_H
#define BASE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

struct http_client;

struct http_client_options {
	size_t connections_max;          /* 0: 64 */
	size_t connections_per_host_max; /* 0: 16 */
	const char *user_agent;          /* copied */
};

int http_client_open(const struct http_client_options *options, struct http_client **client_out, struct err *err);
/* Ends what runs (their callers get BASE_ERR), then the thread. No caller may be inside http_fetch after it returns. */
void http_client_close(struct http_client **client);
/* From any thread, before close: every fetch under way or to come ends with BASE_ERR. So workers that wait come free. */
void http_client_abort(struct http_client *client);

struct http_request {
	const char *url;            /* http or https, already percent-encoded, without user name or password; its path goes out byte for byte */
	const char *authorization;  /* value of the header, or NULL */
	const char *accept;         /* value of Accept, or NULL */
	const char *ca_file;        /* PEM; NULL: the system's */
	int64_t connect_timeout_ms; /* name look-up, connection and TLS; 0: 5000 */
	int64_t first_timeout_ms;   /* from the request to the head of its answer, which a server may have to make first; 0: stall_timeout_ms */
	int64_t stall_timeout_ms;   /* so long without a byte after that ends it; 0: 30000 */
	int64_t timeout_ms;         /* for all of it, waiting for a connection too; 0: 60000 */
	size_t body_max;            /* of a 200; more is BASE_ERR_LIMIT */
	/*
	 * Where the body of a 200 goes; non-zero ends the fetch with BASE_ERR. Called on the caller's thread, inside http_fetch, and it may block:
	 * what comes meanwhile waits in HTTP_HANDED_MAX bytes, then with the server; no other fetch waits. NULL: into response->body.
	 */
	int (*sink)(void *ctx, const char *bytes, size_t len);
	void *sink_ctx;
	/*
	 * Addresses: when set, called on the client's thread with each resolved numeric address before connecting, and with that of a
	 * connection before it is used again; false refuses it.
	 */
	bool (*address_allowed)(void *ctx, const char *address);
	void *address_ctx;
};

struct http_response {
	long status;            /* of the final answer */
	struct buf body;        /* free with http_response_free() */
	char content_type[128]; /* as sent; empty when absent, longer than fits or with a control character */
	char etag[256];         /* the same */
	int64_t age_s;          /* Age header, 0 if none */
};

#define HTTP_HANDED_MAX (128 * 1024)

/* What is kept of a body that is not 200's. */
#define HTTP_OTHER_BODY_MAX 4096

/*
 * Fetches (GET) and blocks until the whole answer is here. Any status is a success of this call; of a body that is not 200's the first
 * HTTP_OTHER_BODY_MAX bytes are kept. BASE_ERR_TIMEOUT, BASE_ERR_LIMIT, BASE_ERR (connection, TLS, aborted); err names the host and
 * the reason, never the authorization. The request and what it points to are borrowed until the call returns; so is the sink.
 */
int http_fetch(struct http_client *client, const struct http_request *request, struct http_response *response_out, struct err *err);
void http_response_free(struct http_response *response);

/* Fetches under way now. */
size_t http_client_active(struct http_client *client);

#endif
