/* What memory cannot answer: one flight for each credential under way, flown by a worker, with all who wait for it on board. */
#include "auth/core.h"

#include <stdlib.h>
#include <string.h>

#define ADDRESS_MAX 64 /* bytes; what is longer counts by its beginning */

struct waiter {
	struct waiter *next;
	auth_done *done;
	void *ctx;
};

struct auth_flight {
	struct auth_flight *next; /* in its bucket */
	struct auth_key key;
	bool listed;  /* others may come on board */
	bool counted; /* by the throttle, as wrong until it is known not to be */
	struct auth *auth;
	struct auth_credential credential;
	char address[ADDRESS_MAX];
	size_t address_len;
	struct waiter *waiters; /* under flights_lock while listed */
};

static struct slice address_of(const struct auth_flight *flight)
{
	return slice_make(flight->address, flight->address_len);
}

static void flight_free(struct auth_flight *flight)
{
	struct waiter *next;

	if (flight == NULL)
		return;
	for (struct waiter *waiter = flight->waiters; waiter != NULL; waiter = next) {
		next = waiter->next;
		free(waiter);
	}
	auth_credential_wipe(&flight->credential);
	free(flight);
}

static struct auth_flight *flight_make(struct auth *auth, const struct auth_credential *credential, const struct auth_request *request)
{
	struct auth_flight *flight = calloc(1, sizeof(*flight));

	if (flight == NULL)
		return NULL;
	flight->auth = auth;
	flight->address_len = request->address.len < ADDRESS_MAX ? request->address.len : ADDRESS_MAX;
	if (flight->address_len > 0)
		memcpy(flight->address, request->address.ptr, flight->address_len);
	flight->waiters = calloc(1, sizeof(*flight->waiters));
	if (flight->waiters == NULL || !auth_credential_copy(credential, &flight->credential)) {
		flight_free(flight);
		return NULL;
	}
	flight->waiters->done = request->done;
	flight->waiters->ctx = request->ctx;
	return flight;
}

/* Puts the roles of its groups on an identity just proved. The old reference is used up. */
static int dress(struct auth *auth, struct auth_answer *answer)
{
	const struct auth_identity *bare = answer->identity;
	const struct auth_identity *dressed = auth_identity_with_roles(auth, bare);

	auth_identity_unref(bare);
	return dressed == NULL ? auth_answer_no_memory(answer) : auth_answer_accept(answer, dressed);
}

static void remember(struct auth *auth, struct auth_cache *cache, const struct auth_key *key, int64_t for_us, const struct auth_answer *answer)
{
	struct auth_cached cached = { .identity = answer->identity, .reason = answer->reason, .until_us = clock_monotonic_us(auth->clock) + for_us };

	auth_cache_put(cache, key, &cached);
}

/* The refusal, and the name it is about for the record of the next one. */
static void remember_refusal(struct auth *auth, const struct auth_key *key, int64_t for_us, const struct auth_answer *answer)
{
	const struct auth_identity name = { .user = answer->user, .credential = "" };
	struct auth_answer about = { .reason = answer->reason };

	/* For want of memory it is remembered without the name. */
	about.identity = answer->user[0] != '\0' ? auth_identity_copy(&name) : NULL;
	remember(auth, auth->refused, key, for_us, &about);
	auth_identity_unref(about.identity);
}

static void fly_password(struct auth_flight *flight, const struct auth_key *key, struct auth_answer *answer)
{
	struct auth *auth = flight->auth;
	struct slice user = flight->credential.user;
	int code;

	atomic_fetch_add(&auth->directory_binds, 1);
	code = auth->directory->class->sign_in(auth->directory, user, flight->credential.secret, answer);
	if (code == 0 && dress(auth, answer) == 0) {
		remember(auth, auth->accepted, key, auth->directory->cache_ttl_us, answer);
		auth_throttle_known(auth->throttle, user, address_of(flight), clock_monotonic_us(auth->clock));
	} else if (code == AUTH_ERR_REFUSED) {
		remember_refusal(auth, key, auth->directory->refused_ttl_us, answer);
	}
}

