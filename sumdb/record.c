/* Taking apart the answer of a lookup. Source: golang.org/x/mod/sumdb/tlog, ParseRecord. */
#include <string.h>

#include "sumdb/sumdb_private.h"

static bool parse_id(struct slice text, uint64_t *id_out)
{
	long long id;

	if ((text.len > 1 && text.ptr[0] == '0') || !slice_to_number(text, &id))
		return false;
	*id_out = (uint64_t)id;
	return true;
}

/* Lines of valid UTF-8 without control characters. Blank lines cannot occur: the text was cut at the first. */
static bool text_valid(struct slice text)
{
	if (text.len < 2 || text.ptr[0] == '\n')
		return false;
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] < 0x20 && text.ptr[i] != '\n')
			return false;
	return slice_is_utf8(text);
}

int sumdb_record_parse(struct slice answer, struct sumdb_record *record_out, struct err *err)
{
	struct sumdb_record record;
	struct slice id, rest;
	ptrdiff_t blank;

	if (!slice_cut(answer, '\n', &id, &rest) || !parse_id(id, &record.id))
		return err_set(err, SUMDB_ERR_FORGED, "the answer does not begin with the number of a record");
	blank = slice_find(rest, SLICE("\n\n"));
	if (blank < 0)
		return err_set(err, SUMDB_ERR_FORGED, "the answer has no signed tree head");
	record.text = slice_sub(rest, 0, (size_t)blank + 1);
	record.note = slice_after(rest, (size_t)blank + 2);
	if (!text_valid(record.text))
		return err_set(err, SUMDB_ERR_FORGED, "the record is not made of go.sum lines");
	*record_out = record;
	return 0;
}

bool sumdb_record_hash(struct slice text, struct slice module, struct slice version, const char *suffix, struct slice *h1_out)
{
	struct buf prefix = BUF_INIT(4096);
	struct slice line;
	bool found = false;

	buf_printf(&prefix, "%.*s %.*s%s ", SLICE_ARG(module), SLICE_ARG(version), suffix);
	while (!found && !buf_failed(&prefix) && slice_next(&text, '\n', &line)) {
		struct slice hash = slice_after(line, prefix.len);

		if (slice_starts(line, buf_slice(&prefix)) && slice_starts(hash, SLICE("h1:"))) {
			*h1_out = hash;
			found = true;
		}
	}
	buf_free(&prefix);
	return found;
}
