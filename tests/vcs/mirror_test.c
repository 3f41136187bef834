/* Remote repositories over https: mirrored, refreshed, answered from the mirror when the host fails, and never on a guess. */
#include <pthread.h>

#include "remote.h"

#define ONE SLICE("git.test/one")

static int resolve(struct vcs *vcs, const char *query, struct vcs_revision *revision, struct err *err)
{
	memset(revision, 0, sizeof(*revision));
	return vcs_resolve(vcs, ONE, 0, slice_of(query), revision, err);
}

static int list(struct vcs *vcs, struct buf *out, bool *stale)
{
	struct err err = ERR_INIT;

	buf_reset(out);
	return vcs_list(vcs, ONE, 0, out, stale, NULL, &err);
}

static int zip_h1(struct vcs *vcs, const char *module, const char *version, const char *commit, char h1[MODULE_H1_MAX])
{
	struct buf zip = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;
	int code = vcs_zip(vcs, slice_of(module), 0, slice_of(version), commit, into_buf, &zip, h1, &err);

	buf_free(&zip);
	return code;
}

static void answers_as_local(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "m1") });
	struct vcs *local = open_local(remote->scratch, "git.test/one", "work", NULL);
	char h1[MODULE_H1_MAX] = "", want[MODULE_H1_MAX] = "", url[300];
	struct buf out = BUF_INIT(4096);
	struct vcs_revision revision;
	struct err err = ERR_INIT;
	bool stale = true;

	assert_int_equal(list(vcs, &out, &stale), 0);
	assert_string_equal(buf_text(&out), "v1.0.0\n");
	assert_false(stale);
	assert_int_equal(zip_h1(vcs, "git.test/one", "v1.0.0", NULL, h1), 0);
	assert_int_equal(zip_h1(local, "git.test/one", "v1.0.0", NULL, want), 0);
	assert_string_equal(h1, want);
	assert_int_equal(resolve(vcs, "dev", &revision, &err), 0);
	assert_string_equal(revision.ref, "refs/heads/dev");
	snprintf(url, sizeof(url), "%s/one.git", remote->url);
	assert_string_equal(revision.url, url);
	assert_int_equal(resolve(vcs, "HEAD", &revision, &err), 0);
	assert_int_equal(resolve(vcs, "v9.0.0", &revision, &err), VCS_ERR_ABSENT);
	assert_int_equal(vcs_latest(vcs, SLICE("git.test/empty"), 0, &revision, &err), VCS_ERR_ABSENT);
	assert_int_equal(vcs_resolve(vcs, SLICE("git.test/one/nothing"), 0, SLICE("v1.0.0"), &revision, &err), VCS_ERR_ABSENT);
	buf_free(&out);
	vcs_close(&vcs);
	vcs_close(&local);
}

static void credential_file_wrong(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "token-without-user", "user:token" },
		{ "-----BEGIN OPENSSH PRIVATE KEY-----\nx: y\n", "user:token, as https wants it" },
		{ ":token", "user:token" },
	};
	struct remote *remote = *state;

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct vcs_revision revision;
		struct err err = ERR_INIT;
		struct vcs *vcs;

		write_file(below(remote->scratch, "odd"), rows[i].text);
		vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "m2"), .credential = below(remote->scratch, "odd") });
		CHECK(rows[i].text, resolve(vcs, "v1.0.0", &revision, &err) == VCS_ERR_UNKNOWN);
		CHECK(rows[i].text, strstr(err.text, rows[i].want));
		vcs_close(&vcs);
	}
}

static void wrong_authority(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "m2"), .ca = "/etc/ssl/certs/ca-certificates.crt" });
	struct vcs_revision revision;
	struct err err = ERR_INIT;
	size_t before = recorded(remote, "\"event\": \"request\"");

	assert_int_equal(resolve(vcs, "v1.0.0", &revision, &err), VCS_ERR_UNKNOWN);
	assert_int_equal(recorded(remote, "\"event\": \"request\""), before);
	vcs_close(&vcs);
}

