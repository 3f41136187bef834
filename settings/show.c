/* The effective configuration, by a walk over the schema; and in which key two of them differ. */
#include "settings/show.h"

#include <stdio.h>
#include <string.h>

#define SHOWN_BYTES_MAX (4 * 1024 * 1024)

/* Values that no file holds are shown as one that would be written for them. */
static const char *text_of(const struct key *key, const char *text)
{
	if (text != NULL && text[0] == '\0')
		return key->fallback;
	return text;
}

static bool is_shown(const struct key *key, const void *base);

static bool section_is_shown(const struct key *key, const void *base)
{
	if (key->offset != SETTINGS_NOWHERE && !*(const bool *)((const char *)base + key->offset))
		return false;
	for (size_t i = 0; i < settings_schema_count; i++) {
		if (settings_key_below(&settings_schema[i], key->path) && is_shown(&settings_schema[i], base))
			return true;
	}
	return false;
}

/* Not what was left out and has no default, nor a section that holds nothing else. */
static bool is_shown(const struct key *key, const void *base)
{
	const void *field = (const char *)base + (key->offset == SETTINGS_NOWHERE ? 0 : key->offset);

	switch (key->type) {
	case KEY_SECTION:
		return section_is_shown(key, base);
	case KEY_TEXTS:
	case KEY_WORDS:
		return ((const struct settings_texts *)field)->count > 0;
	case KEY_TEXT:
	case KEY_FILE:
	case KEY_KEY:
	case KEY_SECRET:
	case KEY_PATH:
		return text_of(key, *(const char *const *)field) != NULL;
	case KEY_ITEMS:
	case KEY_BOOL:
	case KEY_NUMBER:
	case KEY_WORD:
		return true;
	case KEY_LATER:
		break;
	}
	return false;
}

static void show_mapping(struct shower *shower, const char *path, const void *base)
{
	for (size_t i = 0; i < settings_schema_count; i++) {
		if (settings_key_below(&settings_schema[i], path))
			settings_show_key(shower, &settings_schema[i], base);
	}
}

static void show_section(struct shower *shower, const struct key *key, const void *base)
{
	shower->calls->section_begin(shower, settings_key_name(key));
	show_mapping(shower, key->path, base);
	shower->calls->section_end(shower);
}

static void show_items(struct shower *shower, const struct key *key, const void *base)
{
	const char *items = *(const char *const *)((const char *)base + key->offset);
	size_t count = *(const size_t *)((const char *)base + key->count_offset);
	char path[SETTINGS_KEY_MAX];

	snprintf(path, sizeof(path), "%s[]", key->path);
	shower->calls->items_begin(shower, settings_key_name(key), count);
	for (size_t i = 0; i < count; i++) {
		shower->calls->section_begin(shower, NULL);
		show_mapping(shower, path, items + i * key->item_bytes);
		shower->calls->section_end(shower);
	}
	shower->calls->items_end(shower);
}

void settings_show_key(struct shower *shower, const struct key *key, const void *base)
{
	const void *field = (const char *)base + (key->offset == SETTINGS_NOWHERE ? 0 : key->offset);
	const unsigned *lines = *(const unsigned *const *)base;
	bool by_default = lines[settings_key_index(key)] == 0;
	const char *name = settings_key_name(key);

	if (!is_shown(key, base))
		return;
	switch (key->type) {
	case KEY_SECTION:
		show_section(shower, key, base);
		return;
	case KEY_ITEMS:
		show_items(shower, key, base);
		return;
	case KEY_BOOL:
		shower->calls->flag(shower, name, *(const bool *)field, by_default);
		return;
	case KEY_NUMBER:
		shower->calls->number(shower, name, *(const int64_t *)field, by_default);
		return;
	case KEY_WORD:
		shower->calls->text(shower, name, key->words[*(const unsigned *)field], by_default);
		return;
	case KEY_TEXTS:
	case KEY_WORDS:
		shower->calls->texts(shower, name, field, by_default);
		return;
	case KEY_TEXT:
	case KEY_FILE:
	case KEY_KEY:
	case KEY_SECRET:
	case KEY_PATH:
		shower->calls->text(shower, name, text_of(key, *(const char *const *)field), by_default);
		return;
	case KEY_LATER:
		return;
	}
}

void settings_show(const struct settings *settings, struct buf *out)
{
	struct shower shower = { .calls = &settings_show_yaml_calls, .out = out };

	show_mapping(&shower, "", settings);
}

void settings_show_json(const struct settings *settings, struct buf *out)
{
	struct shower shower = { .calls = &settings_show_json_calls, .out = out };

	json_writer_init(&shower.json, out);
	json_object_begin(&shower.json, NULL);
	show_mapping(&shower, "", settings);
	json_object_end(&shower.json);
}

/* As JSON in an object: what is shown the same is the same, wherever its lines stand. */
static void show_alone(const struct settings *settings, const struct key *key, struct buf *out)
{
	struct shower shower = { .calls = &settings_show_json_calls, .out = out };

	json_writer_init(&shower.json, out);
	json_object_begin(&shower.json, NULL);
	settings_show_key(&shower, key, settings);
	json_object_end(&shower.json);
}

static bool differs(const struct settings *before, const struct settings *after, const struct key *key)
{
	struct buf one = BUF_INIT(SHOWN_BYTES_MAX);
	struct buf two = BUF_INIT(SHOWN_BYTES_MAX);
	bool different;

	show_alone(before, key, &one);
	show_alone(after, key, &two);
	different = buf_failed(&one) || buf_failed(&two) || !slice_equal(buf_slice(&one), buf_slice(&two));
	buf_free(&two);
	buf_free(&one);
	return different;
}

const char *settings_restart_key(const struct settings *before, const struct settings *after)
{
	for (size_t i = 0; i < settings_schema_count; i++) {
		const struct key *key = &settings_schema[i];

		/* Sections and entries of lists are looked at key by key, and as a whole. */
		if (key->type != KEY_SECTION && strchr(key->path, '[') == NULL && differs(before, after, key))
			return key->path;
	}
	return NULL;
}
