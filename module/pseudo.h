/* Pseudo-versions. Source: go.dev/ref/mod#pseudo-versions. */
#ifndef MODULE_PSEUDO_H
#define MODULE_PSEUDO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

/* Has the shape of a pseudo-version (time and base are not looked into). */
bool pseudo_is(struct slice version);

/* The revision part. Aliases version. Only where pseudo_is(). */
struct slice pseudo_revision(struct slice version);
/* The 14 digits. Aliases version. Only where pseudo_is(). */
struct slice pseudo_timestamp(struct slice version);
/* The time as seconds since 1970 UTC. MODULE_ERR when the digits are no real time. */
int pseudo_time(struct slice version, int64_t *seconds_out, struct err *err);
/* The tag it builds on, with its build; appends nothing when there is none. MODULE_ERR: a build on a baseless one, or patch 0. */
int pseudo_base(struct slice version, struct buf *out, struct err *err);

/* Builds one: major "" or "vN"; base a canonical version or empty; short_revision 12 hex digits. Appends to out. */
void pseudo_make(struct slice major, struct slice base, int64_t committer_s, struct slice short_revision, struct buf *out);

#endif
