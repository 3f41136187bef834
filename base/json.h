/*
 * JSON. Reading: jansson behind an opaque document; duplicate keys, NUL and trailing bytes are refused. Writing: straight into a buf,
 * with the commas and the escaping done here (so no JSON is ever put together by printf). RFC 8259.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#define JSON_DEPTH_MAX 32

/* A value inside a document; NULL stands for "absent" and every function below takes it. Borrowed from the document. */
struct json;

/* The root must be an object or an array, nested at most JSON_DEPTH_MAX deep. BASE_ERR_INVALID. Close with json_close(). */
int json_parse(struct slice text, struct json **root_out, struct err *err);
void json_close(struct json **root);

/* (jansson has names that other rooms' libraries must go on finding: json_string, json_integer, json_type. So ours differ.) */
enum json_kind {
	JSON_KIND_ABSENT,
	JSON_KIND_NULL,
	JSON_KIND_BOOL,
	JSON_KIND_INTEGER,
	JSON_KIND_REAL,
	JSON_KIND_TEXT,
	JSON_KIND_ARRAY,
	JSON_KIND_OBJECT
};
enum json_kind json_kind(const struct json *value);
/* Member of an object by name; NULL if absent or not an object. */
const struct json *json_get(const struct json *object, const char *name);
size_t json_count(const struct json *array);
const struct json *json_at(const struct json *array, size_t index);
/* False, and out untouched, when the kind differs. Texts are valid UTF-8 without NUL. */
bool json_to_text(const struct json *value, struct slice *text_out);
bool json_to_int(const struct json *value, int64_t *number_out);
bool json_to_bool(const struct json *value, bool *flag_out);
/* Walks the members of an object in file order: start with *iterator NULL. False at the end. */
bool json_next(const struct json *object, void **iterator, const char **name_out, const struct json **value_out);

/* The writer: begin/end nest up to JSON_DEPTH_MAX (deeper is a bug). name is our own text, NULL inside arrays and at the root. */
struct json_writer {
	struct buf *out;
	unsigned depth;
	bool comma[JSON_DEPTH_MAX + 1]; /* by depth: something stands there already */
};
void json_writer_init(struct json_writer *writer, struct buf *out);
void json_object_begin(struct json_writer *writer, const char *name);
void json_object_end(struct json_writer *writer);
void json_array_begin(struct json_writer *writer, const char *name);
void json_array_end(struct json_writer *writer);
/* Should be UTF-8: each byte that is not becomes U+FFFD (json_write_bytes loses nothing). Escapes " \ control characters, U+2028 and U+2029. */
void json_write_text(struct json_writer *writer, const char *name, struct slice text);
/* As json_write_text when the bytes are UTF-8, else as member "<name>_b64" in base64. Inside an array, where no name can tell, as json_write_text. */
void json_write_bytes(struct json_writer *writer, const char *name, struct slice bytes);
void json_write_int(struct json_writer *writer, const char *name, int64_t number);
void json_write_bool(struct json_writer *writer, const char *name, bool flag);
void json_write_null(struct json_writer *writer, const char *name);

#endif
