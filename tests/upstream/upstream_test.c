#include "upstream/upstream.h"

#include <fcntl.h>

#include "tests/upstream/world.h"

static void test_open(void **state)
{
	static const struct {
		const char *url;
		int want;
	} rows[] = {
		{ "https://proxy.example", 0 },
		{ "http://127.0.0.1:3000/go/", 0 },
		{ "https://[::1]:8443/x", 0 },
		{ "", UPSTREAM_ERR_BAD },
		{ "proxy.example", UPSTREAM_ERR_BAD },
		{ "ftp://proxy.example", UPSTREAM_ERR_BAD },
		{ "file:///srv/proxy", UPSTREAM_ERR_BAD },
		{ "https://", UPSTREAM_ERR_BAD },
		{ "https:///path", UPSTREAM_ERR_BAD },
		{ "https://:443/", UPSTREAM_ERR_BAD },
		{ "https://user:secret@proxy.example", UPSTREAM_ERR_BAD },
		{ "https://proxy.example/?a=b", UPSTREAM_ERR_BAD },
		{ "https://proxy.example/#x", UPSTREAM_ERR_BAD },
		{ "https://proxy.example/a b", UPSTREAM_ERR_BAD },
		{ "https://proxy.example/a\nb", UPSTREAM_ERR_BAD },
		{ "https://pr\xc3\xb6xy.example/", UPSTREAM_ERR_BAD },
		{ "direct", UPSTREAM_ERR_BAD },
	};
	struct world *world = *state;

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct upstream_server server = { .url = rows[i].url };
		struct upstream_options options = { .http = world->http, .servers = &server, .servers_count = 1 };
		struct upstream *upstream = NULL;
		struct err err = ERR_INIT;

		if (upstream_open(&options, &upstream, &err) != rows[i].want)
			fail_msg("%s", rows[i].url);
		assert_true((rows[i].want == 0) == (upstream != NULL));
		assert_null(strstr(err.text, "secret"));
		upstream_close(&upstream);
	}
}

/* What goes over the wire, byte for byte. */
static void test_targets(void **state)
{
	static const struct {
		const char *module, *version, *target;
	} rows[] = {
		{ "example.com/m", "v1.2.3", "/base/example.com/m/@v/v1.2.3" },
		{ "github.com/Azure/SDK", "v1.2.3-RC.1", "/base/github.com/!azure/!s!d!k/@v/v1.2.3-!r!c.1" },
		{ "example.com/m", "v2.0.0+incompatible", "/base/example.com/m/@v/v2.0.0+incompatible" },
		{ "example.com/m/v2", "main", "/base/example.com/m/v2/@v/main" },
		{ "example.com/a_b~c-d", "a#b,c d", "/base/example.com/a_b~c-d/@v/a%23b%2Cc%20d" },
		{ "example.com/m", "50%", "/base/example.com/m/@v/50%25" },
	};
	struct world *world = *state;
	char slash[80];
	struct upstream_server server = { .url = slash };

	snprintf(slash, sizeof(slash), "%s//", world->a.url);
	world_open(world, &server, 1, NULL);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		const struct public_module *module = world_module(world, rows[i].module);
		struct buf out = BUF_INIT(1000);
		struct upstream_version version;
		char want[500];

		server_set(&world->a, NULL, 0);
		assert_int_equal(upstream_info(world->upstream, module, slice_of(rows[i].version), &version, &out, NULL), UPSTREAM_ERR_ABSENT);
		assert_int_equal(upstream_mod(world->upstream, module, slice_of(rows[i].version), &out, NULL), UPSTREAM_ERR_ABSENT);
		assert_int_equal(out.len, 0);
		snprintf(want, sizeof(want), "%s.info\n%s.mod\n", rows[i].target, rows[i].target);
		if (!server_saw(&world->a, want))
			fail_msg("%s@%s", rows[i].module, rows[i].version);
		public_module_unref(module);
	}
}

