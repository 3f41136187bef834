/* GOPRIVATE-style patterns: each is a glob for the first elements of a module path. */
#include "module/pattern.h"

#include "module/path.h"
#include "module/unicode.h"

/* One rune of a class, maybe behind a backslash. False: malformed, which also means that no ']' can follow it. */
static bool class_rune(struct slice *pattern, uint32_t *rune_out)
{
	struct slice rest = *pattern;
	size_t len;

	if (rest.len == 0 || rest.ptr[0] == '-' || rest.ptr[0] == ']')
		return false;
	if (rest.ptr[0] == '\\')
		rest = slice_after(rest, 1);
	if (rest.len == 0)
		return false;
	len = utf8_decode(rest, rune_out);
	if ((*rune_out == UNICODE_REPLACEMENT && len == 1) || len == rest.len)
		return false;
	*pattern = slice_after(rest, len);
	return true;
}

/* A class, *pattern standing behind its '['. hit_out: is rune in it? ordered_out: no range runs backwards. */
static bool class_match(struct slice *pattern, uint32_t rune, bool *hit_out, bool *ordered_out)
{
	bool negated = pattern->len > 0 && pattern->ptr[0] == '^', hit = false, ordered = true;
	struct slice rest = slice_after(*pattern, negated ? 1 : 0);
	uint32_t low, high;

	do {
		if (!class_rune(&rest, &low))
			return false;
		high = low;
		if (rest.ptr[0] == '-') {
			rest = slice_after(rest, 1);
			if (!class_rune(&rest, &high))
				return false;
		}
		hit = hit || (low <= rune && rune <= high);
		ordered = ordered && low <= high;
	} while (rest.ptr[0] != ']');
	*pattern = slice_after(rest, 1);
	*hit_out = hit != negated;
	*ordered_out = ordered;
	return true;
}

/* Takes one operator other than '*' off pattern and what it matches off name. False: it does not match, or is malformed. */
static bool step(struct slice *pattern, struct slice *name)
{
	struct slice rest = slice_after(*pattern, 1);
	char op = pattern->ptr[0];
	bool hit, ordered;
	uint32_t rune;
	size_t len;

	if (name->len == 0)
		return false;
	len = utf8_decode(*name, &rune);
	if (op == '[') {
		hit = class_match(&rest, rune, &hit, &ordered) && hit;
	} else if (op == '?') {
		hit = rune != '/';
	} else {
		if (op == '\\') {
			if (rest.len == 0)
				return false;
			op = rest.ptr[0];
			rest = slice_after(rest, 1);
		}
		hit = op == name->ptr[0];
		len = 1;
	}
	*pattern = rest;
	*name = slice_after(*name, len);
	return hit;
}

/* Well formed? And does every range run forwards? */
static bool is_well_formed(struct slice pattern, bool *ordered_out)
{
	bool ordered = true, hit, class_ordered;

	while (pattern.len > 0) {
		char op = pattern.ptr[0];
		pattern = slice_after(pattern, 1);
		if (op == '\\') {
			if (pattern.len == 0)
				return false;
			pattern = slice_after(pattern, 1);
		} else if (op == '[') {
			if (!class_match(&pattern, 0, &hit, &class_ordered))
				return false;
			ordered = ordered && class_ordered;
		}
	}
	*ordered_out = ordered;
	return true;
}

/* Backs up to the last '*' alone: what an earlier one matched never needs to grow. */
static bool match(struct slice pattern, struct slice name)
{
	struct slice star_pattern = SLICE_NONE, star_name = SLICE_NONE;
	bool starred = false;

	while (pattern.len > 0 || name.len > 0) {
		if (pattern.len > 0 && pattern.ptr[0] == '*') {
			pattern = slice_after(pattern, 1);
			star_pattern = pattern;
			star_name = name;
			starred = true;
			continue;
		}
		if (pattern.len > 0 && step(&pattern, &name))
			continue;
		if (!starred || star_name.len == 0 || star_name.ptr[0] == '/')
			return false;
		star_name = slice_after(star_name, 1);
		pattern = star_pattern;
		name = star_name;
	}
	return true;
}

bool module_glob_match(struct slice pattern, struct slice name)
{
	bool ordered;

	return is_well_formed(pattern, &ordered) && match(pattern, name);
}

bool module_pattern_has_dots(struct slice pattern)
{
	struct slice element;

	while (slice_next(&pattern, '/', &element)) {
		if (slice_ends(element, SLICE("...")))
			return true;
	}
	return false;
}

int module_pattern_check(struct slice pattern, struct err *err)
{
	struct slice glob = slice_ends(pattern, SLICE("/")) ? slice_sub(pattern, 0, pattern.len - 1) : pattern;
	bool ordered;

	if (glob.len == 0)
		return err_set(err, MODULE_ERR, "an empty pattern matches nothing; write \"*\" for every module");
	if (pattern.len > MODULE_PATTERN_MAX)
		return err_set(err, MODULE_ERR, "the pattern is longer than %d bytes", MODULE_PATTERN_MAX);
	if (slice_index(pattern, ',') >= 0)
		return err_set(err, MODULE_ERR, "the pattern \"%.*s\" holds a comma; write two patterns", SLICE_ARG(pattern));
	if (!is_well_formed(glob, &ordered))
		return err_set(
			err, MODULE_ERR, "the pattern \"%.*s\" is malformed: an open '[', an empty class or a '\\' at the end", SLICE_ARG(pattern));
	if (!ordered)
		return err_set(err, MODULE_ERR, "the pattern \"%.*s\" has a range that runs backwards", SLICE_ARG(pattern));
	return 0;
}

/* The first elements of path, one more than pattern has slashes. False: path has fewer. */
static bool first_elements(struct slice pattern, struct slice path, struct slice *elements_out)
{
	size_t slashes = 0, i;

	for (i = 0; i < pattern.len; i++)
		slashes += pattern.ptr[i] == '/';
	for (i = 0; i < path.len; i++) {
		if (path.ptr[i] == '/' && slashes-- == 0)
			break;
	}
	*elements_out = slice_sub(path, 0, i);
	return i < path.len || slashes == 0;
}

bool module_pattern_match(struct slice pattern, struct slice path)
{
	struct slice elements;

	if (slice_ends(pattern, SLICE("/")))
		pattern = slice_sub(pattern, 0, pattern.len - 1);
	return pattern.len > 0 && first_elements(pattern, path, &elements) && module_glob_match(pattern, elements);
}

bool module_patterns_match(struct slice list, struct slice path)
{
	struct slice pattern;

	while (slice_next(&list, ',', &pattern)) {
		if (module_pattern_match(pattern, path))
			return true;
	}
	return false;
}
