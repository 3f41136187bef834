/* Remote repositories over ssh, from a real sshd: with the key and to the host that the rule names, and no other. */
#include <pthread.h>
#include <sys/stat.h>

#include "remote.h"

#define ONE SLICE("git.test/one")

/* A directory of its own below the scratch directory, for each host. */
static void start_host(struct remote *remote, const char *state, const char *protocol)
{
	int input[2], output[2];
	char line[300] = "";

	assert_int_equal(pipe2(input, O_CLOEXEC), 0);
	assert_int_equal(pipe2(output, O_CLOEXEC), 0);
	remote->pid = fork();
	assert_true(remote->pid >= 0);
	if (remote->pid == 0) {
		dup2(input[0], 0);
		dup2(output[1], 1);
		execl("/usr/bin/python3", "python3", "-B", "tests/vcs/ssh_server.py", below(remote->scratch, "repos"), below(remote->scratch, state),
			protocol, (char *)NULL);
		_exit(127);
	}
	close(input[0]);
	close(output[1]);
	remote->input = input[1];
	if (read(output[0], line, sizeof(line) - 1) <= 0 || sscanf(line, "%255s", remote->url) != 1)
		fail_msg("the ssh host does not start");
	close(output[0]);
}

static void stop_host(struct remote *remote)
{
	close(remote->input);
	waitpid(remote->pid, NULL, 0);
}

static int setup(void **state)
{
	struct remote *remote = calloc(1, sizeof(*remote));

	if (!remote || scratch_setup((void **)&remote->scratch) != 0)
		return -1;
	remote->now_us = 1000 * 1000000LL;
	remote->clock = (struct clock){ remote_now, remote_now, remote };
	shell(remote->scratch,
		"mkdir repos state; git init -q -b main work; cd work; echo 'module git.test/one' > go.mod; git add .; git commit -q -m 1; git tag "
		"v1.0.0;"
		"echo x > x; git add .; git commit -q -m 2; git branch dev; git init -q --bare -b main ../repos/one.git;"
		"git remote add origin ../repos/one.git; git push -q origin main dev v1.0.0; git init -q --bare -b main ../repos/empty.git");
	start_host(remote, "state", NULL);
	shell(remote->scratch, "cp -a state good");
	*state = remote;
	return 0;
}

static int teardown(void **state)
{
	struct remote *remote = *state;
	void *scratch = remote->scratch;

	stop_host(remote);
	free(remote);
	return scratch_teardown(&scratch);
}

/* As the host was at first: keys, known hosts, no fault. */
static int mend(void **state)
{
	struct remote *remote = *state;

	shell(remote->scratch, "cp -a good/* state/; rm -f state/fault state/commands");
	return 0;
}

static struct vcs *open_ssh(struct remote *remote, struct tune tune)
{
	char url[512];
	struct vcs_repository repository = { .prefix = "git.test",
		.repository = url,
		.credentials_file = tune.credential ? tune.credential : below(remote->scratch, "state/client_key"),
		.known_hosts_file = below(remote->scratch, "state/known_hosts"),
		.refresh_s = 60,
		.missing_is_absent = tune.missing_is_absent };
	struct vcs_options options = { .repositories = &repository,
		.count = 1,
		.clock = &remote->clock,
		.mirrors = fresh(remote, tune.mirrors),
		.fetch_timeout_ms = tune.timeout_ms };
	struct err err = ERR_INIT;
	struct vcs *vcs = NULL;

	snprintf(url, sizeof(url), "%s/{1}.git", remote->url);
	if (vcs_open(&options, &vcs, &err) != 0)
		fail_msg("vcs_open: %s", err.text);
	return vcs;
}

static int resolve(struct vcs *vcs, const char *query, struct vcs_revision *revision, struct err *err)
{
	memset(revision, 0, sizeof(*revision));
	return vcs_resolve(vcs, ONE, 0, slice_of(query), revision, err);
}

