/*
 * supply: an artifact from wherever it comes - the store, else git (private) or an upstream with proof (public), pinned, and made once
 * for all who wait. It knows neither the HTTP server nor identities: whoever asks has decided already that the caller may have it.
 *
 * Threads: supply_try never blocks (an event loop may call it). supply_begin never blocks either: the work is done on pools of its own,
 * and done() is called exactly once from a worker. Answers are immutable and counted.
 */
#ifndef SUPPLY_SUPPLY_H
#define SUPPLY_SUPPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/db.h"
#include "base/err.h"
#include "base/slice.h"
#include "policy/public.h"

#define SUPPLY_TEXT_MAX 600

enum supply_code {
	SUPPLY_OK = 0,
	SUPPLY_WOULD_BLOCK = -1,
	SUPPLY_ERR_ABSENT = -2,      /* proved absent: 404 */
	SUPPLY_ERR_UNKNOWN = -3,     /* cannot be known: repository or upstream unsure, refused or broken: 502 */
	SUPPLY_ERR_UNAVAILABLE = -4, /* the database or the upstream cannot be reached: 503 */
	SUPPLY_ERR_TIMEOUT = -5,     /* 504 */
	SUPPLY_ERR_MISMATCH = -6,    /* differs from the checksum database or from what was pinned: 502, never served */
	SUPPLY_ERR_FORBIDDEN = -7,   /* private without a repository to build it from, or a database not configured: 403 */
	SUPPLY_ERR_STORE = -8,       /* disk or catalogue failed: 503 */
	SUPPLY_ERR_BUSY = -9,        /* queues are full: 503 */
	SUPPLY_ERR_LATER = -10       /* being fetched, which takes long and goes on behind: 503, and asked again it is known or still under way */
};

enum supply_kind {
	SUPPLY_LIST,
	SUPPLY_LATEST,
	SUPPLY_INFO,
	SUPPLY_MOD,
	SUPPLY_ZIP,
	SUPPLY_ROOT, /* of a private module: the import path that its repository stands for, found without fetching it */
	SUPPLY_KINDS
};
enum supply_source { SUPPLY_CACHE, SUPPLY_BUILT, SUPPLY_FETCHED };
enum supply_proof { SUPPLY_PROOF_NONE, SUPPLY_PROOF_SUMDB, SUPPLY_PROOF_PIN, SUPPLY_PROOF_EXEMPT };

struct supply_repository {
	const char *prefix;
	const char *repository;
	const char *subdir;           /* or NULL */
	const char *credentials_file; /* or NULL */
	const char *known_hosts_file; /* or NULL */
	const char *ca;               /* or NULL */
	int64_t refresh_s;            /* 0: references are read anew for every list, latest and branch */
	int64_t hold_s;               /* how long fetches may hold one question; 0: 20 */
	bool missing_is_absent;
	bool lower_case; /* the host ignores case: capital letters in what {n} and {*} stand for are absent */
};
struct supply_upstream {
	const char *url;
	bool fallback_any_error;
	const char *const *modules; /* patterns */
	size_t modules_count;
	const char *ca; /* or NULL */
};
struct supply_database {
	const char *key; /* verifier key or the name of a well-known database */
	const char *url; /* or NULL: through the upstreams */
};

/* A pinned version was found changed: a moved tag, another zip. */
struct supply_notice {
	struct slice module, version;
	struct slice pinned, found; /* commits or h1; found is empty when it has gone, and as pinned when it is back */
	bool is_private;
	const char *what; /* "tag moved", "tag deleted", "tag moved back", "history rewritten", "commit back", "zip changed", "go.mod changed" */
};

struct supply_options {
	const char *data; /* the data directory */
	struct db *db;    /* catalogue; lent */
	const struct supply_repository *repositories;
	size_t repositories_count;
	const struct supply_upstream *upstreams;
	size_t upstreams_count;
	const struct supply_database *databases;
	size_t databases_count;
	int64_t list_ttl_s, negative_ttl_s;
	size_t git_workers, fetch_workers; /* 0: 4 and 64 */
	/*
	 * Called from a worker, one at a time, also during supply_open(), and may wait until it is durable. Answers how many of the first are: these
	 * are not told again; the others are at the next look and at the next start. Or NULL.
	 */
	size_t (*notice)(void *ctx, const struct supply_notice *notices, size_t count);
	void (*warn)(void *ctx, const char *sentence); /* for the operator's log, from a worker; or NULL */
	void *notice_ctx;                              /* of both */
	const struct clock *clock;
};

/* Can key be that of a struct supply_database? Else err says what was expected. */
bool supply_database_known(const char *key, struct err *err);

struct supply;
/* Opens store, vcs, upstream client and checksum databases. All options are copied. */
int supply_open(const struct supply_options *options, struct supply **supply_out, struct err *err);
/* Ends fetches under way, so that every waiting done() is called soon. Any thread; before supply_close. */
void supply_abort(struct supply *supply);
void supply_close(struct supply **supply);

struct supply_question {
	enum supply_kind kind;
	struct slice module;
	struct slice query;                        /* version or query, unescaped; empty for list, latest and root */
	const struct public_module *public_module; /* NULL: private, to be built from a repository */
	bool sumdb_exempt;                         /* policy's nosumdb */
};

#define SUPPLY_AGE_UNKNOWN (-1)

