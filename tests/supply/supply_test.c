/* Supply over a real repository: built once for all who wait, pinned, and a tag that moves is told and never served. */
#include "world.h"

static void test_kinds(void **state)
{
	static const struct {
		const char *name;
		enum supply_kind kind;
		const char *query;
		enum supply_code code;
		const char *version, *body;
	} rows[] = {
		{ "list", SUPPLY_LIST, "", SUPPLY_OK, "", "v1.0.0\n" },
		{ "latest", SUPPLY_LATEST, "", SUPPLY_OK, "v1.0.0", NULL },
		{ "exact info", SUPPLY_INFO, "v1.0.0", SUPPLY_OK, "v1.0.0", NULL },
		{ "branch", SUPPLY_INFO, "main", SUPPLY_OK, "v1.0.0", NULL },
		{ "mod", SUPPLY_MOD, "v1.0.0", SUPPLY_OK, "v1.0.0", "module corp.example/tool\n" },
		{ "zip", SUPPLY_ZIP, "v1.0.0", SUPPLY_OK, "v1.0.0", NULL },
		{ "unknown version", SUPPLY_INFO, "v9.9.9", SUPPLY_ERR_ABSENT, "", NULL },
		{ "unknown branch", SUPPLY_INFO, "nope", SUPPLY_ERR_ABSENT, "", NULL },
		{ "zip of an unknown version", SUPPLY_ZIP, "v9.9.9", SUPPLY_ERR_ABSENT, "", NULL },
	};
	struct world world;
	char commit[41];
	world_make(&world, state, 60);
	head_commit(&world, commit);
	for (unsigned round = 0; round < 3; round++) {
		for (size_t i = 0; i < LENGTH(rows); i++) {
			const struct supply_answer *answer = ask(&world, rows[i].kind, rows[i].query);
			CHECK(rows[i].name, answer->code == rows[i].code);
			CHECK(rows[i].name, answer->code != SUPPLY_OK || slice_equal_text(answer->version, rows[i].version));
			CHECK(rows[i].name, rows[i].body == NULL || slice_equal_text(answer->body, rows[i].body));
			CHECK(rows[i].name, (answer->code == SUPPLY_OK) == (answer->text[0] == '\0'));
			CHECK(rows[i].name, answer->code != SUPPLY_OK || answer->source == (round == 0 ? SUPPLY_BUILT : SUPPLY_CACHE));
			CHECK(rows[i].name, answer->code != SUPPLY_OK || answer->proof == SUPPLY_PROOF_PIN);
			CHECK(rows[i].name, answer->code != SUPPLY_OK || strlen(answer->origin) == (rows[i].kind == SUPPLY_LIST ? 0 : 40));
			CHECK(rows[i].name, answer->origin[0] == '\0' || strcmp(answer->origin, commit) == 0);
			CHECK(rows[i].name, answer->code != SUPPLY_OK || rows[i].kind != SUPPLY_ZIP ||
						    (answer->file != NULL && strncmp(answer->h1, "h1:", 3) == 0));
			supply_answer_unref(answer);
		}
		/* The third round after a restart: from disk. */
		if (round == 1) {
			world_stop(&world);
			world_start(&world, 60);
		}
	}
	world_stop(&world);
}

static void test_single_flight(void **state)
{
	struct world world;
	struct waiting waiting = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
	struct supply_question question = { .kind = SUPPLY_ZIP, .module = MODULE, .query = SLICE("v1.0.0") };
	struct supply_state counts;
	world_make(&world, state, 60);
	for (unsigned i = 0; i < 50; i++)
		assert_int_equal(supply_begin(world.supply, &question, arrived, &waiting), SUPPLY_OK);
	await(&waiting, 50);
	assert_int_equal(waiting.answer->code, SUPPLY_OK);
	supply_answer_unref(waiting.answer);
	supply_state(world.supply, &counts);
	assert_int_equal(counts.cache_misses, 1);
	world_stop(&world);
}

