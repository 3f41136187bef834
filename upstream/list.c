/* The body of /@v/list: filtered, sorted. */
#include <stdlib.h>

#include "module/pseudo.h"
#include "module/semver.h"
#include "upstream/upstream_private.h"

/* The first field of a line, as the go command reads it. */
static struct slice first_field(struct slice line)
{
	size_t from = 0, to;

	while (from < line.len && (line.ptr[from] == ' ' || line.ptr[from] == '\t'))
		from++;
	for (to = from; to < line.len && line.ptr[to] != ' ' && line.ptr[to] != '\t' && line.ptr[to] != '\r';)
		to++;
	return slice_sub(line, from, to);
}

static int by_version(const void *a, const void *b)
{
	return semver_order(*(const struct slice *)a, *(const struct slice *)b);
}

/* The versions of body that path can have; at most as many as versions has room for. */
static size_t collect(struct slice body, struct slice path, struct slice *versions)
{
	struct slice line;
	size_t count = 0;

	while (slice_next(&body, '\n', &line)) {
		struct slice version = first_field(line);

		if (version.len <= MODULE_VERSION_MAX && module_check(path, version, NULL) == 0 && !pseudo_is(version))
			versions[count++] = version;
	}
	return count;
}

static size_t lines_of(struct slice body)
{
	size_t lines = 1;

	for (size_t i = 0; i < body.len; i++)
		lines += body.ptr[i] == '\n';
	return lines;
}

int upstream_list_read(struct slice body, struct slice path, struct buf *out, struct err *err)
{
	struct slice *versions = calloc(lines_of(body), sizeof(*versions));
	size_t count;

	if (versions == NULL)
		return err_set(err, UPSTREAM_ERR, "cannot read a list of versions: out of memory; try again later");
	count = collect(body, path, versions);
	qsort(versions, count, sizeof(*versions), by_version);
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && slice_equal(versions[i], versions[i - 1]))
			continue;
		buf_add_slice(out, versions[i]);
		buf_add_char(out, '\n');
	}
	free(versions);
	return buf_failed(out) ? err_set(err, UPSTREAM_ERR_LIMIT, "the list of versions of %.*s is longer than there is room for", SLICE_ARG(path))
			       : 0;
}
