/* Sentences for those who may not know where things lie on this machine. */
#include <string.h>

#include "vcs/vcs_private.h"

/* Every place of `path` becomes `with`. False: there was none. */
static bool replace(struct err *err, struct slice path, const char *with)
{
	struct buf text = BUF_INIT(4 * sizeof(err->text));
	struct slice rest = slice_of(err->text);
	ptrdiff_t at = path.len > 0 ? slice_find(rest, path) : -1;
	bool there = at >= 0;

	for (; at >= 0; at = slice_find(rest, path)) {
		buf_add_slice(&text, slice_sub(rest, 0, (size_t)at));
		buf_add_text(&text, with);
		rest = slice_after(rest, (size_t)at + path.len);
	}
	buf_add_slice(&text, rest);
	if (there)
		err_set(err, 0, "%s", buf_failed(&text) ? "the repository cannot be read; the operator's log says more" : buf_text(&text));
	buf_free(&text);
	return there;
}

bool vcs_hide_path(struct vcs *vcs, struct slice module, struct err *err)
{
	const struct mapping *mapping = vcs_mapping_find(vcs->mappings, vcs->count, module);
	char with[MODULE_PATH_MAX + sizeof("the repository of ")];
	struct location at;
	bool hidden;

	if (!mapping || !err)
		return false;
	/* What lies below the prefix is the caller's own spelling; what goes before a {n} is not. */
	hidden = false;
	vcs_text_join(with, sizeof(with), "the repository of ", mapping->prefix);
	for (size_t n = 1; mapping->local && n <= vcs_mapping_candidates(mapping, module); n++)
		if (vcs_location_init(mapping, module, n, &at, NULL) == 0)
			hidden = replace(err, slice_of(at.repository), with) || hidden;
	return replace(err, slice_of(vcs->mirrors), "the mirrors") || hidden;
}
