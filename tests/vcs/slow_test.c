/* Hosts that are slow, hang half-way or break off: a question is held for a named time, and what was begun goes on behind. */
#include <time.h>

#include "remote.h"

#define ONE     SLICE("git.test/one")
#define HOLD_MS 400
#define SOON_MS 10000 /* far beyond HOLD_MS on a busy machine, and far below any time-out of a child */

static int64_t now_ms(void)
{
	return clock_monotonic_us(&clock_system) / 1000;
}

static size_t fetches(const struct remote *remote)
{
	return recorded(remote, "\"method\": \"GET\"");
}

static int resolve(struct vcs *vcs, const char *query, struct vcs_revision *revision, struct err *err)
{
	memset(revision, 0, sizeof(*revision));
	return vcs_resolve(vcs, ONE, 0, slice_of(query), revision, err);
}

/* Asks until the answer is another one than "later", and of now. */
static int ask_until_known(struct vcs *vcs, const char *query, struct err *err)
{
	struct vcs_revision revision;
	int code = resolve(vcs, query, &revision, err);

	for (int64_t until_ms = now_ms() + 60000; (code == VCS_ERR_LATER || revision.stale) && now_ms() < until_ms;) {
		usleep(20000);
		code = resolve(vcs, query, &revision, err);
	}
	return code;
}

static void first_clone_goes_on(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "s1"), .hold_ms = HOLD_MS });
	struct vcs_revision revision;
	struct err err = ERR_INIT;
	size_t before = fetches(remote);
	int64_t begun_ms = now_ms();

	fault(remote, "*/git-upload-pack slow:400");
	assert_int_equal(resolve(vcs, "v1.0.0", &revision, &err), VCS_ERR_LATER);
	assert_true(now_ms() - begun_ms >= HOLD_MS && now_ms() - begun_ms < SOON_MS);
	/* The host has had its time: whatever else is asked meanwhile, nobody is held again. */
	begun_ms = now_ms();
	for (int i = 0; i < 20; i++) {
		char version[16];

		snprintf(version, sizeof(version), "v1.0.%d", i);
		assert_int_equal(resolve(vcs, version, &revision, &err), VCS_ERR_LATER);
		assert_non_null(strstr(err.text, "/one.git is being read"));
		assert_non_null(strstr(err.text, "ask again"));
	}
	assert_true(now_ms() - begun_ms < 20 * HOLD_MS);
	if (ask_until_known(vcs, "v1.0.0", &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(resolve(vcs, "v1.0.0", &revision, &err), 0);
	assert_false(revision.stale);
	/* One question whether it is there and one fetch, for all who asked; each twice, since the host wants a credential first. */
	assert_in_range(fetches(remote) - before, 2, 4);
	vcs_close(&vcs);
}

/* Who was asked long ago, and waited for a thread meanwhile, has waited: the fetch is begun, and nobody is held. */
static void waiting_elsewhere_counts(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "s5"), .hold_ms = 10 * HOLD_MS });
	int64_t begun_ms = now_ms(), asked_us = clock_monotonic_us(&clock_system) - 10 * HOLD_MS * 1000LL;
	struct vcs_revision revision;
	char module[64];

	fault(remote, "* hang");
	for (int i = 0; i < FETCHES_HOST_MAX; i++) {
		struct err err = ERR_INIT;

		snprintf(module, sizeof(module), "git.test/r%d", i);
		CHECK(module, vcs_resolve(vcs, slice_of(module), asked_us, SLICE("v1.0.0"), &revision, &err) == VCS_ERR_LATER);
		CHECK(module, strstr(err.text, "is being read"));
	}
	assert_true(now_ms() - begun_ms < FETCHES_HOST_MAX * 10 * HOLD_MS);
	vcs_close(&vcs);
}

struct warnings {
	atomic_int count;
	char last[512];
};

static void take_warning(void *ctx, const char *sentence)
{
	struct warnings *warnings = ctx;

	snprintf(warnings->last, sizeof(warnings->last), "%s", sentence);
	atomic_fetch_add(&warnings->count, 1);
}

