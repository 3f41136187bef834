/* The store: files first and the row last, pins that never change, and what a restart or a failing disk leaves. */
#include <fcntl.h>
#include <sys/stat.h>

#include "fixture.h"

/* Where memory cannot answer, the file and its row must. */
static void test_artifact_survives(void **state)
{
	struct fixture fixture = { 0 };
	const struct store_artifact *artifact = NULL;
	fixture_open(&fixture, state);
	assert_int_equal(store_artifact(fixture.store, STORE_MOD, MODULE, VERSION, &artifact, NULL), STORE_ERR_ABSENT);
	assert_int_equal(store_put(fixture.store, STORE_MOD, MODULE, VERSION, SLICE("module x\n"), &facts_x, &artifact, NULL), STORE_ERR);
	pin_it(fixture.store, "abc");
	assert_int_equal(store_put(fixture.store, STORE_MOD, MODULE, VERSION, SLICE("module x\n"), &facts_x, &artifact, NULL), 0);
	assert_true(slice_equal_text(artifact->body, "module x\n"));
	store_artifact_unref(artifact);
	assert_int_equal(store_try_artifact(fixture.store, STORE_MOD, MODULE, VERSION, &artifact), 0);
	store_artifact_unref(artifact);
	fixture_close(&fixture);

	fixture_open(&fixture, state);
	assert_int_equal(store_try_artifact(fixture.store, STORE_MOD, MODULE, VERSION, &artifact), STORE_WOULD_BLOCK);
	assert_int_equal(store_artifact(fixture.store, STORE_MOD, MODULE, VERSION, &artifact, NULL), 0);
	assert_true(slice_equal_text(artifact->body, "module x\n"));
	assert_string_equal(artifact->h1, "h1:x");
	assert_string_equal(artifact->origin, "abc");
	assert_true(artifact->is_private);
	assert_string_equal(artifact->etag, "\"fc4a3fdfa1b8230e721b7eaada825923cc3b4219dee283230bcec3f6be74c274\"");
	store_artifact_unref(artifact);
	fixture_close(&fixture);
}

/* A file that is not what the row says does not exist. */
static void test_damaged_file(void **state)
{
	static const struct {
		const char *name, *content;
	} rows[] = {
		{ "gone", NULL },
		{ "empty", "" },
		{ "another, of the same length", "module y\n" },
		{ "longer", "module x\n\n" },
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct fixture fixture = { 0 };
		const struct store_artifact *artifact = NULL;
		char path[700];
		fixture_open(&fixture, state);
		pin_it(fixture.store, "abc");
		assert_int_equal(store_put(fixture.store, STORE_MOD, MODULE, VERSION, SLICE("module x\n"), &facts_x, &artifact, NULL), 0);
		store_artifact_unref(artifact);
		fixture_close(&fixture);

		fixture_open(&fixture, state);
		file_of(&fixture, "v1.2.3.mod", path);
		unlink(path);
		if (rows[i].content != NULL)
			assert_int_equal(file_write(path, slice_of(rows[i].content), 0600, NULL), 0);
		CHECK(rows[i].name, store_artifact(fixture.store, STORE_MOD, MODULE, VERSION, &artifact, NULL) ==
					    (rows[i].content != NULL ? STORE_ERR_CHANGED : STORE_ERR_ABSENT));
		fixture_close(&fixture);
	}
}

