#include "base/arena.h"

#include <stdalign.h>

#include "tests/base/rows.h"

static void test_cap(void **state)
{
	static const struct {
		const char *name;
		size_t max;
		size_t piece;
		size_t pieces; /* that fit */
	} rows[] = {
		{ "nothing", 0, 1, 0 },
		{ "N", 100, 100, 1 },
		{ "N+1", 100, 101, 0 },
		{ "blocks of several sizes", 1024 * 1024, 4096, 256 },
		{ "alignment counts", 160, 1, 10 },
		{ "larger than any block", 8 * 1024 * 1024, 4 * 1024 * 1024, 2 },
		{ "a size that would wrap", SIZE_MAX, SIZE_MAX, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct arena *arena = arena_open(rows[i].max);
		size_t fit = 0;

		for (int round = 0; round < 2; round++) {
			fit = 0;
			while (fit <= rows[i].pieces && arena_alloc(arena, rows[i].piece) != NULL)
				fit++;
			CHECK(rows[i].name, fit == rows[i].pieces);
			arena_reset(arena);
		}
		arena_close(&arena);
		CHECK(rows[i].name, arena == NULL);
	}
}

static void test_pieces(void **state)
{
	struct arena *arena = arena_open(1024 * 1024);

	(void)state;
	for (size_t size = 1; size < 3000; size += 37) {
		unsigned char *piece = arena_alloc(arena, size);

		assert_non_null(piece);
		assert_int_equal((uintptr_t)piece % alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(piece[i], 0);
		memset(piece, 0xff, size);
	}
	arena_reset(arena);
	/* Memory that is used again is zero again. */
	assert_int_equal(*(unsigned char *)arena_alloc(arena, 64), 0);
	arena_close(&arena);
	arena_close(&arena);
}

static void test_texts(void **state)
{
	struct arena *arena = arena_open(200);
	struct slice copy;

	(void)state;
	assert_string_equal(arena_text(arena, SLICE("abc")), "abc");
	assert_string_equal(arena_text(arena, SLICE("a\0c")), "a");
	assert_string_equal(arena_text(arena, SLICE_NONE), "");
	copy = arena_copy(arena, SLICE("a\0c"));
	assert_int_equal(copy.len, 3);
	assert_memory_equal(copy.ptr, "a\0c", 3);
	assert_string_equal(arena_printf(arena, "%s-%d", "x", 7), "x-7");
	assert_null(arena_printf(arena, "%200d", 1));
	copy = arena_copy(arena, slice_make("", 1000));
	assert_null(copy.ptr);
	assert_int_equal(copy.len, 0);
	arena_close(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cap),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
