/* A git host over https as a child of a test, its faults, its log, and a clock that the test turns. */
#ifndef TESTS_VCS_REMOTE_H
#define TESTS_VCS_REMOTE_H

#include <fcntl.h>
#include <signal.h>

#include "base/file.h"
#include "support.h"

#define CANARY "xK7canaryTOKEN42"

struct remote {
	char *scratch; /* repos/, state/, mirrors/ are below */
	pid_t pid;
	int input; /* closing it ends the child */
	char url[256], ca[4096];
	_Atomic int64_t now_us; /* the turned clock: fetches that go on behind look at it too */
	struct clock clock;
};

static inline int64_t remote_now(void *ctx)
{
	return ((struct remote *)ctx)->now_us;
}

static inline void write_file(const char *path, const char *text)
{
	struct err err = ERR_INIT;

	if (file_write(path, slice_of(text), 0600, &err) != 0)
		fail_msg("%s", err.text);
}

static inline void remote_start(struct remote *remote)
{
	int input[2], output[2];
	char line[5000];
	ssize_t n, at = 0;

	assert_int_equal(pipe2(input, O_CLOEXEC), 0);
	assert_int_equal(pipe2(output, O_CLOEXEC), 0);
	remote->pid = fork();
	assert_true(remote->pid >= 0);
	if (remote->pid == 0) {
		dup2(input[0], 0);
		dup2(output[1], 1);
		execl("/usr/bin/python3", "python3", "tests/vcs/git_server.py", below(remote->scratch, "repos"), below(remote->scratch, "state"),
			(char *)NULL);
		_exit(127);
	}
	close(input[0]);
	close(output[1]);
	while (at < (ssize_t)sizeof(line) - 1 && (n = read(output[0], line + at, sizeof(line) - 1 - (size_t)at)) > 0 &&
		!memchr(line, '\n', (size_t)(at += n)))
		continue;
	close(output[0]);
	line[at] = '\0';
	remote->input = input[1];
	if (sscanf(line, "%255s %4095s", remote->url, remote->ca) != 2)
		fail_msg("the git server does not start");
}

static inline int remote_setup(void **state)
{
	struct remote *remote = calloc(1, sizeof(*remote));

	if (!remote || scratch_setup((void **)&remote->scratch) != 0)
		return -1;
	remote->now_us = 1000 * 1000000LL;
	remote->clock = (struct clock){ remote_now, remote_now, remote };
	shell(remote->scratch,
		"mkdir repos state; printf " CANARY " > state/password; printf 'robot:" CANARY "\n' > credential; chmod 600 credential;"
		"git init -q -b main work; cd work; echo 'module git.test/one' > go.mod; git add .; git commit -q -m 1; git tag v1.0.0;"
		"echo x > x; git add .; git commit -q -m 2; git branch dev; git init -q --bare -b main ../repos/one.git;"
		"git remote add origin ../repos/one.git; git push -q origin main dev v1.0.0; git init -q --bare -b main ../repos/empty.git");
	remote_start(remote);
	*state = remote;
	return 0;
}

static inline int remote_teardown(void **state)
{
	struct remote *remote = *state;
	void *scratch = remote->scratch;

	close(remote->input);
	kill(remote->pid, SIGTERM);
	waitpid(remote->pid, NULL, 0);
	free(remote);
	return scratch_teardown(&scratch);
}

static inline void fault(const struct remote *remote, const char *lines)
{
	const char *path = below(remote->scratch, "state/faults/paths");

	if (lines)
		write_file(path, lines);
	else
		unlink(path);
}

/* How often these words stand in what the host recorded. */
static inline size_t recorded(const struct remote *remote, const char *words)
{
	struct buf log = BUF_INIT(16u << 20);
	struct slice rest;
	ptrdiff_t at;
	size_t n = 0;

	assert_int_equal(file_read(below(remote->scratch, "state/requests.log"), &log, NULL), 0);
	for (rest = buf_slice(&log); (at = slice_find(rest, slice_of(words))) >= 0; n++)
		rest = slice_after(rest, (size_t)at + 1);
	buf_free(&log);
	return n;
}

/* Changes to the options before the vcs is opened. */
struct tune {
	const char *credential, *ca, *mirrors, *repository, *git;
	bool missing_is_absent;
	int64_t timeout_ms, memory_max, missing_s, hold_ms;
};

static inline struct vcs *open_remote(struct remote *remote, struct tune tune)
{
	char url[512];
	struct vcs_repository repository = { .prefix = "git.test",
		.repository = url,
		.credentials_file = below(remote->scratch, "credential"),
		.ca = tune.ca ? tune.ca : remote->ca,
		.refresh_s = 60,
		.hold_ms = tune.hold_ms ? tune.hold_ms : VCS_HOLD_MS_MAX, /* a busy machine is no slow host */
		.missing_is_absent = tune.missing_is_absent };
	struct vcs_options options = { .repositories = &repository,
		.count = 1,
		.clock = &remote->clock,
		.missing_s = tune.missing_s,
		.git = tune.git,
		.fetch_timeout_ms = tune.timeout_ms,
		.fetch_memory_max = tune.memory_max };
	struct err err = ERR_INIT;
	struct vcs *vcs = NULL;

	snprintf(url, sizeof(url), "%s/{1}.git", remote->url);
	if (tune.repository)
		repository.repository = tune.repository;
	if (tune.credential)
		repository.credentials_file = tune.credential;
	options.mirrors = tune.mirrors ? tune.mirrors : below(remote->scratch, "mirrors");
	if (vcs_open(&options, &vcs, &err) != 0)
		fail_msg("vcs_open: %s", err.text);
	return vcs;
}

/* A mirror directory of its own for each test. */
static inline const char *fresh(const struct remote *remote, const char *name)
{
	return below(remote->scratch, name);
}

/* Runs a script in a work tree of the host's repository. */
static inline void push(const struct remote *remote, const char *script)
{
	char text[1024];

	snprintf(text, sizeof(text), "cd work; %s", script);
	shell(remote->scratch, text);
}

/* For a teardown: whatever fault a test set, the next one meets none. */
static inline int no_fault(void **state)
{
	fault(*state, NULL);
	return 0;
}

static inline void advance(struct remote *remote, int64_t seconds)
{
	remote->now_us += seconds * 1000000;
}

#endif