/* A tag that moves after its version was served: what was served stays, the change is told once. */
static void test_moved_tag(void **state)
{
	struct world world;
	struct buf before = BUF_INIT(100);
	world_make(&world, state, 0);
	const struct supply_answer *answer = ask(&world, SUPPLY_INFO, "v1.0.0");
	assert_int_equal(answer->code, SUPPLY_OK);
	buf_add_text(&before, answer->origin);
	assert_int_equal(before.len, 40);
	supply_answer_unref(answer);

	shell(&world, "echo two >file && git commit -q -a -m two && git tag -f v1.0.0");
	/* References are read again after refresh_s. */
	sleep(2);
	answer = ask(&world, SUPPLY_ZIP, "v1.0.0");
	assert_int_equal(answer->code, SUPPLY_OK);
	assert_string_equal(answer->origin, buf_text(&before));
	supply_answer_unref(answer);
	await_notices(&world, 1);
	assert_string_equal(world.notice.what, "tag moved");
	assert_string_equal(world.notice.version, "v1.0.0");
	assert_string_not_equal(world.notice.found, buf_text(&before));

	/* The branch now stands for a version that was served as something else. */
	answer = ask(&world, SUPPLY_INFO, "main");
	assert_int_equal(answer->code, SUPPLY_ERR_MISMATCH);
	supply_answer_unref(answer);
	answer = ask(&world, SUPPLY_LIST, "");
	assert_int_equal(answer->code, SUPPLY_OK);
	supply_answer_unref(answer);
	assert_int_equal(world.notice.count, 1);

	/* The files are lost: they are built again, from the pinned commit. */
	world_stop(&world);
	char command[600];
	snprintf(command, sizeof(command), "rm -rf '%s/cache'", world.data);
	shell(&world, command);
	world_start(&world, 0);
	answer = ask(&world, SUPPLY_MOD, "v1.0.0");
	assert_int_equal(answer->code, SUPPLY_OK);
	assert_string_equal(answer->origin, buf_text(&before));
	supply_answer_unref(answer);
	buf_free(&before);
	world_stop(&world);
}

/* It was public once, pinned and stored as such; now it is built from git, once, and what is built is kept. */
static void test_became_private(void **state)
{
	static const struct {
		const char *name;
		enum supply_kind kind;
	} rows[] = { { "info", SUPPLY_INFO }, { "mod", SUPPLY_MOD }, { "zip", SUPPLY_ZIP } };
	struct world world;
	struct store_pin as_public = { .mod_proof = STORE_PROOF_SUMDB };
	const struct store_artifact *artifact = NULL;
	struct slice gomod = SLICE("module corp.example/tool\n"), version = SLICE("v1.0.0");
	world_make(&world, state, 60);
	dirhash_gomod(gomod, as_public.mod_h1);
	assert_int_equal(store_pin_add(world.supply->store, MODULE, version, &as_public, NULL), 0);
	assert_int_equal(store_put(world.supply->store, STORE_MOD, MODULE, version, gomod, &as_public, &artifact, NULL), 0);
	store_artifact_unref(artifact);
	assert_int_equal(
		store_put(world.supply->store, STORE_INFO, MODULE, version, SLICE("{\"Version\":\"v1.0.0\"}"), &as_public, &artifact, NULL), 0);
	store_artifact_unref(artifact);
	for (unsigned round = 0; round < 3; round++) {
		for (size_t i = 0; i < LENGTH(rows); i++) {
			const struct supply_answer *answer = ask(&world, rows[i].kind, "v1.0.0");
			CHECK(rows[i].name, answer->code == SUPPLY_OK);
			CHECK(rows[i].name, answer->source == (round == 0 ? SUPPLY_BUILT : SUPPLY_CACHE));
			CHECK(rows[i].name, strlen(answer->origin) == 40);
			supply_answer_unref(answer);
		}
		if (round == 1) {
			world_stop(&world);
			world_start(&world, 60);
		}
	}
	assert_int_equal(world.notice.count, 0);
	world_stop(&world);
}

