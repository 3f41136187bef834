/* YAML: libyaml's events made into a tree that knows its lines. */
#include "base/yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"

#define ARENA_BYTES_MAX (64 * 1024 * 1024)

struct yaml_document {
	struct arena *arena;
	const char *name;
	struct yaml_node *root;
};

struct reader {
	yaml_parser_t parser;
	struct yaml_document *document;
	struct err *err;
	size_t nodes;
};

static int make_node(struct reader *reader, const yaml_event_t *event, unsigned depth, struct yaml_node **node_out);

static unsigned line_of(yaml_mark_t mark)
{
	return (unsigned)mark.line + 1;
}

int yaml_error(const struct yaml_document *document, unsigned line, struct err *err, const char *format, ...)
{
	char what[ERR_TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return err_set(err, BASE_ERR_INVALID, "%s:%u: %s", document->name, line, what);
}

static int out_of_memory(const struct reader *reader)
{
	return err_set(reader->err, BASE_ERR, "cannot read %s: out of memory", reader->document->name);
}

static int next_event(struct reader *reader, yaml_event_t *event_out)
{
	const yaml_parser_t *parser = &reader->parser;
	unsigned line;

	if (yaml_parser_parse(&reader->parser, event_out))
		return 0;
	if (parser->error == YAML_MEMORY_ERROR)
		return out_of_memory(reader);
	/* The scanner names where it stopped, the parser also where the construct began; a reader error knows only its byte. */
	line = line_of(parser->error == YAML_READER_ERROR ? parser->mark : parser->problem_mark);
	return yaml_error(reader->document, line, reader->err, "not YAML: %s", parser->problem == NULL ? "unreadable" : parser->problem);
}

static int check_plain(const struct reader *reader, const yaml_event_t *event, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	unsigned line = line_of(event->start_mark);

	if (anchor != NULL)
		return yaml_error(reader->document, line, reader->err, "anchor &%s; anchors and aliases are not used here", (const char *)anchor);
	if (tag != NULL)
		return yaml_error(reader->document, line, reader->err, "tag %s; tags are not used here", (const char *)tag);
	return 0;
}

static int fill_scalar(struct reader *reader, const yaml_event_t *event, struct yaml_node *node)
{
	struct slice text = slice_make(event->data.scalar.value, event->data.scalar.length);

	if (check_plain(reader, event, event->data.scalar.anchor, event->data.scalar.tag) < 0)
		return BASE_ERR_INVALID;
	if (slice_has_nul(text))
		return yaml_error(reader->document, node->line, reader->err, "a NUL byte; text was expected");
	node->type = YAML_SCALAR;
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	node->text = arena_text(reader->document->arena, text);
	return node->text == NULL ? out_of_memory(reader) : 0;
}

static void append(struct yaml_node *parent, struct yaml_node **last, struct yaml_node *child)
{
	if (*last == NULL)
		parent->first = child;
	else
		(*last)->next = child;
	*last = child;
	parent->count++;
}

typedef int child_maker(struct reader *reader, const yaml_event_t *event, unsigned depth, struct yaml_node **child_out);

/* The children up to the event that ends the collection; make gets the first event of each. */
static int fill_children(struct reader *reader, yaml_event_type_t end, child_maker *make, unsigned depth, struct yaml_node *node)
{
	struct yaml_node *last = NULL;
	yaml_event_t event;
	int code;

	for (;;) {
		struct yaml_node *child = NULL;
		bool ended;

		code = next_event(reader, &event);
		if (code < 0)
			return code;
		ended = event.type == end;
		if (!ended)
			code = make(reader, &event, depth, &child);
		yaml_event_delete(&event);
		if (code < 0 || ended)
			return code;
		append(node, &last, child);
	}
}

static int fill_sequence(struct reader *reader, struct yaml_node *node, unsigned depth)
{
	node->type = YAML_SEQUENCE;
	return fill_children(reader, YAML_SEQUENCE_END_EVENT, make_node, depth, node);
}

static int make_value(struct reader *reader, const yaml_event_t *key_event, unsigned depth, struct yaml_node **child_out)
{
	struct yaml_node *child = NULL;
	struct yaml_node key = { .line = line_of(key_event->start_mark) };
	yaml_event_t event;
	int code;

	if (key_event->type != YAML_SCALAR_EVENT)
		return yaml_error(reader->document, key.line, reader->err, "a key that is no plain text; `name: value` was expected");
	code = fill_scalar(reader, key_event, &key);
	if (code == 0)
		code = next_event(reader, &event);
	if (code < 0)
		return code;
	code = make_node(reader, &event, depth, &child);
	yaml_event_delete(&event);
	if (code < 0)
		return code;
	child->key = key.text;
	child->key_line = key.line;
	*child_out = child;
	return 0;
}

static int order(const void *a, const void *b)
{
	const struct yaml_node *const *x = a;
	const struct yaml_node *const *y = b;
	int names = strcmp((*x)->key, (*y)->key);

	return names != 0 ? names : ((*x)->key_line > (*y)->key_line) - ((*x)->key_line < (*y)->key_line);
}

/* Sorted, not compared each with each: a mapping may have YAML_NODES_MAX keys. */
static int check_unique(const struct reader *reader, const struct yaml_node *mapping)
{
	const struct yaml_node **sorted;
	size_t n = 0;
	int code = 0;

	if (mapping->count < 2)
		return 0;
	sorted = calloc(mapping->count, sizeof(struct yaml_node *));
	if (sorted == NULL)
		return out_of_memory(reader);
	for (const struct yaml_node *child = mapping->first; child != NULL; child = child->next)
		sorted[n++] = child;
	qsort(sorted, n, sizeof(struct yaml_node *), order);
	for (size_t i = 1; i < n && code == 0; i++) {
		if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0)
			code = yaml_error(reader->document, sorted[i]->key_line, reader->err,
				"the key %s stands here twice (first in line %u); once was expected", sorted[i]->key, sorted[i - 1]->key_line);
	}
	free(sorted);
	return code;
}

