/* Sentences for those who may not know where things lie on this machine. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "vcs/vcs_private.h"

#define SPELLINGS_MAX 3

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

static int longer_first(const void *a, const void *b)
{
	size_t first = strlen(*(char *const *)a), second = strlen(*(char *const *)b);

	return (first < second) - (first > second);
}

/*
 * As it is configured; and resolved, which is how the library tells it, as is the .git in it, which may be a link of its own. The longer come
 * first, since one may hold another. They are looked up for each sentence: links may be turned, and few sentences hold a path.
 */
static size_t spell(const char *path, char *spellings_out[SPELLINGS_MAX])
{
	char git_dir[PATH_MAX];
	bool fits = vcs_text_join(git_dir, sizeof(git_dir), path, "/.git");
	char *const found[SPELLINGS_MAX] = { strdup(path), realpath(path, NULL), fits ? realpath(git_dir, NULL) : NULL };
	size_t count = 0;

	for (size_t i = 0; i < SPELLINGS_MAX; i++)
		if (found[i])
			spellings_out[count++] = found[i];
	qsort(spellings_out, count, sizeof(spellings_out[0]), longer_first);
	return count;
}

/* Every spelling of the path; `called` is what a sentence may call it before it says it, and then goes too. False: there was none. */
static bool hide(struct err *err, const char *path, const char *called, const char *called_with, const char *with)
{
	char *spellings[SPELLINGS_MAX], text[PATH_MAX + 32];
	size_t count = strchr(err->text, '/') ? spell(path, spellings) : 0;
	bool hidden = false;

	for (size_t i = 0; i < count; i++) {
		if (vcs_text_join(text, sizeof(text), called, spellings[i]))
			hidden = replace(err, slice_of(text), called_with) || hidden;
		hidden = replace(err, slice_of(spellings[i]), with) || hidden;
		free(spellings[i]);
	}
	return hidden;
}

/* Of a file that a rule names, only the operator can do anything about: the sentence as a whole is his. */
static bool hide_file(struct err *err, const char *path, const char *what)
{
	bool there = path && slice_find(slice_of(err->text), slice_of(path)) >= 0;

	if (there)
		err_set(err, 0, "%s of this rule cannot be used; the operator's log says more", what);
	return there;
}

static bool hide_files(struct err *err, const struct mapping *mapping)
{
	return hide_file(err, mapping->credentials_file, "the credential") || hide_file(err, mapping->known_hosts_file, "known_hosts_file") ||
	       hide_file(err, mapping->ca, "the certificate authority");
}

bool vcs_hide_path(struct vcs *vcs, struct slice module, struct err *err)
{
	const struct mapping *mapping = vcs_mapping_find(vcs->mappings, vcs->count, module);
	char with[MODULE_PATH_MAX + sizeof("the path of the repository of ")];
	const char *called = "the repository ", *called_with = with + sizeof("the path of ") - 1;
	struct location at;
	bool hidden = false;

	if (!mapping || !err)
		return false;
	if (hide_files(err, mapping))
		return true;
	/* What lies below the prefix is the caller's own spelling; what goes before a {n} is not. */
	vcs_text_join(with, sizeof(with), "the path of the repository of ", mapping->prefix);
	for (size_t n = 1; mapping->local && n <= vcs_mapping_candidates(mapping, module); n++)
		if (vcs_location_init(mapping, module, n, &at, NULL) == 0)
			hidden = hide(err, at.repository, called, called_with, with) || hidden;
	return hide(err, vcs->mirrors, "the directory ", "the mirrors", "the mirrors") || hidden;
}