/* What cannot be put into a target is not asked at all. */
static void test_odd_queries(void **state)
{
	static const char *const rows[] = { "", "a/b", "../x", "a!b", ".", "a\nb", "a\xc3\xa4", "v1.0.0/../../x" };
	struct world *world = *state;
	struct upstream_server server = { .url = world->a.url };
	const struct public_module *module = world_module(world, "example.com/m");

	world_open(world, &server, 1, NULL);
	server_set(&world->a, NULL, 0);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct buf out = BUF_INIT(1000);
		struct upstream_version version;

		if (upstream_info(world->upstream, module, slice_of(rows[i]), &version, &out, NULL) != UPSTREAM_ERR_ABSENT)
			fail_msg("%s", rows[i]);
	}
	assert_true(server_saw(&world->a, ""));
	public_module_unref(module);
}

#define MOD "/base/example.com/m/@v/v1.0.0.mod"

/* Two upstreams: what each answers, whether the first lets go on, what comes of it, and whether the second was asked. */
static void test_fallback(void **state)
{
	static const struct {
		const char *name;
		int a, b;
		bool any_error;
		int want;
		bool second;
	} rows[] = {
		{ "the first has it", 200, 200, false, 0, false },
		{ "404 goes on", 404, 200, false, 0, true },
		{ "410 goes on", 410, 200, false, 0, true },
		{ "nobody has it", 404, 410, false, UPSTREAM_ERR_ABSENT, true },
		{ "500 ends", 500, 200, false, UPSTREAM_ERR_UNAVAILABLE, false },
		{ "500 goes on where told", 500, 200, true, 0, true },
		{ "403 ends", 403, 200, false, UPSTREAM_ERR_REFUSED, false },
		{ "403 goes on where told", 403, 200, true, 0, true },
		{ "401", 401, 404, true, UPSTREAM_ERR_REFUSED, true },
		{ "what failed may have it", 500, 404, true, UPSTREAM_ERR_UNAVAILABLE, true },
		{ "the last failure counts", 404, 500, false, UPSTREAM_ERR_UNAVAILABLE, true },
		{ "of two failures the last", 403, 500, true, UPSTREAM_ERR_UNAVAILABLE, true },
		{ "no answer", 0, 200, false, UPSTREAM_ERR_UNAVAILABLE, false },
		{ "no answer, go on where told", 0, 200, true, 0, true },
		{ "204 is no success", 204, 200, false, UPSTREAM_ERR_UNAVAILABLE, false },
		{ "302 is not followed", 302, 200, false, UPSTREAM_ERR_UNAVAILABLE, false },
		{ "429", 429, 200, false, UPSTREAM_ERR_UNAVAILABLE, false },
	};
	struct world *world = *state;
	const struct public_module *module = world_module(world, "example.com/m");

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct upstream_server servers[] = { { .url = world->a.url, .fallback_any_error = rows[i].any_error }, { .url = world->b.url } };
		struct route a = { .target = MOD, .status = rows[i].a, .body = rows[i].a == 200 ? "module a\n" : "" };
		struct route b = { .target = MOD, .status = rows[i].b, .body = rows[i].b == 200 ? "module b\n" : "" };
		struct buf out = BUF_INIT(1000);
		struct err err = ERR_INIT;
		int rc;

		world_open(world, servers, 2, NULL);
		server_set(&world->a, &a, 1);
		server_set(&world->b, &b, 1);
		rc = upstream_mod(world->upstream, module, SLICE("v1.0.0"), &out, &err);
		if (rc != rows[i].want || !server_saw(&world->b, rows[i].second ? MOD "\n" : ""))
			fail_msg("%s: %d (%s)", rows[i].name, rc, err.text);
		assert_true(rc == 0 || err.text[0] != '\0');
		assert_string_equal(buf_text(&out), rc != 0 ? "" : rows[i].second ? "module b\n" : "module a\n");
		buf_free(&out);
	}
	public_module_unref(module);
}

