#include "base/yaml.h"

#include "base/buf.h"
#include "base/file.h"
#include "tests/base/rows.h"

/* The tree as text: lines of the nodes, keys and their lines, plain scalars bare, quoted ones quoted. */
static void print(struct buf *out, const struct yaml_node *node)
{
	if (node->key != NULL)
		buf_printf(out, "%s@%u=", node->key, node->key_line);
	if (node->type == YAML_SCALAR) {
		buf_printf(out, node->plain ? "%s@%u" : "'%s'@%u", node->text, node->line);
		return;
	}
	buf_printf(out, "%s%zu@%u(", node->type == YAML_MAPPING ? "map" : "list", node->count, node->line);
	for (const struct yaml_node *child = node->first; child != NULL; child = child->next) {
		print(out, child);
		if (child->next != NULL)
			buf_add_char(out, ' ');
	}
	buf_add_char(out, ')');
}

static void test_tree(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		const char *want;
	} rows[] = {
		{ "empty", "", "map0@1()" },
		{ "only a comment", "# nothing\n", "map0@1()" },
		{ "pairs", "a: 1\nb: 'two'\n", "map2@1(a@1=1@1 b@2='two'@2)" },
		{ "value on a later line", "a:\n  b:\n    c\n", "map1@1(a@1=map1@2(b@2=c@3))" },
		{ "lists", "a:\n- x\n- \"y\"\n- []\n", "map1@1(a@1=list3@2(x@2 'y'@3 list0@4()))" },
		{ "flow", "a: { b: [1, 2], c: {} }", "map1@1(a@1=map2@1(b@1=list2@1(1@1 2@1) c@1=map0@1()))" },
		{ "no value", "a:\nb: 1\n", "map2@1(a@1=@1 b@2=1@2)" },
		{ "root list", "- 1\n", "list1@1(1@1)" },
		{ "root scalar", "x", "x@1" },
		{ "explicit document", "---\na: 1\n...\n", "map1@2(a@2=1@2)" },
		{ "carriage returns", "a: 1\r\nb: 2\r\n", "map2@1(a@1=1@1 b@2=2@2)" },
		{ "UTF-8", "\xc3\xbc: \xe2\x82\xac\n", "map1@1(\xc3\xbc@1=\xe2\x82\xac@1)" },
		{ "folded", "a: >-\n  x\n  y\n", "map1@1(a@1='x y'@1)" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct yaml_document *document = NULL;
		struct buf out = BUF_INIT(1000);
		struct err err = ERR_INIT;

		CHECK(rows[i].name, yaml_parse("f.yaml", slice_of(rows[i].in), &document, &err) == 0);
		print(&out, yaml_root(document));
		if (strcmp(buf_text(&out), rows[i].want) != 0)
			fail_msg("row \"%s\": %s", rows[i].name, buf_text(&out));
		buf_free(&out);
		yaml_close(&document);
		yaml_close(&document);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *name;
		struct slice in;
		const char *want; /* how the sentence begins */
	} rows[] = {
		{ "alias", BYTES("a: 1\nb: *x\n"), "f.yaml:2: alias *x" },
		{ "anchor on a scalar", BYTES("a: &x 1\n"), "f.yaml:1: anchor &x" },
		{ "anchor on a list", BYTES("a:\n  &x [1]\n"), "f.yaml:2: anchor &x" },
		{ "anchor on a mapping", BYTES("a: &x {}\n"), "f.yaml:1: anchor &x" },
		{ "anchor on a key", BYTES("&x a: 1\n"), "f.yaml:1: anchor &x" },
		{ "tag", BYTES("a: !!str 1\n"), "f.yaml:1: tag tag:yaml.org,2002:str" },
		{ "tag on a list", BYTES("a: !x []\n"), "f.yaml:1: tag !x" },
		{ "tag on a mapping", BYTES("--- !x\na: 1\n"), "f.yaml:1: tag !x" },
		{ "second document", BYTES("a: 1\n---\nb: 1\n"), "f.yaml:" },
		{ "key twice", BYTES("a: 1\nb: 2\na: 3\n"), "f.yaml:3: the key a stands here twice (first in line 1)" },
		{ "key twice below", BYTES("x:\n- { b: 1, b: 2 }\n"), "f.yaml:2: the key b" },
		{ "key twice, quoted once", BYTES("a: 1\n'a': 3\n"), "f.yaml:2: the key a" },
		{ "key that is a list", BYTES("a: 1\n? [x]\n: 1\n"), "f.yaml:2: a key that is no plain text" },
		{ "alias as key", BYTES("*x : 1\n"), "f.yaml:1: a key that is no plain text" },
		{ "NUL byte", BYTES("a: 1\nb: \0\n"), "f.yaml:2: a NUL byte" },
		{ "NUL at the end", BYTES("a: 1\n\0"), "f.yaml:2: a NUL byte" },
		{ "NUL escape", BYTES("a: 1\nb: \"\\0\"\n"), "f.yaml:2: a NUL byte" },
		{ "NUL escape in a key", BYTES("\"a\\0\": 1\n"), "f.yaml:1: a NUL byte" },
		{ "tab", BYTES("a:\n\tb: 1\n"), "f.yaml:2: not YAML" },
		{ "unclosed", BYTES("a: [1\nb: 2\n"), "f.yaml:2: not YAML" },
		{ "invalid UTF-8", BYTES("a: 1\nb: \xff\n"), "f.yaml:" },
		{ "UTF-16",
			BYTES("\xff\xfe"
			      "a\0"),
			"f.yaml:1: a NUL byte" },
		{ "bad indentation", BYTES("a: 1\n b: 2\n"), "f.yaml:2: not YAML" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct yaml_document *document = NULL;
		struct err err = ERR_INIT;

		CHECK(rows[i].name, yaml_parse("f.yaml", rows[i].in, &document, &err) == BASE_ERR_INVALID);
		CHECK(rows[i].name, document == NULL);
		if (strncmp(err.text, rows[i].want, strlen(rows[i].want)) != 0)
			fail_msg("row \"%s\": %s", rows[i].name, err.text);
	}
}

static void fill(struct buf *text, const char *before, size_t times, const char *after)
{
	for (size_t i = 0; i < times; i++)
		buf_add_text(text, before);
	for (size_t i = 0; i < times; i++)
		buf_add_text(text, after);
}

static void test_limits(void **state)
{
	static const struct {
		const char *name;
		const char *before;
		size_t times;
		const char *after;
		int want;
	} rows[] = {
		{ "N levels", "[", YAML_DEPTH_MAX, "]", 0 },
		{ "N+1 levels", "[", YAML_DEPTH_MAX + 1, "]", BASE_ERR_INVALID },
		{ "a hundred thousand levels", "[", 100000, "]", BASE_ERR_INVALID },
		{ "N nodes, the list is one", "- 1\n", YAML_NODES_MAX - 1, "", 0 },
		{ "N+1 nodes", "- 1\n", YAML_NODES_MAX, "", BASE_ERR_INVALID },
		{ "N bytes", "#23456789012345\n", YAML_BYTES_MAX / 16, "", 0 },
		{ "more bytes", "#23456789012345\n", YAML_BYTES_MAX / 16 + 1, "", BASE_ERR_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct yaml_document *document = NULL;
		struct buf text = BUF_INIT(2 * YAML_BYTES_MAX);
		struct err err = ERR_INIT;

		fill(&text, rows[i].before, rows[i].times, rows[i].after);
		CHECK(rows[i].name, yaml_parse("f.yaml", buf_slice(&text), &document, &err) == rows[i].want);
		CHECK(rows[i].name, rows[i].want == 0 || strstr(err.text, "more than") != NULL);
		yaml_close(&document);
		buf_free(&text);
	}
}

static void test_many_keys(void **state)
{
	struct yaml_document *document = NULL;
	struct buf text = BUF_INIT(YAML_BYTES_MAX);

	(void)state;
	for (int i = 0; i < 90000; i++)
		buf_printf(&text, "key-%d: v\n", i);
	assert_int_equal(yaml_parse("f.yaml", buf_slice(&text), &document, NULL), 0);
	assert_string_equal(yaml_get(yaml_root(document), "key-89999")->text, "v");
	assert_null(yaml_get(yaml_root(document), "key-90000"));
	assert_null(yaml_get(yaml_root(document)->first, "x"));
	assert_null(yaml_get(NULL, "x"));
	yaml_close(&document);
	buf_free(&text);
}

static void test_read(void **state)
{
	const char *path = scratch_path(state, "x.yaml");
	struct yaml_document *document = NULL;
	struct err err = ERR_INIT;
	struct buf big = BUF_INIT(YAML_BYTES_MAX + 1);
	char want[600];

	assert_int_equal(yaml_read(path, &document, &err), BASE_ERR_ABSENT);
	assert_int_equal(file_write(path, SLICE("a: 1\n"), 0600, NULL), 0);
	assert_int_equal(yaml_read(path, &document, &err), 0);
	assert_string_equal(yaml_name(document), path);
	assert_string_equal(yaml_get(yaml_root(document), "a")->text, "1");
	assert_int_equal(yaml_error(document, 7, &err, "%s is odd; %d was expected", "a", 2), BASE_ERR_INVALID);
	snprintf(want, sizeof(want), "%s:7: a is odd; 2 was expected", path);
	assert_string_equal(err.text, want);
	yaml_close(&document);
	fill(&big, "#", YAML_BYTES_MAX + 1, "");
	assert_int_equal(file_write(path, buf_slice(&big), 0600, NULL), 0);
	assert_int_equal(yaml_read(path, &document, &err), BASE_ERR_INVALID);
	buf_free(&big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_many_keys),
		cmocka_unit_test(test_read),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
