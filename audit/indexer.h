/*
 * Private to audit: the thread that keeps index.db behind the log. It reads committed rows from the segments, so that being one row behind
 * and being a million behind are the same. Whatever goes wrong here never touches the log.
 */
#ifndef AUDIT_INDEXER_H
#define AUDIT_INDEXER_H

#include <stdint.h>

#include "audit/audit.h"
#include "base/err.h"

struct indexer;

/* Starts the thread; size: rows that are durable now. AUDIT_ERR: no thread or memory. */
int indexer_open(const char *dir, uint64_t size, struct indexer **indexer_out, struct err *err);
/* Ends it after the transaction under way; what lacks is caught up after the next start. NULL-safe. */
void indexer_close(struct indexer **indexer);
/* So many rows are durable. Never blocks. */
void indexer_follow(struct indexer *indexer, uint64_t size);
/* Fills indexed, index_failing and index_error. */
void indexer_state(struct indexer *indexer, struct audit_state *state);

#endif
