/* One value of modgate.yaml: its type, its bounds, its form, and whether the file it names is there. */
#include "settings/settings_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static int wrong(struct settings_reader *reader, const struct key *key, const struct yaml_node *node, const char *what)
{
	struct buf expected = BUF_INIT(SETTINGS_TEXT_MAX);
	int code;

	settings_key_expected(key, &expected);
	code = yaml_error(reader->document, node->line, reader->err, "%s is %s; %s was expected", key->path, what, buf_text(&expected));
	buf_free(&expected);
	return code;
}

static bool says_nothing(const struct yaml_node *node)
{
	return node->text[0] == '\0' || (node->plain && (strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0));
}

static bool has_control(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	}
	return false;
}

/* A scalar that says something, is not too long and is of the key's form; copied. */
static int read_text(struct settings_reader *reader, const struct key *key, const struct yaml_node *node, const char **text_out)
{
	struct err why = ERR_INIT;
	const char *text;

	if (node->type != YAML_SCALAR)
		return wrong(reader, key, node, node->type == YAML_SEQUENCE ? "a list" : "a mapping");
	if (says_nothing(node))
		return wrong(reader, key, node, "empty");
	if (strlen(node->text) > SETTINGS_TEXT_MAX)
		return yaml_error(
			reader->document, node->line, reader->err, "%s is too long; at most %d bytes were expected", key->path, SETTINGS_TEXT_MAX);
	if (has_control(node->text) || !slice_is_utf8(slice_of(node->text)))
		return yaml_error(
			reader->document, node->line, reader->err, "%s holds a control character; one printable line was expected", key->path);
	if (key->form != NULL && key->form(node->text, &why) < 0)
		return yaml_error(reader->document, node->line, reader->err, "%s is \"%.200s\": %s", key->path, settings_shown(node->text), why.text);
	text = arena_text(reader->arena, slice_of(node->text));
	if (text == NULL)
		return settings_memory(reader);
	*text_out = text;
	return 0;
}

static int find_word(struct settings_reader *reader, const struct key *key, const struct yaml_node *node, unsigned *index_out)
{
	const char *text = "";
	int code = read_text(reader, key, node, &text);

	if (code < 0)
		return code;
	for (unsigned i = 0; key->words[i] != NULL; i++) {
		if (strcmp(text, key->words[i]) == 0) {
			*index_out = i;
			return 0;
		}
	}
	return wrong(reader, key, node, text);
}

static int read_bool(struct settings_reader *reader, const struct key *key, const struct yaml_node *node, bool *flag_out)
{
	bool yes = node->type == YAML_SCALAR && node->plain && strcmp(node->text, "true") == 0;
	bool no = node->type == YAML_SCALAR && node->plain && strcmp(node->text, "false") == 0;

	if (!yes && !no)
		return wrong(reader, key, node, "neither true nor false");
	*flag_out = yes;
	return 0;
}

static int read_number(struct settings_reader *reader, const struct key *key, const struct yaml_node *node, int64_t *number_out)
{
	long long number = 0;

	if (node->type != YAML_SCALAR || !node->plain || !slice_to_number(slice_of(node->text), &number))
		return wrong(reader, key, node, "no number");
	if (number < key->min || number > key->max)
		return wrong(reader, key, node, node->text);
	*number_out = number;
	return 0;
}

static int read_list_entry(struct settings_reader *reader, const struct key *key, const struct yaml_node *node, const char **text_out)
{
	unsigned word = 0;
	int code;

	if (key->words == NULL)
		return read_text(reader, key, node, text_out);
	code = find_word(reader, key, node, &word);
	if (code == 0)
		*text_out = key->words[word];
	return code;
}

