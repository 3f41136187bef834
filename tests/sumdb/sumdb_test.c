#include "sumdb/sumdb.h"

#include <pthread.h>

#include "base/hash.h"
#include "module/path.h"

#include "tests/sumdb/database.h"

/* A database, a directory and a handle: the state of each test. */
struct world {
	struct database database;
	char directory[64];
	struct sumdb *sumdb;
	int64_t now_us;
	struct clock clock;
};

static int64_t world_now(void *ctx)
{
	return ((struct world *)ctx)->now_us;
}

static int open_handle(struct world *world, const char *key, struct err *err)
{
	struct sumdb_options options = { .database = key, .directory = world->directory, .clock = &world->clock };

	return sumdb_open(&options, &world->sumdb, err);
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	*state = world;
	strcpy(world->directory, "/tmp/sumdb-test-XXXXXX");
	if (mkdtemp(world->directory) == NULL)
		return -1;
	world->clock = (struct clock){ .wall_us = world_now, .monotonic_us = world_now, .ctx = world };
	database_open(&world->database);
	return open_handle(world, KEY, NULL);
}

static int teardown(void **state)
{
	struct world *world = *state;

	sumdb_close(&world->sumdb);
	database_close(&world->database);
	directory_remove(world->directory);
	free(world);
	return 0;
}

static void reopen(struct world *world)
{
	struct err err = ERR_INIT;

	sumdb_close(&world->sumdb);
	if (open_handle(world, KEY, &err) != 0)
		fail_msg("%s", err.text);
}

static const char *file_of(const struct world *world, const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/sum.example.org/%s", world->directory, name);
	return path;
}

/* Both hashes of the record, as they are. */
static int check(struct world *world, uint64_t record)
{
	struct database_source ctx;
	struct sumdb_source source = database_source(&world->database, record, &ctx);
	struct err err = ERR_INIT;
	char zip[64], gomod[64];
	int rc;

	record_hashes(record, zip, gomod);
	rc = sumdb_check(world->sumdb, &source, SLICE("v1.0.0"), zip, gomod, &err);
	assert_true(rc == 0 || err.text[0] != '\0');
	return rc;
}

static void test_check(void **state)
{
	static const struct {
		const char *name, *version, *zip, *gomod;
		int want;
	} rows[] = {
		{ "both", "v1.0.0", "zip", "mod", 0 },
		{ "the zip alone", "v1.0.0", "zip", NULL, 0 },
		{ "the go.mod alone", "v1.0.0", NULL, "mod", 0 },
		{ "neither", "v1.0.0", NULL, NULL, 0 },
		{ "zip differs", "v1.0.0", "h1:x", "mod", SUMDB_ERR_MISMATCH },
		{ "go.mod differs", "v1.0.0", "zip", "h1:x", SUMDB_ERR_MISMATCH },
		{ "the one for the other", "v1.0.0", "mod", "zip", SUMDB_ERR_MISMATCH },
		{ "empty", "v1.0.0", "", NULL, SUMDB_ERR_MISMATCH },
		{ "no such version", "v1.0.1", "zip", "mod", SUMDB_ERR_ABSENT },
		{ "not canonical", "v1.0", "zip", "mod", SUMDB_ERR_INVALID },
		{ "major does not fit", "v2.0.0", "zip", "mod", SUMDB_ERR_INVALID },
		{ "a path in the version", "v1.0.0-../x", "zip", "mod", SUMDB_ERR_INVALID },
	};
	struct world *world = *state;
	struct database_source ctx;
	struct sumdb_source source = database_source(&world->database, 7, &ctx);
	char zip[64], gomod[64];

	record_hashes(7, zip, gomod);
	/* Twice: asked, and remembered. */
	for (size_t i = 0; i < 2 * LENGTH(rows); i++) {
		const char *given[] = { rows[i % LENGTH(rows)].zip, rows[i % LENGTH(rows)].gomod };
		int rc;

		for (size_t j = 0; j < 2; j++)
			if (given[j] != NULL && (strcmp(given[j], "zip") == 0 || strcmp(given[j], "mod") == 0))
				given[j] = given[j][0] == 'z' ? zip : gomod;
		rc = sumdb_check(world->sumdb, &source, slice_of(rows[i % LENGTH(rows)].version), given[0], given[1], NULL);
		if (rc != rows[i % LENGTH(rows)].want)
			fail_msg("%s: %d", rows[i % LENGTH(rows)].name, rc);
	}
	source.module = SLICE("Example.com/x");
	assert_int_equal(sumdb_check(world->sumdb, &source, SLICE("v1.0.0"), zip, gomod, NULL), SUMDB_ERR_INVALID);
	source.module = SLICE_NONE;
	assert_int_equal(sumdb_check(world->sumdb, &source, SLICE("v1.0.0"), zip, gomod, NULL), SUMDB_ERR_INVALID);
}

