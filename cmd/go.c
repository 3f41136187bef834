/* Asks the go command. */
#include "cmd/go.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

/* This process's environment with GOTOOLCHAIN=local: a go.mod or setting elsewhere must not make it download another go. Free it alone. */
static char **child_environment(void)
{
	static char local[] = "GOTOOLCHAIN=local";
	size_t count = 0, kept = 0;
	while (environ[count] != NULL)
		count++;
	char **copy = calloc(count + 2, sizeof(*copy));
	for (size_t i = 0; copy != NULL && i < count; i++)
		if (strncmp(environ[i], "GOTOOLCHAIN=", 12) != 0)
			copy[kept++] = environ[i];
	if (copy != NULL)
		copy[kept] = local;
	return copy;
}

static bool spawn(const char *name, int output_fd, pid_t *child_out)
{
	char *const arguments[] = { "go", "env", (char *)name, NULL };
	char **environment = child_environment();
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t pipe_signal;
	if (environment == NULL)
		return false;
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	posix_spawnattr_setsigdefault(&attributes, &pipe_signal);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, output_fd, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addchdir_np(&actions, "/");
	bool spawned = posix_spawnp(child_out, "go", &actions, &attributes, arguments, environment) == 0;
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	free(environment);
	return spawned;
}

/* Everything until the child closes its end. */
static bool read_all(int fd, struct buf *out)
{
	int64_t deadline = clock_monotonic_us(&clock_system) + (int64_t)GO_TIMEOUT_S * 1000000;
	char piece[4096];
	for (;;) {
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		int64_t left_ms = (deadline - clock_monotonic_us(&clock_system)) / 1000;
		int ready = left_ms > 0 ? poll(&wait, 1, (int)left_ms) : 0;
		if (ready < 0 && errno == EINTR)
			continue;
		ssize_t got = ready > 0 ? read(fd, piece, sizeof(piece)) : -1;
		if (got <= 0)
			return got == 0;
		buf_add(out, piece, (size_t)got);
		if (buf_failed(out))
			return false;
	}
}

static bool ended_well(pid_t child, bool heard)
{
	int status = 0;
	if (!heard)
		kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	return heard && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool go_env(const char *name, struct buf *out)
{
	struct buf answer = BUF_INIT(GO_ANSWER_MAX);
	struct slice line = SLICE_NONE, rest;
	pid_t child;
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return false;
	bool spawned = spawn(name, ends[1], &child);
	close(ends[1]);
	bool done = spawned && ended_well(child, read_all(ends[0], &answer));
	close(ends[0]);
	if (done)
		slice_cut(buf_slice(&answer), '\n', &line, &rest);
	done = line.len > 0 && !slice_has_nul(line);
	if (done)
		buf_add_slice(out, line);
	buf_free(&answer);
	return done;
}
