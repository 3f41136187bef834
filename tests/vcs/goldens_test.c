/*
 * What the go command itself answered on these repositories, row by row (tests/goldens/expected.tsv). "stable" rows are compared to the
 * byte, "origin-only" ones without Origin, "cache-dependent" ones may be either answer. Where we differ on purpose, a table says why.
 */
#include "support.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"

#define COLUMNS 10
#define ZIP_MAX (64u << 20)

enum column { REPO, ROOT, SUBDIR, PATH, OP, ARG, STATUS, RESULT, STABILITY, ALT };

static const struct difference {
	const char *op, *path, *arg, *status, *why;
} differences[] = {
	{ "stat", "example.com/refs", "latest", "notexist", "a word of the go command's own: the client never asks it as a revision" },
	{ "stat", "example.com/refs", "upgrade", "notexist", "a word of the go command's own: the client never asks it as a revision" },
	{ "stat", "example.com/dirs/sub", "8000bdb9a021f3388590e5cc147f62534136649c", "ok",
		"a tag that only looks like a pseudo-version is ignored in directories as it is at the root" },
	{ "mod", "example.com/refs", "v2.0.0", "error", "go.mod and zip only of what .info answers under the same name" },
	{ "mod", "example.com/refs", "v1.5.0", "error", "go.mod and zip only of what .info answers under the same name" },
	{ "zip", "example.com/refs", "v1.5.0", "error", "go.mod and zip only of what .info answers under the same name" },
	{ "mod", "example.com/dirs/bad", "v1.0.0", "notexist", "no module there: absent, in .mod as in .info" },
	{ "mod", "example.com/dirs/badv", "v1.0.0", "notexist", "no module there: absent, in .mod as in .info" },
	{ "mod", "example.com/dirs/sym", "v1.0.0", "notexist", "no module there: absent, in .mod as in .info" },
	{ "mod", "example.com/dirs/cap", "v1.0.0", "notexist", "no module there: absent, in .mod as in .info" },
};

static const struct difference *difference_of(struct slice *row)
{
	for (size_t i = 0; i < LENGTH(differences); i++)
		if (slice_equal_text(row[OP], differences[i].op) && slice_equal_text(row[PATH], differences[i].path) &&
			slice_equal_text(row[ARG], differences[i].arg))
			return &differences[i];
	return NULL;
}

static const char *status_of(int code)
{
	return code == 0 ? "ok" : code == VCS_ERR_ABSENT ? "notexist" : code == VCS_ERR_REJECTED ? "error" : "broken";
}

static void render(struct vcs_revision *revision, struct buf *out)
{
	strcpy(revision->url, "$URL");
	vcs_info_write(revision, false, out);
}

static int stat_(struct vcs *vcs, struct slice *row, struct buf *out, struct err *err)
{
	struct vcs_revision revision;
	int code = vcs_resolve(vcs, row[PATH], 0, row[ARG], &revision, err);

	if (code == 0)
		render(&revision, out);
	return code;
}

static int latest_(struct vcs *vcs, struct slice *row, struct buf *out, struct err *err)
{
	struct vcs_revision revision;
	struct session *session = NULL;
	int code = vcs_session_open(vcs, row[PATH], 0, SESSION_FRESH, &session, err);

	if (code == 0)
		code = vcs_resolve_head(session, &revision, err);
	if (code == 0)
		render(&revision, out);
	vcs_session_close(&session);
	return code;
}

static void write_origin(struct json_writer *writer, struct session *session, struct slice arg)
{
	char prefix[VCS_DIRECTORY_MAX + 32], sum[VCS_SUM_MAX] = "";

	snprintf(prefix, sizeof(prefix), "%s%.*s", session->at.tag_prefix, SLICE_ARG(arg));
	assert_int_equal(vcs_tag_sum(session, prefix, sum, NULL), 0);
	json_object_begin(writer, "Origin");
	json_write_text(writer, "VCS", SLICE("git"));
	json_write_text(writer, "URL", SLICE("$URL"));
	if (session->at.directory[0])
		json_write_text(writer, "Subdir", slice_of(session->at.directory));
	if (prefix[0])
		json_write_text(writer, "TagPrefix", slice_of(prefix));
	json_write_text(writer, "TagSum", slice_of(sum));
	json_object_end(writer);
}