/* What was proved once needs nobody any more: not the same handle, not the next process. */
static void test_remembered(void **state)
{
	struct world *world = *state;
	struct database_source ctx;
	struct sumdb_source source = database_source(&world->database, 7, &ctx);
	struct buf first = BUF_INIT(SUMDB_LOOKUP_BYTES_MAX), again = BUF_INIT(SUMDB_LOOKUP_BYTES_MAX);

	assert_int_equal(sumdb_lookup_bytes(world->sumdb, &source, SLICE("v1.0.0"), &first, NULL), 0);
	assert_int_equal(world->database.lookups, 1);
	assert_int_equal(access(file_of(world, "lookup/example.com/!mod7@v1.0.0"), F_OK), 0);
	world->database.lie = LIE_DOWN;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(check(world, 7), 0);
		buf_reset(&again);
		assert_int_equal(sumdb_lookup_bytes(world->sumdb, &source, SLICE("v1.0.0"), &again, NULL), 0);
		assert_string_equal(buf_text(&again), buf_text(&first));
		reopen(world);
	}
	assert_int_equal(check(world, 8), SUMDB_ERR_UNAVAILABLE);
	assert_int_equal(sumdb_size(world->sumdb), 300);
	/* Later heads do not shut out what earlier ones proved. */
	world->database.lie = LIE_NONE;
	world->database.size = 650;
	assert_int_equal(check(world, 600), 0);
	assert_int_equal(check(world, 299), 0);
	world->database.lie = LIE_DOWN;
	reopen(world);
	assert_int_equal(check(world, 7), 0);
	assert_int_equal(check(world, 600), 0);
	assert_int_equal(check(world, 299), 0);
	buf_free(&first);
	buf_free(&again);
}

