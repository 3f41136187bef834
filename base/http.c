/* The HTTP client: the thread that drives libcurl's multi handle, its start and its end. */
#include "base/http_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/thread.h"

#define CONNECTIONS_MAX          64
#define CONNECTIONS_PER_HOST_MAX 16
#define NOTHING_TO_DO_MS         60000

/* --- the thread -------------------------------------------------------------------------------------------------------------------- */

static void finish(struct http_client *client, struct http_call *call, int code)
{
	pthread_mutex_lock(&client->lock);
	call->code = code;
	call->done = true;
	pthread_cond_signal(&call->changed);
	pthread_mutex_unlock(&client->lock);
}

static void give_back(struct http_client *client, CURL *easy)
{
	curl_easy_reset(easy);
	if (client->idle_count < HTTP_IDLE_MAX)
		client->idle[client->idle_count++] = easy;
	else
		curl_easy_cleanup(easy);
}

/* Takes a running call out of everything before its caller, who owns its memory, wakes up. */
static void end_running(struct http_client *client, struct http_call *call, int code)
{
	struct http_call **at = &client->running;

	while (*at != call)
		at = &(*at)->next;
	*at = call->next;
	curl_multi_remove_handle(client->multi, call->easy);
	give_back(client, call->easy);
	finish(client, call, code);
}

static void start(struct http_client *client, struct http_call *call)
{
	CURL *easy = client->idle_count > 0 ? client->idle[--client->idle_count] : curl_easy_init();

	if (easy != NULL && http_call_configure(call, easy, client->user_agent) && curl_multi_add_handle(client->multi, easy) == CURLM_OK) {
		call->next = client->running;
		client->running = call;
		return;
	}
	if (easy != NULL)
		give_back(client, easy);
	finish(client, call, err_set(call->err, BASE_ERR, "%s: cannot be asked: out of memory; try again later", call->origin));
}

static void start_all(struct http_client *client, struct http_call *calls, bool aborted)
{
	while (calls != NULL) {
		struct http_call *call = calls;

		calls = call->next;
		if (aborted)
			finish(client, call, http_call_tell_aborted(call));
		else
			start(client, call);
	}
}

static void end_all(struct http_client *client)
{
	while (client->running != NULL)
		end_running(client, client->running, http_call_tell_aborted(client->running));
}

static void end_complete(struct http_client *client)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
		struct http_call *call = NULL;
		CURLcode result = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
		end_running(client, call, http_call_tell(call, result));
	}
}

/* Goes on with a call whose sink has made room, or ends it when the sink wants no more. */
static void go_on(struct http_client *client, struct http_call *call)
{
	CURLcode result = CURLE_OK;
	bool emptied, failed;

	pthread_mutex_lock(&client->lock);
	emptied = call->emptied;
	failed = call->sink_failed;
	call->emptied = false;
	pthread_mutex_unlock(&client->lock);
	if (failed) {
		end_running(client, call, http_call_tell_unkept(call));
		return;
	}
	if (!emptied)
		return;
	call->paused = false;
	call->last_byte_us = clock_monotonic_us(&clock_system);
	/* Gives the piece that found no room once more; what comes of that is not told by the multi handle. */
	result = curl_easy_pause(call->easy, CURLPAUSE_CONT);
	if (result != CURLE_OK)
		end_running(client, call, http_call_tell(call, result));
}

static void go_on_all(struct http_client *client)
{
	struct http_call *next;

	for (struct http_call *call = client->running; call != NULL; call = next) {
		next = call->next;
		go_on(client, call);
	}
}

/* Ends the calls whose time is over. Returns how long nothing need be done about time, in ms. */
static int end_late(struct http_client *client)
{
	int64_t now = clock_monotonic_us(&clock_system);
	int64_t wait_us = (int64_t)NOTHING_TO_DO_MS * 1000;
	struct http_call *next;

	for (struct http_call *call = client->running; call != NULL; call = next) {
		int64_t left_us = http_call_late_at(call) - now;

		next = call->next;
		if (left_us <= 0)
			end_running(client, call, http_call_tell_late(call));
		else if (left_us < wait_us)
			wait_us = left_us;
	}
	return (int)((wait_us + 999) / 1000);
}

