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
 * Members of a line by name, found in one pass over it without building a document: several times a million lines must be looked at.
 * raw and what follows are set by line_fields() and borrow the line. No two fields may ask for the same name.
 */
struct line_field {
	struct slice name;
	bool found;
	bool is_text;
	bool base64;      /* it stands there as <name>_b64 */
	struct slice raw; /* a text without its quotes, still escaped; anything else as it stands */
};
/* False when the line is not of the form the log writes: one object whose values are texts, numbers, words and arrays of texts. */
bool line_fields(struct slice line, struct line_field *fields, size_t count);
/* False when absent or no text. *text_out borrows the line or scratch (overwritten). */
bool line_field_text(const struct line_field *field, struct buf *scratch, struct slice *text_out);
/* False when absent or no whole number from 0 on. */
bool line_field_number(const struct line_field *field, int64_t *number_out);

#endif
