/* Repositories damaged after they were fetched: a mirror is fetched afresh, once an hour; one opened in place is told and never touched. */
#include <pthread.h>

#include "remote.h"

#define ONE SLICE("git.test/one")

struct told {
	unsigned count;
	struct err last;
};

static void tell(void *ctx, const char *sentence)
{
	struct told *told = ctx;

	told->count++;
	snprintf(told->last.text, sizeof(told->last.text), "%s", sentence);
}

/* As a daemon that was just started. */
static struct vcs *start_holding(struct remote *remote, const char *mirrors, int64_t hold_ms, struct told *told)
{
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = below(remote->scratch, mirrors), .hold_ms = hold_ms });

	vcs->warn = tell;
	vcs->warn_ctx = told;
	return vcs;
}

static struct vcs *start(struct remote *remote, const char *mirrors, struct told *told)
{
	return start_holding(remote, mirrors, 0, told);
}

/* What a go command asks for on the way to one version. */
static int fetch_version(struct vcs *vcs, struct err *err)
{
	struct buf out = BUF_INIT(1 << 20);
	struct vcs_revision revision;
	char h1[MODULE_H1_MAX];
	bool stale;
	int code = vcs_list(vcs, ONE, 0, &out, &stale, NULL, err);

	if (code == 0)
		code = vcs_resolve(vcs, ONE, 0, SLICE("main"), &revision, err);
	if (code == 0)
		code = vcs_go_mod(vcs, ONE, 0, SLICE("v1.0.0"), NULL, &out, err);
	if (code == 0)
		code = vcs_zip(vcs, ONE, 0, SLICE("v1.0.0"), NULL, into_buf, &out, h1, err);
	buf_free(&out);
	return code;
}

/* Runs in the mirror of git.test/one below that directory. */
static void in_mirror(const struct remote *remote, const char *mirrors, const char *script)
{
	char text[1024];

	snprintf(text, sizeof(text), "cd '%s'; for m in *.git; do test -e $m/modgate-url || continue; cd $m; done; %s", mirrors, script);
	shell(remote->scratch, text);
}

static const struct {
	const char *name, *script;
} damages[] = {
	{ "no objects", "rm -f objects/pack/*" },
	{ "no pack", "rm -f objects/pack/*.pack" },
	{ "pack cut in the middle", "chmod u+w objects/pack/*; for p in objects/pack/*.pack; do truncate -s 60 $p; done" },
	{ "empty pack", "chmod u+w objects/pack/*; for p in objects/pack/*.pack; do : > $p; done" },
	{ "no index of the pack", "rm -f objects/pack/*.idx" },
	{ "index cut in the middle", "chmod u+w objects/pack/*; for p in objects/pack/*.idx; do truncate -s 1100 $p; done" },
	{ "bytes changed in the pack",
		"chmod u+w objects/pack/*; for p in objects/pack/*.pack; do printf XXXXXXXX | dd of=$p bs=1 seek=30 conv=notrunc 2>/dev/null; done" },
	{ "no HEAD", "rm HEAD" },
	{ "empty HEAD", ": > HEAD" },
	{ "HEAD of nonsense", "printf 'nonsense\\n' > HEAD" },
	{ "config cut in the middle", "printf '[core' > config" },
	{ "no directory of objects", "rm -rf objects" },
	{ "reference of nonsense", "mkdir -p refs/heads; rm -f packed-refs; printf 'nonsense\\n' > refs/heads/main" },
	{ "reference to what is not there", "mkdir -p refs/tags; echo 0123456789012345678901234567890123456789 > refs/tags/v1.0.0" },
	{ "packed references of nonsense", "printf 'nonsense\\n' > packed-refs" },
};

