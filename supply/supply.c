/* Opening the rooms that an artifact comes from, and the quick way to what is stored already. */
#include "supply/supply.h"

#include <stdio.h>
#include <stdlib.h>

#include "supply/supply_private.h"

#define CHECK_EVERY_US 1000000

/* --- opening ------------------------------------------------------------------------------------------------------------------------------ */

static int open_store(struct supply *supply, const struct supply_options *options, struct err *err)
{
	char directory[4096];
	struct store_options store = { .directory = directory, .db = options->db, .clock = options->clock };
	snprintf(directory, sizeof(directory), "%s/cache/download", options->data);
	return store_open(&store, &supply->store, err);
}

static int open_vcs(struct supply *supply, const struct supply_options *options, struct err *err)
{
	char mirrors[4096];
	struct vcs_repository *repositories = calloc(options->repositories_count + 1, sizeof(*repositories));
	if (repositories == NULL)
		return supply_no_memory(err, "open the repositories");
	for (size_t i = 0; i < options->repositories_count; i++) {
		const struct supply_repository *from = &options->repositories[i];
		repositories[i] = (struct vcs_repository){
			.prefix = from->prefix,
			.repository = from->repository,
			.subdir = from->subdir,
			.credentials_file = from->credentials_file,
			.known_hosts_file = from->known_hosts_file,
			.ca = from->ca,
			.refresh_s = from->refresh_s != 0 ? from->refresh_s : VCS_REFRESH_ALWAYS,
			.hold_ms = from->hold_s * 1000,
			.missing_is_absent = from->missing_is_absent,
			.lower_case = from->lower_case,
		};
	}
	snprintf(mirrors, sizeof(mirrors), "%s/git", options->data);
	struct vcs_options vcs = {
		.repositories = repositories,
		.count = options->repositories_count,
		.mirrors = mirrors,
		.clock = options->clock,
		.missing_s = options->negative_ttl_s,
		.changed_since = refreshes_since,
		.changed_ctx = supply->refreshes,
		.warn = options->warn,
		.warn_ctx = options->notice_ctx,
	};
	int code = vcs_open(&vcs, &supply->vcs, err);
	free(repositories);
	return code;
}

bool supply_database_known(const char *key, struct err *err)
{
	char name[SUMDB_NAME_MAX + 1];
	return sumdb_database_name(key, name, err) == 0;
}

static int open_databases(struct supply *supply, const struct supply_options *options, struct err *err)
{
	char directory[4096];
	snprintf(directory, sizeof(directory), "%s/sumdb", options->data);
	int code = 0;
	for (size_t i = 0; code == 0 && i < options->databases_count; i++) {
		struct sumdb_options sumdb = { .database = options->databases[i].key, .directory = directory, .clock = options->clock };
		code = sumdb_open(&sumdb, &supply->databases[i], err);
		supply->databases_count += code == 0;
	}
	return code;
}

static int open_upstream(struct supply *supply, const struct supply_options *options, struct err *err)
{
	struct upstream_server *servers = calloc(options->upstreams_count + 1, sizeof(*servers));
	struct upstream_database databases[DATABASES_MAX];
	if (servers == NULL)
		return supply_no_memory(err, "open the upstreams");
	for (size_t i = 0; i < options->upstreams_count; i++) {
		const struct supply_upstream *from = &options->upstreams[i];
		servers[i] = (struct upstream_server){
			.url = from->url,
			.fallback_any_error = from->fallback_any_error,
			.modules = from->modules,
			.modules_count = from->modules_count,
			.ca_file = from->ca,
		};
	}
	for (size_t i = 0; i < supply->databases_count; i++)
		databases[i] = (struct upstream_database){ .name = sumdb_name(supply->databases[i]), .url = options->databases[i].url };
	struct upstream_options upstream = {
		.http = supply->http,
		.servers = servers,
		.servers_count = options->upstreams_count,
		.databases = databases,
		.databases_count = supply->databases_count,
	};
	int code = upstream_open(&upstream, &supply->upstream, err);
	free(servers);
	return code;
}

static int open_workers(struct supply *supply, const struct supply_options *options, struct err *err)
{
	struct pool_options readers = { .name = "store", .threads_max = READERS, .queue_max = QUEUE_MAX };
	struct pool_options git = {
		.name = "git", .threads_max = options->git_workers != 0 ? options->git_workers : GIT_WORKERS_DEFAULT, .queue_max = QUEUE_MAX
	};
	struct pool_options fetch = {
		.name = "fetch",
		.threads_max = options->fetch_workers != 0 ? options->fetch_workers : FETCH_WORKERS_DEFAULT,
		.queue_max = QUEUE_MAX,
	};
	int code = flights_open(&supply->flights, err);
	if (code == 0)
		code = moves_open(&supply->moves, err);
	if (code == 0)
		code = behind_open(&supply->behind, err);
	if (code == 0)
		code = tells_open(&supply->tells, err);
	if (code == 0)
		code = negatives_open(options->negative_ttl_s * 1000000, &supply->negatives, err);
	if (code == 0)
		code = pool_open(&readers, &supply->readers, err);
	if (code == 0)
		code = pool_open(&git, &supply->git, err);
	if (code == 0)
		code = turns_open(supply->git, git.threads_max, &supply->turns, err);
	return code == 0 ? pool_open(&fetch, &supply->fetch, err) : code;
}

