/*
 * A small HTTP/1.1 server on a loopback port, in threads of the test, plain or over TLS.
 * The path says what it answers:
 *   /bytes/N      200 with N bytes of 'x'              /chunked/N   the same without a length, with trailers
 *   /other/S/N    status S with N bytes                /head        200 with the request's head as the body
 *   /redirect     302 to /bytes/1                      /early       103, then 200
 *   /headers      200 with Content-Type, ETag, Age     /long        the same, longer than is kept
 *   /stall/N      200, N bytes of 1000, then nothing   /silent      nothing at all
 *   /drip         200, 20 bytes, one each 50 ms        /cut         200, 10 bytes of 1000, then the end
 *   /late/N       N ms of silence, then 200            /hint/N      103, then the same
 */
#ifndef TESTS_BASE_HTTP_DOUBLE_H
#define TESTS_BASE_HTTP_DOUBLE_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "tests/base/rows.h"

#define DOUBLE_CONNECTIONS_MAX 64

struct http_double {
	int listener;
	int port;
	SSL_CTX *tls; /* NULL: plain */
	pthread_t acceptor;
	atomic_bool stopping;
	atomic_int accepted;
	pthread_t threads[DOUBLE_CONNECTIONS_MAX];
	int fds[DOUBLE_CONNECTIONS_MAX];
};

struct double_connection {
	struct http_double *server;
	int fd;
	SSL *ssl;
};

static int double_read(struct double_connection *connection, char *bytes, int len)
{
	return connection->ssl != NULL ? SSL_read(connection->ssl, bytes, len) : (int)recv(connection->fd, bytes, (size_t)len, 0);
}

