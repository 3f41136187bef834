/* The limits of a tree that is listed: levels, bytes of a path, bytes of all paths; each at its value and one more. */
#include "support.h"
#include "vcs/files_private.h"

/* Trees by `git mktree`: $blob is a file, under KIND ID NAME of the arguments. */
#define TREES \
	"test -d trees || git init -q -b main trees; cd trees; blob=$(echo x | git hash-object -w --stdin);" \
	"tree() { printf '%s %s %s\\t%s\\n' \"$@\" | git mktree; }; leaf() { tree 100644 blob $blob $1; }; up() { tree 040000 tree $1 $2; };" \
	"letters() { printf \"%0$1d\" 0; }; tag() { git tag -f $1 $(git commit-tree -m x $2) > /dev/null; };"

static int list(const char *scratch, const char *tag, size_t *count_out, struct err *err)
{
	struct listing listing = { 0 };
	git_repository *git = NULL;
	git_object *tree = NULL;
	int code;

	git_libgit2_init();
	assert_int_equal(git_repository_open(&git, below(scratch, "trees")), 0);
	assert_int_equal(git_revparse_single(&tree, git, tag), 0);
	code = vcs_listing_read(git, (git_tree *)tree, "", &listing, err);
	*count_out = listing.count;
	vcs_listing_free(&listing);
	git_object_free(tree);
	git_repository_free(git);
	git_libgit2_shutdown();
	return code;
}

static void check(const char *scratch, const char *tag, int want, const char *says)
{
	struct err err = ERR_INIT;
	size_t count;
	int code = list(scratch, tag, &count, &err);

	if (code != want || !strstr(err.text, says))
		fail_msg("%s: %d, %zu: %s", tag, code, count, err.text);
}

static void depth(void **state)
{
	char script[2048];

	snprintf(script, sizeof(script),
		"%s t=$(leaf f); i=1; while [ $i -lt %d ]; do t=$(up $t d); i=$((i+1)); done; tag depth $t; tag deeper $(up $t d)", TREES,
		TREE_DEPTH_MAX);
	shell(*state, script);
	check(*state, "depth^{tree}", 0, "");
	check(*state, "deeper^{tree}", VCS_ERR_REJECTED, "d/d/");
}

/* With a NUL, and a '/' should it be a directory, they fill what a walk holds. */
static void path(void **state)
{
	char script[2048];

	for (int extra = 0; extra < 2; extra++) {
		snprintf(script, sizeof(script), "%s tag path-%d $(up $(leaf $(letters %d)) dir)", TREES, extra, TREE_PATH_MAX - 2 - 4 + extra);
		shell(*state, script);
	}
	check(*state, "path-0^{tree}", 0, "");
	check(*state, "path-1^{tree}", VCS_ERR_REJECTED, "a path below \"dir/\" is longer than");
}

static void all_paths(void **state)
{
	struct listing listing = { .path_bytes = TREE_PATHS_MAX - 4 };
	struct err err = ERR_INIT;
	git_oid id = { { 0 } };

	(void)state;
	assert_int_equal(vcs_listing_add(&listing, "four", &id, MODULE_FILE_REGULAR, &err), 0);
	assert_int_equal(vcs_listing_add(&listing, "5", &id, MODULE_FILE_REGULAR, &err), VCS_ERR_REJECTED);
	assert_int_equal(listing.count, 1);
	vcs_listing_free(&listing);
}

/* A few objects may tell of any number of files. */
static void numbers(void **state)
{
	struct listing listing = { .count = MODULE_FILES_MAX - 1 };
	struct err err = ERR_INIT;
	git_oid id = { { 0 } };

	(void)state;
	listing.cap = MODULE_FILES_MAX;
	listing.entries = calloc(listing.cap, sizeof(*listing.entries));
	assert_non_null(listing.entries);
	assert_int_equal(vcs_listing_add(&listing, "last", &id, MODULE_FILE_REGULAR, &err), 0);
	assert_int_equal(vcs_listing_add(&listing, "more", &id, MODULE_FILE_REGULAR, &err), VCS_ERR_REJECTED);
	assert_int_equal(listing.count, MODULE_FILES_MAX);
	vcs_listing_free(&listing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(depth),
		cmocka_unit_test(path),
		cmocka_unit_test(all_paths),
		cmocka_unit_test(numbers),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