static void test_pin_never_changes(void **state)
{
	struct fixture fixture = { 0 };
	struct store_pin facts = { .commit = "one", .proof = STORE_PROOF_NONE }, pin;
	fixture_open(&fixture, state);
	struct slice module = SLICE("example.org/pins");
	assert_int_equal(store_pin(fixture.store, module, VERSION, &pin, NULL), STORE_ERR_ABSENT);
	assert_int_equal(store_pin_add(fixture.store, module, VERSION, &facts, NULL), 0);
	facts = (struct store_pin){ .h1 = "h1:a", .proof = STORE_PROOF_SUMDB };
	assert_int_equal(store_pin_add(fixture.store, module, VERSION, &facts, NULL), 0);
	assert_int_equal(store_pin(fixture.store, module, VERSION, &pin, NULL), 0);
	assert_string_equal(pin.commit, "one");
	assert_string_equal(pin.h1, "h1:a");
	assert_int_equal(pin.proof, STORE_PROOF_SUMDB);

	static const struct {
		const char *name;
		struct store_pin facts;
	} others[] = {
		{ "another commit", { .commit = "two" } },
		{ "another h1", { .h1 = "h1:b" } },
		{ "one right, one wrong", { .commit = "one", .h1 = "h1:b" } },
	};
	for (size_t i = 0; i < LENGTH(others); i++) {
		CHECK(others[i].name, store_pin_add(fixture.store, module, VERSION, &others[i].facts, NULL) == STORE_ERR_PINNED);
		CHECK(others[i].name,
			store_pin(fixture.store, module, VERSION, &pin, NULL) == 0 && strcmp(pin.commit, "one") == 0 && strcmp(pin.h1, "h1:a") == 0);
	}
	/* A proof that was had is not lost to an exemption. */
	facts = (struct store_pin){ .proof = STORE_PROOF_EXEMPT };
	assert_int_equal(store_pin_add(fixture.store, module, VERSION, &facts, NULL), 0);
	assert_int_equal(store_pin(fixture.store, module, VERSION, &pin, NULL), 0);
	assert_int_equal(pin.proof, STORE_PROOF_SUMDB);

	fixture_close(&fixture);
}

static int last_found(void *ctx, struct slice version, const struct store_pin *pin, struct slice found)
{
	(void)version;
	(void)pin;
	snprintf(ctx, 20, "%.*s", SLICE_ARG(found));
	return 0;
}

struct untold {
	unsigned count;
	int64_t last;
	char found[20];
};

static int note_untold(void *ctx, const struct store_untold *row)
{
	struct untold *untold = ctx;
	assert_true(row->number > untold->last);
	assert_true(slice_equal_text(row->version, "v1.2.3") && row->move.is_private && row->move.pinned.len > 0);
	untold->count++;
	untold->last = row->number;
	snprintf(untold->found, sizeof(untold->found), "%.*s", SLICE_ARG(row->move.found));
	return 0;
}

/* Whatever was to be told is, until it was; by the next process, too. */
static struct untold untold_of(struct fixture *fixture, void **state)
{
	struct untold untold = { 0 };
	fixture_close(fixture);
	fixture_open(fixture, state);
	assert_int_equal(store_untold_each(fixture->store, note_untold, &untold, NULL), 0);
	return untold;
}

