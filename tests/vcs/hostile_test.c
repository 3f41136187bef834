/* Repositories made by an enemy: nothing of theirs runs, nothing grows without bound, nothing unsound is taken in. */
#include <sys/resource.h>

#include "base/hash.h"
#include "remote.h"

static int make_zip(struct vcs *vcs, const char *module, const char *version, struct buf *zip, struct err *err)
{
	char h1[MODULE_H1_MAX];

	buf_reset(zip);
	return vcs_zip(vcs, slice_of(module), 0, slice_of(version), NULL, into_buf, zip, h1, err);
}

/* A repository opened in place, whose configuration, hooks and attributes would start programs under a git that obeys them. */
static void nothing_runs(void **state)
{
	const char *scratch = ((struct remote *)*state)->scratch;
	struct buf zip = BUF_INIT(1 << 20), gomod = BUF_INIT(4096);
	struct vcs_revision revision;
	struct err err = ERR_INIT;
	struct vcs *vcs;

	shell(scratch, "git init -q -b main evil; cd evil; echo 'module h.x/evil' > go.mod; printf '* filter=evil diff=evil\\n' > .gitattributes;"
		       "printf '[submodule \"s\"]\\n\\tpath = s\\n\\turl = --upload-pack=touch${IFS}ran\\n\\tupdate = !touch ran\\n' > .gitmodules;"
		       "ln -s /etc/passwd stolen; ln -s ../../outside up; git add .; git update-index --add --cacheinfo 160000,$(git hash-object -t "
		       "tree /dev/null),s;"
		       "git commit -q -m x; git tag v1.0.0;"
		       "for h in post-checkout reference-transaction fsmonitor-watchman; do printf '#!/bin/sh\\ntouch \"%s/ran\"\\n' \"$D\" > "
		       ".git/hooks/$h; chmod +x .git/hooks/$h; done;"
		       "git config core.fsmonitor \"touch '$D/ran'\"; git config filter.evil.smudge \"touch '$D/ran'\"; git config "
		       "filter.evil.required true;"
		       "git config core.hooksPath .git/hooks; git config core.sshCommand \"touch '$D/ran'\"; git config uploadpack.packObjectsHook "
		       "\"touch '$D/ran'\";"
		       "git config protocol.ext.allow always; git config remote.origin.url \"ext::touch $D/ran\"; git config "
		       "extensions.worktreeConfig false;"
		       "git config include.path \"$D/nowhere\"; rm -f ../ran");
	vcs = open_local(scratch, "h.x/evil", "evil", NULL);
	assert_int_equal(vcs_resolve(vcs, SLICE("h.x/evil"), 0, SLICE("main"), &revision, &err), 0);
	assert_int_equal(vcs_go_mod(vcs, SLICE("h.x/evil"), 0, SLICE("v1.0.0"), NULL, &gomod, &err), 0);
	assert_int_equal(make_zip(vcs, "h.x/evil", "v1.0.0", &zip, &err), 0);
	/* Links, wherever they point, and submodules give nothing. */
	assert_int_equal(slice_find(buf_slice(&zip), SLICE("stolen")), -1);
	assert_int_equal(slice_find(buf_slice(&zip), SLICE("@v1.0.0/up")), -1);
	assert_int_equal(slice_find(buf_slice(&zip), SLICE("@v1.0.0/s")), -1);
	assert_int_equal(slice_find(buf_slice(&zip), SLICE("root:")), -1);
	assert_true(slice_find(buf_slice(&zip), SLICE("@v1.0.0/.gitmodules")) > 0);
	shell(scratch, "test ! -e ran -a ! -e evil/ran -a ! -e mirrors/ran");
	buf_free(&zip);
	buf_free(&gomod);
	vcs_close(&vcs);
}

