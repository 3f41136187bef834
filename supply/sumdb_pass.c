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

static int read_bytes(const struct pass *pass, struct sumdb *sumdb, struct buf *out, struct err *err)
{
	struct upstream_source ctx;
	struct sumdb_source source;
	if (pass->kind == SUPPLY_SUMDB_SUPPORTED)
		return 0;
	if (upstream_sumdb_source(pass->supply->upstream, sumdb_name(sumdb), pass->public_module, &ctx, &source, err) != 0)
		return SUPPLY_ERR_STORE;
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
		break;
	}
	return code == 0 ? 0 : pass_failed(code);
}

static struct supply_answer *answer_of(struct pass *pass)
{
	struct supply_answer *answer = NULL;
	struct buf body = BUF_INIT(BODY_MAX);
	struct err err = ERR_INIT;
	struct sumdb *sumdb = database_of(pass->supply, pass->database);
	int code = sumdb != NULL ? read_bytes(pass, sumdb, &body, &err)
				 : err_set(&err, SUPPLY_ERR_FORBIDDEN,
					   "the checksum database %.*s is not configured here; modgate env prints the go env lines of this gateway",
					   SLICE_ARG(pass->database));
	bool is_tile = pass->kind == SUPPLY_SUMDB_TILE;
	if (code == 0 && !buf_failed(&body))
		answer = answer_bytes(buf_slice(&body), is_tile ? TILE_TTL_S : ANSWER_TTL_S, !is_tile);
	if (answer == NULL)
		answer = answer_refusal(code != 0 ? (enum supply_code)code : SUPPLY_ERR_STORE, code != 0 ? err.text : "memory is short");
	buf_free(&body);
	return answer;
}

static void run(void *arg)
{
	struct pass *pass = arg;
	struct supply_answer *answer = answer_of(pass);
	pass->done(pass->ctx, answer);
	public_module_unref(pass->public_module);
	free(pass);
}

static struct slice put(char **at, struct slice s)
{
	struct slice copy = slice_make(*at, s.len);
	memcpy(*at, s.ptr != NULL ? s.ptr : "", s.len);
	*at += s.len;
	return copy;
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
	pass->database = put(&at, question->database);
	pass->version = put(&at, question->version);
	pass->tile = put(&at, question->tile);
	if (pool_submit(supply->fetch, run, pass) == 0)
		return SUPPLY_OK;
	public_module_unref(pass->public_module);
	free(pass);
	return SUPPLY_ERR_BUSY;
}
