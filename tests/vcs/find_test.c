/* {*}: which repository it stands for, what that costs the host, and what holds while the host cannot be asked. */
#include "remote.h"

/* On the host: one.git, empty.git, deep/in/groups.git. */
static struct vcs *open_groups(struct remote *remote, const char *mirrors, bool missing_is_absent)
{
	char url[512];

	snprintf(url, sizeof(url), "%s/{*}.git", remote->url);
	return open_remote(remote,
		(struct tune){ .repository = url, .mirrors = fresh(remote, mirrors), .missing_s = 10, .missing_is_absent = missing_is_absent });
}

static size_t asked(const struct remote *remote, const char *repository)
{
	char words[512];

	snprintf(words, sizeof(words), "\"path\": \"/%s/info/refs", repository);
	return recorded(remote, words) / 2; /* a row for the request and one for the answer */
}

static size_t requests(const struct remote *remote)
{
	return recorded(remote, "\"event\": \"request\"");
}

static int resolve(struct vcs *vcs, const char *module, struct err *err)
{
	struct vcs_revision revision;

	return vcs_resolve(vcs, slice_of(module), 0, SLICE("v1.0.0"), &revision, err);
}

static void deep_repository(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_groups(remote, "deep-mirrors", false);
	char root[MODULE_PATH_MAX + 1] = "", url[VCS_REPOSITORY_MAX + 1], *git_dir;
	struct err err = ERR_INIT;
	size_t before;

	assert_int_equal(vcs_root(vcs, SLICE("git.test/deep/in/groups/sub/v2"), 0, root, &err), 0);
	assert_string_equal(root, "git.test/deep/in/groups");
	assert_int_equal(asked(remote, "deep.git"), 1);
	assert_int_equal(asked(remote, "deep/in.git"), 1);
	vcs_repository_of(vcs, SLICE("git.test/deep/in/groups/sub"), url);
	assert_true(slice_ends(slice_of(url), SLICE("/deep/in/groups.git")));
	git_dir = vcs_mirror_path(vcs, &vcs->mappings[0], url);
	assert_int_equal(access(git_dir, F_OK), -1); /* to find out is no clone */
	free(git_dir);

	assert_int_equal(resolve(vcs, "git.test/deep/in/groups", &err), 0);
	before = requests(remote);
	assert_int_equal(resolve(vcs, "git.test/deep/in/groups", &err), 0);
	assert_int_equal(vcs_root(vcs, SLICE("git.test/deep/in/groups/elsewhere"), 0, root, &err), 0);
	assert_int_equal(requests(remote), before);
	vcs_close(&vcs);
}

/* Not a module, or only a group: told again without any question to the host; and asked anew after the time for absences. */
static void absences_are_remembered(void **state)
{
	static const struct {
		const char *name;
		bool missing_is_absent;
		int want;
	} rows[] = { { "the host may be wrong", false, VCS_ERR_UNKNOWN }, { "the host is believed", true, VCS_ERR_ABSENT } };
	struct remote *remote = *state;

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct vcs *vcs = open_groups(remote, "absent-mirrors", rows[i].missing_is_absent);
		struct err err = ERR_INIT;
		size_t before = requests(remote), once;

		CHECK(rows[i].name, resolve(vcs, "git.test/deep/nowhere", &err) == rows[i].want);
		CHECK(rows[i].name, strstr(err.text, "not found"));
		once = requests(remote) - before;
		CHECK(rows[i].name, once >= 2 && once <= 4); /* two candidates, each without and with the credential */
		advance(remote, 9);
		CHECK(rows[i].name, resolve(vcs, "git.test/deep/nowhere", &err) == rows[i].want);
		CHECK(rows[i].name, resolve(vcs, "git.test/deep", &err) == rows[i].want);
		CHECK(rows[i].name, requests(remote) - before == once);
		advance(remote, 2);
		CHECK(rows[i].name, resolve(vcs, "git.test/deep/nowhere", &err) == rows[i].want);
		CHECK(rows[i].name, requests(remote) - before == 2 * once);
		vcs_close(&vcs);
	}
}