/* Every lie, told to one who knows nothing and to one who has a head: nothing of it is kept, and the truth is believed afterwards. */
static void test_lies(void **state)
{
	static const struct {
		enum lie lie;
		int want;
		int want_known; /* where the head of the tree is known, and its tiles */
	} rows[] = {
		{ LIE_EMPTY, SUMDB_ERR_FORGED, SUMDB_ERR_FORGED },
		{ LIE_NOISE, SUMDB_ERR_FORGED, SUMDB_ERR_FORGED },
		{ LIE_FOREIGN, SUMDB_ERR_FORGED, SUMDB_ERR_FORGED },
		{ LIE_TAIL, SUMDB_ERR_FORGED, SUMDB_ERR_FORGED },
		{ LIE_HASH, SUMDB_ERR_FORGED, SUMDB_ERR_FORGED },
		{ LIE_EXTRA_LINE, SUMDB_ERR_FORGED, SUMDB_ERR_FORGED },
		{ LIE_NUMBER, SUMDB_ERR_FORGED, SUMDB_ERR_FORGED },
		{ LIE_NUMBER_LARGE, SUMDB_ERR_FORGED, SUMDB_ERR_FORGED },
		{ LIE_NUMBER_ODD, SUMDB_ERR_FORGED, SUMDB_ERR_FORGED },
		{ LIE_UNSIGNED, SUMDB_ERR_FORGED, SUMDB_ERR_FORGED },
		{ LIE_SIGNATURE, SUMDB_ERR_FORGED, SUMDB_ERR_FORGED },
		{ LIE_OTHER_KEY, SUMDB_ERR_FORGED, SUMDB_ERR_FORGED },
		{ LIE_TILE_LEAF, SUMDB_ERR_FORGED, 0 },
		{ LIE_TILE_ABOVE, SUMDB_ERR_FORGED, 0 },
		{ LIE_TILE_SHORT, SUMDB_ERR_FORGED, 0 },
		{ LIE_TILE_GONE, SUMDB_ERR_UNAVAILABLE, 0 },
		{ LIE_LARGE, SUMDB_ERR_FORGED, SUMDB_ERR_FORGED },
		{ LIE_ABSENT, SUMDB_ERR_ABSENT, SUMDB_ERR_ABSENT },
		{ LIE_DOWN, SUMDB_ERR_UNAVAILABLE, SUMDB_ERR_UNAVAILABLE },
	};
	struct world *world = *state;

	_Static_assert(LENGTH(rows) == LIE_COUNT - 2, "every lie; LIE_FORK has a test of its own");
	for (size_t i = 0; i < 2 * LENGTH(rows); i++) {
		bool known = i >= LENGTH(rows);
		int want = known ? rows[i % LENGTH(rows)].want_known : rows[i % LENGTH(rows)].want;
		int rc;

		sumdb_close(&world->sumdb);
		directory_remove(file_of(world, ""));
		reopen(world);
		world->database.lie = LIE_NONE;
		if (known)
			assert_int_equal(check(world, 20), 0);
		world->database.lie = rows[i % LENGTH(rows)].lie;
		rc = check(world, 7);
		if (rc != want)
			fail_msg("lie %d, known %d: %d", (int)world->database.lie, known, rc);
		if (rc != 0)
			assert_int_not_equal(access(file_of(world, "lookup/example.com/!mod7@v1.0.0"), F_OK), 0);
		assert_int_equal(check(world, 7), want);
		world->database.lie = LIE_NONE;
		assert_int_equal(check(world, 7), 0);
		assert_int_equal(check(world, 8), 0);
	}
}

/* Two signed trees that contradict each other, at a smaller, the same and a larger size. */
static void test_fork(void **state)
{
	static const uint64_t sizes[] = { 200, 300, 301, 650 };
	struct world *world = *state;

	for (size_t i = 0; i < LENGTH(sizes); i++) {
		struct buf head = BUF_INIT(4000), fork = BUF_INIT(8000);

		sumdb_close(&world->sumdb);
		directory_remove(file_of(world, ""));
		reopen(world);
		world->database = (struct database){ .honest = world->database.honest, .forked = world->database.forked, .size = 300 };
		assert_int_equal(check(world, 20), 0);
		assert_int_equal(file_read(file_of(world, "head"), &head, NULL), 0);
		world->database.size = sizes[i];
		world->database.lie = LIE_FORK;
		if (check(world, 7) != SUMDB_ERR_FORGED)
			fail_msg("fork at %d", (int)sizes[i]);
		assert_int_equal(sumdb_size(world->sumdb), 300);
		assert_int_equal(file_read(file_of(world, "fork"), &fork, NULL), 0);
		assert_true(slice_find(buf_slice(&fork), buf_slice(&head)) > 0);
		assert_int_not_equal(access(file_of(world, "lookup/example.com/!mod7@v1.0.0"), F_OK), 0);
		world->database.lie = LIE_NONE;
		world->database.size = 650;
		assert_int_equal(check(world, 7), 0);
		buf_free(&head);
		buf_free(&fork);
	}
}

/* An older head that is true is no lie, but it changes nothing; and a record must be in the tree it comes with. */
static void test_rollback(void **state)
{
	struct world *world = *state;

	world->database.size = 650;
	assert_int_equal(check(world, 600), 0);
	world->database.size = 300;
	assert_int_equal(check(world, 7), 0);
	assert_int_equal(sumdb_size(world->sumdb), 650);
	reopen(world);
	assert_int_equal(sumdb_size(world->sumdb), 650);
	world->database.lie = LIE_NUMBER_LARGE;
	assert_int_equal(check(world, 8), SUMDB_ERR_FORGED);
}

static void write_file(const char *path, struct slice bytes)
{
	struct err err = ERR_INIT;

	if (file_write(path, bytes, 0600, &err) != 0)
		fail_msg("%s", err.text);
}