static void tell_left(void *arg)
{
	tell_untold(arg);
}

int supply_open(const struct supply_options *options, struct supply **supply_out, struct err *err)
{
	struct http_client_options http = { .connections_max = 128, .connections_per_host_max = 64, .user_agent = "modgate/" MODGATE_VERSION };
	struct supply *supply = calloc(1, sizeof(*supply));
	if (supply == NULL)
		return supply_no_memory(err, "open the store and its sources");
	pthread_mutex_init(&supply->text_lock, NULL);
	supply->list_ttl_s = options->list_ttl_s;
	supply->notice = options->notice;
	supply->warn = options->warn;
	supply->notice_ctx = options->notice_ctx;
	supply->clock = options->clock != NULL ? options->clock : &clock_system;
	ASSERT(options->databases_count <= DATABASES_MAX);

	int code = open_store(supply, options, err);
	if (code == 0)
		code = refreshes_open(options, &supply->refreshes, err);
	if (code == 0)
		code = open_vcs(supply, options, err);
	if (code == 0)
		code = http_client_open(&http, &supply->http, err);
	if (code == 0)
		code = open_databases(supply, options, err);
	if (code == 0)
		code = open_upstream(supply, options, err);
	if (code == 0)
		code = open_workers(supply, options, err);
	if (code == 0)
		code = pool_submit(supply->readers, tell_left, supply);
	if (code != 0)
		supply_close(&supply);
	else
		*supply_out = supply;
	return code == 0 ? 0 : SUPPLY_ERR_STORE;
}

void supply_abort(struct supply *supply)
{
	http_client_abort(supply->http);
	vcs_abort(supply->vcs);
}

void supply_close(struct supply **supply_in)
{
	struct supply *supply = *supply_in;
	if (supply == NULL)
		return;
	/* First those who hand work to the others. */
	pool_close(&supply->readers);
	pool_close(&supply->fetch);
	turns_close(&supply->turns);
	pool_close(&supply->git);
	tells_close(&supply->tells);
	behind_close(&supply->behind);
	moves_close(&supply->moves);
	negatives_close(&supply->negatives);
	flights_close(&supply->flights);
	upstream_close(&supply->upstream);
	for (size_t i = 0; i < supply->databases_count; i++)
		sumdb_close(&supply->databases[i]);
	http_client_close(&supply->http);
	vcs_close(&supply->vcs);
	refreshes_close(&supply->refreshes);
	store_close(&supply->store);
	pthread_mutex_destroy(&supply->text_lock);
	free(supply);
	*supply_in = NULL;
}

/* --- what is stored ------------------------------------------------------------------------------------------------------------------------- */

static struct order order_of(const struct supply_question *question)
{
	return (struct order){
		.kind = question->kind,
		.module = question->module,
		.query = question->query,
		.public_module = question->public_module,
		.sumdb_exempt = question->sumdb_exempt,
	};
}

/* An artifact that came in unproved as an exemption is not what is asked for once the exemption is gone. */
static bool proof_suffices(const struct order *order, const struct store_artifact *artifact)
{
	if (artifact->kind == STORE_INFO || order->public_module == NULL)
		return artifact->is_private == (order->public_module == NULL);
	return !artifact->is_private && (artifact->proof == STORE_PROOF_SUMDB || order->sumdb_exempt);
}

static int try_artifact(struct supply *supply, const struct order *order, const struct supply_answer **answer_out)
{
	const struct store_artifact *artifact = NULL;
	if (store_try_artifact(supply->store, order_store_kind(order), order->module, order->query, &artifact) != 0)
		return SUPPLY_WOULD_BLOCK;
	if (!proof_suffices(order, artifact)) {
		store_artifact_unref(artifact);
		return SUPPLY_WOULD_BLOCK;
	}
	*answer_out = answer_artifact(order, artifact, SUPPLY_CACHE);
	if (order->public_module == NULL)
		behind_hand(supply, order->module);
	return *answer_out != NULL ? SUPPLY_OK : SUPPLY_WOULD_BLOCK;
}

static bool fresh(const struct supply *supply, const struct order *order, const struct store_answer *kept)
{
	int64_t age_us = clock_wall_us(supply->clock) - kept->fetched_us;
	if (kept->is_private != (order->public_module == NULL) || age_us < 0 || age_us >= supply->list_ttl_s * 1000000)
		return false;
	return !kept->is_private || kept->fetched_us > refreshes_read(supply->refreshes, order->module).wall_us;
}

static int try_kept(struct supply *supply, const struct order *order, const struct supply_answer **answer_out)
{
	const struct store_answer *kept = NULL;
	if (store_try_answer(supply->store, order->module, order_query(order), &kept) != 0)
		return SUPPLY_WOULD_BLOCK;
	if (!fresh(supply, order, kept)) {
		store_answer_unref(kept);
		return SUPPLY_WOULD_BLOCK;
	}
	*answer_out = answer_kept(supply, order, kept, SUPPLY_CACHE, false);
	return *answer_out != NULL ? SUPPLY_OK : SUPPLY_WOULD_BLOCK;
}