static bool double_write(struct double_connection *connection, const char *bytes, size_t len)
{
	while (len > 0) {
		int step = len > 16384 ? 16384 : (int)len;
		int n = connection->ssl != NULL ? SSL_write(connection->ssl, bytes, step)
						: (int)send(connection->fd, bytes, (size_t)step, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

__attribute__((format(printf, 2, 3))) static bool double_print(struct double_connection *connection, const char *format, ...)
{
	char text[8192];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return double_write(connection, text, (size_t)n);
}

static bool double_fill(struct double_connection *connection, size_t len)
{
	char piece[4096];

	memset(piece, 'x', sizeof(piece));
	while (len > 0) {
		size_t n = len < sizeof(piece) ? len : sizeof(piece);

		if (!double_write(connection, piece, n))
			return false;
		len -= n;
	}
	return true;
}

/* Until the other side goes or the server stops. */
static bool double_hang(struct double_connection *connection)
{
	char byte;

	while (recv(connection->fd, &byte, 1, 0) > 0)
		;
	return false;
}

static bool double_answer_slow(struct double_connection *connection, const char *path)
{
	unsigned long n;

	if (strcmp(path, "/silent") == 0)
		return double_hang(connection);
	if (sscanf(path, "/late/%lu", &n) == 1 || sscanf(path, "/hint/%lu", &n) == 1) {
		if (path[1] == 'h' && !double_print(connection, "HTTP/1.1 103 Early Hints\r\n\r\n"))
			return false;
		usleep((useconds_t)n * 1000);
		return double_print(connection, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	}
	if (sscanf(path, "/stall/%lu", &n) == 1)
		return double_print(connection, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n") && double_fill(connection, n) &&
		       double_hang(connection);
	if (strcmp(path, "/cut") == 0)
		return double_print(connection, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n") && double_fill(connection, 10) && false;
	if (!double_print(connection, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n"))
		return false;
	for (int i = 0; i < 20; i++) {
		usleep(50 * 1000);
		if (!double_fill(connection, 1))
			return false;
	}
	return true;
}

/* False: the connection ends. */
static bool double_answer(struct double_connection *connection, const char *path, const char *head)
{
	unsigned long status;
	unsigned long n;

	if (sscanf(path, "/bytes/%lu", &n) == 1)
		return double_print(connection, "HTTP/1.1 200 OK\r\nContent-Length: %lu\r\n\r\n", n) && double_fill(connection, n);
	if (sscanf(path, "/chunked/%lu", &n) == 1)
		return double_print(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%lx\r\n", n) && double_fill(connection, n) &&
		       double_print(connection, "\r\n0\r\nETag: \"late\"\r\nAge: 5\r\n\r\n");
	if (sscanf(path, "/other/%lu/%lu", &status, &n) == 2)
		return double_print(connection, "HTTP/1.1 %lu Some\r\nContent-Length: %lu\r\n\r\n", status, n) && double_fill(connection, n);
	if (strcmp(path, "/redirect") == 0)
		return double_print(connection, "HTTP/1.1 302 Found\r\nLocation: /bytes/1\r\nContent-Length: 0\r\n\r\n");
	if (strcmp(path, "/headers") == 0)
		return double_print(connection,
			"HTTP/1.1 200 OK\r\ncontent-TYPE:  text/plain; charset=utf-8 \r\nETag: \"a b\"\r\nAge: 17\r\nContent-Length: 0\r\n\r\n");
	if (strcmp(path, "/long") == 0)
		return double_print(
			connection, "HTTP/1.1 200 OK\r\nContent-Type: %0128d\r\nETag: \"%0254d\"\r\nAge: -5\r\nContent-Length: 0\r\n\r\n", 0, 0);
	if (strcmp(path, "/early") == 0)
		return double_print(
			connection, "HTTP/1.1 103 Early Hints\r\nETag: \"early\"\r\nAge: 9\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	if (strstr(path, "head") != NULL)
		return double_print(connection, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(head), head);
	return double_answer_slow(connection, path);
}

static bool double_serve_one(struct double_connection *connection)
{
	char head[4096] = "";
	char path[2048];
	size_t len = 0;

	while (strstr(head, "\r\n\r\n") == NULL) {
		int n = len + 1 < sizeof(head) ? double_read(connection, head + len, (int)(sizeof(head) - len - 1)) : 0;

		if (n <= 0)
			return false;
		len += (size_t)n;
		head[len] = '\0';
	}
	return sscanf(head, "GET %2047s HTTP/1.1", path) == 1 && double_answer(connection, path, head);
}

static void *double_serve(void *arg)
{
	struct double_connection *connection = arg;
	struct http_double *server = connection->server;
	bool ready = true;

	if (server->tls != NULL) {
		connection->ssl = SSL_new(server->tls);
		ready = connection->ssl != NULL && SSL_set_fd(connection->ssl, connection->fd) == 1 && SSL_accept(connection->ssl) == 1;
	}
	while (ready && !atomic_load(&server->stopping))
		ready = double_serve_one(connection);
	SSL_free(connection->ssl);
	shutdown(connection->fd, SHUT_RDWR); /* closed when the server stops, so that the number is not used again before */
	free(connection);
	return NULL;
}

static void *double_accept(void *arg)
{
	struct http_double *server = arg;

	for (;;) {
		int fd = accept(server->listener, NULL, NULL);
		int n = atomic_load(&server->accepted);
		struct double_connection *connection;

		if (fd < 0 || n == DOUBLE_CONNECTIONS_MAX)
			return NULL;
		connection = calloc(1, sizeof(*connection));
		connection->server = server;
		connection->fd = fd;
		server->fds[n] = fd;
		if (pthread_create(&server->threads[n], NULL, double_serve, connection) != 0)
			abort();
		atomic_store(&server->accepted, n + 1);
	}
}

static void double_start(struct http_double *server, SSL_CTX *tls)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);

	signal(SIGPIPE, SIG_IGN); /* SSL_write knows no MSG_NOSIGNAL */
	memset(server, 0, sizeof(*server));
	server->tls = tls;
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(server->listener, 64), 0);
	assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &len), 0);
	server->port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&server->acceptor, NULL, double_accept, server), 0);
}

static void double_stop(struct http_double *server)
{
	atomic_store(&server->stopping, true);
	shutdown(server->listener, SHUT_RDWR);
	pthread_join(server->acceptor, NULL);
	close(server->listener);
	for (int i = 0; i < atomic_load(&server->accepted); i++) {
		shutdown(server->fds[i], SHUT_RDWR);
		pthread_join(server->threads[i], NULL);
		close(server->fds[i]);
	}
}

#endif