static void test_open(void **state)
{
	static const struct {
		const char *name, *key, *database;
		int want;
	} rows[] = {
		{ "a key", KEY, "sum.example.org", 0 },
		{ "well known", "sum.golang.org", "sum.golang.org", 0 },
		{ "unknown name", "sum.example.net", NULL, SUMDB_ERR_INVALID },
		{ "spoilt key", "sum.example.org+59a925b1+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIt", NULL, SUMDB_ERR_INVALID },
		{ "a signer key", SIGNER, NULL, SUMDB_ERR_INVALID },
		{ "a name that climbs", "..+3ea2a5cf+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs", NULL, SUMDB_ERR_INVALID },
		{ "nothing", "", NULL, SUMDB_ERR_INVALID },
	};
	struct world *world = *state;
	struct buf head = BUF_INIT(4000);

	for (size_t i = 0; i < LENGTH(rows); i++) {
		char name[SUMDB_NAME_MAX + 1] = "";
		int rc = sumdb_database_name(rows[i].key, name, NULL);

		if (rc != rows[i].want || (rc == 0 && strcmp(name, rows[i].database) != 0))
			fail_msg("%s: %d, %s", rows[i].name, rc, name);
		sumdb_close(&world->sumdb);
		assert_int_equal(open_handle(world, rows[i].key, NULL), rows[i].want);
		if (rc == 0)
			assert_string_equal(sumdb_name(world->sumdb), rows[i].database);
	}
	reopen(world);
	assert_int_equal(check(world, 7), 0);
	assert_int_equal(file_read(file_of(world, "head"), &head, NULL), 0);
	sumdb_close(&world->sumdb);
	assert_int_equal(open_handle(world, OTHER_KEY, NULL), SUMDB_ERR_FORGED);
	head.ptr[30] ^= 1;
	write_file(file_of(world, "head"), buf_slice(&head));
	assert_int_equal(open_handle(world, KEY, NULL), SUMDB_ERR_FORGED);
	write_file(file_of(world, "head"), SLICE_NONE);
	assert_int_equal(open_handle(world, KEY, NULL), SUMDB_ERR_FORGED);
	buf_free(&head);
}

/* A kept answer or tile that was changed on disk is not believed; it is asked for again, and put right. */
static void test_disk(void **state)
{
	struct world *world = *state;
	struct buf answer = BUF_INIT(8000), tile = BUF_INIT(9000), healed = BUF_INIT(9000);

	assert_int_equal(check(world, 7), 0);
	assert_int_equal(file_read(file_of(world, "lookup/example.com/!mod7@v1.0.0"), &answer, NULL), 0);
	answer.ptr[slice_find(buf_slice(&answer), SLICE("h1:zip0")) + 6] = '9';
	write_file(file_of(world, "lookup/example.com/!mod7@v1.0.0"), buf_slice(&answer));
	reopen(world);
	world->database.lie = LIE_DOWN;
	assert_int_equal(check(world, 7), SUMDB_ERR_UNAVAILABLE);
	world->database.lie = LIE_NONE;
	assert_int_equal(check(world, 7), 0);

	/* The record of another module under this one's name. */
	assert_int_equal(check(world, 9), 0);
	buf_reset(&answer);
	assert_int_equal(file_read(file_of(world, "lookup/example.com/!mod9@v1.0.0"), &answer, NULL), 0);
	write_file(file_of(world, "lookup/example.com/!mod7@v1.0.0"), buf_slice(&answer));
	reopen(world);
	world->database.lie = LIE_DOWN;
	assert_int_equal(check(world, 7), SUMDB_ERR_UNAVAILABLE);
	world->database.lie = LIE_NONE;

	assert_int_equal(file_read(file_of(world, "tile/8/0/000"), &tile, NULL), 0);
	tile.ptr[100] ^= 1;
	write_file(file_of(world, "tile/8/0/000"), buf_slice(&tile));
	assert_int_equal(check(world, 11), 0);
	tile.ptr[100] ^= 1;
	assert_int_equal(file_read(file_of(world, "tile/8/0/000"), &healed, NULL), 0);
	assert_true(slice_equal(buf_slice(&healed), buf_slice(&tile)));
	buf_free(&answer);
	buf_free(&tile);
	buf_free(&healed);
}

