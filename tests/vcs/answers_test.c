/* The public answers beyond the observed rows: latest, empty lists, what a zip may hold, incompatible versions, .info, local freshness. */
#include "support.h"

static struct vcs *open_named(void **state, const char *name)
{
	char prefix[64];

	snprintf(prefix, sizeof(prefix), "example.com/%s", name);
	return open_local(*state, prefix, name, NULL);
}

/* The highest release that is not retracted, else prerelease, else the head: not always what is on the head. */
static void latest(void **state)
{
	static const struct {
		const char *repo, *module, *want;
		int code;
	} rows[] = {
		{ "refs", "example.com/refs", "v2.0.0+incompatible", 0 },
		{ "dirs", "example.com/dirs", "v1.2.0", 0 },
		{ "dirs", "example.com/dirs/sub", "v1.0.0", 0 },
		{ "dirs", "example.com/dirs/v3", "v3.0.0", 0 },
		{ "dirs", "example.com/dirs/nope", NULL, VCS_ERR_ABSENT },
		{ "retract", "example.com/retract", "v1.1.0", 0 },
		{ "unborn", "example.com/unborn", "v1.0.0", 0 },
		{ "empty", "example.com/empty", NULL, VCS_ERR_ABSENT },
		{ "detached", "example.com/detached", "v0.0.0-20200101000003-c4c0789e1413", 0 },
		{ "sort", "example.com/sort", "v99999999999999999999.0.0+incompatible", 0 },
		{ "incompat", "example.com/incompat", "v4.0.0+incompatible", 0 },
	};

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct vcs *vcs = open_named(state, rows[i].repo);
		struct vcs_revision revision;
		struct err err = ERR_INIT;

		CHECK(rows[i].module, vcs_latest(vcs, slice_of(rows[i].module), 0, &revision, &err) == rows[i].code);
		CHECK(rows[i].module, rows[i].code != 0 || strcmp(revision.version, rows[i].want) == 0);
		vcs_close(&vcs);
	}
}

/* Empty and found: a module without versions. Empty and absent: no module. */
static void lists(void **state)
{
	static const struct {
		const char *repo, *module, *want;
		int code;
	} rows[] = {
		{ "dirs", "example.com/dirs", "v1.0.0\nv1.1.0\nv1.2.0\n", 0 },
		{ "dirs", "example.com/dirs/sub/v2", "v2.0.0\n", 0 },
		{ "dirs", "example.com/dirs/nope", "", VCS_ERR_ABSENT },
		{ "dirs", "example.com/dirs/v4", "", VCS_ERR_ABSENT },
		{ "detached", "example.com/detached", "", 0 },
		{ "empty", "example.com/empty", "", VCS_ERR_ABSENT },
		{ "incompat", "example.com/incompat", "v1.0.0\nv3.0.0-rc.1+incompatible\nv3.0.0+incompatible\nv4.0.0+incompatible\n", 0 },
	};

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct vcs *vcs = open_named(state, rows[i].repo);
		struct buf out = BUF_INIT(4096);
		struct err err = ERR_INIT;
		bool stale = true;

		CHECK(rows[i].module, vcs_list(vcs, slice_of(rows[i].module), 0, &out, &stale, NULL, &err) == rows[i].code);
		CHECK(rows[i].module, strcmp(buf_text(&out), rows[i].want) == 0);
		CHECK(rows[i].module, rows[i].code != 0 || !stale);
		buf_free(&out);
		vcs_close(&vcs);
	}
}

static void incompatible(void **state)
{
	static const struct {
		const char *query, *want;
		int code;
	} rows[] = {
		{ "v2.0.0", "v2.0.0+incompatible", 0 },
		{ "v2.0.0+incompatible", "v2.0.0+incompatible", 0 },
		{ "v1.0.0+incompatible", NULL, VCS_ERR_REJECTED },
		{ "v2.1.0", NULL, VCS_ERR_ABSENT },
		{ "v2.1.0+incompatible", NULL, VCS_ERR_ABSENT },
		{ "v4.0.0", NULL, VCS_ERR_REJECTED },
		{ "v4.0.0+incompatible", "v4.0.0+incompatible", 0 },
		{ "main", "v3.0.1-0.20200101000006-", 0 },
	};
	struct vcs *vcs = open_named(state, "incompat");

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct vcs_revision revision;
		struct err err = ERR_INIT;

		CHECK(rows[i].query, vcs_resolve(vcs, SLICE("example.com/incompat"), 0, slice_of(rows[i].query), &revision, &err) == rows[i].code);
		CHECK(rows[i].query, rows[i].code != 0 || strncmp(revision.version, rows[i].want, strlen(rows[i].want)) == 0);
	}
	vcs_close(&vcs);
}