/* Until the repository of the only question there was is not asked any more. */
static void wait_until_idle(struct vcs *vcs)
{
	bool busy = true;

	for (int64_t until_ms = now_ms() + 60000; busy && now_ms() < until_ms; usleep(10000)) {
		pthread_mutex_lock(&vcs->repositories->lock);
		busy = vcs->repositories->busy;
		pthread_mutex_unlock(&vcs->repositories->lock);
	}
	assert_false(busy);
}

/* A host that fails only after everybody has gone: the operator is told, and so is the next who asks; then the host has its rest. */
static void late_failures_are_told(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "late"), .hold_ms = 100 });
	struct warnings warnings = { 0 };
	struct vcs_revision revision;
	struct err err = ERR_INIT;
	size_t asked;

	vcs->warn = take_warning;
	vcs->warn_ctx = &warnings;
	vcs->fetch_timeout_ms = 1500;
	fault(remote, "*/info/refs stall:36");
	assert_int_equal(resolve(vcs, "v1.0.0", &revision, &err), VCS_ERR_LATER);
	advance(remote, 60); /* so long does it take */
	wait_until_idle(vcs);
	asked = fetches(remote);
	advance(remote, 200); /* nobody asks for a while: it is told still */
	assert_int_equal(resolve(vcs, "v1.0.0", &revision, &err), VCS_ERR_UNKNOWN);
	assert_non_null(strstr(err.text, "too long"));
	assert_int_equal(fetches(remote), asked);
	vcs_close(&vcs);
	assert_int_equal(warnings.count, 1);
	assert_non_null(strstr(warnings.last, "/one.git was asked behind"));
}

/* The same, but somebody asks soon: told again for as long as it took, and no longer; a change lifts it at once. */
static void slow_hosts_have_their_rest(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "rest"), .hold_ms = 100 });
	struct vcs_revision revision;
	struct err err = ERR_INIT;
	size_t asked;

	vcs->fetch_timeout_ms = 1500;
	fault(remote, "*/info/refs stall:36");
	assert_int_equal(resolve(vcs, "v1.0.0", &revision, &err), VCS_ERR_LATER);
	advance(remote, 60);
	wait_until_idle(vcs);
	asked = fetches(remote);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(resolve(vcs, "v1.0.0", &revision, &err), VCS_ERR_UNKNOWN);
		advance(remote, 19);
	}
	assert_int_equal(fetches(remote), asked);
	advance(remote, 4);
	fault(remote, NULL);
	vcs->fetch_timeout_ms = 60000;
	if (ask_until_known(vcs, "v1.0.0", &err) != 0)
		fail_msg("%s", err.text);
	assert_true(fetches(remote) > asked);
	vcs_close(&vcs);
}

/* What the mirror knows is the answer, soon, and says of when it is. */
static void refresh_goes_on(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "s2"), .hold_ms = HOLD_MS });
	struct buf out = BUF_INIT(4096);
	struct vcs_revision revision;
	struct err err = ERR_INIT;
	int64_t as_of_us = remote->now_us, told_us = 0, begun_ms;
	bool stale = false;

	assert_int_equal(ask_until_known(vcs, "v1.0.0", &err), 0);
	advance(remote, 120);
	fault(remote, "* hang");
	begun_ms = now_ms();
	assert_int_equal(vcs_list(vcs, ONE, 0, &out, &stale, &told_us, &err), 0);
	assert_string_equal(buf_text(&out), "v1.0.0\n");
	assert_true(stale);
	assert_int_equal(told_us, as_of_us);
	assert_true(now_ms() - begun_ms >= HOLD_MS);
	/* From here on the host has had its time: nobody waits for the same fetch again. */
	begun_ms = now_ms();
	for (int i = 0; i < 20; i++) {
		assert_int_equal(resolve(vcs, "main", &revision, &err), 0);
		assert_true(revision.stale);
		assert_int_equal(revision.as_of_us, as_of_us);
		assert_int_equal(resolve(vcs, "v7.0.0", &revision, &err), VCS_ERR_LATER);
	}
	assert_true(now_ms() - begun_ms < 20 * HOLD_MS);
	assert_int_equal(vcs_refresh(vcs, ONE, 0, &err), VCS_ERR_LATER);
	/* Closing ends what goes on. */
	begun_ms = now_ms();
	vcs_close(&vcs);
	assert_true(now_ms() - begun_ms < SOON_MS);

	/* Another process knows as well of when its mirror is. */
	fault(remote, "* 500");
	vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "s2"), .hold_ms = HOLD_MS });
	assert_int_equal(resolve(vcs, "main", &revision, &err), 0);
	assert_true(revision.stale);
	assert_int_equal(revision.as_of_us, as_of_us);
	buf_free(&out);
	vcs_close(&vcs);
}

