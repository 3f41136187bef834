#include "base/json.h"

#include "tests/base/rows.h"

static void test_parse(void **state)
{
	static const struct {
		const char *name;
		struct slice in;
		bool want;
	} rows[] = {
		{ "object", BYTES("{\"a\":1}"), true },
		{ "array", BYTES(" [1, 2.5, true, null]\n"), true },
		{ "scalar root", BYTES("1"), false },
		{ "text root", BYTES("\"a\""), false },
		{ "empty", { NULL, 0 }, false },
		{ "duplicate key", BYTES("{\"a\":1,\"a\":1}"), false },
		{ "duplicate key, spelled otherwise", BYTES("{\"a\":1,\"\\u0061\":2}"), false },
		{ "duplicate key below", BYTES("[{\"b\":{\"a\":1,\"a\":1}}]"), false },
		{ "NUL escape in a text", BYTES("[\"a\\u0000b\"]"), false },
		{ "NUL escape in a key", BYTES("{\"a\\u0000\":1}"), false },
		{ "NUL byte in a text", BYTES("[\"a\0b\"]"), false },
		{ "NUL byte at the end", BYTES("[]\0"), false },
		{ "trailing bytes", BYTES("[] x"), false },
		{ "second value", BYTES("[][]"), false },
		{ "trailing comma", BYTES("[1,]"), false },
		{ "single quotes", BYTES("['a']"), false },
		{ "invalid UTF-8", BYTES("[\"\xff\"]"), false },
		{ "lone surrogate", BYTES("[\"\\ud800\"]"), false },
		{ "too big an integer", BYTES("[9223372036854775808]"), false },
		{ "too big a real", BYTES("[1e999]"), false },
		{ "raw line end in a text", BYTES("[\"a\nb\"]"), false },
		{ "unclosed", BYTES("{\"a\":"), false },
		{ "bracket in a text", BYTES("[\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"]"), true },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct json *root = NULL;
		struct err err = ERR_INIT;
		int code = json_parse(rows[i].in, &root, &err);

		CHECK(rows[i].name, code == (rows[i].want ? 0 : BASE_ERR_INVALID));
		CHECK(rows[i].name, (root != NULL) == rows[i].want);
		CHECK(rows[i].name, (err.text[0] == '\0') == rows[i].want);
		json_close(&root);
		json_close(&root);
	}
}

static void test_depth(void **state)
{
	static const struct {
		const char *name;
		size_t depth;
		int want;
	} rows[] = {
		{ "N", JSON_DEPTH_MAX, 0 },
		{ "N+1", JSON_DEPTH_MAX + 1, BASE_ERR_INVALID },
		{ "far more", 100000, BASE_ERR_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		char *text = malloc(2 * rows[i].depth);
		struct json *root = NULL;

		memset(text, '[', rows[i].depth);
		memset(text + rows[i].depth, ']', rows[i].depth);
		CHECK(rows[i].name, json_parse(slice_make(text, 2 * rows[i].depth), &root, NULL) == rows[i].want);
		json_close(&root);
		free(text);
	}
}

static void test_kinds(void **state)
{
	static const struct {
		const char *name;
		enum json_kind kind;
	} rows[] = {
		{ "object", JSON_KIND_OBJECT },
		{ "array", JSON_KIND_ARRAY },
		{ "text", JSON_KIND_TEXT },
		{ "int", JSON_KIND_INTEGER },
		{ "real", JSON_KIND_REAL },
		{ "yes", JSON_KIND_BOOL },
		{ "no", JSON_KIND_BOOL },
		{ "null", JSON_KIND_NULL },
		{ "other", JSON_KIND_ABSENT },
	};
	struct json *root = NULL;

	(void)state;
	assert_int_equal(
		json_parse(SLICE("{\"object\":{},\"array\":[7],\"text\":\"t\",\"int\":-5,\"real\":1.0,\"yes\":true,\"no\":false,\"null\":null}"),
			&root, NULL),
		0);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		const struct json *value = json_get(root, rows[i].name);
		struct slice text = SLICE("stale");
		int64_t number = 77;
		bool flag = false;

		CHECK(rows[i].name, json_kind(value) == rows[i].kind);
		CHECK(rows[i].name, json_to_text(value, &text) == (rows[i].kind == JSON_KIND_TEXT));
		CHECK(rows[i].name, slice_equal_text(text, rows[i].kind == JSON_KIND_TEXT ? "t" : "stale"));
		CHECK(rows[i].name, json_to_int(value, &number) == (rows[i].kind == JSON_KIND_INTEGER));
		CHECK(rows[i].name, number == (rows[i].kind == JSON_KIND_INTEGER ? -5 : 77));
		CHECK(rows[i].name, json_to_bool(value, &flag) == (rows[i].kind == JSON_KIND_BOOL));
		CHECK(rows[i].name, json_count(value) == (rows[i].kind == JSON_KIND_ARRAY ? 1 : 0));
		CHECK(rows[i].name, (json_at(value, 0) != NULL) == (rows[i].kind == JSON_KIND_ARRAY));
		CHECK(rows[i].name, json_at(value, 1) == NULL);
		CHECK(rows[i].name, json_get(value, "x") == NULL);
	}
	json_close(&root);
}

static void test_walk(void **state)
{
	struct json *root = NULL;
	void *iterator = NULL;
	const struct json *value;
	const char *name;
	char order[16] = "";

	(void)state;
	assert_int_equal(json_parse(SLICE("{\"z\":1,\"a\":2,\"m\":[]}"), &root, NULL), 0);
	while (json_next(root, &iterator, &name, &value)) {
		assert_ptr_equal(value, json_get(root, name));
		strcat(order, name);
	}
	assert_string_equal(order, "zam");
	iterator = NULL;
	assert_false(json_next(json_get(root, "m"), &iterator, &name, &value));
	assert_false(json_next(NULL, &iterator, &name, &value));
	json_close(&root);
}

static void test_write_text(void **state)
{
	static const struct {
		const char *name;
		struct slice in;
		const char *want; /* as member t, and what json_write_bytes makes of it */
		const char *bytes;
	} rows[] = {
		{ "plain", BYTES("abc"), "{\"t\":\"abc\"}", NULL },
		{ "empty", { NULL, 0 }, "{\"t\":\"\"}", NULL },
		{ "quotes", BYTES("a\"b\\c"), "{\"t\":\"a\\\"b\\\\c\"}", NULL },
		{ "controls", BYTES("\n\r\t\x01\x1f"), "{\"t\":\"\\n\\r\\t\\u0001\\u001f\"}", NULL },
		{ "NUL", BYTES("a\0b"), "{\"t\":\"a\\u0000b\"}", NULL },
		{ "slash and DEL stay", BYTES("/\x7f"), "{\"t\":\"/\x7f\"}", NULL },
		{ "UTF-8", BYTES("\xc3\xbc\xf0\x9f\x98\x80"), "{\"t\":\"\xc3\xbc\xf0\x9f\x98\x80\"}", NULL },
		{ "line separators",
			BYTES("a\xe2\x80\xa8\xe2\x80\xa9"
			      "b\xe2\x80\xaa"),
			"{\"t\":\"a\\u2028\\u2029b\xe2\x80\xaa\"}", NULL },
		{ "invalid", BYTES("a\xff"), "{\"t\":\"a\xef\xbf\xbd\"}", "{\"t_b64\":\"Yf8=\"}" },
		{ "cut sequence", BYTES("\xe2\x80"), "{\"t\":\"\xef\xbf\xbd\xef\xbf\xbd\"}", "{\"t_b64\":\"4oA=\"}" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct buf out = BUF_INIT(1000);
		struct json_writer writer;

		json_writer_init(&writer, &out);
		json_object_begin(&writer, NULL);
		json_write_text(&writer, "t", rows[i].in);
		json_object_end(&writer);
		CHECK(rows[i].name, strcmp(buf_text(&out), rows[i].want) == 0);
		buf_reset(&out);
		json_writer_init(&writer, &out);
		json_object_begin(&writer, NULL);
		json_write_bytes(&writer, "t", rows[i].in);
		json_object_end(&writer);
		CHECK(rows[i].name, strcmp(buf_text(&out), rows[i].bytes == NULL ? rows[i].want : rows[i].bytes) == 0);
		buf_free(&out);
	}
}

static void test_write_nested(void **state)
{
	struct buf out = BUF_INIT(1000);
	struct json_writer writer;

	(void)state;
	json_writer_init(&writer, &out);
	json_object_begin(&writer, NULL);
	json_write_int(&writer, "min", INT64_MIN);
	json_array_begin(&writer, "list");
	json_write_bool(&writer, NULL, true);
	json_write_null(&writer, NULL);
	json_object_begin(&writer, NULL);
	json_object_end(&writer);
	json_array_begin(&writer, NULL);
	json_array_end(&writer);
	json_write_bytes(&writer, NULL, SLICE("\xff"));
	json_array_end(&writer);
	json_write_bool(&writer, "no", false);
	json_object_end(&writer);
	assert_string_equal(buf_text(&out), "{\"min\":-9223372036854775808,\"list\":[true,null,{},[],\"\xef\xbf\xbd\"],\"no\":false}");
	buf_reset(&out);
	json_writer_init(&writer, &out);
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		json_array_begin(&writer, NULL);
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		json_array_end(&writer);
	assert_int_equal(out.len, 2 * JSON_DEPTH_MAX);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_write_text),
		cmocka_unit_test(test_write_nested),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
