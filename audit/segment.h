/*
 * Private to audit: segment files, seen from outside. A segment begins at a sequence and knows the tree before it. Rows at or past the first
 * sequence of the next segment are superseded: they were never acknowledged.
 *
 *     segment  one row: format, first sequence, tree before it        leaf  seq, line, leaf hash
 *     head     root at every LOG_HEAD_EVERY leaves                    tip   one row: size and root after the last commit
 */
#ifndef AUDIT_SEGMENT_H
#define AUDIT_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/db.h"
#include "base/err.h"
#include "tlog/tree.h"

#define SEGMENT_FORMAT     1
#define SEGMENT_TABLES     4
#define SEGMENT_NAME_MAX   24 /* log-NNNNNN.db */
#define SEGMENT_NUMBER_MAX 999999

/* Numbers of the segments in dir, rising. */
struct segment_list {
	unsigned *numbers;
	size_t count;
};
/* AUDIT_ERR. An absent directory is an empty list. */
int segment_list_read(const char *dir, struct segment_list *list_out, struct err *err);
void segment_list_free(struct segment_list *list);

void segment_name(unsigned number, char out[SEGMENT_NAME_MAX]);
/* DIR/log-NNNNNN.db; caller frees. NULL: memory. */
char *segment_path(const char *dir, unsigned number);
bool segment_exists(const char *dir, unsigned number);
/* Removes a database file and what SQLite keeps beside it. */
void segment_remove(const char *path);

/* The CREATE statement of each table. */
extern const char *const segment_schema[SEGMENT_TABLES];
/*
 * Is its schema these tables and nothing else? A view or an index put beside them could give another answer to every question. AUDIT_ERR: no;
 * DB_ERR_IO, BASE_ERR_BUSY: it could not be told.
 */
int segment_schema_check(struct db *db, struct err *err);

struct segment_description {
	uint64_t first;
	struct tlog_edge before;
	struct tlog_head tip;
};
/* AUDIT_ERR: unreadable, or not described as it should be; DB_ERR_IO, BASE_ERR_BUSY: the machine, not the segment. */
int segment_describe(struct db *db, struct segment_description *description_out, struct err *err);
/*
 * Brings all of the write-ahead log into the file, durably, and empties it. BASE_ERR_BUSY: somebody reads in it (after the connection's busy
 * time); BASE_ERR.
 */
int segment_settle(struct db *db, struct err *err);
/* Read-only, and its schema checked. *db_out is closed and NULL on failure. AUDIT_ERR, DB_ERR_IO, BASE_ERR_BUSY as above. */
int segment_open(const char *dir, unsigned number, struct db **db_out, struct err *err);

#endif
