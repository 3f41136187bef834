/* What verify found, in words; neighbouring findings of one kind become one. */
#include "audit/verify_private.h"

#include <stdio.h>
#include <string.h>

static const char *said_of(enum audit_fault_kind kind, bool one)
{
	switch (kind) {
	case AUDIT_FAULT_EDITED:
		return one ? "was edited: its line does not give the hash kept beside it"
			   : "were edited: their lines do not give the hashes kept beside them";
	case AUDIT_FAULT_MISSING:
		return one ? "is missing" : "are missing";
	case AUDIT_FAULT_ADDED:
		return one ? "was added: the log does not count it" : "were added: the log does not count them";
	case AUDIT_FAULT_MOVED:
		return one ? "holds the line of another sequence: it was moved or inserted"
			   : "hold the lines of other sequences: they were moved, or one was inserted";
	case AUDIT_FAULT_HEAD:
		return one ? "was edited together with its hash: the tree head kept after it does not fit"
			   : "hold at least one that was edited together with its hash: the tree head kept after them does not fit";
	case AUDIT_FAULT_SEGMENT:
		return one ? "begins a segment that does not fit" : "are of a segment that does not fit";
	case AUDIT_FAULT_UNREADABLE:
		return "cannot be read";
	case AUDIT_FAULT_WAL:
		return "and what came after it may be missing";
	case AUDIT_FAULT_EXPECTED:
		return one ? "is not what the expected tree head says" : "are not what the expected tree head says";
	}
	return "";
}

void verify_flush(struct verify *verify)
{
	struct audit_fault *fault = &verify->pending;
	char text[2 * ERR_TEXT_MAX];
	char rows[64];
	bool one = fault->first == fault->last;

	if (fault->kind == 0)
		return;
	if (one)
		snprintf(rows, sizeof(rows), "row %llu", (unsigned long long)fault->first);
	else
		snprintf(rows, sizeof(rows), "rows %llu to %llu", (unsigned long long)fault->first, (unsigned long long)fault->last);
	snprintf(text, sizeof(text), "%s%s%s %s%s%s", verify->pending_segment, verify->pending_segment[0] == '\0' ? "" : ": ", rows,
		said_of(fault->kind, one), verify->detail[0] == '\0' ? "" : ": ", verify->detail);
	fault->segment = verify->pending_segment;
	fault->text = text;
	verify->result.faults++;
	if (verify->options->fault != NULL)
		verify->options->fault(verify->options->ctx, fault);
	memset(fault, 0, sizeof(*fault));
}

static bool joins(const struct verify *verify, enum audit_fault_kind kind, uint64_t first, const char *detail)
{
	return verify->pending.kind == kind && verify->pending.last + 1 == first && strcmp(verify->pending_segment, verify->segment) == 0 &&
	       strcmp(verify->detail, detail) == 0;
}

void verify_found(struct verify *verify, enum audit_fault_kind kind, uint64_t first, uint64_t last, const char *detail)
{
	const char *words = detail == NULL ? "" : detail;

	verify->found_since_good = true;
	if (joins(verify, kind, first, words)) {
		verify->pending.last = last;
		return;
	}
	verify_flush(verify);
	verify->pending = (struct audit_fault){ .kind = kind, .first = first, .last = last };
	memcpy(verify->pending_segment, verify->segment, sizeof(verify->pending_segment));
	snprintf(verify->detail, sizeof(verify->detail), "%s", words);
}

void verify_found_in_log(struct verify *verify, enum audit_fault_kind kind, uint64_t first, uint64_t last, const char *detail)
{
	char segment[SEGMENT_NAME_MAX];

	memcpy(segment, verify->segment, sizeof(segment));
	verify->segment[0] = '\0';
	verify_found(verify, kind, first, last, detail);
	memcpy(verify->segment, segment, sizeof(segment));
}

void verify_lost(struct verify *verify, enum audit_fault_kind kind, uint64_t last, const char *detail)
{
	verify_found(verify, kind, verify->next, last, detail);
	verify->lines_broken = true;
	verify->kept_broken = true;
	verify->next = last + 1;
}
