#include "tests/auth/support.h"

static bool take(struct auth_throttle *throttle, const char *user, const char *address, int64_t now_s)
{
	return auth_throttle_take(throttle, slice_of(user), slice_of(address), now_s * 1000000);
}

static void give_back(struct auth_throttle *throttle, const char *user, const char *address, int64_t now_s)
{
	auth_throttle_give_back(throttle, slice_of(user), slice_of(address), now_s * 1000000);
}

static void wrong(struct auth_throttle *throttle, const char *user, const char *address, unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		assert_true(take(throttle, user, address, 0));
}

/* Leaves no trace. */
static bool allows(struct auth_throttle *throttle, const char *user, const char *address, int64_t now_s)
{
	bool allowed = take(throttle, user, address, now_s);

	if (allowed)
		give_back(throttle, user, address, now_s);
	return allowed;
}

static void test_throttle_pair(void **state)
{
	struct auth_throttle *throttle = NULL;

	(void)state;
	assert_int_equal(auth_throttle_open(&throttle, NULL), 0);
	wrong(throttle, "alice", "10.0.0.1", AUTH_STRIKES_PAIR - 1);
	assert_true(allows(throttle, "alice", "10.0.0.1", 0));
	wrong(throttle, " ALI  CE ", "10.0.0.1", 1);
	assert_false(allows(throttle, "alice", "10.0.0.1", 0));
	assert_true(allows(throttle, "alice", "10.0.0.2", 0));
	assert_true(allows(throttle, "bob", "10.0.0.1", 0));
	assert_false(allows(throttle, "alice", "10.0.0.1", AUTH_STRIKE_WINDOW_S - 1));
	assert_true(allows(throttle, "alice", "10.0.0.1", AUTH_STRIKE_WINDOW_S));
	auth_throttle_close(&throttle);
}

/* Right ones do not add up, however many. */
static void test_throttle_right(void **state)
{
	struct auth_throttle *throttle = NULL;

	(void)state;
	assert_int_equal(auth_throttle_open(&throttle, NULL), 0);
	for (int i = 0; i < 2 * AUTH_STRIKES_ADDRESS; i++) {
		assert_true(take(throttle, "alice", "10.0.0.1", 0));
		give_back(throttle, "alice", "10.0.0.1", 0);
	}
	/* Given back after its window: nothing to count down. */
	assert_true(take(throttle, "alice", "10.0.0.1", 0));
	give_back(throttle, "alice", "10.0.0.1", AUTH_STRIKE_WINDOW_S);
	wrong(throttle, "alice", "10.0.0.1", AUTH_STRIKES_PAIR);
	assert_false(allows(throttle, "alice", "10.0.0.1", 0));
	auth_throttle_close(&throttle);
}

static void test_throttle_address(void **state)
{
	struct auth_throttle *throttle = NULL;
	char user[16];

	(void)state;
	assert_int_equal(auth_throttle_open(&throttle, NULL), 0);
	for (unsigned i = 0; i < AUTH_STRIKES_ADDRESS; i++) {
		assert_true(allows(throttle, "carol", "10.0.0.1", 0));
		snprintf(user, sizeof(user), "user%u", i);
		wrong(throttle, user, "10.0.0.1", 1);
	}
	assert_false(allows(throttle, "carol", "10.0.0.1", 0));
	assert_true(allows(throttle, "carol", "10.0.0.2", 0));
	auth_throttle_close(&throttle);
}

/* Many machines guess at one person: strangers are stopped, her own machine is not. */
static void test_throttle_distributed(void **state)
{
	struct auth_throttle *throttle = NULL;
	char address[32];

	(void)state;
	assert_int_equal(auth_throttle_open(&throttle, NULL), 0);
	auth_throttle_known(throttle, SLICE("alice"), SLICE("10.9.9.9"), 0);
	for (unsigned i = 0; i < AUTH_STRIKES_USER; i++) {
		snprintf(address, sizeof(address), "10.0.%u.%u", i / 200, i % 200);
		assert_true(allows(throttle, "alice", address, 0));
		wrong(throttle, "alice", address, 1);
	}
	assert_false(allows(throttle, "alice", "10.1.1.1", 0));
	assert_false(allows(throttle, "alice", "", 0));
	assert_true(allows(throttle, "alice", "10.9.9.9", 0));
	assert_true(allows(throttle, "bob", "10.1.1.1", 0));
	auth_throttle_close(&throttle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_throttle_pair),
		cmocka_unit_test(test_throttle_right),
		cmocka_unit_test(test_throttle_address),
		cmocka_unit_test(test_throttle_distributed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