static int fill_mapping(struct reader *reader, struct yaml_node *node, unsigned depth)
{
	int code;

	node->type = YAML_MAPPING;
	code = fill_children(reader, YAML_MAPPING_END_EVENT, make_value, depth, node);
	return code < 0 ? code : check_unique(reader, node);
}

static int fill(struct reader *reader, const yaml_event_t *event, unsigned depth, struct yaml_node *node)
{
	int code;

	if (event->type == YAML_SCALAR_EVENT)
		return fill_scalar(reader, event, node);
	if (event->type == YAML_ALIAS_EVENT)
		return yaml_error(reader->document, node->line, reader->err, "alias *%s; anchors and aliases are not used here",
			(const char *)event->data.alias.anchor);
	if (depth >= YAML_DEPTH_MAX)
		return yaml_error(reader->document, node->line, reader->err, "more than %d levels; a flatter file was expected", YAML_DEPTH_MAX);
	if (event->type == YAML_SEQUENCE_START_EVENT) {
		code = check_plain(reader, event, event->data.sequence_start.anchor, event->data.sequence_start.tag);
		return code < 0 ? code : fill_sequence(reader, node, depth + 1);
	}
	ASSERT(event->type == YAML_MAPPING_START_EVENT);
	code = check_plain(reader, event, event->data.mapping_start.anchor, event->data.mapping_start.tag);
	return code < 0 ? code : fill_mapping(reader, node, depth + 1);
}

/* The event is the first of the node; its caller deletes it. depth counts the collections around the node. */
static int make_node(struct reader *reader, const yaml_event_t *event, unsigned depth, struct yaml_node **node_out)
{
	struct yaml_node *node;
	int code;

	if (reader->nodes >= YAML_NODES_MAX)
		return yaml_error(reader->document, line_of(event->start_mark), reader->err, "more than %d values; a smaller file was expected",
			YAML_NODES_MAX);
	reader->nodes++;
	node = arena_alloc(reader->document->arena, sizeof(*node));
	if (node == NULL)
		return out_of_memory(reader);
	node->line = line_of(event->start_mark);
	code = fill(reader, event, depth, node);
	if (code == 0)
		*node_out = node;
	return code;
}

static int expect_event(struct reader *reader, yaml_event_type_t type, bool *is_out)
{
	yaml_event_t event;
	int code = next_event(reader, &event);

	if (code < 0)
		return code;
	*is_out = event.type == type;
	yaml_event_delete(&event);
	return 0;
}

