/*
 * Private to audit: what can tell that the newest rows are not all there, although those that are fit together. Two witnesses: the last
 * segment's write-ahead log (see wal.h), and the index beside the log, which takes rows in only after they are durable, so that it may be
 * behind the log but never ahead. They may only raise a suspicion: what they do not see is not proved to be sound.
 *
 * An index ahead of the log: its tail was cut off or damaged, the disk lost what it had said was written, or the files are copies that were
 * not taken at one moment.
 */
#ifndef AUDIT_TAIL_H
#define AUDIT_TAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/segment.h"
#include "audit/wal.h"

struct tail {
	bool damaged;
	struct wal_damage damage;
	char segment[SEGMENT_NAME_MAX]; /* the last one */
	uint64_t seen;                  /* rows that the index has; 0: none, or it cannot be asked */
	struct tlog_hash origin;        /* the hash of the first of them */
};

/* Before the log is opened for writing, which lets go of what does not fit, or read, because a live log's index runs ahead of its readers. */
void tail_look(const char *dir, struct tail *tail_out);

#define TAIL_TEXT_MAX 256
/* In words what the write-ahead log shows; "" when it is not damaged. */
void tail_damage_text(const struct tail *tail, char out[TAIL_TEXT_MAX]);
/* In words that the index has more rows than the `size` of the log in dir; "" when it has not, or is another log's. */
void tail_seen_text(const struct tail *tail, const char *dir, uint64_t size, char out[TAIL_TEXT_MAX]);

#endif