/* So many fetches of one host, and not one more. */
static void fetches_are_bounded(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "s3"), .hold_ms = 50 });
	struct vcs_revision revision;
	char module[64];

	fault(remote, "* hang");
	for (int i = 0; i <= FETCHES_HOST_MAX; i++) {
		struct err err = ERR_INIT;

		snprintf(module, sizeof(module), "git.test/r%d", i);
		CHECK(module, vcs_resolve(vcs, slice_of(module), 0, SLICE("v1.0.0"), &revision, &err) == VCS_ERR_LATER);
		CHECK(module, (strstr(err.text, "too many") != NULL) == (i == FETCHES_HOST_MAX));
	}
	vcs_close(&vcs);
}

/* Whoever has patience waits for room, and has it when one ends. */
static void waits_in_line(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "line") });
	struct vcs_revision revision;
	struct err err = ERR_INIT;
	char module[64];

	fault(remote, "*/r?.git/* hang");
	vcs->fetch_timeout_ms = 3000;
	for (int i = 0; i < FETCHES_HOST_MAX; i++) {
		snprintf(module, sizeof(module), "git.test/r%d", i);
		CHECK(module, vcs_resolve(vcs, slice_of(module), 1, SLICE("v1.0.0"), &revision, &err) == VCS_ERR_LATER);
	}
	if (resolve(vcs, "v1.0.0", &revision, &err) != 0)
		fail_msg("%s", err.text);
	vcs_close(&vcs);
}

static void last_until_the_end(struct vcs *vcs, const struct mapping *mapping, struct repository *repository)
{
	(void)mapping;
	(void)repository;
	while (!atomic_load(&vcs->aborted))
		usleep(1000);
}

/* Whatever is probed for, what is there can be fetched. */
static void probes_leave_room(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "threads") });
	struct question question = { .vcs = vcs, .mapping = &vcs->mappings[0] };
	struct repository repository = { .name = remote->url }, elsewhere = { .name = (char[]){ "https://127.0.0.2/x" } };
	struct err err = ERR_INIT;

	for (int i = 0; i < FETCHES_HOST_PROBES_MAX; i++)
		assert_int_equal(vcs_fetches_start(&question, &repository, last_until_the_end, true, &err), 0);
	assert_int_equal(vcs_fetches_start(&question, &repository, last_until_the_end, true, &err), VCS_ERR_LATER);
	assert_int_equal(vcs_fetches_start(&question, &elsewhere, last_until_the_end, true, &err), 0);
	for (int i = FETCHES_HOST_PROBES_MAX; i < FETCHES_HOST_MAX; i++)
		assert_int_equal(vcs_fetches_start(&question, &repository, last_until_the_end, false, &err), 0);
	assert_int_equal(vcs_fetches_start(&question, &repository, last_until_the_end, false, &err), VCS_ERR_LATER);
	vcs_fetches_end(vcs);
	vcs_close(&vcs);
}

/* Says how its thread was started. */
static void look(struct vcs *vcs, const struct mapping *mapping, struct repository *repository)
{
	char name[32] = "";
	sigset_t mask;

	(void)vcs;
	(void)mapping;
	pthread_getname_np(pthread_self(), name, sizeof(name));
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	err_set(&repository->failure_text, 0, "%s, %s", name, sigismember(&mask, SIGTERM) ? "deaf" : "hears signals");
}

/* Whoever asks, and from what thread: a fetch takes no signal from the one that is there for them. */
static void fetches_take_no_signals(void **state)
{
	struct remote *remote = *state;
	struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "threads") });
	struct question question = { .vcs = vcs, .mapping = &vcs->mappings[0] };
	struct repository repository = { .name = remote->url };
	struct err err = ERR_INIT;

	assert_int_equal(vcs_fetches_start(&question, &repository, look, false, &err), 0);
	vcs_fetches_end(vcs);
	assert_string_equal(repository.failure_text.text, "fetch, deaf");
	vcs_close(&vcs);
}

