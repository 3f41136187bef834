/* Mirrors kept in order: what a killed git left, what was half made, and many packs. */
#include "remote.h"

#define ONE SLICE("git.test/one")

static int resolve(struct vcs *vcs, const char *query, struct vcs_revision *revision, struct err *err)
{
	memset(revision, 0, sizeof(*revision));
	return vcs_resolve(vcs, ONE, 0, slice_of(query), revision, err);
}

static int zip_h1(struct vcs *vcs, const char *module, const char *version, const char *commit, char h1[MODULE_H1_MAX])
{
	struct buf zip = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;
	int code = vcs_zip(vcs, slice_of(module), 0, slice_of(version), commit, into_buf, &zip, h1, &err);

	buf_free(&zip);
	return code;
}

/* What a killed git leaves must not stop the next one. */
static void leftovers_are_swept(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "m11") });
	struct vcs_revision revision;
	struct err err = ERR_INIT;

	assert_int_equal(resolve(vcs, "v1.0.0", &revision, &err), 0);
	shell(remote->scratch, "cd m11/[0-9a-f]*[0-9a-f].git; touch packed-refs.lock refs/heads/main.lock HEAD.lock objects/pack/tmp_pack_x");
	push(remote, "git tag v1.6.0; git commit -q --allow-empty -m more; git push -q origin main v1.6.0");
	assert_int_equal(vcs_refresh(vcs, ONE, 0, &err), 0);
	assert_int_equal(resolve(vcs, "v1.6.0", &revision, &err), 0);
	shell(remote->scratch, "test -z \"$(find m11 -name '*.lock' -o -name 'tmp_*')\"");
	vcs_close(&vcs);
}

/* A branch or tag may be named as temporary packs are. */
static void references_are_not_swept(void **state)
{
	struct remote *remote = *state;

	shell(remote->scratch,
		"mkdir -p m15/refs/heads m15/refs/tags m15/objects/pack; cd m15; touch refs/heads/tmp_work refs/tags/tmp_1 objects/pack/tmp_1");
	vcs_mirror_sweep(below(remote->scratch, "m15"));
	shell(remote->scratch, "cd m15; test -e refs/heads/tmp_work -a -e refs/tags/tmp_1 -a ! -e objects/pack/tmp_1");
}

/* Killed while the mirror was made: what there is of it is no repository. */
static void half_made_mirrors_are_begun_anew(void **state)
{
	static const char *const rows[] = {
		"mkdir $m",
		"mkdir -p $m/objects/pack $m/refs; touch $m/objects/pack/tmp_pack_x",
		"git init -q --bare $m; rm $m/HEAD",
		"git init -q --bare $m; : > $m/HEAD; printf '[core' > $m/config",
	};
	struct remote *remote = *state;

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "m13") });
		struct vcs_revision revision;
		struct err err = ERR_INIT;
		char script[512], url[300];
		char *path;

		snprintf(url, sizeof(url), "%s/one.git", remote->url);
		path = vcs_mirror_path(vcs, &vcs->mappings[0], url);
		assert_non_null(path);
		snprintf(script, sizeof(script), "m='%s'; rm -rf \"$m\"; %s", path, rows[i]);
		shell(remote->scratch, script);
		if (resolve(vcs, "v1.0.0", &revision, &err) != 0)
			fail_msg("%s: %s", rows[i], err.text);
		free(path);
		vcs_close(&vcs);
	}
}

