/* Repositories made by an enemy, second part: much out of little, names that are none, and hosts that point elsewhere. */
#include <sys/resource.h>

#include "remote.h"

#define VERSION SLICE("v1.0.0")
#define BRANCH  "aaaaaaaaaaaaaaaaaaa" /* 19 bytes */

static int make_zip(struct vcs *vcs, const char *module, struct buf *zip, struct err *err)
{
	char h1[MODULE_H1_MAX];

	buf_reset(zip);
	return vcs_zip(vcs, slice_of(module), 0, VERSION, NULL, into_buf, zip, h1, err);
}

/* Trees by objects that no honest git writes: a row's script leaves a tree's name in $t. */
static void trees(void **state)
{
	static const struct {
		const char *name, *script, *words;
		int want;
	} rows[] = {
		{ "plain", "t=$(printf '100644 blob %s\\tf\\n' $b | git mktree)", NULL, 0 },
		{ "not UTF-8", "t=$(printf '100644 blob %s\\tf\\377\\n' $b | git mktree)", "f", VCS_ERR_REJECTED },
		{ "overlong UTF-8", "t=$(printf '100644 blob %s\\ta\\300\\257b\\n' $b | git mktree)", "a", VCS_ERR_REJECTED },
		{ "not UTF-8 in a directory's name",
			"t=$(printf '100644 blob %s\\tf\\n' $b | git mktree); t=$(printf '040000 tree %s\\td\\376\\n' $t | git mktree)", "d",
			VCS_ERR_REJECTED },
		{ "collision of case", "t=$(printf '100644 blob %s\\tReadMe\\n100644 blob %s\\treadme\\n' $b $b | git mktree)", "differ only in case",
			VCS_ERR_REJECTED },
		{ "collision of Unicode case", "t=$(printf '100644 blob %s\\t\\342\\204\\252\\n100644 blob %s\\tk\\n' $b $b | git mktree)",
			"differ only in case", VCS_ERR_REJECTED },
		{ "collision of a file with a directory",
			"t=$(printf '100644 blob %s\\tf\\n' $b | git mktree); t=$(printf '040000 tree %s\\tD\\n100644 blob %s\\td\\n' $t $b | git "
			"mktree)",
			"D", VCS_ERR_REJECTED },
		{ "links in a ring",
			"a=$(printf b | git hash-object -w --stdin); c=$(printf a | git hash-object -w --stdin);"
			"t=$(printf '120000 blob %s\\ta\\n120000 blob %s\\tb\\n100644 blob %s\\tf\\n' $a $c $b | git mktree)",
			NULL, 0 },
		{ "a link to its own directory",
			"a=$(printf . | git hash-object -w --stdin); t=$(printf '100644 blob %s\\tf\\n120000 blob %s\\tself\\n' $b $a | git mktree)",
			NULL, 0 },
	};
	const char *scratch = ((struct remote *)*state)->scratch;
	struct buf zip = BUF_INIT(1 << 20);

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct err err = ERR_INIT;
		char script[1024];
		struct vcs *vcs;
		int code;

		snprintf(script, sizeof(script),
			"rm -rf odd; git init -q -b main odd; cd odd; b=$(echo x | git hash-object -w --stdin); %s; git tag v1.0.0 $(git commit-tree "
			"-m x $t)",
			rows[i].script);
		shell(scratch, script);
		vcs = open_local(scratch, "h.x/odd", "odd", NULL);
		code = make_zip(vcs, "h.x/odd", &zip, &err);
		if (code != rows[i].want || (rows[i].words && !strstr(err.text, rows[i].words)))
			fail_msg("%s: %d, want %d: %s", rows[i].name, code, rows[i].want, err.text);
		CHECK(rows[i].name, code != 0 || slice_find(buf_slice(&zip), SLICE("@v1.0.0/f")) >= 0);
		CHECK(rows[i].name, slice_find(buf_slice(&zip), SLICE("@v1.0.0/self")) < 0 && slice_find(buf_slice(&zip), SLICE("@v1.0.0/a")) < 0);
		vcs_close(&vcs);
	}
	buf_free(&zip);
}

/* 200,000 files of a few bytes: a zip like another. */
static void many_files(void **state)
{
	const char *scratch = ((struct remote *)*state)->scratch;
	struct buf zip = BUF_INIT(256 << 20);
	struct err err = ERR_INIT;
	struct vcs *vcs;

	shell(scratch, "git init -q -b main many; cd many; b=$(echo x | git hash-object -w --stdin);"
		       "d=$(seq -f '%04g' 0 1999 | sed \"s/.*/100644 blob $b\\tf&/\" | git mktree);"
		       "t=$(seq -f '%03g' 0 99 | sed \"s/.*/040000 tree $d\\td&/\" | git mktree); git tag v1.0.0 $(git commit-tree -m x $t)");
	vcs = open_local(scratch, "h.x/many", "many", NULL);
	if (make_zip(vcs, "h.x/many", &zip, &err) != 0)
		fail_msg("%s", err.text);
	assert_true(slice_find(buf_slice(&zip), SLICE("@v1.0.0/d000/f0000")) >= 0 && slice_find(buf_slice(&zip), SLICE("@v1.0.0/d099/f1999")) >= 0);
	buf_free(&zip);
	vcs_close(&vcs);
}