static void sees_what_is_pushed(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "m3") });
	struct buf out = BUF_INIT(4096);
	struct vcs_revision revision;
	struct err err = ERR_INIT;
	size_t asked;
	bool stale;

	assert_int_equal(resolve(vcs, "v1.1.0", &revision, &err), VCS_ERR_ABSENT);
	push(remote, "git tag v1.1.0; git push -q origin v1.1.0");
	assert_int_equal(resolve(vcs, "v1.1.0", &revision, &err), VCS_ERR_ABSENT); /* asked a moment ago: not again so soon */
	advance(remote, 5);
	assert_int_equal(resolve(vcs, "v1.1.0", &revision, &err), 0);
	push(remote, "git tag v1.2.0; git push -q origin v1.2.0");
	assert_int_equal(list(vcs, &out, &stale), 0);
	assert_string_equal(buf_text(&out), "v1.0.0\nv1.1.0\n");
	asked = recorded(remote, "\"event\": \"request\"");
	assert_int_equal(resolve(vcs, "v1.0.0", &revision, &err), 0);
	assert_int_equal(recorded(remote, "\"event\": \"request\""), asked); /* fresh: nobody is asked */
	advance(remote, 61);
	assert_int_equal(list(vcs, &out, &stale), 0);
	assert_string_equal(buf_text(&out), "v1.0.0\nv1.1.0\nv1.2.0\n");
	push(remote, "git push -q origin :v1.2.0 :v1.1.0 :dev; git tag -d v1.1.0 v1.2.0 >/dev/null");
	assert_int_equal(vcs_refresh(vcs, ONE, 0, &err), 0);
	assert_int_equal(list(vcs, &out, &stale), 0);
	assert_string_equal(buf_text(&out), "v1.0.0\n");
	assert_int_equal(resolve(vcs, "dev", &revision, &err), VCS_ERR_ABSENT);
	push(remote, "git push -q origin dev");
	buf_free(&out);
	vcs_close(&vcs);
}

/* (fault, query) -> code and whether it is said to be stale, with a mirror that is two minutes old. */
static void host_fails(void **state)
{
	static const struct {
		const char *name, *fault, *query;
		int want;
		bool stale;
	} rows[] = {
		{ "exact version, outage", "* 500", "v1.0.0", 0, true },
		{ "branch, outage", "* 500", "main", 0, true },
		{ "unknown version, outage", "* 500", "v7.0.0", VCS_ERR_UNKNOWN, false },
		{ "exact version, refused", "* 401", "v1.0.0", 0, true },
		{ "branch, refused", "* 401", "main", VCS_ERR_UNKNOWN, false },
		{ "exact version, not found", "* 404", "v1.0.0", 0, true },
		{ "branch, not found", "* 404", "main", VCS_ERR_UNKNOWN, false },
	};
	struct remote *remote = *state;
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "m4") });
	struct buf out = BUF_INIT(4096);
	struct vcs_revision revision;
	struct err err = ERR_INIT;
	bool stale = false;

	assert_int_equal(resolve(vcs, "v1.0.0", &revision, &err), 0);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		advance(remote, 120);
		fault(remote, rows[i].fault);
		CHECK(rows[i].name, resolve(vcs, rows[i].query, &revision, &err) == rows[i].want);
		CHECK(rows[i].name, rows[i].want != 0 || revision.stale == rows[i].stale);
	}
	advance(remote, 120);
	assert_int_equal(list(vcs, &out, &stale), VCS_ERR_UNKNOWN);
	fault(remote, "* 500");
	advance(remote, 120);
	assert_int_equal(list(vcs, &out, &stale), 0);
	assert_true(stale);
	vcs_close(&vcs);

	/* Another process, the host still away: what is on disk answers. */
	vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "m4") });
	assert_int_equal(resolve(vcs, "v1.0.0", &revision, &err), 0);
	assert_true(revision.stale);
	fault(remote, NULL);
	advance(remote, 10);
	assert_int_equal(resolve(vcs, "v1.0.0", &revision, &err), 0);
	assert_false(revision.stale);
	buf_free(&out);
	vcs_close(&vcs);
}