/* Names in trees that would leave the directory, or mean something to git: no zip, or harmless bytes; by tree objects no honest git writes. */
static void odd_trees(void **state)
{
	static const struct {
		const char *name, *tree;
		int want;
	} rows[] = {
		{ "dot dot", "100644 ..", VCS_ERR_REJECTED },
		{ "dot", "100644 .", VCS_ERR_REJECTED },
		{ "slash in a name", "100644 a/../../b", VCS_ERR_REJECTED },
		{ "absolute", "100644 /etc/x", VCS_ERR_REJECTED },
		{ "backslash", "100644 a\\b", VCS_ERR_REJECTED },
		{ "colon", "100644 c:x", VCS_ERR_REJECTED },
		{ "device", "100644 NUL", VCS_ERR_REJECTED },
		{ "newline", "100644 a\nb", VCS_ERR_REJECTED },
		{ "fifo mode", "010644 f", 0 },
		{ "plain", "100644 f", 0 },
	};
	const char *scratch = ((struct remote *)*state)->scratch;
	struct buf zip = BUF_INIT(1 << 20);

	shell(scratch, "git init -q -b main odd");
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct err err = ERR_INIT;
		struct vcs *vcs;
		int code;

		write_file(below(scratch, "entry"), rows[i].tree);
		shell(scratch,
			"cd odd; b=$(echo x | git hash-object -w --stdin); { cat ../entry; printf '\\0'; printf $b | sed 's/../\\\\\\\\x&/g' | xargs "
			"printf '%b';"
			"} > ../tree; t=$(git hash-object -w -t tree --literally ../tree); git tag -f v1.0.0 $(git commit-tree -m x $t) >/dev/null");
		vcs = open_local(scratch, "h.x/odd", "odd", NULL);
		code = make_zip(vcs, "h.x/odd", "v1.0.0", &zip, &err);
		/* An object the library calls malformed is "cannot be known", never a zip. */
		if (code != rows[i].want && !(rows[i].want != 0 && code == VCS_ERR_UNKNOWN))
			fail_msg("%s: %d, want %d: %s", rows[i].name, code, rows[i].want, err.text);
		CHECK(rows[i].name, code != 0 || (slice_find(buf_slice(&zip), SLICE("@v1.0.0/f")) >= 0) == (strcmp(rows[i].name, "plain") == 0));
		vcs_close(&vcs);
	}
	buf_free(&zip);
}

static void odd_references(void **state)
{
	const char *scratch = ((struct remote *)*state)->scratch;
	struct vcs_revision revision;
	struct err err = ERR_INIT;
	static const char *const queries[] = { "../../HEAD", "refs/heads/main", "heads/main", "main@{0}", "main^", ":/x", "HEAD~0", "@", "-x",
		"--all", "..", "a..b", "v1.0.0^{tree}", "FETCH_HEAD", "ORIG_HEAD", "stash" };
	struct vcs *vcs;

	shell(scratch, "git init -q -b main refs; cd refs; echo 'module h.x/refs' > go.mod; git add .; git commit -q -m x; git tag v1.0.0; cp "
		       ".git/refs/heads/main .git/ORIG_HEAD;"
		       "cp .git/refs/heads/main .git/FETCH_HEAD; cp .git/refs/heads/main .git/refs/stash; printf 'ref: refs/heads/loop\\n' > "
		       ".git/refs/heads/loop;"
		       "git symbolic-ref refs/heads/alias refs/heads/main; git symbolic-ref refs/heads/dangling refs/heads/nowhere; git tag nested "
		       "$(git rev-parse HEAD:go.mod)");
	vcs = open_local(scratch, "h.x/refs", "refs", NULL);
	assert_int_equal(vcs_resolve(vcs, SLICE("h.x/refs"), 0, SLICE("alias"), &revision, &err), 0);
	assert_string_equal(revision.version, "v1.0.0");
	for (size_t i = 0; i < LENGTH(queries); i++)
		CHECK(queries[i], vcs_resolve(vcs, SLICE("h.x/refs"), 0, slice_of(queries[i]), &revision, &err) == VCS_ERR_ABSENT);
	assert_int_equal(vcs_resolve(vcs, SLICE("h.x/refs"), 0, SLICE("dangling"), &revision, &err), VCS_ERR_ABSENT);
	assert_int_equal(vcs_resolve(vcs, SLICE("h.x/refs"), 0, SLICE("nested"), &revision, &err), VCS_ERR_REJECTED);
	vcs_close(&vcs);
}