/* A person who is gone is asked for again after the time of an accepted answer: nobody guesses here. */
static void fly_token(struct auth_flight *flight, const struct auth_key *key, struct auth_answer *answer)
{
	struct auth *auth = flight->auth;
	const struct auth_identity *token = answer->identity;
	const struct auth_identity *person;
	const struct auth_identity *joined;
	int code;

	answer->identity = NULL;
	atomic_fetch_add(&auth->directory_searches, 1);
	code = auth->directory->class->look_up(auth->directory, slice_of(token->user), answer);
	if (code == 0) {
		person = answer->identity;
		joined = auth_identity_with_groups(token, person);
		auth_identity_unref(person);
		code = joined == NULL ? auth_answer_no_memory(answer) : auth_answer_accept(answer, joined);
	}
	if (code == 0)
		remember(auth, auth->accepted, key, auth->directory->cache_ttl_us, answer);
	else if (code == AUTH_ERR_REFUSED)
		remember_refusal(auth, key, auth->directory->cache_ttl_us, answer);
	auth_identity_unref(token);
}

/* It may have been revoked while the directory was asked. */
static void check_token_again(struct auth_flight *flight, struct auth_answer *answer)
{
	struct auth_answer now = *answer;
	bool from_directory;

	now.identity = NULL;
	if (auth_tokens_check(flight->auth->tokens, flight->credential.secret, &from_directory, &now) == 0) {
		auth_identity_unref(now.identity);
		return;
	}
	auth_identity_unref(answer->identity);
	*answer = now;
}

static void fly_jwt(struct auth_flight *flight, const struct auth_key *key, struct auth_answer *answer)
{
	struct auth *auth = flight->auth;
	int64_t until_s = 0;
	int64_t for_us;

	atomic_fetch_add(&auth->jwt_verified, 1);
	if (auth_jwt_verify(auth->jwt, flight->credential.secret, &until_s, answer) < 0 || dress(auth, answer) < 0)
		return;
	for_us = until_s * AUTH_MICROSECONDS - clock_wall_us(auth->clock);
	remember(auth, auth->verified, key, for_us < AUTH_JWT_CACHE_S * AUTH_MICROSECONDS ? for_us : AUTH_JWT_CACHE_S * AUTH_MICROSECONDS, answer);
}

static void fly(struct auth_flight *flight, struct auth_answer *answer)
{
	struct auth_key key;

	/* Another flight may have brought the answer between auth_begin() and now. */
	if (auth_refuse_parsed(flight->auth, AUTH_REASON_NONE, &flight->credential, answer) < 0 ||
		auth_recall(flight->auth, &flight->credential, &key, answer) != AUTH_WOULD_BLOCK)
		return;
	switch (flight->credential.kind) {
	case AUTH_CREDENTIAL_PASSWORD:
		fly_password(flight, &key, answer);
		break;
	case AUTH_CREDENTIAL_TOKEN:
		fly_token(flight, &key, answer);
		check_token_again(flight, answer);
		break;
	case AUTH_CREDENTIAL_JWT:
		fly_jwt(flight, &key, answer);
		break;
	case AUTH_CREDENTIAL_NONE:
		ASSERT(false);
	}
}

static struct auth_flight **bucket_of(struct auth *auth, const struct auth_key *key)
{
	return &auth->flights[key->bytes[0] & (AUTH_FLIGHT_BUCKETS - 1)];
}

static struct auth_flight *find(struct auth *auth, const struct auth_key *key)
{
	struct auth_flight *flight = *bucket_of(auth, key);

	while (flight != NULL && memcmp(flight->key.bytes, key->bytes, AUTH_KEY_BYTES) != 0)
		flight = flight->next;
	return flight;
}

static void list(struct auth *auth, struct auth_flight *flight)
{
	struct auth_flight **bucket = bucket_of(auth, &flight->key);

	flight->next = *bucket;
	*bucket = flight;
}

static void unlist(struct auth *auth, struct auth_flight *flight)
{
	struct auth_flight **link = bucket_of(auth, &flight->key);

	while (*link != flight)
		link = &(*link)->next;
	*link = flight->next;
}

