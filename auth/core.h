/* The handle behind auth.h, for auth.c (what memory answers) and begin.c (what workers do). */
#ifndef AUTH_CORE_H
#define AUTH_CORE_H

#include <pthread.h>
#include <stdatomic.h>

#include "auth/auth_private.h"

#define AUTH_MICROSECONDS   1000000LL
#define AUTH_FLIGHT_BUCKETS 256 /* a power of two, at most 256 */
#define AUTH_JWT_CACHE_S    60  /* an accepted JWT is verified again so often, so that a key taken away ends it */

struct auth_flight;

struct auth {
	bool anonymous;
	const char *const *audit_groups;
	size_t audit_groups_count;
	const char *const *admin_groups;
	size_t admin_groups_count;
	struct arena *arena; /* of those lists */
	struct auth_tokens *tokens;
	struct auth_directory *directory; /* NULL: off */
	struct auth_jwt *jwt;             /* NULL: off */
	struct pool *pool;
	const struct clock *clock;
	struct auth_noter noter;
	const struct auth_identity *nobody; /* what anonymous gets */

	uint8_t salt[SHA256_BYTES];  /* of cache keys */
	atomic_uint_fast64_t epoch;  /* part of cache keys; grows with a reload: what was under way then is not remembered */
	struct auth_cache *accepted; /* by password, and by token id for a person's token */
	struct auth_cache *refused;  /* likewise */
	struct auth_cache *verified; /* JWTs */
	struct auth_throttle *throttle;

	pthread_mutex_t flights_lock;
	struct auth_flight *flights[AUTH_FLIGHT_BUCKETS]; /* under flights_lock */

	atomic_uint_fast64_t directory_binds, directory_searches, jwt_verified, shared;
};

/* What a credential is remembered by. token_id: for a person's token, else "". */
struct auth_key auth_key_of(struct auth *auth, const struct auth_credential *credential, const char *token_id);

/*
 * What memory knows of a credential; 0, AUTH_WOULD_BLOCK or a refusal. key_out is written when the answer is AUTH_WOULD_BLOCK. A person's token
 * that still needs its groups leaves its own identity in answer_out (to be unref'd) with AUTH_WOULD_BLOCK.
 */
int auth_recall(struct auth *auth, const struct auth_credential *credential, struct auth_key *key_out, struct auth_answer *answer_out);
/* Refuses a header that auth_credential_parse() did not take, and a kind that is off. */
int auth_refuse_parsed(struct auth *auth, enum auth_reason reason, const struct auth_credential *credential, struct auth_answer *answer_out);

/* A copy of identity with the scope its groups give. NULL: memory. */
const struct auth_identity *auth_identity_with_roles(const struct auth *auth, const struct auth_identity *identity);
/* A copy of the token's identity with the groups of the person's. NULL: memory. */
const struct auth_identity *auth_identity_with_groups(const struct auth_identity *token, const struct auth_identity *person);
#endif
