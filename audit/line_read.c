/* From a line back to what questions ask of it. */
#include "audit/line.h"

#include "base/json.h"

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

/* A quote is escaped by an odd number of backslashes before it. */
static bool is_escaped(struct slice s, size_t quote)
{
	size_t backslashes = 0;

	while (backslashes < quote && s.ptr[quote - 1 - backslashes] == '\\')
		backslashes++;
	return backslashes % 2 == 1;
}

/* What stands before the next unescaped quote; rest goes on after it. */
static bool eat_text(struct slice *rest, struct slice *raw_out)
{
	size_t from = 0;

	for (;;) {
		ptrdiff_t found = slice_index(slice_after(*rest, from), '"');
		size_t quote = from + (size_t)found;

		if (found < 0)
			return false;
		if (!is_escaped(*rest, quote)) {
			*raw_out = slice_sub(*rest, 0, quote);
			*rest = slice_after(*rest, quote + 1);
			return true;
		}
		from = quote + 1;
	}
}

static bool eat_array(struct slice *rest, struct slice *raw_out)
{
	struct slice start = *rest;
	struct slice text;

	while (rest->len > 0 && rest->ptr[0] != ']') {
		char c = rest->ptr[0];

		*rest = slice_after(*rest, 1);
		if (c != ',' && (c != '"' || !eat_text(rest, &text)))
			return false;
	}
	if (!eat(rest, SLICE("]")))
		return false;
	*raw_out = slice_sub(start, 0, start.len - rest->len);
	return true;
}

static bool eat_value(struct slice *rest, struct slice *raw_out, bool *is_text_out)
{
	size_t len = 0;

	*is_text_out = eat(rest, SLICE("\""));
	if (*is_text_out)
		return eat_text(rest, raw_out);
	if (eat(rest, SLICE("[")))
		return eat_array(rest, raw_out);
	while (len < rest->len && rest->ptr[len] != ',' && rest->ptr[len] != '}')
		len++;
	*raw_out = slice_sub(*rest, 0, len);
	*rest = slice_after(*rest, len);
	return len > 0;
}

static void note(struct line_field *fields, size_t count, struct slice name, struct slice raw, bool is_text)
{
	struct slice plain = slice_ends(name, SLICE("_b64")) ? slice_sub(name, 0, name.len - 4) : name;

	for (size_t i = 0; i < count; i++) {
		/* Most names differ in length, and the index asks this of every member of every line. */
		if (plain.len == fields[i].name.len && slice_equal(plain, fields[i].name)) {
			fields[i].found = true;
			fields[i].is_text = is_text;
			fields[i].base64 = plain.len < name.len;
			fields[i].raw = raw;
			return;
		}
	}
}

bool line_fields(struct slice line, struct line_field *fields, size_t count)
{
	struct slice rest = line;
	struct slice name;
	struct slice raw;
	bool is_text;

	for (size_t i = 0; i < count; i++)
		fields[i] = (struct line_field){ .name = fields[i].name };
	if (!eat(&rest, SLICE("{")))
		return false;
	do {
		if (!eat(&rest, SLICE("\"")) || !eat_text(&rest, &name) || !eat(&rest, SLICE(":")) || !eat_value(&rest, &raw, &is_text))
			return false;
		note(fields, count, name, raw, is_text);
	} while (eat(&rest, SLICE(",")));
	return slice_equal(rest, SLICE("}"));
}

/* Escapes are rare: JSON's reader may deal with them. */
static bool unescape(struct slice raw, struct buf *scratch, struct slice *text_out)
{
	struct buf document = BUF_INIT(AUDIT_LINE_MAX + 4);
	struct json *array = NULL;
	struct slice text;
	bool good;

	buf_add_text(&document, "[\"");
	buf_add_slice(&document, raw);
	buf_add_text(&document, "\"]");
	good = !buf_failed(&document) && json_parse(buf_slice(&document), &array, NULL) == 0 && json_to_text(json_at(array, 0), &text);
	if (good) {
		buf_reset(scratch);
		buf_add_slice(scratch, text);
		good = !buf_failed(scratch);
	}
	if (good)
		*text_out = buf_slice(scratch);
	json_close(&array);
	buf_free(&document);
	return good;
}

bool line_field_text(const struct line_field *field, struct buf *scratch, struct slice *text_out)
{
	if (!field->found || !field->is_text)
		return false;
	if (field->base64) {
		buf_reset(scratch);
		if (!base64_decode(field->raw, scratch) || buf_failed(scratch))
			return false;
		*text_out = buf_slice(scratch);
		return true;
	}
	if (slice_index(field->raw, '\\') >= 0)
		return unescape(field->raw, scratch, text_out);
	*text_out = field->raw;
	return true;
}

bool line_field_number(const struct line_field *field, int64_t *number_out)
{
	long long number;

	if (!field->found || field->is_text || !slice_to_number(field->raw, &number))
		return false;
	*number_out = number;
	return true;
}
