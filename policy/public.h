/*
 * The type that lets a name out of the house. Only policy can make a struct public_module, and only for a module path that no private
 * pattern and no mapped prefix covers; whatever connects to a module upstream asks for one instead of a name.
 */
#ifndef POLICY_PUBLIC_H
#define POLICY_PUBLIC_H

#include "base/slice.h"

struct public_module;

/* The module path; lives as long as the object. */
struct slice public_module_path(const struct public_module *module);
/* Objects are counted and immutable; any thread. ref returns its argument; unref is NULL-safe. */
const struct public_module *public_module_ref(const struct public_module *module);
void public_module_unref(const struct public_module *module);

#endif
