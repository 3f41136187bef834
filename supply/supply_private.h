/* What the files of supply share. */
#ifndef SUPPLY_SUPPLY_PRIVATE_H
#define SUPPLY_SUPPLY_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/http.h"
#include "base/pool.h"
#include "module/path.h"
#include "store/store.h"
#include "sumdb/sumdb.h"
#include "supply/supply.h"
#include "upstream/upstream.h"
#include "vcs/vcs.h"

#define READERS               4
#define GIT_WORKERS_DEFAULT   4
#define FETCH_WORKERS_DEFAULT 64
#define QUEUE_MAX             4096
#define DATABASES_MAX         8

struct flights;
struct turns;
struct negatives;
struct refreshes;
struct moves;
struct behind;
struct tells;

struct supply {
	struct store *store;
	struct vcs *vcs;
	struct http_client *http;
	struct upstream *upstream;
	struct sumdb *databases[DATABASES_MAX];
	size_t databases_count;
	struct pool *readers;     /* of what is stored: nothing here waits for another machine */
	struct pool *git, *fetch; /* makers of what is not */
	struct turns *turns;      /* before git */
	struct flights *flights;
	struct negatives *negatives;
	struct refreshes *refreshes;
	struct moves *moves;
	struct behind *behind;
	struct tells *tells;
	int64_t list_ttl_s;
	void (*warn)(void *ctx, const char *sentence);                                  /* or NULL; ctx is notice_ctx */
	size_t (*notice)(void *ctx, const struct supply_notice *notices, size_t count); /* or NULL */
	void *notice_ctx;
	const struct clock *clock;

	_Atomic uint64_t hits, misses;
	_Atomic bool store_failing;
	_Atomic int64_t store_checked_us;
	pthread_mutex_t text_lock;
	char store_text[SUPPLY_TEXT_MAX]; /* under text_lock: why the store fails */
	uint64_t warned;                  /* likewise: the last sentence that told a path, by hash, and when */
	int64_t warned_us;
};

/* A question of our own: copied, so that it outlives its asker. */
struct order {
	enum supply_kind kind;
	struct slice module, query;
	const struct public_module *public_module;
	bool sumdb_exempt;
	int64_t asked_us; /* by the machine's own monotonic clock: what waits for a git host waits since then */
};
/* "@list", "@latest" or the query itself: the name under which an answer that may change is kept. */
struct slice order_query(const struct order *order);
/* Is the answer an artifact that never changes? */
bool order_exact(const struct order *order);
enum store_kind order_store_kind(const struct order *order);

/* --- answers (answer.c); each has one reference, NULL when memory is short ------------------------------------------------------------- */

/* Made beforehand, so that to say that memory is short takes none; answer_refuse() fills it in when it comes to that. */
struct supply_answer *answer_refusal(void);
void answer_refuse(struct supply_answer *answer, int code, const struct err *err);
/* Takes over the artifact's reference. */
struct supply_answer *answer_artifact(const struct order *order, const struct store_artifact *artifact, enum supply_source source);
/* Takes over the kept answer's reference. */
struct supply_answer *answer_kept(
	const struct supply *supply, const struct order *order, const struct store_answer *kept, enum supply_source source, bool stale);
/* A private answer that may change, of a repository that cannot be asked now. Copies body. */
struct supply_answer *answer_stale(const struct order *order, struct slice body, int64_t age_s);
/* Copies body. */
struct supply_answer *answer_bytes(struct slice body, int64_t ttl_s, bool is_mutable);

/* --- producing (private.c, public.c): on a worker. 0 and an answer, or a code with err ------------------------------------------------- */

/* What is stored, memory or disk: 0, SUPPLY_ERR_ABSENT (not there, or not good enough), or the store's failure. */
int supply_stored(struct supply *supply, const struct order *order, struct supply_answer **answer_out, struct err *err);
int produce_private(struct supply *supply, const struct order *order, struct supply_answer **answer_out, struct err *err);
int produce_public(struct supply *supply, const struct order *order, struct supply_answer **answer_out, struct err *err);

/* Copies s to *at, which moves behind the copy: for what outlives its asker in one allocation. */
struct slice supply_copy(char **at, struct slice s);
/* "memory is short", and what to do. SUPPLY_ERR_STORE. doing: "open the queue" */
int supply_no_memory(struct err *err, const char *doing);
/* The store's codes as supply's; notes for /readyz that it fails, when it does. */
int store_failed(struct supply *supply, int store_code, const struct err *err);
void store_works(struct supply *supply);
/* What was kept before, however old; of the module as private or public as it is now. 0, or SUPPLY_ERR_ABSENT. */
int kept_before(struct supply *supply, const struct order *order, const struct store_answer **kept_out, struct err *err);
/* Keeps an answer that may change and gives it. */
int keep_answer(struct supply *supply, const struct order *order, const struct buf *body, enum supply_source source,
	struct supply_answer **answer_out, struct err *err);
/* err is for callers: where a path of this machine stands in it, the module does, and the sentence as it was goes to the operator. */
void supply_hide_paths(struct supply *supply, struct slice module, struct err *err);

/* Streams into the temporary file of a zip and hashes on the way. */
struct zip_writer {
	struct file_temp temp;
	struct sha256_stream *digest;
	int64_t bytes;
	struct err err;
};
int zip_writer_open(struct supply *supply, const struct order *order, struct zip_writer *writer, struct err *err);
int zip_writer_sink(void *ctx, const void *bytes, size_t len);
/* Puts the file into the store, when these facts are pinned. */
int zip_writer_store(struct supply *supply, const struct order *order, struct zip_writer *writer, const struct store_pin *facts,
	struct supply_answer **answer_out, enum supply_source source, struct err *err);
