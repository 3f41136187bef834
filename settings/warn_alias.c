/* A warning of two entries that may come to one repository: whoever is denied a module by one name may have it by the other. */
#include "settings/settings_private.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "module/path.h"

#define PREFIX "repositories[].prefix"

/* Where the repository lies, whoever asks and by whatever port: HOST/PATH without scheme, user, port and .git, small letters, up to a brace. */
static struct slice place(const char *repository, struct buf *out)
{
	const char *scheme = strstr(repository, "://"), *from = scheme != NULL ? scheme + 3 : repository;
	size_t host = scheme != NULL ? strcspn(from, "/") : 0, user = strcspn(from, "@");
	size_t skip = user < host ? user + 1 : 0, name, end = strcspn(from, "{");
	bool whole = from[end] == '\0';

	name = skip + strcspn(from + skip, ":/");
	if (whole && end > 4 && strcmp(from + end - 4, ".git") == 0)
		end -= 4;
	for (size_t i = skip; i < end; i++)
		if (i < name || i >= host)
			buf_add_char(out, (char)tolower((unsigned char)from[i]));
	return buf_slice(out);
}

static bool fixed(const struct settings_repository *repository)
{
	return repository->elements == 0 && !repository->open_ended;
}

/* Is it where the entry above has the module of this prefix anyway? The names are one, then. */
static bool same_name(const struct settings_repository *above, const struct settings_repository *below, struct slice place)
{
	size_t len = strlen(above->prefix);
	const char *rest = below->prefix + len;

	if (!fixed(below) || fixed(above) || !module_path_has_prefix(slice_of(below->prefix), slice_of(above->prefix)))
		return false;
	return place.len >= strlen(rest) && strncasecmp(place.ptr + place.len - strlen(rest), rest, strlen(rest)) == 0;
}

/* Two directories of one repository have one name each. */
static bool directories(const struct settings_repository *a, const struct settings_repository *b)
{
	return fixed(a) && fixed(b) && a->subdir[0] != '\0' && b->subdir[0] != '\0' && strcmp(a->subdir, b->subdir) != 0;
}

static bool may_meet(const struct settings_repository *a, const struct settings_repository *b)
{
	struct buf first = BUF_INIT(SETTINGS_TEXT_MAX), second = BUF_INIT(SETTINGS_TEXT_MAX);
	struct slice at = place(a->repository, &first), other = place(b->repository, &second);
	bool meet = (!fixed(a) && slice_starts(other, at)) || (!fixed(b) && slice_starts(at, other)) || slice_equal(at, other);

	if (same_name(a, b, other) || same_name(b, a, at) || directories(a, b))
		meet = false;
	buf_free(&first);
	buf_free(&second);
	return meet;
}

/* Told once for each entry: of the first before it. */
void settings_warn_alias(
	const struct settings *settings, const struct settings_repository *repository, void (*warn)(void *ctx, const char *text), void *ctx)
{
	const struct settings_repository *other = settings->repositories;
	char text[ERR_TEXT_MAX];

	while (other != repository && !may_meet(other, repository))
		other++;
	if (other == repository)
		return;
	snprintf(text, sizeof(text),
		"%s:%u: " PREFIX " %.150s may come to the repositories of %.150s on line %u; a deny rule of the policy must name both, or be an "
		"allow list",
		settings->path, settings_line(repository->lines, PREFIX), repository->prefix, other->prefix, settings_line(other->lines, PREFIX));
	warn(ctx, text);
}
