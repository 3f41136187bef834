/*
 * audit: the record of every access, which an auditor can verify without trusting the machine it came from. Events become JSON lines; a
 * line is durable before its submitter is told; the lines are the leaves of an RFC 6962 Merkle tree. It knows neither HTTP nor git.
 *
 * On disk: DIR/log-NNNNNN.db, segments that hold the lines (the truth), and DIR/index.db, what questions need (derived, never trusted).
 * This is the room's one public header: events, the writing log, its state, export and verify.
 */
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/slice.h"

enum audit_code {
	AUDIT_ERR = -1,        /* the log cannot be written or read now */
	AUDIT_ERR_BUSY = -2,   /* the queue is full: answer 503 and let the client come again */
	AUDIT_ERR_ALTERED = -3 /* verify: the log is not what was written */
};

/* --- events -------------------------------------------------------------------------------------------------------------------------- */

/* Values are kept in the index: explicit, never reused. 0 is always "absent": the field does not appear in the line. */
enum audit_kind {
	AUDIT_ACCESS = 1,
	AUDIT_OUTCOME = 2,
	AUDIT_AUTH = 3,
	AUDIT_POLICY = 4,
	AUDIT_TOKEN = 5,
	AUDIT_MODULE = 6,
	AUDIT_SUMDB = 7,
	AUDIT_ADMIN = 8,
	AUDIT_SYSTEM = 9
};
enum audit_action {
	AUDIT_ACTION_ABSENT = 0,
	AUDIT_LIST = 1,
	AUDIT_LATEST = 2,
	AUDIT_INFO = 3,
	AUDIT_MOD = 4,
	AUDIT_ZIP = 5,
	AUDIT_LOOKUP = 6,
	AUDIT_TILE = 7,
	AUDIT_INDEX = 8
};
enum audit_verdict { AUDIT_VERDICT_ABSENT = 0, AUDIT_DENY = 1, AUDIT_ALLOW = 2, AUDIT_VERDICT_NONE = 3 };
enum audit_proof { AUDIT_PROOF_ABSENT = 0, AUDIT_PROOF_SUMDB = 1, AUDIT_PROOF_PIN = 2, AUDIT_PROOF_EXEMPT = 3, AUDIT_PROOF_NONE = 4 };
enum audit_source { AUDIT_SOURCE_ABSENT = 0, AUDIT_SOURCE_CACHE = 1, AUDIT_SOURCE_BUILT = 2, AUDIT_SOURCE_FETCHED = 3 };
enum audit_flag { AUDIT_FLAG_ABSENT = 0, AUDIT_FALSE = 1, AUDIT_TRUE = 2 };

/* The words of the line: "access", "zip", "deny"... NULL for an absent or unknown value. */
const char *audit_kind_word(enum audit_kind kind);
const char *audit_action_word(enum audit_action action);
const char *audit_verdict_word(enum audit_verdict verdict);
const char *audit_proof_word(enum audit_proof proof);
const char *audit_source_word(enum audit_source source);
/* The value of a word ("allow", "deny", "none"); false when it is no such word. */
bool audit_verdict_find(struct slice word, enum audit_verdict *verdict_out);

/*
 * Limits in bytes. What is longer is cut (between UTF-8 characters) and the field is named in the line's last member, "cut". Together they
 * keep every line within AUDIT_LINE_MAX, however much of it JSON must escape.
 */
#define AUDIT_LINE_MAX         65535
#define AUDIT_REQUEST_MAX      128
#define AUDIT_USER_MAX         256
#define AUDIT_GROUPS_MAX       128  /* how many */
#define AUDIT_GROUPS_BYTES_MAX 4096 /* of all of them; those that do not fit any more are left out */
#define AUDIT_METHOD_MAX       32
#define AUDIT_CREDENTIAL_MAX   128
#define AUDIT_ADDRESS_MAX      64
#define AUDIT_AGENT_MAX        512
#define AUDIT_MODULE_MAX       1024
#define AUDIT_VERSION_MAX      256
#define AUDIT_RULE_MAX         128
#define AUDIT_REASON_MAX       600
#define AUDIT_POLICY_MAX       80
#define AUDIT_ORIGIN_MAX       256
#define AUDIT_H1_MAX           64
#define AUDIT_TEXT_MAX         2048

