/* What the tests of auth share beside tests/base/rows.h: a clock to turn, a directory double, a place where answers arrive. */
#ifndef TESTS_AUTH_SUPPORT_H
#define TESTS_AUTH_SUPPORT_H

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "auth/auth_private.h"

#include "tests/base/rows.h"

/* --- a clock to turn --------------------------------------------------------------------------------------------------------------------- */

#define START_S 1800000000LL

static _Atomic int64_t turned_us;

static inline int64_t turned_wall(void *ctx)
{
	(void)ctx;
	return START_S * 1000000 + turned_us;
}

static inline int64_t turned_monotonic(void *ctx)
{
	(void)ctx;
	return 1000000 + turned_us;
}

static const struct clock turned_clock = { .wall_us = turned_wall, .monotonic_us = turned_monotonic };

static inline void turn_s(int64_t seconds)
{
	turned_us += seconds * 1000000;
}

/* --- a directory double: alice/secret in payments, bob/hunter2 in platform; it counts, and may be held ------------------------------------------ */

struct double_directory {
	struct auth_directory directory; /* first */
	atomic_int binds, searches;
	atomic_bool down;
	atomic_bool gone;     /* the directory forgot everybody */
	pthread_mutex_t gate; /* taken during each call: a test holds it to hold the workers */
};

static inline int double_answer(struct double_directory *directory, struct slice user, struct auth_answer *answer)
{
	static const char *const payments[] = { "payments" };
	static const char *const platform[] = { "platform" };
	struct auth_identity identity = { .method = AUTH_LDAP, .credential = "", .groups_count = 1 };
	const struct auth_identity *copy;

	if (directory->down)
		return auth_answer_refuse(answer, AUTH_ERR_UNAVAILABLE, AUTH_REASON_DIRECTORY_UNAVAILABLE, "down");
	identity.user = slice_equal_nocase(user, SLICE("alice")) ? "alice" : slice_equal_nocase(user, SLICE("bob")) ? "bob" : NULL;
	if (identity.user == NULL || directory->gone)
		return auth_refuse_as(answer, AUTH_REASON_WRONG_PASSWORD);
	identity.groups = identity.user[0] == 'a' ? payments : platform;
	copy = auth_identity_copy(&identity);
	return copy == NULL ? auth_answer_no_memory(answer) : auth_answer_accept(answer, copy);
}

static inline int double_sign_in(struct auth_directory *directory, struct slice user, struct slice password, struct auth_answer *answer)
{
	struct double_directory *us = (struct double_directory *)directory;
	int code;

	us->binds++;
	pthread_mutex_lock(&us->gate);
	code = double_answer(us, user, answer);
	pthread_mutex_unlock(&us->gate);
	if (code == 0 && !slice_equal_text(password, answer->identity->user[0] == 'a' ? "secret" : "hunter2")) {
		snprintf(answer->user, sizeof(answer->user), "%s", answer->identity->user);
		auth_identity_unref(answer->identity);
		code = auth_refuse_as(answer, AUTH_REASON_WRONG_PASSWORD);
	}
	return code;
}

static inline int double_look_up(struct auth_directory *directory, struct slice user, struct auth_answer *answer)
{
	struct double_directory *us = (struct double_directory *)directory;
	int code;

	us->searches++;
	pthread_mutex_lock(&us->gate);
	code = double_answer(us, user, answer);
	pthread_mutex_unlock(&us->gate);
	return code == AUTH_ERR_REFUSED ? auth_refuse_as(answer, AUTH_REASON_USER_GONE) : code;
}

static inline void double_close(struct auth_directory *directory)
{
	pthread_mutex_destroy(&((struct double_directory *)directory)->gate);
	free(directory);
}

static const struct auth_directory_class double_class = { .sign_in = double_sign_in, .look_up = double_look_up, .close = double_close };

static inline struct double_directory *double_open(void)
{
	struct double_directory *directory = calloc(1, sizeof(*directory));

	assert_non_null(directory);
	directory->directory = (struct auth_directory){ .class = &double_class, .cache_ttl_us = 60 * 1000000LL, .refused_ttl_us = 300 * 1000000LL };
	pthread_mutex_init(&directory->gate, NULL);
	return directory;
}

/* --- where answers arrive ----------------------------------------------------------------------------------------------------------------------- */

struct arrival {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int count;
	struct auth_answer answer; /* the latest */
};

#define ARRIVAL_INIT \
	{ \
		.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER \
	}

static inline void arrive(void *ctx, const struct auth_answer *answer)
{
	struct arrival *arrival = ctx;

	pthread_mutex_lock(&arrival->lock);
	auth_identity_unref(arrival->answer.identity);
	arrival->answer = *answer;
	if (answer->identity != NULL)
		auth_identity_ref(answer->identity);
	arrival->count++;
	pthread_cond_broadcast(&arrival->changed);
	pthread_mutex_unlock(&arrival->lock);
}

static inline void await(struct arrival *arrival, int count)
{
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 30;
	pthread_mutex_lock(&arrival->lock);
	while (arrival->count < count && rc == 0)
		rc = pthread_cond_timedwait(&arrival->changed, &arrival->lock, &until);
	pthread_mutex_unlock(&arrival->lock);
	assert_int_equal(rc, 0);
}

/* auth_try(), and auth_begin() where that is needed: the whole way of a credential. The caller unrefs the identity. */
static inline int sign_in(struct auth *auth, struct slice header, struct slice address, struct auth_answer *answer_out)
{
	struct arrival arrival = ARRIVAL_INIT;
	struct auth_request request = { .authorization = header, .address = address, .done = arrive, .ctx = &arrival };
	int code = auth_try(auth, header, answer_out);

	if (code != AUTH_WOULD_BLOCK)
		return code;
	code = auth_begin(auth, &request, answer_out);
	if (code < 0)
		return code;
	await(&arrival, 1);
	*answer_out = arrival.answer;
	pthread_mutex_lock(&arrival.lock); /* the worker has let go */
	pthread_mutex_unlock(&arrival.lock);
	return answer_out->code;
}

/* "Basic " and base64 of user:password. The caller frees. */
static inline char *basic_header(const char *user, const char *password)
{
	struct buf plain = BUF_INIT(32 * 1024);
	struct buf header = BUF_INIT(64 * 1024);

	buf_printf(&plain, "%s:%s", user, password);
	buf_add_text(&header, "Basic ");
	base64_encode(buf_slice(&plain), &header);
	buf_free(&plain);
	return buf_take(&header);
}

static inline char *bearer_header(const char *token)
{
	struct buf header = BUF_INIT(64 * 1024);

	buf_printf(&header, "Bearer %s", token);
	return buf_take(&header);
}

#endif
