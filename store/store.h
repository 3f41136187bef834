/*
 * store: artifacts by (module, version, kind) and what is known of them. Files lie as GOMODCACHE/cache/download does, so that a copy is a
 * working GOPROXY=file://; the catalogue (tables store_pin, store_file, store_answer of the lent database) says which of them exist: a
 * row is written last, and a file without a row does not exist. It knows no git, no HTTP server, no identity.
 *
 * Pins: the first success fixes (module, version) to a commit, a zip h1 and a go.mod h1; they never change afterwards.
 * Threads: every function may be called from any thread. Only the store_try_... functions never touch the disk.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/db.h"
#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/slice.h"
#include "module/dirhash.h"

#define STORE_MEMORY_BYTES_DEFAULT (8 * 1024 * 1024)  /* of the cache in memory: bodies of .info and .mod, facts of zips, answers */
#define STORE_BODY_MAX             (16 * 1024 * 1024) /* of one body in memory */
#define STORE_ORIGIN_MAX           128

enum store_code {
	STORE_ERR = -1,         /* disk or database failed */
	STORE_ERR_ABSENT = -2,  /* not stored */
	STORE_ERR_PINNED = -3,  /* differs from what was pinned at first success; nothing was changed */
	STORE_WOULD_BLOCK = -4, /* not in memory: ask the blocking function */
	STORE_ERR_NAME = -5,    /* no file can have this module's or version's name; err says which part is too long */
	STORE_ERR_CHANGED = -6  /* its file is not what was stored: as absent, and err says which file */
};

#define STORE_NAME_MAX 255 /* bytes of one part of a path, as file systems limit it; a capital letter takes two */

enum store_kind { STORE_INFO, STORE_MOD, STORE_ZIP, STORE_KINDS };

/* How an artifact was proved when it came in. Stored by number: values are never reused. */
enum store_proof { STORE_PROOF_NONE = 0, STORE_PROOF_SUMDB = 1, STORE_PROOF_PIN = 2, STORE_PROOF_EXEMPT = 3 };

struct store;

struct store_options {
	const char *directory;   /* data/cache/download; made when absent */
	struct db *db;           /* borrowed until close; shared, so every use is between db_lock and db_unlock */
	size_t memory_bytes_max; /* 0: STORE_MEMORY_BYTES_DEFAULT */
	const struct clock *clock;
};

int store_open(const struct store_options *options, struct store **store_out, struct err *err);
void store_close(struct store **store);

/* One stored artifact: immutable, counted, any thread. Strings live as long as it does. */
struct store_artifact {
	enum store_kind kind;
	int64_t bytes;
	char etag[SHA256_HEX + 2]; /* quoted lower-case hex SHA-256 of the bytes */
	char h1[MODULE_H1_MAX];    /* of a zip: its h1; of a .mod: its go.mod h1; of an .info: "" */
	enum store_proof proof;
	bool is_private;               /* when it was made */
	char origin[STORE_ORIGIN_MAX]; /* commit of a private one; "" otherwise */
	struct slice body;             /* .info and .mod: the bytes. A zip: none */
	const char *file;              /* the path on disk */
	int64_t file_changed_ns;       /* of a zip: when its file was last touched, by its file system's clock, when it was known to be good */
};
const struct store_artifact *store_artifact_ref(const struct store_artifact *artifact);
void store_artifact_unref(const struct store_artifact *artifact);

/* From memory only: 0 and a counted artifact, or STORE_WOULD_BLOCK. */
int store_try_artifact(
	struct store *store, enum store_kind kind, struct slice module, struct slice version, const struct store_artifact **artifact_out);
/*
 * Can the files of this version, or with an empty one those of the module, have their names? 0 or STORE_ERR_NAME. Every call below that touches
 * a file of such a name answers the same. The go command keeps modules under these very names: it could have no use for one.
 */
int store_name_check(struct slice module, struct slice version, struct err *err);

/*
 * Also from catalogue and disk. STORE_ERR_ABSENT (also when the file is gone), STORE_ERR_CHANGED (a zip is read through once, when it comes into
 * memory, and again when its file was touched since), STORE_ERR.
 */
int store_artifact(struct store *store, enum store_kind kind, struct slice module, struct slice version, const struct store_artifact **artifact_out,
	struct err *err);

/* What is pinned. Empty strings: not yet. A proof is of the h1 beside it. */
struct store_pin {
	char commit[SHA256_HEX]; /* of a private module, hex */
	char h1[MODULE_H1_MAX];
	char mod_h1[MODULE_H1_MAX];
	enum store_proof proof;     /* of h1, and of commit */
	enum store_proof mod_proof; /* of mod_h1: a proof of the one says nothing about the other */
	bool is_private;            /* when something was last added */
	int64_t first_seen_us;
};
/* STORE_ERR_ABSENT, STORE_ERR. */
int store_pin(struct store *store, struct slice module, struct slice version, struct store_pin *pin_out, struct err *err);
/*
 * Fills what is still empty in the pin from `facts` (empty strings and STORE_PROOF_NONE say nothing); a stronger proof replaces a weaker one.
 * STORE_ERR_PINNED when a fact differs from what is pinned. Durable on return.
 */
