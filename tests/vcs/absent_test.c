/* Repositories that are not there: the go command looks for every parent of a path, and the host is asked once for all of it. */
#include "remote.h"

static size_t requests(const struct remote *remote)
{
	return recorded(remote, "\"event\": \"request\"");
}

/* All that is asked on the way to "no such module". */
static void probe(struct vcs *vcs, int want)
{
	static const char *const modules[] = { "git.test/nowhere/a/b", "git.test/nowhere/a", "git.test/nowhere", "git.test/nowhere/v2" };

	for (size_t i = 0; i < LENGTH(modules); i++) {
		struct buf out = BUF_INIT(4096);
		struct vcs_revision revision;
		struct err err = ERR_INIT;
		bool stale;

		CHECK(modules[i], vcs_list(vcs, slice_of(modules[i]), 0, &out, &stale, NULL, &err) == want);
		CHECK(modules[i], strstr(err.text, "not found"));
		CHECK(modules[i], vcs_latest(vcs, slice_of(modules[i]), 0, &revision, &err) == want);
		CHECK(modules[i], vcs_resolve(vcs, slice_of(modules[i]), 0, SLICE("v1.0.0"), &revision, &err) == want);
		buf_free(&out);
	}
}

/* What is proved not to be there, and all that is not. */
static void failures_are_told_apart(void **state)
{
	static const struct {
		const char *name, *fault;
		bool missing_is_absent, wrong_credential;
		int want;
		const char *words;
	} rows[] = {
		{ "not found", "* 404", false, false, VCS_ERR_UNKNOWN, "" },
		{ "not found, and the forge is trusted in that", "* 404", true, false, VCS_ERR_ABSENT, "" },
		{ "server error is never absent", "* 500", true, false, VCS_ERR_UNKNOWN, "" },
		{ "forbidden is never absent", "* 403", true, false, VCS_ERR_UNKNOWN, "" },
		{ "unauthorized is never absent", "* 401", true, false, VCS_ERR_UNKNOWN, "" },
		{ "wrong credential", NULL, true, true, VCS_ERR_UNKNOWN, "" },
		{ "gone", "* 410", false, false, VCS_ERR_UNKNOWN, "says that the repository is gone" },
		{ "gone, and the forge is trusted in that", "* 410", true, false, VCS_ERR_ABSENT, "says that the repository is gone" },
		{ "withheld is never absent", "* 451", true, false, VCS_ERR_UNKNOWN, "legal reasons" },
		{ "moved for good", "* 301", true, false, VCS_ERR_UNKNOWN, "new address into repositories[].repository" },
		{ "moved, by an address", "* redirect:https://127.0.0.1:1/x", true, false, VCS_ERR_UNKNOWN, "elsewhere now" },
		{ "moved, to be seen with GET", "* 303", true, false, VCS_ERR_UNKNOWN, "elsewhere now" },
		{ "moved for now", "* 307", true, false, VCS_ERR_UNKNOWN, "elsewhere now" },
		{ "moved for good, by the same method", "* 308", true, false, VCS_ERR_UNKNOWN, "elsewhere now" },
		{ "cut", "* truncate", true, false, VCS_ERR_UNKNOWN, "" },
		{ "not git", "* body:hello", true, false, VCS_ERR_UNKNOWN, "" },
		{ "reset", "* reset", true, false, VCS_ERR_UNKNOWN, "" },
	};
	struct remote *remote = *state;
	const char *wrong = strdup(below(remote->scratch, "wrong"));

	write_file(wrong, "robot:no" CANARY "\n");
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "apart"),
							      .missing_is_absent = rows[i].missing_is_absent,
							      .credential = rows[i].wrong_credential ? wrong : NULL });
		struct vcs_revision revision;
		struct err err = ERR_INIT;
		int got;

		fault(remote, rows[i].fault);
		got = vcs_resolve(vcs, SLICE("git.test/one"), 0, SLICE("v1.0.0"), &revision, &err);
		if (got != rows[i].want)
			fail_msg("%s: %d, want %d: %s", rows[i].name, got, rows[i].want, err.text);
		CHECK(rows[i].name, err.text[0] != '\0' && !strstr(err.text, CANARY));
		CHECK(rows[i].name, strstr(err.text, "/one.git") && strstr(err.text, rows[i].words));
		vcs_close(&vcs);
	}
	fault(remote, NULL);
	/* Nothing was left behind by mirrors that never came to be. */
	shell(remote->scratch, "test \"$(ls apart)\" = empty.git");
	free((void *)(uintptr_t)wrong);
}