/* A reference to an object that is not there: nobody can say what is absent in such a repository. */
static void damaged(void **state)
{
	const char *scratch = ((struct remote *)*state)->scratch;
	struct vcs_revision revision;
	struct err err = ERR_INIT;
	struct vcs *vcs;

	shell(scratch, "git init -q -b main broken; cd broken; echo 'module h.x/broken' > go.mod; git add .; git commit -q -m x; git tag v1.0.0;"
		       "printf '0123456789012345678901234567890123456789\\n' > .git/refs/heads/gone");
	vcs = open_local(scratch, "h.x/broken", "broken", NULL);
	assert_int_equal(vcs_resolve(vcs, SLICE("h.x/broken"), 0, SLICE("v9.0.0"), &revision, &err), VCS_ERR_UNKNOWN);
	assert_non_null(strstr(err.text, "gone"));
	shell(scratch, "cd broken; rm .git/refs/heads/gone; b=$(git rev-parse HEAD:go.mod); rm -f .git/objects/$(printf $b | cut -c1-2)/$(printf $b "
		       "| cut -c3-)");
	assert_int_equal(vcs_resolve(vcs, SLICE("h.x/broken"), 0, SLICE("v9.0.0"), &revision, &err), VCS_ERR_ABSENT);
	assert_int_equal(vcs_resolve(vcs, SLICE("h.x/broken"), 0, SLICE("v1.0.0"), &revision, &err), VCS_ERR_UNKNOWN);
	vcs_close(&vcs);
	shell(scratch, "git clone -q --depth 1 \"file://$D/work\" shallow");
	vcs = open_local(scratch, "git.test/one", "shallow", NULL);
	assert_int_equal(vcs_resolve(vcs, SLICE("git.test/one"), 0, SLICE("main"), &revision, &err), VCS_ERR_UNKNOWN);
	assert_non_null(strstr(err.text, "shallow"));
	vcs_close(&vcs);
	vcs = open_local(scratch, "h.x/none", "no-such-directory", NULL);
	assert_int_equal(vcs_resolve(vcs, SLICE("h.x/none"), 0, SLICE("main"), &revision, &err), VCS_ERR_UNKNOWN);
	vcs_close(&vcs);
}

/* A tree of 10^12 files in a dozen objects; one of 300 levels. */
static void tree_bombs(void **state)
{
	const char *scratch = ((struct remote *)*state)->scratch;
	struct buf zip = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;
	struct vcs *vcs;

	shell(scratch, "git init -q -b main bomb; cd bomb; e=\"100644 blob $(echo x | git hash-object -w --stdin)\"; k=blob; m=100644; o=$(echo x | "
		       "git hash-object -w --stdin);"
		       "for level in 1 2 3 4 5 6 7 8 9 10 11 12; do o=$(for i in 0 1 2 3 4 5 6 7 8 9; do printf '%s %s %s\\td%s\\n' $m $k $o $i; "
		       "done | git mktree); k=tree; m=040000; done;"
		       "git tag v1.0.0 $(git commit-tree -m bomb $o); o=$(git rev-parse v1.0.0^{tree}); o=$(printf '100644 blob %s\\tf\\n' $(echo x "
		       "| git hash-object -w --stdin) | git mktree);"
		       "i=0; while [ $i -lt 300 ]; do o=$(printf '040000 tree %s\\td\\n' $o | git mktree); i=$((i+1)); done; git tag v1.1.0 $(git "
		       "commit-tree -m deep $o)");
	vcs = open_local(scratch, "h.x/bomb", "bomb", NULL);
	assert_int_equal(make_zip(vcs, "h.x/bomb", "v1.0.0", &zip, &err), VCS_ERR_REJECTED);
	assert_int_equal(make_zip(vcs, "h.x/bomb", "v1.1.0", &zip, &err), VCS_ERR_REJECTED);
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

/* The h1 of files whose SHA-256 the shell told in files named digest-N: "name digest" lines. */
static void h1_of(const char *path, const char *prefix, char h1[MODULE_H1_MAX])
{
	struct dirhash *hash = dirhash_open();
	struct buf file = BUF_INIT(4096), name = BUF_INIT(4096);
	struct slice rest, line, base, hex;
	uint8_t digest[SHA256_BYTES];

	assert_int_equal(file_read(path, &file, NULL), 0);
	rest = buf_slice(&file);
	while (slice_next(&rest, '\n', &line)) {
		buf_reset(&name);
		assert_true(slice_cut(line, ' ', &base, &hex) && hex_decode(hex, digest, sizeof(digest)));
		buf_printf(&name, "%s/%.*s", prefix, SLICE_ARG(base));
		assert_int_equal(dirhash_add(hash, buf_slice(&name), digest, NULL), 0);
	}
	dirhash_finish(hash, h1);
	dirhash_close(&hash);
	buf_free(&file);
	buf_free(&name);
}

/* Files over what the library may hold, packed: their bytes come through a child and a mapped file. And one over what a module may hold. */
static void large_files(void **state)
{
	static const struct {
		const char *version, *digests;
		int want;
	} rows[] = { { "v1.0.0", "digest-0", 0 }, { "v1.1.0", "digest-1", 0 }, { "v1.2.0", NULL, VCS_ERR_REJECTED } };
	const char *scratch = ((struct remote *)*state)->scratch;
	struct buf zip = BUF_INIT(64 << 20);
	struct vcs *vcs;

	shell(scratch,
		"git init -q -b main large; cd large; sum() { sha256sum | cut -c1-64; }; yes 'forty megabytes of this' | head -c 41943040 > big;"
		"truncate -s -1 big; printf '\\n' >> big;"
		"echo \"big $(sum < big)\" > ../digest-0; echo \"big $(sed 's/$/\\r/' big | sum)\" > ../digest-1;"
		"git add big; git commit -q -m big; git tag v1.0.0; git gc -q; printf 'big text eol=crlf\\n' > .gitattributes;"
		"echo \".gitattributes $(sum < .gitattributes)\" >> ../digest-1; git add .gitattributes; git commit -q -m crlf; git tag v1.1.0;"
		"git update-index --add --cacheinfo 100644,$(head -c 530000000 /dev/zero | git hash-object -w --stdin),huge; git commit -q -m huge; "
		"git tag v1.2.0");
	vcs = open_local(scratch, "h.x/large", "large", NULL);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		char h1[MODULE_H1_MAX] = "", want[MODULE_H1_MAX] = "", prefix[64];
		struct err err = ERR_INIT;
		int code;

		buf_reset(&zip);
		code = vcs_zip(vcs, SLICE("h.x/large"), 0, slice_of(rows[i].version), NULL, into_buf, &zip, h1, &err);
		if (code != rows[i].want)
			fail_msg("%s: %s", rows[i].version, err.text);
		if (!rows[i].digests)
			continue;
		snprintf(prefix, sizeof(prefix), "h.x/large@%s", rows[i].version);
		h1_of(below(scratch, rows[i].digests), prefix, want);
		CHECK(rows[i].version, strcmp(h1, want) == 0);
	}
	assert_true(memory_stayed_below(400 * 1024));
	buf_free(&zip);
	vcs_close(&vcs);
}

