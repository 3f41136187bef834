/*
 * Private to audit: one line. It is written in two steps: the body by the submitter (all the event says), the prefix by the log's one
 * writer, who alone knows sequence and time. The body leaves room in front, so that nothing is copied.
 */
#ifndef AUDIT_LINE_H
#define AUDIT_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/audit.h"
#include "base/buf.h"
#include "base/json.h"

/* Room for {"v":1,"seq":...,"time":"...","salt":"..." */
#define LINE_PREFIX_MAX 128
#define LINE_SALT_BYTES 16

/* What a buffer for one line must be allowed to hold. */
#define LINE_BUF_MAX AUDIT_LINE_MAX

/* Appends room and body to an empty buffer of LINE_BUF_MAX. Check buf_failed(): only memory can be short. */
void line_body(const struct audit_event *event, struct buf *out);
/*
 * Puts the prefix in front of a body. scratch: any buffer of at least LINE_PREFIX_MAX, overwritten. *line_out is the whole line, borrowed from
 * body. False: memory is short.
 */
bool line_finish(struct buf *body, uint64_t seq, const char *time, const uint8_t salt[LINE_SALT_BYTES], struct buf *scratch, struct slice *line_out);

/* Reads sequence and time (as text) from a line's prefix without parsing JSON; false when it does not begin like a line of ours. */
bool line_scan(struct slice line, uint64_t *seq_out, struct slice *time_out);

/*
 * A text member of a parsed line, which may stand there as <name>_b64: then it is decoded into scratch. SLICE_NONE when absent. Borrowed from
 * the document or scratch.
 */
struct slice line_member(const struct json *line, const char *name, struct buf *scratch);

#endif