/* A stored zip in which a byte changed while nobody looked is built again, and what is served is what was served. */
static void test_changed_zip(void **state)
{
	struct world world;
	struct buf before = BUF_INIT(1 << 16), after = BUF_INIT(1 << 16);
	char etag[SHA256_HEX + 2], command[600];
	world_make(&world, state, 60);
	const struct supply_answer *answer = ask(&world, SUPPLY_ZIP, "v1.0.0");
	assert_int_equal(answer->code, SUPPLY_OK);
	assert_int_equal(file_read(answer->file, &before, NULL), 0);
	snprintf(etag, sizeof(etag), "%s", answer->etag);
	snprintf(command, sizeof(command), "printf '\\377' | dd of='%s' bs=1 seek=20 conv=notrunc", answer->file);
	supply_answer_unref(answer);
	shell(&world, command);

	world_stop(&world);
	world_start(&world, 60);
	for (unsigned round = 0; round < 2; round++) {
		answer = ask(&world, SUPPLY_ZIP, "v1.0.0");
		assert_int_equal(answer->code, SUPPLY_OK);
		assert_int_equal(answer->source, round == 0 ? SUPPLY_BUILT : SUPPLY_CACHE);
		assert_string_equal(answer->etag, etag);
		assert_int_equal(file_read(answer->file, &after, NULL), 0);
		assert_true(slice_equal(buf_slice(&after), buf_slice(&before)));
		supply_answer_unref(answer);
	}
	buf_free(&before);
	buf_free(&after);
	world_stop(&world);
}

/* What no file can be named after is not there, whatever is asked of it, and says nothing about the store. */
static void test_long_names(void **state)
{
	static const struct {
		const char *name;
		enum supply_kind kind;
		const char *query;
		bool long_query; /* else the module's path is the long one */
	} rows[] = {
		{ "list", SUPPLY_LIST, "", false },
		{ "latest", SUPPLY_LATEST, "", false },
		{ "branch", SUPPLY_INFO, "main", false },
		{ "info", SUPPLY_INFO, "v1.0.0", false },
		{ "mod", SUPPLY_MOD, "v1.0.0", false },
		{ "zip", SUPPLY_ZIP, "v1.0.0", false },
		{ "info of a long version", SUPPLY_INFO, "v1.0.0-", true },
		{ "zip of a long version", SUPPLY_ZIP, "v1.0.0-", true },
	};
	struct world world;
	struct supply_state counts;
	world_make(&world, state, 60);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct waiting waiting = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
		char module[500], query[500];
		snprintf(module, sizeof(module), "corp.example/tool%s%0*d", rows[i].long_query ? "" : "/a", rows[i].long_query ? 0 : 255, 0);
		snprintf(query, sizeof(query), "%s%s%0*d", rows[i].query, rows[i].long_query ? "a" : "", rows[i].long_query ? 241 : 0, 0);
		struct supply_question question = { .kind = rows[i].kind,
			.module = rows[i].long_query ? MODULE : slice_of(module),
			.query = rows[i].long_query ? slice_of(query) : slice_of(rows[i].query) };
		assert_int_equal(supply_begin(world.supply, &question, arrived, &waiting), SUPPLY_OK);
		await(&waiting, 1);
		CHECK(rows[i].name, waiting.answer->code == SUPPLY_ERR_ABSENT);
		CHECK(rows[i].name, strstr(waiting.answer->text, "use a shorter name") != NULL);
		supply_answer_unref(waiting.answer);
	}
	supply_state(world.supply, &counts);
	assert_true(counts.store_ok);
	world_stop(&world);
}

static void test_unmapped(void **state)
{
	struct world world;
	struct waiting waiting = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
	struct supply_question question = { .kind = SUPPLY_LIST, .module = SLICE("other.example/x") };
	world_make(&world, state, 60);
	assert_int_equal(supply_begin(world.supply, &question, arrived, &waiting), SUPPLY_OK);
	await(&waiting, 1);
	assert_int_equal(waiting.answer->code, SUPPLY_ERR_FORBIDDEN);
	supply_answer_unref(waiting.answer);
	world_stop(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kinds, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_single_flight, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_moved_tag, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_became_private, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_changed_zip, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_long_names, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_unmapped, scratch_setup, scratch_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
