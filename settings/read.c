/* modgate.yaml against the schema: mappings, lists of mappings, defaults, what is missing, what nobody knows. */
#include "settings/settings_private.h"

#include <stdio.h>
#include <string.h>

int settings_memory(const struct settings_reader *reader)
{
	err_set(reader->err, SETTINGS_ERR, "cannot read %s: out of memory", reader->origin);
	return SETTINGS_ERR;
}

static int wrong_type(struct settings_reader *reader, const struct key *key, const struct yaml_node *node)
{
	struct buf expected = BUF_INIT(SETTINGS_TEXT_MAX);
	int code;

	settings_key_expected(key, &expected);
	code = yaml_error(reader->document, node->line, reader->err, "%s is %s; %s was expected", key->path,
		node->type == YAML_SCALAR     ? "a text"
		: node->type == YAML_SEQUENCE ? "a list"
					      : "a mapping",
		buf_text(&expected));
	buf_free(&expected);
	return code;
}

/* "a, b or c": the keys that this mapping may have. */
static void add_siblings(const char *path, struct buf *out)
{
	const char *last = NULL;

	for (size_t i = 0; i < settings_schema_count; i++) {
		const struct key *key = &settings_schema[i];

		if (key->type == KEY_LATER || !settings_key_below(key, path))
			continue;
		if (last != NULL)
			buf_printf(out, "%s%s", out->len > 0 ? ", " : "", last);
		last = settings_key_name(key);
	}
	buf_printf(out, "%s%s", out->len > 0 ? " or " : "", last);
}

static int unknown_key(struct settings_reader *reader, const struct yaml_node *node, const char *path, const char *name)
{
	struct buf siblings = BUF_INIT(SETTINGS_TEXT_MAX);
	int code;

	add_siblings(path, &siblings);
	code = yaml_error(reader->document, node->key_line, reader->err, "unknown key %s; %s was expected", name, buf_text(&siblings));
	buf_free(&siblings);
	return code;
}

static int scope_open(struct settings_reader *reader, const char *path, void *base, struct settings_scope *scope_out)
{
	struct settings_scope scope = { .base = base };

	scope.lines = arena_alloc(reader->arena, settings_schema_count * sizeof(*scope.lines));
	if (scope.lines == NULL)
		return settings_memory(reader);
	*(const unsigned **)base = scope.lines;
	*scope_out = scope;
	return settings_read_defaults(reader, path, &scope);
}

/* An entry that is a text, where the schema says what it stands for. */
static int read_shorthand(struct settings_reader *reader, const struct key *key, const struct yaml_node *node, const struct settings_scope *scope)
{
	char path[SETTINGS_KEY_MAX];
	const struct key *target;

	snprintf(path, sizeof(path), "%s[].%s", key->path, key->shorthand);
	target = settings_key_find(path);
	ASSERT(target != NULL);
	scope->lines[settings_key_index(target)] = node->line;
	return settings_read_value(reader, target, node, scope);
}

static int read_item(struct settings_reader *reader, const struct key *key, const struct yaml_node *node, void *base)
{
	char path[SETTINGS_KEY_MAX];
	struct settings_scope scope = { NULL, NULL };
	int code;

	snprintf(path, sizeof(path), "%s[]", key->path);
	code = scope_open(reader, path, base, &scope);
	if (code < 0)
		return code;
	if (node->type == YAML_SCALAR && key->shorthand != NULL)
		return read_shorthand(reader, key, node, &scope);
	if (node->type != YAML_MAPPING)
		return yaml_error(reader->document, node->line, reader->err, "an entry of %s is no mapping; a mapping was expected", key->path);
	return settings_read_mapping(reader, node, path, &scope);
}

static int read_items(struct settings_reader *reader, const struct key *key, const struct yaml_node *node, const struct settings_scope *scope)
{
	char *items;
	size_t count = 0;

	if (node->type != YAML_SEQUENCE)
		return wrong_type(reader, key, node);
	if (node->count > (size_t)key->max)
		return yaml_error(reader->document, node->line, reader->err, "%s has %zu entries; at most %zu were expected", key->path, node->count,
			(size_t)key->max);
	items = arena_alloc(reader->arena, (node->count + 1) * key->item_bytes);
	if (items == NULL)
		return settings_memory(reader);
	for (const struct yaml_node *child = node->first; child != NULL; child = child->next) {
		int code = read_item(reader, key, child, items + count * key->item_bytes);

		if (code < 0)
			return code;
		count++;
	}
	*(void **)((char *)scope->base + key->offset) = items;
	*(size_t *)((char *)scope->base + key->count_offset) = count;
	return 0;
}

