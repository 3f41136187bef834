/* The schema in words: what a value must be. */
#include "settings/settings_private.h"

#include <inttypes.h>

static const char *const types[] = { [KEY_SECTION] = "mapping",
	[KEY_ITEMS] = "list of mappings",
	[KEY_BOOL] = "true or false",
	[KEY_NUMBER] = "number",
	[KEY_TEXT] = "text",
	[KEY_WORD] = "word",
	[KEY_TEXTS] = "list of texts",
	[KEY_WORDS] = "list of words",
	[KEY_FILE] = "file",
	[KEY_KEY] = "private file",
	[KEY_SECRET] = "private file or env:NAME",
	[KEY_PATH] = "path",
	[KEY_LATER] = "later" };
_Static_assert(sizeof(types) / sizeof(types[0]) == KEY_LATER + 1, "every type has its word");

const char *settings_key_type(const struct key *key)
{
	return types[key->type];
}

static void add_words(const struct key *key, struct buf *out)
{
	for (size_t i = 0; key->words[i] != NULL; i++) {
		if (i > 0)
			buf_add_text(out, key->words[i + 1] == NULL ? " or " : ", ");
		buf_add_text(out, key->words[i]);
	}
}

void settings_key_expected(const struct key *key, struct buf *out)
{
	switch (key->type) {
	case KEY_WORD:
		add_words(key, out);
		return;
	case KEY_NUMBER:
		if (key->min == key->max)
			buf_printf(out, "the number %" PRId64, key->min);
		else
			buf_printf(out, "a number from %" PRId64 " to %" PRId64 " (%s)", key->min, key->max, key->unit);
		return;
	case KEY_WORDS:
		buf_add_text(out, "a list of ");
		add_words(key, out);
		return;
	case KEY_TEXTS:
	case KEY_ITEMS:
		buf_printf(out, "a %s, at most %" PRId64, types[key->type], key->max);
		return;
	case KEY_BOOL:
		buf_add_text(out, types[key->type]);
		return;
	case KEY_SECTION:
	case KEY_TEXT:
	case KEY_FILE:
	case KEY_KEY:
	case KEY_SECRET:
	case KEY_PATH:
	case KEY_LATER:
		buf_printf(out, "a %s", types[key->type]);
		return;
	}
}