/* A fresh mirror takes its place first: whatever goes wrong then, it is there. */
static void fresh_mirrors_take_their_place(void **state)
{
	static const struct {
		const char *name, *before, *aside, *after;
	} rows[] = {
		{ "another is there", "mkdir m; touch m/old", "m.damaged", "test -e m/new -a -e m.damaged/old -a ! -e m.fresh" },
		{ "an earlier one is aside", "mkdir m m.damaged; touch m/old m.damaged/older", "m.damaged",
			"test -e m/new -a -e m.damaged/old -a ! -e m.damaged/older" },
		{ "none is there", "true", "m.damaged", "test -e m/new -a ! -e m.damaged -a ! -e m.fresh" },
		{ "the old one cannot be put aside", "mkdir m; touch m/old", "none/m.damaged", "test -e m/new" },
	};
	struct remote *remote = *state;

	for (size_t i = 0; i < LENGTH(rows); i++) {
		char script[256];
		struct err err = ERR_INIT;

		snprintf(script, sizeof(script), "rm -rf x; mkdir x; cd x; mkdir m.fresh; touch m.fresh/new; %s", rows[i].before);
		shell(remote->scratch, script);
		snprintf(script, sizeof(script), "x/%s", rows[i].aside);
		if (vcs_mirror_exchange(below(remote->scratch, "x/m"), below(remote->scratch, "x/m.fresh"), below(remote->scratch, script), &err) !=
			0)
			fail_msg("%s: %s", rows[i].name, err.text);
		snprintf(script, sizeof(script), "cd x; %s", rows[i].after);
		shell(remote->scratch, script);
	}
}

/* Killed while one was replaced. */
static void replacements_are_recovered(void **state)
{
	static const struct {
		const char *name, *left, *after;
		int code;
	} rows[] = {
		{ "before it was complete", "mkdir $m.new.git; touch $m.new.git/HEAD", "test -e $m/HEAD", 0 },
		{ "when it was complete", "cp -a $m $m.new.git", "test -e $m/HEAD", 0 },
		{ "between two renames", "mv $m $m.new.git; mkdir $m.damaged", "test -e $m/modgate-url -a -e $m.damaged", 0 },
		{ "half made, and no other", "mv $m $m.new.git; rm $m.new.git/modgate-url", "true", VCS_ERR_UNKNOWN },
	};
	struct remote *remote = *state;
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "m16") });
	struct vcs_revision revision;
	struct err err = ERR_INIT;

	assert_int_equal(resolve(vcs, "v1.0.0", &revision, &err), 0);
	vcs_close(&vcs);
	fault(remote, "* 500");
	for (size_t i = 0; i < LENGTH(rows); i++) {
		char script[512];

		snprintf(script, sizeof(script), "rm -rf m17; cp -a m16 m17; cd m17; m=$(dirname *.git/modgate-url); %s", rows[i].left);
		shell(remote->scratch, script);
		vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "m17") });
		CHECK(rows[i].name, resolve(vcs, "v1.0.0", &revision, &err) == rows[i].code);
		vcs_close(&vcs);
		snprintf(script, sizeof(script), "m=$(dirname m16/*.git/modgate-url); cd m17; m=${m#m16/}; test ! -e $m.new.git; %s", rows[i].after);
		shell(remote->scratch, script);
	}
}

/* Many pushes make many packs: they are put together, and what no reference reaches any more is kept. */
static void packs_are_put_together(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "m12") });
	struct vcs_revision first, revision;
	struct err err = ERR_INIT;
	char h1[MODULE_H1_MAX];

	push(remote, "git checkout -q -b topic; git commit -q --allow-empty -m lost; git push -q origin topic");
	assert_int_equal(resolve(vcs, "topic", &first, &err), 0);
	push(remote, "git reset -q --hard main; git commit -q --allow-empty -m other; git push -q -f origin topic; git checkout -q main");
	for (int i = 0; i < 41; i++) {
		push(remote, "git commit -q --allow-empty -m again; git push -q origin main");
		if (vcs_refresh(vcs, ONE, 0, &err) != 0)
			fail_msg("%s", err.text);
	}
	shell(remote->scratch, "test $(ls m12/[0-9a-f]*[0-9a-f].git/objects/pack/*.pack | wc -l) -lt 10");
	assert_int_equal(resolve(vcs, "main", &revision, &err), 0);
	assert_int_equal(zip_h1(vcs, "git.test/one", "v1.0.1-0.20200101000000-0123456789ab", first.commit, h1), 0);
	vcs_close(&vcs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leftovers_are_swept),
		cmocka_unit_test(references_are_not_swept),
		cmocka_unit_test(half_made_mirrors_are_begun_anew),
		cmocka_unit_test(fresh_mirrors_take_their_place),
		cmocka_unit_test_teardown(replacements_are_recovered, no_fault),
		cmocka_unit_test(packs_are_put_together),
	};

	return cmocka_run_group_tests(tests, remote_setup, remote_teardown);
}
