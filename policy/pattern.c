/* Module patterns, prepared so that most of them say no (or yes) without a glob. */
#include "policy/policy_private.h"

#include <string.h>

#include "module/path.h"
#include "module/pattern.h"

static bool is_glob(char c)
{
	return c == '*' || c == '?' || c == '[' || c == ']' || c == '\\';
}

/* Of a module path or of a glob over one. */
static bool may_stand(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c != '\0' && strchr("-._~/*?[]^\\", c) != NULL);
}

int policy_pattern_check(struct slice text, struct err *err)
{
	if (module_pattern_check(text, err) < 0)
		return POLICY_ERR_INVALID;
	if (module_pattern_has_dots(text))
		return err_set(err, POLICY_ERR_INVALID, MODULE_PATTERN_DOTS);
	for (size_t i = 0; i < text.len; i++) {
		if (!may_stand(text.ptr[i]))
			return err_set(err, POLICY_ERR_INVALID, "no module path holds '%c', so it would match nothing", text.ptr[i]);
	}
	if (text.ptr[0] == '/' || slice_find(text, SLICE("//")) >= 0)
		return err_set(err, POLICY_ERR_INVALID, "no module path has an empty element, so it would match nothing");
	return 0;
}

void policy_pattern_init(struct pattern *pattern, struct slice text)
{
	size_t literal = 0;
	size_t tail;

	if (text.len > 0 && text.ptr[text.len - 1] == '/')
		text.len--;
	tail = text.len;
	while (literal < text.len && !is_glob(text.ptr[literal]))
		literal++;
	while (tail > literal && !is_glob(text.ptr[tail - 1]))
		tail--;
	pattern->text = text;
	pattern->literal = slice_sub(text, 0, literal);
	pattern->tail = slice_after(text, tail);
	pattern->plain = literal == text.len;
	pattern->elements = 1;
	for (size_t i = 0; i < text.len; i++)
		pattern->elements += text.ptr[i] == '/';
}

/* The first so many elements of a path. False: it has fewer, and no glob matches it then, not even by a '/' in a class. */
static bool first_elements(struct slice path, size_t elements, struct slice *first_out)
{
	struct slice rest = path;
	ptrdiff_t slash = slice_index(rest, '/');

	for (; elements > 1; elements--) {
		if (slash < 0)
			return false;
		rest = slice_after(rest, (size_t)slash + 1);
		slash = slice_index(rest, '/');
	}
	*first_out = slash < 0 ? path : slice_sub(path, 0, path.len - rest.len + (size_t)slash);
	return true;
}

bool policy_pattern_match(const struct pattern *pattern, struct slice module)
{
	struct slice part;

	if (!slice_starts(module, pattern->literal))
		return false;
	if (pattern->plain)
		return module_path_has_prefix(module, pattern->text);
	return first_elements(module, pattern->elements, &part) && slice_ends(part, pattern->tail) && module_glob_match(pattern->text, part);
}

const struct pattern *policy_patterns_find(const struct pattern_list *list, struct slice module)
{
	for (size_t i = 0; i < list->count; i++) {
		if (policy_pattern_match(&list->items[i], module))
			return &list->items[i];
	}
	return NULL;
}
