/* JSON: what is read, written and read again is written the same; any bytes can be written, and come back. */
#include "base/hash.h"
#include "base/json.h"
#include "tests/fuzz/fuzz.h"

static void write_value(struct json_writer *writer, const char *name, const struct json *value);

static void write_members(struct json_writer *writer, const struct json *value)
{
	const struct json *member;
	const char *name;
	void *iterator = NULL;

	while (json_next(value, &iterator, &name, &member)) {
		ASSERT(json_get(value, name) == member);
		write_value(writer, name, member);
	}
}

/* Reals cannot be written; null stands for them, and nothing at all for what lies deeper than a writer goes. */
static void write_value(struct json_writer *writer, const char *name, const struct json *value)
{
	struct slice text;
	int64_t number;
	bool flag;

	if (json_kind(value) == JSON_KIND_OBJECT) {
		json_object_begin(writer, name);
		write_members(writer, value);
		json_object_end(writer);
	} else if (json_kind(value) == JSON_KIND_ARRAY) {
		json_array_begin(writer, name);
		for (size_t i = 0; i < json_count(value); i++)
			write_value(writer, NULL, json_at(value, i));
		json_array_end(writer);
	} else if (json_to_text(value, &text)) {
		ASSERT(slice_is_utf8(text) && !slice_has_nul(text));
		json_write_text(writer, name, text);
	} else if (json_to_int(value, &number)) {
		json_write_int(writer, name, number);
	} else if (json_to_bool(value, &flag)) {
		json_write_bool(writer, name, flag);
	} else {
		json_write_null(writer, name);
	}
}

static void write_root(const struct json *root, struct buf *out)
{
	struct json_writer writer;

	json_writer_init(&writer, out);
	write_value(&writer, NULL, root);
	ASSERT(!buf_failed(out));
}

static void check_bytes(struct slice bytes)
{
	struct buf text = BUF_INIT(8 * bytes.len + 64);
	struct buf back = BUF_INIT(bytes.len + 1);
	struct json_writer writer;
	struct json *root = NULL;
	struct slice got;

	json_writer_init(&writer, &text);
	json_object_begin(&writer, NULL);
	json_write_bytes(&writer, "x", bytes);
	json_object_end(&writer);
	if (!slice_has_nul(bytes) || !slice_is_utf8(bytes)) {
		ASSERT(json_parse(buf_slice(&text), &root, NULL) == 0);
		if (json_to_text(json_get(root, "x"), &got))
			ASSERT(slice_equal(got, bytes));
		else
			ASSERT(json_to_text(json_get(root, "x_b64"), &got) && base64_decode(got, &back) && slice_equal(buf_slice(&back), bytes));
	}
	json_close(&root);
	buf_free(&text);
	buf_free(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct buf once = BUF_INIT(8 * len + 64), twice = BUF_INIT(8 * len + 64);
	struct json *root = NULL, *again = NULL;
	struct err err = ERR_INIT;

	if (json_parse(slice_make(bytes, len), &root, &err) == 0) {
		write_root(root, &once);
		ASSERT(json_parse(buf_slice(&once), &again, &err) == 0);
		write_root(again, &twice);
		ASSERT(slice_equal(buf_slice(&once), buf_slice(&twice)));
	} else {
		ASSERT(err.text[0] != '\0');
	}
	check_bytes(slice_make(bytes, len));
	json_close(&root);
	json_close(&again);
	buf_free(&once);
	buf_free(&twice);
	return 0;
}