/* The shortest that is there wins, also when it comes later: what was found is looked for anew in time. */
static void shortest_first(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_groups(remote, "short-mirrors", false);
	char root[MODULE_PATH_MAX + 1] = "";
	struct err err = ERR_INIT;

	shell(remote->scratch, "mkdir -p repos/two/one; cp -r repos/one.git repos/two/one/deep.git; cp -r repos/one.git repos/two/one.git");
	assert_int_equal(vcs_root(vcs, SLICE("git.test/two/one/deep"), 0, root, &err), 0);
	assert_string_equal(root, "git.test/two/one");
	shell(remote->scratch, "cp -r repos/one.git repos/two.git");
	assert_int_equal(vcs_root(vcs, SLICE("git.test/two/one/deep"), 0, root, &err), 0);
	assert_string_equal(root, "git.test/two/one");
	advance(remote, VCS_THERE_US / 1000000 + 1);
	assert_int_equal(vcs_root(vcs, SLICE("git.test/two/one/deep"), 0, root, &err), 0);
	assert_string_equal(root, "git.test/two");
	vcs_close(&vcs);
}

/* A host that forbids a group to be looked at does not hide what is below; one that cannot be asked says nothing at all. */
static void what_the_host_may_say(void **state)
{
	static const struct {
		const char *name, *faults, *module;
		int want;
		const char *sentence;
	} rows[] = {
		{ "a group is refused", "/deep.git/* 403\n", "git.test/deep/in/groups", 0, "" },
		{ "all is refused", "/deep* 403\n", "git.test/deep/in/groups", VCS_ERR_UNKNOWN, "refuses the credential" },
		{ "one refused, the rest missing", "/deep.git/* 403\n", "git.test/deep/nowhere", VCS_ERR_UNKNOWN, "refuses the credential" },
		{ "the host fails", "/deep.git/* 500\n", "git.test/deep/in/groups", VCS_ERR_UNKNOWN, "cannot be fetched" },
	};
	struct remote *remote = *state;

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct vcs *vcs = open_groups(remote, "said-mirrors", false);
		struct err err = ERR_INIT;

		shell(remote->scratch, "rm -rf said-mirrors");
		shell(remote->scratch, "mkdir said-mirrors");
		fault(remote, rows[i].faults);
		CHECK(rows[i].name, resolve(vcs, rows[i].module, &err) == rows[i].want);
		CHECK(rows[i].name, strstr(err.text, rows[i].sentence));
		fault(remote, NULL);
		vcs_close(&vcs);
	}
}

/* A process that was started while the host is down serves what it has. */
static void mirror_stands_in(void **state)
{
	static const char *const failures[] = { "* 500\n", "* 403\n", "* 404\n" };
	struct remote *remote = *state;
	struct vcs *vcs = open_groups(remote, "kept-mirrors", false);
	struct err err = ERR_INIT;

	assert_int_equal(resolve(vcs, "git.test/deep/in/groups", &err), 0);
	vcs_close(&vcs);
	for (size_t i = 0; i < LENGTH(failures); i++) {
		vcs = open_groups(remote, "kept-mirrors", false);
		fault(remote, failures[i]);
		CHECK(failures[i], resolve(vcs, "git.test/deep/in/groups", &err) == 0);
		CHECK(failures[i], resolve(vcs, "git.test/deep/in/others", &err) == VCS_ERR_UNKNOWN);
		fault(remote, NULL);
		vcs_close(&vcs);
	}
}