static void asked_once(void **state)
{
	static const struct {
		const char *name;
		bool missing_is_absent;
		int want;
	} rows[] = {
		{ "the forge may be wrong", false, VCS_ERR_UNKNOWN },
		{ "the forge is believed", true, VCS_ERR_ABSENT },
	};
	struct remote *remote = *state;

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct vcs *vcs = open_remote(remote, (struct tune){ .missing_s = 10, .missing_is_absent = rows[i].missing_is_absent });
		size_t before = requests(remote), once;

		probe(vcs, rows[i].want);
		once = requests(remote) - before;
		CHECK(rows[i].name, once > 0 && once <= 2); /* without and with the credential */
		advance(remote, 9);
		probe(vcs, rows[i].want);
		CHECK(rows[i].name, requests(remote) - before == once);
		advance(remote, 2);
		probe(vcs, rows[i].want);
		CHECK(rows[i].name, requests(remote) - before == 2 * once);
		vcs_close(&vcs);
	}
}

/* Who took our credential a moment ago, for another repository, says "not found" of what is not there. */
static void believed_of_a_trusted_credential(void **state)
{
	enum { TAKEN = 1, OTHER_CREDENTIAL = 2, MIRRORED = 4, SHOWN = 8 };
	static const struct {
		const char *name;
		unsigned how;
		int64_t later_s;
		int want;
	} rows[] = {
		{ "never taken", 0, 0, VCS_ERR_UNKNOWN },
		{ "taken just now", TAKEN, 0, VCS_ERR_ABSENT },
		{ "taken within the time", TAKEN, FORGE_TRUST_US / 1000000 - 1, VCS_ERR_ABSENT },
		{ "taken too long ago", TAKEN, FORGE_TRUST_US / 1000000, VCS_ERR_UNKNOWN },
		{ "another was taken", TAKEN | OTHER_CREDENTIAL, 0, VCS_ERR_UNKNOWN },
		{ "there was a repository", TAKEN | MIRRORED, 10, VCS_ERR_UNKNOWN },
		{ "there was one, which was never had whole", TAKEN | SHOWN, 10, VCS_ERR_UNKNOWN },
	};
	struct remote *remote = *state;

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "believed") });
		struct vcs_revision revision;
		struct err err = ERR_INIT;

		shell(remote->scratch, "cp -r repos/one.git repos/was.git");
		if (rows[i].how & MIRRORED)
			assert_int_equal(vcs_resolve(vcs, SLICE("git.test/was"), 0, SLICE("v1.0.0"), &revision, &err), 0);
		if (rows[i].how & SHOWN) {
			fault(remote, "/was.git/git-upload-pack truncate:400\n");
			assert_int_equal(vcs_resolve(vcs, SLICE("git.test/was"), 0, SLICE("v1.0.0"), &revision, &err), VCS_ERR_UNKNOWN);
			fault(remote, NULL);
		}
		shell(remote->scratch, "rm -rf repos/was.git");
		if (rows[i].how & TAKEN)
			assert_int_equal(vcs_resolve(vcs, SLICE("git.test/one"), 0, SLICE("v1.0.0"), &revision, &err), 0);
		if (rows[i].how & OTHER_CREDENTIAL)
			write_file(below(remote->scratch, "credential"), "robot: " CANARY);
		advance(remote, rows[i].later_s);
		if (vcs_resolve(vcs, SLICE("git.test/was"), 0, SLICE("v9.0.0"), &revision, &err) != rows[i].want)
			fail_msg("%s: %s", rows[i].name, err.text);
		write_file(below(remote->scratch, "credential"), "robot:" CANARY "\n");
		vcs_close(&vcs);
		shell(remote->scratch, "rm -rf believed");
	}
}