/* Who takes the credential back stops what may change; what was published under a version goes on, unasked ones too. */
static void credential_is_taken_back(void **state)
{
	static const char *const faults[] = { "* 401", "* 403", "* 404" };
	struct remote *remote = *state;
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "m4b") });
	struct vcs_revision revision;
	struct err err = ERR_INIT;

	assert_int_equal(resolve(vcs, "main", &revision, &err), 0);
	vcs_close(&vcs);
	for (size_t i = 0; i < LENGTH(faults); i++) {
		struct buf out = BUF_INIT(1 << 20), zip = BUF_INIT(1 << 20);
		char h1[MODULE_H1_MAX];
		bool stale;

		vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "m4b") });
		fault(remote, faults[i]);
		CHECK(faults[i], list(vcs, &out, &stale) == VCS_ERR_UNKNOWN && out.len == 0);
		CHECK(faults[i], vcs_latest(vcs, ONE, 0, &revision, &err) == VCS_ERR_UNKNOWN);
		CHECK(faults[i], resolve(vcs, "main", &revision, &err) == VCS_ERR_UNKNOWN);
		CHECK(faults[i], strstr(err.text, i < 2 ? "refuses the credential" : "says not found"));
		CHECK(faults[i], resolve(vcs, "v1.0.0", &revision, &err) == 0 && revision.stale);
		CHECK(faults[i], vcs_go_mod(vcs, ONE, 0, SLICE("v1.0.0"), NULL, &out, &err) == 0);
		CHECK(faults[i], vcs_zip(vcs, ONE, 0, SLICE("v1.0.0"), NULL, into_buf, &zip, h1, &err) == 0);
		fault(remote, NULL);
		buf_free(&out);
		buf_free(&zip);
		vcs_close(&vcs);
	}
}

static void pins_hold(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "m5") });
	char before[MODULE_H1_MAX] = "", after[MODULE_H1_MAX] = "", commit[VCS_COMMIT_MAX];
	struct buf gomod = BUF_INIT(4096);
	struct vcs_revision revision;
	struct err err = ERR_INIT;

	push(remote, "git tag v1.5.0 dev; git push -q origin v1.5.0");
	assert_int_equal(resolve(vcs, "v1.5.0", &revision, &err), 0);
	strcpy(commit, revision.commit);
	assert_int_equal(zip_h1(vcs, "git.test/one", "v1.5.0", commit, before), 0);
	push(remote, "git tag -f v1.5.0 v1.0.0 >/dev/null; git push -q -f origin v1.5.0");
	assert_int_equal(vcs_refresh(vcs, ONE, 0, &err), 0);
	assert_int_equal(resolve(vcs, "v1.5.0", &revision, &err), 0);
	assert_string_not_equal(revision.commit, commit);
	assert_int_equal(zip_h1(vcs, "git.test/one", "v1.5.0", commit, after), 0);
	assert_string_equal(before, after);
	assert_int_equal(zip_h1(vcs, "git.test/one", "v1.5.0", NULL, after), 0);
	assert_string_not_equal(before, after);
	push(remote, "git push -q origin :v1.5.0; git tag -d v1.5.0 >/dev/null");
	assert_int_equal(vcs_refresh(vcs, ONE, 0, &err), 0);
	assert_int_equal(resolve(vcs, "v1.5.0", &revision, &err), VCS_ERR_ABSENT);
	assert_int_equal(zip_h1(vcs, "git.test/one", "v1.5.0", commit, after), 0);
	assert_string_equal(before, after);
	fault(remote, "* 500"); /* a pin asks nobody */
	advance(remote, 120);
	assert_int_equal(vcs_go_mod(vcs, ONE, 0, SLICE("v1.5.0"), commit, &gomod, &err), 0);
	assert_string_equal(buf_text(&gomod), "module git.test/one\n");
	/* Not here, and the remote cannot be asked: nobody can say that it is gone. */
	assert_int_equal(vcs_go_mod(vcs, ONE, 0, SLICE("v1.5.0"), "0123456789012345678901234567890123456789", &gomod, &err), VCS_ERR_UNKNOWN);
	assert_null(strstr(err.text, "is in the repository no more"));
	fault(remote, NULL);
	advance(remote, 10);
	assert_int_equal(zip_h1(vcs, "git.test/one", "v1.5.0", "0123456789012345678901234567890123456789", after), VCS_ERR_UNKNOWN);
	buf_free(&gomod);
	vcs_close(&vcs);
}

