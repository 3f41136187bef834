/* Private to module: quoted strings as Go source writes them. Source: go.dev/ref/spec#String_literals. */
#ifndef MODULE_UNQUOTE_H
#define MODULE_UNQUOTE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"

/* Appends what the literal ("..." or `...`, the whole of it) stands for. False: malformed; out may then hold a part. */
bool unquote(struct slice literal, struct buf *out);

#endif
