/* One production for all who wait: the first who asks starts it, the others join. */
#include <inttypes.h>
#include <stdlib.h>

#include "supply/supply_private.h"

#define BUCKETS 512

struct waiter {
	struct waiter *next;
	supply_done *done;
	void *ctx;
};

struct flight {
	struct flight *chain; /* in its bucket */
	struct supply *supply;
	struct waiter *waiters;
	struct supply_answer *refusal; /* made beforehand: to say that memory is short takes none */
	struct order order;
	struct turn turn; /* of a private one */
	uint64_t epoch;   /* likewise: of the last refresh when it was begun */
	struct slice key;
	char bytes[]; /* key, module, query */
};

struct flights {
	pthread_mutex_t lock;
	struct flight *buckets[BUCKETS];
};

int flights_open(struct flights **flights_out, struct err *err)
{
	struct flights *flights = calloc(1, sizeof(*flights));
	if (flights == NULL)
		return supply_no_memory(err, "open the table of questions");
	pthread_mutex_init(&flights->lock, NULL);
	*flights_out = flights;
	return 0;
}

void flights_close(struct flights **flights)
{
	if (*flights == NULL)
		return;
	pthread_mutex_destroy(&(*flights)->lock);
	free(*flights);
	*flights = NULL;
}

/* All that makes two questions the same one. */
void flight_key(const struct supply_question *question, uint64_t epoch, struct buf *key)
{
	buf_printf(key, "%" PRIu64, epoch);
	buf_add_char(key, (char)('a' + question->kind));
	buf_add_char(key, question->public_module == NULL ? 'p' : question->sumdb_exempt ? 'e' : 'u');
	buf_add_slice(key, question->module);
	buf_add_char(key, '@');
	buf_add_slice(key, question->query);
}

static struct flight **find(struct flights *flights, struct slice key)
{
	struct flight **place = &flights->buckets[hash_quick(key) % BUCKETS];
	while (*place != NULL && !slice_equal((*place)->key, key))
		place = &(*place)->chain;
	return place;
}

static struct flight *flight_make(struct supply *supply, const struct supply_question *question, uint64_t epoch, struct slice key)
{
	struct flight *flight = malloc(sizeof(*flight) + key.len + question->module.len + question->query.len);
	if (flight == NULL)
		return NULL;
	char *at = flight->bytes;
	*flight = (struct flight){ .supply = supply, .epoch = epoch, .refusal = answer_refusal() };
	if (flight->refusal == NULL) {
		free(flight);
		return NULL;
	}
	flight->key = supply_copy(&at, key);
	flight->order = (struct order){
		.kind = question->kind,
		.module = supply_copy(&at, question->module),
		.query = supply_copy(&at, question->query),
		.public_module = question->public_module != NULL ? public_module_ref(question->public_module) : NULL,
		.sumdb_exempt = question->sumdb_exempt,
		.asked_us = clock_monotonic_us(&clock_system),
	};
	return flight;
}

static void flight_free(struct flight *flight)
{
	public_module_unref(flight->order.public_module);
	supply_answer_unref(flight->refusal);
	free(flight);
}

/* Takes the flight off the table, so that who comes now starts anew, and gives everybody who waited the answer. */
static void land(struct flight *flight, const struct supply_answer *answer)
{
	struct flights *flights = flight->supply->flights;
	pthread_mutex_lock(&flights->lock);
	*find(flights, flight->key) = flight->chain;
	struct waiter *waiter = flight->waiters;
	pthread_mutex_unlock(&flights->lock);
	while (waiter != NULL) {
		struct waiter *next = waiter->next;
		waiter->done(waiter->ctx, supply_answer_ref(answer));
		free(waiter);
		waiter = next;
	}
}

/* Lands with the answer; without one, with the refusal of this code. */
static void finish(struct flight *flight, int code, struct supply_answer *answer, struct err *err)
{
	if (code == 0 && answer == NULL)
		code = supply_no_memory(err, "give the answer");
	if (code != 0) {
		answer = flight->refusal;
		supply_answer_ref(answer);
		answer_refuse(answer, code, err);
	}
	if (code == SUPPLY_ERR_ABSENT)
		negatives_put(flight->supply->negatives, flight->key, answer, clock_monotonic_us(flight->supply->clock));
	land(flight, answer);
	supply_answer_unref(answer);
	flight_free(flight);
}

