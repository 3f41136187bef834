/* From a line back to what questions ask of it. */
#include "audit/line.h"

#include <stdio.h>

#define TIME_LEN 27 /* 2026-11-21T02:33:44.123456Z */

static bool eat(struct slice *rest, struct slice text)
{
	if (!slice_starts(*rest, text))
		return false;
	*rest = slice_after(*rest, text.len);
	return true;
}

bool line_scan(struct slice line, uint64_t *seq_out, struct slice *time_out)
{
	struct slice rest = line;
	struct slice digits;
	long long seq;

	if (!eat(&rest, SLICE("{\"v\":1,\"seq\":")) || !slice_cut(rest, ',', &digits, &rest) || !slice_to_number(digits, &seq))
		return false;
	if (!eat(&rest, SLICE("\"time\":\"")) || rest.len < TIME_LEN || rest.ptr[TIME_LEN - 1] != 'Z')
		return false;
	*seq_out = (uint64_t)seq;
	*time_out = slice_sub(rest, 0, TIME_LEN);
	return true;
}

struct slice line_member(const struct json *line, const char *name, struct buf *scratch)
{
	char encoded[64];
	struct slice text;

	if (json_to_text(json_get(line, name), &text))
		return text;
	snprintf(encoded, sizeof(encoded), "%s_b64", name);
	buf_reset(scratch);
	if (!json_to_text(json_get(line, encoded), &text) || !base64_decode(text, scratch) || buf_failed(scratch))
		return SLICE_NONE;
	return buf_slice(scratch);
}
