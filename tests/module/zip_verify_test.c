#include "module/zip.h"

#include "module/dirhash.h"
#include "module/path.h"
#include "tests/base/rows.h"
#include "tests/module/rawzip.h"

#define P           "example.com/m@v1.0.0/"
#define MEMBERS_MAX 4
#define DESCRIBED   8

struct row {
	const char *name;
	struct raw_member members[MEMBERS_MAX];
	int status;
	uint32_t claimed_count;
	struct slice comment;
};

static int verify(const struct row *row, char *h1, struct err *err)
{
	struct buf zip = BUF_INIT(4 << 20);
	struct raw_zip raw = { .members = row->members, .claimed_count = row->claimed_count, .comment = row->comment };
	int status;

	while (raw.count < MEMBERS_MAX && row->members[raw.count].name.ptr != NULL)
		raw.count++;
	raw_build(&raw, &zip);
	assert_false(buf_failed(&zip));
	status = module_zip_verify(buf_slice(&zip), SLICE("example.com/m"), SLICE("v1.0.0"), h1, err);
	buf_free(&zip);
	return status;
}

static void run(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char h1[MODULE_H1_MAX] = "untouched";
		struct err err = ERR_INIT;

		CHECK(rows[i].name, verify(&rows[i], h1, &err) == rows[i].status);
		CHECK(rows[i].name, (strcmp(h1, "untouched") == 0) == (rows[i].status != 0));
		CHECK(rows[i].name, (err.text[0] == '\0') == (rows[i].status == 0));
	}
}

static void test_names(void **state)
{
	static const struct row rows[] = {
		{ .name = "usual", .members = { { .name = BYTES(P "go.mod") }, { .name = BYTES(P "a/b.go") } } },
		{ .name = "UTF-8 flag", .members = { { .name = BYTES(P "\xc3\xa9"), .flags = 0x800 } } },
		{ .name = "UTF-8 without the flag", .members = { { .name = BYTES(P "\xc3\xa9") } } },
		{ .name = "directories", .members = { { .name = BYTES(P) }, { .name = BYTES(P "a/") }, { .name = BYTES(P "a/b.go") } } },
		{ .name = "nothing", .members = { { .name = { NULL, 0 } } } },
		{ .name = "other version", .members = { { .name = BYTES("example.com/m@v1.0.1/a") } }, .status = MODULE_ERR },
		{ .name = "other case", .members = { { .name = BYTES("example.com/M@v1.0.0/a") } }, .status = MODULE_ERR },
		{ .name = "no prefix", .members = { { .name = BYTES("a") } }, .status = MODULE_ERR },
		{ .name = "absolute", .members = { { .name = BYTES("/" P "a") } }, .status = MODULE_ERR },
		{ .name = "prefix without its slash", .members = { { .name = BYTES("example.com/m@v1.0.0") } }, .status = MODULE_ERR },
		{ .name = "up", .members = { { .name = BYTES(P "../a") } }, .status = MODULE_ERR },
		{ .name = "two slashes", .members = { { .name = BYTES(P "/a") } }, .status = MODULE_ERR },
		{ .name = "not clean", .members = { { .name = BYTES(P "a/./b") } }, .status = MODULE_ERR },
		{ .name = "backslash", .members = { { .name = BYTES(P "a\\b") } }, .status = MODULE_ERR },
		{ .name = "newline", .members = { { .name = BYTES(P "a\nb") } }, .status = MODULE_ERR },
		{ .name = "device", .members = { { .name = BYTES(P "aux") } }, .status = MODULE_ERR },
		{ .name = "bad directory", .members = { { .name = BYTES(P "aux/") } }, .status = MODULE_ERR },
		{ .name = "broken UTF-8", .members = { { .name = BYTES(P "\xff") } }, .status = MODULE_ERR },
		{ .name = "NUL", .members = { { .name = BYTES(P "a\0b") } }, .status = MODULE_ERR },
		{ .name = "NUL at the end", .members = { { .name = BYTES(P "a\0") } }, .status = MODULE_ERR },
		{ .name = "nested go.mod", .members = { { .name = BYTES(P "sub/go.mod") } }, .status = MODULE_ERR },
		{ .name = "nested go.mod in other letters", .members = { { .name = BYTES(P "sub/Go.Mod") } }, .status = MODULE_ERR },
		{ .name = "go.mod in other letters", .members = { { .name = BYTES(P "GO.MOD") } }, .status = MODULE_ERR },
		{ .name = "a directory called go.mod", .members = { { .name = BYTES(P "sub/go.mod/") } } },
		{ .name = "vendored files are the maker's affair", .members = { { .name = BYTES(P "vendor/x/y.go") } } },
		{ .name = "case", .members = { { .name = BYTES(P "a") }, { .name = BYTES(P "A") } }, .status = MODULE_ERR },
		{ .name = "case of directories", .members = { { .name = BYTES(P "a/x") }, { .name = BYTES(P "A/y") } }, .status = MODULE_ERR },
		{ .name = "file and directory", .members = { { .name = BYTES(P "a") }, { .name = BYTES(P "a/b") } }, .status = MODULE_ERR },
		{ .name = "file and listed directory", .members = { { .name = BYTES(P "a") }, { .name = BYTES(P "a/") } }, .status = MODULE_ERR },
		{ .name = "twice", .members = { { .name = BYTES(P "a") }, { .name = BYTES(P "a") } }, .status = MODULE_ERR },
	};

	(void)state;
	run(rows, LENGTH(rows));
}