static void expect_zip(struct remote *remote, struct vcs *vcs)
{
	struct vcs *local = open_local(remote->scratch, "git.test/one", "work", NULL);
	char h1[MODULE_H1_MAX] = "", want[MODULE_H1_MAX] = "?";
	struct buf zip = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;

	if (vcs_zip(vcs, ONE, 0, SLICE("v1.0.0"), NULL, into_buf, &zip, h1, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(vcs_zip(local, ONE, 0, SLICE("v1.0.0"), NULL, into_buf, &zip, want, &err), 0);
	assert_string_equal(h1, want);
	buf_free(&zip);
	vcs_close(&local);
}

static void answers_as_local(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_ssh(remote, (struct tune){ .mirrors = "m1" });
	struct buf out = BUF_INIT(4096);
	struct vcs_revision revision;
	struct err err = ERR_INIT;
	char url[300];
	bool stale = true;

	assert_int_equal(vcs_list(vcs, ONE, 0, &out, &stale, NULL, &err), 0);
	assert_string_equal(buf_text(&out), "v1.0.0\n");
	assert_false(stale);
	expect_zip(remote, vcs);
	assert_int_equal(resolve(vcs, "dev", &revision, &err), 0);
	snprintf(url, sizeof(url), "%s/one.git", remote->url);
	assert_string_equal(revision.url, url);
	assert_int_equal(resolve(vcs, "v9.0.0", &revision, &err), VCS_ERR_ABSENT);
	assert_int_equal(vcs_latest(vcs, SLICE("git.test/empty"), 0, &revision, &err), VCS_ERR_ABSENT);
	shell(remote->scratch,
		"grep -q \"^version=2 git-upload-pack '/one.git'\" state/commands; if grep -v upload-pack state/commands; then exit 1; fi");
	buf_free(&out);
	vcs_close(&vcs);
}

/* Hosts need not let the variable through that offers newer versions of the protocol. */
static void old_protocol(void **state)
{
	struct remote host = *(struct remote *)*state;
	struct vcs_revision revision;
	struct err err = ERR_INIT;
	struct vcs *vcs;

	shell(host.scratch, "mkdir old");
	start_host(&host, "old", "old");
	shell(host.scratch, "cp old/client_key old/known_hosts state/");
	vcs = open_ssh(&host, (struct tune){ .mirrors = "m2" });
	if (resolve(vcs, "v1.0.0", &revision, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(vcs_latest(vcs, SLICE("git.test/empty"), 0, &revision, &err), VCS_ERR_ABSENT);
	shell(host.scratch, "grep -q ^version=0 old/commands");
	vcs_close(&vcs);
	stop_host(&host);
}

/* Whatever the key's kind and form; the file is read anew each time. */
static void keys_are_exchanged(void **state)
{
	static const char *const kinds[] = { "new -t ed25519", "new -t rsa -b 2048", "ssh-keygen -p -m PEM", "new -t ecdsa",
		"ssh-keygen -p -m PKCS8" };
	struct remote *remote = *state;
	struct vcs *vcs = open_ssh(remote, (struct tune){ .mirrors = "m3" });
	struct err err = ERR_INIT;
	char script[512];

	assert_int_equal(vcs_refresh(vcs, ONE, 0, &err), 0);
	for (size_t i = 0; i < LENGTH(kinds); i++) {
		snprintf(script, sizeof(script),
			"new() { rm client_key client_key.pub; ssh-keygen \"$@\"; }; cd state; %s -q -N '' -f client_key; cat client_key.pub > "
			"authorized_keys",
			kinds[i]);
		shell(remote->scratch, script);
		advance(remote, 61);
		if (vcs_refresh(vcs, ONE, 0, &err) != 0)
			fail_msg("%s: %s", kinds[i], err.text);
	}
	vcs_close(&vcs);
}

/* What is done on the host's side or ours -> the words of the answer, which is always "cannot be known". */
static void refusals(void **state)
{
	static const struct {
		const char *name, *script, *want;
		int64_t timeout_ms;
	} rows[] = {
		{ "a key that the host does not let in", "rm client_key client_key.pub; ssh-keygen -q -t ed25519 -N '' -f client_key",
			"refuses the key", 0 },
		{ "a key that is none",
			"printf -- '-----BEGIN OPENSSH PRIVATE KEY-----\\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9u\\n"
			"-----END OPENSSH PRIVATE KEY-----\\n' > client_key",
			"cannot read what credentials_file holds", 0 },
		{ "a key under a passphrase", "ssh-keygen -q -p -P '' -N hunter2 -f client_key >/dev/null", "under a passphrase", 0 },
		{ "the same in PEM", "rm client_key; ssh-keygen -q -t rsa -m PEM -N hunter2 -f client_key", "under a passphrase", 0 },
		{ "the same in PKCS 8", "rm client_key; ssh-keygen -q -t ecdsa -m PKCS8 -N hunter2 -f client_key", "under a passphrase", 0 },
		{ "a key for the group", "chmod 640 client_key", "run chmod 600", 0 },
		{ "a key for everybody", "chmod 604 client_key", "everybody", 0 },
		{ "no key", "rm client_key", "does not exist", 0 },
		{ "user and token", "echo git:token > client_key; chmod 600 client_key", "no private key", 0 },
		{ "another host key", "rm host_key; ssh-keygen -q -t ed25519 -N '' -f host_key", "shows another host key than known_hosts_file has",
			0 },
		{ "another kind of host key", "rm host_key; ssh-keygen -q -t ecdsa -N '' -f host_key", "shows another host key", 0 },
		{ "another host", "sed -i s/^.127.0.0.1/[127.0.0.2/ known_hosts", "is not in known_hosts_file", 0 },
		{ "another port", "sed -i s/]:/]:1/ known_hosts", "is not in known_hosts_file", 0 },
		{ "nobody is known", ": > known_hosts", "is not in known_hosts_file", 0 },
		{ "a revoked host key", "sed -i 's/^/@revoked /' known_hosts", "marks as revoked", 0 },
		{ "no known hosts", "rm known_hosts", "known_hosts", 0 },
		{ "the host hangs after its banner", "echo banner > fault", "took too long", 700 },
		{ "the host hangs after it let us in", "echo stall > fault", "took too long", 900 },
		{ "the host hangs up", "echo close > fault", "cannot be fetched: kex_exchange_identification", 0 },
		{ "not found", "echo missing > fault", "not found", 0 },
		{ "no such repository", "mv ../repos ../gone", "not found", 0 },
	};
	struct remote *remote = *state;

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct vcs *vcs = open_ssh(remote, (struct tune){ .mirrors = "m4", .timeout_ms = rows[i].timeout_ms });
		struct vcs_revision revision;
		struct err err = ERR_INIT;
		char script[512];
		int got;

		snprintf(script, sizeof(script), "cd state; %s", rows[i].script);
		shell(remote->scratch, script);
		got = resolve(vcs, "v1.0.0", &revision, &err);
		if (got != VCS_ERR_UNKNOWN || !strstr(err.text, rows[i].want) || !strstr(err.text, remote->url))
			fail_msg("%s: %d: %s", rows[i].name, got, err.text);
		CHECK(rows[i].name, !strstr(err.text, "PRIVATE KEY"));
		vcs_close(&vcs);
		/* What ssh learnt of hosts is written nowhere, nothing runs on, and no mirror was begun. */
		shell(remote->scratch, "test ! -d gone || mv gone repos; test \"$(ls m4)\" = empty.git;"
				       "if readlink /proc/[0-9]*/cwd | grep -q \"^$D/m4\"; then exit 1; fi");
		mend(state);
	}
}

/* A host that says so is believed where the rule says that it may be. */
static void missing_is_absent(void **state)
{
	static const struct {
		const char *fault;
		int want;
	} rows[] = { { "missing", VCS_ERR_ABSENT }, { "close", VCS_ERR_UNKNOWN } };
	struct remote *remote = *state;

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct vcs *vcs = open_ssh(remote, (struct tune){ .mirrors = "m5", .missing_is_absent = true });
		struct vcs_revision revision;
		struct err err = ERR_INIT;

		write_file(below(remote->scratch, "state/fault"), rows[i].fault);
		CHECK(rows[i].fault, resolve(vcs, "v1.0.0", &revision, &err) == rows[i].want);
		vcs_close(&vcs);
	}
}

/* Somebody else in the host's place: nothing new is believed, nothing is sent to him, what is pinned goes on. */
static void host_is_another(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_ssh(remote, (struct tune){ .mirrors = "m6" });
	struct buf out = BUF_INIT(4096);
	struct vcs_revision revision;
	struct err err = ERR_INIT;
	bool stale = false;

	assert_int_equal(resolve(vcs, "v1.0.0", &revision, &err), 0);
	shell(remote->scratch, "cp state/known_hosts before; rm state/commands; cd state; rm host_key; ssh-keygen -q -t ed25519 -N '' -f host_key");
	advance(remote, 120);
	assert_int_equal(vcs_list(vcs, ONE, 0, &out, &stale, NULL, &err), VCS_ERR_UNKNOWN);
	assert_non_null(strstr(err.text, "another host key than known_hosts_file has"));
	assert_non_null(strstr(err.text, "(it shows SHA256:"));
	assert_int_equal(vcs_latest(vcs, ONE, 0, &revision, &err), VCS_ERR_UNKNOWN);
	assert_int_equal(resolve(vcs, "main", &revision, &err), VCS_ERR_UNKNOWN);
	assert_int_equal(resolve(vcs, "v1.0.0", &revision, &err), 0);
	expect_zip(remote, vcs);
	shell(remote->scratch, "cmp before state/known_hosts; test ! -e state/commands");
	/* The file was changed by who may: the next question after a while succeeds, in the same process. */
	shell(remote->scratch,
		"cd state; sed -i 's/ssh-ed25519.*//' known_hosts; printf '%s %s' \"$(cat known_hosts)\" \"$(cat host_key.pub)\" > known_hosts");
	advance(remote, 120);
	assert_int_equal(vcs_list(vcs, ONE, 0, &out, &stale, NULL, &err), 0);
	assert_false(stale);
	buf_free(&out);
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

/* While ssh waits for the host: no line of the key in an argument, an environment or a file that was not there before; one protocol is allowed. */
static void key_is_not_shown(void **state)
{
	struct remote *remote = *state;
	struct asking asking = { .vcs = open_ssh(remote, (struct tune){ .mirrors = "m7", .timeout_ms = 60000 }) };

	write_file(below(remote->scratch, "state/fault"), "stall");
	assert_int_equal(pthread_create(&asking.thread, NULL, ask, &asking), 0);
	shell(remote->scratch, "for i in $(seq 500); do test -e state/commands && break; sleep 0.02; done;"
			       "n=0; g=0; sed 1d state/client_key | head -n 4 > lines; test $(wc -l < lines) -ge 3;"
			       "for p in $(find /proc -maxdepth 2 -name cwd -lname \"$D/m7\" -printf '%h ' 2>/dev/null); do n=$((n+1));"
			       "for f in cmdline environ; do if tr '\\0' '\\n' < $p/$f | grep -q -F -f lines; then exit 1; fi; done;"
			       "if tr '\\0' '\\n' < $p/environ | grep -q -x GIT_ALLOW_PROTOCOL=ssh; then g=$((g+1)); fi; done;"
			       "test $n -ge 2; test $g -ge 2; if grep -rq -F -f lines m7; then exit 1; fi");
	vcs_abort(asking.vcs);
	pthread_join(asking.thread, NULL);
	assert_int_equal(asking.code, VCS_ERR_UNKNOWN);
	shell(remote->scratch, "if readlink /proc/[0-9]*/cwd | grep -q \"^$D/m7\"; then exit 1; fi");
	vcs_close(&asking.vcs);
}

/* What the daemon was started with does not choose the program that is handed the key. */
static void ambient_settings_do_not_count(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_ssh(remote, (struct tune){ .mirrors = "m8" });
	struct vcs_revision revision;
	struct err err = ERR_INIT;
	char command[300];

	snprintf(command, sizeof(command), "touch '%s/ran'; false", remote->scratch);
	setenv("GIT_SSH_COMMAND", command, 1);
	setenv("GIT_SSH", "/bin/false", 1);
	setenv("PPID", "1", 1);
	if (resolve(vcs, "v1.0.0", &revision, &err) != 0)
		fail_msg("%s", err.text);
	unsetenv("GIT_SSH_COMMAND");
	unsetenv("GIT_SSH");
	unsetenv("PPID");
	shell(remote->scratch, "test ! -e ran");
	vcs_close(&vcs);
}

/* The key may come from the environment as other secrets do; a file of many hosts is read up to its limit. */
static void sources(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_ssh(remote, (struct tune){ .mirrors = "m9", .credential = "env:VCS_TEST_KEY" });
	struct buf key = BUF_INIT(FILE_SECRET_BYTES_MAX);
	struct vcs_revision revision;
	struct err err = ERR_INIT;
	char script[300];

	assert_int_equal(file_read(below(remote->scratch, "state/client_key"), &key, &err), 0);
	setenv("VCS_TEST_KEY", buf_text(&key), 1);
	snprintf(script, sizeof(script),
		"s=$(stat -c %%s state/known_hosts); { cat state/known_hosts; head -c $((%d - s)) /dev/zero | tr '\\0' '#'; } > many; cp many "
		"state/known_hosts",
		VCS_KNOWN_HOSTS_BYTES_MAX);
	shell(remote->scratch, script);
	if (resolve(vcs, "v1.0.0", &revision, &err) != 0)
		fail_msg("%s", err.text);
	shell(remote->scratch, "printf '#' >> state/known_hosts");
	advance(remote, 120);
	assert_int_equal(vcs_refresh(vcs, ONE, 0, &err), VCS_ERR_UNKNOWN);
	assert_non_null(strstr(err.text, "known_hosts"));
	unsetenv("VCS_TEST_KEY");
	buf_wipe(&key);
	vcs_close(&vcs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(answers_as_local, mend),
		cmocka_unit_test_teardown(old_protocol, mend),
		cmocka_unit_test_teardown(keys_are_exchanged, mend),
		cmocka_unit_test_teardown(refusals, mend),
		cmocka_unit_test_teardown(missing_is_absent, mend),
		cmocka_unit_test_teardown(host_is_another, mend),
		cmocka_unit_test_teardown(key_is_not_shown, mend),
		cmocka_unit_test_teardown(ambient_settings_do_not_count, mend),
		cmocka_unit_test_teardown(sources, mend),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