/* What the callers want of the thread. */
struct wishes {
	struct http_call *calls;
	bool emptied, aborted, closing;
};

static struct wishes take_wishes(struct http_client *client)
{
	struct wishes wishes;

	pthread_mutex_lock(&client->lock);
	wishes = (struct wishes){ client->queued, client->emptied, client->aborted, client->closing };
	client->queued = NULL;
	client->queue_end = &client->queued;
	client->emptied = false;
	pthread_mutex_unlock(&client->lock);
	return wishes;
}

static void *run(void *arg)
{
	struct http_client *client = arg;

	for (;;) {
		struct wishes wishes = take_wishes(client);
		int unfinished;

		start_all(client, wishes.calls, wishes.aborted);
		if (wishes.aborted)
			end_all(client);
		if (wishes.closing)
			return NULL;
		if (wishes.emptied)
			go_on_all(client);
		curl_multi_perform(client->multi, &unfinished);
		end_complete(client);
		curl_multi_poll(client->multi, NULL, 0, end_late(client), NULL);
	}
}

/* --- its life ---------------------------------------------------------------------------------------------------------------------- */

static bool configure(struct http_client *client, const struct http_client_options *options)
{
	size_t total = options->connections_max > 0 ? options->connections_max : CONNECTIONS_MAX;
	size_t per_host = options->connections_per_host_max > 0 ? options->connections_per_host_max : CONNECTIONS_PER_HOST_MAX;

	client->multi = curl_multi_init();
	if (client->multi == NULL)
		return false;
	curl_multi_setopt(client->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)total);
	curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)total);
	curl_multi_setopt(client->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)per_host);
	if (options->user_agent == NULL)
		return true;
	client->user_agent = strdup(options->user_agent);
	return client->user_agent != NULL;
}

int http_client_open(const struct http_client_options *options, struct http_client **client_out, struct err *err)
{
	struct http_client *client;
	int code = 0;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(err, BASE_ERR, "cannot make the HTTP client: libcurl does not start");
	client = calloc(1, sizeof(*client));
	if (client == NULL) {
		curl_global_cleanup();
		return err_set(err, BASE_ERR, "cannot make the HTTP client: out of memory");
	}
	pthread_mutex_init(&client->lock, NULL);
	pthread_cond_init(&client->left, NULL);
	client->queue_end = &client->queued;
	if (!configure(client, options))
		code = err_set(err, BASE_ERR, "cannot make the HTTP client: out of memory");
	if (code == 0)
		code = thread_start("http", run, client, &client->thread, err);
	client->started = code == 0;
	if (code < 0)
		http_client_close(&client);
	else
		*client_out = client;
	return code;
}

static void stop(struct http_client *client, bool closing)
{
	pthread_mutex_lock(&client->lock);
	client->aborted = true;
	client->closing = client->closing || closing;
	pthread_mutex_unlock(&client->lock);
	curl_multi_wakeup(client->multi);
}

void http_client_abort(struct http_client *client)
{
	stop(client, false);
}

static void join(struct http_client *client)
{
	stop(client, true);
	pthread_join(client->thread, NULL);
	pthread_mutex_lock(&client->lock);
	while (client->active > 0)
		pthread_cond_wait(&client->left, &client->lock);
	pthread_mutex_unlock(&client->lock);
}

void http_client_close(struct http_client **client)
{
	struct http_client *c = *client;

	if (c == NULL)
		return;
	if (c->started)
		join(c);
	while (c->idle_count > 0)
		curl_easy_cleanup(c->idle[--c->idle_count]);
	curl_multi_cleanup(c->multi);
	pthread_cond_destroy(&c->left);
	pthread_mutex_destroy(&c->lock);
	free(c->user_agent);
	free(c);
	curl_global_cleanup();
	*client = NULL;
}
