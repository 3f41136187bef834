/* The cache in memory: bounded, and what is too large for it costs nobody else his place. */
#include <stdlib.h>

#include "store/store_private.h"

#include "tests/base/rows.h"

#define ROOM 4096

static void free_object(struct memory_object *object)
{
	free(object);
}

static void put(struct memory *memory, const char *key, size_t bytes)
{
	struct memory_object *object = calloc(1, sizeof(*object));
	assert_non_null(object);
	*object = (struct memory_object){ .references = 1, .free = free_object };
	memory_put(memory, slice_of(key), object, bytes);
	memory_unref(object);
}

static bool has(struct memory *memory, const char *key)
{
	struct memory_object *object = memory_get(memory, slice_of(key));
	memory_unref(object);
	return object != NULL;
}

static void test_bounded(void **state)
{
	struct memory *memory = NULL;
	(void)state;
	assert_int_equal(memory_open(ROOM, &memory, NULL), 0);
	put(memory, "one", ROOM / 4);
	put(memory, "two", ROOM / 4);
	put(memory, "three", ROOM / 4);
	assert_true(has(memory, "one"));
	put(memory, "four", ROOM / 4);
	/* The least recently used went. */
	assert_false(has(memory, "two"));
	assert_true(has(memory, "one") && has(memory, "three") && has(memory, "four"));
	memory_close(&memory);
}

static void test_too_large(void **state)
{
	struct memory *memory = NULL;
	(void)state;
	assert_int_equal(memory_open(ROOM, &memory, NULL), 0);
	put(memory, "one", 100);
	put(memory, "two", 100);
	put(memory, "one", ROOM);
	/* Not kept, and neither is what it took the place of; everybody else stays. */
	assert_false(has(memory, "one"));
	assert_true(has(memory, "two"));
	put(memory, "one", 100);
	assert_true(has(memory, "one"));
	memory_close(&memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_too_large),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
