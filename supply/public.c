/* Public modules: fetched from upstream, proved against a checksum database before anything is stored, pinned. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "module/gomod.h"
#include "module/zip.h"
#include "supply/supply_private.h"

static int upstream_failed(int code)
{
	switch ((enum upstream_code)code) {
	case UPSTREAM_ERR_ABSENT:
		return SUPPLY_ERR_ABSENT;
	case UPSTREAM_ERR_UNAVAILABLE:
		return SUPPLY_ERR_UNAVAILABLE;
	case UPSTREAM_ERR_TIMEOUT:
		return SUPPLY_ERR_TIMEOUT;
	case UPSTREAM_ERR:
		return SUPPLY_ERR_STORE;
	case UPSTREAM_ERR_REFUSED:
	case UPSTREAM_ERR_BAD:
	case UPSTREAM_ERR_LIMIT:
		break;
	}
	return SUPPLY_ERR_UNKNOWN;
}

/* --- proof ------------------------------------------------------------------------------------------------------------------------------ */

static int sumdb_failed(const struct order *order, const char *database, int code, struct err *err)
{
	switch ((enum sumdb_code)code) {
	case SUMDB_ERR_ABSENT:
		return err_prepend(err, SUPPLY_ERR_UNKNOWN, "%.*s@%.*s is not in the checksum database %s, so it cannot be proved and is not served",
			SLICE_ARG(order->module), SLICE_ARG(order->query), database);
	case SUMDB_ERR_UNAVAILABLE:
		return err_prepend(err, SUPPLY_ERR_UNAVAILABLE,
			"%.*s@%.*s is not served, since the checksum database %s cannot be asked to prove it; try again later",
			SLICE_ARG(order->module), SLICE_ARG(order->query), database);
	case SUMDB_ERR_MISMATCH:
	case SUMDB_ERR_FORGED:
		return err_prepend(err, SUPPLY_ERR_MISMATCH,
			"SECURITY: %.*s@%.*s is not what the checksum database %s says; tell your security engineer", SLICE_ARG(order->module),
			SLICE_ARG(order->query), database);
	case SUMDB_ERR:
	case SUMDB_ERR_INVALID:
		break;
	}
	return err_prepend(err, SUPPLY_ERR_STORE, "%.*s@%.*s cannot be proved", SLICE_ARG(order->module), SLICE_ARG(order->query));
}

/* The first database that knows the version decides; one that does not know it says nothing. */
static int prove(
	struct supply *supply, const struct order *order, const char *zip_h1, const char *mod_h1, enum store_proof *proof_out, struct err *err)
{
	int code = SUMDB_ERR_ABSENT;
	size_t i;
	if (order->sumdb_exempt) {
		*proof_out = STORE_PROOF_EXEMPT;
		return 0;
	}
	if (supply->databases_count == 0)
		return err_set(err, SUPPLY_ERR_UNAVAILABLE,
			"no checksum database is configured, so %.*s cannot be proved; the operator sets sumdb.databases", SLICE_ARG(order->module));
	for (i = 0; i < supply->databases_count && code == SUMDB_ERR_ABSENT; i++) {
		struct upstream_source ctx;
		struct sumdb_source source;
		code = upstream_sumdb_source(supply->upstream, sumdb_name(supply->databases[i]), order->public_module, &ctx, &source, err);
		if (code == 0)
			code = sumdb_check(supply->databases[i], &source, order->query, zip_h1, mod_h1, err);
		else
			code = SUMDB_ERR;
	}
	if (code != 0)
		return sumdb_failed(order, sumdb_name(supply->databases[i - 1]), code, err);
	*proof_out = STORE_PROOF_SUMDB;
	return 0;
}

/* Pins what was proved. What differs from the pin is told and never served. */
static int pin(struct supply *supply, const struct order *order, const struct store_pin *facts, struct err *err)
{
	struct store_pin old;
	int code = store_pin_add(supply->store, order->module, order->query, facts, err);
	if (code == STORE_ERR_PINNED && store_pin(supply->store, order->module, order->query, &old, NULL) == 0) {
		bool is_zip = facts->h1[0] != '\0';
		struct store_move move = {
			.fact = is_zip ? STORE_FACT_H1 : STORE_FACT_MOD_H1,
			.pinned = slice_of(is_zip ? old.h1 : old.mod_h1),
			.found = slice_of(is_zip ? facts->h1 : facts->mod_h1),
		};
		tell_changed(supply, order->module, order->query, &move);
	}
	return code == 0 ? 0 : store_failed(supply, code, err);
}

/* --- .mod and .zip ------------------------------------------------------------------------------------------------------------------------ */

static int mod(struct supply *supply, const struct order *order, struct supply_answer **answer_out, struct err *err)
{
	const struct store_artifact *artifact = NULL;
	struct store_pin facts = { .is_private = false };
	struct buf body = BUF_INIT(GOMOD_BYTES_MAX);
	int code = upstream_mod(supply->upstream, order->public_module, order->query, &body, err);
	code = code == 0 ? 0 : upstream_failed(code);
	if (code == 0) {
		dirhash_gomod(buf_slice(&body), facts.mod_h1);
		code = prove(supply, order, NULL, facts.mod_h1, &facts.mod_proof, err);
	}
	if (code == 0)
		code = pin(supply, order, &facts, err);
	if (code == 0) {
		code = store_put(supply->store, STORE_MOD, order->module, order->query, buf_slice(&body), &facts, &artifact, err);
		code = code == 0 ? 0 : store_failed(supply, code, err);
	}
	if (code == 0)
		*answer_out = answer_artifact(order, artifact, SUPPLY_FETCHED);
	buf_free(&body);
	return code;
}

