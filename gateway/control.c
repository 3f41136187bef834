/* data/control.sock, both sides. */
#include "gateway/control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/gateway.h"
#include "gateway/operate.h"

#define CALLER_TIMEOUT_S 5  /* for a caller's whole request, and again for it to take the answer */
#define ANSWER_TIMEOUT_S 60 /* how long a command waits for the daemon */
#define CALLERS_MAX      64 /* served at once, so that those who say nothing keep nobody waiting */
#define CALLERS_WAITING  64 /* more than these are turned away */
#define ACCEPT_AGAIN_MS  100

struct control {
	struct gateway *gateway;
	pthread_t thread;
	struct pool *callers;
	int listen_fd;
	int stop_pipe[2];
	char path[4096];
};

/* A socket's path is short, a data directory's need not be: go through the directory's descriptor. */
static int socket_address(const char *data, int *directory_out, struct sockaddr_un *address_out, struct err *err)
{
	int directory = open(data, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return err_set(err, errno == ENOENT ? GATEWAY_ERR_ABSENT : GATEWAY_ERR, "%s: %m", data);
	*address_out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(address_out->sun_path, sizeof(address_out->sun_path), "/proc/self/fd/%d/control.sock", directory);
	*directory_out = directory;
	return 0;
}

static int64_t deadline_in(int seconds)
{
	return clock_monotonic_us(&clock_system) + (int64_t)seconds * 1000000;
}

/* Waits until fd is ready for that event; false when the deadline passes first. */
static bool wait_ready(int fd, short events, int64_t deadline_us)
{
	struct pollfd wait = { .fd = fd, .events = events };
	for (;;) {
		int64_t left_us = deadline_us - clock_monotonic_us(&clock_system);
		int ready = left_us > 0 ? poll(&wait, 1, (int)(left_us / 1000) + 1) : 0;
		if (ready >= 0 || errno != EINTR)
			return ready > 0;
	}
}

/* Up to the newline that ends it. */
static int read_line(int fd, int64_t deadline_us, struct buf *line, struct err *err)
{
	char piece[4096];
	for (;;) {
		if (!wait_ready(fd, POLLIN, deadline_us))
			return err_set(err, GATEWAY_ERR, "the other side does not answer");
		ssize_t got = recv(fd, piece, sizeof(piece), MSG_DONTWAIT);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0)
			return err_set(err, GATEWAY_ERR, got == 0 ? "the other side closed the connection" : "the other side does not answer");
		buf_add(line, piece, (size_t)got);
		explicit_bzero(piece, (size_t)got);
		if (buf_failed(line))
			return err_set(err, GATEWAY_ERR, "the message is longer than %d bytes", CONTROL_MESSAGE_MAX);
		if (line->ptr[line->len - 1] == '\n')
			return 0;
	}
}

static int send_all(int fd, int64_t deadline_us, struct slice bytes)
{
	while (bytes.len > 0) {
		if (!wait_ready(fd, POLLOUT, deadline_us))
			return GATEWAY_ERR;
		ssize_t sent = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (sent < 0)
			return GATEWAY_ERR;
		bytes = slice_after(bytes, (size_t)sent);
	}
	return 0;
}

/* --- the daemon's side --------------------------------------------------------------------------------------------------------------- */

static void write_answer(struct buf *answer, int code, const struct buf *result, const struct err *err)
{
	struct json_writer json;
	json_writer_init(&json, answer);
	json_object_begin(&json, NULL);
	json_write_int(&json, "code", code);
	if (code == 0)
		json_write_text(&json, "result", buf_slice(result));
	else
		json_write_bytes(&json, "error", slice_of(err->text));
	json_object_end(&json);
	buf_add_char(answer, '\n');
}

static void serve_caller(struct control *control, int fd)
{
	struct buf line = BUF_INIT(CONTROL_MESSAGE_MAX), result = BUF_INIT(CONTROL_MESSAGE_MAX), answer = BUF_INIT(2 * CONTROL_MESSAGE_MAX);
	struct err err = ERR_INIT;
	struct json *request = NULL;
	struct ucred peer;
	socklen_t peer_bytes = sizeof(peer);
	char by[64];
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_bytes) != 0 || (peer.uid != geteuid() && peer.uid != 0))
		return;
	snprintf(by, sizeof(by), "local:%u", (unsigned)peer.uid);

	int code = read_line(fd, deadline_in(CALLER_TIMEOUT_S), &line, &err);
	if (code == 0)
		code = json_parse(buf_slice(&line), &request, &err) == 0 ? 0 : GATEWAY_ERR_INVALID;
	const struct operate operate = {
		.tokens = control->gateway->tokens, .audit = control->gateway->audit, .gateway = control->gateway, .by = by
	};
	if (code == 0)
		code = operate_run(&operate, request, &result, &err);
	write_answer(&answer, code, &result, &err);
	if (!buf_failed(&answer))
		send_all(fd, deadline_in(CALLER_TIMEOUT_S), buf_slice(&answer));
	json_close(&request);
	buf_wipe(&line);
	buf_wipe(&result);
	buf_wipe(&answer);
}

struct caller {
	struct control *control;
	int fd;
};

static void caller_run(void *arg)
{
	struct caller *caller = arg;
	serve_caller(caller->control, caller->fd);
	close(caller->fd);
	free(caller);
}

