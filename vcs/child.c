/* Running git as a child: an argument vector, a fixed environment, resource limits, a deadline for the whole process group. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vcs/child_private.h"

#define CONFIG_FD       3 /* these two are named again in the environment below, */
#define TRACE_FD        4
#define KEY_FD          5 /* and these by vcs_ssh_command, the trace as well */
#define HOSTS_FD        6
#define POLL_MS         100 /* how late an abort may be noticed */
#define CPU_S_MAX       1800
#define FILES_MAX       256
#define ENVIRONMENT_MAX 24

/* Set up before the fork, used between fork and exec, where nothing may allocate. */
struct start {
	const struct child *child;
	char *environment[ENVIRONMENT_MAX];
	int in, out, messages, trace; /* the child's ends */
};

static char *variable(const char *name, const char *value)
{
	char *text = malloc(strlen(name) + strlen(value) + 2);

	if (text)
		sprintf(text, "%s=%s", name, value);
	return text;
}

/* Nothing of our own environment: no proxy, no configuration, no trace file, no askpass, no terminal. */
static bool make_environment(const struct child *child, char **out)
{
	const char *const fixed[][2] = {
		{ "PATH", "/usr/bin:/bin" },
		{ "LC_ALL", "C" },
		{ "HOME", child->home },
		{ "XDG_CONFIG_HOME", child->home },
		{ "GIT_DIR", child->git_dir },
		{ "GIT_CONFIG_NOSYSTEM", "1" },
		{ "GIT_CONFIG_GLOBAL", "/proc/self/fd/3" },
		{ "GIT_ATTR_NOSYSTEM", "1" },
		{ "GIT_TERMINAL_PROMPT", "0" },
		{ "GIT_ALLOW_PROTOCOL", child->protocol ? child->protocol : "none" },
		{ "GIT_PROTOCOL_FROM_USER", "0" },
		{ "GIT_NO_LAZY_FETCH", "1" },
		{ "GIT_NO_REPLACE_OBJECTS", "1" },
		{ "GIT_OPTIONAL_LOCKS", "0" },
		{ "GIT_OBJECT_DIRECTORY", child->objects },
		{ "GIT_TRACE_PACKET", child->trace && !child->ssh ? "4" : NULL },
		{ "GIT_SSH_COMMAND", child->ssh ? vcs_ssh_command : NULL },
		{ "GIT_SSH_VARIANT", child->ssh ? "ssh" : NULL },
	};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		if (!fixed[i][1])
			continue;
		out[n] = variable(fixed[i][0], fixed[i][1]);
		if (!out[n++])
			return false;
	}
	out[n] = NULL;
	return true;
}

static void free_environment(char **environment)
{
	for (size_t i = 0; i < ENVIRONMENT_MAX; i++)
		free(environment[i]);
}

static void limit(int resource, int64_t most)
{
	struct rlimit rlimit = { (rlim_t)most, (rlim_t)most };

	if (setrlimit((__rlimit_resource_t)resource, &rlimit) != 0)
		_exit(126);
}

static void place(int from, int to)
{
	if (from == to ? fcntl(to, F_SETFD, 0) < 0 : dup2(from, to) < 0)
		_exit(126);
}

/* What git gets beside its three standard ones, in the order of their numbers; whatever else is open is not for it. */
static void place_more(const struct start *start)
{
	const struct child *child = start->child;
	unsigned last = CONFIG_FD;

	place(child->config_fd, CONFIG_FD);
	if (start->trace >= 0) {
		place(start->trace, TRACE_FD);
		last = TRACE_FD;
	}
	if (child->ssh) {
		place(child->ssh->key_fd, KEY_FD);
		place(child->ssh->hosts_fd, HOSTS_FD);
		last = HOSTS_FD;
	}
	close_range(last + 1, ~0u, 0);
}

/* Between fork and exec: system calls only. The descriptors were opened above VCS_CHILD_FDS, so that no dup2 covers another. */
static _Noreturn void become(const struct start *start)
{
	const struct child *child = start->child;
	sigset_t none;

	sigemptyset(&none);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	place(start->in, 0);
	place(start->out, 1);
	place(start->messages, 2);
	place_more(start);
	if (chdir(child->home) != 0)
		_exit(126);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_CPU, CPU_S_MAX);
	limit(RLIMIT_NOFILE, FILES_MAX);
	limit(RLIMIT_AS, child->memory_max);
	limit(RLIMIT_FSIZE, child->bytes_max);
	execve(child->argv[0], (char *const *)child->argv, start->environment);
	_exit(127);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* A pipe whose ends are above the descriptors that the child uses. */
static int open_pipe(int ends[2])
{
	int low[2];

	if (pipe2(low, O_CLOEXEC) != 0)
		return -1;
	for (int i = 0; i < 2; i++) {
		ends[i] = fcntl(low[i], F_DUPFD_CLOEXEC, VCS_CHILD_FDS);
		close(low[i]);
	}
	return ends[0] >= 0 && ends[1] >= 0 ? 0 : -1;
}

static int64_t now_ms(void)
{
	return clock_monotonic_us(&clock_system) / 1000;
}

/* One read of a pipe: closes it at its end. False when out is full. */
static bool drain(int *fd, struct buf *out, bool cut)
{
	char bytes[4096];
	ssize_t n = read(*fd, bytes, sizeof(bytes));

	if (n < 0 && errno == EINTR)
		return true;
	if (n <= 0) {
		close_fd(fd);
		return true;
	}
	if (cut && (size_t)n > out->max - out->len)
		n = (ssize_t)(out->max - out->len);
	buf_add(out, bytes, (size_t)n);
	return !buf_failed(out);
}

