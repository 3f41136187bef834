/* The checksum databases for clients that verify themselves: passed through, cached and checked. */
#include <stdlib.h>

#include "supply/supply_private.h"

#define BODY_MAX     (1024 * 1024)
#define TILE_TTL_S   604800
#define ANSWER_TTL_S 60

struct pass {
	struct supply *supply;
	enum supply_sumdb_kind kind;
	struct slice database, version, tile;
	const struct public_module *public_module;
	struct supply_answer *refusal; /* made beforehand: to say that memory is short takes none */
	supply_done *done;
	void *ctx;
	char bytes[];
};

static struct sumdb *database_of(const struct supply *supply, struct slice name)
{
	for (size_t i = 0; i < supply->databases_count; i++)
		if (slice_equal_text(name, sumdb_name(supply->databases[i])))
			return supply->databases[i];
	return NULL;
}

static int pass_failed(int code)
{
	switch ((enum sumdb_code)code) {
	case SUMDB_ERR_ABSENT:
	case SUMDB_ERR_INVALID:
		return SUPPLY_ERR_ABSENT;
	case SUMDB_ERR_UNAVAILABLE:
		return SUPPLY_ERR_UNAVAILABLE;
	case SUMDB_ERR_MISMATCH:
	case SUMDB_ERR_FORGED:
		return SUPPLY_ERR_MISMATCH;
	case SUMDB_ERR:
		break;
	}
	return SUPPLY_ERR_STORE;
}

static int read_bytes(const struct pass *pass, struct sumdb *sumdb, enum supply_source from, struct buf *out, struct err *err)
{
	struct upstream_source ctx;
	struct sumdb_source source;
	if (upstream_sumdb_source(pass->supply->upstream, sumdb_name(sumdb), pass->public_module, &ctx, &source, err) != 0)
		return SUPPLY_ERR_STORE;
	if (from == SUPPLY_CACHE)
		source.calls = NULL;
	int code = SUMDB_ERR;
	switch (pass->kind) {
	case SUPPLY_SUMDB_LATEST:
		code = sumdb_latest_bytes(sumdb, &source, out, err);
		break;
	case SUPPLY_SUMDB_LOOKUP:
		code = sumdb_lookup_bytes(sumdb, &source, pass->version, out, err);
		break;
	case SUPPLY_SUMDB_TILE:
		code = sumdb_tile_bytes(sumdb, &source, pass->tile, out, err);
		break;
	case SUPPLY_SUMDB_SUPPORTED:
		code = 0;
		break;
	}
	return code == 0 ? 0 : pass_failed(code);
}

static struct supply_answer *bytes_answer(const struct pass *pass, enum supply_source from, const struct buf *body)
{
	bool is_tile = pass->kind == SUPPLY_SUMDB_TILE;
	struct supply_answer *answer = buf_failed(body) ? NULL : answer_bytes(buf_slice(body), is_tile ? TILE_TTL_S : ANSWER_TTL_S, !is_tile);
	if (answer != NULL)
		answer->source = from;
	return answer;
}

/* 0 and the answer; else a code, and why. */
static int answer_from(const struct pass *pass, enum supply_source from, struct supply_answer **answer_out, struct err *err)
{
	struct buf body = BUF_INIT(BODY_MAX);
	struct sumdb *sumdb = database_of(pass->supply, pass->database);
	int code = sumdb != NULL ? read_bytes(pass, sumdb, from, &body, err)
				 : err_set(err, SUPPLY_ERR_FORBIDDEN,
					   "the checksum database %.*s is not configured here; modgate env prints the go env lines of this gateway",
					   SLICE_ARG(pass->database));
	struct supply_answer *answer = code == 0 ? bytes_answer(pass, from, &body) : NULL;
	buf_free(&body);
	if (code == 0 && answer == NULL)
		return supply_no_memory(err, "give what a checksum database says");
	*answer_out = answer;
	return code;
}

static void pass_free(struct pass *pass)
{
	public_module_unref(pass->public_module);
	supply_answer_unref(pass->refusal);
	free(pass);
}

static void finish(struct pass *pass, int code, struct supply_answer *answer, const struct err *err)
{
	if (code != 0) {
		answer = pass->refusal;
		pass->refusal = NULL;
		answer_refuse(answer, code, err);
	}
	pass->done(pass->ctx, answer);
	pass_free(pass);
}

/* On a fetcher, who may wait for the database. */
static void ask(void *arg)
{
	struct pass *pass = arg;
	struct supply_answer *answer = NULL;
	struct err err = ERR_INIT;
	int code = answer_from(pass, SUPPLY_FETCHED, &answer, &err);
	finish(pass, code, answer, &err);
}

/* On a reader: what is kept and proves does not wait for those who wait for other machines. */
static void look(void *arg)
{
	struct pass *pass = arg;
	struct supply_answer *answer = NULL;
	struct err err = ERR_INIT;
	int code = answer_from(pass, SUPPLY_CACHE, &answer, &err);
	if (code == SUPPLY_ERR_UNAVAILABLE) {
		if (pool_submit(pass->supply->fetch, ask, pass) == 0)
			return;
		code = err_set(&err, SUPPLY_ERR_BUSY, "too much is being fetched just now; try again shortly");
	}
	finish(pass, code, answer, &err);
}

int supply_sumdb_begin(struct supply *supply, const struct supply_sumdb_question *question, supply_done *done, void *ctx)
{
	struct pass *pass = malloc(sizeof(*pass) + question->database.len + question->version.len + question->tile.len);
	if (pass == NULL)
		return SUPPLY_ERR_BUSY;
	char *at = pass->bytes;
	*pass = (struct pass){
		.supply = supply,
		.kind = question->kind,
		.public_module = question->public_module != NULL ? public_module_ref(question->public_module) : NULL,
		.done = done,
		.ctx = ctx,
	};
	pass->database = supply_copy(&at, question->database);
	pass->version = supply_copy(&at, question->version);
	pass->tile = supply_copy(&at, question->tile);
	pass->refusal = answer_refusal();
	if (pass->refusal != NULL && pool_submit(supply->readers, look, pass) == 0)
		return SUPPLY_OK;
	pass_free(pass);
	return SUPPLY_ERR_BUSY;
}