/* The sanitizers' own memory would count too. */
static bool memory_stayed_below(long kib)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return kib > 0;
#else
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss < kib;
#endif
}

/* A pack of some kilobytes, each of its 40 files a delta of a few bytes on the one before, and 600 MB in all: refused for its size. */
static void small_deltas(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "d1") });
	struct buf zip = BUF_INIT(64 << 20);
	struct err err = ERR_INIT;
	int code;

	shell(remote->scratch,
		"git init -q -b main deltas; cd deltas; echo 'module git.test/deltas' > go.mod; head -c 15000000 /dev/zero > z;"
		"for i in $(seq 40); do cp z f$i; echo $i >> f$i; done; rm z; git -c core.compression=1 add .; git commit -q -m x; git tag v1.0.0;"
		"git -c pack.threads=1 repack -q -a -d -f --window=3 --depth=50; test $(du -sk .git/objects/pack | cut -f1) -lt 2000;"
		"git clone -q --bare . ../repos/deltas.git; rm -f f*");
	code = make_zip(vcs, "git.test/deltas", &zip, &err);
	if (code != VCS_ERR_REJECTED)
		fail_msg("%d: %s", code, err.text);
	assert_non_null(strstr(err.text, "bytes"));
	assert_true(memory_stayed_below(400 * 1024));
	buf_free(&zip);
	vcs_close(&vcs);
}

/* A host may name its references as it likes: what would leave their directory reaches no disk, and is no branch. */
static void references_of_a_host(void **state)
{
	static const char *const names[] = { "an-honest-name-here", "../../../../escaped", "../../hooks/escaped", "a..b/.../...escaped",
		"xxxxxxxxxxx/.escaped", "xxxxxxxxescaped.lock" };
	struct remote *remote = *state;

	for (size_t i = 0; i < LENGTH(names); i++) {
		struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "r1") });
		struct vcs_revision revision;
		struct err err = ERR_INIT;
		char line[256];
		int code;

		shell(remote->scratch, strlen(names[i]) == 19 ? "cp -r repos/one.git repos/refs.git; git -C repos/refs.git branch " BRANCH " main"
							      : "cp -r repos/one.git repos/refs.git; git -C repos/refs.git branch " BRANCH "a main");
		assert_true(strlen(names[i]) == 19 || strlen(names[i]) == 20);
		snprintf(line, sizeof(line), "*/git-upload-pack swap:refs/heads/%s=refs/heads/%s", strlen(names[i]) == 19 ? BRANCH : BRANCH "a",
			names[i]);
		fault(remote, line);
		code = vcs_resolve(vcs, SLICE("git.test/refs"), 0, SLICE("v1.0.0"), &revision, &err);
		CHECK(names[i], code == 0 || code == VCS_ERR_UNKNOWN);
		/* The first shows that the others did arrive. */
		CHECK(names[i], (vcs_resolve(vcs, SLICE("git.test/refs"), 0, slice_of(names[i]), &revision, &err) == 0) == (i == 0));
		vcs_close(&vcs);
		fault(remote, NULL);
		shell(remote->scratch, "test ! -e ../escaped; ! find . -name '*escaped*' | grep .; ! grep -r escaped r1 --include=packed-refs; rm "
				       "-rf r1 repos/refs.git");
	}
}

/* Another transport, by whatever way: only https is spoken, and no program runs. */
static void transports(void **state)
{
	static const char *const targets[] = { "ext::touch% ran", "file:///etc", "ssh://localhost/x", "git://127.0.0.1/x", "http://127.0.0.1:1/x" };
	struct remote *remote = *state;

	for (size_t i = 0; i < LENGTH(targets); i++) {
		struct vcs *vcs;
		struct vcs_repository repository = { .prefix = "h.x", .repository = targets[i] };
		struct vcs_options options = { .repositories = &repository, .count = 1, .mirrors = fresh(remote, "t1") };
		struct vcs_revision revision;
		struct err err = ERR_INIT;
		char line[256];

		/* Not by configuration, */
		if (!slice_starts(slice_of(targets[i]), SLICE("ssh:")))
			CHECK(targets[i], vcs_open(&options, &vcs, &err) == VCS_ERR_INVALID);
		/* and not by what a host says. */
		vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "t1") });
		snprintf(line, sizeof(line), "* redirect:%s", targets[i]);
		fault(remote, line);
		CHECK(targets[i], vcs_resolve(vcs, SLICE("git.test/one"), 0, VERSION, &revision, &err) == VCS_ERR_UNKNOWN);
		fault(remote, NULL);
		vcs_close(&vcs);
		shell(remote->scratch, "! find . -name 'ran*' | grep .; rm -rf t1");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trees),
		cmocka_unit_test(many_files),
		cmocka_unit_test(small_deltas),
		cmocka_unit_test(references_of_a_host),
		cmocka_unit_test_teardown(transports, no_fault),
	};

	return cmocka_run_group_tests(tests, remote_setup, remote_teardown);
}
