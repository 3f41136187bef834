/* Where the mirror of a URL lies, and the mark in it that says: fetched completely, and as of when. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "vcs/vcs_private.h"

#define MARK "modgate-url" /* holds whose mirror it is */

/* Can the template become this URL? An {n} is anything without '/', {*} anything; neither is nothing. at[i]: the template so far can be i bytes. */
static bool may_become(const char *template, const char *url)
{
	size_t len = strlen(url);
	bool at[VCS_REPOSITORY_MAX + 1] = { true }, next[VCS_REPOSITORY_MAX + 1], open;

	ASSERT(len <= VCS_REPOSITORY_MAX);
	for (const char *p = template; *p; p += *p == '{' ? 3 : 1) {
		next[0] = open = false;
		for (size_t i = 0; i < len; i++) {
			open = (open || at[i]) && (p[1] == '*' || url[i] != '/');
			next[i + 1] = *p == '{' ? open : at[i] && url[i] == *p;
		}
		memcpy(at, next, len + 1);
	}
	return at[len];
}

static bool contested(const struct vcs *vcs, const struct mapping *mapping, const char *url)
{
	for (size_t i = 0; i < vcs->count; i++)
		if (memcmp(vcs->mappings[i].identity, mapping->identity, sizeof(mapping->identity)) != 0 &&
			may_become(vcs->mappings[i].repository, url))
			return true;
	return false;
}

/* identity: nothing, where the URL alone names it. */
static char *path_of(const struct vcs *vcs, const char *url, struct slice identity)
{
	uint8_t digest[SHA256_BYTES];
	char hex[SHA256_HEX], *path = malloc(strlen(vcs->mirrors) + sizeof(hex) + sizeof("/.git"));

	if (!path)
		return NULL;
	if (identity.len > 0)
		sha256_two(slice_of(url), identity, digest);
	else
		sha256(slice_of(url), digest);
	hex_encode(digest, sizeof(digest), hex);
	sprintf(path, "%s/%.32s.git", vcs->mirrors, hex);
	return path;
}

char *vcs_mirror_path(const struct vcs *vcs, const struct mapping *mapping, const char *url)
{
	return path_of(vcs, url, contested(vcs, mapping, url) ? slice_make(mapping->identity, sizeof(mapping->identity)) : SLICE_NONE);
}

bool vcs_mirror_known(const struct vcs *vcs, const struct mapping *mapping, const char *url)
{
	char *own = path_of(vcs, url, slice_make(mapping->identity, sizeof(mapping->identity))), *plain = path_of(vcs, url, SLICE_NONE);
	bool known = !own || !plain || vcs_mirror_usable(own) || vcs_mirror_usable(plain);

	free(own);
	free(plain);
	return known;
}

bool vcs_mirror_usable(const char *git_dir)
{
	char *mark = malloc(strlen(git_dir) + sizeof("/" MARK));
	bool usable = false;

	if (mark) {
		sprintf(mark, "%s/" MARK, git_dir);
		usable = access(mark, F_OK) == 0;
	}
	free(mark);
	return usable;
}

int vcs_mirror_mark(const char *git_dir, const char *url, int64_t as_of_us, struct err *err)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { as_of_us / 1000000, as_of_us % 1000000 * 1000 } };
	struct buf path = BUF_INIT(8192);
	int code = 0;

	buf_printf(&path, "%s/" MARK, git_dir);
	if (buf_failed(&path))
		code = err_set(err, VCS_ERR_UNKNOWN, "the mirrors' path is too long");
	else if (!vcs_mirror_usable(git_dir))
		code = file_write(buf_text(&path), slice_of(url), 0600, err);
	if (code == 0)
		utimensat(AT_FDCWD, buf_text(&path), times, 0); /* without it the mirror is told to be older than it is */
	buf_free(&path);
	return code;
}

int64_t vcs_mirror_as_of(const char *git_dir)
{
	struct buf path = BUF_INIT(8192);
	struct stat status;
	int64_t as_of_us = 0;

	buf_printf(&path, "%s/" MARK, git_dir);
	if (!buf_failed(&path) && stat(buf_text(&path), &status) == 0)
		as_of_us = (int64_t)status.st_mtim.tv_sec * 1000000 + status.st_mtim.tv_nsec / 1000;
	buf_free(&path);
	return as_of_us;
}