static int tile_bytes(struct world *world, const char *path, struct buf *out)
{
	struct database_source ctx;
	struct sumdb_source source = database_source(&world->database, 0, &ctx);

	source.module = SLICE_NONE;
	buf_reset(out);
	return sumdb_tile_bytes(world->sumdb, &source, slice_of(path), out, NULL);
}

static void test_tiles(void **state)
{
	static const struct {
		const char *path;
		int want;
	} rows[] = {
		{ "tile/8/0/000", 0 },
		{ "tile/8/0/000.p/17", 0 },
		{ "tile/8/0/001.p/44", 0 },
		{ "tile/8/0/001.p/3", 0 },
		{ "tile/8/1/000.p/1", 0 },
		{ "tile/8/0/001.p/45", SUMDB_ERR_ABSENT },
		{ "tile/8/0/001", SUMDB_ERR_ABSENT },
		{ "tile/8/0/x999/999", SUMDB_ERR_ABSENT },
		{ "tile/8/1/000", SUMDB_ERR_ABSENT },
		{ "tile/8/40/000", SUMDB_ERR_ABSENT },
		{ "tile/8/data/000", SUMDB_ERR_INVALID },
		{ "tile/7/0/000", SUMDB_ERR_INVALID },
		{ "tile/8/0/x000/000", SUMDB_ERR_INVALID },
		{ "tile/8/0/../../head", SUMDB_ERR_INVALID },
	};
	struct world *world = *state;
	struct buf out = BUF_INIT(TILE_WIDTH * SHA256_BYTES);

	for (size_t i = 0; i < 2 * LENGTH(rows); i++) {
		const char *path = rows[i % LENGTH(rows)].path;
		int rc = tile_bytes(world, path, &out);
		struct tile tile;

		if (rc != rows[i % LENGTH(rows)].want)
			fail_msg("%s: %d", path, rc);
		if (rc != 0)
			continue;
		assert_int_equal(tile_parse(slice_of(path), &tile, NULL), 0);
		assert_int_equal(out.len, tile.width * SHA256_BYTES);
		assert_memory_equal(out.ptr, log_tile(&world->database.honest, &tile), out.len);
	}
	/* The head was asked for once a second at most, however many tiles lay beyond it. */
	assert_int_equal(world->database.latests, 1);
	world->database.lie = LIE_DOWN;
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(tile_bytes(world, rows[i].path, &out), 0);
	buf_free(&out);
}

/* A tile of the network that does not prove is neither given out nor kept; one partial tile of each number is enough. */
static void test_tiles_proved(void **state)
{
	struct world *world = *state;
	struct buf out = BUF_INIT(TILE_WIDTH * SHA256_BYTES), kept = BUF_INIT(TILE_WIDTH * SHA256_BYTES);

	assert_int_equal(tile_bytes(world, "tile/8/0/001.p/44", &out), 0);
	world->database.lie = LIE_TILE_LEAF;
	assert_int_equal(tile_bytes(world, "tile/8/0/000", &out), SUMDB_ERR_FORGED);
	assert_int_equal(out.len, 0);
	assert_int_not_equal(access(file_of(world, "tile/8/0/000"), F_OK), 0);
	world->database.lie = LIE_TILE_GONE;
	assert_int_equal(tile_bytes(world, "tile/8/0/000", &out), SUMDB_ERR_UNAVAILABLE);
	world->database.lie = LIE_NONE;
	assert_int_equal(tile_bytes(world, "tile/8/0/000", &out), 0);
	assert_int_equal(access(file_of(world, "tile/8/0/000"), F_OK), 0);

	/* What has rotted on the disk is not given out for the database's. */
	buf_add_slice(&kept, buf_slice(&out));
	kept.ptr[100] ^= 1;
	write_file(file_of(world, "tile/8/0/000"), buf_slice(&kept));
	kept.ptr[100] ^= 1;
	world->database.lie = LIE_DOWN;
	assert_int_equal(tile_bytes(world, "tile/8/0/000", &out), SUMDB_ERR_UNAVAILABLE);
	world->database.lie = LIE_NONE;
	assert_int_equal(tile_bytes(world, "tile/8/0/000", &out), 0);
	assert_true(slice_equal(buf_slice(&out), buf_slice(&kept)));
	world->database.lie = LIE_DOWN;
	assert_int_equal(tile_bytes(world, "tile/8/0/000", &out), 0);
	world->database.lie = LIE_NONE;

	world->database.size = 400;
	world->now_us += 2000000;
	assert_int_equal(tile_bytes(world, "tile/8/0/001.p/144", &out), 0);
	assert_int_equal(sumdb_size(world->sumdb), 400);
	assert_int_equal(access(file_of(world, "tile/8/0/001.p/144"), F_OK), 0);
	assert_int_not_equal(access(file_of(world, "tile/8/0/001.p/44"), F_OK), 0);
	world->database.size = 650;
	world->database.drop_partials = true;
	world->now_us += 2000000;
	assert_int_equal(tile_bytes(world, "tile/8/0/001", &out), 0);
	assert_int_not_equal(access(file_of(world, "tile/8/0/001.p/144"), F_OK), 0);
	assert_int_equal(tile_bytes(world, "tile/8/0/001.p/44", &out), 0);
	/* A head that says less than what a client knows: the partial tile it wants has become a full one. */
	directory_remove(file_of(world, "tile"));
	world->database.size = 700;
	assert_int_equal(check(world, 690), 0);
	directory_remove(file_of(world, "tile"));
	assert_int_equal(tile_bytes(world, "tile/8/0/001.p/44", &out), 0);
	assert_int_equal(out.len, 44 * SHA256_BYTES);
	buf_free(&out);
	buf_free(&kept);
}