/*
 * One event. Start from AUDIT_EVENT_INIT, not from zeroes. A slice whose ptr is NULL is absent; SLICE("") appears as "". Any bytes are
 * allowed: what is not UTF-8 appears as <field>_b64. v, seq, time and salt are added by the log. Order as in the line.
 */
struct audit_event {
	enum audit_kind kind;
	struct slice request;
	struct slice user;
	const struct slice *groups; /* NULL: absent */
	size_t groups_count;        /* 0 with groups set: [] */
	struct slice method;
	struct slice credential;
	struct slice address;
	struct slice agent;
	enum audit_action action;
	struct slice module;
	struct slice version;
	enum audit_verdict verdict;
	struct slice rule;
	struct slice reason;
	struct slice policy; /* "sha256:..." of the policy that decided */
	enum audit_flag private;
	enum audit_proof proof;
	enum audit_source source;
	struct slice origin; /* commit, or where it was fetched from */
	int status;          /* HTTP status; 0: absent */
	struct slice h1;
	int64_t bytes; /* -1: absent, and so for every number below */
	int64_t of;    /* outcome: sequence of the access it belongs to */
	int64_t duration_us;
	enum audit_flag complete;
	int64_t count;     /* how many refusals this one line stands for */
	struct slice text; /* what happened, in words: kinds that are no access */
};
#define AUDIT_EVENT_INIT(event_kind) \
	{ \
		.kind = (event_kind), .bytes = -1, .of = -1, .duration_us = -1, .count = -1 \
	}

/* --- the writing log ------------------------------------------------------------------------------------------------------------------ */

struct audit;
struct audit_log;

struct audit_options {
	const char *dir;             /* data/audit; made (0700) if absent. Copied */
	const struct clock *clock;   /* NULL: the machine's. Borrowed until close */
	size_t queue_events_max;     /* 0: 16384; events not yet answered */
	size_t queue_bytes_max;      /* 0: 16 MiB; of their lines */
	int64_t segment_bytes_max;   /* 0: 256 MiB; a segment that passes it is followed by a new one */
	int retry_ms;                /* 0: 1000; how often a failing log tries to come back */
	const struct audit_log *log; /* NULL: SQLite segments in dir. Tests put doubles here. Borrowed until close */
};

/*
 * Opens the log for writing: recovers the last segment after a crash, rehashes it, starts the writer and the index thread. Where more is gone
 * from the end than a crash takes, the log goes on, says so in a line of kind system, and audit_state() tells. One process at a time (it
 * holds data/lock). AUDIT_ERR: the directory or the last segment cannot be used; err says what to do.
 */
int audit_open(const struct audit_options *options, struct audit **audit_out, struct err *err);
/* Writes what is queued, answers everybody, ends both threads. No submission may be under way or follow. NULL-safe. */
void audit_close(struct audit **audit);

/*
 * The answer to one submission: code 0 and its sequence when the line is durable; AUDIT_ERR (sequence 0) when it could not be made so.
 * Runs on the writer thread: must not block; may submit again.
 */
typedef void audit_done(void *ctx, int code, uint64_t seq);

/*
 * Queues one event; borrows it only during the call; never blocks. 0: done is called exactly once, later, whatever happens (even by
 * audit_close). Else nothing is recorded, done is never called and the answer must be 503: AUDIT_ERR_BUSY (queue full), AUDIT_ERR (log
 * failing or memory short; err says why). done NULL submits lazily: for refusals, whose reply need not wait; these never take the last
 * fifth of the queue, so that they cannot crowd out what must be recorded. Any thread.
 */
int audit_submit(struct audit *audit, const struct audit_event *event, audit_done *done, void *ctx, struct err *err);

struct audit_state {
	uint64_t size;              /* durable lines = leaves of the tree */
	uint8_t root[SHA256_BYTES]; /* of the tree of that size */
	bool failing;               /* submissions are refused; /readyz is red */
	char error[ERR_TEXT_MAX];   /* the last failure's sentence; "" when there never was one */
	size_t queued;              /* events not yet answered */
	size_t queue_max;
	uint64_t commits;         /* groups made durable since open */
	uint64_t refused;         /* submissions refused since open */
	uint64_t segments_failed; /* segments given up after a failed write since open */
	uint64_t indexed;         /* lines the index has; lag = size - indexed */
	bool index_failing;
	char index_error[ERR_TEXT_MAX];
	char tail[ERR_TEXT_MAX]; /* what opening the log found to be gone from its end, in words; "": nothing. It is recorded, too */
};
/* A copy of the state now. Never blocks for long. Any thread. */
void audit_state(struct audit *audit, struct audit_state *state_out);