/* The pipes between us and a child: [0] is ours, [1] the child's; -1 where there is none. */
struct pipes {
	int out[2], messages[2], trace[2];
};

/* Why not to wait for the child any more; NULL: go on. */
static const char *overdue(const struct child *child, int64_t deadline)
{
	if (atomic_load(child->aborted))
		return "stopped because modgate stops; try again shortly";
	if (child->grows && vcs_disk_short(child->grows))
		return "was ended: the disk below the data directory is almost full, and the rest is not for repositories; make room there";
	return now_ms() >= deadline ? "took too long and was ended; try again later, and see why the host is slow" : NULL;
}

/* Reads until all pipes end. NULL, or what went wrong. */
static const char *listen_to(const struct child *child, struct pipes *pipes, int64_t deadline)
{
	const char *problem;

	while (pipes->out[0] >= 0 || pipes->messages[0] >= 0 || pipes->trace[0] >= 0) {
		struct pollfd fds[3] = { { pipes->out[0], POLLIN, 0 }, { pipes->messages[0], POLLIN, 0 }, { pipes->trace[0], POLLIN, 0 } };

		problem = overdue(child, deadline);
		if (problem)
			return problem;
		if (poll(fds, 3, POLL_MS) <= 0)
			continue;
		if (fds[0].revents && !drain(&pipes->out[0], child->output, false))
			return "said more than expected and was ended; see whether the address is a git host's";
		if ((fds[1].revents && !drain(&pipes->messages[0], child->messages, true)) ||
			(fds[2].revents && !drain(&pipes->trace[0], child->trace, true)))
			return "could not be listened to: memory is short; try again later";
	}
	return NULL;
}

/* A child that closed its output may still run: it has the rest of its time. It is not reaped here. */
static const char *wait_for_exit(const struct child *child, pid_t pid, int64_t deadline)
{
	const char *problem = NULL;
	siginfo_t info = { .si_pid = 0 };

	for (int pause_ms = 1; waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0 && !problem;) {
		poll(NULL, 0, pause_ms);
		pause_ms = pause_ms < POLL_MS / 2 ? pause_ms * 2 : POLL_MS;
		problem = overdue(child, deadline);
	}
	return problem;
}

/* Its group is ended before it is reaped: after that its number may be another's. */
static int reap(pid_t pid)
{
	int status = 0;

	kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

static int start_and_listen(struct start *start, struct pipes *pipes, int *status_out, struct err *err)
{
	const struct child *child = start->child;
	int64_t deadline = now_ms() + child->timeout_ms;
	const char *problem;
	pid_t pid = fork();

	if (pid < 0)
		return err_set(
			err, VCS_ERR_UNKNOWN, "cannot start git: %s; see how many processes and how much memory modgate may have", strerror(errno));
	if (pid == 0)
		become(start);
	setpgid(pid, pid); /* whoever is first; the other fails harmlessly */
	close_fd(&pipes->out[1]);
	close_fd(&pipes->messages[1]);
	close_fd(&pipes->trace[1]);
	problem = listen_to(child, pipes, deadline);
	if (!problem)
		problem = wait_for_exit(child, pid, deadline);
	*status_out = reap(pid);
	if (problem)
		return err_set(err, VCS_ERR_UNKNOWN, "git %s", problem);
	return 0;
}

static int open_pipes(const struct child *child, struct pipes *pipes)
{
	if (child->output_fd < 0 && open_pipe(pipes->out) != 0)
		return -1;
	if (child->trace && open_pipe(pipes->trace) != 0)
		return -1;
	return open_pipe(pipes->messages);
}

static void close_pipes(struct pipes *pipes)
{
	for (int i = 0; i < 2; i++) {
		close_fd(&pipes->out[i]);
		close_fd(&pipes->messages[i]);
		close_fd(&pipes->trace[i]);
	}
}

static int open_null(void)
{
	int low = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int fd = low < 0 ? -1 : fcntl(low, F_DUPFD_CLOEXEC, VCS_CHILD_FDS);

	close_fd(&low);
	return fd;
}

int vcs_child_run(const struct child *child, int *status_out, struct err *err)
{
	struct start start = { .child = child, .in = open_null() };
	struct pipes pipes = { { -1, -1 }, { -1, -1 }, { -1, -1 } };
	int code = VCS_ERR_UNKNOWN, status = 0;

	if (start.in < 0 || open_pipes(child, &pipes) != 0) {
		err_set(err, code, "cannot start git: %s; see how many files and processes modgate may have", strerror(errno));
		goto out;
	}
	if (!make_environment(child, start.environment)) {
		vcs_no_memory(err, "start git");
		goto out;
	}
	start.out = child->output_fd >= 0 ? child->output_fd : pipes.out[1];
	start.messages = pipes.messages[1];
	start.trace = pipes.trace[1];
	code = start_and_listen(&start, &pipes, &status, err);
	if (code == 0)
		*status_out = status;
out:
	close_pipes(&pipes);
	close_fd(&start.in);
	free_environment(start.environment);
	return code;
}

bool vcs_child_starved(const struct buf *messages)
{
	static const char *const words[] = { "memory", "Too many open files", "No space left", "Disk quota exceeded",
		"Resource temporarily unavailable" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_find(buf_slice(messages), slice_of(words[i])) >= 0)
			return true;
	return false;
}