/* A host that says who it is and then nothing; one that breaks off in the middle of a pack. */
static void half_answers(void **state)
{
	static const struct {
		const char *name, *fault, *words;
	} rows[] = {
		{ "hangs after its first packet", "*/info/refs stall:36", "too long" },
		{ "hangs in the middle of a pack", "*/git-upload-pack stall:20000", "too long" },
		{ "breaks off in the middle of a pack", "*/git-upload-pack truncate:20000", "/big.git" },
	};
	enum { SHORT_MS = 700, LONG_MS = 60000 };
	struct remote *remote = *state;

	shell(remote->scratch, "git init -q -b main big; cd big; echo 'module git.test/big' > go.mod; head -c 200000 /dev/urandom > bytes; git add .;"
			       "git commit -q -m 1; git tag v1.0.0; git clone -q --bare . ../repos/big.git");
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct vcs *vcs = open_remote(remote, (struct tune){ .mirrors = fresh(remote, "s4"), .timeout_ms = LONG_MS });
		struct vcs_revision revision;
		struct err err = ERR_INIT;
		struct buf out = BUF_INIT(4096);
		bool stale = false;

		/* Nothing was known: nothing is said, and what is left behind answers nobody. */
		fault(remote, rows[i].fault);
		vcs->fetch_timeout_ms = SHORT_MS;
		CHECK(rows[i].name, vcs_resolve(vcs, SLICE("git.test/big"), 0, SLICE("v1.0.0"), &revision, &err) == VCS_ERR_UNKNOWN);
		CHECK(rows[i].name, strstr(err.text, rows[i].words));
		CHECK(rows[i].name, vcs_list(vcs, SLICE("git.test/big"), 0, &out, &stale, NULL, &err) == VCS_ERR_UNKNOWN);
		fault(remote, NULL);
		vcs->fetch_timeout_ms = LONG_MS;
		advance(remote, 10);
		if (vcs_resolve(vcs, SLICE("git.test/big"), 0, SLICE("v1.0.0"), &revision, &err) != 0)
			fail_msg("%s: %s", rows[i].name, err.text);

		/* Then it is known, and goes on being so. */
		shell(remote->scratch, "cd big; head -c 200000 /dev/urandom > bytes; git commit -q -a -m 2; git push -q ../repos/big.git main");
		fault(remote, rows[i].fault);
		vcs->fetch_timeout_ms = SHORT_MS;
		advance(remote, 120);
		CHECK(rows[i].name, vcs_list(vcs, SLICE("git.test/big"), 0, &out, &stale, NULL, &err) == 0 && stale);
		CHECK(rows[i].name, strcmp(buf_text(&out), "v1.0.0\n") == 0);
		CHECK(rows[i].name, vcs_resolve(vcs, SLICE("git.test/big"), 0, SLICE("v1.1.0"), &revision, &err) == VCS_ERR_UNKNOWN);
		fault(remote, NULL);
		vcs->fetch_timeout_ms = LONG_MS;
		advance(remote, 10);
		CHECK(rows[i].name, vcs_resolve(vcs, SLICE("git.test/big"), 0, SLICE("main"), &revision, &err) == 0 && !revision.stale);
		vcs_close(&vcs);
		buf_free(&out);
		shell(remote->scratch, "rm -rf s4");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(first_clone_goes_on, no_fault),
		cmocka_unit_test_teardown(waiting_elsewhere_counts, no_fault),
		cmocka_unit_test_teardown(late_failures_are_told, no_fault),
		cmocka_unit_test_teardown(slow_hosts_have_their_rest, no_fault),
		cmocka_unit_test_teardown(refresh_goes_on, no_fault),
		cmocka_unit_test_teardown(fetches_are_bounded, no_fault),
		cmocka_unit_test_teardown(waits_in_line, no_fault),
		cmocka_unit_test(probes_leave_room),
		cmocka_unit_test_teardown(fetches_take_no_signals, no_fault),
		cmocka_unit_test_teardown(half_answers, no_fault),
	};

	return cmocka_run_group_tests(tests, remote_setup, remote_teardown);
}
