/* Private to audit: writing to one segment, and making a new one. */
#ifndef AUDIT_SEGMENT_WRITER_H
#define AUDIT_SEGMENT_WRITER_H

#include "audit/log.h"
#include "base/db.h"
#include "base/err.h"

/* Zeroed: closed. */
struct segment_writer {
	struct db *db;
	struct db_stmt *leaf;
	struct db_stmt *head;
	struct db_stmt *tip;
};

/* Takes over an open segment; db is the writer's even on failure. BASE_ERR. */
int segment_writer_open(struct segment_writer *writer, struct db *db, struct err *err);
void segment_writer_close(struct segment_writer *writer);
/* One transaction: durable, or told to have failed (then it may be there all the same). BASE_ERR. */
int segment_writer_append(struct segment_writer *writer, const struct log_batch *batch, struct err *err);

/*
 * Makes segment `number` that begins with this batch, durably. It is built under another name and renamed when it is whole: nobody ever sees a
 * segment in the making, whatever moment a crash or a reader chooses. AUDIT_ERR: then there is no such segment, unless only making sure of the
 * rename failed.
 */
int segment_make(const char *dir, unsigned number, const struct log_batch *batch, struct err *err);
/* Removes what a crash left of one in the making. */
void segment_make_clean(const char *dir);

#endif