/* What a host sends is checked: unsound objects never reach a mirror that answers. */
static void unsound_objects(void **state)
{
	static const struct {
		const char *name, *script;
	} rows[] = {
		{ "a .git directory", "t=$(printf '040000 tree %s\\t.git\\n' $(git rev-parse main^{tree}) | git mktree)" },
		{ "dot dot", "t=$(printf '040000 tree %s\\t..\\n' $(git rev-parse main^{tree}) | git mktree)" },
		{ "a link for .gitmodules", "t=$(printf '120000 blob %s\\t.gitmodules\\n' $(git rev-parse main:go.mod) | git mktree)" },
		{ "an option for a submodule's url",
			"b=$(printf '[submodule \"s\"]\\n\\tpath = s\\n\\turl = --upload-pack=x\\n' | git hash-object -w --stdin);"
			"t=$(printf '100644 blob %s\\t.gitmodules\\n' $b | git mktree)" },
	};
	struct remote *remote = *state;

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "u1") });
		struct vcs_revision revision;
		struct err err = ERR_INIT;
		char script[2048];

		snprintf(script, sizeof(script), "cd work; %s; git push -q ../repos/one.git $(git commit-tree -m evil $t):refs/heads/evil",
			rows[i].script);
		shell(remote->scratch, script);
		CHECK(rows[i].name, vcs_resolve(vcs, SLICE("git.test/one"), 0, SLICE("v1.0.0"), &revision, &err) == VCS_ERR_UNKNOWN);
		CHECK(rows[i].name, strstr(err.text, "not sound: object "));
		vcs_close(&vcs);
		shell(remote->scratch, "cd work; git push -q ../repos/one.git :refs/heads/evil; rm -rf ../u1");
	}
}

