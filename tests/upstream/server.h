/* A very small HTTP server on a thread and a free loopback port: fixed answers to fixed targets, 404 to the rest, every target noted. */
#ifndef TESTS_UPSTREAM_SERVER_H
#define TESTS_UPSTREAM_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/slice.h"
#include "tests/tlog/log.h"

#define SERVER_ROUTES_MAX 16

struct route {
	const char *target; /* exactly as in the request line */
	int status;         /* 0: the connection is closed without an answer */
	const char *body;
	size_t missing; /* bytes of the body that are announced and never come */
	unsigned after_ms;
};

struct server {
	int listening;
	pthread_t thread;
	char url[64];
	pthread_mutex_t mutex; /* guards what follows */
	struct route routes[SERVER_ROUTES_MAX];
	struct buf seen; /* targets, one a line */
};

/* The head of a request, or nothing. */
static inline bool server_read(int fd, char head[8192])
{
	size_t len = 0;

	while (len < 8191) {
		ssize_t n = read(fd, head + len, 8191 - len);

		if (n <= 0)
			return false;
		len += (size_t)n;
		head[len] = '\0';
		if (strstr(head, "\r\n\r\n") != NULL)
			return true;
	}
	return false;
}

static inline struct route server_route(struct server *server, const char *target)
{
	struct route route = { .target = target, .status = 404, .body = "not found: nobody has it\nsecond line\n" };

	pthread_mutex_lock(&server->mutex);
	buf_printf(&server->seen, "%s\n", target);
	for (size_t i = 0; i < SERVER_ROUTES_MAX; i++)
		if (server->routes[i].target != NULL && strcmp(server->routes[i].target, target) == 0)
			route = server->routes[i];
	pthread_mutex_unlock(&server->mutex);
	return route;
}

static inline void server_answer(struct server *server, int fd)
{
	char head[8192], target[4096];
	struct route route;
	struct buf answer = BUF_INIT(16 * 1024 * 1024);
	size_t sent = 0;

	if (!server_read(fd, head) || sscanf(head, "GET %4095s ", target) != 1)
		return;
	route = server_route(server, target);
	usleep(route.after_ms * 1000);
	if (route.status != 0) {
		size_t len = strlen(route.body);

		buf_printf(
			&answer, "HTTP/1.1 %d x\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n", route.status, len);
		buf_add(&answer, route.body, len - route.missing);
	}
	while (sent < answer.len) {
		ssize_t n = send(fd, answer.ptr + sent, answer.len - sent, MSG_NOSIGNAL);

		if (n <= 0)
			break;
		sent += (size_t)n;
	}
	buf_free(&answer);
}

static inline void *server_run(void *arg)
{
	struct server *server = arg;
	int fd;

	while ((fd = accept(server->listening, NULL, NULL)) >= 0) {
		server_answer(server, fd);
		close(fd);
	}
	return NULL;
}

static inline void server_open(struct server *server)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);

	memset(server, 0, sizeof(*server));
	buf_init(&server->seen, 1024 * 1024);
	pthread_mutex_init(&server->mutex, NULL);
	server->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server->listening, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(server->listening, 16), 0);
	assert_int_equal(getsockname(server->listening, (struct sockaddr *)&address, &len), 0);
	snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%d/base", ntohs(address.sin_port));
	assert_int_equal(pthread_create(&server->thread, NULL, server_run, server), 0);
}

static inline void server_close(struct server *server)
{
	shutdown(server->listening, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->listening);
	pthread_mutex_destroy(&server->mutex);
	buf_free(&server->seen);
}

/* Puts the answers of a test in place and forgets what was seen. */
static inline void server_set(struct server *server, const struct route *routes, size_t count)
{
	assert_true(count <= SERVER_ROUTES_MAX);
	pthread_mutex_lock(&server->mutex);
	memset(server->routes, 0, sizeof(server->routes));
	if (count > 0)
		memcpy(server->routes, routes, count * sizeof(*routes));
	buf_reset(&server->seen);
	pthread_mutex_unlock(&server->mutex);
}

static inline bool server_saw(struct server *server, const char *targets)
{
	bool same;

	pthread_mutex_lock(&server->mutex);
	same = slice_equal_text(buf_slice(&server->seen), targets);
	if (!same)
		print_message("seen:\n%s", buf_text(&server->seen));
	buf_reset(&server->seen);
	pthread_mutex_unlock(&server->mutex);
	return same;
}

#endif