/* A move is told once, however often it is seen; each further one too, and the way back. */
static void test_moves(void **state)
{
	static const struct {
		const char *name;
		enum store_fact fact;
		const char *found;
		bool told;
		const char *last;
	} rows[] = {
		{ "as pinned", STORE_FACT_COMMIT, "one", false, "one" },
		{ "moved", STORE_FACT_COMMIT, "two", true, "two" },
		{ "still there", STORE_FACT_COMMIT, "two", false, "two" },
		{ "another zip", STORE_FACT_H1, "h1:b", true, "two" },
		{ "the zip again", STORE_FACT_H1, "h1:b", false, "two" },
		{ "the move once more", STORE_FACT_COMMIT, "two", false, "two" },
		{ "moved on", STORE_FACT_COMMIT, "three", true, "three" },
		{ "back to the first", STORE_FACT_COMMIT, "two", true, "two" },
		{ "gone", STORE_FACT_COMMIT, "", true, "" },
		{ "still gone", STORE_FACT_COMMIT, "", false, "" },
		{ "as pinned again", STORE_FACT_COMMIT, "one", true, "one" },
		{ "and still", STORE_FACT_COMMIT, "one", false, "one" },
	};
	struct fixture fixture;
	struct slice module = SLICE("corp.example/moving");
	unsigned told = 0;
	struct store_pin facts = { .commit = "one", .h1 = "h1:a" };
	fixture_open(&fixture, state);
	assert_int_equal(store_pin_add(fixture.store, module, VERSION, &facts, NULL), 0);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		const char *pinned = rows[i].fact == STORE_FACT_COMMIT ? facts.commit : facts.h1;
		struct store_move move = { .fact = rows[i].fact, .pinned = slice_of(pinned), .found = slice_of(rows[i].found), .is_private = true };
		char last[20] = "?";
		CHECK(rows[i].name, store_pin_report(fixture.store, module, VERSION, &move, NULL) == (rows[i].told ? 0 : 1));
		CHECK(rows[i].name, store_pin_each(fixture.store, module, SLICE(""), last_found, last, NULL) == 0 && strcmp(last, rows[i].last) == 0);
		snprintf(last, sizeof(last), "?");
		CHECK(rows[i].name, store_pin_each(fixture.store, module, VERSION, last_found, last, NULL) == 0 && strcmp(last, "?") == 0);
		told += rows[i].told;
	}
	struct untold untold = untold_of(&fixture, state);
	assert_int_equal(untold.count, told);
	assert_string_equal(untold.found, "one");
	assert_int_equal(store_told(fixture.store, untold.last - 1, NULL), 0);
	assert_int_equal(untold_of(&fixture, state).count, 1);
	assert_int_equal(store_told(fixture.store, untold.last, NULL), 0);
	assert_int_equal(untold_of(&fixture, state).count, 0);
	fixture_close(&fixture);
}

/* The first .info is the one for ever, as private and as public each. */
static void test_info_stays(void **state)
{
	static const struct {
		const char *name;
		bool is_private;
		const char *put, *want;
	} rows[] = {
		{ "first", true, "{\"Version\":\"v1.0.0\",\"Ref\":1}", "{\"Version\":\"v1.0.0\",\"Ref\":1}" },
		{ "without its tag", true, "{\"Version\":\"v1.0.0\"}", "{\"Version\":\"v1.0.0\",\"Ref\":1}" },
		{ "as public", false, "{\"Version\":\"v1.0.0\"}", "{\"Version\":\"v1.0.0\"}" },
		{ "private again", true, "{}", "{\"Version\":\"v1.0.0\",\"Ref\":1}" },
	};
	struct fixture fixture;
	struct slice module = SLICE("corp.example/told");
	struct store_pin facts = { .commit = "one" };
	fixture_open(&fixture, state);
	assert_int_equal(store_pin_add(fixture.store, module, VERSION, &facts, NULL), 0);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		const struct store_artifact *artifact = NULL;
		facts.is_private = rows[i].is_private;
		CHECK(rows[i].name, store_put(fixture.store, STORE_INFO, module, VERSION, slice_of(rows[i].put), &facts, &artifact, NULL) == 0);
		CHECK(rows[i].name, slice_equal_text(artifact->body, rows[i].want) && artifact->bytes == (int64_t)strlen(rows[i].want));
		store_artifact_unref(artifact);
	}
	fixture_close(&fixture);
}

