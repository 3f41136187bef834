/* Range, If-None-Match and If-Range: a part lies inside, and a tag that is the one listed is listed. The first byte picks the size. */
#include <stdio.h>

#include "gateway/range.h"
#include "tests/fuzz/fuzz.h"

static void check_range(struct slice header, int64_t size)
{
	int64_t first = -1, last = -1, again_first = -1, again_last = -1;
	enum range_kind kind = range_parse(header, size, &first, &last);
	char text[64];

	if (kind != RANGE_PART) {
		ASSERT(first == -1 && last == -1);
		return;
	}
	ASSERT(first >= 0 && first <= last && last < size);
	snprintf(text, sizeof(text), "bytes=%lld-%lld", (long long)first, (long long)last);
	ASSERT(range_parse(slice_of(text), size, &again_first, &again_last) == RANGE_PART && again_first == first && again_last == last);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const int64_t sizes[] = { 0, 1, 10, 1000, 999999999999999999 };
	struct slice header = slice_make(bytes, len);
	uint8_t pick = fuzz_byte(&header);
	struct slice etag = SLICE("\"h1:abc=\"");

	check_range(header, sizes[pick % (sizeof(sizes) / sizeof(sizes[0]))]);
	if (etag_is(header, etag))
		ASSERT(etag_listed(header, etag));
	if (etag_listed(header, etag))
		ASSERT(slice_find(header, etag) >= 0 || slice_index(header, '*') >= 0);
	return 0;
}
