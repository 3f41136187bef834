/* The HTTP server: event loops, TLS, and from MHD's callbacks to a request. */
#include "gateway/server.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "gateway/gateway_private.h"

#define PEM_BYTES_MAX               (1024 * 1024)
#define CONNECTIONS_PER_ADDRESS_MAX 256u
#define LOOPS_MAX                   8

/* Request head and reply head of one connection: the longest credential and what comes with it. The library clears it after every request. */
#define CONNECTION_MEMORY_BYTES ((size_t)20 * 1024)
_Static_assert(CONNECTION_MEMORY_BYTES >= AUTH_HEADER_MAX + 4096, "the longest credential fits");

/* TLS 1.2 and 1.3 only: the library's own default still takes 1.1. */
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/* --- from MHD to a request --------------------------------------------------------------------------------------------------------- */

static struct connection *connection_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	return info != NULL ? info->socket_context : NULL;
}

static void peer_address(struct MHD_Connection *connection, char *out, size_t room)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *address = info != NULL ? info->client_addr : NULL;
	socklen_t length = address != NULL && address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	if (address == NULL || getnameinfo(address, length, out, (socklen_t)room, NULL, 0, NI_NUMERICHOST) != 0)
		snprintf(out, room, "unknown");
}

static int socket_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	return info != NULL ? info->connect_fd : -1;
}

static struct connection *connection_open(struct gateway *gateway, struct MHD_Connection *connection)
{
	struct connection *peer = calloc(1, sizeof(*peer));
	if (peer == NULL)
		return NULL;
	peer->arena = arena_open(REQUEST_ARENA_MAX);
	peer_address(connection, peer->address, sizeof(peer->address));
	heads_add(&gateway->heads, &peer->head, socket_of(connection), clock_monotonic_us(&clock_system));
	return peer;
}

static void connection_close(struct gateway *gateway, struct connection *peer)
{
	if (peer == NULL)
		return;
	heads_remove(&gateway->heads, &peer->head);
	arena_close(&peer->arena);
	free(peer);
}

/* Told before the TLS handshake, and before the socket is closed. Without memory for it a connection has no deadline either: it ends at once. */
static void on_connection(void *ctx, struct MHD_Connection *connection, void **socket_context, enum MHD_ConnectionNotificationCode code)
{
	struct gateway *gateway = ctx;
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		*socket_context = connection_open(gateway, connection);
		if (*socket_context == NULL)
			shutdown(socket_of(connection), SHUT_RDWR);
	} else {
		connection_close(gateway, *socket_context);
		*socket_context = NULL;
	}
}

/* The only place where the raw target can be seen; it is MHD's and stays valid during the request. */
static void *on_target(void *ctx, const char *target, struct MHD_Connection *connection)
{
	(void)ctx;
	struct connection *peer = connection_of(connection);
	size_t query = strcspn(target, "?");
	if (peer != NULL) {
		peer->raw_target = target;
		peer->raw_target_len = strlen(target);
		peer->go_get = peer->raw_target_len > query && strcmp(target + query, "?" TARGET_GO_GET) == 0;
	}
	return NULL;
}

/* We decode the path ourselves, once. */
static size_t keep_escaped(void *ctx, struct MHD_Connection *connection, char *text)
{
	(void)ctx;
	(void)connection;
	return strlen(text);
}

static struct request *request_open(struct gateway *gateway, struct connection *peer, struct MHD_Connection *connection)
{
	if (peer == NULL || peer->arena == NULL)
		return NULL;
	arena_reset(peer->arena);
	struct request *request = arena_alloc(peer->arena, sizeof(*request));
	if (request == NULL)
		return NULL;
	request->gateway = gateway;
	request->peer = peer;
	request->connection = connection;
	request->arena = peer->arena;
	request->file_fd = -1;
	request->start_us = request->stage_us = clock_monotonic_us(&clock_system);
	peer->request = request;
	heads_complete(&peer->head);
	atomic_fetch_add(&gateway->metrics.in_flight, 1);
	atomic_fetch_add(&gateway->requests, 1);
	atomic_fetch_add(&gateway->unanswered, 1);
	return request;
}

/* Head and body are there; after a suspension it is called again. */
static enum MHD_Result begin(struct request *request)
{
	heads_complete(&request->peer->head);
	return request_run(request);
}

/* Only where a body is taken, and no more of it than the head said. */
static enum MHD_Result take_body(struct request *request, const char *upload, size_t *upload_bytes)
{
	if ((int64_t)*upload_bytes > request->body_left)
		return MHD_NO;
	request_body(request, upload, *upload_bytes);
	request->body_left -= (int64_t)*upload_bytes;
	*upload_bytes = 0;
	return MHD_YES;
}

