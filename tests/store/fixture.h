/* What the tests of the store share: a store in a scratch directory. */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include "store/store_private.h"

#include "tests/base/rows.h"

#define MODULE  SLICE("example.org/Big")
#define VERSION SLICE("v1.2.3")

static const struct store_pin facts_x = { .mod_h1 = "h1:x", .is_private = true };

struct fixture {
	char directory[512];
	struct db *db;
	struct store *store;
};

static inline void fixture_open(struct fixture *fixture, void **state)
{
	char path[600];
	struct db_options db = { .path = path, .durable = true };
	struct store_options options = { .directory = fixture->directory };
	snprintf(path, sizeof(path), "%s/modgate.db", (const char *)*state);
	snprintf(fixture->directory, sizeof(fixture->directory), "%s/cache/download", (const char *)*state);
	assert_int_equal(db_open(&db, &fixture->db, NULL), 0);
	options.db = fixture->db;
	assert_int_equal(store_open(&options, &fixture->store, NULL), 0);
}

static inline void fixture_close(struct fixture *fixture)
{
	store_close(&fixture->store);
	db_close(&fixture->db);
}

static inline void file_of(const struct fixture *fixture, const char *name, char out[700])
{
	snprintf(out, 700, "%s/example.org/!big/@v/%s", fixture->directory, name);
}

static inline void pin_it(struct store *store, const char *commit)
{
	struct store_pin facts = { .proof = STORE_PROOF_PIN, .is_private = true };
	snprintf(facts.commit, sizeof(facts.commit), "%s", commit);
	assert_int_equal(store_pin_add(store, MODULE, VERSION, &facts, NULL), 0);
}

#endif
