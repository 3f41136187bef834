/* Private to module: the version on a go line. Source: go.dev/ref/mod#go-mod-file-go, go.dev/doc/toolchain#version. */
#ifndef MODULE_GO_VERSION_H
#define MODULE_GO_VERSION_H

#include <stdbool.h>

#include "base/slice.h"

/* What a go line's argument means: itself, or MAJOR.MINOR of it when that is followed by something unknown. Aliases text. False: malformed. */
bool go_version_read(struct slice text, struct slice *version_out);

/* Is the language of this version at least Go 1.24? False also for what a go line may hold but names no version, such as 1.24.1rc1. */
bool go_version_is_1_24(struct slice version);

#endif