/* The row's form of a list; arg keeps only the versions that begin with it, as the go command's own filter does. */
static void write_list(struct session *session, const struct versions *versions, struct slice arg, struct buf *out)
{
	struct json_writer writer;
	size_t written = 0;

	json_writer_init(&writer, out);
	json_object_begin(&writer, NULL);
	if (!slice_ends(session->at.path_major, SLICE("-unstable")))
		write_origin(&writer, session, arg);
	for (size_t i = 0; i < versions->count; i++) {
		char text[MODULE_VERSION_MAX];

		if (!slice_starts(versions->items[i].text, arg))
			continue;
		if (written++ == 0)
			json_array_begin(&writer, "List");
		snprintf(text, sizeof(text), "%.*s%s", SLICE_ARG(versions->items[i].text), versions->items[i].incompatible ? "+incompatible" : "");
		json_write_text(&writer, NULL, slice_of(text));
	}
	if (written)
		json_array_end(&writer);
	else
		json_write_null(&writer, "List");
	json_object_end(&writer);
}

static int list_(struct vcs *vcs, struct slice *row, struct buf *out, struct err *err)
{
	struct versions versions = { NULL, 0 };
	struct session *session = NULL;
	int code = vcs_session_open(vcs, row[PATH], 0, SESSION_FRESH, &session, err);

	if (code == 0)
		code = vcs_versions_list(session, &versions, err);
	if (code == 0)
		write_list(session, &versions, row[ARG], out);
	vcs_versions_free(&versions);
	vcs_session_close(&session);
	return code;
}

static int mod_(struct vcs *vcs, struct slice *row, struct buf *out, struct err *err)
{
	return vcs_go_mod(vcs, row[PATH], 0, row[ARG], NULL, out, err);
}

/* What the bytes of the zip prove, not what the maker says. */
static int zip_(struct vcs *vcs, struct slice *row, struct buf *out, struct err *err)
{
	char h1[MODULE_H1_MAX] = "", proved[MODULE_H1_MAX] = "";
	struct buf zip = BUF_INIT(ZIP_MAX);
	int code = vcs_zip(vcs, row[PATH], 0, row[ARG], NULL, into_buf, &zip, h1, err);

	if (code == 0) {
		assert_int_equal(module_zip_verify(buf_slice(&zip), row[PATH], row[ARG], proved, err), 0);
		assert_string_equal(h1, proved);
		buf_add_text(out, h1);
	}
	buf_free(&zip);
	return code;
}

/* A row's JSON text or array, without its wrapping. The h1 in front of an array is the hash over the file hashes behind it. */
static void unwrap(struct slice result, struct slice *row, struct buf *out)
{
	struct buf text = BUF_INIT(1 << 20);
	struct json *root = NULL;
	struct slice value;

	buf_printf(&text, "[%.*s]", SLICE_ARG(result));
	assert_int_equal(json_parse(buf_slice(&text), &root, NULL), 0);
	if (json_to_text(json_at(root, 0), &value))
		buf_add_slice(out, value);
	if (json_kind(json_at(root, 0)) == JSON_KIND_ARRAY) {
		const struct json *array = json_at(root, 0);
		struct dirhash *hash = dirhash_open();
		char h1[MODULE_H1_MAX];

		for (size_t i = 1; i < json_count(array); i++) {
			struct buf name = BUF_INIT(4096);
			uint8_t digest[SHA256_BYTES];
			ptrdiff_t equals;

			assert_true(json_to_text(json_at(array, i), &value));
			equals = slice_last_index(value, '=');
			assert_true(hex_decode(slice_after(value, (size_t)equals + 1), digest, sizeof(digest)));
			buf_printf(&name, "%.*s@%.*s/%.*s", SLICE_ARG(row[PATH]), SLICE_ARG(row[ARG]), (int)equals, value.ptr);
			assert_int_equal(dirhash_add(hash, buf_slice(&name), digest, NULL), 0);
			buf_free(&name);
		}
		dirhash_finish(hash, h1);
		dirhash_close(&hash);
		assert_true(json_to_text(json_at(array, 0), &value));
		assert_true(slice_equal_text(value, h1));
		buf_add_slice(out, value);
	}
	json_close(&root);
	buf_free(&text);
}

