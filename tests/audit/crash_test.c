#include "tests/audit/fixture.h"

#include <signal.h>
#include <sys/wait.h>

#include "audit/line.h"
#include "audit/reader.h"

#define ROUNDS    10
#define PRODUCERS 8
#define IDS_MAX   1000000

/* What the writer tells before it is killed: this event, which says so in its bytes, has this sequence. */
struct told {
	uint64_t id;
	uint64_t seq;
};

struct slot {
	struct audit *audit;
	int pipe;
	uint64_t id;
	pthread_mutex_t lock;
	pthread_cond_t free;
	bool busy;
};

static void tell(void *ctx, int code, uint64_t seq)
{
	struct slot *slot = ctx;
	struct told told = { .id = slot->id, .seq = seq };

	if (code != 0 || write(slot->pipe, &told, sizeof(told)) != (ssize_t)sizeof(told))
		_exit(3);
	pthread_mutex_lock(&slot->lock);
	slot->busy = false;
	pthread_cond_signal(&slot->free);
	pthread_mutex_unlock(&slot->lock);
}

static void *produce(void *arg)
{
	struct slot *slot = arg;

	for (;; slot->id += PRODUCERS) {
		struct audit_event event = fixture_event("alice", "git.corp.example/api", AUDIT_ALLOW);

		event.bytes = (int64_t)slot->id;
		slot->busy = true;
		if (audit_submit(slot->audit, &event, tell, slot, NULL) != 0)
			_exit(4);
		pthread_mutex_lock(&slot->lock);
		while (slot->busy)
			pthread_cond_wait(&slot->free, &slot->lock);
		pthread_mutex_unlock(&slot->lock);
	}
	return NULL;
}

/* The child: writes until it is killed. Small segments, so that kills come between them too. */
static void write_for_ever(const char *dir, int pipe, uint64_t first_id)
{
	struct audit_options options = { .dir = dir, .segment_bytes_max = 100000 };
	static struct slot slots[PRODUCERS];
	struct audit *audit = NULL;
	pthread_t thread;

	if (audit_open(&options, &audit, NULL) < 0)
		_exit(5);
	for (unsigned i = 0; i < PRODUCERS; i++) {
		slots[i] = (struct slot){
			.audit = audit, .pipe = pipe, .id = first_id + i, .lock = PTHREAD_MUTEX_INITIALIZER, .free = PTHREAD_COND_INITIALIZER
		};
		if (pthread_create(&thread, NULL, produce, &slots[i]) != 0)
			_exit(6);
	}
	for (;;)
		pause();
}

/* Lets a child write for a while, kills it, notes what it told. Returns the number of told events. */
static unsigned kill_a_writer(const char *dir, uint64_t first_id, useconds_t after_us, uint64_t *seqs)
{
	struct told told;
	unsigned count = 0;
	int ends[2];
	int status;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(ends[0]);
		write_for_ever(dir, ends[1], first_id);
	}
	close(ends[1]);
	/* From the first told one on, so that slow machines are given their time. */
	for (bool armed = false; read(ends[0], &told, sizeof(told)) == (ssize_t)sizeof(told); count++) {
		assert_true(told.id < IDS_MAX);
		seqs[told.id] = told.seq;
		if (armed)
			continue;
		armed = true;
		usleep(after_us);
		kill(child, SIGKILL);
	}
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	return count;
}

static void check_integrity(const char *dir)
{
	struct segment_list list;

	assert_int_equal(segment_list_read(dir, &list, NULL), 0);
	for (size_t i = 0; i < list.count; i++) {
		struct db *db = fixture_db(dir, list.numbers[i]);
		struct db_stmt *stmt = NULL;

		assert_int_equal(db_prepare(db, "PRAGMA integrity_check", &stmt, NULL), 0);
		assert_int_equal(db_step(stmt, NULL), DB_ROW);
		assert_true(slice_equal_text(db_column_text(stmt, 0), "ok"));
		db_finalize(&stmt);
		db_close(&db);
	}
	segment_list_free(&list);
}

/* Every told event is the row it was told to be. */
static uint64_t check_told(const char *dir, const uint64_t *seqs, unsigned told)
{
	struct reader *reader = NULL;
	struct reader_row row;
	uint64_t next = 0;

	assert_int_equal(reader_open(dir, 0, &reader, NULL), 0);
	for (; reader_next(reader, &row, NULL) == 1; next++) {
		struct line_field id = { .name = SLICE("bytes") };
		int64_t number = -1;

		assert_int_equal(row.seq, next);
		assert_true(line_fields(row.line, &id, 1) && line_field_number(&id, &number));
		if (seqs[number] != UINT64_MAX) {
			assert_int_equal(seqs[number], row.seq);
			told--;
		}
	}
	reader_close(&reader);
	assert_int_equal(told, 0);
	return next;
}

static void test_kill(void **state)
{
	uint64_t *seqs = malloc(IDS_MAX * sizeof(*seqs));
	char dir[FIXTURE_PATH_MAX];
	uint64_t rows = 0;
	unsigned told = 0;

	(void)state;
	assert_non_null(seqs);
	memset(seqs, 0xff, IDS_MAX * sizeof(*seqs));
	fixture_dir(dir);
	for (unsigned round = 0; round < ROUNDS; round++) {
		told += kill_a_writer(dir, round * (IDS_MAX / ROUNDS), 3000 + round * 7000, seqs);
		fixture_assert_sound(dir, check_told(dir, seqs, told));
	}
	check_integrity(dir);
	rows = check_told(dir, seqs, told);
	assert_true(told >= ROUNDS && rows >= told);
	fixture_assert_sound(dir, rows);
	fixture_remove(dir);
	free(seqs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
