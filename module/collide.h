/* Private to module: do paths collide where file systems fold case? */
#ifndef MODULE_COLLIDE_H
#define MODULE_COLLIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"

struct collide_path {
	struct slice path; /* clean, relative, UTF-8; borrowed during the call */
	bool directory;    /* listed as one; the directories that hold a path need not be listed */
};

/* 0, MODULE_ERR_MEMORY, or MODULE_ERR when two paths or directories above them differ only in case, or one is listed twice, or as file and as directory. */
int collide_check(const struct collide_path *paths, size_t count, struct err *err);

#endif