/* Which files a zip holds, and which names allow none. has and lacks are words of the zip's directory; '|' separates. */
static void names(void **state)
{
	static const struct {
		const char *version;
		int code;
		const char *has, *lacks;
	} rows[] = {
		{ "v1.0.0", 0, "/vendor/top.go|/vendor/modules.txt|/pvendor/x.go|/sp ace.txt|/\xc3\xa9.txt",
			"/p/vendor/v.go|/vendor/foo|/vendor/x|/p/vendor/modules.txt" },
		{ "v1.0.1", 0, "/vendor/top.go|/p/vendor/v.go|/p/vendor/modules.txt", "@v1.0.1/vendor/modules.txt|/p/vendor/q" },
		{ "v1.0.2", VCS_ERR_REJECTED, NULL, NULL },
		{ "v1.0.3", VCS_ERR_REJECTED, NULL, NULL },
		{ "v1.0.4", VCS_ERR_REJECTED, NULL, NULL },
		{ "v1.0.5", VCS_ERR_REJECTED, NULL, NULL },
		{ "v1.0.6", 0, "/sub/a", "/Sub/go.mod" },
		{ "v1.0.7", 0, "/sub/a", "/sub/go.mod|/sub2/" },
		{ "v1.0.8", 0, NULL, "/p/vendor/v.go" },
		{ "v1.0.9", 0, NULL, "/p/vendor/v.go" },
		{ "v1.0.10", 0, "/p/vendor/v.go", NULL },
		{ "v1.0.11", 0, "/p/vendor/v.go", NULL },
		{ "v1.0.12", 0, NULL, "/p/vendor/v.go" },
		{ "v1.0.13", 0, "/p/vendor/v.go", NULL },
		{ "v1.0.14", VCS_ERR_ABSENT, NULL, NULL },
		{ "v1.0.15", VCS_ERR_REJECTED, NULL, NULL },
		{ "v1.0.16", VCS_ERR_REJECTED, NULL, NULL },
		{ "v1.0.17", VCS_ERR_REJECTED, NULL, NULL },
		{ "v1.0.18", VCS_ERR_REJECTED, NULL, NULL },
		{ "v1.0.19", VCS_ERR_REJECTED, NULL, NULL },
		{ "v1.0.20", 0, "/x~1.txt|/-dash|/.hidden/.x", NULL },
		{ "v1.0.21", VCS_ERR_REJECTED, NULL, NULL },
		{ "v1.0.22", VCS_ERR_REJECTED, NULL, NULL },
	};
	struct vcs *vcs = open_named(state, "names");
	struct buf zip = BUF_INIT(1 << 20);

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct slice rest, word;
		struct err err = ERR_INIT;
		char h1[MODULE_H1_MAX];

		buf_reset(&zip);
		CHECK(rows[i].version,
			vcs_zip(vcs, SLICE("example.com/names"), 0, slice_of(rows[i].version), NULL, into_buf, &zip, h1, &err) == rows[i].code);
		CHECK(rows[i].version, rows[i].code == 0 || err.text[0] != '\0');
		for (rest = slice_of(rows[i].has); slice_next(&rest, '|', &word);)
			CHECK(rows[i].version, slice_find(buf_slice(&zip), word) >= 0);
		for (rest = slice_of(rows[i].lacks); slice_next(&rest, '|', &word);)
			CHECK(rows[i].version, slice_find(buf_slice(&zip), word) < 0);
	}
	buf_free(&zip);
	vcs_close(&vcs);
}

