#include "module/dirhash.h"

#include "module/path.h"
#include "tests/base/rows.h"

#define FILES_MAX 4

struct file {
	const char *name, *content;
};

static void test_hash(void **state)
{
	/* Expected values: sha256sum of the sha256sum lines, in base64. */
	static const struct {
		const char *name;
		struct file files[FILES_MAX];
		const char *want;
	} rows[] = {
		{ "nothing", { { NULL, NULL } }, "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" },
		{ "two", { { "xyz", "data for xyz" }, { "abc", "data for abc" } }, "h1:EP6WfDoQTSk9klnxcjriWJOGztueJUywHNmWeq+efB8=" },
		{ "the same in order", { { "abc", "data for abc" }, { "xyz", "data for xyz" } }, "h1:EP6WfDoQTSk9klnxcjriWJOGztueJUywHNmWeq+efB8=" },
		{ "by bytes, not by letters", { { "b", "" }, { "B", "" }, { "a/b", "" }, { "a-b", "" } },
			"h1:Trfaz6HoM6qL1Ha9TdsZP2udsswSNVDe4vcx/wVxmWE=" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct dirhash *hash = dirhash_open();
		char h1[MODULE_H1_MAX];

		assert_non_null(hash);
		for (size_t j = 0; j < FILES_MAX && rows[i].files[j].name != NULL; j++) {
			uint8_t sum[SHA256_BYTES];

			sha256(slice_of(rows[i].files[j].content), sum);
			assert_int_equal(dirhash_add(hash, slice_of(rows[i].files[j].name), sum, NULL), 0);
		}
		dirhash_finish(hash, h1);
		CHECK(rows[i].name, strcmp(h1, rows[i].want) == 0);
		dirhash_close(&hash);
		assert_null(hash);
		dirhash_close(&hash);
	}
}

static void test_newline(void **state)
{
	struct dirhash *hash = dirhash_open();
	uint8_t sum[SHA256_BYTES] = { 0 };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(dirhash_add(hash, SLICE("a\nb"), sum, &err), MODULE_ERR);
	assert_string_not_equal(err.text, "");
	dirhash_close(&hash);
}

static void test_gomod(void **state)
{
	char h1[MODULE_H1_MAX];

	(void)state;
	dirhash_gomod(SLICE("module example.com/m\n"), h1);
	assert_string_equal(h1, "h1:flS2VctbRrTv+sBE+VKgxx6hlkMGPVz9MGOmzMYFg3k=");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_newline),
		cmocka_unit_test(test_gomod),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
