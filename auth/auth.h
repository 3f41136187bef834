/*
 * auth: credentials -> identity. One Authorization header goes in, and out comes who asks (user, groups, how that was proved, how far it
 * reaches) or a refusal with its reason. It knows tokens, a directory (LDAP) and signed identity tokens (JWT); it does not know modules,
 * policy, sockets or HTTP answers.
 *
 * Two stages, so that an event loop never waits: auth_try() answers from memory only; when it says AUTH_WOULD_BLOCK, auth_begin() does
 * the rest on the lent pool and calls back.
 *
 *   Basic   password begins "mg_"              a token; the user name typed beside it means nothing
 *           password of three base64url parts  a JWT; likewise
 *           else                               user and password, shown to the directory
 *   Bearer  begins "mg_"                       a token;  else a JWT
 *
 * A credential that is refused is never downgraded to anonymous.
 */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/pool.h"
#include "base/slice.h"

#define AUTH_HEADER_MAX     (16 * 1024) /* bytes of an Authorization header's value */
#define AUTH_USER_MAX       256         /* bytes of a user name */
#define AUTH_PASSWORD_MAX   1024        /* bytes of a password shown to the directory */
#define AUTH_GROUP_MAX      256         /* bytes of a group's name */
#define AUTH_GROUPS_MAX     1024        /* groups of one identity; one who has more is refused, never cut */
#define AUTH_MODULES_MAX    64          /* module patterns that limit one token */
#define AUTH_TOKEN_ID_BYTES 10          /* a token's id, without its NUL */
#define AUTH_CACHE_ENTRIES  16384       /* answers remembered, of each kind: accepted, refused, JWT */

enum auth_code {
	AUTH_WOULD_BLOCK = 1,      /* memory does not know: call auth_begin() */
	AUTH_ERR = -1,             /* the environment failed (memory, database, a file) */
	AUTH_ERR_REFUSED = -2,     /* 401: this credential is not accepted */
	AUTH_ERR_MISSING = -3,     /* 401: no credential, and anonymous is off */
	AUTH_ERR_UNAVAILABLE = -4, /* 503: whether it is good cannot be known now (directory down, keys unreadable, memory short) */
	AUTH_ERR_BUSY = -5,        /* 503: the pool's queue is full */
	AUTH_ERR_THROTTLED = -6,   /* 429: too many wrong passwords for this user, or from this address */
	AUTH_ERR_ABSENT = -7,      /* no token has this id, or none that could still be revoked */
	AUTH_ERR_INVALID = -8      /* options or arguments that cannot stand; err names which */
};

/* How an identity was proved. Values are explicit and never reused. */
enum auth_method { AUTH_ANONYMOUS = 0, AUTH_TOKEN = 1, AUTH_LDAP = 2, AUTH_JWT = 3 };
#define AUTH_METHODS 4

/* How far an identity reaches beyond what policy allows it; each holds those before it. */
enum auth_scope { AUTH_SCOPE_READ = 0, AUTH_SCOPE_AUDIT = 1, AUTH_SCOPE_ADMIN = 2 };
#define AUTH_SCOPES 3

/* Why a credential was refused: the `reason` of an audit row. Values are explicit and never reused. */
enum auth_reason {
	AUTH_REASON_NONE = 0,
	AUTH_REASON_NO_CREDENTIAL = 1,
	AUTH_REASON_MALFORMED = 2,  /* the header, or what it holds, is not of the form */
	AUTH_REASON_METHOD_OFF = 3, /* this kind of credential is not configured */
	AUTH_REASON_EMPTY_PASSWORD = 4,
	AUTH_REASON_UNKNOWN_TOKEN = 5, /* no such id, or another secret */
	AUTH_REASON_EXPIRED = 6,       /* token or JWT */
	AUTH_REASON_REVOKED = 7,
	AUTH_REASON_WRONG_PASSWORD = 8,   /* an unknown user says the same */
	AUTH_REASON_NOT_ONE_ENTRY = 9,    /* the user filter matches several entries */
	AUTH_REASON_NO_USER_NAME = 10,    /* the entry or JWT has no usable name, or several */
	AUTH_REASON_GROUPS_UNUSABLE = 11, /* too many groups, or one too long or not of text */
	AUTH_REASON_USER_GONE = 12,       /* a token whose person the directory no longer has */
	AUTH_REASON_DIRECTORY_UNAVAILABLE = 13,
	AUTH_REASON_BUSY = 14,
	AUTH_REASON_THROTTLED = 15,
	AUTH_REASON_NO_MEMORY = 16,
	AUTH_REASON_HEADER_REFUSED = 17, /* a JWT header that names critical extensions, brings its own key, or is no access or identity token */
	AUTH_REASON_ALGORITHM = 18,
	AUTH_REASON_UNKNOWN_KEY = 19,
	AUTH_REASON_BAD_SIGNATURE = 20,
	AUTH_REASON_WRONG_ISSUER = 21,
	AUTH_REASON_WRONG_AUDIENCE = 22,
	AUTH_REASON_NOT_YET_VALID = 23,
	AUTH_REASON_MISSING_CLAIM = 24, /* or one of the wrong type */
	AUTH_REASON_CLAIM_MISMATCH = 25
};
#define AUTH_REASONS 26

