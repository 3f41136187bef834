/* What git does to files on their way out: each step alone, and all of them against git archive itself. */
#include "support.h"
#include "vcs/files_private.h"

#define BLOB "0123456789abcdef0123456789abcdef01234567"

static void spooled(struct spool *spool, struct content *out)
{
	struct err err = ERR_INIT;

	if (vcs_spool_finish(spool, out, &err) != 0)
		fail_msg("%s", err.text);
}

static void ident(void **state)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
		{ "", "" },
		{ "no keyword", "no keyword" },
		{ "$Id$", "$Id: " BLOB " $" },
		{ "$Id: deadbeef $", "$Id: " BLOB " $" },
		{ "$Id:$", "$Id: " BLOB " $" },
		{ "$Id: $", "$Id: " BLOB " $" },
		{ "$Id:x y$", "$Id:x y$" },
		{ "$Id: a b $", "$Id: a b $" },
		{ "$Id: a\n$", "$Id: a\n$" },
		{ "$Idx$", "$Idx$" },
		{ "$$Id$$", "$$Id: " BLOB " $$" },
		{ "$Id", "$Id" },
		{ "$Id: open $ $Id$ $Id: end", "$Id: " BLOB " $ $Id: " BLOB " $ $Id: end" },
		{ "$id$ $Id$", "$id$ $Id: " BLOB " $" },
	};
	git_oid blob;

	(void)state;
	assert_int_equal(git_oid_fromstr(&blob, BLOB), 0);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct content out = CONTENT_INIT;
		struct spool spool;

		vcs_spool_init(&spool, "/tmp", 1 << 20);
		vcs_convert_ident(slice_of(rows[i].in), &blob, &spool);
		spooled(&spool, &out);
		CHECK(rows[i].in, slice_equal_text(out.bytes, rows[i].want));
		vcs_content_free(&out);
	}
}

static void line_ends(void **state)
{
	static const struct {
		const char *name;
		struct slice in;
		bool applies, applies_auto;
		struct slice want;
	} rows[] = {
		{ "empty", { "", 0 }, false, false, { "", 0 } },
		{ "no line end", { "a", 1 }, false, false, { "a", 1 } },
		{ "lf", { "a\nb\n", 4 }, true, true, { "a\r\nb\r\n", 6 } },
		{ "crlf only", { "a\r\n", 3 }, false, false, { "a\r\n", 3 } },
		{ "mixed", { "a\nb\r\n", 5 }, true, false, { "a\r\nb\r\n", 6 } },
		{ "lone cr", { "a\rb\n", 4 }, true, false, { "a\rb\r\n", 5 } },
		{ "nul", { "a\0\n", 3 }, true, false, { "a\0\r\n", 4 } },
		{ "final mark", { "a\n\032", 3 }, true, true, { "a\r\n\032", 4 } },
		{ "empty lines", { "\n\n", 2 }, true, true, { "\r\n\r\n", 4 } },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct content out = CONTENT_INIT;
		struct spool spool;

		CHECK(rows[i].name, vcs_convert_eol_applies(rows[i].in, false) == rows[i].applies);
		CHECK(rows[i].name, vcs_convert_eol_applies(rows[i].in, true) == rows[i].applies_auto);
		vcs_spool_init(&spool, "/tmp", 1 << 20);
		vcs_convert_eol(rows[i].in, &spool);
		spooled(&spool, &out);
		CHECK(rows[i].name, slice_equal(out.bytes, rows[i].want));
		vcs_content_free(&out);
	}
}

/* One byte in 128 may be no letter; one more makes it binary. */
static void binary_boundary(void **state)
{
	char text[300];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[0] = '\n';
	text[1] = '\001';
	assert_true(vcs_convert_eol_applies(slice_make(text, 2 + 128), true));
	assert_false(vcs_convert_eol_applies(slice_make(text, 2 + 127), true));
	text[2] = '\002';
	assert_false(vcs_convert_eol_applies(slice_make(text, 3 + 255), true));
	assert_true(vcs_convert_eol_applies(slice_make(text, 3 + 256), true));
}

static void encodings(void **state)
{
	static const struct {
		const char *encoding, *in;
		bool known;
		struct slice want;
	} rows[] = {
		{ "UTF-16LE", "h\n", true, { "h\0\n\0", 4 } },
		{ "UTF-16LE-BOM", "h", true, { "\xff\xfeh\0", 4 } },
		{ "utf-16le-bom", "h", true, { "\xff\xfeh\0", 4 } },
		{ "UTF-16BE-BOM", "h", true, { "\xfe\xff\0h", 4 } },
		{ "UTF-16", "h", true, { "\xff\xfeh\0", 4 } },
		{ "ISO-8859-1", "\xc3\xa9", true, { "\xe9", 1 } },
		{ "latin-1", "\xc3\xa9", true, { "\xe9", 1 } },
		{ "ISO-8859-1", "\xe2\x82\xac", false, { "", 0 } },
		{ "ISO-8859-1", "\xff", false, { "", 0 } },
		{ "no-such-encoding", "h", false, { "", 0 } },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct content out = CONTENT_INIT;
		struct spool spool;

		vcs_spool_init(&spool, "/tmp", 1 << 20);
		CHECK(rows[i].encoding, vcs_convert_encoding(slice_of(rows[i].in), rows[i].encoding, &spool) == rows[i].known);
		if (rows[i].known) {
			spooled(&spool, &out);
			CHECK(rows[i].encoding, slice_equal(out.bytes, rows[i].want));
		}
		vcs_spool_free(&spool);
		vcs_content_free(&out);
	}
}