/* Of a process that never asked a host which of the candidates is there, too. */
static void stale_says_since_when(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_groups(remote, "aged-mirrors", false);
	struct buf out = BUF_INIT(4096);
	struct vcs_revision revision;
	struct err err = ERR_INIT;
	int64_t read_us = remote->now_us, as_of_us = 0;
	bool stale = true;

	assert_int_equal(vcs_list(vcs, SLICE("git.test/deep/in/groups"), 0, &out, &stale, &as_of_us, &err), 0);
	assert_false(stale);
	assert_int_equal(as_of_us, read_us);
	vcs_close(&vcs);
	advance(remote, 120);
	fault(remote, "* 500\n");
	vcs = open_groups(remote, "aged-mirrors", false);
	as_of_us = 0;
	assert_int_equal(vcs_list(vcs, SLICE("git.test/deep/in/groups"), 0, &out, &stale, &as_of_us, &err), 0);
	assert_true(stale);
	assert_int_equal(as_of_us, read_us);
	assert_int_equal(vcs_latest(vcs, SLICE("git.test/deep/in/groups"), 0, &revision, &err), 0);
	assert_true(revision.stale);
	assert_int_equal(revision.as_of_us, read_us);
	buf_free(&out);
	vcs_close(&vcs);
}

/* That a repository was seen to be there, if no more, is no reason to believe that it is not. */
static void what_was_there_is_not_absent(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_groups(remote, "seen-mirrors", false);
	char root[MODULE_PATH_MAX + 1] = "";
	struct err err = ERR_INIT;

	assert_int_equal(vcs_root(vcs, SLICE("git.test/deep/in/groups"), 0, root, &err), 0);
	fault(remote, "* 404\n");
	assert_int_equal(resolve(vcs, "git.test/deep/in/groups", &err), VCS_ERR_UNKNOWN);
	/* Nor later, when it has to be looked for again, nor when another shows that the credential is good. */
	advance(remote, 11);
	assert_int_equal(resolve(vcs, "git.test/deep/in/groups", &err), VCS_ERR_UNKNOWN);
	fault(remote, "/deep* 404\n");
	advance(remote, 11);
	assert_int_equal(resolve(vcs, "git.test/one", &err), 0);
	assert_int_equal(resolve(vcs, "git.test/deep/in/groups", &err), VCS_ERR_UNKNOWN);
	assert_int_equal(resolve(vcs, "git.test/deep/in/none", &err), VCS_ERR_ABSENT);
	fault(remote, NULL);
	vcs_close(&vcs);
}

static struct vcs *open_holding(struct remote *remote, const char *mirrors, const char *git, int64_t hold_ms)
{
	char url[512];

	snprintf(url, sizeof(url), "%s/{*}.git", remote->url);
	return open_remote(remote, (struct tune){ .repository = url, .mirrors = fresh(remote, mirrors), .git = git, .hold_ms = hold_ms });
}

/* Looking for it holds a question no longer than fetching it does, counts among the fetches of its host, and what is mirrored stands in. */
static void a_host_that_hangs(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_groups(remote, "hung-mirrors", false);
	struct vcs_revision revision = { .stale = false };
	char module[64], root[MODULE_PATH_MAX + 1];
	struct err err = ERR_INIT;

	assert_int_equal(resolve(vcs, "git.test/deep/in/groups", &err), 0);
	vcs_close(&vcs);
	vcs = open_holding(remote, "hung-mirrors", NULL, 200);
	fault(remote, "* hang");
	assert_int_equal(vcs_resolve(vcs, SLICE("git.test/deep/in/groups"), 0, SLICE("v1.0.0"), &revision, &err), 0);
	assert_true(revision.stale);
	assert_int_equal(vcs_root(vcs, SLICE("git.test/nowhere/else"), 0, root, &err), VCS_ERR_LATER);
	assert_non_null(strstr(err.text, "/nowhere.git is being read"));
	vcs_close(&vcs);

	vcs = open_holding(remote, "hung-mirrors", NULL, 20);
	for (int i = 0; i <= FETCHES_HOST_PROBES_MAX; i++) {
		snprintf(module, sizeof(module), "git.test/n%d/a/b/c", i);
		CHECK(module, vcs_root(vcs, slice_of(module), 0, root, &err) == VCS_ERR_LATER);
		CHECK(module, (strstr(err.text, "too many") != NULL) == (i == FETCHES_HOST_PROBES_MAX));
	}
	fault(remote, NULL);
	vcs_close(&vcs);
}