/* Counts a guess that is about to be made. */
static bool take(struct auth *auth, struct auth_flight *flight)
{
	if (!flight->listed || flight->credential.kind != AUTH_CREDENTIAL_PASSWORD)
		return true;
	flight->counted = auth_throttle_take(auth->throttle, flight->credential.user, address_of(flight), clock_monotonic_us(auth->clock));
	return flight->counted;
}

static void give_back(struct auth *auth, const struct auth_flight *flight)
{
	if (flight->counted)
		auth_throttle_give_back(auth->throttle, flight->credential.user, address_of(flight), clock_monotonic_us(auth->clock));
}

static void run(void *arg)
{
	struct auth_flight *flight = arg;
	struct auth_answer answer;

	fly(flight, &answer);
	if (answer.code != AUTH_ERR_REFUSED)
		give_back(flight->auth, flight);
	if (flight->listed) {
		pthread_mutex_lock(&flight->auth->flights_lock);
		unlist(flight->auth, flight);
		pthread_mutex_unlock(&flight->auth->flights_lock);
	}
	for (const struct waiter *waiter = flight->waiters; waiter != NULL; waiter = waiter->next)
		waiter->done(waiter->ctx, &answer);
	auth_identity_unref(answer.identity);
	flight_free(flight);
}

/* Submits under the lock, so that nobody comes on board of a flight that will not start. */
static int start(struct auth *auth, struct auth_flight *flight)
{
	bool listed = flight->listed;

	if (pool_submit(auth->pool, run, flight) < 0) {
		give_back(auth, flight);
		return AUTH_ERR_BUSY;
	}
	/* A listed flight ends under the lock that is held here; another may be over by now. */
	if (listed)
		list(auth, flight);
	return 0;
}

static int board(struct auth *auth, struct auth_flight *flight)
{
	struct auth_flight *under_way = flight->listed ? find(auth, &flight->key) : NULL;

	if (under_way != NULL) {
		flight->waiters->next = under_way->waiters;
		under_way->waiters = flight->waiters;
		flight->waiters = NULL;
		flight_free(flight);
		atomic_fetch_add(&auth->shared, 1);
		return 0;
	}
	return take(auth, flight) ? start(auth, flight) : AUTH_ERR_THROTTLED;
}

/* key is NULL when memory has an answer by now: then nobody shares the flight. */
static int depart(struct auth *auth, const struct auth_credential *credential, const struct auth_key *key, const struct auth_request *request,
	struct auth_answer *answer)
{
	struct auth_flight *flight = flight_make(auth, credential, request);
	int code;

	if (flight == NULL)
		return auth_answer_no_memory(answer);
	flight->listed = key != NULL;
	if (key != NULL)
		flight->key = *key;
	pthread_mutex_lock(&auth->flights_lock);
	code = board(auth, flight);
	pthread_mutex_unlock(&auth->flights_lock);
	if (code < 0)
		flight_free(flight);
	if (code == AUTH_ERR_BUSY)
		return auth_answer_refuse(answer, code, AUTH_REASON_BUSY, "too many sign-ins wait now; try again in a moment");
	if (code == AUTH_ERR_THROTTLED)
		return auth_answer_refuse(answer, code, AUTH_REASON_THROTTLED, "too many wrong passwords; wait a minute, then try again");
	return 0;
}

int auth_begin(struct auth *auth, const struct auth_request *request, struct auth_answer *answer_out)
{
	struct auth_credential credential;
	struct auth_answer answer;
	struct auth_key key;
	enum auth_reason reason = auth_credential_parse(request->authorization, &credential);
	int code = auth_refuse_parsed(auth, reason, &credential, &answer);

	if (code == 0)
		code = auth_recall(auth, &credential, &key, &answer);
	auth_identity_unref(answer.identity);
	answer.identity = NULL;
	if (code >= 0)
		code = depart(auth, &credential, code == AUTH_WOULD_BLOCK ? &key : NULL, request, &answer);
	auth_credential_wipe(&credential);
	if (code < 0)
		*answer_out = answer;
	return code;
}
