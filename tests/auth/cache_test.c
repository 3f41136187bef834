#include "tests/auth/support.h"

static struct auth_key key_of(unsigned number)
{
	struct auth_key key;

	sha256(slice_make(&number, sizeof(number)), key.bytes);
	return key;
}

static void put(struct auth_cache *cache, unsigned number, int64_t until_us)
{
	struct auth_key key = key_of(number);
	struct auth_cached cached = { .reason = AUTH_REASON_WRONG_PASSWORD, .count = number, .until_us = until_us };

	auth_cache_put(cache, &key, &cached);
}

static bool has(struct auth_cache *cache, unsigned number, int64_t now_us)
{
	struct auth_key key = key_of(number);
	struct auth_cached cached;

	return auth_cache_get(cache, &key, now_us, &cached) && cached.count == number;
}

static void test_time(void **state)
{
	struct auth_cache *cache = NULL;

	(void)state;
	assert_int_equal(auth_cache_open(4, &cache, NULL), 0);
	put(cache, 1, 100);
	assert_true(has(cache, 1, 99));
	assert_false(has(cache, 1, 100));
	assert_false(has(cache, 2, 0));
	put(cache, 1, 200);
	assert_true(has(cache, 1, 100));
	auth_cache_clear(cache);
	assert_false(has(cache, 1, 100));
	put(cache, 1, 200);
	assert_true(has(cache, 1, 100));
	auth_cache_close(&cache);
	assert_null(cache);
	auth_cache_close(&cache);
}

static void test_bound(void **state)
{
	enum { MAX = 64 };
	struct auth_cache *cache = NULL;

	(void)state;
	assert_int_equal(auth_cache_open(MAX, &cache, NULL), 0);
	for (unsigned i = 0; i < MAX; i++)
		put(cache, i, 100);
	assert_true(has(cache, 0, 0)); /* used: no longer the oldest */
	put(cache, MAX, 100);
	assert_true(has(cache, 0, 0));
	assert_false(has(cache, 1, 0));
	for (unsigned i = 2; i <= MAX; i++)
		assert_true(has(cache, i, 0));
	for (unsigned i = 1000; i < 5000; i++)
		put(cache, i, 100);
	for (unsigned i = 5000 - MAX; i < 5000; i++)
		assert_true(has(cache, i, 0));
	assert_false(has(cache, 5000 - MAX - 1, 0));
	auth_cache_close(&cache);
}

static void test_one(void **state)
{
	struct auth_cache *cache = NULL;

	(void)state;
	assert_int_equal(auth_cache_open(1, &cache, NULL), 0);
	put(cache, 1, 100);
	put(cache, 2, 100);
	assert_false(has(cache, 1, 0));
	assert_true(has(cache, 2, 0));
	auth_cache_close(&cache);
}

/* Under the address sanitizer this tells whether each reference is given back exactly once. */
static void test_references(void **state)
{
	struct auth_identity like = { .user = "u", .credential = "" };
	const struct auth_identity *identity = auth_identity_copy(&like);
	struct auth_cached cached = { .identity = identity, .until_us = 100 };
	struct auth_cache *cache = NULL;
	struct auth_key first = key_of(1);
	struct auth_key second = key_of(2);

	(void)state;
	assert_int_equal(auth_cache_open(1, &cache, NULL), 0);
	auth_cache_put(cache, &first, &cached);
	auth_cache_put(cache, &first, &cached);
	assert_true(auth_cache_get(cache, &first, 0, &cached));
	auth_identity_unref(cached.identity);
	cached.identity = identity;
	auth_cache_put(cache, &second, &cached);
	assert_false(auth_cache_get(cache, &first, 0, &cached));
	auth_identity_unref(identity);
	assert_true(auth_cache_get(cache, &second, 0, &cached));
	auth_cache_close(&cache);
	assert_string_equal(cached.identity->user, "u");
	auth_identity_unref(cached.identity);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_references),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
