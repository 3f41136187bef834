/* Turns on the workers for git: who must not take all of them does not, whatever the others do. */
#include "supply/supply_private.h"

#include "tests/base/rows.h"

#define WORKERS 4
#define OF_EACH 6

/* Works until it is told to end. */
struct job {
	struct turn turn;
	struct hall *hall;
};

struct hall {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct turns *turns;
	unsigned running, most;
	bool over;
};

static void work(void *arg)
{
	struct job *job = arg;
	struct hall *hall = job->hall;
	pthread_mutex_lock(&hall->lock);
	hall->running++;
	hall->most = hall->running > hall->most ? hall->running : hall->most;
	pthread_cond_broadcast(&hall->changed);
	while (!hall->over)
		pthread_cond_wait(&hall->changed, &hall->lock);
	hall->running--;
	pthread_mutex_unlock(&hall->lock);
	turns_end(hall->turns, &job->turn);
}

/* Until so many work at once, whoever they are. */
static void settle(struct hall *hall, unsigned running)
{
	pthread_mutex_lock(&hall->lock);
	while (hall->running < running)
		pthread_cond_wait(&hall->changed, &hall->lock);
	pthread_mutex_unlock(&hall->lock);
}

static void name_repository(const char *pattern, unsigned number, char out[VCS_REPOSITORY_MAX + 1])
{
	snprintf(out, VCS_REPOSITORY_MAX + 1, "%s", pattern);
	if (strchr(out, 'N') != NULL)
		*strchr(out, 'N') = (char)('0' + number);
}

static void test_shares(void **state)
{
	static const struct {
		const char *name;
		bool zip;
		const char *repository; /* with an N that is another number for each */
		unsigned running;
	} rows[] = {
		{ "lists of no repository", false, "", WORKERS },
		{ "lists of one local repository", false, "/srv/git/a", WORKERS },
		{ "zips of no repository", true, "", TURNS_ZIP_MAX(WORKERS) },
		{ "zips of local repositories", true, "/srv/git/N", TURNS_ZIP_MAX(WORKERS) },
		{ "zips of one local repository", true, "/srv/git/a", TURNS_REPOSITORY_ZIP_MAX },
		{ "zips of one repository", true, "https://git.example/a.git", TURNS_REPOSITORY_ZIP_MAX },
		{ "lists of one repository", false, "https://git.example/a.git", TURNS_REPOSITORY_MAX(WORKERS) },
		{ "lists of one host", false, "https://git.example/N.git", TURNS_HOST_MAX(WORKERS) },
		{ "lists of many hosts", false, "https://N.example/a.git", WORKERS },
		{ "zips of many hosts", true, "https://N.example/a.git", TURNS_ZIP_MAX(WORKERS) },
	};
	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct hall hall = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
		struct pool_options options = { .name = "turns", .threads_max = WORKERS, .queue_max = WORKERS };
		struct job jobs[OF_EACH] = { 0 }, last = { .hall = &hall };
		struct pool *pool = NULL;
		bool all = rows[i].running == WORKERS;
		assert_int_equal(pool_open(&options, &pool, NULL), 0);
		assert_int_equal(turns_open(pool, WORKERS, &hall.turns, NULL), 0);
		for (unsigned n = 0; n < OF_EACH; n++) {
			jobs[n] = (struct job){ .turn = { .zip = rows[i].zip, .work = work, .arg = &jobs[n] }, .hall = &hall };
			name_repository(rows[i].repository, n, jobs[n].turn.repository);
			assert_int_equal(turns_begin(hall.turns, &jobs[n].turn), 0);
		}
		CHECK(rows[i].name, turns_waiting(hall.turns) == OF_EACH - rows[i].running);
		/* What is left belongs to the others. */
		last.turn = (struct turn){ .work = work, .arg = &last };
		assert_int_equal(turns_begin(hall.turns, &last.turn), 0);
		CHECK(rows[i].name, turns_waiting(hall.turns) == OF_EACH - rows[i].running + all);
		settle(&hall, rows[i].running + !all);

		/* All have their turn in the end, and never too many. */
		pthread_mutex_lock(&hall.lock);
		hall.over = true;
		pthread_cond_broadcast(&hall.changed);
		pthread_mutex_unlock(&hall.lock);
		turns_close(&hall.turns);
		CHECK(rows[i].name, hall.running == 0 && hall.most <= WORKERS);
		pool_close(&pool);
	}
}

/* One worker is all there is: it makes zips too. */
static void test_one_worker(void **state)
{
	(void)state;
	assert_int_equal(TURNS_ZIP_MAX(1), 1);
	assert_int_equal(TURNS_ZIP_MAX(2), 1);
	assert_int_equal(TURNS_ZIP_MAX(4), 3);
	assert_int_equal(TURNS_ZIP_MAX(8), 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_shares), cmocka_unit_test(test_one_worker) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
