/* One checksum database: its key, its directory, and what clients that verify themselves may have of it. */
#include "sumdb/sumdb.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "sumdb/sumdb_private.h"

/* A tile beyond the head makes us look for a newer head, but not at every question. */
#define BEYOND_TTL_S 1

/* The databases whose key everybody knows. The key is a constant of the protocol. */
static const struct {
	const char *name;
	const char *key;
} well_known[] = {
	{ "sum.golang.org", "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8" },
};

/* A name is a host, perhaps with a path; it becomes the name of a directory. */
static bool name_safe(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_~:/";

	return strlen(name) <= SUMDB_NAME_MAX && strspn(name, allowed) == strlen(name) && name[0] != '.' && name[0] != '/';
}

static int parse_key(const char *database, struct note_verifier *verifier_out, struct err *err)
{
	const char *key = database;

	for (size_t i = 0; i < sizeof(well_known) / sizeof(well_known[0]); i++)
		if (strcmp(database, well_known[i].name) == 0)
			key = well_known[i].key;
	if (strchr(key, '+') == NULL)
		return err_set(err, SUMDB_ERR_INVALID, "no checksum database is known as %s; give its verifier key NAME+hash+base64", database);
	if (note_verifier_parse(slice_of(key), verifier_out, err) != 0)
		return SUMDB_ERR_INVALID;
	if (!name_safe(verifier_out->name))
		return err_set(err, SUMDB_ERR_INVALID, "the name of checksum database %s is not that of a host", verifier_out->name);
	return 0;
}

int sumdb_database_name(const char *database, char name_out[SUMDB_NAME_MAX + 1], struct err *err)
{
	struct note_verifier verifier;
	int rc = parse_key(database, &verifier, err);

	if (rc == 0)
		memcpy(name_out, verifier.name, strlen(verifier.name) + 1);
	return rc;
}

/* A '/' of the name would make one database's directory part of another's. */
static char *directory_of(const char *parent, const char *name)
{
	struct buf path = BUF_INIT(8192);

	buf_printf(&path, "%s/", parent);
	for (; *name != '\0'; name++)
		buf_add_char(&path, *name == '/' ? '+' : *name);
	return buf_take(&path);
}

int sumdb_open(const struct sumdb_options *options, struct sumdb **sumdb_out, struct err *err)
{
	struct sumdb *sumdb = calloc(1, sizeof(*sumdb));
	int rc;

	if (sumdb == NULL)
		return err_set(err, SUMDB_ERR, "cannot open a checksum database: out of memory");
	pthread_mutex_init(&sumdb->mutex, NULL);
	buf_init(&sumdb->head_note, SUMDB_HEAD_BYTES_MAX);
	sumdb->clock = options->clock != NULL ? options->clock : &clock_system;
	rc = parse_key(options->database, &sumdb->verifier, err);
	if (rc != 0)
		goto out;
	sumdb->memory = sumdb_memory_open();
	sumdb->directory = directory_of(options->directory, sumdb->verifier.name);
	if (sumdb->memory == NULL || sumdb->directory == NULL)
		rc = err_set(err, SUMDB_ERR, "cannot open checksum database %s: out of memory", sumdb->verifier.name);
	else if (file_mkdirs(sumdb->directory, 0700, err) != 0)
		rc = SUMDB_ERR;
	else
		rc = sumdb_head_load(sumdb, err);
out:
	if (rc == 0)
		*sumdb_out = sumdb;
	else
		sumdb_close(&sumdb);
	return rc;
}

void sumdb_close(struct sumdb **sumdb)
{
	if (*sumdb == NULL)
		return;
	sumdb_memory_close(&(*sumdb)->memory);
	pthread_mutex_destroy(&(*sumdb)->mutex);
	buf_free(&(*sumdb)->head_note);
	free((*sumdb)->directory);
	free(*sumdb);
	*sumdb = NULL;
}

const char *sumdb_name(const struct sumdb *sumdb)
{
	return sumdb->verifier.name;
}

uint64_t sumdb_size(struct sumdb *sumdb)
{
	struct tlog_head known;

	sumdb_head_known(sumdb, &known);
	return known.size;
}

void sumdb_tile_path(const struct tile *tile, char out[SUMDB_TILE_PATH_MAX])
{
	_Static_assert(SUMDB_TILE_PATH_MAX == TILE_PATH_MAX, "one limit");
	tile_format(tile, out);
}

/* A head that holds the tile, newer than the known one if need be. */
static int head_for_tile(struct sumdb *sumdb, const struct sumdb_source *source, const struct tile *tile, struct tlog_head *head_out, struct err *err)
{
	int rc = 0;

	sumdb_head_known(sumdb, head_out);
	if (!tile_in_tree(tile, head_out->size)) {
		rc = sumdb_head_renew(sumdb, source, BEYOND_TTL_S, err);
		sumdb_head_known(sumdb, head_out);
	}
	if (rc == 0 && !tile_in_tree(tile, head_out->size))
		rc = err_set(err, SUMDB_ERR_ABSENT, "the tree of checksum database %s does not hold that tile yet", sumdb->verifier.name);
	return rc;
}

int sumdb_tile_bytes(struct sumdb *sumdb, const struct sumdb_source *source, struct slice path, struct buf *out, struct err *err)
{
	struct tlog_head head;
	struct tile tile;
	int rc;

	if (tile_parse(path, &tile, err) != 0)
		return SUMDB_ERR_INVALID;
	if (tile.level == TILE_LEVEL_DATA)
		return err_set(err, SUMDB_ERR_INVALID, "data tiles are not in this version");
	rc = head_for_tile(sumdb, source, &tile, &head, err);
	/* One that is on the disk is proved as well: to a client what has rotted there would look like a forgery. */
	if (rc == 0) {
		rc = sumdb_prove_tile(sumdb, source, &head, &tile, out, err);
		if (rc == SUMDB_ERR_FORGED)
			err_prepend(err, rc, "SECURITY: checksum database %s", sumdb->verifier.name);
	}
	return rc;
}

int sumdb_latest_bytes(struct sumdb *sumdb, const struct sumdb_source *source, struct buf *out, struct err *err)
{
	int rc = sumdb_head_renew(sumdb, source, SUMDB_LATEST_TTL_S, err);

	pthread_mutex_lock(&sumdb->mutex);
	if (rc == SUMDB_ERR_UNAVAILABLE && sumdb->head.size > 0 && source->calls != NULL)
		rc = 0;
	if (rc == 0 && sumdb->head.size == 0)
		rc = err_set(err, SUMDB_ERR_UNAVAILABLE, "checksum database %s is empty", sumdb->verifier.name);
	if (rc == 0)
		buf_add_slice(out, buf_slice(&sumdb->head_note));
	pthread_mutex_unlock(&sumdb->mutex);
	return rc;
}