static int latest_bytes(struct world *world, struct buf *out)
{
	struct database_source ctx;
	struct sumdb_source source = database_source(&world->database, 0, &ctx);

	buf_reset(out);
	return sumdb_latest_bytes(world->sumdb, &source, out, NULL);
}

static void test_latest(void **state)
{
	struct world *world = *state;
	struct buf out = BUF_INIT(8000), want = BUF_INIT(8000);

	world->database.lie = LIE_DOWN;
	assert_int_equal(latest_bytes(world, &out), SUMDB_ERR_UNAVAILABLE);
	world->database.lie = LIE_ABSENT;
	assert_int_equal(latest_bytes(world, &out), SUMDB_ERR_UNAVAILABLE);
	world->database.lie = LIE_NONE;
	assert_int_equal(latest_bytes(world, &out), 0);
	database_head(&world->database, "", &want);
	assert_string_equal(buf_text(&out), buf_text(&want));

	/* Asked again only when a minute is over. */
	world->database.size = 650;
	world->now_us += (SUMDB_LATEST_TTL_S - 1) * 1000000LL;
	assert_int_equal(latest_bytes(world, &out), 0);
	assert_string_equal(buf_text(&out), buf_text(&want));
	world->now_us += 1000000;
	world->database.lie = LIE_SIGNATURE;
	assert_int_equal(latest_bytes(world, &out), SUMDB_ERR_FORGED);
	assert_int_equal(out.len, 0);
	world->now_us += SUMDB_LATEST_TTL_S * 1000000LL;
	world->database.lie = LIE_DOWN;
	assert_int_equal(latest_bytes(world, &out), 0);
	assert_string_equal(buf_text(&out), buf_text(&want));
	world->now_us += SUMDB_LATEST_TTL_S * 1000000LL;
	world->database.lie = LIE_NONE;
	assert_int_equal(latest_bytes(world, &out), 0);
	buf_reset(&want);
	database_head(&world->database, "", &want);
	assert_string_equal(buf_text(&out), buf_text(&want));
	/* An older one is no step back. */
	world->now_us += SUMDB_LATEST_TTL_S * 1000000LL;
	world->database.size = 300;
	assert_int_equal(latest_bytes(world, &out), 0);
	assert_string_equal(buf_text(&out), buf_text(&want));
	buf_free(&out);
	buf_free(&want);
}

