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
#include "settings/settings_private.h"

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

/* A key, what it must be, and its sentence. */
static void write_key(const struct key *key, struct buf *out)
{
	struct buf text = BUF_INIT(BYTES_MAX);
	buf_add_text(out, ".TP\n.B ");
	add_line(out, slice_of(key->path));
	settings_key_expected(key, &text);
	if (key->required)
		buf_add_text(&text, "; required");
	if (key->fallback != NULL)
		buf_printf(&text, "; default %s", key->fallback);
	add_line(out, buf_slice(&text));
	buf_add_text(out, ".br\n");
	add_line(out, slice_of(key->doc));
	buf_free(&text);
}

static void write_section(struct buf *out)
{
	buf_add_text(out, ".SH KEYS\n");
	for (size_t i = 0; i < settings_schema_count; i++)
		if (settings_schema[i].type != KEY_LATER)
			write_key(&settings_schema[i], out);
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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_keys) };
	if (argc > 1 && strcmp(argv[1], "--print") == 0) {
		struct buf section = BUF_INIT(BYTES_MAX);
		write_section(&section);
		fputs(buf_text(&section), stdout);
		buf_free(&section);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
