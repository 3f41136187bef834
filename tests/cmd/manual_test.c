/*
 * docs/modgate.yaml.5 tells every key of the schema, in its order and in its words, and no other. After a change of the schema:
 * manual_test --print writes what belongs between KEYS and the next heading.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/file.h"
#include "settings/settings.h"

#define MANUAL    "docs/modgate.yaml.5"
#define BYTES_MAX (1024 * 1024)

/* A line of text as roff has it. */
static void add_line(struct buf *out, struct slice line)
{
	if (slice_starts(line, SLICE(".")) || slice_starts(line, SLICE("'")))
		buf_add_text(out, "\\&");
	for (size_t i = 0; i < line.len; i++)
		if (line.ptr[i] == '\\')
			buf_add_text(out, "\\e");
		else
			buf_add_char(out, line.ptr[i]);
	buf_add_char(out, '\n');
}

/* settings_describe() writes a key on a line of its own, then two indented lines: what it must be, and its sentence. */
static void write_section(struct buf *out)
{
	struct buf text = BUF_INIT(BYTES_MAX);
	struct slice rest, line;
	bool first = false;
	settings_describe(&text);
	rest = buf_slice(&text);
	buf_add_text(out, ".SH KEYS\n");
	while (slice_next(&rest, '\n', &line)) {
		bool is_key = !slice_starts(line, SLICE(" "));
		buf_add_text(out, is_key ? ".TP\n.B " : first ? "" : ".br\n");
		add_line(out, slice_trim(line));
		first = is_key;
	}
	buf_free(&text);
}

static void test_keys(void **state)
{
	struct buf manual = BUF_INIT(BYTES_MAX), section = BUF_INIT(BYTES_MAX);
	struct err err = ERR_INIT;
	(void)state;
	if (file_read(MANUAL, &manual, &err) != 0)
		fail_msg("%s (run from the top of the tree)", err.text);
	write_section(&section);
	assert_false(buf_failed(&section));
	ptrdiff_t at = slice_find(buf_slice(&manual), SLICE(".SH KEYS\n"));
	assert_true(at >= 0);
	struct slice there = slice_after(buf_slice(&manual), (size_t)at);
	ptrdiff_t end = slice_find(slice_after(there, 1), SLICE("\n.SH "));
	assert_true(end >= 0);
	there = slice_sub(there, 0, (size_t)end + 2);
	size_t same = 0;
	while (same < there.len && same < section.len && there.ptr[same] == section.ptr[same])
		same++;
	if (same != there.len || same != section.len)
		fail_msg("%s differs from the schema here:\n%.200s\nThe schema says:\n%.200s", MANUAL, there.ptr + same, section.ptr + same);
	buf_free(&manual);
	buf_free(&section);
}

/* The section above comes from settings_describe(): is that every key of this version, and no later one? */
static void test_described(void **state)
{
	struct buf text = BUF_INIT(BYTES_MAX);
	struct settings_key key;
	size_t lines = 0, keys = 0;
	struct slice rest, line;
	(void)state;
	buf_add_char(&text, '\n');
	settings_describe(&text);
	for (size_t i = 0; settings_key_at(i, &key); i++) {
		char name[SETTINGS_TEXT_MAX];
		snprintf(name, sizeof(name), "\n%s\n", key.path);
		if ((slice_find(buf_slice(&text), slice_of(name)) >= 0) == key.later)
			fail_msg("%s is %s", key.path, key.later ? "described, and not in this version" : "not described");
		keys += !key.later;
	}
	rest = buf_slice(&text);
	while (slice_next(&rest, '\n', &line))
		lines += line.len > 0;
	assert_int_equal(lines, 3 * keys);
	buf_free(&text);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_keys), cmocka_unit_test(test_described) };
	if (argc > 1 && strcmp(argv[1], "--print") == 0) {
		struct buf section = BUF_INIT(BYTES_MAX);
		write_section(&section);
		fputs(buf_text(&section), stdout);
		buf_free(&section);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