/* A source without calls: what is kept answers, what is not is unknown; and it takes nobody's turn to ask for the head. */
static void test_kept_alone(void **state)
{
	struct world *world = *state;
	struct database_source ctx;
	struct sumdb_source kept = database_source(&world->database, 7, &ctx);
	struct buf out = BUF_INIT(SUMDB_LOOKUP_BYTES_MAX);

	kept.calls = NULL;
	for (int round = 0; round < 2; round++) {
		int want = round == 0 ? SUMDB_ERR_UNAVAILABLE : 0;

		assert_int_equal(sumdb_lookup_bytes(world->sumdb, &kept, SLICE("v1.0.0"), &out, NULL), want);
		assert_int_equal(sumdb_tile_bytes(world->sumdb, &kept, SLICE("tile/8/0/000"), &out, NULL), want);
		assert_int_equal(sumdb_latest_bytes(world->sumdb, &kept, &out, NULL), want);
		/* Malformed and beyond the tree are answers; only the second takes a head that was just asked for. */
		assert_int_equal(sumdb_tile_bytes(world->sumdb, &kept, SLICE("tile/8/0/0"), &out, NULL), SUMDB_ERR_INVALID);
		assert_int_equal(sumdb_tile_bytes(world->sumdb, &kept, SLICE("tile/8/0/009"), &out, NULL), round == 0 ? want : SUMDB_ERR_ABSENT);
		if (round == 1)
			break;
		assert_int_equal(world->database.lookups + world->database.tiles + world->database.latests, 0);
		assert_int_equal(check(world, 7), 0);
		assert_int_equal(tile_bytes(world, "tile/8/0/000", &out), 0);
		assert_int_equal(latest_bytes(world, &out), 0);
	}
	/* Old: not given out while somebody else can be asked for a newer one, nor for a tile beyond it. */
	world->now_us += SUMDB_LATEST_TTL_S * 1000000LL;
	assert_int_equal(sumdb_latest_bytes(world->sumdb, &kept, &out, NULL), SUMDB_ERR_UNAVAILABLE);
	assert_int_equal(sumdb_tile_bytes(world->sumdb, &kept, SLICE("tile/8/0/009"), &out, NULL), SUMDB_ERR_UNAVAILABLE);
	world->database.size = 650;
	assert_int_equal(tile_bytes(world, "tile/8/0/001", &out), 0);
	/* What has rotted on the disk is unknown, not forged. */
	write_file(file_of(world, "tile/8/0/000"), buf_slice(&out));
	buf_reset(&out);
	assert_int_equal(sumdb_tile_bytes(world->sumdb, &kept, SLICE("tile/8/0/000"), &out, NULL), SUMDB_ERR_UNAVAILABLE);
	assert_int_equal(out.len, 0);
	buf_free(&out);
}

/* Asks for record 0 by the name it has just now. */
static int ask_first(struct world *world, struct slice module)
{
	struct database_source ctx;
	struct sumdb_source source = database_source(&world->database, 0, &ctx);
	struct buf out = BUF_INIT(SUMDB_LOOKUP_BYTES_MAX);
	int rc;

	source.module = module;
	rc = sumdb_lookup_bytes(world->sumdb, &source, SLICE("v1.0.0"), &out, NULL);
	buf_free(&out);
	return rc;
}

/* Where the answer is kept, below the database's directory: plain or by hash. */
static void kept_name(struct slice module, bool plain, struct buf *out)
{
	struct buf key = BUF_INIT(2000);
	uint8_t digest[SHA256_BYTES];
	char hex[SHA256_HEX];

	buf_printf(&key, "%.*s@v1.0.0", SLICE_ARG(module));
	sha256(buf_slice(&key), digest);
	hex_encode(digest, sizeof(digest), hex);
	buf_add_text(out, "lookup/");
	if (plain)
		assert_int_equal(module_escape_path(module, out, NULL), 0);
	buf_printf(out, "@%s", plain ? "v1.0.0" : hex);
	buf_free(&key);
}