#define HUNDRED "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"

static void test_lies(void **state)
{
	static const struct row rows[] = {
		{ .name = "stored", .members = { { .name = BYTES(P "a"), .content = BYTES(HUNDRED) } } },
		{ .name = "deflated", .members = { { .name = BYTES(P "a"), .content = BYTES(HUNDRED), .deflated = true } } },
		{ .name = "stored, larger than said",
			.members = { { .name = BYTES(P "a"), .content = BYTES(HUNDRED), .claimed_size = 99 } },
			.status = MODULE_ERR },
		{ .name = "stored, smaller than said",
			.members = { { .name = BYTES(P "a"), .content = BYTES(HUNDRED), .claimed_size = 101 } },
			.status = MODULE_ERR },
		{ .name = "deflated, larger than said",
			.members = { { .name = BYTES(P "a"), .content = BYTES(HUNDRED), .deflated = true, .claimed_size = 99 } },
			.status = MODULE_ERR },
		{ .name = "deflated, smaller than said",
			.members = { { .name = BYTES(P "a"), .content = BYTES(HUNDRED), .deflated = true, .claimed_size = 101 } },
			.status = MODULE_ERR },
		{ .name = "CRC", .members = { { .name = BYTES(P "a"), .content = BYTES(HUNDRED), .crc = 1 } }, .status = MODULE_ERR },
		{ .name = "CRC, deflated",
			.members = { { .name = BYTES(P "a"), .content = BYTES(HUNDRED), .deflated = true, .crc = 1 } },
			.status = MODULE_ERR },
		{ .name = "descriptor",
			.members = { { .name = BYTES(P "a"), .content = BYTES("x"), .flags = DESCRIBED, .descriptor = 0x8cdc1683 } } },
		{ .name = "descriptor's CRC",
			.members = { { .name = BYTES(P "a"), .content = BYTES("x"), .flags = DESCRIBED, .descriptor = 1 } },
			.status = MODULE_ERR },
		{ .name = "method that go commands do not know",
			.members = { { .name = BYTES(P "a"), .content = BYTES("x"), .method = 12 } },
			.status = MODULE_ERR },
		{ .name = "encrypted", .members = { { .name = BYTES(P "a"), .content = BYTES("x"), .flags = 1 } }, .status = MODULE_ERR },
		{ .name = "directory with content", .members = { { .name = BYTES(P "a/"), .content = BYTES("x") } }, .status = MODULE_ERR },
		{ .name = "other local name", .members = { { .name = BYTES(P "a"), .local_name = BYTES(P "b") } }, .status = MODULE_ERR },
		/* Info-ZIP's Unicode path: version 1, the CRC of the name, another name. */
		{ .name = "name in an extra field",
			.members = { { .name = BYTES(P "a"), .extra = BYTES("up\x1b\0\x01\x04\x19\x1f\x87" P "b") } },
			.status = MODULE_ERR },
		{ .name = "fewer files than there are",
			.members = { { .name = BYTES(P "a") }, { .name = BYTES(P "b") } },
			.status = MODULE_ERR,
			.claimed_count = 1 },
		{ .name = "more files than there are", .members = { { .name = BYTES(P "a") } }, .status = MODULE_ERR, .claimed_count = 2 },
		{ .name = "comment", .members = { { .name = BYTES(P "a") } }, .status = MODULE_ERR, .comment = BYTES("x") },
	};

	(void)state;
	run(rows, LENGTH(rows));
}

