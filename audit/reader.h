/*
 * Private to audit: the rows of a log in order, across its segments. Read-only and tolerant of a writer: no read transaction is open between
 * calls, and segments made after reader_open() are not seen. What is superseded is not read.
 */
#ifndef AUDIT_READER_H
#define AUDIT_READER_H

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct reader;

struct reader_row {
	uint64_t seq;
	struct slice line;   /* borrowed until the next call */
	const char *segment; /* file name, the same */
};

/* Starts at sequence `from`. AUDIT_ERR: no log there, or a segment that cannot be used (named). */
int reader_open(const char *dir, uint64_t from, struct reader **reader_out, struct err *err);
void reader_close(struct reader **reader);
/* 1: a row; 0: the end; AUDIT_ERR: what follows cannot be read (named). */
int reader_next(struct reader *reader, struct reader_row *row_out, struct err *err);

#endif