/* A pinned commit that is gone costs no fetch for each question, but one is made again after a moment, or when the host says that it changed. */
static void lost_pins_are_looked_for_again(void **state)
{
	static const char gone[] = "0123456789012345678901234567890123456789";
	struct remote *remote = *state;
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "lost") });
	struct buf gomod = BUF_INIT(4096);
	struct err err = ERR_INIT;
	size_t asked;

	assert_int_equal(vcs_refresh(vcs, ONE, 0, &err), 0);
	asked = recorded(remote, "\"event\": \"request\"");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(vcs_go_mod(vcs, ONE, 0, SLICE("v1.0.0"), gone, &gomod, &err), VCS_ERR_UNKNOWN);
		assert_non_null(strstr(err.text, "is in the repository no more"));
	}
	assert_int_equal(recorded(remote, "\"event\": \"request\""), asked);
	advance(remote, 4);
	assert_int_equal(vcs_go_mod(vcs, ONE, 0, SLICE("v1.0.0"), gone, &gomod, &err), VCS_ERR_UNKNOWN);
	assert_true(recorded(remote, "\"event\": \"request\"") > asked);
	buf_free(&gomod);
	vcs_close(&vcs);
}

static void head_moves(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "m6") });
	struct vcs_revision main_head, head;
	struct err err = ERR_INIT;

	shell(remote->scratch, "git init -q --bare -b main repos/two.git; git -C work push -q ../repos/two.git main v1.0.0:refs/heads/old");
	assert_int_equal(vcs_resolve(vcs, SLICE("git.test/two"), 0, SLICE("HEAD"), &main_head, &err), 0);
	shell(remote->scratch, "git -C repos/two.git symbolic-ref HEAD refs/heads/old");
	assert_int_equal(vcs_refresh(vcs, SLICE("git.test/two"), 0, &err), 0);
	assert_int_equal(vcs_resolve(vcs, SLICE("git.test/two"), 0, SLICE("HEAD"), &head, &err), 0);
	assert_string_not_equal(head.commit, main_head.commit);
	shell(remote->scratch, "git -C repos/two.git update-ref --no-deref HEAD refs/heads/main");
	assert_int_equal(vcs_refresh(vcs, SLICE("git.test/two"), 0, &err), 0);
	assert_int_equal(vcs_resolve(vcs, SLICE("git.test/two"), 0, SLICE("HEAD"), &head, &err), 0);
	assert_string_equal(head.commit, main_head.commit);
	shell(remote->scratch, "git -C repos/two.git symbolic-ref HEAD refs/heads/nowhere");
	assert_int_equal(vcs_refresh(vcs, SLICE("git.test/two"), 0, &err), 0);
	assert_int_equal(vcs_resolve(vcs, SLICE("git.test/two"), 0, SLICE("HEAD"), &head, &err), VCS_ERR_ABSENT);
	vcs_close(&vcs);
}

static void redirects_are_not_followed(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "m2") });
	struct vcs_revision revision;
	struct err err = ERR_INIT;
	char line[400];

	/* To the same host under another name: whoever follows would be seen here, credential and all. */
	snprintf(line, sizeof(line), "/one.git/* redirect:%s/elsewhere/one.git/info/refs?service=git-upload-pack", remote->url);
	fault(remote, line);
	assert_int_equal(resolve(vcs, "v1.0.0", &revision, &err), VCS_ERR_UNKNOWN);
	fault(remote, NULL);
	assert_int_equal(recorded(remote, "\"path\": \"/elsewhere"), 0);
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
	struct vcs_revision revision;

	asking->code = resolve(asking->vcs, "v1.0.0", &revision, &asking->err);
	return NULL;
}

static void wait_for(const struct remote *remote, const char *words, size_t times)
{
	for (int i = 0; i < 1000 && recorded(remote, words) < times; i++)
		usleep(10000);
	assert_true(recorded(remote, words) >= times);
}

/* While git waits for the host, no process of this machine shows the credential. */
static void credential_is_not_shown(void **state)
{
	struct remote *remote = *state;
	struct asking asking = { .vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "m7"), .timeout_ms = 60000 }) };
	size_t requests = recorded(remote, "\"event\": \"request\"");

	fault(remote, "* hang");
	assert_int_equal(pthread_create(&asking.thread, NULL, ask, &asking), 0);
	wait_for(remote, "\"event\": \"request\"", requests + 1);
	shell(remote->scratch,
		"b=$(printf robot:%s " CANARY " | base64); n=0;"
		"for p in /proc/[0-9]*; do test \"$(readlink $p/cwd)\" = \"$D/m7\" || continue; n=$((n+1));"
		"for f in cmdline environ; do if tr '\\0' '\\n' < $p/$f | grep -q -e " CANARY " -e \"$b\"; then exit 1; fi; done; done;"
		"test $n -ge 1; if grep -rq -e " CANARY " -e \"$b\" m7; then exit 1; fi");
	vcs_abort(asking.vcs);
	pthread_join(asking.thread, NULL);
	assert_int_equal(asking.code, VCS_ERR_UNKNOWN);
	assert_non_null(strstr(asking.err.text, "stops"));
	fault(remote, NULL);
	assert_true(recorded(remote, "Authorization: Basic ") > 0);
	vcs_close(&asking.vcs);
}

