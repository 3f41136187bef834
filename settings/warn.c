/* What a configuration may say although it cannot work just now. */
#include "settings/settings_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define KEY "repositories[].repository"

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

void settings_warn(const struct settings *settings, void (*warn)(void *ctx, const char *text), void *ctx)
{
	for (size_t i = 0; i < settings->repositories_count; i++) {
		const struct settings_repository *repository = &settings->repositories[i];
		char path[4096], text[ERR_TEXT_MAX];
		const char *why;

		if (!repository->local)
			continue;
		fixed_part(repository->repository, path, sizeof(path));
		why = why_not(path);
		if (why == NULL)
			continue;
		snprintf(text, sizeof(text), "%s:%u: " KEY ": %.300s cannot be opened (%s); the modules below %.100s cannot be had while that is so",
			settings->path, settings_line(repository->lines, KEY), path, why, repository->prefix);
		warn(ctx, text);
	}
}