static void test_sizes(void **state)
{
	static const struct row rows[] = {
		{ .name = "claims above the limit",
			.members = { { .name = BYTES(P "a"), .claimed_size = MODULE_ZIP_BYTES_MAX + 1 } },
			.status = MODULE_ERR_LIMIT },
		{ .name = "claims above the limit together",
			.members = { { .name = BYTES(P "a"), .claimed_size = MODULE_ZIP_BYTES_MAX }, { .name = BYTES(P "b"), .claimed_size = 1 } },
			.status = MODULE_ERR_LIMIT },
		{ .name = "claims the limit, holds nothing",
			.members = { { .name = BYTES(P "a"), .claimed_size = MODULE_ZIP_BYTES_MAX } },
			.status = MODULE_ERR },
		{ .name = "go.mod",
			.members = { { .name = BYTES(P "go.mod"), .claimed_size = MODULE_GOMOD_BYTES_MAX + 1 } },
			.status = MODULE_ERR_LIMIT },
		{ .name = "LICENSE",
			.members = { { .name = BYTES(P "LICENSE"), .claimed_size = MODULE_LICENSE_BYTES_MAX + 1 } },
			.status = MODULE_ERR_LIMIT },
	};

	(void)state;
	run(rows, LENGTH(rows));
}

/* 64 MiB of zeros that claim to be ten bytes. */
static void test_bomb(void **state)
{
	size_t bytes = 64 << 20;
	char *zeros = calloc(1, bytes), h1[MODULE_H1_MAX];
	struct row row = { .members = { { .name = BYTES(P "a"), .deflated = true, .claimed_size = 10 } } };
	struct err err = ERR_INIT;

	(void)state;
	assert_non_null(zeros);
	row.members[0].content = slice_make(zeros, bytes);
	assert_int_equal(verify(&row, h1, &err), MODULE_ERR);
	row.members[0].claimed_size = 0;
	assert_int_equal(verify(&row, h1, &err), 0);
	free(zeros);
}

static void test_hash(void **state)
{
	static const struct row row = { .name = "",
		.members = { { .name = BYTES(P "z"), .content = BYTES(HUNDRED), .deflated = true }, { .name = BYTES(P "sub/") },
			{ .name = BYTES(P "go.mod"), .content = BYTES("module example.com/m\n") } } };
	static const char *const order[] = { P "go.mod", P "sub/", P "z" };
	static const char *const contents[] = { "module example.com/m\n", "", HUNDRED };
	struct dirhash *hash = dirhash_open();
	char h1[MODULE_H1_MAX], want[MODULE_H1_MAX];
	uint8_t sum[SHA256_BYTES];

	(void)state;
	for (size_t i = 0; i < LENGTH(order); i++) {
		sha256(slice_of(contents[i]), sum);
		assert_int_equal(dirhash_add(hash, slice_of(order[i]), sum, NULL), 0);
	}
	dirhash_finish(hash, want);
	dirhash_close(&hash);
	assert_int_equal(verify(&row, h1, NULL), 0);
	assert_string_equal(h1, want);
}

/* Every prefix of a good zip and every single byte of it turned over: refused, or of the same content. */
static void test_damage(void **state)
{
	static const struct raw_member members[] = {
		{ .name = BYTES(P "go.mod"), .content = BYTES("module example.com/m\n") },
		{ .name = BYTES(P "a"), .content = BYTES(HUNDRED), .deflated = true },
	};
	const struct raw_zip raw = { .members = members, .count = LENGTH(members) };
	struct buf zip = BUF_INIT(1 << 20);
	char good[MODULE_H1_MAX], h1[MODULE_H1_MAX];

	(void)state;
	raw_build(&raw, &zip);
	assert_int_equal(module_zip_verify(buf_slice(&zip), SLICE("example.com/m"), SLICE("v1.0.0"), good, NULL), 0);
	for (size_t i = 0; i < zip.len; i++) {
		assert_int_equal(module_zip_verify(slice_sub(buf_slice(&zip), 0, i), SLICE("example.com/m"), SLICE("v1.0.0"), h1, NULL), MODULE_ERR);
		zip.ptr[i] = (char)~zip.ptr[i];
		if (module_zip_verify(buf_slice(&zip), SLICE("example.com/m"), SLICE("v1.0.0"), h1, NULL) == 0)
			assert_string_equal(h1, good);
		zip.ptr[i] = (char)~zip.ptr[i];
	}
	buf_free(&zip);
}

static void test_pair(void **state)
{
	struct buf zip = BUF_INIT(1 << 20);
	const struct raw_zip raw = { .count = 0 };
	char h1[MODULE_H1_MAX];

	(void)state;
	raw_build(&raw, &zip);
	assert_int_equal(module_zip_verify(buf_slice(&zip), SLICE("example.com/m"), SLICE("v1.0"), h1, NULL), MODULE_ERR);
	assert_int_equal(module_zip_verify(buf_slice(&zip), SLICE("example.com/m/v2"), SLICE("v1.0.0"), h1, NULL), MODULE_ERR);
	assert_int_equal(module_zip_verify(buf_slice(&zip), SLICE("example"), SLICE("v1.0.0"), h1, NULL), MODULE_ERR);
	assert_int_equal(module_zip_verify(SLICE_NONE, SLICE("example.com/m"), SLICE("v1.0.0"), h1, NULL), MODULE_ERR);
	buf_free(&zip);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_bomb),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
