/*
 * base: what every room stands on - errors, bytes, files, hashes, JSON, YAML, HTTP as a client, SQLite, workers, time.
 * It knows nothing of Go, of the HTTP server or of policy.
 *
 * err.h: the one error shape. A function answers 0 or a negative code; the sentence for people goes into a caller's struct err.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>

#define ERR_TEXT_MAX 600

/* One line, impersonal, says what happened and what to do next; never a secret. Zero it with ERR_INIT. */
struct err {
	char text[ERR_TEXT_MAX];
};

#define ERR_INIT \
	{ \
		.text = "" \
	}

/* Codes of base. Rooms have enums of their own; a code exists only where some caller branches on it. */
enum base_code {
	BASE_ERR = -1,         /* the environment failed (disk, memory, network) */
	BASE_ERR_ABSENT = -2,  /* the thing asked for does not exist */
	BASE_ERR_LIMIT = -3,   /* larger than the limit the caller or the header names */
	BASE_ERR_INVALID = -4, /* the bytes are not of the form they should have */
	BASE_ERR_BUSY = -5,    /* a queue is full, or somebody else holds the lock */
	BASE_ERR_TIMEOUT = -6  /* the time the caller allowed is over */
};

/* Writes the sentence (cut at ERR_TEXT_MAX; what is no UTF-8 or not to be seen becomes '?') and returns code. err may be NULL. */
int err_set(struct err *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Puts "format: " in front of what err says already and returns code. err may be NULL. */
int err_prepend(struct err *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* A bug, not an input: prints the place to stderr and aborts. Stays on in release; no client can reach one. */
#define ASSERT(condition) ((condition) ? (void)0 : assert_failed(#condition, __FILE__, __LINE__))
_Noreturn void assert_failed(const char *condition, const char *file, int line);

#endif