/* Encodings whose converters are not trusted, as the library would understand their names: no zip, and the sentence says which file and why. */
static void unsafe_encodings(void **state)
{
	static const struct {
		const char *encoding;
		bool unsafe;
	} rows[] = {
		{ "ISO-2022-CN-EXT", true },
		{ "ISO-2022-CN", true },
		{ "iso-2022-kr", true },
		{ "ISO2022CNEXT", true },
		{ "csISO2022KR", true },
		{ "ISO-2022-+CN-EXT", true },
		{ "ISO.2022:KR", true },
		{ "ISO-2022-JP", false },
		{ "EUC-KR", false },
		{ "EUC-CN", false },
		{ "UTF-16", false },
		{ "no-such-encoding", false },
	};

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct buf zip = BUF_INIT(1 << 20);
		char h1[MODULE_H1_MAX], script[512];
		struct err err = ERR_INIT;
		struct vcs *vcs;
		int code;

		snprintf(script, sizeof(script),
			"rm -rf unsafe; git init -q -b main unsafe; cd unsafe; echo 'module h.x/unsafe' > go.mod; printf 'h\\303\\251\\n' > b.txt;"
			"git add .; echo 'b.txt working-tree-encoding=%s' > .gitattributes; git update-index --add --cacheinfo "
			"100644,$(git hash-object -w --no-filters .gitattributes),.gitattributes 2>/dev/null; { git commit -q -m x; git tag v1.0.0; "
			"} 2>/dev/null",
			rows[i].encoding);
		shell(*state, script);
		vcs = open_local(*state, "h.x/unsafe", "unsafe", NULL);
		code = vcs_zip(vcs, SLICE("h.x/unsafe"), 0, SLICE("v1.0.0"), NULL, into_buf, &zip, h1, &err);
		if (code != (rows[i].unsafe ? VCS_ERR_REJECTED : 0))
			fail_msg("%s: %d: %s", rows[i].encoding, code, err.text);
		CHECK(rows[i].encoding, !rows[i].unsafe || (strstr(err.text, "b.txt") && strstr(err.text, rows[i].encoding)));
		vcs_close(&vcs);
		buf_free(&zip);
	}
}

/* Contents at, and one byte over, what is kept in memory; and over what is allowed. */
static void spools(void **state)
{
	static const struct {
		const char *name;
		int64_t bytes, bytes_max;
		int code;
		bool mapped;
	} rows[] = {
		{ "all in memory", VCS_BLOB_BYTES_MAX, INT64_MAX, 0, false },
		{ "one over", VCS_BLOB_BYTES_MAX + 1, INT64_MAX, 0, true },
		{ "at the limit", 5 << 20, 5 << 20, 0, false },
		{ "over the limit", (5 << 20) + 1, 5 << 20, VCS_ERR_REJECTED, false },
	};
	char *bytes = malloc((size_t)VCS_BLOB_BYTES_MAX + 1);

	assert_non_null(bytes);
	for (size_t i = 0; i < (size_t)VCS_BLOB_BYTES_MAX + 1; i++)
		bytes[i] = (char)(i * 7);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct content out = CONTENT_INIT;
		struct spool spool;
		size_t at;

		vcs_spool_init(&spool, *state, rows[i].bytes_max);
		for (at = 0; at + 1000003 < (size_t)rows[i].bytes; at += 1000003)
			vcs_spool_add(&spool, bytes + at, 1000003);
		vcs_spool_add(&spool, bytes + at, (size_t)rows[i].bytes - at);
		CHECK(rows[i].name, vcs_spool_finish(&spool, &out, NULL) == rows[i].code);
		if (rows[i].code == 0) {
			CHECK(rows[i].name, (out.map != NULL) == rows[i].mapped);
			CHECK(rows[i].name, out.bytes.len == (size_t)rows[i].bytes && memcmp(out.bytes.ptr, bytes, out.bytes.len) == 0);
		}
		vcs_content_free(&out);
	}
	free(bytes);
}

/*
 * Every attribute that changes bytes, in every spelling, over contents of every kind, in a tree with nested and macro attributes: our
 * zip holds what git archive writes. The repository's own configuration, index and info/attributes say the opposite and must not matter.
 */