/* As long as the name of a file can be, and longer: all are kept. */
static void test_long_names(void **state)
{
	static const struct {
		const char *name, *begin, *end;
		size_t element; /* its last element is filled with 'x' to so many bytes, before the end */
		bool plain;
	} rows[] = {
		{ "255 bytes with the version", "example.com/", "", 248, true },
		{ "256", "example.com/", "", 249, false },
		{ "255, of which a capital is two", "example.com/A", "", 247, true },
		{ "256, of which a capital is two", "example.com/A", "", 248, false },
		{ "a directory", "example.com/", "/y", 256, false },
	};
	struct world *world = *state;

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct buf module = BUF_INIT(2000), kept = BUF_INIT(3000), path = BUF_INIT(4000);

		buf_add_text(&module, rows[i].begin);
		while (module.len < strlen("example.com/") + rows[i].element)
			buf_add_char(&module, 'x');
		buf_add_text(&module, rows[i].end);
		kept_name(buf_slice(&module), rows[i].plain, &kept);
		buf_printf(&path, "%s/sum.example.org/%s", world->directory, buf_text(&kept));

		sumdb_close(&world->sumdb);
		directory_remove(file_of(world, ""));
		reopen(world);
		database_name_first(&world->database, buf_text(&module));
		world->database.lie = LIE_NONE;
		if (ask_first(world, buf_slice(&module)) != 0 || access(buf_text(&path), F_OK) != 0)
			fail_msg("%s: not kept as %s", rows[i].name, buf_text(&path));
		world->database.lie = LIE_DOWN;
		reopen(world);
		assert_int_equal(ask_first(world, buf_slice(&module)), 0);
		buf_free(&module);
		buf_free(&kept);
		buf_free(&path);
	}
}

/* The head that cannot be kept is not believed either: after a restart it would be forgotten. */
static void test_disk_full(void **state)
{
	struct world *world = *state;
	char blocked[256];

	snprintf(blocked, sizeof(blocked), "%s", file_of(world, "head"));
	assert_int_equal(mkdir(blocked, 0700), 0);
	assert_int_equal(check(world, 7), SUMDB_ERR);
	assert_int_equal(sumdb_size(world->sumdb), 0);
	assert_int_equal(rmdir(blocked), 0);
	assert_int_equal(check(world, 7), 0);
}

struct worker {
	struct world *world;
	uint64_t first;
	int failures;
};

static void *work(void *arg)
{
	struct worker *worker = arg;

	for (uint64_t i = 0; i < 40; i++) {
		struct database_source ctx;
		struct sumdb_source source = database_source(&worker->world->database, (worker->first + i * 7) % 300, &ctx);
		struct buf head = BUF_INIT(8000);
		char zip[64], gomod[64];

		record_hashes(ctx.record, zip, gomod);
		worker->failures += sumdb_check(worker->world->sumdb, &source, SLICE("v1.0.0"), zip, gomod, NULL) != 0;
		worker->failures += sumdb_check(worker->world->sumdb, &source, SLICE("v1.0.0"), gomod, zip, NULL) != SUMDB_ERR_MISMATCH;
		worker->failures += sumdb_latest_bytes(worker->world->sumdb, &source, &head, NULL) != 0;
		buf_free(&head);
		if (worker->world->database.size < RECORDS)
			worker->world->database.size++;
	}
	return NULL;
}

/* Heads that come in from many threads, in any order: all are believed and the largest stays. */
static void test_threads(void **state)
{
	struct world *world = *state;
	struct worker workers[6];
	pthread_t threads[LENGTH(workers)];
	uint64_t known;

	for (size_t i = 0; i < LENGTH(workers); i++) {
		workers[i] = (struct worker){ .world = world, .first = i * 3 };
		assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	}
	for (size_t i = 0; i < LENGTH(workers); i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(workers[i].failures, 0);
	}
	known = sumdb_size(world->sumdb);
	assert_in_range(known, 301, RECORDS);
	world->database.lie = LIE_DOWN;
	reopen(world);
	assert_int_equal(sumdb_size(world->sumdb), known);
	assert_int_equal(check(world, 7), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_check),
		TEST(test_remembered),
		TEST(test_lies),
		TEST(test_fork),
		TEST(test_rollback),
		TEST(test_open),
		TEST(test_disk),
		TEST(test_tiles),
		TEST(test_tiles_proved),
		TEST(test_latest),
		TEST(test_kept_alone),
		TEST(test_long_names),
		TEST(test_disk_full),
		TEST(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
