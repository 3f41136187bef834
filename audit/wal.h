/*
 * Private to audit: a look at a segment's write-ahead log as it lies on disk (sqlite.org/fileformat2.html, section 4). SQLite reads it up to the
 * first frame that does not fit and takes that for the place where a crash cut it short; nothing tells the commits after it that are lost.
 */
#ifndef AUDIT_WAL_H
#define AUDIT_WAL_H

#include <stdbool.h>
#include <stdint.h>

struct wal_damage {
	uint64_t frame;   /* the first that is not what was written, from 1; 0: the header */
	uint64_t commits; /* whole ones after it */
};

/*
 * Was the log beside this segment changed after it was written? A crash leaves at most one commit after a frame that does not fit, because
 * each commit is on disk before the next begins; only more than one is damage, and then *damage_out says where. False also when there is no
 * such file or it cannot be read. Safe while a daemon writes.
 */
bool wal_damaged(const char *segment_path, struct wal_damage *damage_out);

#endif
