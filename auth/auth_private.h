/* What the files of auth share: making identities, reading a header, remembering answers, the directory and the signed tokens behind vtables or handles. */
#ifndef AUTH_AUTH_PRIVATE_H
#define AUTH_AUTH_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/auth.h"
#include "auth/tokens.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"

/* Where notes for the log go. */
struct auth_noter {
	void (*note)(void *ctx, const char *text); /* may be NULL */
	void *ctx;
};
void auth_note(const struct auth_noter *noter, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* --- identity.c ------------------------------------------------------------------------------------------------------------------ */

/* A counted deep copy of *like, with one reference. NULL: memory. */
const struct auth_identity *auth_identity_copy(const struct auth_identity *like);
/* Is s a name as identities hold them: 1 to bytes_max bytes of UTF-8 without control characters? */
bool auth_name_ok(struct slice s, size_t bytes_max);

/* Names gathered for an identity; everything lies in the arena. */
struct auth_names {
	struct arena *arena; /* lent */
	const char **items;
	size_t count;
};
/* 0, or AUTH_ERR_REFUSED (not a name, or more than AUTH_GROUPS_MAX), or AUTH_ERR (memory). Start with items NULL, count 0. */
int auth_names_add(struct auth_names *names, struct slice name);

/* --- answers --------------------------------------------------------------------------------------------------------------------- */

/* Writes code, reason and sentence, leaves method and credential, drops no reference (identity must be NULL). Returns code. */
int auth_answer_refuse(struct auth_answer *answer, int code, enum auth_reason reason, const char *format, ...) __attribute__((format(printf, 4, 5)));
/* AUTH_ERR_UNAVAILABLE for want of memory. */
int auth_answer_no_memory(struct auth_answer *answer);
/* Code 0. Takes the reference over. */
int auth_answer_accept(struct auth_answer *answer, const struct auth_identity *identity);

/* --- credential.c ---------------------------------------------------------------------------------------------------------------- */

enum auth_credential_kind { AUTH_CREDENTIAL_NONE, AUTH_CREDENTIAL_TOKEN, AUTH_CREDENTIAL_JWT, AUTH_CREDENTIAL_PASSWORD };

struct auth_credential {
	enum auth_credential_kind kind;
	struct slice user;   /* only with a password; as typed */
	struct slice secret; /* token, JWT or password */
	struct buf bytes;    /* what the slices may point into */
};

/* NONE, or why the header is refused (then kind is still told where it is known). Slices alias authorization or bytes. Always wipe. */
enum auth_reason auth_credential_parse(struct slice authorization, struct auth_credential *credential_out);
/* A copy that stands alone. False: memory. */
bool auth_credential_copy(const struct auth_credential *from, struct auth_credential *credential_out);
void auth_credential_wipe(struct auth_credential *credential);

/* --- cache.c: answers by key, bounded, the least recently used goes first. Any thread. --------------------------------------------- */

#define AUTH_KEY_BYTES SHA256_BYTES
struct auth_key {
	uint8_t bytes[AUTH_KEY_BYTES];
};

struct auth_cached {
	const struct auth_identity *identity; /* of a refusal: no more than the name of whom the directory found behind it, or NULL */
	enum auth_reason reason;
	uint32_t count;   /* throttle.c: strikes */
	int64_t until_us; /* monotonic: not given out from then on */
};

struct auth_cache;
int auth_cache_open(size_t entries_max, struct auth_cache **cache_out, struct err *err);
void auth_cache_close(struct auth_cache **cache);
/* True: *cached_out is a copy whose identity the caller unrefs. */
bool auth_cache_get(struct auth_cache *cache, const struct auth_key *key, int64_t now_us, struct auth_cached *cached_out);
/* Takes a reference of its own. Replaces what the key had. */
void auth_cache_put(struct auth_cache *cache, const struct auth_key *key, const struct auth_cached *cached);
void auth_cache_clear(struct auth_cache *cache);

/* --- throttle.c: wrong passwords by user and address ------------------------------------------------------------------------------- */

#define AUTH_STRIKES_PAIR    10               /* wrong passwords of one user from one address in a window */
#define AUTH_STRIKES_ADDRESS 120              /* from one address, whoever they are for */
#define AUTH_STRIKES_USER    100              /* for one user from addresses that never signed in as that user */
#define AUTH_STRIKE_WINDOW_S 60               /* counted from the first strike */
#define AUTH_KNOWN_S         (30 * 24 * 3600) /* an address stays known to a user so long */

struct auth_throttle;
int auth_throttle_open(struct auth_throttle **throttle_out, struct err *err);
void auth_throttle_close(struct auth_throttle **throttle);
/* May this guess be sent to the directory? If so it counts as wrong from now on, so that many at once gain nothing. */
bool auth_throttle_take(struct auth_throttle *throttle, struct slice user, struct slice address, int64_t now_us);
/* It was not wrong, or nobody could tell. */
void auth_throttle_give_back(struct auth_throttle *throttle, struct slice user, struct slice address, int64_t now_us);
/* The user has signed in from this address. */
void auth_throttle_known(struct auth_throttle *throttle, struct slice user, struct slice address, int64_t now_us);

/* --- tokens.c, token_text.c --------------------------------------------------------------------------------------------------------- */

/* Makes a new text; id_out has AUTH_TOKEN_ID_BYTES + 1 bytes. */
void auth_token_text_make(char text_out[AUTH_TOKEN_TEXT_MAX], char *id_out);
/* Well formed, check included? Outs alias text. */
bool auth_token_text_parse(struct slice text, struct slice *id_out, struct slice *secret_out);

/*
 * Looks the token up. 0: answer_out->identity is set, and *from_directory_out says whether its groups must still come from the directory.
 * AUTH_ERR_REFUSED. answer_out->credential is set for a token that exists.
 */
int auth_tokens_check(struct auth_tokens *tokens, struct slice text, bool *from_directory_out, struct auth_answer *answer_out);

/* --- the directory behind a vtable: ldap.c, and doubles in tests --------------------------------------------------------------------- */

struct auth_directory;
struct auth_directory_class {
	/*
	 * Both: 0 (answer_out->identity: the directory's spelling, its groups, scope read), AUTH_ERR_REFUSED (answer_out->user where one entry was
	 * found), AUTH_ERR_UNAVAILABLE. Block; any thread.
	 */
	int (*sign_in)(struct auth_directory *directory, struct slice user, struct slice password, struct auth_answer *answer_out);
	int (*look_up)(struct auth_directory *directory, struct slice user, struct auth_answer *answer_out);
	void (*close)(struct auth_directory *directory);
};
struct auth_directory {
	const struct auth_directory_class *class;
	int64_t cache_ttl_us;
	int64_t refused_ttl_us;
};
/* AUTH_ERR_REFUSED with the sentence for what the directory has against a user; most reasons say the same. */
int auth_refuse_as(struct auth_answer *answer_out, enum auth_reason reason);

int auth_ldap_open(const struct auth_ldap_options *options, const struct clock *clock, const struct auth_noter *noter,
	struct auth_directory **directory_out, struct err *err);

/* auth_open() over another directory, which it closes in any case; options->ldap is not looked at. */
int auth_open_over(const struct auth_options *options, struct auth_directory *directory, struct auth **auth_out, struct err *err);

/* --- jwt.c ----------------------------------------------------------------------------------------------------------------------------- */

struct auth_jwt;
int auth_jwt_open(const struct auth_jwt_options *options, size_t count, const struct clock *clock, const struct auth_noter *noter,
	struct auth_jwt **jwt_out, struct err *err);
void auth_jwt_close(struct auth_jwt **jwt);
/* Reads every issuer's keys as they are now, without bringing them into force: put or not, drop what came of it. AUTH_ERR. Any thread. */
struct auth_key_reading;
int auth_jwt_read(const struct auth_jwt *jwt, struct auth_key_reading **readings_out, struct err *err);
void auth_jwt_put(struct auth_jwt *jwt, struct auth_key_reading *readings);
void auth_jwt_drop(const struct auth_jwt *jwt, struct auth_key_reading **readings);
/* Grows when keys changed: what was verified with an older one counts no more. Any thread. */
uint64_t auth_jwt_generation(struct auth_jwt *jwt);
/*
 * Verifies signature and claims. 0 (answer_out->identity, scope read; *until_s_out: accepted no longer, wall clock), AUTH_ERR_REFUSED,
 * AUTH_ERR_UNAVAILABLE. May read the key file; any thread.
 */
int auth_jwt_verify(struct auth_jwt *jwt, struct slice token, int64_t *until_s_out, struct auth_answer *answer_out);

#endif
