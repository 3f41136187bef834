/*
 * Private to audit: where lines become durable. audit_log_sqlite is the real one; tests put doubles in front of it. All calls come from the
 * writer thread, open and close from audit_open and audit_close.
 */
#ifndef AUDIT_LOG_H
#define AUDIT_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "audit/audit.h"
#include "base/err.h"
#include "tlog/tree.h"

/* The root is kept at every multiple of so many leaves, so that verify can say where an edited line with an edited hash stands. */
#define LOG_HEAD_EVERY      256
#define LOG_GROUP_MAX       1024 /* rows of one batch */
#define LOG_GROUP_HEADS_MAX (LOG_GROUP_MAX / LOG_HEAD_EVERY + 1)

struct log_row {
	struct slice line;
	struct tlog_hash hash;
};

/* Consecutive rows that become durable together, or not at all. */
struct log_batch {
	uint64_t first; /* sequence of rows[0] */
	const struct log_row *rows;
	size_t count;
	const struct tlog_edge *before; /* the tree of all earlier rows */
	struct tlog_head tip;           /* the tree with these */
	struct tlog_head heads[LOG_GROUP_HEADS_MAX];
	size_t heads_count;
};

struct log_options {
	const char *dir; /* exists */
	int64_t segment_bytes_max;
};

struct audit_log {
	void *ctx; /* given to open */
	/* Recovers what is there: *edge_out is the tree of all durable rows. AUDIT_ERR. */
	int (*open)(void *ctx, const struct log_options *options, void **state_out, struct tlog_edge *edge_out, struct err *err);
	/* In the current segment (a new one when that is full or there is none). AUDIT_ERR: it is given up and never written again. */
	int (*append)(void *state, const struct log_batch *batch, struct err *err);
	/* In a segment made for it, in one transaction with its description. AUDIT_ERR: nothing is left of it, if that can be. */
	int (*append_new)(void *state, const struct log_batch *batch, struct err *err);
	void (*close)(void **state);
};

extern const struct audit_log audit_log_sqlite;

#endif
