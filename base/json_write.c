/* Writing JSON straight into a buffer. */
#include "base/json.h"

#include <stdio.h>

#include "base/hash.h"

void json_writer_init(struct json_writer *writer, struct buf *out)
{
	*writer = (struct json_writer){ .out = out };
}

static void add_escaped(struct buf *out, unsigned char c)
{
	switch (c) {
	case '"':
		buf_add_text(out, "\\\"");
		break;
	case '\\':
		buf_add_text(out, "\\\\");
		break;
	case '\n':
		buf_add_text(out, "\\n");
		break;
	case '\r':
		buf_add_text(out, "\\r");
		break;
	case '\t':
		buf_add_text(out, "\\t");
		break;
	default:
		buf_printf(out, "\\u%04x", (unsigned)c);
		break;
	}
}

/* Bytes that can be copied as they are: one UTF-8 sequence, 0 if what s begins with must be written otherwise. */
static size_t plain(struct slice s)
{
	unsigned char c = (unsigned char)s.ptr[0];

	if (c < 0x20 || c == '"' || c == '\\')
		return 0;
	if (c < 0x80)
		return 1;
	/* JavaScript, and with it many a reader of lines, takes these two for line ends. */
	if (slice_starts(s, SLICE("\xe2\x80\xa8")) || slice_starts(s, SLICE("\xe2\x80\xa9")))
		return 0;
	return slice_utf8_sequence(s);
}

/* Writes what s begins with, which is not plain, and returns how many bytes that was. */
static size_t add_special(struct buf *out, struct slice s)
{
	unsigned char c = (unsigned char)s.ptr[0];

	if (c < 0x80) {
		add_escaped(out, c);
		return 1;
	}
	if (slice_utf8_sequence(s) == 0) {
		buf_add_text(out, "\xef\xbf\xbd");
		return 1;
	}
	buf_add_text(out, s.ptr[2] == '\xa8' ? "\\u2028" : "\\u2029");
	return 3;
}

/* How many bytes at the beginning of s can be copied as they are. */
static size_t plain_run(struct slice s)
{
	size_t run = 0;
	size_t n = 1;

	while (run < s.len && n > 0) {
		unsigned char c = (unsigned char)s.ptr[run];

		/* Nearly all there ever is, so without a call. */
		n = c >= 0x20 && c < 0x80 && c != '"' && c != '\\' ? 1 : plain(slice_after(s, run));
		run += n;
	}
	return run;
}

static void add_inside_quotes(struct buf *out, struct slice text)
{
	while (text.len > 0) {
		size_t run = plain_run(text);

		buf_add(out, text.ptr, run);
		text = slice_after(text, run);
		if (text.len > 0)
			text = slice_after(text, add_special(out, text));
	}
}

static void add_quoted(struct buf *out, struct slice text)
{
	buf_add_char(out, '"');
	add_inside_quotes(out, text);
	buf_add_char(out, '"');
}

/* What stands before a value: a comma, and the name with its suffix. */
static void begin_value(struct json_writer *writer, const char *name, const char *suffix)
{
	if (writer->comma[writer->depth])
		buf_add_char(writer->out, ',');
	writer->comma[writer->depth] = true;
	if (name == NULL)
		return;
	buf_add_char(writer->out, '"');
	add_inside_quotes(writer->out, slice_of(name));
	buf_add_text(writer->out, suffix);
	buf_add_text(writer->out, "\":");
}

static void nest(struct json_writer *writer, const char *name, char bracket)
{
	begin_value(writer, name, "");
	ASSERT(writer->depth < JSON_DEPTH_MAX);
	buf_add_char(writer->out, bracket);
	writer->depth++;
	writer->comma[writer->depth] = false;
}

static void unnest(struct json_writer *writer, char bracket)
{
	ASSERT(writer->depth > 0);
	writer->depth--;
	buf_add_char(writer->out, bracket);
}

void json_object_begin(struct json_writer *writer, const char *name)
{
	nest(writer, name, '{');
}

void json_object_end(struct json_writer *writer)
{
	unnest(writer, '}');
}

void json_array_begin(struct json_writer *writer, const char *name)
{
	nest(writer, name, '[');
}

void json_array_end(struct json_writer *writer)
{
	unnest(writer, ']');
}

void json_write_text(struct json_writer *writer, const char *name, struct slice text)
{
	begin_value(writer, name, "");
	add_quoted(writer->out, text);
}

void json_write_bytes(struct json_writer *writer, const char *name, struct slice bytes)
{
	if (name == NULL || slice_is_utf8(bytes)) {
		json_write_text(writer, name, bytes);
		return;
	}
	begin_value(writer, name, "_b64");
	buf_add_char(writer->out, '"');
	base64_encode(bytes, writer->out);
	buf_add_char(writer->out, '"');
}

void json_write_int(struct json_writer *writer, const char *name, int64_t number)
{
	char digits[24];

	begin_value(writer, name, "");
	buf_add(writer->out, digits, (size_t)snprintf(digits, sizeof(digits), "%lld", (long long)number));
}

void json_write_bool(struct json_writer *writer, const char *name, bool flag)
{
	begin_value(writer, name, "");
	buf_add_text(writer->out, flag ? "true" : "false");
}

void json_write_null(struct json_writer *writer, const char *name)
{
	begin_value(writer, name, "");
	buf_add_text(writer->out, "null");
}