/* On a maker. */
static void make(void *arg)
{
	struct flight *flight = arg;
	const struct order *order = &flight->order;
	struct supply_answer *answer = NULL;
	struct err err = ERR_INIT;
	int code = (order->public_module == NULL ? produce_private : produce_public)(flight->supply, order, &answer, &err);
	if (order->public_module == NULL) {
		refreshes_late(flight->supply->refreshes, order->module, flight->epoch);
		turns_end(flight->supply->turns, &flight->turn);
	}
	finish(flight, code, answer, &err);
}

/* To a maker. */
static int hand_on(struct flight *flight)
{
	struct supply *supply = flight->supply;
	if (flight->order.public_module != NULL)
		return pool_submit(supply->fetch, make, flight);
	flight->turn = (struct turn){ .zip = flight->order.kind == SUPPLY_ZIP, .work = make, .arg = flight };
	vcs_repository_of(supply->vcs, flight->order.module, flight->turn.repository);
	return turns_begin(supply->turns, &flight->turn);
}

/* On a reader: what is stored does not wait for a maker, who may wait for another machine. */
static void fly(void *arg)
{
	struct flight *flight = arg;
	struct supply *supply = flight->supply;
	struct supply_answer *answer = NULL;
	struct err err = ERR_INIT;
	int code = store_name_check(flight->order.module, order_exact(&flight->order) ? flight->order.query : SLICE_NONE, &err);
	if (code != 0) {
		finish(flight, SUPPLY_ERR_ABSENT, NULL, &err);
		return;
	}
	code = supply_stored(supply, &flight->order, &answer, &err);
	if (code == 0) {
		atomic_fetch_add_explicit(&supply->hits, 1, memory_order_relaxed);
	} else if (code == SUPPLY_ERR_ABSENT) {
		atomic_fetch_add_explicit(&supply->misses, 1, memory_order_relaxed);
		if (hand_on(flight) == 0)
			return;
		code = err_set(&err, SUPPLY_ERR_BUSY, "too much is being fetched or built just now; try again shortly");
	}
	finish(flight, code, answer, &err);
}

static int start(struct supply *supply, const struct supply_question *question, uint64_t epoch, struct slice key, struct flight **place,
	struct flight **flight_out)
{
	struct flight *flight = flight_make(supply, question, epoch, key);
	if (flight == NULL)
		return SUPPLY_ERR_BUSY;
	*place = flight;
	if (pool_submit(supply->readers, fly, flight) != 0) {
		*place = NULL;
		flight_free(flight);
		return SUPPLY_ERR_BUSY;
	}
	*flight_out = flight;
	return SUPPLY_OK;
}

int flight_begin(struct supply *supply, const struct supply_question *question, supply_done *done, void *ctx)
{
	struct waiter *waiter = malloc(sizeof(*waiter));
	struct buf key = BUF_INIT(FLIGHT_KEY_MAX);
	int code = SUPPLY_ERR_BUSY;
	uint64_t epoch = question->public_module == NULL ? refreshes_read(supply->refreshes, question->module).epoch : 0;
	flight_key(question, epoch, &key);
	if (waiter == NULL || buf_failed(&key))
		goto out;

	/* The worker lands under the same lock, so it cannot miss who joins here. */
	pthread_mutex_lock(&supply->flights->lock);
	struct flight **place = find(supply->flights, buf_slice(&key)), *flight = *place;
	code = flight != NULL ? SUPPLY_OK : start(supply, question, epoch, buf_slice(&key), place, &flight);
	if (code == SUPPLY_OK) {
		*waiter = (struct waiter){ .next = flight->waiters, .done = done, .ctx = ctx };
		flight->waiters = waiter;
		waiter = NULL;
	}
	pthread_mutex_unlock(&supply->flights->lock);
out:
	free(waiter);
	buf_free(&key);
	return code;
}
