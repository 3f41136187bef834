#include "base/hash.h"

#include "tests/base/rows.h"

/* FIPS 180-4 examples. */
static void test_sha256(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		const char *want;
	} rows[] = {
		{ "empty", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "two blocks", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
			"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct slice in = slice_of(rows[i].in);
		struct sha256_stream *stream = sha256_open();
		uint8_t digest[SHA256_BYTES];
		char hex[SHA256_HEX];

		sha256(in, digest);
		hex_encode(digest, sizeof(digest), hex);
		CHECK(rows[i].name, strcmp(hex, rows[i].want) == 0);
		sha256_two(slice_sub(in, 0, 1), slice_after(in, 1), digest);
		hex_encode(digest, sizeof(digest), hex);
		CHECK(rows[i].name, strcmp(hex, rows[i].want) == 0);
		for (size_t j = 0; j < in.len; j++)
			sha256_add(stream, in.ptr + j, 1);
		sha256_digest(stream, digest);
		hex_encode(digest, sizeof(digest), hex);
		CHECK(rows[i].name, strcmp(hex, rows[i].want) == 0);
		sha256_close(&stream);
		sha256_close(&stream);
	}
	uint8_t digest[SHA256_BYTES];
	sha256(SLICE_NONE, digest);
	assert_int_equal(digest[0], 0xe3);
}

/* Published test vectors of 64-bit FNV-1a. */
static void test_quick(void **state)
{
	static const struct {
		const char *name, *in;
		uint64_t want;
	} rows[] = {
		{ "nothing", "", 0xcbf29ce484222325 },
		{ "a", "a", 0xaf63dc4c8601ec8c },
		{ "foobar", "foobar", 0x85944171f73967e8 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		CHECK(rows[i].name, hash_quick(slice_of(rows[i].in)) == rows[i].want);
	assert_int_equal(hash_quick(SLICE_NONE), rows[0].want);
}

static void test_hex(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		bool want;
	} rows[] = {
		{ "lower", "00ff10ab", true },
		{ "upper", "00FF10AB", true },
		{ "short", "00ff10a", false },
		{ "shorter by a byte", "00ff10", false },
		{ "longer by a byte", "00ff10ab00", false },
		{ "no digit", "00ff10ag", false },
		{ "empty", "", false },
	};
	static const uint8_t bytes[] = { 0x00, 0xff, 0x10, 0xab };

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		uint8_t out[4] = { 7, 7, 7, 7 };

		CHECK(rows[i].name, hex_decode(slice_of(rows[i].in), out, sizeof(out)) == rows[i].want);
		CHECK(rows[i].name, rows[i].want ? memcmp(out, bytes, 4) == 0 : out[0] == 7);
	}
}

/* RFC 4648 section 10, and what a strict reader refuses. */
static void test_base64(void **state)
{
	static const struct {
		const char *name;
		struct slice bytes;
		const char *standard;
		const char *url;
	} rows[] = {
		{ "empty", { NULL, 0 }, "", "" },
		{ "f", { "f", 1 }, "Zg==", "Zg" },
		{ "fo", { "fo", 2 }, "Zm8=", "Zm8" },
		{ "foo", { "foo", 3 }, "Zm9v", "Zm9v" },
		{ "foobar", { "foobar", 6 }, "Zm9vYmFy", "Zm9vYmFy" },
		{ "last letters", { "\xfb\xff\xfe", 3 }, "+//+", "-__-" },
		{ "NUL", { "\0", 1 }, "AA==", "AA" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct buf out = BUF_INIT(100);

		base64_encode(rows[i].bytes, &out);
		CHECK(rows[i].name, strcmp(buf_text(&out), rows[i].standard) == 0);
		buf_reset(&out);
		base64url_encode(rows[i].bytes, &out);
		CHECK(rows[i].name, strcmp(buf_text(&out), rows[i].url) == 0);
		buf_reset(&out);
		CHECK(rows[i].name, base64_decode(slice_of(rows[i].standard), &out));
		CHECK(rows[i].name, slice_equal(buf_slice(&out), rows[i].bytes));
		buf_reset(&out);
		CHECK(rows[i].name, base64url_decode(slice_of(rows[i].url), &out));
		CHECK(rows[i].name, slice_equal(buf_slice(&out), rows[i].bytes));
		buf_free(&out);
	}
}

static void test_base64_refused(void **state)
{
	static const struct {
		const char *name;
		struct slice in;
		bool standard;
		bool url;
	} rows[] = {
		{ "unpadded", { "Zg", 2 }, false, true },
		{ "padded", { "Zg==", 4 }, true, false },
		{ "half padded", { "Zg=", 3 }, false, false },
		{ "bits that no byte uses", { "Zh==", 4 }, false, false },
		{ "the same for url", { "Zh", 2 }, false, false },
		{ "bits of the third", { "Zm9=", 4 }, false, false },
		{ "one letter", { "Z", 1 }, false, false },
		{ "white space", { "Zm9v\n", 5 }, false, false },
		{ "inner space", { "Zm v", 4 }, false, false },
		{ "padding inside", { "Zg==Zg==", 8 }, false, false },
		{ "three of padding", { "Z===", 4 }, false, false },
		{ "only padding", { "====", 4 }, false, false },
		{ "NUL", { "Zm9\0", 4 }, false, false },
		{ "url letter", { "-__-", 4 }, false, true },
		{ "standard letter", { "+//+", 4 }, true, false },
		{ "longer than the buffer", { "QUFBQUFBQUFB", 12 }, false, false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct buf out = BUF_INIT(8);

		CHECK(rows[i].name, base64_decode(rows[i].in, &out) == rows[i].standard);
		buf_reset(&out);
		CHECK(rows[i].name, base64url_decode(rows[i].in, &out) == rows[i].url);
		buf_free(&out);
	}
}

static void test_secret(void **state)
{
	uint8_t a[32] = { 0 };
	uint8_t b[32] = { 0 };

	(void)state;
	random_bytes(a, sizeof(a));
	random_bytes(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	assert_false(bytes_equal_secret(slice_make(a, 32), slice_make(b, 32)));
	assert_true(bytes_equal_secret(slice_make(a, 32), slice_make(a, 32)));
	assert_false(bytes_equal_secret(slice_make(a, 32), slice_make(a, 31)));
	assert_true(bytes_equal_secret(SLICE_NONE, SLICE("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha256),
		cmocka_unit_test(test_quick),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_base64_refused),
		cmocka_unit_test(test_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