/* All candidates together, not each of them: those that were asked for are remembered, and the next question goes on behind them. */
static void a_slow_walk(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs;
	char root[MODULE_PATH_MAX + 1];
	struct err err = ERR_INIT;
	struct buf asked_for = BUF_INIT(4096);
	size_t before = 0, later = 0;
	int code;

	shell(remote->scratch, "mkdir walk-mirrors; touch walk-mirrors/asked; printf '#!/bin/sh\necho >>asked; sleep 0.1; echo \"fatal: repository "
			       "\\047x\\047 not found\" >&2; exit 128'"
			       " >walk; chmod 700 walk");
	vcs = open_holding(remote, "walk-mirrors", below(remote->scratch, "walk"), 250);
	do {
		code = vcs_root(vcs, SLICE("git.test/1/2/3/4/5/6/7/8/9/10/11/12"), 0, root, &err);
		buf_reset(&asked_for);
		assert_int_equal(file_read(below(remote->scratch, "walk-mirrors/asked"), &asked_for, NULL), 0);
		assert_in_range(asked_for.len - before, 0, 4); /* three may be over by then, and a fourth be under way */
		before = asked_for.len;
		later += code == VCS_ERR_LATER;
	} while (code == VCS_ERR_LATER);
	assert_int_equal(code, VCS_ERR_UNKNOWN);
	assert_non_null(strstr(err.text, "not found"));
	assert_int_equal(before, 12);
	assert_true(later >= 3);
	buf_free(&asked_for);
	vcs_close(&vcs);
}

static void on_this_machine(void **state)
{
	struct remote *remote = *state;
	char path[400], root[MODULE_PATH_MAX + 1] = "";
	struct vcs_repository repository = { .prefix = "h.x", .repository = path, .missing_is_absent = true };
	struct vcs_options options = { .repositories = &repository, .count = 1, .mirrors = below(remote->scratch, "mirrors") };
	struct err err = ERR_INIT;
	struct vcs *vcs = NULL;

	snprintf(path, sizeof(path), "%s/repos/{*}.git", remote->scratch);
	assert_int_equal(vcs_open(&options, &vcs, &err), 0);
	assert_int_equal(resolve(vcs, "h.x/deep/in/groups", &err), 0);
	assert_int_equal(vcs_root(vcs, SLICE("h.x/deep/in/groups/x"), 0, root, &err), 0);
	assert_string_equal(root, "h.x/deep/in/groups");
	assert_int_equal(resolve(vcs, "h.x/deep/in", &err), VCS_ERR_ABSENT);
	assert_int_equal(vcs_root(vcs, SLICE("h.x"), 0, root, &err), VCS_ERR_ABSENT);
	assert_int_equal(vcs_root(vcs, SLICE("h.y/a"), 0, root, &err), VCS_ERR_UNMAPPED);
	vcs_close(&vcs);
}

static int setup(void **state)
{
	if (remote_setup(state) != 0)
		return -1;
	shell(((struct remote *)*state)->scratch, "mkdir -p repos/deep/in; cp -r repos/one.git repos/deep/in/groups.git");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deep_repository),
		cmocka_unit_test(absences_are_remembered),
		cmocka_unit_test(shortest_first),
		cmocka_unit_test(what_the_host_may_say),
		cmocka_unit_test(mirror_stands_in),
		cmocka_unit_test_teardown(stale_says_since_when, no_fault),
		cmocka_unit_test_teardown(what_was_there_is_not_absent, no_fault),
		cmocka_unit_test_teardown(a_host_that_hangs, no_fault),
		cmocka_unit_test(a_slow_walk),
		cmocka_unit_test(on_this_machine),
	};

	return cmocka_run_group_tests(tests, setup, remote_teardown);
}
