/* Shared by the files of sumdb/. */
#ifndef SUMDB_SUMDB_PRIVATE_H
#define SUMDB_SUMDB_PRIVATE_H

#include <pthread.h>
#include <stdbool.h>

#include "sumdb/sumdb.h"
#include "tlog/note.h"
#include "tlog/tile.h"
#include "tlog/tree.h"

struct sumdb_memory;

struct sumdb {
	struct note_verifier verifier;
	char *directory; /* of this database */
	const struct clock *clock;
	struct sumdb_memory *memory;
	pthread_mutex_t mutex; /* guards what follows; held while the head's file is written, never during a call of a source */
	struct tlog_head head;
	struct buf head_note; /* empty while head.size is 0 */
	int64_t renewed_us;   /* monotonic; when the head was last asked for */
	bool renewed;         /* it has been, since start */
};

/* --- head.c: the one head known, which only moves forward ------------------------------------------------------------------------ */

int sumdb_head_load(struct sumdb *sumdb, struct err *err);
/* Verifies a signed head. SUMDB_ERR_FORGED. */
int sumdb_head_open(const struct sumdb *sumdb, struct slice note, struct tlog_head *head_out, struct err *err);
/* Verifies a signed head, proves it consistent with the known one, keeps the larger; *known_out is the known one afterwards. */
int sumdb_head_merge(struct sumdb *sumdb, const struct sumdb_source *source, struct slice note, struct tlog_head *known_out, struct err *err);
/* Asks the source for its head, unless that was done in the last max_age_s. One without calls is SUMDB_ERR_UNAVAILABLE then. */
int sumdb_head_renew(struct sumdb *sumdb, const struct sumdb_source *source, int64_t max_age_s, struct err *err);
void sumdb_head_known(struct sumdb *sumdb, struct tlog_head *known_out);

/* --- prove.c: questions to a tree, through the tile cache; SUMDB_ERR_FORGED, SUMDB_ERR_UNAVAILABLE, SUMDB_ERR. ------------------- */
/* source NULL or without calls: from the cache alone. */

int sumdb_prove_leaf(struct sumdb *sumdb, const struct sumdb_source *source, const struct tlog_head *head, uint64_t index, struct tlog_hash *leaf_out,
	struct err *err);
int sumdb_prove_root(struct sumdb *sumdb, const struct sumdb_source *source, const struct tlog_head *head, uint64_t old_size,
	struct tlog_hash *root_out, struct err *err);
/* tile must be in the tree. */
int sumdb_prove_tile(struct sumdb *sumdb, const struct sumdb_source *source, const struct tlog_head *head, const struct tile *tile, struct buf *out,
	struct err *err);

/* --- tile_cache.c: tiles on disk ----------------------------------------------------------------------------------------------- */

/* Appends exactly the tile's bytes, from its own file or a wider tile's. False: not cached. */
bool sumdb_tile_cached(const struct sumdb *sumdb, const struct tile *tile, struct buf *out);
/* Keeps a proved tile and drops the narrower ones it contains. replace: even where a file is there. A failure costs only a fetch later. */
void sumdb_tile_keep(const struct sumdb *sumdb, const struct tile *tile, struct slice bytes, bool replace);

/* --- record.c: the answer of a lookup, no proof ----------------------------------------------------------------------------------- */

struct sumdb_record {
	uint64_t id;
	struct slice text; /* go.sum lines, with the last newline */
	struct slice note; /* the signed head that came along */
};
/* Slices alias answer. SUMDB_ERR_FORGED. */
int sumdb_record_parse(struct slice answer, struct sumdb_record *record_out, struct err *err);
/* The "h1:..." of the first line "module version+suffix h1:...". False: there is none. */
bool sumdb_record_hash(struct slice text, struct slice module, struct slice version, const char *suffix, struct slice *h1_out);

/* --- memory.c: the last proved answers ---------------------------------------------------------------------------------------- */

#define SUMDB_MEMORY_SLOTS      1024
#define SUMDB_MEMORY_ANSWER_MAX 4096 /* larger ones stay on disk alone */

struct sumdb_memory *sumdb_memory_open(void);
void sumdb_memory_close(struct sumdb_memory **memory);
bool sumdb_memory_get(struct sumdb_memory *memory, const char *key, struct buf *out);
void sumdb_memory_put(struct sumdb_memory *memory, const char *key, struct slice answer);

/* --- files.c -------------------------------------------------------------------------------------------------------------------- */

/* "<directory of the database>/<name>". Caller frees; NULL: memory. */
char *sumdb_file(const struct sumdb *sumdb, const char *name);
/* Writes atomically, with the directories it needs. Best effort: a cache that cannot be written costs a fetch. */
void sumdb_file_keep(const char *path, struct slice bytes);

#endif