/* An upstream is asked only for what its patterns match. */
static void test_patterns(void **state)
{
	static const char *const only_corp[] = { "corp.example", "*.corp.example/x" };
	struct world *world = *state;
	struct upstream_server servers[] = { { .url = world->a.url, .modules = only_corp, .modules_count = 2 }, { .url = world->b.url } };
	const struct public_module *corp = world_module(world, "corp.example/m"), *other = world_module(world, "example.com/m");
	struct buf out = BUF_INIT(1000);
	struct err err = ERR_INIT;

	world_open(world, servers, 2, NULL);
	server_set(&world->a, NULL, 0);
	server_set(&world->b, NULL, 0);
	assert_int_equal(upstream_mod(world->upstream, other, SLICE("v1.0.0"), &out, NULL), UPSTREAM_ERR_ABSENT);
	assert_true(server_saw(&world->a, ""));
	assert_true(server_saw(&world->b, MOD "\n"));
	assert_int_equal(upstream_mod(world->upstream, corp, SLICE("v1.0.0"), &out, NULL), UPSTREAM_ERR_ABSENT);
	assert_true(server_saw(&world->a, "/base/corp.example/m/@v/v1.0.0.mod\n"));
	assert_true(server_saw(&world->b, "/base/corp.example/m/@v/v1.0.0.mod\n"));
	assert_true(upstream_serves(world->upstream, other));

	world_open(world, servers, 1, NULL);
	assert_true(upstream_serves(world->upstream, corp));
	assert_false(upstream_serves(world->upstream, other));
	assert_int_equal(upstream_mod(world->upstream, other, SLICE("v1.0.0"), &out, &err), UPSTREAM_ERR_UNAVAILABLE);
	assert_string_equal(err.text, "no upstream is configured for example.com/m");
	assert_true(server_saw(&world->a, ""));
	public_module_unref(corp);
	public_module_unref(other);
}

/* Whatever goes wrong: which upstream of the list it was, its host and what was asked of it, and of its address no more than that. */
static void test_sentences(void **state)
{
	static const struct {
		const char *name;
		int status;
		const char *body, *want;
	} rows[] = {
		{ "absent", 404, "", "upstream 2 at HOST answered 404 for example.com/m/@v/v1.0.0.mod" },
		{ "with a reason", 500, "the disk is full\nmore",
			"upstream 2 at HOST answered 500 for example.com/m/@v/v1.0.0.mod: the disk is full" },
		{ "elsewhere", 302, "go away",
			"upstream 2 at HOST answered 302 for example.com/m/@v/v1.0.0.mod: it sends us elsewhere, which is not followed in this "
			"version; the "
			"operator names an upstream that answers itself" },
		{ "no answer", 0, "", "upstream 2 at HOST was asked for example.com/m/@v/v1.0.0.mod: http://HOST: " },
	};
	static const char *const nobody[] = { "nobody.example" };
	struct world *world = *state;
	struct upstream_server servers[] = { { .url = world->b.url, .modules = nobody, .modules_count = 1 }, { .url = world->a.url } };
	const struct public_module *module = world_module(world, "example.com/m");
	const char *host = world->a.url + strlen("http://");
	struct buf out = BUF_INIT(1000);

	world_open(world, servers, 2, NULL);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct route route = { .target = MOD, .status = rows[i].status, .body = rows[i].body };
		struct buf want = BUF_INIT(1000);
		struct err err = ERR_INIT;

		for (const char *at = rows[i].want; *at != '\0'; at++) {
			if (strncmp(at, "HOST", 4) != 0) {
				buf_add_char(&want, *at);
				continue;
			}
			buf_add(&want, host, strcspn(host, "/"));
			at += 3;
		}
		server_set(&world->a, &route, 1);
		assert_true(upstream_mod(world->upstream, module, SLICE("v1.0.0"), &out, &err) < 0);
		if (rows[i].status != 0)
			assert_string_equal(err.text, buf_text(&want));
		else if (!slice_starts(slice_of(err.text), buf_slice(&want)))
			fail_msg("%s: %s", rows[i].name, err.text);
		assert_null(strstr(err.text, "/base"));
		buf_free(&want);
	}
	buf_free(&out);
	public_module_unref(module);
}