static void equals_git_archive(void **state)
{
	struct vcs *vcs;
	struct buf zip = BUF_INIT(64 << 20);
	struct err err = ERR_INIT;
	char h1[MODULE_H1_MAX];

	/* The contents go in before there are attributes: git add would convert them. */
	shell(*state, "git init -q -b main zoo; cd zoo; mkdir -p sub/deep 'sub/dir.bat'; n=0; echo 'module h.x/zoo' > go.mod; ln -s a.w link.w;"
		      "for a in text -text '!text' text=auto text=input text=foo crlf -crlf crlf=input crlf=auto '!crlf' '' binary; do"
		      " for e in '' eol=crlf eol=lf eol=foo -eol eol; do for i in '' ident -ident ident=x; do n=$((n+1));"
		      "  printf '*.k%d %s %s %s\\n' $n \"$a\" \"$e\" \"$i\" >> ../attributes;"
		      "  printf 'a\\nb\\r\\nc\\rd\\n$Id$\\n' > m.k$n; printf 'a\\nb $Id: x $\\n' > l.k$n; printf 'a\\r\\n$Id: x y $\\n' > c.k$n;"
		      "  printf 'a\\0\\nb\\n' > z.k$n; done; done; done;"
		      "for f in a.w a.w2 top.r sub/top.r sub/a.w sub/a.o sub/x.p sub/deep/x.p deep.d sub/deep/a.d sub/dir.bat/f 'quo ted.q' ax.s "
		      "dx.s 'esc[x]' escx"
		      " neg sub/neg a.u8 a.u16 a.u16c a.un a.l1 a.lfs ignored; do printf 'h\\303\\251\\nb\\n' > \"$f\"; done;"
		      ": > empty.u16; printf 'euro \\342\\202\\254\\n' > b.l1; git add .; git commit -q -m contents");
	shell(*state,
		"cd zoo; printf '[attr]win text eol=crlf\\n*.w win\\n*.w2 win -text\\n/top.r eol=crlf\\nsub/*.p eol=crlf\\n"
		"**/deep/*.d eol=crlf\\nsub/ eol=crlf\\n*.bat eol=crlf\\n\"quo ted.q\" eol=crlf\\n[a-c]x.s eol=crlf\\nesc\\\\[x\\\\] eol=crlf\\n"
		"*.u8 working-tree-encoding=UTF-8\\n*.u16 text working-tree-encoding=UTF-16\\n*.u16c text eol=crlf "
		"working-tree-encoding=UTF-16LE-BOM\\n"
		"*.un working-tree-encoding=nonesuch\\n*.l1 working-tree-encoding=ISO-8859-1\\n# c\\n*.lfs filter=evil diff=evil\\nignored "
		"export-ignore\\n'"
		" | cat ../attributes - > .gitattributes;"
		"printf '*.w -eol\\n[attr]own eol=crlf\\n*.o own\\n!neg eol=crlf\\n' > sub/.gitattributes;"
		"git add .gitattributes sub/.gitattributes 2>/dev/null; git commit -q -m attributes 2>/dev/null; git tag v1.0.0;"
		"git clone -q --bare . ../plain.git; printf '* -export-ignore -export-subst\\n' > ../plain.git/info/attributes;"
		"mkdir ../want; git -C ../plain.git -c core.autocrlf=input -c core.eol=lf archive --format=tar v1.0.0 2>/dev/null | tar x -C ../want;"
		"rm ../want/link.w;"
		/* what would disturb a reader of anything but the commit */
		"git config core.autocrlf true; git config core.eol crlf; git config filter.evil.smudge 'touch ../smudged; cat';"
		"git config core.attributesFile \"$D/ambient\"; printf '* eol=crlf\\n' > ../ambient; printf '* eol=crlf ident\\n' > "
		".git/info/attributes;"
		"printf '* -text\\n' > .gitattributes; git add .gitattributes");
	vcs = open_local(*state, "h.x/zoo", "zoo", NULL);
	if (vcs_zip(vcs, SLICE("h.x/zoo"), 0, SLICE("v1.0.0"), NULL, into_buf, &zip, h1, &err) != 0)
		fail_msg("%s", err.text);
	{
		FILE *file = fopen(below(*state, "zoo.zip"), "wb");

		assert_non_null(file);
		assert_int_equal(fwrite(zip.ptr, 1, zip.len, file), zip.len);
		fclose(file);
	}
	shell(*state, "mkdir got; cd got; python3 -m zipfile -e ../zoo.zip . ; diff -r -q ../want h.x/zoo@v1.0.0 >&2; test ! -e ../smudged;"
		      "test \"$(find . -type f | wc -l)\" -gt 1200");
	buf_free(&zip);
	vcs_close(&vcs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ident),
		cmocka_unit_test(line_ends),
		cmocka_unit_test(binary_boundary),
		cmocka_unit_test(encodings),
		cmocka_unit_test(unsafe_encodings),
		cmocka_unit_test(spools),
		cmocka_unit_test(equals_git_archive),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
