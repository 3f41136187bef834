/* What http.c (the client and its thread), http_fetch.c (its callers), http_prepare.c and http_call.c (one transfer) share. */
#ifndef BASE_HTTP_PRIVATE_H
#define BASE_HTTP_PRIVATE_H

#include <curl/curl.h>
#include <netinet/in.h>
#include <pthread.h>

#include "base/http.h"

#define HTTP_TIMEOUT_MS 60000
#define HTTP_IDLE_MAX   16

/* One http_fetch. Lives on its caller's stack; between queueing and `done` it is the client's thread's, but for what is under the lock. */
struct http_call {
	struct http_call *next;
	const struct http_request *request;
	struct err *err;
	char *origin; /* scheme://host:port, for messages */
	struct curl_slist *headers;
	CURL *easy;
	int64_t deadline_us;  /* monotonic */
	int64_t last_byte_us; /* 0 until the request is on its way */
	bool answered;        /* the head of the final answer has begun */
	bool paused;          /* until the sink has taken what came */
	struct http_response response;
	size_t body_bytes;
	bool body_began;
	bool too_large;
	bool cut;                       /* enough of an error's body was seen */
	char refused[INET6_ADDRSTRLEN]; /* the last address that address_allowed refused */
	char reason[CURL_ERROR_SIZE];
	/* Under the client's lock. */
	pthread_mutex_t *lock;
	pthread_cond_t changed; /* it is done, or something was handed over */
	struct buf handed;      /* for the sink */
	bool full;              /* there was no room in it for a piece */
	bool emptied;           /* since then there is */
	bool sink_failed;
	bool done;
	int code;
};

struct http_client {
	CURLM *multi;
	char *user_agent;
	pthread_t thread;
	bool started;
	/* The thread's. */
	struct http_call *running;
	CURL *idle[HTTP_IDLE_MAX]; /* handles to use again */
	size_t idle_count;
	/* Under the lock. */
	pthread_mutex_t lock;
	pthread_cond_t left; /* a caller has */
	struct http_call *queued;
	struct http_call **queue_end;
	size_t active; /* callers inside http_fetch */
	bool emptied;  /* a sink has taken what was in its way, or failed */
	bool aborted;
	bool closing;
};

/* On the caller's thread (http_prepare.c). BASE_ERR; release in any case. */
int http_call_prepare(struct http_call *call, const struct http_request *request, pthread_mutex_t *lock, struct err *err);
void http_call_release(struct http_call *call);

/* Sets every option of a handle that is fresh or was reset. False when memory is short. */
bool http_call_configure(struct http_call *call, CURL *easy, const char *user_agent);

/* The moment at which the call is late if nothing happens until then. */
int64_t http_call_late_at(const struct http_call *call);
/* Writes err and gives the code of http_fetch. */
int http_call_tell_late(struct http_call *call);
int http_call_tell_unkept(struct http_call *call);
int http_call_tell_aborted(struct http_call *call);
int http_call_tell(struct http_call *call, CURLcode result);

#endif