/* The go.mod was proved and the zip came in as an exemption, or the other way round: each is taken for what it is, after a restart too. */
static void test_proof_of_each(void **state)
{
	static const struct {
		const char *name, *version;
		enum store_proof zip, mod;
	} rows[] = {
		{ "only the go.mod is proved", "v1.0.0", STORE_PROOF_EXEMPT, STORE_PROOF_SUMDB },
		{ "only the zip is proved", "v1.1.0", STORE_PROOF_SUMDB, STORE_PROOF_EXEMPT },
		{ "both", "v1.2.0", STORE_PROOF_SUMDB, STORE_PROOF_SUMDB },
	};
	struct slice module = SLICE("example.org/proofs");
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct slice version = slice_of(rows[i].version);
		struct store_pin zip = { .h1 = "h1:z", .proof = rows[i].zip }, mod = { .mod_h1 = "h1:m", .mod_proof = rows[i].mod };
		struct file_temp temp = FILE_TEMP_INIT;
		struct fixture fixture = { 0 };
		const struct store_artifact *artifact = NULL;
		uint8_t digest[SHA256_BYTES];
		fixture_open(&fixture, state);
		assert_int_equal(store_pin_add(fixture.store, module, version, &mod, NULL), 0);
		assert_int_equal(store_pin_add(fixture.store, module, version, &zip, NULL), 0);
		assert_int_equal(store_put(fixture.store, STORE_MOD, module, version, SLICE("m"), &mod, &artifact, NULL), 0);
		store_artifact_unref(artifact);
		assert_int_equal(store_zip_begin(fixture.store, module, version, &temp, NULL), 0);
		assert_int_equal(file_temp_write(&temp, SLICE("z"), NULL), 0);
		sha256(SLICE("z"), digest);
		assert_int_equal(store_put_zip(fixture.store, module, version, &temp, 1, digest, &zip, &artifact, NULL), 0);
		file_temp_close(&temp);
		store_artifact_unref(artifact);
		fixture_close(&fixture);

		fixture_open(&fixture, state);
		assert_int_equal(store_artifact(fixture.store, STORE_MOD, module, version, &artifact, NULL), 0);
		CHECK(rows[i].name, artifact->proof == rows[i].mod);
		store_artifact_unref(artifact);
		assert_int_equal(store_artifact(fixture.store, STORE_ZIP, module, version, &artifact, NULL), 0);
		CHECK(rows[i].name, artifact->proof == rows[i].zip);
		store_artifact_unref(artifact);
		fixture_close(&fixture);
	}
}

static void test_zip(void **state)
{
	struct fixture fixture = { 0 };
	struct file_temp temp = FILE_TEMP_INIT;
	const struct store_artifact *artifact = NULL;
	uint8_t digest[SHA256_BYTES];
	char path[700];
	fixture_open(&fixture, state);
	pin_it(fixture.store, "abc");
	file_of(&fixture, "v1.2.3.zip", path);

	/* Not committed: nothing stays. */
	assert_int_equal(store_zip_begin(fixture.store, MODULE, VERSION, &temp, NULL), 0);
	assert_int_equal(file_temp_write(&temp, SLICE("half"), NULL), 0);
	file_temp_close(&temp);
	assert_int_equal(access(path, F_OK), -1);

	assert_int_equal(store_zip_begin(fixture.store, MODULE, VERSION, &temp, NULL), 0);
	assert_int_equal(file_temp_write(&temp, SLICE("zip bytes"), NULL), 0);
	sha256(SLICE("zip bytes"), digest);
	assert_int_equal(store_put_zip(fixture.store, MODULE, VERSION, &temp, 9, digest, &(struct store_pin){ .h1 = "h1:z" }, &artifact, NULL), 0);
	file_temp_close(&temp);
	assert_string_equal(artifact->file, path);
	assert_int_equal(artifact->bytes, 9);
	store_artifact_unref(artifact);

	/* Memory knows it; whoever may wait is told what the disk says. */
	unlink(path);
	assert_int_equal(store_try_artifact(fixture.store, STORE_ZIP, MODULE, VERSION, &artifact), 0);
	store_artifact_unref(artifact);
	assert_int_equal(store_artifact(fixture.store, STORE_ZIP, MODULE, VERSION, &artifact, NULL), STORE_ERR_ABSENT);

	/* The go command's own layout: the hash beside the zip. */
	struct buf hash = BUF_INIT(100);
	file_of(&fixture, "v1.2.3.ziphash", path);
	assert_int_equal(file_read(path, &hash, NULL), 0);
	assert_string_equal(buf_text(&hash), "h1:z");
	buf_free(&hash);
	fixture_close(&fixture);
}