/*
 * First call: only the head is there. What is refused for its form is answered at once, which makes MHD close the connection; everything
 * else waits for the second call, so that the connection may go on afterwards.
 */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
	const char *upload, size_t *upload_bytes, void **request_context)
{
	(void)url;
	struct request *request = *request_context;
	if (request != NULL && *upload_bytes == 0)
		return begin(request);
	if (request != NULL)
		return take_body(request, upload, upload_bytes);
	request = request_open(ctx, connection_of(connection), connection);
	if (request == NULL)
		return MHD_NO;
	*request_context = request;
	/* Counted first, so that whoever closes the gateway sees it or is seen. A connection that ends in silence is tried anew by clients. */
	if (atomic_load(&request->gateway->closed))
		return MHD_NO;
	request_parse(request, method, version);
	if (request->body_left > 0)
		heads_idle(&request->peer->head, request->start_us);
	return request->close ? reply_send(request) : MHD_YES;
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **request_context, enum MHD_RequestTerminationCode code)
{
	(void)ctx;
	(void)connection;
	struct request *request = *request_context;
	if (request == NULL)
		return;
	struct connection *peer = request->peer;
	request_close(request, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
	heads_idle(&peer->head, clock_monotonic_us(&clock_system));
	*request_context = NULL;
}

static void on_library_log(void *ctx, const char *format, va_list arguments)
{
	const struct gateway *gateway = ctx;
	char text[1024];
	vsnprintf(text, sizeof(text), format, arguments);
	text[strcspn(text, "\n")] = '\0';
	log_write(&gateway->log, LOG_LEVEL_DEBUG, NULL, "http: %s", text);
}

/* --- starting and stopping --------------------------------------------------------------------------------------------------------- */

static int bind_socket(const struct settings_listen *listen_on, int *fd_out, struct err *err)
{
	struct addrinfo hints = { .ai_flags = AI_PASSIVE, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	char port[16];
	int fd = -1, one = 1;
	snprintf(port, sizeof(port), "%u", (unsigned)listen_on->port);
	int code = getaddrinfo(listen_on->host, port, &hints, &found);
	if (code != 0)
		return err_set(err, BASE_ERR, "listen.address %s: %s", listen_on->address, gai_strerror(code));

	fd = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 || bind(fd, found->ai_addr, found->ai_addrlen) != 0 ||
		listen(fd, SOMAXCONN) != 0) {
		code = err_set(err, BASE_ERR, "listen.address %s: %m; is another server there?", listen_on->address);
		if (fd >= 0)
			close(fd);
	} else {
		*fd_out = fd;
	}
	freeaddrinfo(found);
	return code;
}

static int format_url(struct gateway *gateway, int fd, struct err *err)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	char host[128], port[16];
	if (getsockname(fd, (struct sockaddr *)&address, &length) != 0 ||
		getnameinfo((struct sockaddr *)&address, length, host, sizeof(host), port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return err_set(err, BASE_ERR, "the address that is listened on cannot be told: %m");
	const struct settings_listen *listen_on = &gateway->settings->listen;
	/* The name as configured is what the certificate speaks of; only the port may have been left to the system. */
	const char *name = strcmp(listen_on->host, "localhost") == 0 ? "localhost" : host;
	snprintf(gateway->url, sizeof(gateway->url), strchr(name, ':') != NULL ? "https://[%s]:%s%s" : "https://%s:%s%s", name, port,
		listen_on->prefix);
	return 0;
}

static unsigned loops(void)
{
	/* TLS and git want the other half of the machine; on two cores a second loop gains nothing. */
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	long wanted = cores / 2;
	return wanted < 1 ? 1u : wanted > LOOPS_MAX ? (unsigned)LOOPS_MAX : (unsigned)wanted;
}

static struct MHD_Daemon *start_daemon(struct gateway *gateway, int fd, const char *certificate, const char *key)
{
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | MHD_USE_TLS | MHD_USE_ITC;
	struct MHD_OptionItem pool[] = {
		{ MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)loops(), NULL },
		{ MHD_OPTION_END, 0, NULL },
	};
	if (loops() < 2)
		pool[0].option = MHD_OPTION_END;
	/* The logger goes first: what a later option complains of is told through it. */
	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, gateway, MHD_OPTION_EXTERNAL_LOGGER, on_library_log, gateway,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_HTTPS_MEM_CERT, certificate, MHD_OPTION_HTTPS_MEM_KEY, key, MHD_OPTION_HTTPS_PRIORITIES,
		TLS_PRIORITIES, MHD_OPTION_URI_LOG_CALLBACK, on_target, gateway, MHD_OPTION_UNESCAPE_CALLBACK, keep_escaped, gateway,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, gateway, MHD_OPTION_NOTIFY_COMPLETED, on_completed, gateway,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY_BYTES,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, CONNECTIONS_PER_ADDRESS_MAX, MHD_OPTION_ARRAY, pool, MHD_OPTION_END);
}

int server_bind(struct gateway *gateway, struct err *err)
{
	int code = bind_socket(&gateway->settings->listen, &gateway->listen_fd, err);
	return code == 0 ? format_url(gateway, gateway->listen_fd, err) : code;
}

int server_start(struct gateway *gateway, struct err *err)
{
	const struct settings_listen *listen_on = &gateway->settings->listen;
	struct buf certificate = BUF_INIT(PEM_BYTES_MAX), key = BUF_INIT(PEM_BYTES_MAX);
	int code = file_read(listen_on->certificate, &certificate, err);
	if (code == 0)
		code = file_read(listen_on->key, &key, err);
	if (code != 0)
		goto out;

	gateway->daemon = start_daemon(gateway, gateway->listen_fd, buf_text(&certificate), buf_text(&key));
	if (gateway->daemon == NULL)
		code = err_set(err, BASE_ERR, "the server cannot start: do listen.certificate (%s) and listen.key (%s) belong together?",
			listen_on->certificate, listen_on->key);
	else
		gateway->listen_fd = -1;
out:
	buf_free(&certificate);
	buf_wipe(&key);
	return code;
}

void server_quiesce(struct gateway *gateway)
{
	if (gateway->daemon == NULL)
		return;
	int fd = MHD_quiesce_daemon(gateway->daemon);
	if (fd >= 0)
		close(fd);
}

void server_stop(struct gateway *gateway)
{
	if (gateway->daemon != NULL)
		MHD_stop_daemon(gateway->daemon);
	gateway->daemon = NULL;
	if (gateway->listen_fd >= 0)
		close(gateway->listen_fd);
	gateway->listen_fd = -1;
}
