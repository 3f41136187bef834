/*
 * gateway: the daemon - HTTP server, routes, steps of a request, metrics, control socket - and what operators ask of it. It knows no
 * git, no LDAP and no SQL; those rooms stand behind supply, auth and audit.
 *
 * For cmd/: every function below does one command's work. Answers go into a buf or a callback, sentences into err; nothing prints.
 * All run on the calling thread and block; none may be called twice at the same time in one process.
 */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "settings/settings.h"

enum gateway_code {
	GATEWAY_ERR = -1,         /* the environment failed: disk, socket, permissions */
	GATEWAY_ERR_NO = -2,      /* the answer is no: refused, absent, altered, a case failed */
	GATEWAY_ERR_INVALID = -3, /* configuration or arguments cannot stand */
	GATEWAY_ERR_ABSENT = -4   /* no daemon runs on this data directory */
};

/*
 * Serves until SIGTERM or SIGINT, then drains. Owns the data directory meanwhile. address_file (or NULL) receives https://HOST:PORT, by
 * rename, once requests are answered. Signals must still be at their defaults; they are blocked in every thread it starts.
 */
int gateway_serve(const struct settings *settings, const char *address_file, struct err *err);

/* Reads everything a start would read (policy, keys, databases), starts nothing and leaves the data directory alone. GATEWAY_ERR_INVALID says where. */
struct gateway_checked {
	char policy_hash[80];
	size_t rules;
};
int gateway_check(const struct settings *settings, struct gateway_checked *checked_out, struct err *err);

/* Makes the running daemon read policy.yaml and key files again. GATEWAY_ERR_ABSENT, GATEWAY_ERR_NO (the old ones stay in force; err says why). Appends a sentence to out. */
int gateway_reload(const struct settings *settings, struct buf *out, struct err *err);

/* --- tokens: by the running daemon, or by this process when it can take the lock ------------------------------------------------------ */

struct gateway_token_request {
	const char *user;
	const char *groups;  /* comma-separated; NULL: a person, whose groups the directory tells */
	int64_t days;        /* 0: as long as allowed */
	const char *scope;   /* NULL: read */
	const char *modules; /* comma-separated patterns; NULL: no limit */
};
/* Appends a JSON object: token (its text), id, user, scope, groups, modules, created, expires; wipe out with buf_wipe(). */
int gateway_token_issue(const struct settings *settings, const struct gateway_token_request *request, struct buf *out, struct err *err);
/* Appends a JSON array of objects, oldest first. */
int gateway_token_list(const struct settings *settings, struct buf *out, struct err *err);
/* id: the token's id, or its text. GATEWAY_ERR_NO: no such token. */
int gateway_token_revoke(const struct settings *settings, const char *id, struct err *err);

/* --- pins, from the catalogue alone ---------------------------------------------------------------------------------------------------- */

struct gateway_pins {
	const char *module; /* MODULE or MODULE@VERSION; NULL: all */
	bool below;         /* of the modules below that path, too */
	bool moved;         /* only those that were found to be another */
	bool whole;         /* all that is known of each, instead of a table */
	bool json;
};
/* sink gets one after the other; non-zero ends it. GATEWAY_ERR_NO: nothing of the module is pinned, or (moved) has moved. */
int gateway_pins(const struct settings *settings, const struct gateway_pins *asked, int (*sink)(void *ctx, struct slice text, struct err *err),
	void *ctx, struct err *err);

/* --- policy, from the files alone ------------------------------------------------------------------------------------------------------ */

struct gateway_explain {
	const char *user, *groups, *method; /* groups comma-separated or NULL; method NULL: the first of ldap, token, jwt that is configured */
	const char *module;                 /* MODULE or MODULE@VERSION */
	bool json;
};
/* 0: allowed, GATEWAY_ERR_NO: denied. The explanation is appended in both cases. */
int gateway_policy_explain(const struct settings *settings, const struct gateway_explain *explain, struct buf *out, struct err *err);
/* Runs a file of cases; appends failures and a count line. GATEWAY_ERR_NO when any failed. */
int gateway_policy_test(const struct settings *settings, const char *path, bool json, struct buf *out, struct err *err);

/* --- audit, from the files alone ------------------------------------------------------------------------------------------------------- */

struct gateway_export {
	const char *dir;                                     /* of the log; NULL: the configured one */
	const char *since, *until, *user, *module, *verdict; /* NULL: any; times RFC 3339 or a date */
};
/* sink gets each line with its newline; non-zero ends the export. settings may be NULL when dir is given. */
int gateway_audit_export(const struct settings *settings, const struct gateway_export *filter,
	int (*sink)(void *ctx, struct slice line, struct err *err), void *ctx, struct err *err);

struct gateway_verify {
	const char *dir;    /* of the log; NULL: the configured one */
	const char *expect; /* "ROOT@SIZE" noted earlier, or NULL */
	bool json;
};
/* Appends the report. settings may be NULL when dir is given. GATEWAY_ERR_NO: altered. */
int gateway_audit_verify(const struct settings *settings, const struct gateway_verify *verify, struct buf *out, struct err *err);

/* --- the developer's settings ---------------------------------------------------------------------------------------------------------- */

/* settings may be NULL when url is given. Appends shell lines, or JSON. go: the go command's version ("go1.26.8"), or NULL when there is none. */
int gateway_env(const struct settings *settings, const char *url, const char *go, bool json, struct buf *out, struct err *err);

/* --- a new gateway --------------------------------------------------------------------------------------------------------------------- */

struct gateway_init {
	const char *directory;
	const char *host;        /* name the certificate speaks of and under which it is reached; NULL: this machine alone */
	const char *upstreams;   /* as GOPROXY */
	const char *upstream_ca; /* PEM file that upstreams are checked against; NULL: the system's */
	const char *sumdb;       /* as GOSUMDB */
	bool json;
};
/* Writes the files of a new gateway; never overwrites. GATEWAY_ERR_NO: one is there already. Appends what was made and what to do next. */
int gateway_init(const struct gateway_init *init, struct buf *out, struct err *err);

#endif