static void mirror_is_replaced(void **state)
{
	struct remote *remote = *state;
	struct told before = { 0 };
	struct err why = ERR_INIT;
	struct vcs *whole = start(remote, "whole", &before);

	if (fetch_version(whole, &why) != 0)
		fail_msg("before: %s", why.text);
	assert_int_equal(before.count, 0);
	vcs_close(&whole);
	for (size_t i = 0; i < LENGTH(damages); i++) {
		struct told told = { 0 };
		struct err err = ERR_INIT;
		struct vcs *vcs;

		shell(remote->scratch, "cp -a whole replaced");
		in_mirror(remote, "replaced", damages[i].script);
		vcs = start(remote, "replaced", &told);
		if (fetch_version(vcs, &err) != 0)
			fail_msg("%s: %s", damages[i].name, err.text);
		if (told.count == 1) {
			CHECK(damages[i].name, strstr(told.last.text, "/one.git") && strstr(told.last.text, ".git.damaged"));
			shell(remote->scratch, "cd replaced; test -d *.git.damaged; test ! -e *.new.git");
		} else {
			/* The fetch itself put it right. */
			print_message("mended by git itself: %s\n", damages[i].name);
			CHECK(damages[i].name, told.count == 0);
		}
		vcs_close(&vcs);
		shell(remote->scratch, "rm -rf replaced");
	}
}

/* A pinned version alone is asked for, of which only the objects are read: what was damaged is put right for that, too. */
static void pinned_is_read_again(void **state)
{
	struct remote *remote = *state;
	struct vcs_revision revision;
	struct told before = { 0 };
	struct err why = ERR_INIT;
	struct vcs *whole = start(remote, "whole", &before);

	assert_int_equal(vcs_resolve(whole, ONE, 0, SLICE("v1.0.0"), &revision, &why), 0);
	vcs_close(&whole);
	for (size_t i = 0; i < LENGTH(damages); i++) {
		struct told told = { 0 };
		struct err err = ERR_INIT;
		struct buf out = BUF_INIT(1 << 20);
		struct vcs *vcs;

		shell(remote->scratch, "cp -a whole pinned");
		in_mirror(remote, "pinned", damages[i].script);
		vcs = start(remote, "pinned", &told);
		if (vcs_go_mod(vcs, ONE, 0, SLICE("v1.0.0"), revision.commit, &out, &err) != 0)
			fail_msg("%s: %s", damages[i].name, err.text);
		vcs_close(&vcs);
		buf_free(&out);
		shell(remote->scratch, "rm -rf pinned");
	}
}

