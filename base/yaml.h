/*
 * YAML with marks: libyaml's events as a small tree of nodes that know their line. Refused with "file:line: what; what was expected":
 * aliases and anchors, tags, a second document, NUL, a key twice in one mapping, a key that is no scalar, more than YAML_DEPTH_MAX levels,
 * more than YAML_NODES_MAX nodes, more than YAML_BYTES_MAX bytes.
 */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"

#define YAML_DEPTH_MAX 16
#define YAML_NODES_MAX 100000
#define YAML_BYTES_MAX (4 * 1024 * 1024)

enum yaml_type { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

/* Children: of a mapping in pairs (the child's key is set), of a sequence in order (key NULL). All owned by the document. */
struct yaml_node {
	enum yaml_type type;
	unsigned line; /* from 1; of the key for a mapping's child's value on a later line, `line` is the value's own */
	unsigned key_line;
	const char *key;  /* NUL-ended, without NUL inside */
	const char *text; /* scalar: NUL-ended value */
	bool plain;       /* scalar: written without quotes */
	struct yaml_node *first;
	struct yaml_node *next;
	size_t count; /* children */
};

struct yaml_document;

/* Parses the file (UTF-8). BASE_ERR_ABSENT, BASE_ERR_INVALID (err says file:line: ...), BASE_ERR. An empty file is an empty mapping. */
int yaml_read(const char *path, struct yaml_document **document_out, struct err *err);
/* The same over bytes; name is what messages call the file. */
int yaml_parse(const char *name, struct slice text, struct yaml_document **document_out, struct err *err);
void yaml_close(struct yaml_document **document);

/* The root, a mapping or whatever the file holds. Lives as long as the document. */
const struct yaml_node *yaml_root(const struct yaml_document *document);
/* What messages call the file. */
const char *yaml_name(const struct yaml_document *document);
/* The value of a mapping's key or NULL. */
const struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key);

/* Writes "name:line: what; expected" and returns BASE_ERR_INVALID. */
int yaml_error(const struct yaml_document *document, unsigned line, struct err *err, const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