static void info(void **state)
{
	static const struct {
		const char *query;
		bool exact;
		const char *want;
	} rows[] = {
		{ "v0.1.0", true,
			"{\"Version\":\"v0.1.0\",\"Time\":\"2020-01-01T00:00:01Z\",\"Origin\":{\"VCS\":\"git\",\"Hash\":"
			"\"8c75dd4c07bef3815d55c0f5450c5b9a96abe3da\","
			"\"Ref\":\"refs/tags/v0.1.0\"}}" },
		{ "sidetag", false,
			"{\"Version\":\"v1.0.0-RC1.0.20200101000006-3bbab8d4c99d\",\"Time\":\"2020-01-01T00:00:06Z\",\"Origin\":{\"VCS\":\"git\","
			"\"Hash\":\"3bbab8d4c99d8446afe09ad20f4ac1e3377b5714\",\"TagSum\":\"t1:FdxJHIJ+ngSzRwKSaUEfGKeDMI0d7XmD0rWotmBpSdo=\","
			"\"Ref\":\"refs/tags/sidetag\"}}" },
		{ "sidetag", true,
			"{\"Version\":\"v1.0.0-RC1.0.20200101000006-3bbab8d4c99d\",\"Time\":\"2020-01-01T00:00:06Z\",\"Origin\":{\"VCS\":\"git\","
			"\"Hash\":\"3bbab8d4c99d8446afe09ad20f4ac1e3377b5714\"}}" },
	};
	struct vcs *vcs = open_named(state, "refs");

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct vcs_revision revision;
		struct buf out = BUF_INIT(4096);
		struct err err = ERR_INIT;

		CHECK(rows[i].query, vcs_resolve(vcs, SLICE("example.com/refs"), 0, slice_of(rows[i].query), &revision, &err) == 0);
		vcs_info_write(&revision, rows[i].exact, &out);
		CHECK(rows[i].query, strcmp(buf_text(&out), rows[i].want) == 0);
		buf_free(&out);
	}
	vcs_close(&vcs);
}

/* Codes for what is not there at all, and limits at and past their end. */
static void refusals(void **state)
{
	struct vcs *vcs = open_named(state, "refs");
	char longest[MODULE_VERSION_MAX + 2];
	struct vcs_revision revision;
	struct buf gomod = BUF_INIT(8);
	struct err err = ERR_INIT;

	assert_int_equal(vcs_resolve(vcs, SLICE("example.org/refs"), 0, SLICE("main"), &revision, &err), VCS_ERR_UNMAPPED);
	assert_int_equal(vcs_resolve(vcs, SLICE("example.com/refs/v1"), 0, SLICE("main"), &revision, &err), VCS_ERR_ABSENT);
	memset(longest, 'a', sizeof(longest));
	assert_int_equal(vcs_resolve(vcs, SLICE("example.com/refs"), 0, slice_make(longest, MODULE_VERSION_MAX), &revision, &err), VCS_ERR_ABSENT);
	assert_non_null(strstr(err.text, "unknown revision"));
	assert_int_equal(
		vcs_resolve(vcs, SLICE("example.com/refs"), 0, slice_make(longest, MODULE_VERSION_MAX + 1), &revision, &err), VCS_ERR_ABSENT);
	assert_non_null(strstr(err.text, "bytes"));
	assert_int_equal(vcs_go_mod(vcs, SLICE("example.com/refs"), 0, SLICE("v0.1.0"), NULL, &gomod, &err), VCS_ERR_REJECTED);
	assert_int_equal(vcs_go_mod(vcs, SLICE("example.com/refs"), 0, SLICE("v0.1.0"), "not hex", &gomod, &err), VCS_ERR_UNKNOWN);
	buf_free(&gomod);
	vcs_close(&vcs);
}

static int refuse(void *ctx, const void *bytes, size_t len)
{
	(void)ctx;
	(void)bytes;
	(void)len;
	return -1;
}

static void sink_stops(void **state)
{
	struct vcs *vcs = open_named(state, "refs");
	char h1[MODULE_H1_MAX];
	struct err err = ERR_INIT;

	assert_int_equal(vcs_zip(vcs, SLICE("example.com/refs"), 0, SLICE("v0.1.0"), NULL, refuse, NULL, h1, &err), VCS_ERR_STOPPED);
	vcs_close(&vcs);
}

