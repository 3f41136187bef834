/* What the go command of this machine says of itself. */
#ifndef CMD_GO_H
#define CMD_GO_H

#include "base/buf.h"

#define GO_ANSWER_MAX (64 * 1024)
#define GO_TIMEOUT_S  10

/*
 * Appends the value of `go env NAME`, as this machine's user has it. False, and out untouched, when there is no go command or it says
 * nothing usable within GO_TIMEOUT_S. It runs outside any module, never fetches a toolchain, and no shell is between.
 */
bool go_env(const char *name, struct buf *out);

#endif