/* `list` names what has both .info and .mod, in the order of versions. */
static void test_list(void **state)
{
	struct fixture fixture = { 0 };
	static const char *const versions[] = { "v1.10.0", "v1.9.0", "v1.9.0-rc.1" };
	struct slice module = SLICE("example.org/list");
	struct buf list = BUF_INIT(1000);
	char path[700];
	fixture_open(&fixture, state);
	for (size_t i = 0; i < LENGTH(versions); i++) {
		const struct store_artifact *artifact = NULL;
		struct store_pin facts = { .commit = "c" };
		assert_int_equal(store_pin_add(fixture.store, module, slice_of(versions[i]), &facts, NULL), 0);
		assert_int_equal(store_put(fixture.store, STORE_INFO, module, slice_of(versions[i]), SLICE("{}"), &facts, &artifact, NULL), 0);
		store_artifact_unref(artifact);
		if (i == 0)
			continue;
		assert_int_equal(store_put(fixture.store, STORE_MOD, module, slice_of(versions[i]), SLICE("m"), &facts, &artifact, NULL), 0);
		store_artifact_unref(artifact);
	}
	snprintf(path, sizeof(path), "%s/example.org/list/@v/list", fixture.directory);
	assert_int_equal(file_read(path, &list, NULL), 0);
	assert_string_equal(buf_text(&list), "v1.9.0-rc.1\nv1.9.0\n");
	buf_free(&list);
	fixture_close(&fixture);
}

static ino_t inode_of(const char *path)
{
	struct stat status;
	assert_int_equal(stat(path, &status), 0);
	return status.st_ino;
}

/* What `list` says already is not written again; what a kill kept out of it comes in with the next file. */
static void test_list_written_when_changed(void **state)
{
	struct fixture fixture = { 0 };
	struct slice module = SLICE("example.org/rewritten");
	struct store_pin facts = { .commit = "c", .mod_h1 = "h1:m" };
	const struct store_artifact *artifact = NULL;
	struct buf list = BUF_INIT(1000);
	char path[700];
	fixture_open(&fixture, state);
	snprintf(path, sizeof(path), "%s/example.org/rewritten/@v/list", fixture.directory);
	assert_int_equal(store_pin_add(fixture.store, module, VERSION, &facts, NULL), 0);
	assert_int_equal(store_put(fixture.store, STORE_MOD, module, VERSION, SLICE("m"), &facts, &artifact, NULL), 0);
	store_artifact_unref(artifact);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(store_put(fixture.store, STORE_INFO, module, VERSION, SLICE("{}"), &facts, &artifact, NULL), 0);
	store_artifact_unref(artifact);
	ino_t before = inode_of(path);
	/* Keeps the inode in use, so that a new file cannot have its number. */
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(store_put(fixture.store, STORE_INFO, module, VERSION, SLICE("{ }"), &facts, &artifact, NULL), 0);
	store_artifact_unref(artifact);
	assert_int_equal(inode_of(path), before);
	close(fd);

	unlink(path);
	assert_int_equal(store_put(fixture.store, STORE_MOD, module, VERSION, SLICE("m"), &facts, &artifact, NULL), 0);
	store_artifact_unref(artifact);
	assert_int_equal(file_read(path, &list, NULL), 0);
	assert_string_equal(buf_text(&list), "v1.2.3\n");
	buf_free(&list);
	fixture_close(&fixture);
}

