/* The HTTP client's callers: each queues its call, gives the sink what comes, and waits for the end. */
#include "base/http_private.h"

/* Gives the sink what was handed over. Under the lock before and after, without it meanwhile. */
static void drain(struct http_client *client, struct http_call *call, struct buf *spare)
{
	const struct http_request *request = call->request;
	struct buf pieces = call->handed;
	bool failed;

	call->handed = *spare;
	pthread_mutex_unlock(&client->lock);
	failed = request->sink(request->sink_ctx, pieces.ptr, pieces.len) != 0;
	buf_reset(&pieces);
	*spare = pieces;
	pthread_mutex_lock(&client->lock);
	call->sink_failed = failed;
	if (call->full || failed) {
		call->full = false;
		call->emptied = true;
		client->emptied = true;
		curl_multi_wakeup(client->multi);
	}
}

/* Until the call is done, and the sink has all of a body that came whole. Under the lock. */
static int attend(struct http_client *client, struct http_call *call)
{
	struct buf spare = BUF_INIT(HTTP_HANDED_MAX);

	while (!call->done || (call->code == 0 && call->handed.len > 0 && !call->sink_failed)) {
		if (call->handed.len > 0 && !call->sink_failed)
			drain(client, call, &spare);
		else
			pthread_cond_wait(&call->changed, &client->lock);
	}
	buf_free(&spare);
	return call->code == 0 && call->sink_failed ? http_call_tell_unkept(call) : call->code;
}

/* Queues the call and waits for its end. */
static int wait_for(struct http_client *client, struct http_call *call)
{
	int code;

	pthread_mutex_lock(&client->lock);
	if (client->aborted) {
		pthread_mutex_unlock(&client->lock);
		return http_call_tell_aborted(call);
	}
	call->next = NULL;
	*client->queue_end = call;
	client->queue_end = &call->next;
	pthread_mutex_unlock(&client->lock);
	curl_multi_wakeup(client->multi);
	pthread_mutex_lock(&client->lock);
	code = attend(client, call);
	pthread_mutex_unlock(&client->lock);
	return code;
}

static void count(struct http_client *client, bool enters)
{
	pthread_mutex_lock(&client->lock);
	client->active += enters ? 1 : (size_t)-1;
	if (client->active == 0)
		pthread_cond_broadcast(&client->left);
	pthread_mutex_unlock(&client->lock);
}

int http_fetch(struct http_client *client, const struct http_request *request, struct http_response *response_out, struct err *err)
{
	struct http_call call;
	int code;

	count(client, true);
	code = http_call_prepare(&call, request, &client->lock, err);
	if (code == 0)
		code = wait_for(client, &call);
	if (code < 0)
		http_response_free(&call.response);
	else
		*response_out = call.response;
	http_call_release(&call);
	count(client, false);
	return code;
}

void http_response_free(struct http_response *response)
{
	buf_free(&response->body);
}

size_t http_client_active(struct http_client *client)
{
	size_t active;

	pthread_mutex_lock(&client->lock);
	active = client->active;
	pthread_mutex_unlock(&client->lock);
	return active;
}