/* Words that leave the program ("token", "read", "wrong_password"); AUTH_REASON_NONE is "". Static. */
const char *auth_method_word(enum auth_method method);
const char *auth_scope_word(enum auth_scope scope);
const char *auth_reason_word(enum auth_reason reason);
/* The reverse; false when no such word exists. */
bool auth_method_of(struct slice word, enum auth_method *method_out);
bool auth_scope_of(struct slice word, enum auth_scope *scope_out);

/*
 * Who asks. Immutable and counted: any thread may read it while it holds a reference. Names are UTF-8 without control characters.
 * user is the directory's own spelling, the claim's, or the token's; never what was typed. "" for anonymous.
 */
struct auth_identity {
	enum auth_method method;
	enum auth_scope scope;
	const char *user;
	const char *const *groups;
	size_t groups_count;
	const char *credential;     /* id of the token, "" otherwise */
	const char *const *modules; /* patterns (module/pattern.h) the token is limited to; none: no limit */
	size_t modules_count;
	int64_t expires_s; /* when the credential itself ends, seconds since 1970; 0: it has no end of its own */
};

/* ref returns its argument. unref is NULL-safe. Any thread. */
const struct auth_identity *auth_identity_ref(const struct auth_identity *identity);
void auth_identity_unref(const struct auth_identity *identity);

/* What became of a credential. */
struct auth_answer {
	int code;                                 /* 0 or an enum auth_code */
	enum auth_reason reason;                  /* NONE when code is 0 or AUTH_WOULD_BLOCK */
	enum auth_method method;                  /* how it was tried; AUTH_ANONYMOUS when there was no credential, or none that could be read */
	char credential[AUTH_TOKEN_ID_BYTES + 1]; /* id of a token that exists, refused or not; else "" */
	/* Of a refusal: whom the directory found behind it, in its own spelling, else "". For the record only: a client must not learn who exists. */
	char user[AUTH_USER_MAX + 1];
	const struct auth_identity *identity; /* when code is 0, else NULL */
	struct err err; /* when code < 0: a sentence fit to be shown to the client; tells no secret and not whether a user exists */
};

struct auth_ldap_options {
	const char *const *uris; /* ldaps://, ldap:// (only with start_tls) or ldapi://; tried in order */
	size_t uris_count;
	bool start_tls;
	const char *ca;                   /* PEM file; NULL: the system's */
	const char *bind_dn;              /* NULL: searches are anonymous */
	const char *bind_password_source; /* base/file.h file_read_secret(); NULL only without bind_dn. Read at open */
	const char *user_base;
	const char *user_filter;     /* with {user}; the attribute compared with it gives the user's name. NULL: (uid={user}) */
	const char *group_base;      /* NULL: no groups */
	const char *group_filter;    /* with {dn} or {user}. NULL: (member={dn}) */
	const char *group_attribute; /* NULL: cn */
	int64_t cache_ttl_s;         /* 0: 60 */
	int64_t refused_ttl_s;       /* 0: 300 */
	int64_t timeout_ms;          /* of connecting and of each operation; 0: 3000 */
	size_t idle_max;             /* connections kept of each kind (service account, users' binds); 0: 8 */
};

struct auth_jwt_claim {
	const char *claim;   /* dots reach into objects */
	const char *matches; /* module_glob_match(): '*' does not match '/' */
};

/*
 * One issuer. exp, iss and aud are required; nbf and iat are honoured where present. Numbers must be whole.
 */
