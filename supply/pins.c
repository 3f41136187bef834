/* Pins, read beside whoever owns the data directory. */
#include <stdio.h>

#include "supply/supply_private.h"

struct reading {
	int (*each)(void *ctx, const struct supply_pin *pin, struct err *err);
	void *ctx;
};

static enum supply_proof proof_of(enum store_proof proof)
{
	switch (proof) {
	case STORE_PROOF_SUMDB:
		return SUPPLY_PROOF_SUMDB;
	case STORE_PROOF_PIN:
		return SUPPLY_PROOF_PIN;
	case STORE_PROOF_EXEMPT:
		return SUPPLY_PROOF_EXEMPT;
	case STORE_PROOF_NONE:
		break;
	}
	return SUPPLY_PROOF_NONE;
}

static const char *const facts[] = { [STORE_FACT_COMMIT] = "commit", [STORE_FACT_H1] = "h1", [STORE_FACT_MOD_H1] = "go_mod_h1" };

static int pass_on(void *ctx, const struct store_pinned *pinned, struct err *err)
{
	const struct reading *reading = ctx;
	const struct supply_pin pin = {
		.module = pinned->module,
		.version = pinned->version,
		.commit = pinned->pin.commit,
		.h1 = pinned->pin.h1,
		.mod_h1 = pinned->pin.mod_h1,
		.proof = proof_of(pinned->pin.proof),
		.mod_proof = proof_of(pinned->pin.mod_proof),
		.is_private = pinned->pin.is_private,
		.first_seen_us = pinned->pin.first_seen_us,
		.moved_us = pinned->moved_us,
		.fact = facts[pinned->fact <= STORE_FACT_MOD_H1 ? pinned->fact : STORE_FACT_COMMIT],
		.found = pinned->found,
	};
	return reading->each(reading->ctx, &pin, err);
}

int supply_pins_read(const char *data, struct slice module, bool below, struct slice version,
	int (*each)(void *ctx, const struct supply_pin *pin, struct err *err), void *ctx, struct err *err)
{
	struct reading reading = { .each = each, .ctx = ctx };
	char path[4096];
	struct db_options options = { .path = path, .read_only = true };
	struct db *db = NULL;
	snprintf(path, sizeof(path), "%s/modgate.db", data);
	int code = db_open(&options, &db, err);
	if (code == BASE_ERR_ABSENT)
		return 0;
	if (code == 0)
		code = store_pins_read(db, module, below, version, pass_on, &reading, err);
	db_close(&db);
	return code == 0 ? 0 : SUPPLY_ERR_STORE;
}
