/* Semantic versions as Go reads them: leading "v", short forms allowed, numbers unbounded. Source: semver.org 2.0.0, golang.org/x/mod/semver. */
#ifndef MODULE_SEMVER_H
#define MODULE_SEMVER_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"

/* The parts of a version; each aliases it. minor and patch are empty for short forms; prerelease keeps its '-', build its '+'. */
struct semver {
	struct slice major, minor, patch, prerelease, build;
};

/* False when version is not valid ("v1", "v1.2" are). */
bool semver_parse(struct slice version, struct semver *parts_out);
bool semver_valid(struct slice version);

/* "v1" of "v1.2.3", empty if invalid. Aliases version. */
struct slice semver_major(struct slice version);
/* With its '-' (or '+'); empty if none or invalid. */
struct slice semver_prerelease(struct slice version);
struct slice semver_build(struct slice version);

/* Appends the canonical form: short forms filled with ".0", build dropped. False and nothing appended if invalid. */
bool semver_canonical(struct slice version, struct buf *out);
/* Is it its own canonical form? */
bool semver_is_canonical(struct slice version);
/* Canonical but for a build of exactly "+incompatible". */
bool semver_is_module_canonical(struct slice version);

/* Precedence; build ignored; an invalid version is less than a valid one, two invalid ones are equal. */
int semver_compare(struct slice a, struct slice b);
/* Precedence, ties by bytes: the order of lists. */
int semver_order(struct slice a, struct slice b);

/* Version without a trailing "+incompatible". */
struct slice semver_strip_incompatible(struct slice version);

#endif
