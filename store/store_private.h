/* What the files of store share. */
#ifndef STORE_STORE_PRIVATE_H
#define STORE_STORE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/store.h"

#define STORE_PATH_MAX 4096
#define STORE_KEY_MAX  2048 /* of a key of the cache in memory */

/* One row of the catalogue: a file that exists. */
struct store_row {
	int64_t bytes;
	uint8_t digest[SHA256_BYTES];
	char h1[MODULE_H1_MAX];
	bool is_private; /* when it was made */
};

/*
 * The catalogue: pins, files, answers. Calls come from any thread; each is one durable transaction. Strings of a pin that are empty say
 * nothing. Codes are store's.
 */
struct store_catalogue {
	const struct store_catalogue_calls *calls;
};
struct store_catalogue_calls {
	int (*pin_get)(struct store_catalogue *catalogue, struct slice module, struct slice version, struct store_pin *pin_out, struct err *err);
	int (*pin_put)(struct store_catalogue *catalogue, struct slice module, struct slice version, const struct store_pin *pin, struct err *err);
	/* 0 when it is another than the last one reported, or than pinned before one was, and now is the last and untold; 1 when it is not. */
	int (*pin_report)(struct store_catalogue *catalogue, struct slice module, struct slice version, const struct store_move *move, int64_t now_us,
		struct err *err);
	int (*untold_each)(struct store_catalogue *catalogue, int (*each)(void *ctx, const struct store_untold *untold), void *ctx, struct err *err);
	int (*told)(struct store_catalogue *catalogue, int64_t number, struct err *err);
	int (*pin_each)(struct store_catalogue *catalogue, struct slice module, struct slice after,
		int (*each)(void *ctx, struct slice version, const struct store_pin *pin, struct slice found), void *ctx, struct err *err);
	/* Keeps body unless one is kept; what is kept is appended to kept. */
	int (*info_keep)(struct store_catalogue *catalogue, struct slice module, struct slice version, bool is_private, struct slice body,
		struct buf *kept, struct err *err);
	int (*file_get)(struct store_catalogue *catalogue, enum store_kind kind, struct slice module, struct slice version, struct store_row *row_out,
		struct err *err);
	int (*file_put)(struct store_catalogue *catalogue, enum store_kind kind, struct slice module, struct slice version,
		const struct store_row *row, struct err *err);
	/* Versions of which an .info and a .mod are stored, each followed by a newline, appended unsorted. */
	int (*versions)(struct store_catalogue *catalogue, struct slice module, struct buf *out, struct err *err);
	int (*answer_get)(struct store_catalogue *catalogue, struct slice module, struct slice query, int64_t *fetched_us_out, bool *private_out,
		struct buf *body, struct err *err);
	int (*answer_put)(struct store_catalogue *catalogue, struct slice module, struct slice query, int64_t fetched_us, bool is_private,
		struct slice body, struct err *err);
	/* Writes a row that means nothing. */
	int (*check)(struct store_catalogue *catalogue, struct err *err);
	void (*close)(struct store_catalogue *catalogue);
};

/* Over the tables store_… of the lent connection. */
int catalogue_sqlite_open(struct db *db, struct store_catalogue **catalogue_out, struct err *err);

/* The first columns of a statement over store_pin: origin, h1, mod_h1, proof, private, first_seen_us, mod_proof. */
void catalogue_column_pin(struct db_stmt *stmt, struct store_pin *pin);

/*
 * The cache in memory: least recently used goes first, bounded by bytes. Keys are bytes of the caller's making. An object is counted: get
 * gives a reference, put takes one of its own.
 */
struct memory;
struct memory_object {
	_Atomic unsigned references;
	void (*free)(struct memory_object *object);
};
struct memory_object *memory_ref(struct memory_object *object);
void memory_unref(struct memory_object *object);
int memory_open(size_t bytes_max, struct memory **memory_out, struct err *err);
void memory_close(struct memory **memory);
struct memory_object *memory_get(struct memory *memory, struct slice key);
/* Replaces what is there. bytes is the object's own weight. Larger than the whole cache, or memory short: it is not kept. */
void memory_put(struct memory *memory, struct slice key, struct memory_object *object, size_t bytes);
void memory_drop(struct memory *memory, struct slice key);

/* With what other files of the room need to see. */
struct store {
	char directory[STORE_PATH_MAX];
	char temporary[STORE_PATH_MAX]; /* "<directory>/../tmp/x": what is being written lies there, and a start sweeps it */
	const struct clock *clock;
	struct store_catalogue *catalogue;
	struct memory *memory;
	pthread_mutex_t list_lock; /* one writer of a `list` file at a time */
};

/* "memory is short", and what to do. STORE_ERR. doing: "read"; of what: a module, or a directory. */
int store_no_memory(struct err *err, const char *doing, struct slice of_what);

/* The path of a file of the store, "...../<escaped module>/@v/<escaped version><suffix>", and that of its directory. STORE_ERR, STORE_ERR_NAME. */
int store_path(const struct store *store, struct slice module, struct slice version, const char *suffix, char out[STORE_PATH_MAX], struct err *err);

/* Writes these bytes durably over path, by way of the temporary folder. STORE_ERR. */
int store_write(struct store *store, const char *path, struct slice bytes, struct err *err);

/* Brings the `list` file of a module to what the catalogue says; one that says so already is not written. STORE_ERR. */
int store_list_update(struct store *store, struct slice module, struct err *err);

/* Opens over another catalogue: tests put doubles there. The store closes it. */
int store_open_over(const struct store_options *options, struct store_catalogue *catalogue, struct store **store_out, struct err *err);

#endif
