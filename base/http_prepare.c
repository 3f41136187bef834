/* One transfer of the HTTP client before it begins, on its caller's thread: the URL looked at, the headers made; and what is freed at the end. */
#include "base/http_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

static char *url_part(CURLU *url, CURLUPart part, unsigned flags)
{
	char *text = NULL;

	return curl_url_get(url, part, &text, flags) == CURLUE_OK ? text : NULL;
}

static int read_origin(struct http_call *call, CURLU *url, struct err *err)
{
	char *scheme = url_part(url, CURLUPART_SCHEME, 0);
	char *host = url_part(url, CURLUPART_HOST, 0);
	char *port = url_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	int code = 0;

	if (scheme == NULL || host == NULL || port == NULL)
		code = err_set(err, BASE_ERR, "a URL could not be read: out of memory");
	else if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
		code = err_set(err, BASE_ERR, "%s://%s: an http or https URL was expected", scheme, host);
	else if (asprintf(&call->origin, "%s://%s:%s", scheme, host, port) < 0)
		code = err_set(err, BASE_ERR, "a URL could not be read: out of memory");
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	return code;
}

/* The URL itself is not told: it may hold a password, which is why it is refused. */
static int check_url(struct http_call *call, struct err *err)
{
	CURLU *url = curl_url();
	CURLUcode result;
	int code;

	if (url == NULL)
		return err_set(err, BASE_ERR, "a URL could not be read: out of memory");
	result = curl_url_set(url, CURLUPART_URL, call->request->url, CURLU_PATH_AS_IS | CURLU_DISALLOW_USER | CURLU_NON_SUPPORT_SCHEME);
	if (result == CURLUE_USER_NOT_ALLOWED)
		code = err_set(err, BASE_ERR, "a URL holds a user name or password; put it into a credentials file");
	else if (result != CURLUE_OK)
		code = err_set(err, BASE_ERR, "a URL is malformed: %s", curl_url_strerror(result));
	else
		code = read_origin(call, url, err);
	curl_url_cleanup(url);
	return code;
}

static int add_header(struct http_call *call, const char *name, const char *value, struct err *err)
{
	struct curl_slist *longer = NULL;
	char *line;

	if (value == NULL)
		return 0;
	if (value[strcspn(value, "\r\n")] != '\0')
		return err_set(err, BASE_ERR, "%s: the header %s holds a line end", call->origin, name);
	if (asprintf(&line, "%s: %s", name, value) < 0)
		return err_set(err, BASE_ERR, "%s: cannot be asked: out of memory; try again later", call->origin);
	longer = curl_slist_append(call->headers, line);
	explicit_bzero(line, strlen(line));
	free(line);
	if (longer == NULL)
		return err_set(err, BASE_ERR, "%s: cannot be asked: out of memory; try again later", call->origin);
	call->headers = longer;
	return 0;
}

int http_call_prepare(struct http_call *call, const struct http_request *request, pthread_mutex_t *lock, struct err *err)
{
	int64_t timeout_ms = request->timeout_ms > 0 ? request->timeout_ms : HTTP_TIMEOUT_MS;
	int code;

	*call = (struct http_call){ .request = request, .err = err, .lock = lock, .handed = BUF_INIT(HTTP_HANDED_MAX) };
	pthread_cond_init(&call->changed, NULL);
	call->deadline_us = clock_monotonic_us(&clock_system) + timeout_ms * 1000;
	code = check_url(call, err);
	if (code == 0)
		code = add_header(call, "Accept", request->accept, err);
	if (code == 0)
		code = add_header(call, "Authorization", request->authorization, err);
	return code;
}

void http_call_release(struct http_call *call)
{
	for (struct curl_slist *header = call->headers; header != NULL; header = header->next)
		explicit_bzero(header->data, strlen(header->data));
	curl_slist_free_all(call->headers);
	free(call->origin);
	buf_free(&call->handed);
	pthread_cond_destroy(&call->changed);
}