static void slow_host_is_given_up(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "m8"), .timeout_ms = 700 });
	struct vcs_revision revision;
	struct err err = ERR_INIT;
	size_t before;

	fault(remote, "* hang");
	assert_int_equal(resolve(vcs, "v1.0.0", &revision, &err), VCS_ERR_UNKNOWN);
	assert_non_null(strstr(err.text, "too long"));
	/* Its children are gone too: nothing runs with this mirror directory. */
	shell(remote->scratch, "for p in /proc/[0-9]*; do case \"$(readlink $p/cwd)\" in \"$D\"/m8*) exit 1;; esac; done");
	/* Who comes right after is told the same, and the host is left alone. */
	before = recorded(remote, "\"event\": \"request\"");
	assert_int_equal(resolve(vcs, "v1.0.0", &revision, &err), VCS_ERR_UNKNOWN);
	assert_int_equal(recorded(remote, "\"event\": \"request\""), before);
	fault(remote, NULL);
	vcs_close(&vcs);
}

static void memory_is_bounded(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "m9"), .memory_max = 8 << 20 });
	struct vcs_revision revision;
	struct err err = ERR_INIT;

	assert_int_equal(resolve(vcs, "v1.0.0", &revision, &err), VCS_ERR_UNKNOWN);
	vcs_close(&vcs);
}

static void one_fetch_for_all(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "m10") });
	struct asking askings[8];
	size_t before = recorded(remote, "\"path\": \"/one.git/info/refs");

	for (size_t i = 0; i < LENGTH(askings); i++) {
		askings[i] = (struct asking){ .vcs = vcs };
		assert_int_equal(pthread_create(&askings[i].thread, NULL, ask, &askings[i]), 0);
	}
	for (size_t i = 0; i < LENGTH(askings); i++) {
		pthread_join(askings[i].thread, NULL);
		assert_int_equal(askings[i].code, 0);
	}
	/* request and answer of ls-remote and of fetch, once each */
	assert_int_equal(recorded(remote, "\"path\": \"/one.git/info/refs") - before, 4);
	vcs_close(&vcs);
}

/* Closing one's output is no way to run for ever. */
static void silent_children_are_given_up(void **state)
{
	struct remote *remote = *state;
	struct vcs_revision revision;
	struct err err = ERR_INIT;
	struct vcs *vcs;

	write_file(below(remote->scratch, "silent"), "#!/bin/sh\nexec >/dev/null 2>/dev/null 4>/dev/null\nsleep 20\n");
	shell(remote->scratch, "chmod +x silent");
	vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "m14"), .timeout_ms = 700, .git = below(remote->scratch, "silent") });
	assert_int_equal(resolve(vcs, "v1.0.0", &revision, &err), VCS_ERR_UNKNOWN);
	assert_non_null(strstr(err.text, "too long"));
	vcs_close(&vcs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(answers_as_local, no_fault),
		cmocka_unit_test_teardown(credential_file_wrong, no_fault),
		cmocka_unit_test_teardown(wrong_authority, no_fault),
		cmocka_unit_test_teardown(sees_what_is_pushed, no_fault),
		cmocka_unit_test_teardown(host_fails, no_fault),
		cmocka_unit_test_teardown(credential_is_taken_back, no_fault),
		cmocka_unit_test_teardown(pins_hold, no_fault),
		cmocka_unit_test_teardown(lost_pins_are_looked_for_again, no_fault),
		cmocka_unit_test_teardown(head_moves, no_fault),
		cmocka_unit_test_teardown(redirects_are_not_followed, no_fault),
		cmocka_unit_test_teardown(credential_is_not_shown, no_fault),
		cmocka_unit_test_teardown(slow_host_is_given_up, no_fault),
		cmocka_unit_test_teardown(memory_is_bounded, no_fault),
		cmocka_unit_test_teardown(one_fetch_for_all, no_fault),
		cmocka_unit_test_teardown(silent_children_are_given_up, no_fault),
	};

	return cmocka_run_group_tests(tests, remote_setup, remote_teardown);
}
