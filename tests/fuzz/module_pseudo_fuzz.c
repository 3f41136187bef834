/* Pseudo-versions: one that is taken apart and made again is the same, and so is what was taken out of it. */
#include "module/pseudo.h"
#include "module/semver.h"
#include "tests/fuzz/fuzz.h"

#define VERSION_BYTES_MAX 1024

static void check_again(struct slice version, struct slice base, int64_t seconds)
{
	struct buf made = BUF_INIT(2 * VERSION_BYTES_MAX);

	pseudo_make(semver_major(version), base, seconds, pseudo_revision(version), &made);
	ASSERT(slice_equal(buf_slice(&made), version));
	buf_free(&made);
}

static void check_made(struct slice base)
{
	struct buf made = BUF_INIT(2 * VERSION_BYTES_MAX);
	struct buf back = BUF_INIT(2 * VERSION_BYTES_MAX);
	int64_t seconds = 0;

	pseudo_make(semver_major(base), base, 1700000000, SLICE("0123456789ab"), &made);
	ASSERT(pseudo_is(buf_slice(&made)) && semver_compare(buf_slice(&made), base) > 0);
	ASSERT(slice_equal(pseudo_revision(buf_slice(&made)), SLICE("0123456789ab")));
	ASSERT(pseudo_time(buf_slice(&made), &seconds, NULL) == 0 && seconds == 1700000000);
	ASSERT(pseudo_base(buf_slice(&made), &back, NULL) == 0 && slice_equal(buf_slice(&back), base));
	buf_free(&made);
	buf_free(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct slice version = slice_make(bytes, len < VERSION_BYTES_MAX ? len : VERSION_BYTES_MAX);
	struct buf base = BUF_INIT(2 * VERSION_BYTES_MAX);
	int64_t seconds;

	if (semver_is_canonical(version))
		check_made(version);
	if (pseudo_is(version)) {
		ASSERT(semver_valid(version));
		ASSERT(pseudo_timestamp(version).len == 14 && fuzz_inside(pseudo_timestamp(version), version));
		ASSERT(fuzz_inside(pseudo_revision(version), version));
		if (pseudo_time(version, &seconds, NULL) == 0 && pseudo_base(version, &base, NULL) == 0)
			check_again(version, buf_slice(&base), seconds);
	}
	buf_free(&base);
	return 0;
}
