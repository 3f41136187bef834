/* Private to module: the sizes that files of a module may have, the same for zips that we make and zips that we read. */
#ifndef MODULE_FILES_H
#define MODULE_FILES_H

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/* Takes bytes off *left, which begins at MODULE_ZIP_BYTES_MAX. path is relative to the module. MODULE_ERR_LIMIT. */
int module_file_size_check(struct slice path, int64_t bytes, int64_t *left, struct err *err);

#endif