static int read_texts(struct settings_reader *reader, const struct key *key, const struct yaml_node *node, struct settings_texts *texts_out)
{
	const char **items;
	size_t count = 0;

	if (node->type != YAML_SEQUENCE)
		return wrong(reader, key, node, node->type == YAML_SCALAR ? "a text" : "a mapping");
	if (node->count == 0)
		return yaml_error(
			reader->document, node->line, reader->err, "%s is an empty list; at least one entry was expected, or no such key", key->path);
	if (node->count > (size_t)key->max)
		return yaml_error(reader->document, node->line, reader->err, "%s has %zu entries; at most %zu were expected", key->path, node->count,
			(size_t)key->max);
	items = arena_alloc(reader->arena, node->count * sizeof(*items));
	if (items == NULL)
		return settings_memory(reader);
	for (const struct yaml_node *child = node->first; child != NULL; child = child->next) {
		int code = read_list_entry(reader, key, child, &items[count]);

		if (code < 0)
			return code;
		for (size_t i = 0; i < count; i++) {
			if (strcmp(items[i], items[count]) == 0)
				return yaml_error(reader->document, child->line, reader->err, "%s names %.200s twice; each entry once was expected",
					key->path, items[i]);
		}
		count++;
	}
	*texts_out = (struct settings_texts){ .items = items, .count = count };
	return 0;
}

const char *settings_beside(struct settings_reader *reader, const char *path)
{
	char *found = file_beside(reader->origin, path);
	const char *copy = found == NULL ? NULL : arena_text(reader->arena, slice_of(found));

	free(found);
	return copy;
}

/* Why the file cannot be used, in err; 0 when it can. */
static int look_at_file(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return err_set(err, SETTINGS_ERR_INVALID, "%s cannot be found (%s)", path, strerror(errno));
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode))
		return err_set(err, SETTINGS_ERR_INVALID, "%s is no file", path);
	if (access(path, R_OK) != 0)
		return err_set(err, SETTINGS_ERR_INVALID, "%s cannot be read (%s)", path, strerror(errno));
	return 0;
}

/* Reads it once and forgets it: the one who uses it reads it again. */
static int look_at_secret(const char *source, struct err *err)
{
	struct buf secret = BUF_INIT(FILE_SECRET_BYTES_MAX);
	int code = file_read_secret(source, &secret, err);

	buf_wipe(&secret);
	return code;
}

static int read_path(struct settings_reader *reader, const struct key *key, const struct yaml_node *node, const char **path_out)
{
	struct err why = ERR_INIT;
	const char *text = "";
	bool from_environment;
	int code = read_text(reader, key, node, &text);

	if (code < 0)
		return code;
	from_environment = strncmp(text, "env:", 4) == 0;
	if (from_environment && key->type != KEY_SECRET)
		return wrong(reader, key, node, "env:");
	if (!from_environment)
		text = settings_beside(reader, text);
	if (text == NULL)
		return settings_memory(reader);
	if (key->type == KEY_FILE)
		code = look_at_file(text, &why);
	else if (key->type != KEY_PATH)
		code = look_at_secret(text, &why);
	if (code < 0)
		return yaml_error(
			reader->document, node->line, reader->err, "%s: %s; a readable %s was expected", key->path, why.text, settings_key_type(key));
	*path_out = text;
	return 0;
}

int settings_read_value(struct settings_reader *reader, const struct key *key, const struct yaml_node *node, const struct settings_scope *scope)
{
	void *field = (char *)scope->base + key->offset;

	switch (key->type) {
	case KEY_BOOL:
		return read_bool(reader, key, node, field);
	case KEY_NUMBER:
		return read_number(reader, key, node, field);
	case KEY_TEXT:
		return read_text(reader, key, node, field);
	case KEY_WORD:
		return find_word(reader, key, node, field);
	case KEY_TEXTS:
	case KEY_WORDS:
		return read_texts(reader, key, node, field);
	case KEY_FILE:
	case KEY_KEY:
	case KEY_SECRET:
	case KEY_PATH:
		return read_path(reader, key, node, field);
	case KEY_SECTION:
	case KEY_ITEMS:
	case KEY_LATER:
		break;
	}
	ASSERT(!"settings_read_value: a key that holds other keys");
	return SETTINGS_ERR;
}
