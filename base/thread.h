/* How every thread of ours is started - named, with a small stack, deaf to signals (which the main thread takes) - and waits for a while. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>
#include <time.h>

#include "base/err.h"

#define THREAD_STACK_BYTES (512 * 1024)
#define THREAD_NAME_MAX    15

/* Runs run(arg); join it with pthread_join. name is cut at THREAD_NAME_MAX bytes. BASE_ERR. */
int thread_start(const char *name, void *(*run)(void *arg), void *arg, pthread_t *thread_out, struct err *err);

/* A condition whose timed waits go by the monotonic clock, and the moment ms from now to wait for. */
void thread_cond_init(pthread_cond_t *cond);
struct timespec thread_deadline(int ms);

#endif
