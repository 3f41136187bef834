/* Loose objects: read, borrowed, cut short at any place, changed, swollen. Whatever is left of a file, the question ends. */
#include "support.h"

#define MODULE SLICE("h.x/loose")

/* $f is the file of that object. */
#define OBJECT(revision) "cd loose; o=$(git rev-parse " revision "); f=.git/objects/$(printf $o | cut -c1-2)/$(printf $o | cut -c3-); chmod u+w $f; "
#define LIMIT            "33554432"

static int setup(void **state)
{
	if (scratch_setup(state) != 0)
		return -1;
	shell(*state, "git init -q -b main loose; cd loose; echo 'module h.x/loose' > go.mod; head -c 20000 /dev/urandom > noise; head -c " LIMIT
		      " /dev/zero > zeros; git add .; git commit -q -m 1; git tag -a -m t v1.0.0; git clone -q --bare --shared . ../borrower; cp -a "
		      ". ../pristine");
	return 0;
}

static int ask(const char *scratch, const char *repository, struct err *err)
{
	struct vcs *vcs = open_local(scratch, "h.x/loose", repository, NULL);
	struct buf zip = BUF_INIT(1 << 20);
	char h1[MODULE_H1_MAX];
	int code = vcs_zip(vcs, MODULE, 0, SLICE("v1.0.0"), NULL, into_buf, &zip, h1, err);

	buf_free(&zip);
	vcs_close(&vcs);
	return code;
}

static void whole(void **state)
{
	struct err err = ERR_INIT;

	if (ask(*state, "loose", &err) != 0 || ask(*state, "borrower", &err) != 0)
		fail_msg("%s", err.text);
}

static const struct {
	const char *name, *script, *says;
} rows[] = {
	{ "a file cut in the middle", OBJECT("main:noise") "truncate -s 5000 $f", "noise" },
	{ "a file without its last byte", OBJECT("main:noise") "truncate -s -1 $f", "noise" },
	{ "a file cut in its head", OBJECT("main:noise") "truncate -s 10 $f", "noise" },
	{ "two bytes of a file", OBJECT("main:noise") "truncate -s 2 $f", "noise" },
	{ "one byte of a file", OBJECT("main:noise") "truncate -s 1 $f", "noise" },
	{ "an empty file", OBJECT("main:noise") ": > $f", "noise" },
	{ "changed bytes", OBJECT("main:noise") "printf XXXX | dd of=$f bs=1 seek=9000 conv=notrunc 2>/dev/null", "noise" },
	{ "another object's file",
		OBJECT("main:noise") "p=$(git rev-parse main:go.mod); cat .git/objects/$(printf $p | cut -c1-2)/$(printf $p | cut "
				     "-c3-) > $f",
		"noise" },
	{ "a tree cut short", OBJECT("main^{tree}") "truncate -s -5 $f", "cut short" },
	{ "a commit cut short", OBJECT("main^{commit}") "truncate -s -5 $f", "cut short" },
	{ "a tag cut short", OBJECT("v1.0.0") "truncate -s -5 $f", "cut short" },
	{ "an empty commit", OBJECT("main^{commit}") ": > $f", "v1.0.0" },
};

/* The object is in the repository itself, or in one that it borrows from. */
static void damaged(void **state)
{
	const char *const repositories[] = { "loose", "borrower" };

	for (size_t i = 0; i < LENGTH(rows); i++) {
		shell(*state, rows[i].script);
		for (size_t j = 0; j < LENGTH(repositories); j++) {
			struct err err = ERR_INIT;
			int code = ask(*state, repositories[j], &err);

			if (code != VCS_ERR_UNKNOWN || !strstr(err.text, rows[i].says) || !strstr(err.text, "git fsck names what is damaged"))
				fail_msg("%s, %s: %d: %s", rows[i].name, repositories[j], code, err.text);
		}
		shell(*state, "rm -rf loose; cp -a pristine loose");
	}
	whole(state);
}

/* A commit may be as large as any file that is read at once, and not a byte larger, however small it is packed. */
static void swollen(void **state)
{
	for (size_t extra = 0; extra < 2; extra++) {
		struct err err = ERR_INIT;
		char script[1024];
		int code;

		snprintf(script, sizeof(script),
			"cd loose; { git cat-file commit main; head -c %lld /dev/zero | tr '\\0' x; } > ../text; truncate -s %lld ../text; git tag "
			"-f v1.0.0 "
			"$(git hash-object -t commit -w ../text) > /dev/null",
			VCS_BLOB_BYTES_MAX, VCS_BLOB_BYTES_MAX + 32 - (long long)SLICE("commit 33554417 ").len + (long long)extra);
		shell(*state, script);
		code = ask(*state, "loose", &err);
		if (extra == 0 ? code != 0 : code != VCS_ERR_UNKNOWN || !strstr(err.text, "is larger than any may be"))
			fail_msg("%zu: %d: %s", extra, code, err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(damaged),
		cmocka_unit_test(swollen),
	};

	return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