void zip_writer_close(struct zip_writer *writer);

/* --- turns on the workers for git (turns.c) ------------------------------------------------------------------------------------------------ */

#define TURNS_HOST_MAX(workers)       ((workers) > 1 ? (workers) - ((workers) + 3) / 4 : 1) /* a quarter is left to other hosts */
#define TURNS_REPOSITORY_MAX(workers) (((workers) + 1) / 2)                                 /* and of a host's share some to its others */
#define TURNS_ZIP_MAX(workers)        TURNS_HOST_MAX(workers)                               /* zips cost the most: a quarter is left to all else */
#define TURNS_REPOSITORY_ZIP_MAX      1                                                     /* of one repository, local or not */

struct turn {
	struct turn *next;
	struct slice host;                       /* in repository, by turns_begin() */
	char repository[VCS_REPOSITORY_MAX + 1]; /* as vcs_repository_of() tells; a local one, or "", has no limit but for zips */
	bool zip;                                /* makes a zip, local or not */
	void (*work)(void *arg);                 /* calls turns_end() when nothing of it waits for another machine any more */
	void *arg;
};
int turns_open(struct pool *pool, size_t workers, struct turns **turns_out, struct err *err);
/* Waits until all have had their turn; then the pool may be closed. */
void turns_close(struct turns **turns);
/* Has work done on the pool, now or when it is its turn; the turn stays where it is until turns_end(). SUPPLY_ERR_BUSY: it will not be. */
int turns_begin(struct turns *turns, struct turn *turn);
void turns_end(struct turns *turns, struct turn *turn);
size_t turns_waiting(struct turns *turns);

/* --- single flight (flight.c) ---------------------------------------------------------------------------------------------------------- */

int flights_open(struct flights **flights_out, struct err *err);
void flights_close(struct flights **flights);
/* Joins the flight for this question or starts one: a reader looks at what is stored, and a maker makes what is not. */
int flight_begin(struct supply *supply, const struct supply_question *question, supply_done *done, void *ctx);

/* Refusals remembered for negative_ttl_s (negative.c). Keys as flight.c makes them. */
int negatives_open(int64_t ttl_us, struct negatives **negatives_out, struct err *err);
void negatives_close(struct negatives **negatives);
void negatives_put(struct negatives *negatives, struct slice key, const struct supply_answer *answer, int64_t now_us);
/* A counted answer or NULL. */
const struct supply_answer *negatives_get(struct negatives *negatives, struct slice key, int64_t now_us);

/* epoch: of the last refresh, so that what was asked before it is not what is asked after it. */
#define FLIGHT_KEY_MAX 2048
void flight_key(const struct supply_question *question, uint64_t epoch, struct buf *key);

/* --- moves (moves.c) ----------------------------------------------------------------------------------------------------------------------- */

int moves_open(struct moves **moves_out, struct err *err);
void moves_close(struct moves **moves);
/*
 * Holds the references against the module's pins, if they are others than the last time, and tells what moved. read: makes sure first that they are
 * fresh; else as they are known. On a worker: may block.
 */
void moves_look(struct supply *supply, struct slice module, int64_t asked_us, bool read);
/* Something was pinned: the next look counts, whatever it sees. */
void moves_forget(struct supply *supply, struct slice module);

/* --- looks behind (behind.c) --------------------------------------------------------------------------------------------------------------- */

int behind_open(struct behind **behind_out, struct err *err);
void behind_close(struct behind **behind);
/* moves_look() on a worker for git of its own, now and then. On a worker: may block, though not for another machine. */
void behind_look(struct supply *supply, struct slice module);
/* The same from an event loop, by way of a reader. Never blocks. */
void behind_hand(struct supply *supply, struct slice module);

/* --- telling what moved (tell.c); on a worker ---------------------------------------------------------------------------------------------- */

int tells_open(struct tells **tells_out, struct err *err);
void tells_close(struct tells **tells);
/* Notes what was found of a pinned version, to be told if it is new. False: the catalogue failed; note it again. */
bool tell_note(struct supply *supply, struct slice module, struct slice version, const struct store_move *move);
/* Tells what was noted and not told yet, and waits until it is durable. */
void tell_untold(struct supply *supply);
/* Both. */
void tell_changed(struct supply *supply, struct slice module, struct slice version, const struct store_move *move);

/* --- refreshes (refresh.c) --------------------------------------------------------------------------------------------------------------- */

/* The last refresh that took effect; all zero: none yet. */
struct refreshed {
	uint64_t epoch; /* how many there were */
	int64_t wall_us, monotonic_us;
};
int refreshes_open(const struct supply_options *options, struct refreshes **refreshes_out, struct err *err);
void refreshes_close(struct refreshes **refreshes);
/* Of a module that no repository is configured for: none. Never blocks for long; any thread, and so the others. */
struct refreshed refreshes_read(struct refreshes *refreshes, struct slice module);
/* False when no repository is configured for the module. */
bool refreshes_mark(struct refreshes *refreshes, struct slice module, int64_t *after_us_out);
/* What was begun in that epoch has just been kept: if another has begun since, it is old already. */
void refreshes_late(struct refreshes *refreshes, struct slice module, uint64_t epoch);
/* May one more be fetched behind, of this module's prefix? 0: that is one of them now. Else in how many microseconds it may. */
int64_t refreshes_turn(struct refreshes *refreshes, struct slice module);
/* For vcs. ctx: the refreshes. */
int64_t refreshes_since(void *ctx, struct slice module);

#endif