static int read_section(struct settings_reader *reader, const struct key *key, const struct yaml_node *node, const struct settings_scope *scope)
{
	if (node->type != YAML_MAPPING)
		return wrong_type(reader, key, node);
	if (key->offset != SETTINGS_NOWHERE)
		*(bool *)((char *)scope->base + key->offset) = true;
	return settings_read_mapping(reader, node, key->path, scope);
}

static int read_key(struct settings_reader *reader, const struct yaml_node *node, const char *path, const struct settings_scope *scope)
{
	char name[SETTINGS_KEY_MAX];
	const struct key *key;

	snprintf(name, sizeof(name), "%s%s%s", path, path[0] == '\0' ? "" : ".", node->key);
	key = settings_key_find(name);
	if (key == NULL || strchr(node->key, '.') != NULL)
		return unknown_key(reader, node, path, name);
	scope->lines[settings_key_index(key)] = node->key_line;
	switch (key->type) {
	case KEY_LATER:
		return yaml_error(reader->document, node->key_line, reader->err, "the key %s is not in this version; it must be left out", key->path);
	case KEY_SECTION:
		return read_section(reader, key, node, scope);
	case KEY_ITEMS:
		return read_items(reader, key, node, scope);
	case KEY_BOOL:
	case KEY_NUMBER:
	case KEY_TEXT:
	case KEY_WORD:
	case KEY_TEXTS:
	case KEY_WORDS:
	case KEY_FILE:
	case KEY_KEY:
	case KEY_SECRET:
	case KEY_PATH:
		break;
	}
	return settings_read_value(reader, key, node, scope);
}

static int find_missing(struct settings_reader *reader, const struct yaml_node *node, const char *path, const struct settings_scope *scope)
{
	for (size_t i = 0; i < settings_schema_count; i++) {
		const struct key *key = &settings_schema[i];

		if (key->required && scope->lines[i] == 0 && settings_key_below(key, path))
			return yaml_error(reader->document, node->line, reader->err, "%s is missing; a %s was expected: %s", key->path,
				settings_key_type(key), key->doc);
	}
	return 0;
}

int settings_read_mapping(struct settings_reader *reader, const struct yaml_node *node, const char *path, const struct settings_scope *scope)
{
	int code = 0;

	for (const struct yaml_node *child = node->first; code == 0 && child != NULL; child = child->next)
		code = read_key(reader, child, path, scope);
	return code == 0 ? find_missing(reader, node, path, scope) : code;
}

/* Does the key live in the struct of this path: no [] in what follows it? */
static bool lives_in(const struct key *key, const char *path)
{
	size_t len = strlen(path);

	if (strncmp(key->path, path, len) != 0 || (len > 0 && key->path[len] != '.'))
		return false;
	return strstr(key->path + len, "[]") == NULL;
}

/* A default goes the way of a written value, so that it is held to the same rules. */
static int read_default(struct settings_reader *reader, const struct key *key, const struct settings_scope *scope)
{
	struct settings_reader inner = *reader;
	struct yaml_document *document = NULL;
	char text[SETTINGS_KEY_MAX * 2];
	int code;

	snprintf(text, sizeof(text), "default: %s\n", key->fallback);
	code = yaml_parse(key->path, slice_of(text), &document, reader->err);
	if (code < 0)
		return code;
	inner.document = document;
	code = settings_read_value(&inner, key, yaml_get(yaml_root(document), "default"), scope);
	yaml_close(&document);
	return code;
}

int settings_read_defaults(struct settings_reader *reader, const char *path, const struct settings_scope *scope)
{
	int code = 0;

	for (size_t i = 0; code == 0 && i < settings_schema_count; i++) {
		if (settings_schema[i].fallback != NULL && lives_in(&settings_schema[i], path))
			code = read_default(reader, &settings_schema[i], scope);
	}
	return code;
}