/* A local repository: a new tag is seen at once where it is asked for, and in lists when they are due; one that vanishes is unknown. */
static void local_changes(void **state)
{
	struct vcs_repository repository = { .prefix = "h.x/live", .repository = below(*state, "live"), .refresh_s = 1 };
	struct vcs_options options = { .repositories = &repository, .count = 1, .mirrors = below(*state, "mirrors") };
	struct buf out = BUF_INIT(4096);
	struct vcs_revision revision;
	struct err err = ERR_INIT;
	struct vcs *vcs = NULL;
	bool stale;

	shell(*state,
		"git init -q --bare -b main live; git init -q -b main src; cd src; echo 'module h.x/live' > go.mod; git add .; git commit -q -m x;"
		"git remote add origin ../live; git push -q origin main");
	assert_int_equal(vcs_open(&options, &vcs, &err), 0);
	assert_int_equal(vcs_list(vcs, SLICE("h.x/live"), 0, &out, &stale, NULL, &err), 0);
	assert_int_equal(out.len, 0);
	assert_int_equal(vcs_resolve(vcs, SLICE("h.x/live"), 0, SLICE("v1.0.0"), &revision, &err), VCS_ERR_ABSENT);
	shell(*state, "cd src; git tag v1.0.0; git push -q origin v1.0.0");
	assert_int_equal(vcs_resolve(vcs, SLICE("h.x/live"), 0, SLICE("v1.0.0"), &revision, &err), 0);
	shell(*state, "cd src; git commit -q --allow-empty -m y; git tag v1.1.0; git push -q origin main v1.1.0; sleep 1.1");
	assert_int_equal(vcs_list(vcs, SLICE("h.x/live"), 0, &out, &stale, NULL, &err), 0);
	assert_string_equal(buf_text(&out), "v1.0.0\nv1.1.0\n");
	shell(*state, "git -C live gc -q; cd src; git tag v1.2.0; git push -q origin v1.2.0");
	assert_int_equal(vcs_resolve(vcs, SLICE("h.x/live"), 0, SLICE("v1.2.0"), &revision, &err), 0);
	shell(*state, "rm -rf live");
	assert_int_equal(vcs_resolve(vcs, SLICE("h.x/live"), 0, SLICE("v1.3.0"), &revision, &err), VCS_ERR_UNKNOWN);
	buf_free(&out);
	vcs_close(&vcs);
}

/* The table of open repositories is bounded: many names do not make many handles. */
static void many_repositories(void **state)
{
	struct vcs_repository repository = { .prefix = "h.x", .repository = below(*state, "many/{1}") };
	struct vcs_options options = { .repositories = &repository, .count = 1, .mirrors = below(*state, "mirrors") };
	struct vcs_revision revision;
	struct err err = ERR_INIT;
	struct vcs *vcs = NULL;

	assert_int_equal(vcs_open(&options, &vcs, &err), 0);
	for (int i = 0; i < REPOSITORIES_OPEN_MAX + 10; i++) {
		char module[32];

		snprintf(module, sizeof(module), "h.x/r%d", i);
		assert_int_equal(vcs_resolve(vcs, slice_of(module), 0, SLICE("main"), &revision, &err), VCS_ERR_UNKNOWN);
	}
	assert_int_equal(vcs->repositories_count, REPOSITORIES_OPEN_MAX);
	vcs_close(&vcs);
}

static int setup(void **state)
{
	if (scratch_setup(state) != 0)
		return -1;
	shell(*state, "\"$OLDPWD\"/tests/goldens/build-repos.sh \"$D\" >/dev/null");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(latest),
		cmocka_unit_test(lists),
		cmocka_unit_test(incompatible),
		cmocka_unit_test(names),
		cmocka_unit_test(info),
		cmocka_unit_test(refusals),
		cmocka_unit_test(sink_stops),
		cmocka_unit_test(local_changes),
		cmocka_unit_test(many_repositories),
	};

	return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