/* The files of a version may take their time to be made; what an upstream knows or does not know may not. */
static void test_made_first(void **state)
{
	static const char info[] = "{\"Version\":\"v1.0.0\",\"Time\":\"2024-01-02T03:04:05Z\"}";
	static const struct route routes[] = {
		{ .target = MOD, .status = 200, .body = "module m\n", .after_ms = 500 },
		{ .target = "/base/example.com/m/@v/v1.0.0.zip", .status = 200, .body = "a zip", .after_ms = 500 },
		{ .target = "/base/example.com/m/@v/v1.0.0.info", .status = 200, .body = info, .after_ms = 500 },
		{ .target = "/base/example.com/m/@v/main.info", .status = 200, .body = info, .after_ms = 500 },
		{ .target = "/base/example.com/m/@latest", .status = 200, .body = info, .after_ms = 500 },
		{ .target = "/base/example.com/m/@v/list", .status = 200, .body = "v1.0.0\n", .after_ms = 500 },
	};
	struct world *world = *state;
	struct upstream_server server = { .url = world->a.url };
	struct upstream_options options = { .http = world->http, .servers = &server, .servers_count = 1, .stall_ms = 200, .making_ms = 5000 };
	const struct public_module *module = world_module(world, "example.com/m");
	struct upstream_version version;
	struct buf out = BUF_INIT(1000);
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	int64_t bytes;

	assert_true(fd >= 0);
	server_set(&world->a, routes, LENGTH(routes));
	assert_int_equal(upstream_open(&options, &world->upstream, NULL), 0);
	assert_int_equal(upstream_mod(world->upstream, module, SLICE("v1.0.0"), &out, NULL), 0);
	assert_int_equal(upstream_info(world->upstream, module, SLICE("v1.0.0"), &version, &out, NULL), 0);
	assert_int_equal(upstream_info(world->upstream, module, SLICE("main"), &version, &out, NULL), UPSTREAM_ERR_TIMEOUT);
	assert_int_equal(upstream_latest(world->upstream, module, &version, &out, NULL), UPSTREAM_ERR_TIMEOUT);
	assert_int_equal(upstream_list(world->upstream, module, &out, NULL), UPSTREAM_ERR_TIMEOUT);
	assert_int_equal(upstream_zip(world->upstream, module, SLICE("v1.0.0"), fd, &bytes, NULL), 0);
	assert_int_equal(bytes, 5);
	close(fd);
	buf_free(&out);
	public_module_unref(module);
}

/* The reason an upstream gives, one line of it, is part of ours. */
static void test_reason(void **state)
{
	struct world *world = *state;
	struct upstream_server server = { .url = world->a.url };
	const struct public_module *module = world_module(world, "example.com/m");
	struct buf out = BUF_INIT(1000);
	struct err err = ERR_INIT;

	world_open(world, &server, 1, NULL);
	server_set(&world->a, NULL, 0);
	assert_int_equal(upstream_list(world->upstream, module, &out, &err), UPSTREAM_ERR_ABSENT);
	assert_non_null(strstr(err.text, " answered 404 for example.com/m/@v/list: not found: nobody has it"));
	assert_null(strstr(err.text, "second line"));
	public_module_unref(module);
}

static void test_list_and_latest(void **state)
{
	static const struct route routes[] = {
		{ .target = "/base/example.com/m/@v/list", .status = 200, .body = "v1.1.0\nv1.0.0\n" },
		{ .target = "/base/example.com/m/@latest", .status = 200, .body = "{\"Version\":\"v1.1.0\",\"Time\":\"2024-01-02T03:04:05Z\"}" },
		{ .target = "/base/example.com/m/@v/main.info", .status = 200, .body = "{\"Version\":\"v1.1.0\",\"Time\":\"2024-01-02T03:04:05Z\"}" },
		{ .target = "/base/example.com/m/@v/v1.0.0.info",
			.status = 200,
			.body = "{\"Version\":\"v1.1.0\",\"Time\":\"2024-01-02T03:04:05Z\"}" },
	};
	struct world *world = *state;
	struct upstream_server servers[] = { { .url = world->a.url, .fallback_any_error = true }, { .url = world->b.url } };
	const struct public_module *module = world_module(world, "example.com/m");
	struct upstream_version version;
	struct buf out = BUF_INIT(1000);
	struct err err = ERR_INIT;

	world_open(world, servers, 2, NULL);
	server_set(&world->a, routes, LENGTH(routes));
	server_set(&world->b, NULL, 0);
	assert_int_equal(upstream_list(world->upstream, module, &out, NULL), 0);
	assert_string_equal(buf_text(&out), "v1.0.0\nv1.1.0\n");
	buf_reset(&out);
	assert_int_equal(upstream_latest(world->upstream, module, &version, &out, NULL), 0);
	assert_string_equal(version.version, "v1.1.0");
	assert_int_equal(version.time_s, 1704164645);
	assert_string_equal(buf_text(&out), "{\"Version\":\"v1.1.0\",\"Time\":\"2024-01-02T03:04:05Z\"}");
	buf_reset(&out);
	assert_int_equal(upstream_info(world->upstream, module, SLICE("main"), &version, &out, NULL), 0);
	buf_reset(&out);
	/* A bad answer is a failure like another: it goes on where told, and it is what is reported. */
	assert_true(server_saw(&world->b, ""));
	assert_int_equal(upstream_info(world->upstream, module, SLICE("v1.0.0"), &version, &out, &err), UPSTREAM_ERR_BAD);
	assert_true(server_saw(&world->b, "/base/example.com/m/@v/v1.0.0.info\n"));
	assert_non_null(strstr(err.text, "is about v1.1.0"));
	assert_int_equal(out.len, 0);
	buf_free(&out);
	public_module_unref(module);
}

