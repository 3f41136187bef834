/*
 * Tokens: opaque secrets "mg_<id>_<secret><check>" for people and machines. Issued, listed and revoked here; auth.h accepts them. The
 * daemon and, when none runs, the command that owns the data directory use the same calls over the same table.
 *
 * At rest there is only SHA-256 of the secret. All tokens are kept in memory as well: a revoke takes effect with the call that makes it.
 */
#ifndef AUTH_TOKENS_H
#define AUTH_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/auth.h"
#include "base/clock.h"
#include "base/db.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/slice.h"

#define AUTH_TOKEN_SECRET_BYTES 28 /* base62: 166 bits */
#define AUTH_TOKEN_CHECK_BYTES  6  /* base62 of 32 bits: a mistyped token is refused without a look-up */
#define AUTH_TOKEN_BYTES        (3 + AUTH_TOKEN_ID_BYTES + 1 + AUTH_TOKEN_SECRET_BYTES + AUTH_TOKEN_CHECK_BYTES)
#define AUTH_TOKEN_TEXT_MAX     (AUTH_TOKEN_BYTES + 1)
#define AUTH_TOKENS_MAX         100000 /* tokens in use; ended ones make room for new ones */
#define AUTH_TOKEN_ENDED_DAYS   30     /* a revoked or expired token is kept so long, if there is room; then its text is unknown */
#define AUTH_TOKEN_DAYS_DEFAULT 90     /* lifetime_max_days where options say 0 */
#define AUTH_TOKEN_DAYS_MAX     36500

/* What is known of a token; it holds no secret. Borrowed from whoever hands it out. */
struct auth_token {
	const char *id;
	const char *user;
	enum auth_scope scope;
	bool groups_fixed; /* groups below are the token's own; else they come from the directory at use (none without a directory) */
	const char *const *groups;
	size_t groups_count;
	const char *const *modules; /* patterns; none: no limit */
	size_t modules_count;
	int64_t created_s, expires_s; /* seconds since 1970 */
	int64_t revoked_s;            /* 0: not revoked */
};

/* Where tokens rest. Calls come one at a time. */
struct auth_token_store;
struct auth_token_store_class {
	/* Calls row for each token, in any order; a non-zero answer of row ends it and is returned. AUTH_ERR. */
	int (*each)(struct auth_token_store *store,
		int (*row)(void *ctx, const struct auth_token *token, const uint8_t hash[SHA256_BYTES], struct err *err), void *ctx, struct err *err);
	/* Durable when it returns 0. AUTH_ERR. */
	int (*insert)(struct auth_token_store *store, const struct auth_token *token, const uint8_t hash[SHA256_BYTES], struct err *err);
	/* The same; a token revoked before keeps its time. AUTH_ERR. */
	int (*revoke)(struct auth_token_store *store, const char *id, int64_t revoked_s, struct err *err);
	/* Removes every token that was revoked or expired at by_s or before. Durable when it returns 0. AUTH_ERR. */
	int (*remove_ended)(struct auth_token_store *store, int64_t by_s, struct err *err);
	void (*close)(struct auth_token_store *store);
};
struct auth_token_store {
	const struct auth_token_store_class *class;
};

/* Over table auth_tokens, made if absent. db is lent, opened durable, outlives the store and may be shared under db_lock(). AUTH_ERR. */
int auth_token_store_sqlite_open(struct db *db, struct auth_token_store **store_out, struct err *err);
/* In memory only. AUTH_ERR. */
int auth_token_store_memory_open(struct auth_token_store **store_out, struct err *err);
void auth_token_store_close(struct auth_token_store **store);

struct auth_tokens_options {
	struct auth_token_store *store; /* lent, outlives the tokens */
	int64_t lifetime_max_days;      /* 0: AUTH_TOKEN_DAYS_DEFAULT. Holds at use too: a token older than this has expired */
	const struct clock *clock;      /* lent; NULL: the machine's */
};

/* Reads every token into memory. AUTH_ERR, AUTH_ERR_INVALID. */
int auth_tokens_open(const struct auth_tokens_options *options, struct auth_tokens **tokens_out, struct err *err);
void auth_tokens_close(struct auth_tokens **tokens);

struct auth_token_request {
	const char *user;
	bool groups_fixed; /* true even with no groups: a machine's token. False: a person's, whose groups the directory tells */
	const char *const *groups;
	size_t groups_count;
	int64_t days; /* 0: as long as allowed */
	enum auth_scope scope;
	const char *const *modules;
	size_t modules_count;
};

/*
 * Makes a token that works from now on and writes its text, the only time it is ever seen: the caller shows it and wipes it. What ended
 * AUTH_TOKEN_ENDED_DAYS ago is removed on the way.
 * AUTH_ERR_INVALID (err says which argument), AUTH_ERR. May block (the store); any thread.
 */
int auth_tokens_issue(struct auth_tokens *tokens, const struct auth_token_request *request, char text_out[AUTH_TOKEN_TEXT_MAX], struct err *err);

/*
 * Refused everywhere from the moment this returns. AUTH_ERR_ABSENT (no such token, or it was revoked already: err says which, nothing changes),
 * AUTH_ERR (then it still works). May block; any thread.
 */
int auth_tokens_revoke(struct auth_tokens *tokens, struct slice id, struct err *err);

/* Calls each for every token, the oldest first; each must not call into tokens. Returns each's first non-zero answer, 0, or AUTH_ERR (memory). Any thread. */
int auth_tokens_list(struct auth_tokens *tokens, int (*each)(void *ctx, const struct auth_token *token), void *ctx, struct err *err);

/* The id inside a token's text, when the text is well formed ("mg_", lengths, check): for `token revoke TEXT`. Aliases text. */
bool auth_token_id_of(struct slice text, struct slice *id_out);

#endif
