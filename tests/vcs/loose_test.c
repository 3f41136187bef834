/* Loose objects: read, borrowed, cut short at any place, changed, swollen. Whatever is left of a file, the question ends. */
#include <malloc.h>
#include <sys/resource.h>

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
		      " /dev/zero > zeros; git add .; git commit -q -m 1; rm zeros; git tag -a -m t v1.0.0; git clone -q --bare --shared . "
		      "../borrower; cp -a "
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
	{ "a file larger than any may be", OBJECT("main:noise") "truncate -s 40000000 $f", "is larger than any may be" },
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

/* As git does, a pack is asked first, of the repository itself or of one that it borrows from: no loose copy beside it is looked at. */
static void packed_too(void **state)
{
	const char *const repositories[] = { "loose", "borrower" };

	shell(*state,
		"cd loose; git repack -q -a; find .git/objects -type f ! -path '*/pack/*' ! -path '*/info/*' > ../files; test $(wc -l < ../files) "
		"-ge 5; while read f; do chmod u+w $f; : > $f; done < ../files");
	for (size_t i = 0; i < LENGTH(repositories); i++) {
		struct err err = ERR_INIT;
		int code = ask(*state, repositories[i], &err);

		if (code != 0)
			fail_msg("%s: %d: %s", repositories[i], code, err.text);
	}
	shell(*state, "rm -rf loose; cp -a pristine loose");
}

/* A guarded repository and an object of it. */
struct opened {
	git_repository *git;
	git_odb *odb;
	git_oid id;
};

static void open_one(const char *scratch, const char *repository, struct opened *out)
{
	struct err err = ERR_INIT;
	git_object *object;

	assert_int_equal(git_repository_open(&out->git, below(scratch, repository)), 0);
	assert_int_equal(vcs_loose_guard(out->git, &err), 0);
	assert_int_equal(git_repository_odb(&out->odb, out->git), 0);
	assert_int_equal(git_revparse_single(&object, out->git, "main^{tree}"), 0);
	git_oid_cpy(&out->id, git_tree_entry_id(git_tree_entry_byname((git_tree *)object, "noise")));
	git_object_free(object);
}

static void close_one(struct opened *opened)
{
	git_odb_free(opened->odb);
	git_repository_free(opened->git);
}

/* Reads it while there is no descriptor to be had. The code as the room understands it. */
static int read_starved(const struct opened *opened)
{
	struct rlimit usual, none;
	git_odb_object *object = NULL;
	int got;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
	none = (struct rlimit){ .rlim_cur = 0, .rlim_max = usual.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	got = git_odb_read(&object, opened->odb, &opened->id);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
	git_odb_object_free(object);
	return got == 0 ? 0 : vcs_git_code();
}

/* A shortage is no damage: nothing may be thrown away for it. */
static void starved(void **state)
{
	struct vcs *vcs = open_local(*state, "h.x/loose", "loose", NULL);
	struct opened opened;
	git_odb_object *object;

	open_one(*state, "loose", &opened);
	assert_int_equal(read_starved(&opened), VCS_ERR_UNKNOWN);
	assert_non_null(strstr(vcs_git_reason(), "Too many open files"));
	assert_int_equal(git_odb_read(&object, opened.odb, &opened.id), 0);
	git_odb_object_free(object);
	close_one(&opened);
	vcs_close(&vcs);
}

/* What is in a pack needs no more than the pack, wherever it lies. */
static void starved_with_packs(void **state)
{
	const char *const repositories[] = { "packed", "packed-borrower" };
	struct vcs *vcs = open_local(*state, "h.x/loose", "loose", NULL);

	shell(*state, "cp -a loose packed; cd packed; git repack -q -a -d -f; git clone -q --bare --shared . ../packed-borrower");
	for (size_t i = 0; i < LENGTH(repositories); i++) {
		struct opened opened;

		open_one(*state, repositories[i], &opened); /* reads a tree, and so opens the pack */
		CHECK(repositories[i], read_starved(&opened) == 0);
		close_one(&opened);
	}
	vcs_close(&vcs);
}

/* An object that is loose now may be packed, and its file gone, while the repository is open. */
static void packed_meanwhile(void **state)
{
	struct vcs *vcs = open_local(*state, "h.x/loose", "loose", NULL);
	struct opened opened;
	git_odb_object *object = NULL;

	shell(*state, "cp -a loose repacked");
	open_one(*state, "repacked", &opened);
	shell(*state, "cd repacked; git repack -q -a -d");
	assert_int_equal(git_odb_read(&object, opened.odb, &opened.id), 0);
	assert_int_equal(git_odb_object_size(object), 20000);
	git_odb_object_free(object);
	close_one(&opened);
	vcs_close(&vcs);
}

/* The library keeps what it is given, and counts it by the content's size: the memory may be no larger. */
static void exact(void **state)
{
	struct vcs *vcs = open_local(*state, "h.x/loose", "loose", NULL);
	struct opened opened;
	git_odb_object *object;

	open_one(*state, "loose", &opened);
	assert_int_equal(git_odb_read(&object, opened.odb, &opened.id), 0);
	assert_int_equal(git_odb_object_size(object), 20000);
	assert_in_range(malloc_usable_size((void *)(uintptr_t)git_odb_object_data(object)), 20000, 20000 + 64);
	git_odb_object_free(object);
	close_one(&opened);
	vcs_close(&vcs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(damaged),
		cmocka_unit_test(packed_too),
		cmocka_unit_test(starved),
		cmocka_unit_test(starved_with_packs),
		cmocka_unit_test(packed_meanwhile),
		cmocka_unit_test(exact),
		cmocka_unit_test(swollen),
	};

	return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