static int try_negative(struct supply *supply, const struct supply_question *question, const struct supply_answer **answer_out)
{
	struct buf key = BUF_INIT(FLIGHT_KEY_MAX);
	const struct supply_answer *answer = NULL;
	flight_key(question, question->public_module == NULL ? refreshes_read(supply->refreshes, question->module).epoch : 0, &key);
	if (!buf_failed(&key))
		answer = negatives_get(supply->negatives, buf_slice(&key), clock_monotonic_us(supply->clock));
	buf_free(&key);
	if (answer == NULL)
		return SUPPLY_WOULD_BLOCK;
	*answer_out = answer;
	return SUPPLY_OK;
}

int supply_try(struct supply *supply, const struct supply_question *question, const struct supply_answer **answer_out)
{
	struct order order = order_of(question);
	int code = order_exact(&order) ? try_artifact(supply, &order, answer_out) : SUPPLY_WOULD_BLOCK;
	if (code != SUPPLY_OK && (question->kind == SUPPLY_LIST || question->kind == SUPPLY_LATEST || question->kind == SUPPLY_INFO))
		code = try_kept(supply, &order, answer_out);
	if (code != SUPPLY_OK)
		code = try_negative(supply, question, answer_out);
	if (code == SUPPLY_OK)
		atomic_fetch_add_explicit(&supply->hits, 1, memory_order_relaxed);
	return code;
}

/* Whoever writes there is to be found; what is served is made again and held against what was pinned. */
static void tell_damage(struct supply *supply, const struct err *err)
{
	struct err told = ERR_INIT;
	err_set(&told, 0, "%s; it is made again, and served if it is what was pinned: see who writes below the data directory", err->text);
	if (supply->warn != NULL)
		supply->warn(supply->notice_ctx, told.text);
}

/* On a worker, where the disk may be touched: what is stored but not in memory. */
int supply_stored(struct supply *supply, const struct order *order, struct supply_answer **answer_out, struct err *err)
{
	const struct store_artifact *artifact = NULL;
	const struct store_answer *kept = NULL;
	if (order_exact(order)) {
		int code = store_artifact(supply->store, order_store_kind(order), order->module, order->query, &artifact, err);
		if (code == 0 && proof_suffices(order, artifact)) {
			*answer_out = answer_artifact(order, artifact, SUPPLY_CACHE);
			if (order->public_module == NULL)
				behind_look(supply, order->module);
			return 0;
		}
		store_artifact_unref(artifact);
		if (code == STORE_ERR_CHANGED)
			tell_damage(supply, err);
		return code == 0 || code == STORE_ERR_ABSENT || code == STORE_ERR_CHANGED ? SUPPLY_ERR_ABSENT : store_failed(supply, code, err);
	}
	if (order->kind == SUPPLY_ROOT || kept_before(supply, order, &kept, err) != 0)
		return SUPPLY_ERR_ABSENT;
	if (fresh(supply, order, kept)) {
		*answer_out = answer_kept(supply, order, kept, SUPPLY_CACHE, false);
		return 0;
	}
	store_answer_unref(kept);
	return SUPPLY_ERR_ABSENT;
}

int supply_begin(struct supply *supply, const struct supply_question *question, supply_done *done, void *ctx)
{
	return flight_begin(supply, question, done, ctx);
}

/* --- health --------------------------------------------------------------------------------------------------------------------------------- */

static void check_store(void *arg)
{
	struct supply *supply = arg;
	struct err err = ERR_INIT;
	int code = store_check(supply->store, &err);
	if (code != 0)
		store_failed(supply, code, &err);
	else
		store_works(supply);
}

/* While the store fails it is tried again, so that readiness comes back by itself. */
static void check_if_failing(struct supply *supply)
{
	int64_t now_us = clock_monotonic_us(supply->clock), last_us = atomic_load(&supply->store_checked_us);
	if (!atomic_load(&supply->store_failing) || now_us - last_us < CHECK_EVERY_US)
		return;
	if (atomic_compare_exchange_strong(&supply->store_checked_us, &last_us, now_us))
		pool_submit(supply->readers, check_store, supply);
}

void supply_state(struct supply *supply, struct supply_state *state_out)
{
	check_if_failing(supply);
	*state_out = (struct supply_state){
		.store_ok = !atomic_load(&supply->store_failing),
		.store_queued = pool_queued(supply->readers),
		.git_queued = pool_queued(supply->git) + turns_waiting(supply->turns),
		.fetch_queued = pool_queued(supply->fetch),
		.fetches_active = http_client_active(supply->http),
		.cache_hits = atomic_load_explicit(&supply->hits, memory_order_relaxed),
		.cache_misses = atomic_load_explicit(&supply->misses, memory_order_relaxed),
	};
	pthread_mutex_lock(&supply->text_lock);
	memcpy(state_out->text, supply->store_text, sizeof(state_out->text));
	pthread_mutex_unlock(&supply->text_lock);
}
