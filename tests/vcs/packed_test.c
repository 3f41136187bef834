/* Packed objects that are small on the disk and large in memory: commits, tags and trees at the limit and above it, whole and as deltas. */
#include "support.h"
#include "vcs/packed_private.h"

#define MODULE SLICE("h.x/packed")

/* Objects of exactly so many bytes: letters fill the texts; in a tree each entry has 4096 bytes but the last, which leaves room for go.mod's 34. */
#define TOOLS \
	"limit=33554432; rm -rf packed; git init -q --bare -b main packed; cd packed; git config core.compression 1; file=$(echo 'module " \
	"h.x/packed' | git hash-object -w " \
	"--stdin);" \
	"root=$(printf '100644 blob %s\\tgo.mod\\n' $file | git mktree); who='x <x@x> 1577836800 +0000'; ref() { git update-ref refs/$1 $2; };" \
	"filled() { cat > ../head; { cat ../head; head -c $(($2 - $(wc -c < ../head))) /dev/zero | tr '\\0' x; } | git hash-object -t $1 -w " \
	"--stdin; };" \
	"commit() { printf 'tree %s\\nauthor %s\\ncommitter %s\\n\\n' $root \"$who\" \"$who\" | filled commit $1; };" \
	"tag() { printf 'object %s\\ntype commit\\ntag t\\ntagger %s\\n\\n' $(git rev-parse v1.0.0) \"$who\" | filled tag $1; };" \
	"tree() { printf '100644 blob %s\\tgo.mod\\n' $file; long=$(printf '%04060d' 0);" \
	"seq -f \"100644 blob $file\tf%07.0f$long\" $((limit / 4096 - 1)); printf \"100644 blob %s\tg%0$(($1 - limit + 4033))d\\n\" $file 0; };" \
	"child() { git commit-tree -m x -p v1.0.0 $1; };"

#define OBJECTS \
	"ref tags/v1.0.0 $(git commit-tree -m x $root); for more in 0 1; do size=$((limit + more)); ref tags/v1.1.$more $(commit $size);" \
	"ref tags/v1.2.$more $(tag $size); t=$(tree $size | git mktree); test $(git cat-file -s $t) = $size; ref tags/v1.3.$more $(child $t); done;" \
	"ref heads/main $(child $root);"

#define PACK(window, grep) \
	"git -c pack.threads=1 repack -adfq --window=" window "; test \"$(git count-objects)\" = '0 objects, 0 kilobytes';" \
	"git cat-file --batch-all-objects --batch-check='%(objecttype) %(deltabase)' | grep -v ' 0000' > ../deltas || :; " grep

static const struct {
	const char *query;
	int want;
	const char *says;
} rows[] = {
	{ "v1.0.0", 0, "" },
	{ "main", 0, "" },
	{ "v1.1.0", 0, "" },
	{ "v1.1.1", VCS_ERR_REJECTED, "is a commit of 33554433 bytes" },
	{ "v1.2.0", 0, "" },
	{ "v1.2.1", VCS_ERR_REJECTED, "refs/tags/v1.2.1 is no commit: object " },
	{ "v1.2.1", VCS_ERR_REJECTED, "a tag of more than 33554432 bytes" },
	{ "v1.3.0", 0, "" },
	{ "v1.3.1", VCS_ERR_REJECTED, "is a tree of 33554433 bytes" },
	{ "0123456789ab", VCS_ERR_REJECTED, "the history cannot be searched: object " },
};

static void ask_all(const char *scratch)
{
	struct vcs *vcs = open_local(scratch, "h.x/packed", "packed", NULL);
	struct buf list = BUF_INIT(4096);
	struct err err = ERR_INIT;
	bool stale;

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct vcs_revision revision;
		int code = vcs_resolve(vcs, MODULE, 0, slice_of(rows[i].query), &revision, &err);

		if (code != rows[i].want || (code != 0 && !strstr(err.text, rows[i].says)))
			fail_msg("%s: %d: %s", rows[i].query, code, err.text);
	}
	/* What is too large is nobody else's trouble. */
	assert_int_equal(vcs_list(vcs, MODULE, 0, &list, &stale, NULL, &err), 0);
	assert_non_null(strstr(buf_text(&list), "v1.3.0\n"));
	buf_free(&list);
	vcs_close(&vcs);
}

static void whole(void **state)
{
	shell(*state, TOOLS OBJECTS PACK("0", "test ! -s ../deltas"));
	ask_all(*state);
}

/* Of a delta the size is that of what it makes. */
static void deltas(void **state)
{
	shell(*state, "cd packed; " PACK("3", "for type in commit tag tree; do grep -q $type ../deltas; done"));
	ask_all(*state);
}

/* What comes into a repository while it is open is measured, too. */
static void packed_meanwhile(void **state)
{
	struct vcs *vcs = open_local(*state, "h.x/packed", "packed", NULL);
	struct vcs_revision revision;
	struct err err = ERR_INIT;

	shell(*state, TOOLS "ref tags/v1.0.0 $(git commit-tree -m x $root);" PACK("0", ""));
	assert_int_equal(vcs_resolve(vcs, MODULE, 0, SLICE("v1.0.0"), &revision, &err), 0);
	shell(*state, "cd packed; limit=33554432; { git cat-file commit v1.0.0; head -c $limit /dev/zero | tr '\\0' x; } > ../text; git update-ref "
		      "refs/tags/v1.1.0 $(git hash-object -t commit -w ../text); " PACK("0", ""));
	assert_int_equal(vcs_resolve(vcs, MODULE, 0, SLICE("v1.1.0"), &revision, &err), VCS_ERR_REJECTED);
	vcs_close(&vcs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(deltas),
		cmocka_unit_test(packed_meanwhile),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