/* An object that takes more memory to unpack than a child may have. */
static void unpacking_is_bounded(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "u2"), .memory_max = 160 << 20 });
	struct vcs_revision revision;
	struct err err = ERR_INIT;

	assert_int_equal(vcs_resolve(vcs, SLICE("git.test/one"), 0, SLICE("v1.0.0"), &revision, &err), 0);
	shell(remote->scratch, "git init -q -b main delta; cd delta; head -c 150000000 /dev/zero > z; git -c core.bigFileThreshold=1g add z; git "
			       "commit -q -m a; echo x >> z;"
			       "git -c core.bigFileThreshold=1g add z; git commit -q -m b; git tag v1.0.0; git -c core.bigFileThreshold=1g -c "
			       "pack.windowMemory=0 repack -q -a -d -f --window=2; rm z;"
			       "git clone -q --bare . ../repos/delta.git");
	assert_int_equal(vcs_resolve(vcs, SLICE("git.test/delta"), 0, SLICE("v1.0.0"), &revision, &err), VCS_ERR_UNKNOWN);
	vcs_close(&vcs);
}

/* A clock of which every look costs a second. */
static int64_t hurry(void *ctx)
{
	return *(int64_t *)ctx += 1000000;
}

/* What a repository can make a worker do - files that convert, rules to match them with - ends with the time it has. */
static void making_is_bounded(void **state)
{
	static const struct {
		const char *name;
		int64_t timeout_ms;
		int want;
	} rows[] = { { "enough", 100000, 0 }, { "too short for the files", 5000, VCS_ERR_UNKNOWN },
		{ "too short for the rules", 30000, VCS_ERR_UNKNOWN } };
	const char *scratch = ((struct remote *)*state)->scratch;
	struct vcs_repository repository = { .prefix = "h.x/slow", .repository = below(scratch, "slow") };
	struct buf zip = BUF_INIT(1 << 20);

	shell(scratch,
		"git init -q -b main slow; cd slow; for i in 1 2 3 4 5 6; do echo $i > $i; done; seq -f 'no-such-%g text' 2000 > .gitattributes;"
		"git add .; git commit -q -m 1; git tag v1.0.0");
	for (size_t i = 0; i < LENGTH(rows); i++) {
		int64_t now_us = 0;
		struct clock clock = { hurry, hurry, &now_us };
		struct vcs_options options = { .repositories = &repository,
			.count = 1,
			.mirrors = below(scratch, "slow-mirrors"),
			.clock = &clock,
			.fetch_timeout_ms = rows[i].timeout_ms };
		struct err err = ERR_INIT;
		struct vcs *vcs = NULL;

		assert_int_equal(vcs_open(&options, &vcs, &err), 0);
		CHECK(rows[i].name, make_zip(vcs, "h.x/slow", "v1.0.0", &zip, &err) == rows[i].want);
		CHECK(rows[i].name, rows[i].want == 0 || strstr(err.text, "longer than"));
		vcs_close(&vcs);
	}
	buf_free(&zip);
}

/* Patterns that are each within bounds, and for all files together are not: refused, for good, and by name. */
static void attributes_are_bounded(void **state)
{
	const char *scratch = ((struct remote *)*state)->scratch;
	struct buf zip = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;
	struct vcs *vcs;

	shell(scratch,
		"git init -q -b main patterns; cd patterns; long=$(printf '%0200d' 0 | tr 0 a); set=$(printf '%0800d' 0 | tr 0 b);"
		"for i in $(seq 100 159); do echo x > $long$i; echo \"*[${set}a]zz$i text\" >> .gitattributes; done; git add .; git commit -q -m 1; "
		"git tag v1.0.0;"
		"head -n 20 .gitattributes > fewer; mv fewer .gitattributes; git commit -q -a -m 2; git tag v1.0.1");
	vcs = open_local(scratch, "h.x/patterns", "patterns", NULL);
	assert_int_equal(make_zip(vcs, "h.x/patterns", "v1.0.0", &zip, &err), VCS_ERR_REJECTED);
	assert_non_null(strstr(err.text, "all patterns of .gitattributes takes too long; use fewer"));
	assert_int_equal(make_zip(vcs, "h.x/patterns", "v1.0.1", &zip, &err), 0);
	buf_free(&zip);
	vcs_close(&vcs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_runs),
		cmocka_unit_test(odd_trees),
		cmocka_unit_test(odd_references),
		cmocka_unit_test(damaged),
		cmocka_unit_test(tree_bombs),
		cmocka_unit_test(large_files),
		cmocka_unit_test(unsound_objects),
		cmocka_unit_test(unpacking_is_bounded),
		cmocka_unit_test(making_is_bounded),
		cmocka_unit_test(attributes_are_bounded),
	};

	return cmocka_run_group_tests(tests, remote_setup, remote_teardown);
}
