/* What the two tests of the HTTP client share besides the server. */
#ifndef TESTS_BASE_HTTP_HELPERS_H
#define TESTS_BASE_HTTP_HELPERS_H

#include "base/http.h"
#include "tests/base/http_double.h"

static struct http_client *open_client(size_t per_host)
{
	struct http_client_options options = { .connections_per_host_max = per_host, .user_agent = "base-test" };
	struct http_client *client = NULL;
	struct err err = ERR_INIT;

	if (http_client_open(&options, &client, &err) != 0)
		fail_msg("%s", err.text);
	return client;
}

static const char *url_of(const struct http_double *server, const char *path)
{
	static _Thread_local char url[512];

	snprintf(url, sizeof(url), "%s://127.0.0.1:%d%s", server->tls != NULL ? "https" : "http", server->port, path);
	return url;
}

#endif
