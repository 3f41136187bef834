/* What a configuration may say although it cannot work just now, or may not be meant so. */
#include "settings/settings_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "module/path.h"

#define KEY    "repositories[].repository"
#define PREFIX "repositories[].prefix"

/* So much of a template as is the same for every module: up to the '/' before its first brace. */
static void fixed_part(const char *repository, char *out, size_t bytes)
{
	char *slash;

	snprintf(out, bytes, "%s", repository);
	if (strchr(out, '{') == NULL)
		return;
	*strchr(out, '{') = '\0';
	slash = strrchr(out, '/');
	if (slash != NULL)
		slash[1] = '\0';
}

/* It may come (a file system that is mounted later), and all other modules can be served without it. */
static const char *why_not(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return strerror(errno);
	return S_ISDIR(st.st_mode) ? NULL : "no directory";
}

static void warn_missing(
	const struct settings *settings, const struct settings_repository *repository, void (*warn)(void *ctx, const char *text), void *ctx)
{
	char path[4096], text[ERR_TEXT_MAX];
	const char *why;

	if (!repository->local)
		return;
	fixed_part(repository->repository, path, sizeof(path));
	why = why_not(path);
	if (why == NULL)
		return;
	snprintf(text, sizeof(text), "%s:%u: " KEY ": %.300s cannot be opened (%s); the modules below %.100s cannot be had while that is so",
		settings->path, settings_line(repository->lines, KEY), path, why, repository->prefix);
	warn(ctx, text);
}

/* The entry that would have its modules if it were not there: the longest prefix above its own. NULL: none. */
static const struct settings_repository *above(const struct settings *settings, const struct settings_repository *below)
{
	const struct settings_repository *best = NULL;

	for (size_t i = 0; i < settings->repositories_count; i++) {
		const struct settings_repository *other = &settings->repositories[i];

		if (other != below &&
			module_path_prefix_closer(slice_of(below->prefix), slice_of(other->prefix), slice_of(best != NULL ? best->prefix : "")))
			best = other;
	}
	return best;
}

/* Two entries may overlap on purpose, and one of them always wins. Whoever wrote the other should know that it has exceptions. */
static void warn_overlap(
	const struct settings *settings, const struct settings_repository *repository, void (*warn)(void *ctx, const char *text), void *ctx)
{
	const struct settings_repository *other = above(settings, repository);
	char text[ERR_TEXT_MAX];

	if (other == NULL)
		return;
	snprintf(text, sizeof(text),
		"%s:%u: " PREFIX " %.150s overlaps with %.150s on line %u; the modules at and below %.150s are built from line %u alone",
		settings->path, settings_line(repository->lines, PREFIX), repository->prefix, other->prefix, settings_line(other->lines, PREFIX),
		repository->prefix, settings_line(repository->lines, PREFIX));
	warn(ctx, text);
}

void settings_warn(const struct settings *settings, void (*warn)(void *ctx, const char *text), void *ctx)
{
	for (size_t i = 0; i < settings->repositories_count; i++) {
		warn_overlap(settings, &settings->repositories[i], warn, ctx);
		settings_warn_alias(settings, &settings->repositories[i], warn, ctx);
		warn_missing(settings, &settings->repositories[i], warn, ctx);
	}
}