/* A module that becomes private, or public: each file is what it was when it was made, until it is made anew. */
static void test_private_of_each(void **state)
{
	struct fixture fixture = { 0 };
	struct slice module = SLICE("example.org/moved");
	struct store_pin as_public = { .mod_h1 = "h1:m", .mod_proof = STORE_PROOF_SUMDB },
			 as_private = { .commit = "c", .mod_h1 = "h1:m", .is_private = true };
	const struct store_artifact *artifact = NULL;
	struct store_pin pin;
	fixture_open(&fixture, state);
	assert_int_equal(store_pin_add(fixture.store, module, VERSION, &as_public, NULL), 0);
	assert_int_equal(store_put(fixture.store, STORE_INFO, module, VERSION, SLICE("{}"), &as_public, &artifact, NULL), 0);
	store_artifact_unref(artifact);
	assert_int_equal(store_put(fixture.store, STORE_MOD, module, VERSION, SLICE("m"), &as_public, &artifact, NULL), 0);
	store_artifact_unref(artifact);
	assert_int_equal(store_pin_add(fixture.store, module, VERSION, &as_private, NULL), 0);
	assert_int_equal(store_pin(fixture.store, module, VERSION, &pin, NULL), 0);
	assert_true(pin.is_private);
	assert_int_equal(store_put(fixture.store, STORE_MOD, module, VERSION, SLICE("m"), &as_private, &artifact, NULL), 0);
	assert_true(artifact->is_private);
	store_artifact_unref(artifact);
	fixture_close(&fixture);

	fixture_open(&fixture, state);
	assert_int_equal(store_artifact(fixture.store, STORE_MOD, module, VERSION, &artifact, NULL), 0);
	assert_true(artifact->is_private);
	assert_string_equal(artifact->origin, "c");
	store_artifact_unref(artifact);
	assert_int_equal(store_artifact(fixture.store, STORE_INFO, module, VERSION, &artifact, NULL), 0);
	assert_false(artifact->is_private);
	assert_string_equal(artifact->origin, "");
	store_artifact_unref(artifact);
	fixture_close(&fixture);
}

static void test_answers(void **state)
{
	struct fixture fixture = { 0 };
	const struct store_answer *answer = NULL;
	fixture_open(&fixture, state);
	assert_int_equal(store_answer(fixture.store, MODULE, SLICE("@list"), &answer, NULL), STORE_ERR_ABSENT);
	assert_int_equal(store_answer_put(fixture.store, MODULE, SLICE("@list"), true, SLICE_NONE, &answer, NULL), 0);
	store_answer_unref(answer);
	assert_int_equal(store_answer_put(fixture.store, MODULE, SLICE("main"), true, SLICE("{}"), &answer, NULL), 0);
	store_answer_unref(answer);
	fixture_close(&fixture);

	fixture_open(&fixture, state);
	assert_int_equal(store_try_answer(fixture.store, MODULE, SLICE("main"), &answer), STORE_WOULD_BLOCK);
	assert_int_equal(store_answer(fixture.store, MODULE, SLICE("main"), &answer, NULL), 0);
	assert_true(slice_equal_text(answer->body, "{}") && answer->is_private && answer->fetched_us > 0);
	store_answer_unref(answer);
	assert_int_equal(store_answer(fixture.store, MODULE, SLICE("@list"), &answer, NULL), 0);
	assert_int_equal(answer->body.len, 0);
	store_answer_unref(answer);
	fixture_close(&fixture);
}

/* What a kill leaves half-written is gone after the next start. */
static void test_sweep(void **state)
{
	struct fixture fixture = { 0 };
	struct file_temp temp = FILE_TEMP_INIT;
	fixture_open(&fixture, state);
	assert_int_equal(store_zip_begin(fixture.store, MODULE, VERSION, &temp, NULL), 0);
	assert_int_equal(file_temp_write(&temp, SLICE("half"), NULL), 0);
	char *left = strdup(temp.temporary);
	assert_int_equal(access(left, F_OK), 0);
	fixture_close(&fixture);

	fixture_open(&fixture, state);
	assert_int_equal(access(left, F_OK), -1);
	free(left);
	file_temp_close(&temp);
	fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_artifact_survives, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_damaged_file, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_pin_never_changes, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_moves, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_info_stays, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_proof_of_each, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_zip, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_list, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_list_written_when_changed, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_private_of_each, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_answers, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_sweep, scratch_setup, scratch_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