struct auth_jwt_options {
	const char *issuer;
	const char *const *audiences;
	size_t audiences_count;
	const char *const *algorithms; /* of RS256, ES256 */
	size_t algorithms_count;
	const char *jwks_file;    /* RSA of 2048 bits and more, EC P-256; reread when it changes */
	const char *user_claim;   /* NULL: sub */
	const char *groups_claim; /* dots reach into objects; an array of strings or one string. NULL: no groups */
	const struct auth_jwt_claim *required;
	size_t required_count;
	int64_t leeway_s; /* 0..60 */
};

struct auth_tokens;

struct auth_options {
	bool anonymous;
	const char *const *audit_groups; /* groups that hold scope audit, admin; they never widen a token, whose scope is what it was issued with */
	size_t audit_groups_count;
	const char *const *admin_groups;
	size_t admin_groups_count;
	struct auth_tokens *tokens;           /* lent, outlives auth (auth/tokens.h); NULL: tokens are off */
	const struct auth_ldap_options *ldap; /* copied; NULL: off */
	const struct auth_jwt_options *jwt;   /* copied */
	size_t jwt_count;
	struct pool *pool;         /* lent: directory workers; must be closed (it runs what is queued) before auth_close() */
	const struct clock *clock; /* lent; NULL: the machine's */
	/* Something worth a line in the log and no failure (a key ignored, key file unreadable and the old keys kept). Any thread. May be NULL. */
	void (*note)(void *ctx, const char *text);
	void *note_ctx;
};

struct auth;

/*
 * Reads key files and the bind password; connects to nothing. SIGPIPE must be ignored or blocked in every thread that calls auth_close()
 * or works in the pool. AUTH_ERR_INVALID (options, err names the key), AUTH_ERR.
 */
int auth_open(const struct auth_options *options, struct auth **auth_out, struct err *err);
/* NULL-safe. No call may be under way, no callback outstanding. */
void auth_close(struct auth **auth);

/*
 * In two steps, so that others can be made ready between them: reads every key file as it is now (AUTH_ERR, err says which cannot be
 * read), then, and this cannot fail, brings those keys into force and forgets every remembered answer. Any thread; reading may block.
 */
struct auth_reload;
int auth_reload_read(struct auth *auth, struct auth_reload **reload_out, struct err *err);
void auth_reload_commit(struct auth_reload *reload);
/* Committed or not. NULL-safe; before auth_close(). */
void auth_reload_close(struct auth_reload **reload);

/*
 * Answers from memory alone; never blocks; any thread. authorization is the header's value, borrowed; ptr NULL: no such header.
 * Returns answer_out->code: 0 (answer_out->identity is the caller's to unref), AUTH_WOULD_BLOCK, AUTH_ERR_REFUSED, AUTH_ERR_MISSING,
 * AUTH_ERR_UNAVAILABLE. answer_out is always written.
 */
int auth_try(struct auth *auth, struct slice authorization, struct auth_answer *answer_out);

/* Called exactly once, from a worker of the pool. answer is borrowed for the call: ref answer->identity to keep it. code is never AUTH_WOULD_BLOCK. */
typedef void auth_done(void *ctx, const struct auth_answer *answer);

struct auth_request {
	struct slice authorization; /* copied */
	struct slice address;       /* the client's, numeric; guesses are counted by it. Copied. Empty: not counted by address */
	auth_done *done;
	void *ctx;
};

/*
 * Does the rest of an auth_try() that said AUTH_WOULD_BLOCK. Equal credentials under way share one piece of work. Never blocks; any thread.
 * 0: done will be called (maybe before this returns). AUTH_ERR_BUSY, AUTH_ERR_THROTTLED, AUTH_ERR_UNAVAILABLE (or what auth_try() would
 * refuse): done will not be called, and answer_out, untouched otherwise, says why.
 */
int auth_begin(struct auth *auth, const struct auth_request *request, struct auth_answer *answer_out);

/* Since open, for metrics; each only grows. */
struct auth_counts {
	uint64_t directory_binds;    /* users' binds sent to the directory */
	uint64_t directory_searches; /* look-ups of a person for a token */
	uint64_t jwt_verified;       /* signatures looked at */
	uint64_t shared;             /* begun requests that joined work under way */
};
void auth_counts_read(struct auth *auth, struct auth_counts *counts_out);

#endif
