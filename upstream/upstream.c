/* The configured upstreams, copied. */
#include "upstream/upstream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "upstream/upstream_private.h"

/* number: of the list, from 1. */
static int copy_proxy(struct upstream_proxy *proxy, const struct upstream_server *server, size_t number, struct err *err)
{
	char what[64];
	int rc;

	snprintf(what, sizeof(what), "upstream %zu", number);
	rc = upstream_peer_set(&proxy->peer, what, server->url, server->ca_file, err);
	if (rc != 0)
		return rc;
	proxy->fallback_any_error = server->fallback_any_error;
	proxy->modules = calloc(server->modules_count + 1, sizeof(*proxy->modules));
	for (size_t i = 0; proxy->modules != NULL && i < server->modules_count; i++) {
		proxy->modules[i] = strdup(server->modules[i]);
		if (proxy->modules[i] == NULL)
			break;
		proxy->modules_count++;
	}
	/* One pattern less must never mean "every module". */
	return proxy->modules != NULL && proxy->modules_count == server->modules_count
		       ? 0
		       : err_set(err, UPSTREAM_ERR, "cannot set up the patterns of %s: out of memory", what);
}

static void free_proxy(struct upstream_proxy *proxy)
{
	upstream_peer_free(&proxy->peer);
	for (size_t i = 0; i < proxy->modules_count; i++)
		free(proxy->modules[i]);
	free(proxy->modules);
}

static int copy_log(struct upstream_log *log, const struct upstream_database *database, struct err *err)
{
	log->proxy = -1;
	log->name = strdup(database->name);
	if (log->name == NULL)
		return err_set(err, UPSTREAM_ERR, "cannot set up checksum database %s: out of memory", database->name);
	return database->url == NULL ? 0 : upstream_peer_set(&log->peer, "the database", database->url, database->ca_file, err);
}

static int copy_options(struct upstream *upstream, const struct upstream_options *options, struct err *err)
{
	int rc = 0;

	upstream->proxies = calloc(options->servers_count + 1, sizeof(*upstream->proxies));
	upstream->logs = calloc(options->databases_count + 1, sizeof(*upstream->logs));
	if (upstream->proxies == NULL || upstream->logs == NULL)
		return err_set(err, UPSTREAM_ERR, "cannot set up the upstreams: out of memory");
	for (size_t i = 0; rc == 0 && i < options->servers_count; i++)
		rc = copy_proxy(&upstream->proxies[upstream->proxies_count++], &options->servers[i], i + 1, err);
	for (size_t i = 0; rc == 0 && i < options->databases_count; i++)
		rc = copy_log(&upstream->logs[upstream->logs_count++], &options->databases[i], err);
	return rc;
}

int upstream_open(const struct upstream_options *options, struct upstream **upstream_out, struct err *err)
{
	struct upstream *upstream = calloc(1, sizeof(*upstream));
	int rc;

	if (upstream == NULL)
		return err_set(err, UPSTREAM_ERR, "cannot set up the upstreams: out of memory");
	pthread_mutex_init(&upstream->mutex, NULL);
	upstream->http = options->http;
	upstream->stall_ms = options->stall_ms != 0 ? options->stall_ms : UPSTREAM_STALL_MS;
	upstream->making_ms = options->making_ms != 0 ? options->making_ms : UPSTREAM_MAKING_MS;
	rc = copy_options(upstream, options, err);
	if (rc == 0)
		*upstream_out = upstream;
	else
		upstream_close(&upstream);
	return rc;
}

void upstream_close(struct upstream **upstream)
{
	if (*upstream == NULL)
		return;
	for (size_t i = 0; i < (*upstream)->proxies_count; i++)
		free_proxy(&(*upstream)->proxies[i]);
	for (size_t i = 0; i < (*upstream)->logs_count; i++) {
		free((*upstream)->logs[i].name);
		upstream_peer_free(&(*upstream)->logs[i].peer);
	}
	free((*upstream)->proxies);
	free((*upstream)->logs);
	pthread_mutex_destroy(&(*upstream)->mutex);
	free(*upstream);
	*upstream = NULL;
}

bool upstream_serves(const struct upstream *upstream, const struct public_module *module)
{
	for (size_t i = 0; i < upstream->proxies_count; i++)
		if (upstream_proxy_matches(&upstream->proxies[i], public_module_path(module)))
			return true;
	return false;
}
