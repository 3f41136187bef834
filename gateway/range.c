/* Range, If-Range and If-None-Match. */
#include "gateway/range.h"

/* "5-9", "5-", "-4" within size bytes. */
static enum range_kind range_one(struct slice spec, int64_t size, int64_t *first_out, int64_t *last_out)
{
	struct slice from, to;
	long long first = 0, last = size - 1;
	if (!slice_cut(spec, '-', &from, &to))
		return RANGE_WHOLE;
	from = slice_trim(from);
	to = slice_trim(to);
	if (from.len == 0) {
		long long suffix;
		if (!slice_to_number(to, &suffix))
			return RANGE_WHOLE;
		if (suffix == 0 || size == 0)
			return RANGE_UNSATISFIABLE;
		first = suffix < size ? size - suffix : 0;
	} else {
		if (!slice_to_number(from, &first) || (to.len != 0 && !slice_to_number(to, &last)) || (to.len != 0 && last < first))
			return RANGE_WHOLE;
		if (first >= size)
			return RANGE_UNSATISFIABLE;
		if (last >= size)
			last = size - 1;
	}
	*first_out = first;
	*last_out = last;
	return RANGE_PART;
}

enum range_kind range_parse(struct slice header, int64_t size, int64_t *first_out, int64_t *last_out)
{
	struct slice unit, spec;
	if (header.ptr == NULL || !slice_cut(header, '=', &unit, &spec) || !slice_equal_nocase(slice_trim(unit), SLICE("bytes")))
		return RANGE_WHOLE;
	/* Several ranges would need a multipart answer, which no client of modules asks for; the whole is always a right answer. */
	if (slice_index(spec, ',') >= 0)
		return RANGE_WHOLE;
	return range_one(slice_trim(spec), size, first_out, last_out);
}

bool etag_is(struct slice header, struct slice etag)
{
	return slice_equal(slice_trim(header), etag);
}

bool etag_listed(struct slice header, struct slice etag)
{
	struct slice rest = header, tag;
	while (slice_next(&rest, ',', &tag)) {
		tag = slice_trim(tag);
		if (slice_equal(tag, SLICE("*")))
			return true;
		if (slice_starts(tag, SLICE("W/")))
			tag = slice_after(tag, 2);
		if (slice_equal(tag, etag))
			return true;
	}
	return false;
}