/* Found while the daemon runs and its handles are open; nothing is fetched for it unless it is asked. */
static void replaced_under_way(void **state)
{
	struct remote *remote = *state;
	struct told told = { 0 };
	struct err err = ERR_INIT;
	struct vcs *vcs = start(remote, "running", &told);

	assert_int_equal(fetch_version(vcs, &err), 0);
	in_mirror(remote, "running", "rm HEAD");
	advance(remote, 61);
	if (fetch_version(vcs, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(told.count, 1);

	/* Again, and too soon: it is said, and what is known in memory goes on being served. */
	in_mirror(remote, "running", "rm HEAD");
	advance(remote, 61);
	assert_int_equal(fetch_version(vcs, &err), VCS_ERR_UNKNOWN);
	assert_non_null(strstr(err.text, "less than an hour ago"));
	assert_int_equal(told.count, 1);
	advance(remote, 3600);
	assert_int_equal(fetch_version(vcs, &err), 0);
	assert_int_equal(told.count, 2);
	shell(remote->scratch, "test $(ls -d running/*.damaged | wc -l) = 1");
	vcs_close(&vcs);
}

struct spoiler {
	const struct remote *remote;
	struct session *session;
	bool known;
};

/* When the new mirror is in its place and not read yet. */
static void spoil(void *ctx, const char *sentence)
{
	struct spoiler *spoiler = ctx;
	int64_t as_of_us;
	struct refs *refs = vcs_repository_refs(spoiler->session->repository, &as_of_us);

	(void)sentence;
	spoiler->known = refs != NULL;
	vcs_refs_release(&refs);
	in_mirror(spoiler->remote, "spoiled", "rm HEAD");
}

/* What was read before answers while a new mirror is read, and when that fails. */
static void known_references_stand(void **state)
{
	struct remote *remote = *state;
	struct told told = { 0 };
	struct err err = ERR_INIT;
	struct vcs *vcs = start(remote, "spoiled", &told);
	struct spoiler spoiler = { .remote = remote };
	struct vcs_revision revision;
	struct refs *refs;

	assert_int_equal(vcs_session_open(vcs, ONE, 0, SESSION_FRESH, &spoiler.session, &err), 0);
	refs = spoiler.session->refs;
	vcs->warn = spoil;
	vcs->warn_ctx = &spoiler;
	in_mirror(remote, "spoiled", "rm HEAD");
	advance(remote, 61);
	assert_int_equal(fetch_version(vcs, &err), VCS_ERR_UNKNOWN);
	assert_true(spoiler.known);
	/* A session of before looks again, and keeps what it has. */
	spoiler.session->begun_us = remote->now_us;
	assert_int_equal(vcs_resolve_current(spoiler.session, SLICE("nosuch"), &revision, &err), VCS_DAMAGED);
	assert_ptr_equal(spoiler.session->refs, refs);
	vcs_session_close(&spoiler.session);
	vcs_close(&vcs);
}

/* Should there be none at all, a session keeps those that it was opened with. */
static void references_of_a_session_stand(void **state)
{
	struct remote *remote = *state;
	struct told told = { 0 };
	struct err err = ERR_INIT;
	struct vcs *vcs = start(remote, "none", &told);
	struct session *session = NULL;
	struct refs *refs;

	assert_int_equal(vcs_session_open(vcs, ONE, 0, SESSION_FRESH, &session, &err), 0);
	refs = session->refs;
	pthread_mutex_lock(&session->repository->lock);
	vcs_refs_release(&session->repository->refs);
	session->repository->read_once = true;
	pthread_mutex_unlock(&session->repository->lock);
	fault(remote, "* 500");
	assert_false(vcs_session_renew(session));
	assert_ptr_equal(session->refs, refs);
	assert_int_not_equal(session->failure, SYNC_DONE);
	vcs_session_close(&session);
	vcs_close(&vcs);
}

struct asking {
	struct vcs *vcs;
	pthread_t thread;
	int code;
	struct err err;
};

static void *ask(void *arg)
{
	struct asking *asking = arg;

	asking->code = fetch_version(asking->vcs, &asking->err);
	return NULL;
}

/* Many find the damage at the same time: it is put right once, and all have their answer. */
static void replaced_once_for_all(void **state)
{
	struct remote *remote = *state;
	struct told told = { 0 };
	struct err err = ERR_INIT;
	struct vcs *vcs = start(remote, "all", &told);
	struct asking askings[8];

	assert_int_equal(fetch_version(vcs, &err), 0);
	vcs_close(&vcs);
	in_mirror(remote, "all", "chmod u+w objects/pack/*; for p in objects/pack/*.pack; do truncate -s 60 $p; done");
	vcs = start(remote, "all", &told);
	for (size_t i = 0; i < LENGTH(askings); i++) {
		askings[i] = (struct asking){ .vcs = vcs };
		assert_int_equal(pthread_create(&askings[i].thread, NULL, ask, &askings[i]), 0);
	}
	for (size_t i = 0; i < LENGTH(askings); i++) {
		pthread_join(askings[i].thread, NULL);
		if (askings[i].code != 0)
			fail_msg("%zu: %s", i, askings[i].err.text);
	}
	assert_int_equal(told.count, 1);
	vcs_close(&vcs);
}

/* A host that is slow just then holds a question no longer than at other times, and the mirror is put right behind it. */
static void replaced_behind(void **state)
{
	struct remote *remote = *state;
	struct told told = { 0 };
	struct err err = ERR_INIT;
	struct vcs *vcs = start(remote, "behind", &told);
	struct vcs_revision revision;
	struct buf out = BUF_INIT(4096);
	int code;

	assert_int_equal(vcs_resolve(vcs, ONE, 0, SLICE("v1.0.0"), &revision, &err), 0);
	vcs_close(&vcs);
	in_mirror(remote, "behind", "rm -rf objects");
	vcs = start_holding(remote, "behind", 100, &told);
	fault(remote, "* hang");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(vcs_go_mod(vcs, ONE, 0, SLICE("v1.0.0"), revision.commit, &out, &err), VCS_ERR_LATER);
		assert_non_null(strstr(err.text, "is fetched afresh: "));
		assert_non_null(strstr(err.text, "goes on; ask again"));
	}
	assert_int_equal(told.count, 0);
	vcs_close(&vcs); /* ends it, with what hangs */
	fault(remote, "*/git-upload-pack slow:400");
	vcs = start_holding(remote, "behind", 100, &told);
	assert_int_equal(vcs_go_mod(vcs, ONE, 0, SLICE("v1.0.0"), revision.commit, &out, &err), VCS_ERR_LATER);
	while ((code = vcs_go_mod(vcs, ONE, 0, SLICE("v1.0.0"), revision.commit, &out, &err)) == VCS_ERR_LATER)
		usleep(20000);
	if (code != 0)
		fail_msg("%s", err.text);
	assert_string_equal(buf_text(&out), "module git.test/one\n");
	vcs_close(&vcs);
	assert_int_equal(told.count, 1);
	assert_non_null(strstr(told.last.text, ".git.damaged"));
	buf_free(&out);
}

/* Nothing to put into its place: it stays, so that what can be read of it still is. */
static void host_is_away(void **state)
{
	struct remote *remote = *state;
	struct told told = { 0 };
	struct err err = ERR_INIT;
	struct vcs *vcs = start(remote, "away", &told);
	struct vcs_revision revision;

	assert_int_equal(fetch_version(vcs, &err), 0);
	vcs_close(&vcs);
	in_mirror(remote, "away", "chmod u+w objects/pack/*; for p in objects/pack/*.pack; do truncate -s 60 $p; done");
	fault(remote, "* 500");
	vcs = start(remote, "away", &told);
	assert_int_equal(fetch_version(vcs, &err), VCS_ERR_UNKNOWN);
	assert_int_equal(told.count, 0);
	shell(remote->scratch, "test ! -e away/*.damaged; test ! -e away/*.new.git");
	/* Another repository of the same host is not concerned, once the host is back. */
	fault(remote, "/one.git/* 500");
	advance(remote, 10);
	assert_int_equal(vcs_latest(vcs, SLICE("git.test/empty"), 0, &revision, &err), VCS_ERR_ABSENT);
	fault(remote, NULL);
	advance(remote, 10);
	if (fetch_version(vcs, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(told.count, 1);
	vcs_close(&vcs);
}

/* The host, not the mirror, is at fault: a mirror that is sound is not given up for it. */
static void sound_mirrors_stay(void **state)
{
	struct remote *remote = *state;
	struct told told = { 0 };
	struct err err = ERR_INIT;
	struct vcs *vcs = start(remote, "sound", &told);

	assert_int_equal(fetch_version(vcs, &err), 0);
	shell(remote->scratch,
		"cp -r repos/one.git one.saved; cd work; git commit -q --allow-empty -m unsound; git push -q origin main; cd ../repos/one.git;"
		"c=$(git rev-parse main); chmod -R u+w objects; rm -f objects/$(echo $c | cut -c1-2)/$(echo $c | cut -c3-)");
	advance(remote, 61);
	vcs_refresh(vcs, ONE, 0, &err);
	assert_int_equal(told.count, 0);
	shell(remote->scratch, "test ! -e sound/*.damaged; rm -rf repos/one.git; mv one.saved repos/one.git; cd work; git reset -q --hard HEAD~1");
	vcs_close(&vcs);
}

/* How often the mirror was walked by a git that says what it is asked for, and fails to fetch, for no reason known, where there is a file "odd". */
static unsigned walks(const struct remote *remote)
{
	struct buf calls = BUF_INIT(1 << 20);
	struct slice rest, line;
	unsigned n = 0;

	assert_int_equal(file_read(below(remote->scratch, "calls"), &calls, NULL), 0);
	for (rest = buf_slice(&calls); slice_next(&rest, '\n', &line);)
		n += slice_starts(line, SLICE("rev-list"));
	buf_free(&calls);
	return n;
}

/* Whose fault a failure is costs no walk where git says it, and one an hour where it does not. */
static void sound_mirrors_are_walked_once(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs;
	struct err err = ERR_INIT;

	shell(remote->scratch,
		"printf '#!/bin/sh\\necho \"$*\" >> %s/calls\\ncase \"$*\" in fetch*) test ! -e %s/odd || { echo fatal: odd >&2; exit 1; };; esac\\n"
		"exec /usr/bin/git \"$@\"\\n' $D $D > git.sh; chmod 755 git.sh; : > calls");
	vcs = open_remote(remote, (struct tune){ .mirrors = below(remote->scratch, "walked"), .git = below(remote->scratch, "git.sh") });
	assert_int_equal(fetch_version(vcs, &err), 0);
	shell(remote->scratch, "cd repos/one.git; t=$(git rev-parse main^{tree}); git update-ref refs/heads/bad $(printf 'tree %s\nauthor a <a@x> 0 "
			       "+0000\ncommitter c <c@x> 00012 +0000\n\nx\n' $t | git hash-object -t commit -w --literally --stdin)");
	assert_int_equal(vcs_refresh(vcs, ONE, 0, &err), VCS_ERR_UNKNOWN);
	assert_non_null(strstr(err.text, "not sound: object "));
	assert_non_null(strstr(err.text, ": zeroPaddedDate"));
	assert_int_equal(walks(remote), 0);
	shell(remote->scratch, "git -C repos/one.git update-ref -d refs/heads/bad; touch odd");
	for (int i = 0; i < 3; i++) {
		advance(remote, 2);
		assert_int_equal(vcs_refresh(vcs, ONE, 0, &err), VCS_ERR_UNKNOWN);
		assert_int_equal(walks(remote), 1);
	}
	advance(remote, 3600);
	assert_int_equal(vcs_refresh(vcs, ONE, 0, &err), VCS_ERR_UNKNOWN);
	assert_int_equal(walks(remote), 2);
	vcs_close(&vcs);
}

/* Opened in place: what is damaged is named, "not there" is never said of it, nothing is written, others answer. */
static void local_is_told(void **state)
{
	static const struct {
		const char *name, *object;
	} rows[] = {
		{ "commit", "HEAD" },
		{ "tree", "HEAD^{tree}" },
		{ "directory", "HEAD:sub" },
		{ "go.mod", "HEAD:go.mod" },
		{ "go.mod of a directory", "HEAD:sub/go.mod" },
	};
	struct remote *remote = *state;

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct buf out = BUF_INIT(1 << 20);
		struct err err = ERR_INIT;
		char script[600], h1[MODULE_H1_MAX];
		struct vcs *vcs;
		bool sub = strstr(rows[i].object, "sub") != NULL;

		snprintf(script, sizeof(script),
			"rm -rf inplace; git init -q -b main inplace; cd inplace; echo 'module h.x/i' > go.mod; mkdir sub; echo 'module h.x/i/sub' > "
			"sub/go.mod; git add .; git commit -q -m x; git tag v1.0.0; git tag sub/v1.0.0; o=$(git rev-parse '%s'); echo $o > ../gone;"
			"chmod -R u+w .git; rm -f .git/objects/$(echo $o | cut -c1-2)/$(echo $o | cut -c3-); cd ..; find inplace | sort > before",
			rows[i].object);
		shell(remote->scratch, script);
		vcs = open_local(remote->scratch, "h.x/i", "inplace", NULL);
		CHECK(rows[i].name, vcs_zip(vcs, sub ? SLICE("h.x/i/sub") : SLICE("h.x/i"), 0, SLICE("v1.0.0"), NULL, into_buf, &out, h1, &err) ==
					    VCS_ERR_UNKNOWN);
		assert_int_equal(file_read(below(remote->scratch, "gone"), &out, NULL), 0);
		if (!strstr(err.text, "inplace: git fsck") || slice_find(slice_of(err.text), slice_sub(buf_slice(&out), 0, 40)) < 0)
			fail_msg("%s: %s", rows[i].name, err.text);
		shell(remote->scratch, "find inplace | sort | cmp - before");
		vcs_close(&vcs);
		buf_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(mirror_is_replaced, no_fault),
		cmocka_unit_test_teardown(pinned_is_read_again, no_fault),
		cmocka_unit_test_teardown(replaced_under_way, no_fault),
		cmocka_unit_test_teardown(known_references_stand, no_fault),
		cmocka_unit_test_teardown(references_of_a_session_stand, no_fault),
		cmocka_unit_test_teardown(replaced_once_for_all, no_fault),
		cmocka_unit_test_teardown(replaced_behind, no_fault),
		cmocka_unit_test_teardown(host_is_away, no_fault),
		cmocka_unit_test_teardown(sound_mirrors_stay, no_fault),
		cmocka_unit_test_teardown(sound_mirrors_are_walked_once, no_fault),
		cmocka_unit_test_teardown(local_is_told, no_fault),
	};

	return cmocka_run_group_tests(tests, remote_setup, remote_teardown);
}