/* A host that lets anybody read some repositories hides the others from us: what it shows without a credential says nothing of these. */
static void anonymous_is_not_believed(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "believed") });

	vcs_forge_accepted(vcs, remote->url, SLICE_NONE);
	assert_false(vcs_forge_trusted(vcs, remote->url, SLICE_NONE));
	vcs_forge_accepted(vcs, "https://one.example/a/b.git", SLICE("u:t"));
	assert_true(vcs_forge_trusted(vcs, "https://one.example/c.git", SLICE("u:t")));
	assert_false(vcs_forge_trusted(vcs, "https://one.example:8443/a/b.git", SLICE("u:t")));
	assert_false(vcs_forge_trusted(vcs, "https://one.example.org/a/b.git", SLICE("u:t")));
	assert_false(vcs_forge_trusted(vcs, "https://one.example/a/b.git", SLICE("u:t2")));
	/* Of what was shown to us itself, with or without a credential, no other speaks. */
	assert_false(vcs_forge_trusted(vcs, "https://one.example/a/b.git", SLICE("u:t")));
	vcs_forge_accepted(vcs, "https://one.example/open.git", SLICE_NONE);
	assert_false(vcs_forge_trusted(vcs, "https://one.example/open.git", SLICE("u:t")));
	/* The oldest gives way. */
	for (int i = 0; i < FORGES_MAX; i++) {
		char url[64];

		snprintf(url, sizeof(url), "https://h%d.example/x", i);
		remote->now_us++;
		assert_true(vcs_forge_trusted(vcs, "https://one.example/c.git", SLICE("u:t")));
		vcs_forge_accepted(vcs, url, SLICE("u:t"));
	}
	assert_false(vcs_forge_trusted(vcs, "https://one.example/c.git", SLICE("u:t")));
	vcs_close(&vcs);
}

static void found_once_it_is_there(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_remote(remote, (struct tune){ .missing_s = 10 });
	struct vcs_revision revision;
	struct err err = ERR_INIT;

	assert_int_equal(vcs_resolve(vcs, SLICE("git.test/soon"), 0, SLICE("v1.0.0"), &revision, &err), VCS_ERR_UNKNOWN);
	shell(remote->scratch, "cp -r repos/one.git repos/soon.git");
	advance(remote, 11);
	assert_int_equal(vcs_resolve(vcs, SLICE("git.test/soon"), 0, SLICE("v1.0.0"), &revision, &err), 0);
	vcs_close(&vcs);
}

static int64_t changed_since(void *ctx, struct slice module)
{
	(void)module;
	return *(const int64_t *)ctx;
}