static bool same_but_origin(struct slice a, struct slice b)
{
	ptrdiff_t a_end = slice_find(a, SLICE(",\"Origin\"")), b_end = slice_find(b, SLICE(",\"Origin\""));

	return a_end > 0 && b_end > 0 && slice_equal(slice_sub(a, 0, (size_t)a_end), slice_sub(b, 0, (size_t)b_end));
}

static bool same_result(struct slice *row, struct slice want, struct slice got, bool exact)
{
	struct buf text = BUF_INIT(1 << 20);
	bool same;

	if (slice_equal_text(row[OP], "mod") || slice_equal_text(row[OP], "zip"))
		unwrap(want, row, &text);
	else
		buf_add_slice(&text, want);
	same = slice_equal(buf_slice(&text), got) || (!exact && same_but_origin(buf_slice(&text), got));
	buf_free(&text);
	return same;
}

/* The other answer that a cache-dependent row allows: "ok JSON" or "notexist ...". */
static bool alternative(struct slice *row, int code, struct slice got)
{
	struct slice status, result;

	if (!slice_equal_text(row[STABILITY], "cache-dependent") || !slice_cut(row[ALT], ' ', &status, &result))
		return false;
	return slice_equal_text(status, status_of(code)) && (code != 0 || same_result(row, result, got, false));
}

static bool as_expected(struct slice *row, int code, struct slice got)
{
	const struct difference *difference = difference_of(row);

	if (difference)
		return strcmp(difference->status, status_of(code)) == 0;
	if (alternative(row, code, got))
		return true;
	if (!slice_equal_text(row[STATUS], status_of(code)))
		return false;
	return code != 0 || same_result(row, row[RESULT], got, slice_equal_text(row[STABILITY], "stable"));
}

static char *text_of(struct slice s)
{
	char *text = slice_dup(s);

	assert_non_null(text);
	return text;
}

static bool run_row(const char *scratch, struct slice *row)
{
	static const struct {
		const char *op;
		int (*run)(struct vcs *, struct slice *, struct buf *, struct err *);
	} ops[] = { { "stat", stat_ }, { "latest", latest_ }, { "list", list_ }, { "mod", mod_ }, { "zip", zip_ } };
	char *repo = text_of(row[REPO]), *root = text_of(row[ROOT]), *subdir = text_of(row[SUBDIR]);
	struct vcs *vcs = open_local(scratch, root, repo, subdir);
	struct buf out = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;
	bool known = false, good = false;

	for (size_t i = 0; i < LENGTH(ops); i++)
		if (slice_equal_text(row[OP], ops[i].op)) {
			int code = ops[i].run(vcs, row, &out, &err);

			known = true;
			good = as_expected(row, code, buf_slice(&out));
			if (!good)
				print_error("%.*s %.*s %.*s: got %s %s%s\n\twant %.*s %.*s\n", SLICE_ARG(row[OP]), SLICE_ARG(row[PATH]),
					SLICE_ARG(row[ARG]), status_of(code), err.text, buf_text(&out), SLICE_ARG(row[STATUS]),
					SLICE_ARG(row[RESULT]));
		}
	buf_free(&out);
	vcs_close(&vcs);
	free(repo);
	free(root);
	free(subdir);
	return known && good;
}

static void goldens(void **state)
{
	struct buf file = BUF_INIT(1 << 20);
	struct slice rest, line;
	size_t rows = 0, bad = 0, used = 0;

	assert_int_equal(file_read("tests/goldens/expected.tsv", &file, NULL), 0);
	rest = buf_slice(&file);
	slice_next(&rest, '\n', &line);
	while (slice_next(&rest, '\n', &line)) {
		struct slice row[COLUMNS] = { { NULL, 0 } };

		for (size_t i = 0; i < COLUMNS; i++)
			slice_cut(line, '\t', &row[i], &line);
		rows++;
		used += difference_of(row) != NULL;
		bad += !run_row(*state, row);
	}
	buf_free(&file);
	print_message("%zu rows, %zu of them different on purpose, %zu wrong\n", rows, used, bad);
	assert_int_equal(rows, 233);
	assert_int_equal(used, LENGTH(differences));
	assert_int_equal(bad, 0);
}

static int setup(void **state)
{
	if (scratch_setup(state) != 0)
		return -1;
	shell(*state, "\"$OLDPWD\"/tests/goldens/build-repos.sh \"$D\" >/dev/null");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(goldens) };

	return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
