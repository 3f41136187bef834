/* What the tests of base share: cmocka's includes, a check that names its row, a directory to scribble in. */
#ifndef TESTS_BASE_ROWS_H
#define TESTS_BASE_ROWS_H

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* A slice in a static table, NULs included. */
#define BYTES(literal) \
	{ \
		"" literal, sizeof(literal) - 1 \
	}

#define CHECK(row_name, condition) \
	do { \
		if (!(condition)) \
			fail_msg("%s:%d: row \"%s\": %s", __FILE__, __LINE__, (row_name), #condition); \
	} while (0)

/* The scratch directory is the state of the group. */
static inline int scratch_setup(void **state)
{
	char *path = strdup("/tmp/base-test-XXXXXX");

	*state = path;
	return path == NULL || mkdtemp(path) == NULL ? -1 : 0;
}

static inline int scratch_unlink(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static inline int scratch_teardown(void **state)
{
	nftw(*state, scratch_unlink, 8, FTW_DEPTH | FTW_PHYS);
	free(*state);
	return 0;
}

/* A path in the scratch directory; good until the same thread asks for the next but three. */
static inline const char *scratch_path(void **state, const char *name)
{
	static _Thread_local char paths[4][512];
	static _Thread_local unsigned next;
	char *path = paths[next++ % LENGTH(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s", (const char *)*state, name);
	return path;
}

#endif
