/*
 * Private to audit: the index database, what questions need. Derived from the log, thrown away and made anew at will, never trusted.
 *
 *     event  one row a line: seq, time, and as numbers kind, action, verdict, status, bytes, of; user, module, version, address, rule by word
 *     word   id, text: every distinct text once
 *     mark   one row: how many lines are in, the hash of the log's first line (so that no foreign log is continued)
 */
#ifndef AUDIT_INDEX_DB_H
#define AUDIT_INDEX_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "tlog/tree.h"

struct index_db;

enum index_db_code {
	INDEX_DB_ERR = -10,    /* SQLite or memory failed */
	INDEX_DB_FOREIGN = -11 /* not of this version's form: remove it and begin anew */
};

/* Opens DIR/index.db, makes it where absent. INDEX_DB_ERR, INDEX_DB_FOREIGN. */
int index_db_open(const char *dir, struct index_db **index_out, struct err *err);
void index_db_close(struct index_db **index);
/* Removes the files; it must be closed. */
void index_db_remove(const char *dir);
/* Is it no database that SQLite finds whole? Reads all of it; it must be closed. */
bool index_db_damaged(const char *dir);

/* Lines that are in: the next to add. */
uint64_t index_db_next(const struct index_db *index);
/* The hash of the first line, as noted when it was added. */
const struct tlog_hash *index_db_origin(const struct index_db *index);

/* One transaction: begin, add..., commit. After INDEX_DB_ERR: rollback. Lines of another form are counted and left out. */
int index_db_begin(struct index_db *index, struct err *err);
int index_db_add(struct index_db *index, uint64_t seq, struct slice line, struct err *err);
int index_db_commit(struct index_db *index, struct err *err);
void index_db_rollback(struct index_db *index);

#endif
