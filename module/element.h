/* Private to module: the rules for one element of a path, which module paths, versions and files in zips share. */
#ifndef MODULE_ELEMENT_H
#define MODULE_ELEMENT_H

#include "base/err.h"
#include "base/slice.h"

enum element_kind { ELEMENT_MODULE, ELEMENT_FILE };

/* NULL when the element may stand there, else why not, in words that follow its name. */
const char *element_problem(struct slice element, enum element_kind kind);

/* NULL when path is such elements joined by '/', else why not. */
const char *elements_problem(struct slice path, enum element_kind kind);

#endif
