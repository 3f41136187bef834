/* What the tests of vcs share: cmocka's includes, a check that names its row, a scratch directory, repositories made by shell lines. */
#ifndef TESTS_VCS_SUPPORT_H
#define TESTS_VCS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "vcs/vcs_private.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#define CHECK(row_name, condition) \
	do { \
		if (!(condition)) \
			fail_msg("%s:%d: row \"%s\": %s", __FILE__, __LINE__, (row_name), #condition); \
	} while (0)

/* Runs one shell script with $D set to directory, git without ambient configuration and with fixed names and dates. */
static inline void shell(const char *directory, const char *script)
{
	struct buf line = BUF_INIT(1 << 20);
	int status;

	buf_printf(&line,
		"set -e; export D='%s' HOME='%s' GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@x "
		"GIT_COMMITTER_NAME=c GIT_COMMITTER_EMAIL=c@x GIT_AUTHOR_DATE=2020-01-01T00:00:00Z GIT_COMMITTER_DATE=2020-01-01T00:00:00Z; cd "
		"\"$D\"; %s",
		directory, directory, script);
	assert_false(buf_failed(&line));
	status = system(buf_text(&line));
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("the script failed: %s", script);
	buf_free(&line);
}

static inline int scratch_setup(void **state)
{
	char *path = strdup("/tmp/vcs-test-XXXXXX");

	*state = path;
	return path && mkdtemp(path) ? 0 : -1;
}

static inline int scratch_teardown(void **state)
{
	char line[128];

	snprintf(line, sizeof(line), "rm -rf -- '%s'", (char *)*state);
	free(*state);
	return system(line);
}

/* A path below the scratch directory; valid until the fourth call from here. */
static inline const char *below(const char *scratch, const char *name)
{
	static char paths[4][4096];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", scratch, name);
	return path;
}

/* A vcs with one local repository of the scratch directory. */
static inline struct vcs *open_local(const char *scratch, const char *prefix, const char *name, const char *subdir)
{
	struct vcs_repository repository = { .prefix = prefix, .repository = below(scratch, name), .subdir = subdir };
	struct vcs_options options = { .repositories = &repository, .count = 1, .mirrors = below(scratch, "mirrors") };
	struct err err = ERR_INIT;
	struct vcs *vcs = NULL;

	if (vcs_open(&options, &vcs, &err) != 0)
		fail_msg("vcs_open: %s", err.text);
	return vcs;
}

static inline int into_buf(void *ctx, const void *bytes, size_t len)
{
	buf_add(ctx, bytes, len);
	return buf_failed(ctx) ? -1 : 0;
}

#endif
