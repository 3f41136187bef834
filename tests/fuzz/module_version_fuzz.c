/* Versions, one a line: comparing three of them is an order, and their forms agree with each other. */
#include "module/path.h"
#include "module/semver.h"
#include "tests/fuzz/fuzz.h"

#define VERSION_BYTES_MAX 4096

static int sign(int number)
{
	return (number > 0) - (number < 0);
}

static void check_order(int (*compare)(struct slice, struct slice), struct slice a, struct slice b, struct slice c)
{
	ASSERT(compare(a, a) == 0);
	ASSERT(sign(compare(a, b)) == -sign(compare(b, a)));
	if (compare(a, b) <= 0 && compare(b, c) <= 0)
		ASSERT(compare(a, c) <= 0);
}

static void check_forms(struct slice version)
{
	struct buf canonical = BUF_INIT(VERSION_BYTES_MAX + 8);
	struct semver parts;

	ASSERT(semver_valid(version) == semver_parse(version, &parts));
	ASSERT(semver_canonical(version, &canonical) == semver_valid(version));
	ASSERT(semver_is_canonical(version) == (canonical.len > 0 && slice_equal(buf_slice(&canonical), version)));
	ASSERT(slice_starts(version, semver_major(version)) && slice_ends(version, semver_build(version)));
	if (canonical.len > 0) {
		ASSERT(semver_is_canonical(buf_slice(&canonical)));
		ASSERT(semver_compare(buf_slice(&canonical), version) == 0);
		ASSERT(slice_equal(semver_prerelease(buf_slice(&canonical)), semver_prerelease(version)));
	}
	buf_free(&canonical);
}

static void check_escaping(struct slice version)
{
	struct buf escaped = BUF_INIT(2 * MODULE_VERSION_MAX);
	struct buf back = BUF_INIT(MODULE_VERSION_MAX);

	if (module_escape_version(version, &escaped, NULL) == 0) {
		ASSERT(module_unescape_version(buf_slice(&escaped), &back, NULL) == 0);
		ASSERT(slice_equal(buf_slice(&back), version));
	}
	buf_reset(&escaped);
	buf_reset(&back);
	if (module_unescape_version(version, &back, NULL) == 0) {
		ASSERT(module_escape_version(buf_slice(&back), &escaped, NULL) == 0);
		ASSERT(slice_equal(buf_slice(&escaped), version));
	}
	buf_free(&escaped);
	buf_free(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct slice rest = slice_make(bytes, len < VERSION_BYTES_MAX ? len : VERSION_BYTES_MAX);
	struct slice a = fuzz_line(&rest), b = fuzz_line(&rest), c = fuzz_line(&rest);

	check_order(semver_compare, a, b, c);
	check_order(semver_order, a, b, c);
	ASSERT((semver_order(a, b) == 0) == slice_equal(a, b));
	check_forms(a);
	check_escaping(a);
	if (module_check(b, a, NULL) == 0)
		ASSERT(semver_is_module_canonical(a) && module_path_check(b, NULL) == 0);
	return 0;
}
