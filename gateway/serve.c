/* The daemon: start, the main thread's loop of signals and ticks, drain. */
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "base/file.h"
#include "gateway/control.h"
#include "gateway/gateway.h"
#include "gateway/open.h"
#include "gateway/record.h"
#include "gateway/reload.h"
#include "gateway/server.h"
#include "gateway/text.h"

#define DRAIN_S      30 /* after this, what is still being fetched is given up */
#define DRAIN_MORE_S 30 /* and this is how long the last answers may take */

static void block_signals(sigset_t *signals_out)
{
	sigemptyset(signals_out);
	sigaddset(signals_out, SIGTERM);
	sigaddset(signals_out, SIGINT);
	sigaddset(signals_out, SIGHUP);
	pthread_sigmask(SIG_BLOCK, signals_out, NULL);
	/* A peer that goes away is told by write's error. */
	signal(SIGPIPE, SIG_IGN);
}

/* Each connection is a descriptor; the soft limit is for programs that use select. */
static void raise_descriptors(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Secrets pass through this memory: no core file, and none for a program that the kernel would pipe it to, which heeds no limit. */
static void forbid_core(void)
{
	struct rlimit none = { 0, 0 };
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
}

static void refusals_told(void *ctx, const char *address, uint64_t count)
{
	struct gateway *gateway = ctx;
	struct audit_event event = AUDIT_EVENT_INIT(AUDIT_AUTH);
	event.address = slice_of(address);
	event.verdict = AUDIT_DENY;
	event.reason = SLICE("further refusals within a minute");
	event.count = (int64_t)count;
	audit_submit(gateway->audit, &event, NULL, NULL, NULL);
}

static void reload(struct gateway *gateway)
{
	struct buf told = BUF_INIT(ERR_TEXT_MAX * 2);
	struct err err = ERR_INIT;
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_monotonic_us(&clock_system));
	reload_now(gateway, "", &told, &err);
	sd_notify(0, "READY=1");
	buf_free(&told);
}

static void end_slow_heads(struct gateway *gateway)
{
	size_t ended = heads_expire(&gateway->heads, clock_monotonic_us(&clock_system));
	if (ended > 0)
		log_write(&gateway->log, LOG_LEVEL_INFO, NULL, "connections closed, which gave no whole request head in time: %zu", ended);
}

/* Until a signal says stop. */
static int run(struct gateway *gateway, const sigset_t *signals)
{
	const struct timespec second = { .tv_sec = 1 };
	for (;;) {
		int signal_number = sigtimedwait(signals, NULL, &second);
		if (signal_number == SIGTERM || signal_number == SIGINT)
			return signal_number;
		if (signal_number == SIGHUP)
			reload(gateway);
		end_slow_heads(gateway);
		refusals_flush(gateway->refusals, clock_monotonic_us(&clock_system), false, refusals_told, gateway);
	}
}

/* Waits until none is left, so many seconds at most. */
static bool drained(const _Atomic int64_t *count, int seconds)
{
	const struct timespec tick = { .tv_nsec = 20 * 1000 * 1000 };
	for (int64_t left = (int64_t)seconds * 50; left > 0 && atomic_load(count) > 0; left--)
		nanosleep(&tick, NULL);
	return atomic_load(count) == 0;
}

/*
 * Stopping the server aborts the process while a connection is suspended, so every one of them is answered first; and on a connection that
 * stays open a new request may come at any moment, so the gateway is closed before the last are counted.
 */
static void drain(struct gateway *gateway)
{
	atomic_store(&gateway->draining, true);
	sd_notify(0, "STOPPING=1");
	log_write(&gateway->log, LOG_LEVEL_INFO, NULL, "stopping: no new connections; requests being answered: %lld",
		(long long)atomic_load(&gateway->requests));
	server_quiesce(gateway);
	bool in_time = drained(&gateway->requests, DRAIN_S);
	atomic_store(&gateway->closed, true);
	if (!in_time) {
		log_write(&gateway->log, LOG_LEVEL_WARNING, NULL, "stopping: fetches under way are given up");
		supply_abort(gateway->supply);
	}
	while (!drained(&gateway->unanswered, DRAIN_MORE_S) || !drained(&gateway->suspended, DRAIN_MORE_S))
		log_write(&gateway->log, LOG_LEVEL_WARNING, NULL, "stopping: requests that still wait: %lld",
			(long long)atomic_load(&gateway->unanswered));
	if (!in_time)
		drained(&gateway->requests, DRAIN_MORE_S);
	server_stop(gateway);
	/* What goes on behind has nobody who waits for it, and may hang for long. */
	supply_abort(gateway->supply);
	refusals_flush(gateway->refusals, 0, true, refusals_told, gateway);
}

static int write_address(const struct gateway *gateway, const char *address_file, struct err *err)
{
	if (address_file == NULL)
		return 0;
	return file_write(address_file, slice_of(gateway->url), 0644, err);
}

/* Recorded once the port is ours, and before anybody is answered. */
static int begin(struct gateway *gateway, struct err *err)
{
	int code = server_bind(gateway, err);
	return code == 0 ? record_text(gateway->audit, AUDIT_SYSTEM, "", "started modgate " MODGATE_VERSION, policy_hash(gateway->policy), err)
			 : code;
}

static int answer(struct gateway *gateway, struct control **control_out, const char *address_file, struct err *err)
{
	int code = control_open(gateway, control_out, err);
	if (code == 0)
		code = server_start(gateway, err);
	if (code == 0)
		code = write_address(gateway, address_file, err);
	return code;
}

/* A reload may come in already, so even here the policy in force is asked for. */
static void tell_start(struct gateway *gateway)
{
	struct policy *policy = gateway_policy(gateway);
	sd_notifyf(0, "READY=1\nSTATUS=answering at %s", gateway->url);
	log_write(&gateway->log, LOG_LEVEL_INFO, NULL, "answering at %s; policy %s, %zu rule%s", gateway->url, policy_name(policy),
		policy_rules(policy), text_plural(policy_rules(policy)));
	policy_unref(policy);
}

/* From the row that says started to the one that says stopped. */
static int serve(struct gateway *gateway, const char *address_file, const sigset_t *signals, struct err *err)
{
	struct control *control = NULL;
	int code = answer(gateway, &control, address_file, err);
	if (code == 0) {
		tell_start(gateway);
		run(gateway, signals);
	}
	control_close(&control);
	if (gateway->daemon != NULL)
		drain(gateway);
	record_text(gateway->audit, AUDIT_SYSTEM, "", "stopped", NULL, NULL);
	log_write(&gateway->log, LOG_LEVEL_INFO, NULL, "stopped");
	return code;
}

int gateway_serve(const struct settings *settings, const char *address_file, struct err *err)
{
	struct gateway *gateway = NULL;
	sigset_t signals;
	block_signals(&signals);
	raise_descriptors();
	forbid_core();

	int code = gateway_open(settings, &gateway, err);
	if (code == BASE_ERR_BUSY)
		return err_prepend(err, GATEWAY_ERR, "another modgate owns %s", settings->data);
	if (code != 0)
		return code == GATEWAY_ERR_INVALID ? code : GATEWAY_ERR;
	code = begin(gateway, err);
	if (code == 0)
		code = serve(gateway, address_file, &signals, err);
	server_stop(gateway);
	gateway_close(&gateway);
	return code == 0 ? 0 : GATEWAY_ERR;
}