/* Checks every rule of a module zip, and hashes its bytes, over a mapping of the file. */
static int verify_zip(const struct order *order, struct zip_writer *writer, int64_t bytes, char *h1_out, struct err *err)
{
	if (bytes == 0)
		return err_set(
			err, SUPPLY_ERR_UNKNOWN, "upstream sent an empty zip for %.*s@%.*s", SLICE_ARG(order->module), SLICE_ARG(order->query));
	void *map = mmap(NULL, (size_t)bytes, PROT_READ, MAP_PRIVATE, writer->temp.fd, 0);
	if (map == MAP_FAILED)
		return err_set(err, SUPPLY_ERR_STORE, "a zip of %lld bytes cannot be mapped: %m", (long long)bytes);
	struct slice zip = slice_make(map, (size_t)bytes);
	int code = module_zip_verify(zip, order->module, order->query, h1_out, err);
	if (code == 0) {
		sha256_add(writer->digest, zip.ptr, zip.len);
		writer->bytes = bytes;
	} else {
		code = err_prepend(err, SUPPLY_ERR_UNKNOWN, "upstream's zip of %.*s@%.*s is not a module zip", SLICE_ARG(order->module),
			SLICE_ARG(order->query));
	}
	munmap(map, (size_t)bytes);
	return code;
}

static int zip(struct supply *supply, const struct order *order, struct supply_answer **answer_out, struct err *err)
{
	struct zip_writer writer;
	struct store_pin facts = { .is_private = false };
	int64_t bytes = 0;
	int code = zip_writer_open(supply, order, &writer, err);
	if (code != 0)
		goto out;
	code = upstream_zip(supply->upstream, order->public_module, order->query, writer.temp.fd, &bytes, err);
	code = code == 0 ? 0 : upstream_failed(code);
	if (code == 0)
		code = verify_zip(order, &writer, bytes, facts.h1, err);
	if (code == 0)
		code = prove(supply, order, facts.h1, NULL, &facts.proof, err);
	if (code == 0)
		code = pin(supply, order, &facts, err);
	if (code == 0)
		code = zip_writer_store(supply, order, &writer, &facts, answer_out, SUPPLY_FETCHED, err);
out:
	zip_writer_close(&writer);
	return code;
}

/* --- .info, list, @latest ----------------------------------------------------------------------------------------------------------------- */

/* No database speaks of an .info; it names only a version and a time. */
static int info_exact(struct supply *supply, const struct order *order, struct supply_answer **answer_out, struct err *err)
{
	const struct store_artifact *artifact = NULL;
	struct upstream_version version;
	struct store_pin facts = { .is_private = false };
	struct buf body = BUF_INIT(UPSTREAM_INFO_BYTES_MAX);
	int code = upstream_info(supply->upstream, order->public_module, order->query, &version, &body, err);
	code = code == 0 ? 0 : upstream_failed(code);
	if (code == 0)
		code = pin(supply, order, &facts, err);
	if (code == 0) {
		code = store_put(supply->store, STORE_INFO, order->module, order->query, buf_slice(&body), &facts, &artifact, err);
		code = code == 0 ? 0 : store_failed(supply, code, err);
	}
	if (code == 0)
		*answer_out = answer_artifact(order, artifact, SUPPLY_FETCHED);
	buf_free(&body);
	return code;
}

static int fetch_mutable(struct supply *supply, const struct order *order, struct buf *body, struct err *err)
{
	struct upstream_version version;
	if (order->kind == SUPPLY_LIST)
		return upstream_list(supply->upstream, order->public_module, body, err);
	if (order->kind == SUPPLY_LATEST)
		return upstream_latest(supply->upstream, order->public_module, &version, body, err);
	return upstream_info(supply->upstream, order->public_module, order->query, &version, body, err);
}

/* What is stored goes on being served without any upstream; only an upstream that answers "not there" is believed. */
static int mutable(struct supply *supply, const struct order *order, struct supply_answer **answer_out, struct err *err)
{
	const struct store_answer *kept = NULL;
	struct buf body = BUF_INIT(order->kind == SUPPLY_LIST ? UPSTREAM_LIST_BYTES_MAX : UPSTREAM_INFO_BYTES_MAX);
	int code = fetch_mutable(supply, order, &body, err);
	code = code == 0 ? 0 : upstream_failed(code);
	if (code == 0) {
		code = keep_answer(supply, order, &body, SUPPLY_FETCHED, answer_out, err);
	} else if (code != SUPPLY_ERR_ABSENT && kept_before(supply, order, &kept, NULL) == 0) {
		*answer_out = answer_kept(supply, order, kept, SUPPLY_CACHE, true);
		code = 0;
	}
	buf_free(&body);
	return code;
}

int produce_public(struct supply *supply, const struct order *order, struct supply_answer **answer_out, struct err *err)
{
	switch (order->kind) {
	case SUPPLY_LIST:
	case SUPPLY_LATEST:
		return mutable(supply, order, answer_out, err);
	case SUPPLY_INFO:
		return order_exact(order) ? info_exact(supply, order, answer_out, err) : mutable(supply, order, answer_out, err);
	case SUPPLY_MOD:
		return mod(supply, order, answer_out, err);
	case SUPPLY_ZIP:
		return zip(supply, order, answer_out, err);
	case SUPPLY_ROOT: /* asked of private modules alone */
	case SUPPLY_KINDS:
		break;
	}
	return err_set(err, SUPPLY_ERR_UNKNOWN, "no such kind");
}