struct supply_answer {
	enum supply_code code;
	char text[SUPPLY_TEXT_MAX]; /* the sentence for the developer when code is not SUPPLY_OK; one line, no secret */
	struct slice version;       /* resolved version of info and latest (as in the body), mod and zip: as asked */
	struct slice body;          /* all but zip */
	const char *file;           /* zip: path of an immutable file; NULL otherwise */
	int64_t file_changed_ns;    /* its st_ctim: a file of another has been touched, and is to be asked for again with supply_begin() */
	int64_t bytes;
	const char *etag;   /* quoted */
	const char *h1;     /* of zip and mod; "" otherwise */
	const char *origin; /* commit that a private version or query stands for; "" otherwise */
	enum supply_source source;
	enum supply_proof proof;
	bool is_mutable; /* list, latest, queries */
	int64_t ttl_s;   /* of a mutable one: the rest of it */
	int64_t age_s; /* of a mutable one: since it was asked for; of a stale private one, since the repository was last read, or SUPPLY_AGE_UNKNOWN */
	bool stale;    /* past its ttl, served since the source cannot be asked */
};
const struct supply_answer *supply_answer_ref(const struct supply_answer *answer);
void supply_answer_unref(const struct supply_answer *answer);

/* From memory: SUPPLY_OK and an answer (which may be a remembered refusal: look at its code), or SUPPLY_WOULD_BLOCK. */
int supply_try(struct supply *supply, const struct supply_question *question, const struct supply_answer **answer_out);

/* done owns the answer it gets (unref it). */
typedef void supply_done(void *ctx, const struct supply_answer *answer);
/* SUPPLY_OK: done will be called. SUPPLY_ERR_BUSY: it will not. Everything question points to may go once this returns. */
int supply_begin(struct supply *supply, const struct supply_question *question, supply_done *done, void *ctx);

/*
 * The repository of a private module was pushed to: what is known of its references, and that it was not found, is not fresh any more, for all
 * modules of it below the same prefix. The next question about a list, latest, a branch or an unknown version reads them again. At most
 * SUPPLY_REFRESH_BURST take effect at once, then one each SUPPLY_REFRESH_INTERVAL_S: *after_us_out says in how long this one does, mostly 0.
 * At once: the repository is also fetched behind, whether anybody asks or not. Put off: nothing is fetched until somebody asks after that time;
 * no other refresh is needed for it. SUPPLY_ERR_ABSENT: no repository is configured for the module. Never blocks; any thread.
 * Fetched behind are SUPPLY_REFRESH_RULE_BURST of one prefix at once, then one each SUPPLY_REFRESH_RULE_INTERVAL_S: beyond that it is
 * SUPPLY_ERR_BUSY, *after_us_out says when the next may be, and nothing is fetched; what was known is old nevertheless, so no push is lost.
 */
#define SUPPLY_REFRESH_RULE_BURST      16
#define SUPPLY_REFRESH_RULE_INTERVAL_S 1
#define SUPPLY_REFRESH_BURST           4
#define SUPPLY_REFRESH_INTERVAL_S      5
int supply_refresh(struct supply *supply, struct slice module, int64_t *after_us_out);

/* What is pinned, as it lies in that data directory: without a supply, and also while another process owns it. Borrowed during the call. */
struct supply_pin {
	struct slice module, version;
	const char *commit, *h1, *mod_h1;   /* "": not yet */
	enum supply_proof proof, mod_proof; /* of h1 and commit, of mod_h1 */
	bool is_private;
	int64_t first_seen_us;
	int64_t moved_us;   /* when it was found to be another; 0: never, and the two below say nothing */
	const char *fact;   /* what was: "commit", "h1", "go_mod_h1" */
	struct slice found; /* empty: it had gone */
};
/*
 * All, of one module (below: and of those whose paths begin with it), or of one version (SLICE_NONE: any), by module and version. A version of
 * which others were found comes once for each time, in their order. A non-zero answer ends it. No catalogue yet: none. SUPPLY_ERR_STORE.
 */
int supply_pins_read(const char *data, struct slice module, bool below, struct slice version,
	int (*each)(void *ctx, const struct supply_pin *pin, struct err *err), void *ctx, struct err *err);

/* The checksum databases, passed through: cached and checked. */
enum supply_sumdb_kind { SUPPLY_SUMDB_SUPPORTED, SUPPLY_SUMDB_LATEST, SUPPLY_SUMDB_LOOKUP, SUPPLY_SUMDB_TILE };
struct supply_sumdb_question {
	enum supply_sumdb_kind kind;
	struct slice database;                     /* name as in the URL */
	const struct public_module *public_module; /* lookup */
	struct slice version;                      /* lookup */
	struct slice tile;                         /* tile: "tile/8/0/005.p/7" */
};
/* As supply_begin. A database that is not configured: SUPPLY_ERR_FORBIDDEN. */
int supply_sumdb_begin(struct supply *supply, const struct supply_sumdb_question *question, supply_done *done, void *ctx);

/* For /readyz and metrics. */
struct supply_state {
	bool store_ok;
	size_t store_queued, git_queued, fetch_queued, fetches_active;
	uint64_t cache_hits, cache_misses;
	char text[SUPPLY_TEXT_MAX]; /* why the store is not ok */
};
void supply_state(struct supply *supply, struct supply_state *state_out);

#endif
