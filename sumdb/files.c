/* Names and writing of the files of one database. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "sumdb/sumdb_private.h"

char *sumdb_file(const struct sumdb *sumdb, const char *name)
{
	struct buf path = BUF_INIT(8192);

	buf_printf(&path, "%s/%s", sumdb->directory, name);
	return buf_take(&path);
}

void sumdb_file_keep(const char *path, struct slice bytes)
{
	const char *slash = strrchr(path, '/');
	char *parent = slash == NULL ? NULL : strndup(path, (size_t)(slash - path));

	if (parent != NULL && file_mkdirs(parent, 0700, NULL) == 0)
		(void)file_write(path, bytes, 0600, NULL);
	free(parent);
}
