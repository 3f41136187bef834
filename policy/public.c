/* The pass for a name that may go out. This file and policy_public_module() are the only makers. */
#include "policy/public.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "module/path.h"
#include "policy/policy_private.h"

struct public_module {
	atomic_uint references;
	size_t len;
	char path[];
};

struct slice public_module_path(const struct public_module *module)
{
	return slice_make(module->path, module->len);
}

const struct public_module *public_module_ref(const struct public_module *module)
{
	/* Only the count is ever written after the making. */
	struct public_module *counted = (struct public_module *)module;

	atomic_fetch_add_explicit(&counted->references, 1, memory_order_relaxed);
	return module;
}

void public_module_unref(const struct public_module *module)
{
	struct public_module *counted = (struct public_module *)module;

	if (counted == NULL || atomic_fetch_sub_explicit(&counted->references, 1, memory_order_acq_rel) != 1)
		return;
	free(counted);
}

int policy_public_module(const struct policy *policy, struct slice module, const struct public_module **module_out, struct err *err)
{
	struct public_module *made;
	int code = module_path_check(module, err);

	if (code < 0)
		return POLICY_ERR_PRIVATE;
	if (policy_is_private(policy, module))
		return err_set(err, POLICY_ERR_PRIVATE, "%.*s is private: its name is not told to anybody outside", SLICE_ARG(module));
	made = calloc(1, sizeof(*made) + module.len + 1);
	if (made == NULL)
		return err_set(err, POLICY_ERR, "cannot ask anybody about %.*s: out of memory; try again later", SLICE_ARG(module));
	atomic_init(&made->references, 1);
	made->len = module.len;
	memcpy(made->path, module.ptr, module.len);
	*module_out = made;
	return 0;
}