/* --- reading -------------------------------------------------------------------------------------------------------------------------- */

/* Every condition must hold; the zero value of each means "any". */
struct audit_filter {
	int64_t since_us;    /* wall clock; lines at or after it. 0: any */
	int64_t until_us;    /* lines before it. 0: any */
	struct slice user;   /* exactly, and the outcomes of rows that match, which name nobody; ptr NULL: any */
	struct slice module; /* a pattern as in policy.yaml (so a path takes what lies below it); ptr NULL: any */
	enum audit_verdict verdict;
};

/* Takes one line, with its newline; borrowed during the call. Non-zero (with err set) ends the export with AUDIT_ERR. */
typedef int audit_sink(void *ctx, struct slice line, struct err *err);

/*
 * Streams the matching lines of the log in dir, byte for byte as they were stored, in order. Read-only: also while a daemon writes there, and
 * on a copy. AUDIT_ERR: no log, a malformed pattern, a row that cannot be read (named), or the sink's.
 */
int audit_export(const char *dir, const struct audit_filter *filter, audit_sink *sink, void *ctx, struct err *err);

/* A tree head as people carry it: "ROOT@SIZE", the root in base64. */
struct audit_head {
	uint64_t size;
	uint8_t root[SHA256_BYTES];
};
#define AUDIT_HEAD_TEXT_MAX 72
void audit_head_format(const struct audit_head *head, char out[AUDIT_HEAD_TEXT_MAX]);
bool audit_head_parse(struct slice text, struct audit_head *head_out);

enum audit_fault_kind {
	AUDIT_FAULT_EDITED = 1,     /* a line and the hash kept beside it disagree */
	AUDIT_FAULT_MISSING = 2,    /* a sequence number without a row */
	AUDIT_FAULT_ADDED = 3,      /* a row where none was written */
	AUDIT_FAULT_MOVED = 4,      /* a row that holds another sequence's line */
	AUDIT_FAULT_HEAD = 5,       /* rows and hashes agree, yet not with the tree head kept after them */
	AUDIT_FAULT_SEGMENT = 6,    /* a segment out of order, or without its description */
	AUDIT_FAULT_UNREADABLE = 7, /* the database cannot give these rows */
	AUDIT_FAULT_WAL = 9,        /* the write-ahead log is damaged: rows after the last may be gone */
	AUDIT_FAULT_EXPECTED = 8    /* not the head the caller expects: replaced, or its tail cut off */
};
const char *audit_fault_word(enum audit_fault_kind kind);

/* One finding. Strings are borrowed during the call. */
struct audit_fault {
	enum audit_fault_kind kind;
	uint64_t first; /* sequence numbers first..last; one row: equal */
	uint64_t last;
	const char *segment; /* file name, "log-000003.db"; "" when it is about the whole log */
	const char *text;    /* one sentence that names rows and segment */
};

struct audit_verify_options {
	const char *dir;
	const struct audit_head *expect;                           /* a head noted earlier; NULL: none */
	void (*fault)(void *ctx, const struct audit_fault *fault); /* may be NULL */
	void *ctx;
};

struct audit_verify_result {
	uint64_t rows; /* read and counted */
	uint64_t segments;
	uint64_t faults;        /* findings reported */
	uint64_t superseded;    /* rows of a segment that failed, which a later segment replaced: harmless, not counted in rows */
	struct audit_head head; /* of all rows, when no row is missing or unreadable; else size is rows and root is zero */
	bool head_known;
};

/*
 * Reads all of the log in dir and recomputes its tree. Read-only, streams, also while a daemon writes. 0: sound (and with expect: the log
 * begins with exactly those rows). AUDIT_ERR_ALTERED: findings were reported; *result_out is set in both cases. AUDIT_ERR: no log there, or the
 * machine does not let it be read (disk, permissions, memory) and nothing was found until then.
 */
int audit_verify(const struct audit_verify_options *options, struct audit_verify_result *result_out, struct err *err);

#endif
