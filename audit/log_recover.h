/* Private to audit: what log_sqlite.c does before it may go on writing where an earlier process stopped. */
#ifndef AUDIT_LOG_RECOVER_H
#define AUDIT_LOG_RECOVER_H

#include <stdint.h>

#include "base/db.h"
#include "base/err.h"
#include "tlog/tree.h"

struct log_recovered {
	struct db *db;   /* the last segment, open for writing; NULL: there is none, or it must not be written any more */
	unsigned number; /* of the last segment; 0: there is none */
	int64_t bytes;   /* of the file */
	struct tlog_edge edge;
};

/*
 * Opens the last segment, rehashes its rows and brings what a crash left in its write-ahead log into the file, durably. When a reader keeps it
 * from that, the segment is left as it is: a new one has to follow. AUDIT_ERR: rows missing, or not those of the kept tree head; err says
 * what to do.
 */
int log_recover(const char *dir, struct log_recovered *recovered_out, struct err *err);

#endif