/* The stream's and the document's start are behind us or, in an empty file, the stream's end is. */
static int read_root(struct reader *reader)
{
	struct yaml_document *document = reader->document;
	yaml_event_t event;
	bool is = false;
	int code = next_event(reader, &event);

	if (code < 0)
		return code;
	code = make_node(reader, &event, 0, &document->root);
	yaml_event_delete(&event);
	if (code == 0)
		code = expect_event(reader, YAML_DOCUMENT_END_EVENT, &is);
	if (code == 0)
		code = expect_event(reader, YAML_STREAM_END_EVENT, &is);
	if (code == 0 && !is)
		code = yaml_error(document, line_of(reader->parser.mark), reader->err, "a second document; one was expected");
	return code;
}

static int read_stream(struct reader *reader)
{
	struct yaml_document *document = reader->document;
	bool is = false;
	int code = expect_event(reader, YAML_STREAM_START_EVENT, &is);

	if (code == 0)
		code = expect_event(reader, YAML_DOCUMENT_START_EVENT, &is);
	if (code < 0)
		return code;
	if (is)
		return read_root(reader);
	document->root = arena_alloc(document->arena, sizeof(*document->root));
	if (document->root == NULL)
		return out_of_memory(reader);
	document->root->type = YAML_MAPPING;
	document->root->line = 1;
	return 0;
}

static unsigned line_at(struct slice text, size_t offset)
{
	unsigned line = 1;

	for (size_t i = 0; i < offset; i++)
		line += text.ptr[i] == '\n' ? 1 : 0;
	return line;
}

static int parse(struct yaml_document *document, struct slice text, struct err *err)
{
	struct reader reader = { .document = document, .err = err };
	ptrdiff_t nul = slice_index(text, '\0');
	int code;

	if (text.len > YAML_BYTES_MAX)
		return yaml_error(document, 1, err, "more than %d bytes; a smaller file was expected", YAML_BYTES_MAX);
	if (nul >= 0)
		return yaml_error(document, line_at(text, (size_t)nul), err, "a NUL byte; text was expected");
	if (!yaml_parser_initialize(&reader.parser))
		return out_of_memory(&reader);
	yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&reader.parser, (const unsigned char *)(text.ptr == NULL ? "" : text.ptr), text.len);
	code = read_stream(&reader);
	yaml_parser_delete(&reader.parser);
	return code;
}

int yaml_parse(const char *name, struct slice text, struct yaml_document **document_out, struct err *err)
{
	struct yaml_document *document = calloc(1, sizeof(*document));
	int code = 0;

	if (document != NULL)
		document->arena = arena_open(ARENA_BYTES_MAX);
	if (document != NULL && document->arena != NULL)
		document->name = arena_text(document->arena, slice_of(name));
	if (document == NULL || document->name == NULL)
		code = err_set(err, BASE_ERR, "cannot read %s: out of memory", name);
	if (code == 0)
		code = parse(document, text, err);
	if (code < 0)
		yaml_close(&document);
	else
		*document_out = document;
	return code;
}

int yaml_read(const char *path, struct yaml_document **document_out, struct err *err)
{
	struct buf text = BUF_INIT(YAML_BYTES_MAX);
	int code = file_read(path, &text, err);

	if (code == BASE_ERR_LIMIT)
		code = err_set(err, BASE_ERR_INVALID, "%s:1: more than %d bytes; a smaller file was expected", path, YAML_BYTES_MAX);
	if (code == 0)
		code = yaml_parse(path, buf_slice(&text), document_out, err);
	buf_free(&text);
	return code;
}

void yaml_close(struct yaml_document **document)
{
	if (*document == NULL)
		return;
	arena_close(&(*document)->arena);
	free(*document);
	*document = NULL;
}

const struct yaml_node *yaml_root(const struct yaml_document *document)
{
	return document->root;
}

const char *yaml_name(const struct yaml_document *document)
{
	return document->name;
}

const struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key)
{
	if (mapping == NULL || mapping->type != YAML_MAPPING)
		return NULL;
	for (const struct yaml_node *child = mapping->first; child != NULL; child = child->next) {
		if (strcmp(child->key, key) == 0)
			return child;
	}
	return NULL;
}
