/* Private to audit: what log_sqlite.c does before it may go on writing where an earlier process stopped. */
#ifndef AUDIT_LOG_RECOVER_H
#define AUDIT_LOG_RECOVER_H

#include <stdint.h>

#include "base/db.h"
#include "base/err.h"
#include "tlog/tree.h"

struct log_recovered {
	struct db *db;   /* the last segment, open for writing; NULL: there is no segment */
	unsigned number; /* its number; 0 */
	int64_t bytes;   /* of the file */
	struct tlog_edge edge;
};

/*
 * Opens the last segment, brings what a crash left in its write-ahead log into the file, durably, and rehashes its rows. A segment that a
 * crash left unborn is removed. AUDIT_ERR: rows missing, or not those of the kept tree head; err says what to do.
 */
int log_recover(const char *dir, struct log_recovered *recovered_out, struct err *err);

#endif
