#include "tlog/tile.h"

#include "tests/tlog/log.h"

static void test_paths(void **state)
{
	static const struct {
		const char *path;
		int level; /* -2: refused */
		uint64_t index;
		unsigned width;
	} rows[] = {
		{ "tile/8/0/000", 0, 0, 256 },
		{ "tile/8/0/001.p/5", 0, 1, 5 },
		{ "tile/8/3/x001/234", 3, 1234, 256 },
		{ "tile/8/3/x001/x234/067", 3, 1234067, 256 },
		{ "tile/8/3/x001/x234/067.p/255", 3, 1234067, 255 },
		{ "tile/8/63/000.p/1", 63, 0, 1 },
		{ "tile/8/data/x001/000.p/7", TILE_LEVEL_DATA, 1000, 7 },
		{ "tile/8/0/x018/x446/x744/x073/x709/x551/615", 0, UINT64_MAX, 256 },
		{ "tile/8/0/x018/x446/x744/x073/x709/x551/616", -2, 0, 0 },
		{ "tile/8/0/x999/x999/x999/x999/x999/x999/x999/999", -2, 0, 0 },
		{ "tile/8/64/000", -2, 0, 0 },
		{ "tile/8/00/000", -2, 0, 0 },
		{ "tile/8/-1/000", -2, 0, 0 },
		{ "tile/8/+1/000", -2, 0, 0 },
		{ "tile/7/0/000", -2, 0, 0 },
		{ "tile/9/0/000", -2, 0, 0 },
		{ "tile/8/0/0", -2, 0, 0 },
		{ "tile/8/0/0000", -2, 0, 0 },
		{ "tile/8/0/x000/001", -2, 0, 0 },
		{ "tile/8/0/001/234", -2, 0, 0 },
		{ "tile/8/0/x001", -2, 0, 0 },
		{ "tile/8/0/x001/x234", -2, 0, 0 },
		{ "tile/8/0/x001//234", -2, 0, 0 },
		{ "tile/8/0/x001/234/", -2, 0, 0 },
		{ "tile/8/0/", -2, 0, 0 },
		{ "tile/8/0", -2, 0, 0 },
		{ "tile/8/0/000.p/0", -2, 0, 0 },
		{ "tile/8/0/000.p/256", -2, 0, 0 },
		{ "tile/8/0/000.p/05", -2, 0, 0 },
		{ "tile/8/0/000.p/", -2, 0, 0 },
		{ "tile/8/0/000.p", -2, 0, 0 },
		{ "tile/8/0/000.p/5/6", -2, 0, 0 },
		{ "tile/8/0/000.p/5.p/6", -2, 0, 0 },
		{ "tile/8/Data/000", -2, 0, 0 },
		{ "tile/8/0/00a", -2, 0, 0 },
		{ "/tile/8/0/000", -2, 0, 0 },
		{ "tile/8/0/000 ", -2, 0, 0 },
		{ "", -2, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct tile want = { rows[i].level, rows[i].index, rows[i].width }, tile = { .level = -9 };
		int rc = tile_parse(slice_of(rows[i].path), &tile, NULL);
		char path[TILE_PATH_MAX];

		if (rc != (rows[i].level == -2 ? TLOG_ERR : 0) || (rc == 0 && !tile_equal(&tile, &want)))
			fail_msg("%s: %d", rows[i].path, rc);
		if (rc != 0)
			continue;
		tile_format(&tile, path);
		assert_string_equal(path, rows[i].path);
	}
}

static void test_in_tree(void **state)
{
	static const struct {
		struct tile tile;
		uint64_t size;
		bool want;
	} rows[] = {
		{ { 0, 0, 1 }, 0, false },
		{ { 0, 0, 1 }, 1, true },
		{ { 0, 0, 2 }, 1, false },
		{ { 0, 0, 256 }, 256, true },
		{ { 0, 0, 256 }, 255, false },
		{ { 0, 1, 1 }, 256, false },
		{ { 1, 0, 1 }, 255, false },
		{ { 1, 0, 1 }, 256, true },
		{ { 1, 0, 2 }, 511, false },
		{ { 2, 0, 1 }, 65535, false },
		{ { 2, 0, 1 }, 65536, true },
		{ { 7, 0, 127 }, INT64_MAX, true },
		{ { 7, 0, 128 }, INT64_MAX, false },
		{ { 8, 0, 1 }, INT64_MAX, false },
		{ { 63, 0, 1 }, INT64_MAX, false },
		{ { TILE_LEVEL_DATA, 0, 1 }, 10, false },
		{ { 0, UINT64_MAX, 256 }, INT64_MAX, false },
		{ { 0, UINT64_MAX / 256, 256 }, INT64_MAX, false },
		{ { 0, 0, 0 }, 10, false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		if (tile_in_tree(&rows[i].tile, rows[i].size) != rows[i].want)
			fail_msg("row %zu", i);
}

/* Serves a log's tiles, one of them with a byte changed; remembers which were read and which were called proved. */
struct server {
	const struct log *log;
	struct tile spoilt;
	size_t at; /* byte of it; SIZE_MAX: none */
	struct tile read[64];
	size_t read_count;
	size_t saved_count;
	bool spoilt_saved;
};

static int serve(void *ctx, const struct tile *tile, struct buf *out, struct err *err)
{
	struct server *server = ctx;
	const struct tlog_hash *hashes = log_tile(server->log, tile);

	if (hashes == NULL)
		return err_set(err, -77, "no such tile");
	assert_true(server->read_count < LENGTH(server->read));
	server->read[server->read_count++] = *tile;
	buf_add(out, hashes, tile->width * sizeof(*hashes));
	if (server->at < out->len && tile_equal(tile, &server->spoilt))
		out->ptr[server->at] = (char)(out->ptr[server->at] ^ (1 << server->at % 8));
	return 0;
}

static void save(void *ctx, const struct tile *tile, struct slice bytes)
{
	struct server *server = ctx;

	assert_int_equal(bytes.len, tile->width * sizeof(struct tlog_hash));
	server->saved_count++;
	if (tile_equal(tile, &server->spoilt) && memcmp(bytes.ptr, log_tile(server->log, tile), bytes.len) != 0)
		server->spoilt_saved = true;
}

static struct tile_source source_of(struct server *server)
{
	return (struct tile_source){ .read = serve, .save = save, .ctx = server };
}

static void test_read(void **state)
{
	static const uint64_t sizes[] = { 1, 2, 3, 255, 256, 257, 300, 511, 512, 513, 775, 65535, 65536, 65537, 66311, 70000 };
	struct log log;

	(void)state;
	log_open(&log, 70000);
	for (size_t i = 0; i < LENGTH(sizes); i++) {
		struct tlog_head head = log_head(&log, sizes[i]);
		uint64_t step = sizes[i] / 37 + 1;

		for (uint64_t index = 0; index < sizes[i]; index += step) {
			struct server server = { .log = &log, .at = SIZE_MAX };
			struct tile_source source = source_of(&server);
			struct tlog_hash hash, want = log_mth(&log, 0, index);

			assert_int_equal(tile_read_leaf(&source, &head, index, &hash, NULL), 0);
			assert_memory_equal(&hash, &log.levels[0][index], sizeof(hash));
			assert_int_equal(server.saved_count, server.read_count);
			server.read_count = 0;
			assert_int_equal(tile_root_at(&source, &head, index, &hash, NULL), 0);
			assert_memory_equal(&hash, &want, sizeof(hash));
		}
		struct server server = { .log = &log, .at = SIZE_MAX };
		struct tile_source source = source_of(&server);
		struct tlog_hash hash;

		assert_int_equal(tile_root_at(&source, &head, sizes[i], &hash, NULL), 0);
		assert_memory_equal(&hash, &head.root, sizeof(hash));
		assert_int_equal(tile_read_leaf(&source, &head, sizes[i], &hash, NULL), TLOG_ERR);
		assert_int_equal(tile_root_at(&source, &head, sizes[i] + 1, &hash, NULL), TLOG_ERR);
	}
	log_close(&log);
}

static void test_read_tile(void **state)
{
	struct log log;
	struct tlog_head head;
	struct server server = { .log = &log, .at = SIZE_MAX };
	struct tile_source source = source_of(&server);
	static const struct {
		struct tile tile;
		int want;
	} rows[] = {
		{ { 0, 0, 256 }, 0 },
		{ { 0, 0, 7 }, 0 },
		{ { 0, 258, 256 }, 0 },
		{ { 0, 259, 7 }, 0 },
		{ { 0, 259, 3 }, 0 },
		{ { 1, 0, 256 }, 0 },
		{ { 1, 1, 3 }, 0 },
		{ { 2, 0, 1 }, 0 },
		{ { 0, 259, 8 }, TLOG_ERR_LIMIT },
		{ { 2, 0, 2 }, TLOG_ERR_LIMIT },
		{ { 3, 0, 1 }, TLOG_ERR_LIMIT },
	};

	(void)state;
	log_open(&log, 65536 + 3 * 256 + 7);
	head = log_head(&log, log.size);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct buf bytes = BUF_INIT(TILE_WIDTH * SHA256_BYTES);

		server.read_count = 0;
		assert_int_equal(tile_read(&source, &head, &rows[i].tile, &bytes, NULL), rows[i].want);
		assert_int_equal(bytes.len, rows[i].want == 0 ? rows[i].tile.width * SHA256_BYTES : 0);
		if (rows[i].want == 0)
			assert_memory_equal(bytes.ptr, log_tile(&log, &rows[i].tile), bytes.len);
		buf_free(&bytes);
	}
	log_close(&log);
}

/* Each byte of each tile that an answer rests on: none may be changed, and what was changed is never called proved. */
static void test_flip(void **state)
{
	struct log log;
	struct tlog_head head;
	struct server clean = { .log = &log, .at = SIZE_MAX };
	struct tile_source clean_source = source_of(&clean);
	struct tlog_hash hash;

	(void)state;
	log_open(&log, 300);
	head = log_head(&log, 300);
	assert_int_equal(tile_read_leaf(&clean_source, &head, 7, &hash, NULL), 0);
	assert_int_equal(clean.read_count, 3);
	for (size_t t = 0; t < clean.read_count; t++) {
		for (size_t at = 0; at < clean.read[t].width * SHA256_BYTES; at++) {
			struct server server = { .log = &log, .spoilt = clean.read[t], .at = at };
			struct tile_source source = source_of(&server);

			assert_int_equal(tile_read_leaf(&source, &head, 7, &hash, NULL), TLOG_ERR);
			assert_false(server.spoilt_saved);
		}
	}
	log_close(&log);
}

/*
 * CVE-2026-56865: several hashes of the edge in one tile (here 3 and 3 on two levels) must not let a tile below pass unproved. One bit of every
 * tile that is read, whatever level it is on, spoils the answer; and so it does for the root of an older tree.
 */
static void test_shared_edge(void **state)
{
	static const uint64_t sizes[] = { 256 * 3 + 7, 65536 + 3 * 256 + 7, 65536 + 7 * 256, 65536 * 3 + 255 * 256 + 255 };
	struct log log;

	(void)state;
	log_open(&log, 65536 * 4);
	for (size_t i = 0; i < LENGTH(sizes); i++) {
		struct tlog_head head = log_head(&log, sizes[i]);
		struct server clean[2] = { { .log = &log, .at = SIZE_MAX }, { .log = &log, .at = SIZE_MAX } };
		struct tile_source source = source_of(&clean[0]);
		struct tlog_hash hash;

		assert_int_equal(tile_read_leaf(&source, &head, 5, &hash, NULL), 0);
		source = source_of(&clean[1]);
		assert_int_equal(tile_root_at(&source, &head, 300, &hash, NULL), 0);
		for (size_t t = 0; t < clean[0].read_count + clean[1].read_count; t++) {
			bool leaf = t < clean[0].read_count;
			struct server server = { .log = &log, .at = 33 };

			server.spoilt = leaf ? clean[0].read[t] : clean[1].read[t - clean[0].read_count];
			if (server.spoilt.width == 1)
				server.at = 3;
			source = source_of(&server);
			assert_int_equal(
				leaf ? tile_read_leaf(&source, &head, 5, &hash, NULL) : tile_root_at(&source, &head, 300, &hash, NULL), TLOG_ERR);
			assert_false(server.spoilt_saved);
		}
	}
	log_close(&log);
}

/* A forged leaf with every tile above it made to match, up to one that is proved. */
static void test_forged_branch(void **state)
{
	struct log honest, forged;
	struct tlog_head head;

	(void)state;
	log_open(&honest, 65536 + 3 * 256 + 7);
	head = log_head(&honest, honest.size);
	log_open(&forged, honest.size);
	forged.levels[0][5] = log_leaf(4711);
	log_build(&forged);
	for (unsigned level = 0; level <= 2; level++) {
		/* Tiles of `level` and below come from the forged log. */
		struct log mixed = honest;
		struct server server = { .log = &mixed, .at = SIZE_MAX };
		struct tile_source source = source_of(&server);
		struct tlog_hash hash;

		for (unsigned h = 0; h <= level * TILE_HEIGHT; h++)
			mixed.levels[h] = forged.levels[h];
		assert_int_equal(tile_read_leaf(&source, &head, 5, &hash, NULL), TLOG_ERR);
	}
	log_close(&forged);
	log_close(&honest);
}

static int serve_short(void *ctx, const struct tile *tile, struct buf *out, struct err *err)
{
	int rc = serve(ctx, tile, out, err);

	if (out->len > 0)
		out->len--;
	return rc;
}

static int serve_long(void *ctx, const struct tile *tile, struct buf *out, struct err *err)
{
	int rc = serve(ctx, tile, out, err);

	buf_add_char(out, 'x');
	return rc;
}

static void test_odd_sources(void **state)
{
	struct log log;
	struct tlog_head head;
	struct server server = { .log = &log, .at = SIZE_MAX };
	struct tile_source source = source_of(&server);
	struct tlog_hash hash;

	(void)state;
	log_open(&log, 300);
	head = log_head(&log, 300);
	source.read = serve_short;
	assert_int_equal(tile_read_leaf(&source, &head, 7, &hash, NULL), TLOG_ERR);
	source.read = serve_long;
	assert_int_equal(tile_read_leaf(&source, &head, 7, &hash, NULL), TLOG_ERR);
	source.read = serve;
	head.size = 301;
	assert_int_equal(tile_read_leaf(&source, &head, 7, &hash, NULL), -77);
	head.size = 0;
	assert_int_equal(tile_read_leaf(&source, &head, 0, &hash, NULL), TLOG_ERR);
	assert_int_equal(tile_root_at(&source, &head, 0, &hash, NULL), TLOG_ERR);
	assert_int_equal(server.saved_count, 0);
	log_close(&log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_in_tree),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_tile),
		cmocka_unit_test(test_flip),
		cmocka_unit_test(test_shared_edge),
		cmocka_unit_test(test_forged_branch),
		cmocka_unit_test(test_odd_sources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
