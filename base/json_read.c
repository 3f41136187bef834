/* Reading JSON: jansson behind an opaque document. */
#include "base/json.h"

#include <jansson.h>

static json_t *inner(const struct json *value)
{
	return (json_t *)value;
}

static const struct json *outer(const json_t *value)
{
	return (const struct json *)value;
}

/* How deep brackets nest outside of strings. Whether they match is the parser's business. */
static size_t nesting(struct slice text)
{
	size_t depth = 0;
	size_t deepest = 0;
	bool quoted = false;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '{' || c == '['))
			depth++;
		else if (!quoted && (c == '}' || c == ']') && depth > 0)
			depth--;
		if (depth > deepest)
			deepest = depth;
	}
	return deepest;
}

int json_parse(struct slice text, struct json **root_out, struct err *err)
{
	json_error_t error;
	json_t *root;

	if (nesting(text) > JSON_DEPTH_MAX)
		return err_set(err, BASE_ERR_INVALID, "JSON nests deeper than %d levels", JSON_DEPTH_MAX);
	root = json_loadb(text.ptr == NULL ? "" : text.ptr, text.len, JSON_REJECT_DUPLICATES, &error);
	if (root == NULL)
		return err_set(err, BASE_ERR_INVALID, "not JSON, line %d: %s", error.line, error.text);
	*root_out = (struct json *)root;
	return 0;
}

void json_close(struct json **root)
{
	if (*root == NULL)
		return;
	json_decref(inner(*root));
	*root = NULL;
}

enum json_kind json_kind(const struct json *value)
{
	if (value == NULL)
		return JSON_KIND_ABSENT;
	switch (json_typeof(inner(value))) {
	case JSON_OBJECT:
		return JSON_KIND_OBJECT;
	case JSON_ARRAY:
		return JSON_KIND_ARRAY;
	case JSON_STRING:
		return JSON_KIND_TEXT;
	case JSON_INTEGER:
		return JSON_KIND_INTEGER;
	case JSON_REAL:
		return JSON_KIND_REAL;
	case JSON_TRUE:
	case JSON_FALSE:
		return JSON_KIND_BOOL;
	case JSON_NULL:
		return JSON_KIND_NULL;
	}
	return JSON_KIND_ABSENT;
}

const struct json *json_get(const struct json *object, const char *name)
{
	return outer(json_object_get(inner(object), name));
}

size_t json_count(const struct json *array)
{
	return json_array_size(inner(array));
}

const struct json *json_at(const struct json *array, size_t index)
{
	return outer(json_array_get(inner(array), index));
}

bool json_to_text(const struct json *value, struct slice *text_out)
{
	if (json_kind(value) != JSON_KIND_TEXT)
		return false;
	*text_out = slice_make(json_string_value(inner(value)), json_string_length(inner(value)));
	return true;
}

bool json_to_int(const struct json *value, int64_t *number_out)
{
	if (json_kind(value) != JSON_KIND_INTEGER)
		return false;
	*number_out = json_integer_value(inner(value));
	return true;
}

bool json_to_bool(const struct json *value, bool *flag_out)
{
	if (json_kind(value) != JSON_KIND_BOOL)
		return false;
	*flag_out = json_is_true(inner(value));
	return true;
}

bool json_next(const struct json *object, void **iterator, const char **name_out, const struct json **value_out)
{
	void *at = *iterator == NULL ? json_object_iter(inner(object)) : json_object_iter_next(inner(object), *iterator);

	if (at == NULL)
		return false;
	*iterator = at;
	*name_out = json_object_iter_key(at);
	*value_out = outer(json_object_iter_value(at));
	return true;
}