/* For how long a failure is told again, unless the repository was pushed to meanwhile. */
static void failures_are_remembered(void **state)
{
	enum { PUSHED = 1, PUSHED_BEFORE = 2, NOW = 4, OPEN_ENDED = 8 };
	static const struct {
		const char *name, *fault;
		unsigned how;
		int64_t later_us;
		bool asked;
	} rows[] = {
		{ "not found", NULL, 0, 5 * 1000000 - 1, false },
		{ "not found, once more", NULL, 0, 5 * 1000000, true },
		{ "not found, among several", NULL, OPEN_ENDED, 5 * 1000000 - 1, false },
		{ "not found, then pushed", NULL, PUSHED, 1, true },
		{ "not found, among several, then pushed", NULL, PUSHED | OPEN_ENDED, 1, true },
		{ "pushed, then not found", NULL, PUSHED_BEFORE, 2, false },
		{ "not found, then refreshed", NULL, NOW, 1, true },
		{ "a failure", "* 500", 0, 1000000 - 1, false },
		{ "a failure, once more", "* 500", 0, 1000000, true },
		{ "a failure, then pushed", "* 500", PUSHED, 1, true },
		{ "a refusal, once more", "* 403", 0, 1000000, true },
	};
	struct remote *remote = *state;

	for (size_t i = 0; i < LENGTH(rows); i++) {
		char url[512];
		struct tune tune = { .mirrors = fresh(remote, "failures"), .repository = url };
		struct vcs *vcs;
		struct vcs_revision revision;
		struct err err = ERR_INIT;
		int64_t changed_us = 0;
		size_t before;

		snprintf(url, sizeof(url), "%s/{%s}.git", remote->url, rows[i].how & OPEN_ENDED ? "*" : "1");
		vcs = open_remote(remote, tune);
		vcs->changed_since = changed_since;
		vcs->changed_ctx = &changed_us;
		if (rows[i].how & PUSHED_BEFORE)
			changed_us = remote->now_us++;
		fault(remote, rows[i].fault);
		CHECK(rows[i].name, vcs_resolve(vcs, SLICE("git.test/nowhere"), 0, SLICE("v1.0.0"), &revision, &err) == VCS_ERR_UNKNOWN);
		if (rows[i].how & PUSHED)
			changed_us = remote->now_us;
		remote->now_us += rows[i].later_us;
		before = requests(remote);
		if (rows[i].how & NOW)
			CHECK(rows[i].name, vcs_refresh(vcs, SLICE("git.test/nowhere"), 0, &err) == VCS_ERR_UNKNOWN);
		else
			CHECK(rows[i].name, vcs_resolve(vcs, SLICE("git.test/nowhere"), 0, SLICE("v1.0.0"), &revision, &err) == VCS_ERR_UNKNOWN);
		CHECK(rows[i].name, (requests(remote) > before) == rows[i].asked);
		fault(remote, NULL);
		vcs_close(&vcs);
	}
}

/* Names that anybody may think up do not drive out the repositories that are in use. */
static void probes_drive_out_none(void **state)
{
	struct remote *remote = *state;
	char path[400];
	struct vcs_repository repository = { .prefix = "h.x", .repository = path };
	struct vcs_options options = { .repositories = &repository, .count = 1, .mirrors = below(remote->scratch, "mirrors") };
	struct vcs_revision revision;
	struct err err = ERR_INIT;
	struct vcs *vcs = NULL;
	bool there = false;

	snprintf(path, sizeof(path), "%s/{1}", remote->scratch);
	assert_int_equal(vcs_open(&options, &vcs, &err), 0);
	assert_int_equal(vcs_latest(vcs, SLICE("h.x/work"), 0, &revision, &err), 0);
	for (int i = 0; i < 2 * REPOSITORIES_OPEN_MAX; i++) {
		char module[64];

		snprintf(module, sizeof(module), "h.x/thought-up-%d", i);
		assert_int_equal(vcs_latest(vcs, slice_of(module), 0, &revision, &err), VCS_ERR_UNKNOWN);
	}
	assert_true(vcs->repositories_count <= REPOSITORIES_OPEN_MAX);
	for (const struct repository *at = vcs->repositories; at; at = at->next)
		there = there || slice_ends(slice_of(at->name), SLICE("/work"));
	assert_true(there);
	vcs_close(&vcs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(failures_are_told_apart, no_fault),
		cmocka_unit_test(asked_once),
		cmocka_unit_test(believed_of_a_trusted_credential),
		cmocka_unit_test(anonymous_is_not_believed),
		cmocka_unit_test(found_once_it_is_there),
		cmocka_unit_test_teardown(failures_are_remembered, no_fault),
		cmocka_unit_test(probes_drive_out_none),
	};

	return cmocka_run_group_tests(tests, remote_setup, remote_teardown);
}
