/* The text of a checksum database's tree note. Source: golang.org/x/mod/sumdb/tlog, FormatTree and ParseTree. */
#include <inttypes.h>
#include <string.h>

#include "tlog/tree.h"

#define FIRST_LINE "go.sum database tree\n"

/* Decimal without leading zero, below 2^63 (other implementations keep sizes in a signed 64-bit integer). */
static bool parse_size(struct slice text, uint64_t *size_out)
{
	uint64_t size = 0;

	if (text.len == 0 || text.len > 19 || (text.len > 1 && text.ptr[0] == '0'))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		size = size * 10 + (uint64_t)(text.ptr[i] - '0');
	}
	if (size > INT64_MAX)
		return false;
	*size_out = size;
	return true;
}

int tlog_head_parse(struct slice text, struct tlog_head *head_out, struct err *err)
{
	struct tlog_head head;
	struct slice rest, size, root;
	struct buf hash = BUF_INIT(SHA256_BYTES + 2);
	bool good;

	if (text.len > NOTE_BYTES_MAX || !slice_starts(text, SLICE(FIRST_LINE)) || !slice_ends(text, SLICE("\n")))
		return err_set(err, TLOG_ERR, "malformed tree head");
	rest = slice_after(text, strlen(FIRST_LINE));
	slice_cut(rest, '\n', &size, &rest);
	good = slice_index(rest, '\n') > 0 && parse_size(size, &head.size);
	slice_cut(rest, '\n', &root, &rest);
	good = good && base64_decode(root, &hash) && hash.len == SHA256_BYTES;
	if (good) {
		memcpy(head.root.bytes, hash.ptr, SHA256_BYTES);
		*head_out = head;
	}
	buf_free(&hash);
	return good ? 0 : err_set(err, TLOG_ERR, "malformed tree head");
}

void tlog_head_format(const struct tlog_head *head, struct buf *out)
{
	buf_printf(out, FIRST_LINE "%" PRIu64 "\n", head->size);
	base64_encode(slice_make(head->root.bytes, SHA256_BYTES), out);
	buf_add_char(out, '\n');
}
