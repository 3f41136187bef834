#include "module/zip.h"

#include <zip.h>

#include "base/buf.h"
#include "module/dirhash.h"
#include "module/path.h"
#include "tests/base/rows.h"

#define PATH    SLICE("example.com/m")
#define VERSION SLICE("v1.0.0")

static int keep(void *ctx, const void *bytes, size_t len)
{
	struct buf *out = ctx;

	buf_add(out, bytes, len);
	return buf_failed(out);
}

static int refuse_all(void *ctx, const void *bytes, size_t len)
{
	(void)ctx;
	(void)bytes;
	(void)len;
	return 1;
}

struct file {
	const char *path;
	struct slice content;
};

static void write_zip(const struct file *files, size_t count, struct buf *out, char *h1_out)
{
	struct module_zip *zip = NULL;

	assert_int_equal(module_zip_open(PATH, VERSION, keep, out, &zip, NULL), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(module_zip_add(zip, slice_of(files[i].path), files[i].content, NULL), 0);
	assert_int_equal(module_zip_finish(zip, h1_out, NULL), 0);
	module_zip_close(&zip);
	assert_null(zip);
}

static const struct file usual[] = {
	{ "go.mod", BYTES("module example.com/m\n") },
	{ "empty", BYTES("") },
	{ "one", BYTES("x") },
	{ "a/b/zeros", BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
	{ "\xc3\xa9.go", BYTES("package e\n") },
};

/* What libzip, which had no part in writing, reads. */
static void test_read_back(void **state)
{
	struct buf out = BUF_INIT(1 << 20);
	char h1[MODULE_H1_MAX], name[100], content[100];
	zip_error_t error;
	zip_t *archive;

	(void)state;
	write_zip(usual, LENGTH(usual), &out, h1);
	zip_error_init(&error);
	archive = zip_open_from_source(zip_source_buffer_create(out.ptr, out.len, 0, &error), ZIP_RDONLY | ZIP_CHECKCONS, &error);
	assert_non_null(archive);
	assert_int_equal(zip_get_num_entries(archive, 0), LENGTH(usual));
	for (size_t i = 0; i < LENGTH(usual); i++) {
		zip_file_t *file = zip_fopen_index(archive, i, 0);

		snprintf(name, sizeof(name), "example.com/m@v1.0.0/%s", usual[i].path);
		CHECK(name, strcmp(zip_get_name(archive, i, ZIP_FL_ENC_STRICT), name) == 0);
		CHECK(name, zip_fread(file, content, sizeof(content)) == (zip_int64_t)usual[i].content.len);
		CHECK(name, memcmp(content, usual[i].content.ptr, usual[i].content.len) == 0);
		zip_fclose(file);
	}
	zip_discard(archive);
	buf_free(&out);
}

/* The same bytes forever: what we serve is cached by its hash. A change here wants a thought, not a new number. */
static void test_exact_bytes(void **state)
{
	/* clang-format off */
	static const unsigned char want[] = {
		'P', 'K', 3, 4, 20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0, 0x83, 0x16, 0xdc, 0x8c, 1, 0, 0, 0, 1, 0, 0, 0, 22, 0, 0, 0,
		'e', 'x', 'a', 'm', 'p', 'l', 'e', '.', 'c', 'o', 'm', '/', 'm', '@', 'v', '1', '.', '0', '.', '0', '/', 'a', 'x',
		'P', 'K', 1, 2, 20, 3, 20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0, 0x83, 0x16, 0xdc, 0x8c, 1, 0, 0, 0, 1, 0, 0, 0, 22, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0xa4, 0x81, 0, 0, 0, 0,
		'e', 'x', 'a', 'm', 'p', 'l', 'e', '.', 'c', 'o', 'm', '/', 'm', '@', 'v', '1', '.', '0', '.', '0', '/', 'a',
		'P', 'K', 5, 6, 0, 0, 0, 0, 1, 0, 1, 0, 68, 0, 0, 0, 53, 0, 0, 0, 0, 0,
	};
	/* clang-format on */
	static const struct file one[] = { { "a", BYTES("x") } };
	struct buf out = BUF_INIT(1 << 20);
	char h1[MODULE_H1_MAX];

	(void)state;
	write_zip(one, 1, &out, h1);
	assert_int_equal(out.len, sizeof(want));
	assert_memory_equal(out.ptr, want, sizeof(want));
	buf_free(&out);
}

static void test_empty(void **state)
{
	struct buf out = BUF_INIT(1 << 20);
	char h1[MODULE_H1_MAX];

	(void)state;
	write_zip(NULL, 0, &out, h1);
	assert_int_equal(out.len, 22);
	assert_string_equal(h1, "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
	assert_int_equal(module_zip_verify(buf_slice(&out), PATH, VERSION, h1, NULL), 0);
	assert_string_equal(h1, "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
	buf_free(&out);
}

/* Below, at and above the number from which a zip needs ZIP64. */
static void test_many(void **state)
{
	static const size_t counts[] = { 65534, 65535, 65536 };

	(void)state;
	for (size_t i = 0; i < LENGTH(counts); i++) {
		struct buf out = BUF_INIT(64 << 20);
		char h1[MODULE_H1_MAX], verified[MODULE_H1_MAX], name[32];
		struct module_zip *zip = NULL;

		assert_int_equal(module_zip_open(PATH, VERSION, keep, &out, &zip, NULL), 0);
		for (size_t j = 0; j < counts[i]; j++) {
			snprintf(name, sizeof(name), "%zu", j);
			if (module_zip_add(zip, slice_of(name), SLICE(""), NULL) != 0)
				fail_msg("file %zu", j);
		}
		assert_int_equal(module_zip_finish(zip, h1, NULL), 0);
		assert_int_equal(slice_find(buf_slice(&out), SLICE("PK\x06\x06")) >= 0, counts[i] >= 65535);
		assert_int_equal(module_zip_verify(buf_slice(&out), PATH, VERSION, verified, NULL), 0);
		assert_string_equal(h1, verified);
		module_zip_close(&zip);
		buf_free(&out);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *name;
		const char *path, *version;
	} opens[] = {
		{ "bad path", "example", "v1.0.0" },
		{ "short version", "example.com/m", "v1.0" },
		{ "other major", "example.com/m", "v2.0.0" },
		{ "build", "example.com/m", "v1.0.0+meta" },
	};
	static const char *const paths[] = { "", "/a", "a:b", "a/", "../a", "con" };
	struct module_zip *zip = NULL;
	struct buf out = BUF_INIT(1 << 20);
	char h1[MODULE_H1_MAX] = "untouched";

	(void)state;
	for (size_t i = 0; i < LENGTH(opens); i++) {
		CHECK(opens[i].name, module_zip_open(slice_of(opens[i].path), slice_of(opens[i].version), keep, &out, &zip, NULL) == MODULE_ERR);
		CHECK(opens[i].name, zip == NULL);
	}
	assert_int_equal(module_zip_open(PATH, VERSION, keep, &out, &zip, NULL), 0);
	for (size_t i = 0; i < LENGTH(paths); i++)
		CHECK(paths[i], module_zip_add(zip, slice_of(paths[i]), SLICE(""), NULL) == MODULE_ERR);
	module_zip_close(&zip);
	assert_int_equal(module_zip_open(PATH, VERSION, refuse_all, NULL, &zip, NULL), 0);
	assert_int_equal(module_zip_add(zip, SLICE("a"), SLICE("x"), NULL), MODULE_ERR_STOPPED);
	module_zip_close(&zip);
	assert_int_equal(module_zip_open(PATH, VERSION, refuse_all, NULL, &zip, NULL), 0);
	assert_int_equal(module_zip_finish(zip, h1, NULL), MODULE_ERR_STOPPED);
	assert_string_equal(h1, "untouched");
	module_zip_close(&zip);
	module_zip_close(&zip);
	buf_free(&out);
}

/* Unpacked bytes are counted, whatever they are packed to; what is above is refused before it is looked at. */
static void test_limit(void **state)
{
	struct module_zip *zip = NULL;
	struct buf out = BUF_INIT(1 << 20);
	struct slice large = slice_make("", MODULE_ZIP_BYTES_MAX - 1);

	(void)state;
	assert_int_equal(module_zip_open(PATH, VERSION, keep, &out, &zip, NULL), 0);
	assert_int_equal(module_zip_add(zip, SLICE("a"), SLICE("xx"), NULL), 0);
	assert_int_equal(module_zip_add(zip, SLICE("b"), large, NULL), MODULE_ERR_LIMIT);
	module_zip_close(&zip);
	buf_free(&out);
}

/* Packed in any order, by any packer: the zip is the one that is written file by file. */
static void test_packed(void **state)
{
	struct module_zip_packed packed[LENGTH(usual)];
	struct module_zip_packer *packers[2];
	struct module_zip *zip = NULL;
	struct buf out = BUF_INIT(1 << 20), wanted = BUF_INIT(1 << 20);
	char h1[MODULE_H1_MAX], wanted_h1[MODULE_H1_MAX];

	(void)state;
	write_zip(usual, LENGTH(usual), &wanted, wanted_h1);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(module_zip_packer_open(&packers[i], NULL), 0);
	for (size_t i = LENGTH(usual); i > 0; i--)
		assert_int_equal(module_zip_pack(packers[i % 2], usual[i - 1].content, &packed[i - 1], NULL), 0);
	for (size_t i = 0; i < 2; i++)
		module_zip_packer_close(&packers[i]);
	assert_int_equal(module_zip_open(PATH, VERSION, keep, &out, &zip, NULL), 0);
	for (size_t i = 0; i < LENGTH(usual); i++) {
		assert_int_equal(module_zip_add_packed(zip, slice_of(usual[i].path), &packed[i], NULL), 0);
		module_zip_packed_free(&packed[i]);
	}
	assert_int_equal(module_zip_finish(zip, h1, NULL), 0);
	assert_string_equal(h1, wanted_h1);
	assert_true(slice_equal(buf_slice(&out), buf_slice(&wanted)));
	module_zip_close(&zip);
	buf_free(&out);
	buf_free(&wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read_back),
		cmocka_unit_test(test_exact_bytes),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_packed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
