/* GOPRIVATE-style patterns: module.MatchPrefixPatterns exactly. Source: go.dev/ref/mod#private-modules, path.Match. */
#ifndef MODULE_PATTERN_H
#define MODULE_PATTERN_H

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"

#define MODULE_PATTERN_MAX 1024 /* bytes of one pattern */

/* 0 when the glob is well formed ('[' closed, range in order, no trailing '\'), not empty, without comma, within MODULE_PATTERN_MAX. */
int module_pattern_check(struct slice pattern, struct err *err);

/*
 * Does an element end in "...", as packages are written for the go command? No module path has such an element, so it would match nothing.
 * Not part of the check above: a pattern over something other than module paths may hold it.
 */
bool module_pattern_has_dots(struct slice pattern);
#define MODULE_PATTERN_DOTS "no module path holds \"...\", so it would match nothing; a pattern covers everything below it, leave out /..."

/* Does one pattern (a trailing '/' is dropped) match the first elements of path? A malformed one matches nothing. */
bool module_pattern_match(struct slice pattern, struct slice path);

/* The same for a comma-separated list, as GOPRIVATE holds it. */
bool module_patterns_match(struct slice list, struct slice path);

/* path.Match: the whole of name, '*' and '?' do not match '/'. */
bool module_glob_match(struct slice pattern, struct slice name);

#endif
