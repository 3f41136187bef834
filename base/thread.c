/* Starting threads, and waiting by a clock that nobody sets. */
#include "base/thread.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

int thread_start(const char *name, void *(*run)(void *arg), void *arg, pthread_t *thread_out, struct err *err)
{
	char cut[THREAD_NAME_MAX + 1];
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t all;
	sigset_t before;
	int failed = pthread_attr_init(&attributes);

	if (failed != 0)
		return err_set(err, BASE_ERR, "cannot start the thread %s: %s", name, strerror(failed));
	ASSERT(pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES) == 0);
	/* A thread inherits the mask: so there is no moment at which it would take a signal. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&thread, &attributes, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	if (failed != 0)
		return err_set(err, BASE_ERR, "cannot start the thread %s: %s", name, strerror(failed));
	snprintf(cut, sizeof(cut), "%s", name);
	pthread_setname_np(thread, cut);
	*thread_out = thread;
	return 0;
}

void thread_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

struct timespec thread_deadline(int ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += ms % 1000 * 1000000L;
	if (at.tv_nsec >= 1000000000L) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000L;
	}
	return at;
}