/* To a thread of its own; with none to be had the connection ends, which the command tells its user. */
static void caller_begin(struct control *control, int fd)
{
	struct caller *caller = malloc(sizeof(*caller));
	if (caller != NULL) {
		*caller = (struct caller){ .control = control, .fd = fd };
		if (pool_submit(control->callers, caller_run, caller) == 0)
			return;
	}
	free(caller);
	close(fd);
}

static void *listen_loop(void *ctx)
{
	struct control *control = ctx;
	struct pollfd wait[2] = { { .fd = control->listen_fd, .events = POLLIN }, { .fd = control->stop_pipe[0], .events = POLLIN } };
	pthread_setname_np(pthread_self(), "control");
	for (;;) {
		if (poll(wait, 2, -1) < 0 && errno != EINTR)
			return NULL;
		if (wait[1].revents != 0)
			return NULL;
		if (wait[0].revents == 0)
			continue;
		int fd = accept4(control->listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			caller_begin(control, fd);
		else
			/* Out of descriptors, say: the caller goes on waiting, and poll would tell so without end. */
			poll(&wait[1], 1, ACCEPT_AGAIN_MS);
	}
}

/* The lock is ours, so whatever socket lies there belongs to nobody. */
static int listen_at(const char *data, struct control *control, struct err *err)
{
	struct sockaddr_un address;
	int directory = -1;
	int code = socket_address(data, &directory, &address, err);
	if (code != 0)
		return code;
	unlinkat(directory, "control.sock", 0);
	mode_t mask = umask(0177);
	control->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (control->listen_fd < 0 || bind(control->listen_fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
		listen(control->listen_fd, 16) != 0)
		code = err_set(err, GATEWAY_ERR, "%s: %m", control->path);
	umask(mask);
	close(directory);
	return code;
}

int control_open(struct gateway *gateway, struct control **control_out, struct err *err)
{
	struct pool_options callers = { .name = "control", .threads_max = CALLERS_MAX, .queue_max = CALLERS_WAITING };
	struct control *control = calloc(1, sizeof(*control));
	if (control == NULL)
		return err_set(err, GATEWAY_ERR, "memory is short");
	control->gateway = gateway;
	control->listen_fd = control->stop_pipe[0] = control->stop_pipe[1] = -1;
	snprintf(control->path, sizeof(control->path), "%s/control.sock", gateway->settings->data);
	int code = listen_at(gateway->settings->data, control, err);
	if (code == 0 && pipe2(control->stop_pipe, O_CLOEXEC) != 0)
		code = err_set(err, GATEWAY_ERR, "a pipe cannot be made: %m");
	if (code == 0)
		code = pool_open(&callers, &control->callers, err);
	if (code == 0 && pthread_create(&control->thread, NULL, listen_loop, control) != 0)
		code = err_set(err, GATEWAY_ERR, "a thread cannot be started");
	if (code == 0) {
		*control_out = control;
		return 0;
	}
	pool_close(&control->callers);
	if (control->listen_fd >= 0)
		close(control->listen_fd);
	if (control->stop_pipe[0] >= 0) {
		close(control->stop_pipe[0]);
		close(control->stop_pipe[1]);
	}
	free(control);
	return code;
}

void control_close(struct control **control_in)
{
	struct control *control = *control_in;
	if (control == NULL)
		return;
	unlink(control->path);
	close(control->stop_pipe[1]);
	pthread_join(control->thread, NULL);
	pool_close(&control->callers);
	close(control->stop_pipe[0]);
	close(control->listen_fd);
	free(control);
	*control_in = NULL;
}

/* --- the command's side -------------------------------------------------------------------------------------------------------------- */

static int connect_to(const char *data, int *fd_out, struct err *err)
{
	struct sockaddr_un address;
	int directory = -1;
	int code = socket_address(data, &directory, &address, err);
	if (code != 0)
		return code;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		bool nobody = errno == ENOENT || errno == ECONNREFUSED;
		code = err_set(err, nobody ? GATEWAY_ERR_ABSENT : GATEWAY_ERR, "%s/control.sock: %m", data);
		if (fd >= 0)
			close(fd);
	} else {
		*fd_out = fd;
	}
	close(directory);
	return code;
}

static int read_answer(struct slice line, struct buf *out, struct err *err)
{
	struct json *answer = NULL;
	struct slice text;
	int64_t code = GATEWAY_ERR;
	if (json_parse(line, &answer, err) != 0)
		return GATEWAY_ERR;
	if (!json_to_int(json_get(answer, "code"), &code))
		err_set(err, GATEWAY_ERR, "the daemon's answer cannot be read");
	else if (code == 0 && json_to_text(json_get(answer, "result"), &text))
		buf_add_slice(out, text);
	else if (json_to_text(json_get(answer, "error"), &text))
		err_set(err, (int)code, "%.*s", SLICE_ARG(text));
	json_close(&answer);
	return (int)code;
}

int control_call(const struct settings *settings, struct slice request, struct buf *out, struct err *err)
{
	struct buf answer = BUF_INIT(2 * CONTROL_MESSAGE_MAX);
	int fd = -1;
	int code = connect_to(settings->data, &fd, err);
	if (code != 0)
		return code;
	int64_t deadline_us = deadline_in(ANSWER_TIMEOUT_S);
	code = send_all(fd, deadline_us, request);
	if (code != 0)
		err_set(err, code, "the daemon closed the connection");
	if (code == 0)
		code = read_line(fd, deadline_us, &answer, err);
	if (code == 0)
		code = read_answer(buf_slice(&answer), out, err);
	buf_wipe(&answer);
	close(fd);
	return code;
}