#define ZIP "/base/example.com/m/@v/v1.0.0.zip"

static void test_zip(void **state)
{
	char path[] = "/tmp/upstream-test-XXXXXX", content[64] = "";
	struct world *world = *state;
	struct upstream_server servers[] = { { .url = world->a.url, .fallback_any_error = true }, { .url = world->b.url } };
	struct route cut = { .target = ZIP, .status = 200, .body = "a long zip that is cut off", .missing = 5 };
	struct route whole = { .target = ZIP, .status = 200, .body = "a zip" };
	const struct public_module *module = world_module(world, "example.com/m");
	int fd = mkstemp(path), unwritable = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int64_t bytes = -1;
	struct err err = ERR_INIT;

	assert_true(fd >= 0 && unwritable >= 0);
	world_open(world, servers, 2, NULL);
	server_set(&world->a, &cut, 1);
	server_set(&world->b, &whole, 1);
	assert_int_equal(write(fd, "what was there before, and longer", 33), 33);
	assert_int_equal(upstream_zip(world->upstream, module, SLICE("v1.0.0"), fd, &bytes, NULL), 0);
	assert_int_equal(bytes, 5);
	assert_int_equal(pread(fd, content, sizeof(content), 0), 5);
	assert_string_equal(content, "a zip");

	server_set(&world->b, NULL, 0);
	assert_int_equal(upstream_zip(world->upstream, module, SLICE("v1.0.0"), fd, &bytes, NULL), UPSTREAM_ERR_UNAVAILABLE);
	assert_int_equal(bytes, 5);
	/* A file that cannot be written is no upstream's fault: nobody else is asked. */
	server_set(&world->b, &whole, 1);
	assert_int_equal(upstream_zip(world->upstream, module, SLICE("v1.0.0"), unwritable, &bytes, &err), UPSTREAM_ERR);
	assert_true(server_saw(&world->b, ""));
	close(unwritable);
	close(fd);
	unlink(path);
	public_module_unref(module);
}

static void test_limit(void **state)
{
	struct world *world = *state;
	struct upstream_server server = { .url = world->a.url };
	const struct public_module *module = world_module(world, "example.com/m");
	struct buf body = BUF_INIT(UPSTREAM_INFO_BYTES_MAX + 16), out = BUF_INIT(1000);
	struct route route = { .target = "/base/example.com/m/@latest", .status = 200 };
	struct upstream_version version;

	world_open(world, &server, 1, NULL);
	buf_add_text(&body, "{\"Version\":\"v1.1.0\",\"Time\":\"2024-01-02T03:04:05Z\"}");
	while (body.len < UPSTREAM_INFO_BYTES_MAX)
		buf_add_char(&body, ' ');
	route.body = buf_text(&body);
	server_set(&world->a, &route, 1);
	assert_int_equal(upstream_latest(world->upstream, module, &version, &out, NULL), 0);
	buf_add_char(&body, ' ');
	route.body = buf_text(&body);
	server_set(&world->a, &route, 1);
	assert_int_equal(upstream_latest(world->upstream, module, &version, &out, NULL), UPSTREAM_ERR_LIMIT);
	buf_free(&body);
	buf_free(&out);
	public_module_unref(module);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_open),
		TEST(test_targets),
		TEST(test_odd_queries),
		TEST(test_fallback),
		TEST(test_patterns),
		TEST(test_sentences),
		TEST(test_made_first),
		TEST(test_reason),
		TEST(test_list_and_latest),
		TEST(test_zip),
		TEST(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
