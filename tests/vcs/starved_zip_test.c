/* A zip that ends early for a reason of ours or of the caller's: that says nothing about the module. */
#include <sys/resource.h>

#include "support.h"

#define MODULE     SLICE("h.x/large")
#define LARGE      "30000000"
#define LEFT_BYTES (45L << 20) /* enough for one copy of the large file, not for that and for what it is packed into */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CAN_LIMIT_MEMORY false /* shadows of all memory count, too */
#else
#define CAN_LIMIT_MEMORY true
#endif

static int setup(void **state)
{
	if (scratch_setup(state) != 0)
		return -1;
	shell(*state, "git init -q -b main large; cd large; echo 'module h.x/large' > go.mod; echo a > a; head -c " LARGE
		      " /dev/zero > large; git add .; git commit -q -m 1; git tag v1.0.0; git repack -q -a -d");
	return 0;
}

static long memory_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long pages = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%ld", &pages), 1);
	fclose(file);
	return pages * sysconf(_SC_PAGESIZE);
}

static void limit_memory(long left)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_AS, &limit), 0);
	limit.rlim_cur = left < 0 ? limit.rlim_max : (rlim_t)(memory_bytes() + left);
	assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
}

/* The first file is on its way. */
static int starve(void *ctx, const void *bytes, size_t len)
{
	bool *starved = ctx;

	(void)bytes, (void)len;
	if (!*starved)
		limit_memory(LEFT_BYTES);
	*starved = true;
	return 0;
}

static void short_of_memory(void **state)
{
	struct err err = ERR_INIT;
	char h1[MODULE_H1_MAX];
	bool starved = false;
	struct vcs *vcs;
	int code;

	if (!CAN_LIMIT_MEMORY)
		skip();
	vcs = open_local(*state, "h.x/large", "large", NULL);
	code = vcs_zip(vcs, MODULE, 0, SLICE("v1.0.0"), NULL, starve, &starved, h1, &err);
	limit_memory(-1);
	if (code != VCS_ERR_UNKNOWN || !strstr(err.text, "no memory for a file of a module's zip"))
		fail_msg("%d: %s", code, err.text);
	vcs_close(&vcs);
}

/* Takes so many bytes, and then no more. */
static int stop(void *ctx, const void *bytes, size_t len)
{
	size_t *left = ctx;

	(void)bytes;
	if (len > *left)
		return -1;
	*left -= len;
	return 0;
}

static void unwanted(void **state)
{
	const size_t takes[] = { 0, 300 };
	struct vcs *vcs = open_local(*state, "h.x/large", "large", NULL);

	for (size_t i = 0; i < LENGTH(takes); i++) {
		struct err err = ERR_INIT;
		char h1[MODULE_H1_MAX];
		size_t left = takes[i];
		int code = vcs_zip(vcs, MODULE, 0, SLICE("v1.0.0"), NULL, stop, &left, h1, &err);

		if (code != VCS_ERR_STOPPED || strcmp(err.text, "the zip of h.x/large was not wanted to its end") != 0)
			fail_msg("%zu: %d: %s", takes[i], code, err.text);
	}
	vcs_close(&vcs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_of_memory),
		cmocka_unit_test(unwanted),
	};

	return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
