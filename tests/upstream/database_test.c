#include "tests/upstream/world.h"
#include "tlog/tile.h"

#define SUPPORTED "/base/sumdb/sum.example.org/supported"
#define LOOKUP    "/base/sumdb/sum.example.org/lookup/example.com/!mod@v1.0.0"
#define LATEST    "/base/sumdb/sum.example.org/latest"

struct source {
	struct upstream_source ctx;
	struct sumdb_source source;
};

static void source_open(struct world *world, const struct public_module *module, struct source *source)
{
	assert_int_equal(upstream_sumdb_source(world->upstream, "sum.example.org", module, &source->ctx, &source->source, NULL), 0);
}

/* 0: and this is the answer. */
static int lookup(struct source *source, const char *want)
{
	struct buf out = BUF_INIT(SUMDB_LOOKUP_BYTES_MAX);
	int rc = source->source.calls->lookup(source->source.ctx, SLICE("v1.0.0"), &out, NULL);

	assert_string_equal(buf_text(&out), want);
	buf_free(&out);
	return rc;
}

/* Found once, then used alone; a failure makes it be looked for again. */
static void test_probe(void **state)
{
	static const struct route has[] = {
		{ .target = SUPPORTED, .status = 200, .body = "" },
		{ .target = LOOKUP, .status = 200, .body = "record" },
	};
	static const struct route broken[] = {
		{ .target = SUPPORTED, .status = 200, .body = "" },
		{ .target = LOOKUP, .status = 500, .body = "" },
	};
	struct world *world = *state;
	struct upstream_server servers[] = { { .url = world->a.url }, { .url = world->b.url } };
	const struct public_module *module = world_module(world, "example.com/Mod");
	struct source source;

	world_open(world, servers, 2, NULL);
	source_open(world, module, &source);
	assert_true(slice_equal_text(source.source.module, "example.com/Mod"));
	server_set(&world->a, NULL, 0);
	server_set(&world->b, has, LENGTH(has));
	assert_int_equal(lookup(&source, "record"), 0);
	assert_int_equal(lookup(&source, "record"), 0);
	assert_true(server_saw(&world->a, SUPPORTED "\n"));
	assert_true(server_saw(&world->b, SUPPORTED "\n" LOOKUP "\n" LOOKUP "\n"));

	server_set(&world->b, broken, LENGTH(broken));
	assert_int_equal(lookup(&source, ""), SUMDB_ERR_UNAVAILABLE);
	server_set(&world->a, has, LENGTH(has));
	assert_int_equal(lookup(&source, "record"), 0);
	assert_true(server_saw(&world->a, SUPPORTED "\n" LOOKUP "\n"));
	assert_true(server_saw(&world->b, LOOKUP "\n"));
	/* That it has no such record is an answer, no failure. */
	server_set(&world->a, has, 1);
	assert_int_equal(lookup(&source, ""), SUMDB_ERR_ABSENT);
	assert_int_equal(lookup(&source, ""), SUMDB_ERR_ABSENT);
	assert_true(server_saw(&world->a, LOOKUP "\n" LOOKUP "\n"));
	public_module_unref(module);
}

static void test_probe_fallback(void **state)
{
	static const struct {
		const char *name;
		int a, b; /* what they answer to "supported" */
		bool any_error;
		int want;
		bool second;
	} rows[] = {
		{ "the first", 200, 200, false, 0, false },
		{ "not the first", 404, 200, false, 0, true },
		{ "gone", 410, 200, false, 0, true },
		{ "broken", 500, 200, false, SUMDB_ERR_UNAVAILABLE, false },
		{ "broken, go on where told", 500, 200, true, 0, true },
		{ "forbidden", 403, 200, false, SUMDB_ERR_UNAVAILABLE, false },
		{ "nobody", 404, 404, false, SUMDB_ERR_UNAVAILABLE, true },
		{ "no answer", 0, 200, false, SUMDB_ERR_UNAVAILABLE, false },
	};
	struct world *world = *state;
	const struct public_module *module = world_module(world, "example.com/Mod");

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct upstream_server servers[] = { { .url = world->a.url, .fallback_any_error = rows[i].any_error }, { .url = world->b.url } };
		struct route a[] = { { SUPPORTED, rows[i].a, "", 0, 0 }, { LOOKUP, 200, "record", 0, 0 } };
		struct route b[] = { { SUPPORTED, rows[i].b, "", 0, 0 }, { LOOKUP, 200, "record", 0, 0 } };
		struct source source;
		int rc;

		world_open(world, servers, 2, NULL);
		source_open(world, module, &source);
		server_set(&world->a, a, 2);
		server_set(&world->b, b, 2);
		rc = lookup(&source, rows[i].want == 0 ? "record" : "");
		if (rc != rows[i].want)
			fail_msg("%s: %d", rows[i].name, rc);
		assert_true(server_saw(&world->b, !rows[i].second ? "" : rc == 0 ? SUPPORTED "\n" LOOKUP "\n" : SUPPORTED "\n"));
	}
	public_module_unref(module);
}

static void test_own_url(void **state)
{
	static const struct route routes[] = {
		{ .target = "/base/lookup/example.com/!mod@v1.0.0", .status = 200, .body = "record" },
		{ .target = "/base/tile/8/0/x001/234.p/5", .status = 200, .body = "tile" },
		{ .target = "/base/latest", .status = 200, .body = "head" },
	};
	struct world *world = *state;
	struct upstream_server servers[] = { { .url = world->a.url } };
	const struct public_module *module = world_module(world, "example.com/Mod");
	struct tile tile = { .level = 0, .index = 1234, .width = 5 };
	struct buf out = BUF_INIT(100);
	struct source source;

	world_open(world, servers, 1, world->b.url);
	source_open(world, module, &source);
	server_set(&world->a, NULL, 0);
	server_set(&world->b, routes, LENGTH(routes));
	assert_int_equal(lookup(&source, "record"), 0);
	assert_int_equal(source.source.calls->tile(source.source.ctx, &tile, &out, NULL), 0);
	assert_int_equal(source.source.calls->latest(source.source.ctx, &out, NULL), 0);
	assert_string_equal(buf_text(&out), "tilehead");
	tile.width = 6;
	assert_int_equal(source.source.calls->tile(source.source.ctx, &tile, &out, NULL), SUMDB_ERR_ABSENT);
	assert_true(server_saw(&world->a, ""));
	buf_free(&out);
	public_module_unref(module);
}

/* A source without a module can name none; a database that is not configured has no source. */
static void test_no_module(void **state)
{
	struct world *world = *state;
	struct upstream_server servers[] = { { .url = world->a.url } };
	static const struct route routes[] = { { SUPPORTED, 200, "", 0, 0 }, { LATEST, 200, "head", 0, 0 } };
	struct buf out = BUF_INIT(100);
	struct source source;

	world_open(world, servers, 1, NULL);
	assert_int_equal(upstream_sumdb_source(world->upstream, "sum.example.net", NULL, &source.ctx, &source.source, NULL), UPSTREAM_ERR_BAD);
	source_open(world, NULL, &source);
	server_set(&world->a, routes, LENGTH(routes));
	assert_int_equal(source.source.module.len, 0);
	assert_int_equal(lookup(&source, ""), SUMDB_ERR);
	assert_int_equal(source.source.calls->latest(source.source.ctx, &out, NULL), 0);
	assert_true(server_saw(&world->a, SUPPORTED "\n" LATEST "\n"));
	buf_free(&out);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(test_probe), TEST(test_probe_fallback), TEST(test_own_url), TEST(test_no_module) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