int store_pin_add(struct store *store, struct slice module, struct slice version, const struct store_pin *facts, struct err *err);

/* What of a pinned version may be found to be another. Stored by number: values are never reused. */
enum store_fact { STORE_FACT_COMMIT = 0, STORE_FACT_H1 = 1, STORE_FACT_MOD_H1 = 2 };
struct store_move {
	enum store_fact fact;
	struct slice pinned, found; /* found: empty when it has gone */
	bool is_private;
};
/*
 * Remembers what of a pinned version was found now: 0 when it is another than what was found the last time, or than the pin when nothing was, so that
 * each move counts once, a move back too. Then it is to be told, until store_told() says that it was. 1: it is known. STORE_ERR.
 */
int store_pin_report(struct store *store, struct slice module, struct slice version, const struct store_move *move, struct err *err);

/* The moves that are still to be told, oldest first, by rising number; a non-zero answer stops. The catalogue is held meanwhile. STORE_ERR. */
struct store_untold {
	int64_t number;
	struct slice module, version;
	struct store_move move;
};
int store_untold_each(struct store *store, int (*each)(void *ctx, const struct store_untold *untold), void *ctx, struct err *err);
/* All up to this number were told. Durable on return. */
int store_told(struct store *store, int64_t number, struct err *err);

/*
 * The pinned versions of a module that come after one in the order of their bytes (empty: all), one call each; a non-zero answer stops. found:
 * the commit that was found the last time - the pin's when none was reported, empty when it had gone. The catalogue is held meanwhile.
 */
int store_pin_each(struct store *store, struct slice module, struct slice after,
	int (*each)(void *ctx, struct slice version, const struct store_pin *pin, struct slice found), void *ctx, struct err *err);

/*
 * Every pin of a database, of one module, or of one version (SLICE_NONE: any), by module and version, without opening the store: db may be read
 * only, and another process may write there. below: of the modules whose paths begin with this one and a slash, too. A version of which others
 * were found comes once for each time, in their order. STORE_ERR; what each answered.
 */
struct store_pinned {
	struct slice module, version;
	struct store_pin pin;
	int64_t moved_us; /* when it was found to be another; 0: it was not, and the two below say nothing */
	enum store_fact fact;
	struct slice found; /* empty: gone */
};
int store_pins_read(struct db *db, struct slice module, bool below, struct slice version,
	int (*each)(void *ctx, const struct store_pinned *pinned, struct err *err), void *ctx, struct err *err);

/*
 * Puts an .info or .mod: file first, catalogue row last; the pin must exist. The first .info of a version, as private or as public, is kept in the
 * catalogue for ever, and is what is put and given whenever it is put again: where a version came from may be told otherwise later. Of facts,
 * is_private and the h1 of this kind are the file's: they say how these bytes were made, whatever else the version was before. Gives the artifact.
 */
int store_put(struct store *store, enum store_kind kind, struct slice module, struct slice version, struct slice body, const struct store_pin *facts,
	const struct store_artifact **artifact_out, struct err *err);

/* A zip is streamed into a temporary file beside its place: begin, write to temp.fd, then store_put_zip() commits it. */
int store_zip_begin(struct store *store, struct slice module, struct slice version, struct file_temp *temp_out, struct err *err);
int store_put_zip(struct store *store, struct slice module, struct slice version, struct file_temp *temp, int64_t bytes,
	const uint8_t digest[SHA256_BYTES], const struct store_pin *facts, const struct store_artifact **artifact_out, struct err *err);

/* Answers that may change (list, latest, branch and other queries), by module and query ("@list", "@latest", "main"). */
struct store_answer {
	int64_t fetched_us; /* wall clock */
	char etag[SHA256_HEX + 2];
	bool is_private;
	struct slice body;
};
const struct store_answer *store_answer_ref(const struct store_answer *answer);
void store_answer_unref(const struct store_answer *answer);
/* From memory only; STORE_WOULD_BLOCK. The caller looks at fetched_us. */
int store_try_answer(struct store *store, struct slice module, struct slice query, const struct store_answer **answer_out);
int store_answer(struct store *store, struct slice module, struct slice query, const struct store_answer **answer_out, struct err *err);
int store_answer_put(struct store *store, struct slice module, struct slice query, bool is_private, struct slice body,
	const struct store_answer **answer_out, struct err *err);

/* 0 when the directory and the database can be written (tries). */
int store_check(struct store *store, struct err *err);

#endif
