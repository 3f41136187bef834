/* Deadlines of request heads: whose time is over is cut off, nobody else. */
#include "gateway/heads.h"

#include <stdbool.h>
#include <sys/socket.h>

#include "tests/base/rows.h"

#define SECOND_US 1000000LL
#define START_US  (1000 * SECOND_US)

struct peer {
	struct head_watch watch;
	int ends[2]; /* ours, theirs */
};

static void peer_open(struct heads *heads, struct peer *peer)
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, peer->ends), 0);
	heads_add(heads, &peer->watch, peer->ends[0], START_US);
}

static void peer_close(struct heads *heads, struct peer *peer)
{
	heads_remove(heads, &peer->watch);
	close(peer->ends[0]);
	close(peer->ends[1]);
}

/* Has the other side seen the end? */
static bool is_cut(const struct peer *peer)
{
	char byte;
	return recv(peer->ends[1], &byte, 1, MSG_DONTWAIT) == 0;
}

static void test_deadline(void **state)
{
	enum happens { NOTHING, COMPLETE, ANSWERED };
	static const struct {
		const char *name;
		enum happens happens; /* at the start */
		int64_t after_us;
		bool cut;
	} rows[] = {
		{ "a head within the time", NOTHING, HEAD_TIMEOUT_S * SECOND_US - 1, false },
		{ "a head that takes too long", NOTHING, HEAD_TIMEOUT_S * SECOND_US, true },
		{ "an answer that takes its time", COMPLETE, 3600 * SECOND_US, false },
		{ "idle after an answer", ANSWERED, (HEAD_TIMEOUT_S + IDLE_TIMEOUT_S) * SECOND_US - 1, false },
		{ "a second head that takes too long", ANSWERED, (HEAD_TIMEOUT_S + IDLE_TIMEOUT_S) * SECOND_US, true },
	};
	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct heads heads;
		struct peer peer;
		heads_init(&heads);
		peer_open(&heads, &peer);
		if (rows[i].happens != NOTHING)
			heads_complete(&peer.watch);
		if (rows[i].happens == ANSWERED)
			heads_idle(&peer.watch, START_US);
		CHECK(rows[i].name, heads_expire(&heads, START_US + rows[i].after_us) == (size_t)rows[i].cut);
		CHECK(rows[i].name, is_cut(&peer) == rows[i].cut);
		/* Told once. */
		CHECK(rows[i].name, heads_expire(&heads, START_US + rows[i].after_us) == 0);
		peer_close(&heads, &peer);
		heads_destroy(&heads);
	}
}

/* One that has gone is not looked at, wherever it stood; the others still are. */
static void test_gone(void **state)
{
	(void)state;
	for (size_t gone = 0; gone < 3; gone++) {
		struct heads heads;
		struct peer peers[3];
		heads_init(&heads);
		for (size_t i = 0; i < 3; i++)
			peer_open(&heads, &peers[i]);
		peer_close(&heads, &peers[gone]);
		assert_int_equal(heads_expire(&heads, START_US + HEAD_TIMEOUT_S * SECOND_US), 2);
		for (size_t i = 0; i < 3; i++) {
			if (i == gone)
				continue;
			assert_true(is_cut(&peers[i]));
			peer_close(&heads, &peers[i]);
		}
		heads_destroy(&heads);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_deadline), cmocka_unit_test(test_gone) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
