/*
 * template.h: the repository of a rule, as a configuration writes it: {1} to {9} stand for the elements of a module path after the rule's
 * prefix, {*} for those that come after these, at least one and as many as it takes. Pure; safe from many threads.
 */
#ifndef MODULE_TEMPLATE_H
#define MODULE_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define MODULE_TEMPLATE_ELEMENTS_MAX 9

struct module_template {
	size_t elements; /* the largest n of its {n} */
	bool open_ended; /* it has {*} */
};

/*
 * MODULE_ERR says what is wrong: a brace that is neither {n} nor {*}, {*} twice, or an {n} left out below the largest, which would give two
 * modules one repository.
 */
int module_template_read(const char *text, struct module_template *template_out, struct err *err);

#endif
