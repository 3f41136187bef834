/* What auth would have the operator know, kept for a look. */
#ifndef TESTS_AUTH_NOTES_H
#define TESTS_AUTH_NOTES_H

#include <pthread.h>

#include "auth/auth_private.h"
#include "base/buf.h"

static pthread_mutex_t notes_lock = PTHREAD_MUTEX_INITIALIZER;
static struct buf notes = BUF_INIT(1024 * 1024);

static void take_note(void *ctx, const char *text)
{
	(void)ctx;
	pthread_mutex_lock(&notes_lock);
	buf_printf(&notes, "%s\n", text);
	pthread_mutex_unlock(&notes_lock);
}

static const struct auth_noter noter = { .note = take_note };

#endif
