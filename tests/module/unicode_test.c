#include "module/unicode.h"

#include "tests/base/rows.h"

static void test_categories(void **state)
{
	static const struct {
		const char *name;
		uint32_t rune;
		bool letter, printable;
	} rows[] = {
		{ "A", 'A', true, true },
		{ "digit", '0', false, true },
		{ "space", ' ', false, true },
		{ "DEL", 0x7F, false, false },
		{ "NUL", 0, false, false },
		{ "no-break space", 0xA0, false, false },
		{ "feminine ordinal (Lo)", 0xAA, true, true },
		{ "soft hyphen (Cf)", 0xAD, false, false },
		{ "e acute (Ll)", 0xE9, true, true },
		{ "titlecase (Lt)", 0x1C5, true, true },
		{ "modifier letter (Lm)", 0x2B0, true, true },
		{ "combining acute (Mn)", 0x301, false, true },
		{ "Arabic digit (Nd)", 0x663, false, true },
		{ "byte order mark (Cf)", 0xFEFF, false, false },
		{ "replacement (So)", 0xFFFD, false, true },
		{ "surrogate (Cs)", 0xD800, false, false },
		{ "private use (Co)", 0xE000, false, false },
		{ "CJK, first of its range", 0x4E00, true, true },
		{ "CJK, last of its range", 0x9FFF, true, true },
		{ "emoji (So)", 0x1F600, false, true },
		{ "CJK extension H, new in 15.0", 0x31350, true, true },
		{ "CJK extension I, new in 15.1", 0x2EBF0, false, false },
		{ "the last of all", 0x10FFFF, false, false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		CHECK(rows[i].name, unicode_is_letter(rows[i].rune) == rows[i].letter);
		CHECK(rows[i].name, unicode_is_printable(rows[i].rune) == rows[i].printable);
	}
}

static void test_fold(void **state)
{
	static const struct {
		const char *name;
		uint32_t rune, want;
	} rows[] = {
		{ "small letter", 'z', 'Z' },
		{ "capital", 'Z', 'Z' },
		{ "no letter", '[', '[' },
		{ "Kelvin sign", 0x212A, 'K' },
		{ "long s", 0x17F, 'S' },
		{ "micro sign is its orbit's least", 0xB5, 0xB5 },
		{ "Greek mu", 0x3BC, 0xB5 },
		{ "sharp s", 0xDF, 0xDF },
		{ "capital sharp s", 0x1E9E, 0xDF },
		{ "titlecase", 0x1C5, 0x1C4 },
		{ "dotted I folds to nothing simple", 0x130, 0x130 },
		{ "dotless i", 0x131, 0x131 },
		{ "final sigma", 0x3C2, 0x3A3 },
		{ "stride of two, small", 0x101, 0x100 },
		{ "stride of two, capital", 0x102, 0x102 },
		{ "Cherokee small", 0xAB70, 0x13A0 },
		{ "Adlam", 0x1E943, 0x1E921 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		CHECK(rows[i].name, unicode_fold(rows[i].rune) == rows[i].want);
}

static void test_utf8(void **state)
{
	static const struct {
		const char *name;
		struct slice in;
		uint32_t rune;
		size_t len;
	} rows[] = {
		{ "ASCII", BYTES("a"), 'a', 1 },
		{ "NUL", BYTES("\0"), 0, 1 },
		{ "two", BYTES("\xc3\xa9x"), 0xE9, 2 },
		{ "three", BYTES("\xe2\x84\xaax"), 0x212A, 3 },
		{ "four", BYTES("\xf0\x9f\x98\x80"), 0x1F600, 4 },
		{ "largest", BYTES("\xf4\x8f\xbf\xbf"), 0x10FFFF, 4 },
		{ "too large", BYTES("\xf4\x90\x80\x80"), UNICODE_REPLACEMENT, 1 },
		{ "surrogate", BYTES("\xed\xa0\x80"), UNICODE_REPLACEMENT, 1 },
		{ "overlong two", BYTES("\xc0\xaf"), UNICODE_REPLACEMENT, 1 },
		{ "overlong three", BYTES("\xe0\x80\xaf"), UNICODE_REPLACEMENT, 1 },
		{ "overlong four", BYTES("\xf0\x80\x80\xaf"), UNICODE_REPLACEMENT, 1 },
		{ "continuation first", BYTES("\x80"), UNICODE_REPLACEMENT, 1 },
		{ "cut short", BYTES("\xe2\x84"), UNICODE_REPLACEMENT, 1 },
		{ "broken continuation", BYTES("\xe2\x84x"), UNICODE_REPLACEMENT, 1 },
		{ "written replacement", BYTES("\xef\xbf\xbd"), UNICODE_REPLACEMENT, 3 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		char bytes[4];
		uint32_t rune = 1;

		CHECK(rows[i].name, utf8_decode(rows[i].in, &rune) == rows[i].len);
		CHECK(rows[i].name, rune == rows[i].rune);
		if (rune != UNICODE_REPLACEMENT)
			CHECK(rows[i].name, utf8_encode(rune, bytes) == rows[i].len && memcmp(bytes, rows[i].in.ptr, rows[i].len) == 0);
	}
}

static void test_trim(void **state)
{
	static const struct {
		const char *name;
		struct slice in;
		const char *want;
	} rows[] = {
		{ "ASCII", BYTES(" \t\v\f\r\na b \r\n"), "a b" },
		{ "no-break space and NEL", BYTES("\xc2\xa0x\xc2\x85"), "x" },
		{ "wide ones", BYTES("\xe3\x80\x80x\xe2\x80\xa8\xe1\x9a\x80"), "x" },
		{ "zero width space is none", BYTES("\xe2\x80\x8bx"), "\xe2\x80\x8bx" },
		{ "broken UTF-8 is none", BYTES("x\xa0"), "x\xa0" },
		{ "only spaces", BYTES(" \xe2\x80\x83 "), "" },
		{ "empty", BYTES(""), "" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		CHECK(rows[i].name, slice_equal_text(unicode_trim(rows[i].in), rows[i].want));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_categories),
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_trim),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
