/* Module patterns, prepared so that most of them say no (or yes) without a glob. */
#include "policy/policy_private.h"

#include "module/path.h"
#include "module/pattern.h"

static bool is_glob(char c)
{
	return c == '*' || c == '?' || c == '[' || c == '\\';
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

	if (text.len > 0 && text.ptr[text.len - 1] == '/')
		text.len--;
	while (literal < text.len && !is_glob(text.ptr[literal]))
		literal++;
	pattern->text = text;
	pattern->literal = slice_sub(text, 0, literal);
	pattern->plain = literal == text.len;
}

bool policy_pattern_match(const struct pattern *pattern, struct slice module)
{
	if (!slice_starts(module, pattern->literal))
		return false;
	if (pattern->plain)
		return module_path_has_prefix(module, pattern->text);
	return module_pattern_match(pattern->text, module);
}

const struct pattern *policy_patterns_find(const struct pattern_list *list, struct slice module)
{
	for (size_t i = 0; i < list->count; i++) {
		if (policy_pattern_match(&list->items[i], module))
			return &list->items[i];
	}
	return NULL;
}
