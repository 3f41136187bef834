/* From a module path to a repository and a directory; and the repositories that are never handed to git. */
#include "support.h"

static void as_ssh_wants(struct vcs_repository *repository)
{
	if (strncmp(repository->repository, "ssh://", 6) == 0) {
		repository->credentials_file = "key";
		repository->known_hosts_file = "known_hosts";
	}
}

static void locations(void **state)
{
	static const struct {
		const char *prefix, *repository, *subdir, *module;
		int code;
		const char *want, *directory, *path_major;
		bool at_root;
	} rows[] = {
		{ "h.x/r", "/srv/r", NULL, "h.x/r", 0, "/srv/r", "", "", true },
		{ "h.x/r", "/srv/r", NULL, "h.x/r/v2", 0, "/srv/r", "", "/v2", false },
		{ "h.x/r", "/srv/r", NULL, "h.x/r/sub", 0, "/srv/r", "sub", "", false },
		{ "h.x/r", "/srv/r", NULL, "h.x/r/sub/v2", 0, "/srv/r", "sub", "/v2", false },
		{ "h.x/r", "/srv/r", NULL, "h.x/r/v2/sub", 0, "/srv/r", "v2/sub", "", false },
		{ "h.x/r", "/srv/r", "go", "h.x/r", 0, "/srv/r", "go", "", true },
		{ "h.x/r", "/srv/r", "go/src", "h.x/r/v3", 0, "/srv/r", "go/src", "/v3", false },
		{ "h.x/r/v2", "/srv/r", NULL, "h.x/r/v2", 0, "/srv/r", "", "/v2", true },
		{ "gopkg.in", "/srv/{1}", NULL, "gopkg.in/y.v3", 0, "/srv/y.v3", "", ".v3", true },
		{ "h.x", "https://g.x/{1}/{2}.git", NULL, "h.x/a/b", 0, "https://g.x/a/b.git", "", "", true },
		{ "h.x", "https://g.x/{1}/{2}.git", NULL, "h.x/a/b/c/d", 0, "https://g.x/a/b.git", "c/d", "", false },
		{ "h.x", "https://g.x/{1}/{2}.git", NULL, "h.x/a/b/v2", 0, "https://g.x/a/b.git", "", "/v2", false },
		{ "h.x", "https://g.x/{1}/{2}.git", NULL, "h.x/a/v2", 0, "https://g.x/a/v2.git", "", "/v2", true },
		{ "h.x", "https://g.x/{2}/{1}.git", NULL, "h.x/A/b~c", 0, "https://g.x/b~c/A.git", "", "", true },
		{ "h.x", "https://g.x/{1}/{2}.git", NULL, "h.x/a", VCS_ERR_ABSENT, NULL, NULL, NULL, false },
		{ "h.x", "https://g.x/{1}/{2}.git", NULL, "h.x", VCS_ERR_ABSENT, NULL, NULL, NULL, false },
		{ "h.x", "https://g.x/{1}.git", NULL, "h.x/-a", VCS_ERR_ABSENT, NULL, NULL, NULL, false },
		{ "h.x", "https://g.x/{1}.git", NULL, "h.x/..", VCS_ERR_ABSENT, NULL, NULL, NULL, false },
		{ "h.x", "https://g.x/{1}.git", NULL, "h.x/~a", 0, "https://g.x/~a.git", "", "", true },
		{ "h.x", "ssh://git@g.x/{1}.git", NULL, "h.x/~a", VCS_ERR_ABSENT, NULL, NULL, NULL, false },
		{ "h.x", "ssh://git@g.x/{2}/{1}", NULL, "h.x/a/~b", VCS_ERR_ABSENT, NULL, NULL, NULL, false },
		{ "h.x", "ssh://git@g.x/{1}.git", NULL, "h.x/a~b/~c", 0, "ssh://git@g.x/a~b.git", "~c", "", false },
		{ "h.x", "https://g.x/{1}.git", NULL, "h.x/a%2fb", VCS_ERR_ABSENT, NULL, NULL, NULL, false },
		{ "h.x", "https://g.x/{1}.git", NULL, "h.x/a@b", VCS_ERR_ABSENT, NULL, NULL, NULL, false },
		{ "h.x", "https://g.x/{1}.git", NULL, "h.x/a/v1", VCS_ERR_ABSENT, NULL, NULL, NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct vcs_repository from = { .prefix = rows[i].prefix, .repository = rows[i].repository, .subdir = rows[i].subdir };
		struct mapping mapping;
		struct location at;

		as_ssh_wants(&from);
		CHECK(rows[i].module, vcs_mapping_init(&from, &mapping, NULL) == 0);
		CHECK(rows[i].module, vcs_location_init(&mapping, slice_of(rows[i].module), 1, &at, NULL) == rows[i].code);
		if (rows[i].code == 0) {
			CHECK(rows[i].module, strcmp(at.repository, rows[i].want) == 0);
			CHECK(rows[i].module, strcmp(at.directory, rows[i].directory) == 0);
			CHECK(rows[i].module, slice_equal_text(at.path_major, rows[i].path_major));
			CHECK(rows[i].module, at.at_root == rows[i].at_root);
			CHECK(rows[i].module, strlen(at.tag_prefix) == (at.directory[0] ? strlen(at.directory) + 1 : 0));
		}
		vcs_mapping_free(&mapping);
	}
}

/* {*} stands for one element, two, …; what is left names the directory. */
static void candidates(void **state)
{
	static const struct {
		const char *repository, *subdir, *module;
		size_t open_elements, count;
		const char *want, *root, *directory, *path_major;
	} rows[] = {
		{ "https://g.x/{*}.git", NULL, "h.x/a", 1, 1, "https://g.x/a.git", "h.x/a", "", "" },
		{ "https://g.x/{*}.git", NULL, "h.x/a/b/c", 1, 3, "https://g.x/a.git", "h.x/a", "b/c", "" },
		{ "https://g.x/{*}.git", NULL, "h.x/a/b/c", 2, 3, "https://g.x/a/b.git", "h.x/a/b", "c", "" },
		{ "https://g.x/{*}.git", NULL, "h.x/a/b/c", 3, 3, "https://g.x/a/b/c.git", "h.x/a/b/c", "", "" },
		{ "https://g.x/{*}.git", NULL, "h.x/a/b/v2", 2, 3, "https://g.x/a/b.git", "h.x/a/b", "", "/v2" },
		{ "https://g.x/{*}.git", NULL, "h.x/a/b/v2", 3, 3, "https://g.x/a/b/v2.git", "h.x/a/b/v2", "", "/v2" },
		{ "https://g.x/{*}.git", "go", "h.x/a/b/c", 2, 3, "https://g.x/a/b.git", "h.x/a/b", "c/go", "" },
		{ "/srv/{*}", NULL, "h.x/a/b", 2, 2, "/srv/a/b", "h.x/a/b", "", "" },
		{ "https://g.x/{1}/r/{*}", NULL, "h.x/a/b/c", 1, 2, "https://g.x/a/r/b", "h.x/a/b", "c", "" },
		{ "https://g.x/{1}/r/{*}", NULL, "h.x/a/b/c", 2, 2, "https://g.x/a/r/b/c", "h.x/a/b/c", "", "" },
		{ "https://g.x/{*}/of/{1}", NULL, "h.x/a/b", 1, 1, "https://g.x/b/of/a", "h.x/a/b", "", "" },
		{ "https://g.x/{*}.git", NULL, "h.x", 1, 0, NULL, NULL, NULL, NULL },
		{ "https://g.x/{1}/{*}.git", NULL, "h.x/a", 1, 0, NULL, NULL, NULL, NULL },
		{ "https://g.x/{*}.git", NULL, "h.x/a", 2, 1, NULL, NULL, NULL, NULL },
		{ "https://g.x/{*}.git", NULL, "h.x/a/-b", 2, 2, NULL, NULL, NULL, NULL },
		{ "ssh://git@g.x/{*}.git", NULL, "h.x/~a", 1, 1, NULL, NULL, NULL, NULL },
		{ "https://g.x/{*}.git", NULL, "h.x/~a", 1, 1, "https://g.x/~a.git", "h.x/~a", "", "" },
		{ "https://g.x/{*}.git", NULL, "h.x/a/b", 0, 2, NULL, NULL, NULL, NULL },
		{ "https://g.x/{1}.git", NULL, "h.x/a/b", 7, 1, "https://g.x/a.git", "h.x/a", "b", "" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct vcs_repository from = { .prefix = "h.x", .repository = rows[i].repository, .subdir = rows[i].subdir };
		struct mapping mapping;
		struct location at;
		int code;

		as_ssh_wants(&from);
		CHECK(rows[i].module, vcs_mapping_init(&from, &mapping, NULL) == 0);
		CHECK(rows[i].module, vcs_mapping_candidates(&mapping, slice_of(rows[i].module)) == rows[i].count);
		code = vcs_location_init(&mapping, slice_of(rows[i].module), rows[i].open_elements, &at, NULL);
		CHECK(rows[i].module, code == (rows[i].want ? 0 : VCS_ERR_ABSENT));
		if (rows[i].want) {
			CHECK(rows[i].module, strcmp(at.repository, rows[i].want) == 0);
			CHECK(rows[i].module, slice_equal_text(slice_make(at.module, at.root_len), rows[i].root));
			CHECK(rows[i].module, strcmp(at.directory, rows[i].directory) == 0);
			CHECK(rows[i].module, slice_equal_text(at.path_major, rows[i].path_major));
		}
		vcs_mapping_free(&mapping);
	}
}

/* Of a host that ignores case, one repository has one module path: what {n} and {*} stand for has no capital letter. */
static void lower_case(void **state)
{
	static const struct {
		const char *prefix, *repository, *module;
		size_t open_elements;
		const char *want; /* NULL: absent */
	} rows[] = {
		{ "h.x", "https://g.x/{1}/{2}.git", "h.x/team/api", 1, "https://g.x/team/api.git" },
		{ "h.x", "https://g.x/{1}/{2}.git", "h.x/team/API", 1, NULL },
		{ "h.x", "https://g.x/{1}/{2}.git", "h.x/team/apI", 1, NULL },
		{ "h.x", "https://g.x/{1}/{2}.git", "h.x/Team/api", 1, NULL },
		{ "h.x", "https://g.x/{1}/{2}.git", "h.x/team/api/Tools", 1, "https://g.x/team/api.git" },
		{ "h.x/Team", "https://g.x/Team/{1}.git", "h.x/Team/api", 1, "https://g.x/Team/api.git" },
		{ "h.x/Team", "https://g.x/Team/api.git", "h.x/Team", 1, "https://g.x/Team/api.git" },
		{ "h.x", "https://g.x/{*}.git", "h.x/team/api", 2, "https://g.x/team/api.git" },
		{ "h.x", "https://g.x/{*}.git", "h.x/team/Api", 2, NULL },
		{ "h.x", "https://g.x/{*}.git", "h.x/team/Api", 1, "https://g.x/team.git" },
		{ "h.x", "https://g.x/{1}/{*}.git", "h.x/Team/api", 1, NULL },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		for (int lower = 0; lower <= 1; lower++) {
			struct vcs_repository from = { .prefix = rows[i].prefix, .repository = rows[i].repository, .lower_case = lower };
			struct err err = ERR_INIT;
			struct mapping mapping;
			struct location at;
			bool absent = lower && !rows[i].want;

			CHECK(rows[i].module, vcs_mapping_init(&from, &mapping, NULL) == 0);
			CHECK(rows[i].module, vcs_location_init(&mapping, slice_of(rows[i].module), rows[i].open_elements, &at, &err) ==
						      (absent ? VCS_ERR_ABSENT : 0));
			if (absent)
				CHECK(rows[i].module, strstr(err.text, "named in lower case"));
			else if (rows[i].want)
				CHECK(rows[i].module, strcmp(at.repository, rows[i].want) == 0);
			vcs_mapping_free(&mapping);
		}
	}
}

static void candidates_end_somewhere(void **state)
{
	struct vcs_repository from = { .prefix = "h.x", .repository = "https://g.x/{*}.git" };
	struct buf module = BUF_INIT(MODULE_PATH_MAX);
	struct mapping mapping;

	(void)state;
	assert_int_equal(vcs_mapping_init(&from, &mapping, NULL), 0);
	buf_add_text(&module, "h.x");
	for (size_t i = 1; i <= VCS_CANDIDATES_MAX + 1; i++) {
		buf_add_text(&module, "/a");
		assert_int_equal(vcs_mapping_candidates(&mapping, buf_slice(&module)), i <= VCS_CANDIDATES_MAX ? i : VCS_CANDIDATES_MAX);
	}
	buf_free(&module);
	vcs_mapping_free(&mapping);
}

/* Each is refused with a sentence that says what is wrong, or what is not in this version. */
static void refusals(void **state)
{
	static const struct {
		const char *repository, *subdir, *want;
	} rows[] = {
		{ "ext::sh -c touch% /tmp/x", NULL, "printable" },
		{ "ext::sh", NULL, "an https or ssh url or an absolute path" },
		{ "--upload-pack=/bin/sh", NULL, "an https or ssh url or an absolute path" },
		{ "-oProxyCommand=x", NULL, "an https or ssh url or an absolute path" },
		{ "file:///srv/git", NULL, "an https or ssh url or an absolute path" },
		{ "http://g.x/a.git", NULL, "an https or ssh url or an absolute path" },
		{ "git://g.x/a.git", NULL, "an https or ssh url or an absolute path" },
		{ "relative/path", NULL, "an https or ssh url or an absolute path" },
		{ "git@g.x:a.git", NULL, "ssh://git@host/path is expected" },
		{ "ssh://git@g.x/a.git", NULL, "needs a credentials_file and a known_hosts_file" },
		{ "ssh://g.x/a.git", NULL, "a user is expected before the host" },
		{ "ssh://@g.x/a.git", NULL, "more than a user" },
		{ "ssh://-oProxyCommand=x@g.x/a.git", NULL, "more than a user" },
		{ "ssh://-l@g.x/a.git", NULL, "more than a user" },
		{ "ssh://{1}@g.x/a.git", NULL, "more than a user" },
		{ "ssh://git:hunter2@g.x/a.git", NULL, "more than a user" },
		{ "ssh://git@-oProxyCommand=x/a.git", NULL, "is no HOST" },
		{ "ssh://git@{1}.x/a.git", NULL, "is no HOST" },
		{ "ssh://git@a@g.x/a.git", NULL, "it has a user name" },
		{ "ssh://git@g.x:2x/a.git", NULL, "is no HOST" },
		{ "ssh://git@g.x:123456/a.git", NULL, "is no HOST" },
		{ "ssh://git@[::1/a.git", NULL, "is no HOST" },
		{ "ssh://git@[-o]/a.git", NULL, "is no HOST" },
		{ "ssh://git@/a.git", NULL, "there is no host" },
		{ "ssh://git@g.x", NULL, "host and a path" },
		{ "ssh://git@g.x/", NULL, "host and a path" },
		{ "ssh://git@g.x/a?b", NULL, "query" },
		{ "git+ssh://git@g.x/a.git", NULL, "an https or ssh url or an absolute path" },
		{ "https://g.x/{*}/{*}.git", NULL, "{*} more than once" },
		{ "https://{*}/a.git", NULL, "is no HOST" },
		{ "https://g.x/{*", NULL, "of the form {1} to {9}" },
		{ "https://g.x/{*}/{2}.git", NULL, "without a gap" },
		{ "https://user:hunter2@g.x/a.git", NULL, "a secret belongs in a file" },
		{ "https://{1}.x/a.git", NULL, "is no HOST" },
		{ "https://-g.x/a.git", NULL, "is no HOST" },
		{ "https://g.x", NULL, "host and a path" },
		{ "https:///a", NULL, "there is no host" },
		{ "https://g.x/a?b=c", NULL, "query" },
		{ "https://g.x/{2}.git", NULL, "without a gap" },
		{ "https://g.x/{0}.git", NULL, "of the form {1} to {9}" },
		{ "https://g.x/{x}.git", NULL, "of the form {1} to {9}" },
		{ "https://g.x/a}.git", NULL, "of the form {1} to {9}" },
		{ "https://g.x/a b.git", NULL, "printable" },
		{ "https://g.x/a\n.git", NULL, "printable" },
		{ "https://g.x/a\".git", NULL, "printable" },
		{ "/srv/git", "/abs", "inside the repository" },
		{ "/srv/git", "a/../b", "empty elements" },
		{ "/srv/git", "-a", "inside the repository" },
		{ "/srv/git", "a/", "inside the repository" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct vcs_repository from = { .prefix = "h.x", .repository = rows[i].repository, .subdir = rows[i].subdir };
		struct err err = ERR_INIT;
		struct mapping mapping;

		CHECK(rows[i].repository, vcs_mapping_init(&from, &mapping, &err) == VCS_ERR_INVALID);
		CHECK(rows[i].repository, strstr(err.text, rows[i].want));
		CHECK(rows[i].repository, !strstr(err.text, "hunter2"));
		vcs_mapping_free(&mapping);
	}
}

static void longest_prefix_wins(void **state)
{
	struct vcs_repository repositories[] = { { .prefix = "h.x", .repository = "/srv/{1}" }, { .prefix = "h.x/a/b", .repository = "/srv/ab" },
		{ .prefix = "h.x/a", .repository = "/srv/a" } };
	struct vcs_options options = { .repositories = repositories, .count = 3, .mirrors = below(*state, "mirrors") };
	static const struct {
		const char *module, *want;
	} rows[] = { { "h.x/z", "h.x" }, { "h.x/a", "h.x/a" }, { "h.x/a/c", "h.x/a" }, { "h.x/a/b/c", "h.x/a/b" }, { "h.x/ab", "h.x" },
		{ "h.xy", NULL }, { "x", NULL } };
	struct err err = ERR_INIT;
	struct vcs *vcs = NULL;

	assert_int_equal(vcs_open(&options, &vcs, &err), 0);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		const struct mapping *mapping = vcs_mapping_find(vcs->mappings, vcs->count, slice_of(rows[i].module));

		CHECK(rows[i].module, rows[i].want ? mapping && strcmp(mapping->prefix, rows[i].want) == 0 : !mapping);
	}
	vcs_close(&vcs);
	repositories[1].prefix = "h.x";
	assert_int_equal(vcs_open(&options, &vcs, &err), VCS_ERR_INVALID);
	assert_non_null(strstr(err.text, "twice"));
	options.mirrors = NULL;
	options.count = 0;
	assert_int_equal(vcs_open(&options, &vcs, &err), VCS_ERR_INVALID);
}

/* How long fetches may hold a question: bounded, and something unless it is said. */
static void holds(void **state)
{
	static const struct {
		const char *name;
		int64_t hold_ms;
		int want;
		int64_t hold_us;
	} rows[] = {
		{ "left out", 0, 0, 20000000 },
		{ "the shortest", 1, 0, 1000 },
		{ "the longest", VCS_HOLD_MS_MAX, 0, 300000000 },
		{ "longer", VCS_HOLD_MS_MAX + 1, VCS_ERR_INVALID, 0 },
		{ "no time", -1, VCS_ERR_INVALID, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct vcs_repository repository = { .prefix = "h.x", .repository = "/srv/git/x.git", .hold_ms = rows[i].hold_ms };
		struct mapping mapping = { 0 };
		struct err err = ERR_INIT;

		CHECK(rows[i].name, vcs_mapping_init(&repository, &mapping, &err) == rows[i].want);
		if (rows[i].want == 0)
			CHECK(rows[i].name, mapping.hold_us == rows[i].hold_us);
		else
			CHECK(rows[i].name, strstr(err.text, "hold_ms"));
		vcs_mapping_free(&mapping);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(locations), cmocka_unit_test(candidates), cmocka_unit_test(lower_case),
		cmocka_unit_test(candidates_end_somewhere), cmocka_unit_test(holds), cmocka_unit_test(refusals),
		cmocka_unit_test(longest_prefix_wins) };

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
