/*
 * Private to audit: verification. verify.c walks the segments, verify_rows.c the rows of one, verify_fault.c words what is found.
 *
 * Two trees grow over the rows: one of what the lines hash to now (its root is the log's), one of the hashes kept beside them. Kept tree
 * heads are compared with both, so that an edited line is told from an edited hash, and further findings can follow the first.
 */
#ifndef AUDIT_VERIFY_PRIVATE_H
#define AUDIT_VERIFY_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/audit.h"
#include "audit/segment.h"
#include "audit/tail.h"
#include "base/db.h"
#include "tlog/tree.h"

struct verify {
	const struct audit_verify_options *options;
	struct audit_verify_result result;
	struct tail tail; /* seen before the log was */

	uint64_t next;          /* sequence that should come now */
	struct tlog_edge lines; /* tree of the lines as they are */
	struct tlog_edge kept;  /* tree of the hashes beside them, while split */
	bool split;             /* the two differ; else `lines` is both */
	bool lines_broken;      /* a row lacked: `lines` has no meaning any more */
	bool kept_broken;       /* no kept head can be compared until the next segment tells its tree */
	uint64_t good;          /* a kept head agreed at this size */
	bool found_since_good;  /* something was reported for rows past it */

	struct err stopped; /* the machine did not let the log be read: no finding, and nothing after it is any; text "": it did */

	/* The last finding, not reported yet: its neighbours join it. */
	struct audit_fault pending;
	char segment[SEGMENT_NAME_MAX]; /* the current one's name */
	char pending_segment[SEGMENT_NAME_MAX];
	char detail[ERR_TEXT_MAX]; /* of the pending one: SQLite's words; "" */
};

/* Is this code of SQLite's about the machine (disk, permissions, memory), not the log? Then the verification ends with it: see stopped. */
bool verify_stops(struct verify *verify, int code, const struct err *err);
bool verify_stopped(const struct verify *verify);

/* Notes a finding about rows first..last of the current segment. detail may be NULL. */
void verify_found(struct verify *verify, enum audit_fault_kind kind, uint64_t first, uint64_t last, const char *detail);
/* The same about the log as a whole. */
void verify_found_in_log(struct verify *verify, enum audit_fault_kind kind, uint64_t first, uint64_t last, const char *detail);
/* Reports what is pending. */
void verify_flush(struct verify *verify);

/* No row can be had for the sequences from verify->next to last: a finding, and the trees are broken. */
void verify_lost(struct verify *verify, enum audit_fault_kind kind, uint64_t last, const char *detail);

/* The tree that kept heads should agree with. */
const struct tlog_edge *verify_kept(const struct verify *verify);
bool verify_root_is(const struct tlog_edge *edge, struct slice root);
/* Compares the expected head, if the walk stands at its size. */
void verify_check_expected(struct verify *verify);

/*
 * The rows of one segment, from verify->next to end, the first sequence that is not its own any more (VERIFY_END_UNKNOWN: all that come).
 * superseded: rows past end were replaced by the next segment; else they are additions. tip: the head kept after the last commit; NULL: unknown.
 */
#define VERIFY_END_UNKNOWN INT64_MAX
struct verify_range {
	struct db *db;
	uint64_t end;
	bool superseded;
	const struct tlog_head *tip;
};
void verify_rows(struct verify *verify, const struct verify_range *range);

#endif
