/* Refusals of unidentified callers: their own row up to the limit, one row with a count beyond it. */
#include "gateway/refusals.h"

#include "tests/base/rows.h"

#define SECOND_US 1000000LL

struct told {
	unsigned calls;
	uint64_t count;
	char address[64];
};

static void told(void *ctx, const char *address, uint64_t count)
{
	struct told *told = ctx;
	told->calls++;
	told->count += count;
	snprintf(told->address, sizeof(told->address), "%s", address);
}

static void test_merged(void **state)
{
	struct refusals *refusals = NULL;
	struct told result = { 0 };
	(void)state;
	assert_int_equal(refusals_open(&refusals, NULL), 0);
	for (unsigned i = 0; i < REFUSALS_PER_MINUTE; i++)
		assert_true(refusals_count(refusals, "10.0.0.1", 0));
	assert_false(refusals_count(refusals, "10.0.0.1", SECOND_US));
	assert_false(refusals_count(refusals, "10.0.0.1", SECOND_US));
	assert_true(refusals_count(refusals, "10.0.0.2", SECOND_US));

	refusals_flush(refusals, 59 * SECOND_US, false, told, &result);
	assert_int_equal(result.calls, 0);
	refusals_flush(refusals, 60 * SECOND_US, false, told, &result);
	assert_int_equal(result.calls, 1);
	assert_int_equal(result.count, 2);
	assert_string_equal(result.address, "10.0.0.1");

	/* A new minute begins for it. */
	assert_true(refusals_count(refusals, "10.0.0.1", 61 * SECOND_US));
	refusals_close(&refusals);
	assert_null(refusals);
}

/* However many addresses come, memory is bounded and nothing is lost: what finds no place of its own is counted together. */
static void test_many_addresses(void **state)
{
	struct refusals *refusals = NULL;
	struct told result = { 0 };
	uint64_t own_rows = 0, all = 0;
	(void)state;
	assert_int_equal(refusals_open(&refusals, NULL), 0);
	for (unsigned i = 0; i < 4 * REFUSALS_ADDRESSES_MAX; i++) {
		char address[64];
		snprintf(address, sizeof(address), "10.%u.%u.%u", i >> 16, (i >> 8) & 255, i & 255);
		own_rows += refusals_count(refusals, address, 0);
		all++;
	}
	refusals_flush(refusals, 0, true, told, &result);
	assert_int_equal(own_rows + result.count, all);
	assert_true(result.count > 0);
	refusals_close(&refusals);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merged),
		cmocka_unit_test(test_many_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
