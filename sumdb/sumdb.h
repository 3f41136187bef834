/*
 * sumdb: the verifying client of a checksum database. What a database answers is believed only after its tree head is signed, consistent
 * with every head seen before, and the record proved to be in that tree; what was proved is kept on disk and needs no network again.
 * Source: go.dev/design/25530-sumdb, go.dev/ref/mod#checksum-database; golang.org/x/mod/sumdb (behaviour of v0.40.0 and later).
 *
 * Kept below <directory>/<name>/ (a '/' of the name is written '+'), every file replaced atomically:
 *   head                                   the largest signed tree head; it only moves forward
 *   tile/8/...                             tiles that were proved, under the names they have on the wire
 *   lookup/<escaped path>@<version>        answers as received, only after their proof; where one part of that is longer than the 255 bytes
 *                                          a file's name can have, lookup/@<SHA-256 of path@version> (the go command can keep only the go.mod
 *                                          of such a module, but asks for its sums all the same)
 *   fork                                   the two signed heads that contradict each other, should that ever happen
 */
#ifndef SUMDB_SUMDB_H
#define SUMDB_SUMDB_H

#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/slice.h"

#define SUMDB_NAME_MAX         255
#define SUMDB_TILE_PATH_MAX    128
#define SUMDB_LOOKUP_BYTES_MAX (64 * 1024) /* of one lookup answer */
#define SUMDB_HEAD_BYTES_MAX   (16 * 1024) /* of one signed tree head */
#define SUMDB_LATEST_TTL_S     60          /* a head asked for by clients is renewed when older */

enum sumdb_code {
	SUMDB_ERR = -1,             /* the environment failed (disk, memory) */
	SUMDB_ERR_ABSENT = -2,      /* the database answered that it has no such record or tile (404, 410) */
	SUMDB_ERR_UNAVAILABLE = -3, /* the database could not be asked; nothing is known */
	SUMDB_ERR_MISMATCH = -4,    /* security: proved record, and it names another hash */
	SUMDB_ERR_FORGED = -5,      /* security: what was answered does not prove (signature, fork, tile, record, other module) */
	SUMDB_ERR_INVALID = -6      /* the caller's key, module, version or tile is not of the form it should have */
};

/*
 * Where bytes of one database come from. The module is part of the source: whoever makes it has decided that this name may be looked up,
 * and sumdb has no way to ask for another (a tile is numbers alone). Calls block and may come from several threads. They append to out and
 * return 0, SUMDB_ERR_ABSENT (404, 410), SUMDB_ERR_UNAVAILABLE or SUMDB_ERR.
 * Without calls it is a source of what is kept here already: nobody is waited for, and what that does not prove is SUMDB_ERR_UNAVAILABLE.
 */
struct tile;
struct sumdb_source_calls {
	/* The answer of /lookup/<module of the source>@version. */
	int (*lookup)(void *ctx, struct slice version, struct buf *out, struct err *err);
	int (*tile)(void *ctx, const struct tile *tile, struct buf *out, struct err *err);
	int (*latest)(void *ctx, struct buf *out, struct err *err);
};
struct sumdb_source {
	const struct sumdb_source_calls *calls; /* or NULL */
	void *ctx;
	struct slice module; /* the one path it can look up; empty: a source of tiles and heads alone */
};
/* A tile's path as sources ask for it: "tile/8/0/x001/234.p/5". */
void sumdb_tile_path(const struct tile *tile, char out[SUMDB_TILE_PATH_MAX]);

struct sumdb_options {
	const char *database;      /* a verifier key "NAME+hash+base64", or the name of a well-known database */
	const char *directory;     /* data/sumdb; made if absent */
	const struct clock *clock; /* borrowed for the life of the handle; NULL: the machine's */
};

/* One database. All calls on it are safe from many threads. */
struct sumdb;

/* Reads and checks the head kept on disk. SUMDB_ERR_INVALID: the key; SUMDB_ERR_FORGED: the kept head is damaged or another key's; SUMDB_ERR. */
int sumdb_open(const struct sumdb_options *options, struct sumdb **sumdb_out, struct err *err);
void sumdb_close(struct sumdb **sumdb);

/* Resolves a key or well-known name to the database's name, as in /sumdb/<name>/. SUMDB_ERR_INVALID. */
int sumdb_database_name(const char *database, char name_out[SUMDB_NAME_MAX + 1], struct err *err);
/* Lives as long as the handle. */
const char *sumdb_name(const struct sumdb *sumdb);
/* Records in the tree of the head now known; 0 when none is. */
uint64_t sumdb_size(struct sumdb *sumdb);

/*
 * Are these the hashes the database holds for source->module at version? zip_h1 and gomod_h1 are "h1:..." and either may be NULL (not
 * asked). version is canonical. 0 only when every given one is proved; any code of enum sumdb_code otherwise. Without network when the
 * record has been proved before.
 */
int sumdb_check(
	struct sumdb *sumdb, const struct sumdb_source *source, struct slice version, const char *zip_h1, const char *gomod_h1, struct err *err);

/* For clients that verify themselves, cached and checked here. Each appends to out the body to serve. */

/* The answer of lookup, proved; from the cache when it was asked before. */
int sumdb_lookup_bytes(struct sumdb *sumdb, const struct sumdb_source *source, struct slice version, struct buf *out, struct err *err);
/*
 * The tile of a path "tile/8/0/x001/234.p/5", exactly its width, from the cache or fetched, proved against the known head, which
 * is renewed first when the tile lies beyond it (SUMDB_ERR_ABSENT when it still does). SUMDB_ERR_INVALID: another spelling of the path, or
 * a data tile, which the go command never asks for.
 */
int sumdb_tile_bytes(struct sumdb *sumdb, const struct sumdb_source *source, struct slice path, struct buf *out, struct err *err);
/*
 * The signed head, renewed through the source when older than SUMDB_LATEST_TTL_S. While the source is SUMDB_ERR_UNAVAILABLE the known one
 * is given, if there is one: it is signed and true, only old.
 */
int sumdb_latest_bytes(struct sumdb *sumdb, const struct sumdb_source *source, struct buf *out, struct err *err);

#endif
