/*
 * Collisions of paths. Sorted by their folded form, with '/' before all else, what lies in one folded directory stands together, right
 * behind what has the directory's name: so neighbours tell.
 */
#include "module/collide.h"

#include <stdlib.h>

#include "module/path.h"
#include "module/unicode.h"

struct folded {
	struct slice fold;
	struct slice path;
	bool directory;
};

static bool folds_to_itself(struct slice path)
{
	size_t i;

	for (i = 0; i < path.len; i++) {
		if ((unsigned char)path.ptr[i] >= 0x80 || (path.ptr[i] >= 'A' && path.ptr[i] <= 'Z'))
			return false;
	}
	return true;
}

/* Writes the folded form, never longer than path: the smallest rune of an orbit has the shortest encoding. */
static size_t fold(struct slice path, char *out)
{
	size_t written = 0;

	while (path.len > 0) {
		uint32_t rune;
		size_t len = utf8_decode(path, &rune);
		written += utf8_encode(unicode_fold(rune), out + written);
		path = slice_after(path, len);
	}
	/* ASCII folds to capitals; small letters let a path without capitals be its own folded form. */
	for (size_t i = 0; i < written; i++) {
		if (out[i] >= 'A' && out[i] <= 'Z')
			out[i] = (char)(out[i] + ('a' - 'A'));
	}
	return written;
}

static int rank(char c)
{
	return c == '/' ? -1 : (unsigned char)c;
}

static int by_fold(const void *left, const void *right)
{
	struct slice a = ((const struct folded *)left)->fold, b = ((const struct folded *)right)->fold;
	size_t i = 0;

	while (i < a.len && i < b.len && a.ptr[i] == b.ptr[i])
		i++;
	if (i < a.len && i < b.len)
		return rank(a.ptr[i]) - rank(b.ptr[i]);
	return (a.len > b.len) - (a.len < b.len);
}

static int same_place(const struct folded *a, const struct folded *b, struct err *err)
{
	if (a->directory != b->directory)
		return err_set(err, MODULE_ERR, "\"%.*s\" is both a file and a directory; no module can hold both", SLICE_ARG(a->path));
	return err_set(err, MODULE_ERR, "\"%.*s\" is listed twice; no module can hold it so", SLICE_ARG(a->path));
}

/* Goes down both, element by element, as long as they fold to the same. a is not after b. */
static int compare(const struct folded *a, const struct folded *b, struct err *err)
{
	struct slice a_fold = a->fold, b_fold = b->fold, a_path = a->path, b_path = b->path;
	struct slice a_fold_part, b_fold_part, a_part, b_part;

	while (slice_next(&a_fold, '/', &a_fold_part) && slice_next(&b_fold, '/', &b_fold_part)) {
		if (!slice_equal(a_fold_part, b_fold_part))
			return 0;
		slice_next(&a_path, '/', &a_part);
		slice_next(&b_path, '/', &b_part);
		if (!slice_equal(a_part, b_part))
			return err_set(err, MODULE_ERR,
				"\"%.*s\" and \"%.*s\" differ only in case; file systems that fold case cannot hold both: rename one",
				SLICE_ARG(a->path), SLICE_ARG(b->path));
		if (a_fold.len == 0 && b_fold.len == 0)
			return same_place(a, b, err);
		if (a_fold.len == 0 && !a->directory)
			return err_set(err, MODULE_ERR, "\"%.*s\" is both a file and the directory of \"%.*s\"; no module can hold both",
				SLICE_ARG(a->path), SLICE_ARG(b->path));
	}
	return 0;
}

static int check_neighbours(struct folded *folded, size_t count, struct err *err)
{
	int status = 0;
	size_t i;

	qsort(folded, count, sizeof(*folded), by_fold);
	for (i = 1; status == 0 && i < count; i++)
		status = compare(&folded[i - 1], &folded[i], err);
	return status;
}

int collide_check(const struct collide_path *paths, size_t count, struct err *err)
{
	struct folded *folded = NULL;
	char *text = NULL;
	size_t bytes = 0, used = 0, i;
	int status;

	for (i = 0; i < count; i++)
		bytes += paths[i].path.len;
	folded = calloc(count + 1, sizeof(*folded));
	text = malloc(bytes + 1);
	if (folded == NULL || text == NULL) {
		status = err_set(err, MODULE_ERR_MEMORY, "no memory for the list of a module's files; try again later");
		goto out;
	}
	for (i = 0; i < count; i++) {
		folded[i] = (struct folded){ .fold = paths[i].path, .path = paths[i].path, .directory = paths[i].directory };
		if (!folds_to_itself(paths[i].path)) {
			folded[i].fold = slice_make(text + used, fold(paths[i].path, text + used));
			used += folded[i].fold.len;
		}
	}
	status = check_neighbours(folded, count, err);
out:
	free(folded);
	free(text);
	return status;
}
