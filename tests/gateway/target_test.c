/* From raw request targets to canonical ones: hostile.md calls it "one canonical decoded path". */
#include "gateway/gateway_private.h"

#include "tests/base/rows.h"

#define ARENA_BYTES (1024 * 1024)

static void test_decode(void **state)
{
	static const struct {
		const char *name, *raw, *prefix, *path;
		int code;
	} rows[] = {
		{ "plain", "/a.b/c/@v/list", "/", "/a.b/c/@v/list", 0 },
		{ "at sign escaped", "/a.b/%40v/list", "/", "/a.b/@v/list", 0 },
		{ "a letter escaped", "/a%2Eb/@v/list", "/", "/a.b/@v/list", 0 },
		{ "exclamation mark escaped", "/a.b/%21c/@v/list", "/", "/a.b/!c/@v/list", 0 },
		{ "plus is no space", "/a.b/@v/v1.0.0+incompatible.info", "/", "/a.b/@v/v1.0.0+incompatible.info", 0 },
		{ "decoded once, not twice", "/a.b/%2540v/list", "/", "/a.b/%40v/list", 0 },
		{ "NUL", "/a.b%00/@v/list", "/", NULL, TARGET_ERR_MALFORMED },
		{ "slash hidden", "/a.b%2fc/@v/list", "/", NULL, TARGET_ERR_MALFORMED },
		{ "slash hidden, upper case", "/a.b%2Fc/@v/list", "/", NULL, TARGET_ERR_MALFORMED },
		{ "absolute form", "http://x/a.b/@v/list", "/", NULL, TARGET_ERR_MALFORMED },
		{ "asterisk form", "*", "/", NULL, TARGET_ERR_MALFORMED },
		{ "empty", "", "/", NULL, TARGET_ERR_MALFORMED },
		{ "broken escape", "/a.b/%4/@v/list", "/", NULL, TARGET_ERR_ABSENT },
		{ "broken escape at the end", "/a.b/@v/list%4", "/", NULL, TARGET_ERR_ABSENT },
		{ "query", "/a.b/@v/list?x=1", "/", NULL, TARGET_ERR_ABSENT },
		{ "fragment", "/a.b/@v/list#x", "/", NULL, TARGET_ERR_ABSENT },
		{ "below a prefix", "/goproxy/a.b/@v/list", "/goproxy/", "/a.b/@v/list", 0 },
		{ "the prefix itself", "/goproxy/", "/goproxy/", "/", 0 },
		{ "outside the prefix", "/livez", "/goproxy/", NULL, TARGET_ERR_ABSENT },
	};
	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct arena *arena = arena_open(ARENA_BYTES);
		struct slice path = SLICE_NONE;
		int code = target_decode(slice_of(rows[i].raw), slice_of(rows[i].prefix), arena, &path, NULL);
		CHECK(rows[i].name, code == rows[i].code);
		CHECK(rows[i].name, code != 0 || slice_equal_text(path, rows[i].path));
		arena_close(&arena);
	}
}

static void test_decode_limit(void **state)
{
	char raw[TARGET_BYTES_MAX + 2];
	struct slice path;
	struct arena *arena = arena_open(ARENA_BYTES);
	(void)state;
	memset(raw, 'a', sizeof(raw));
	raw[0] = '/';
	assert_int_equal(target_decode(slice_make(raw, TARGET_BYTES_MAX), SLICE("/"), arena, &path, NULL), 0);
	assert_int_equal(target_decode(slice_make(raw, TARGET_BYTES_MAX + 1), SLICE("/"), arena, &path, NULL), TARGET_ERR_MALFORMED);
	arena_close(&arena);
}

static void test_decode_value(void **state)
{
	static const struct {
		const char *name, *raw, *value;
	} rows[] = {
		{ "plain", "a.b/c", "a.b/c" },
		{ "slash escaped", "a.b%2Fc", "a.b/c" },
		{ "slash escaped, lower case", "a.b%2fc", "a.b/c" },
		{ "once, not twice", "a%252Fb", "a%2Fb" },
		{ "empty", "", "" },
		{ "NUL", "a%00b", NULL },
		{ "broken", "a%", NULL },
		{ "broken after a digit", "a%4", NULL },
		{ "no digits", "a%zz", NULL },
	};
	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct arena *arena = arena_open(ARENA_BYTES);
		struct slice value = SLICE_NONE;
		int code = target_decode_value(slice_of(rows[i].raw), arena, &value, NULL);
		CHECK(rows[i].name, code == (rows[i].value != NULL ? 0 : TARGET_ERR_MALFORMED));
		CHECK(rows[i].name, code != 0 || slice_equal_text(value, rows[i].value));
		arena_close(&arena);
	}
}

/* Path in, endpoint and canonical parts out: route table, matching and validation together. */
static void test_routes(void **state)
{
	static const struct {
		const char *name, *path;
		enum endpoint endpoint;
		const char *module, *query, *database, *tile;
	} rows[] = {
		{ "root", "/", ENDPOINT_ROOT, "", "", "", "" },
		{ "list", "/a.b/c/@v/list", ENDPOINT_LIST, "a.b/c", "", "", "" },
		{ "latest", "/a.b/c/@latest", ENDPOINT_LATEST, "a.b/c", "", "", "" },
		{ "info", "/a.b/c/v2/@v/v2.0.0.info", ENDPOINT_INFO, "a.b/c/v2", "v2.0.0", "", "" },
		{ "info of a branch", "/a.b/c/@v/main.info", ENDPOINT_INFO, "a.b/c", "main", "", "" },
		{ "one suffix is taken off", "/a.b/c/@v/v1.0.0.mod.info", ENDPOINT_INFO, "a.b/c", "v1.0.0.mod", "", "" },
		{ "mod", "/a.b/c/@v/v1.0.0.mod", ENDPOINT_MOD, "a.b/c", "v1.0.0", "", "" },
		{ "zip", "/a.b/c/@v/v1.0.0-!r!c1.zip", ENDPOINT_ZIP, "a.b/c", "v1.0.0-RC1", "", "" },
		{ "capitals", "/a.b/!big/@v/list", ENDPOINT_LIST, "a.b/Big", "", "", "" },
		{ "supported", "/sumdb/sum.example/supported", ENDPOINT_SUMDB, "", "", "sum.example", "" },
		{ "latest head", "/sumdb/sum.example/latest", ENDPOINT_SUMDB, "", "", "sum.example", "" },
		{ "lookup", "/sumdb/sum.example/lookup/a.b/!c@v1.0.0", ENDPOINT_SUMDB, "a.b/C", "v1.0.0", "sum.example", "" },
		{ "tile", "/sumdb/sum.example/tile/8/0/x001/234.p/5", ENDPOINT_SUMDB, "", "", "sum.example", "tile/8/0/x001/234.p/5" },
		{ "livez", "/livez", ENDPOINT_LIVEZ, "", "", "", "" },
		{ "exact path only", "/livez/", ENDPOINT_NONE, "", "", "", "" },
		{ "exact path only, doubled slash", "//livez", ENDPOINT_NONE, "", "", "", "" },
		{ "capital in a path", "/a.b/C/@v/list", ENDPOINT_NONE, "", "", "", "" },
		{ "capital in a version", "/a.b/c/@v/v1.0.0-RC1.info", ENDPOINT_NONE, "", "", "", "" },
		{ "dots", "/a.b/../c.d/@v/list", ENDPOINT_NONE, "", "", "", "" },
		{ "a dot", "/a.b/./c/@v/list", ENDPOINT_NONE, "", "", "", "" },
		{ "doubled slash", "/a.b//c/@v/list", ENDPOINT_NONE, "", "", "", "" },
		{ "slash at the end", "/a.b/c/@v/list/", ENDPOINT_NONE, "", "", "", "" },
		{ "two @v", "/a.b/@v/c/@v/list", ENDPOINT_NONE, "", "", "", "" },
		{ "an escape left over", "/a.b/%40v/list", ENDPOINT_NONE, "", "", "", "" },
		{ "stray exclamation mark", "/a.b/c!/@v/list", ENDPOINT_NONE, "", "", "", "" },
		{ "query with a slash", "/a.b/c/@v/feature/x.info", ENDPOINT_NONE, "", "", "", "" },
		{ "no query", "/a.b/c/@v/.info", ENDPOINT_NONE, "", "", "", "" },
		{ "unknown suffix", "/a.b/c/@v/v1.0.0.txt", ENDPOINT_NONE, "", "", "", "" },
		{ "no module", "/@v/list", ENDPOINT_NONE, "", "", "", "" },
		{ "no dot in the first element", "/ab/c/@v/list", ENDPOINT_NONE, "", "", "", "" },
		{ "control character", "/a.b/c\x01/@v/list", ENDPOINT_NONE, "", "", "", "" },
	};
	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct arena *arena = arena_open(ARENA_BYTES);
		struct target target = { 0 };
		const struct route *route = route_find(slice_of(rows[i].path), false, &target);
		if (route != NULL && target_validate(&target, arena, NULL) != 0)
			route = NULL;
		CHECK(rows[i].name, (route != NULL ? route->endpoint : ENDPOINT_NONE) == rows[i].endpoint);
		if (route != NULL) {
			CHECK(rows[i].name, slice_equal_text(target.module, rows[i].module));
			CHECK(rows[i].name, slice_equal_text(target.query, rows[i].query));
			CHECK(rows[i].name, slice_equal_text(target.database, rows[i].database));
			CHECK(rows[i].name, slice_equal_text(target.tile, rows[i].tile));
		}
		arena_close(&arena);
	}
}

/* ?go-get=1 has routes of its own, and none of the others. */
static void test_go_get(void **state)
{
	static const struct {
		const char *path;
		bool go_get;
		enum endpoint endpoint;
		const char *module;
	} rows[] = {
		{ "/", true, ENDPOINT_GO_GET, "" },
		{ "/a.b/c", true, ENDPOINT_GO_GET, "a.b/c" },
		{ "/livez", true, ENDPOINT_GO_GET, "livez" }, /* no module path: go_get_module() refuses it */
		{ "/a.b/c?go-get=1", false, ENDPOINT_NONE, "" },
		{ "/a.b/c", false, ENDPOINT_NONE, "" },
		{ "/livez", false, ENDPOINT_LIVEZ, "" },
	};
	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct target target = { 0 };
		const struct route *route = route_find(slice_of(rows[i].path), rows[i].go_get, &target);
		CHECK(rows[i].path, (route != NULL ? route->endpoint : ENDPOINT_NONE) == rows[i].endpoint);
		CHECK(rows[i].path, route == NULL || slice_equal_text(target.module, rows[i].module));
		CHECK(rows[i].path, !rows[i].go_get || (route->authority == AUTHORITY_POLICY && route->recorded));
	}
}

/* What the table promises: whatever names a module is decided by policy and recorded. */
static void test_authority(void **state)
{
	static const char *const paths[] = { "/a.b/@v/list", "/a.b/@latest", "/a.b/@v/v1.0.0.info", "/a.b/@v/v1.0.0.mod", "/a.b/@v/v1.0.0.zip",
		"/sumdb/s/supported", "/sumdb/s/latest", "/sumdb/s/lookup/a.b@v1.0.0", "/sumdb/s/tile/8/0/000" };
	(void)state;
	for (size_t i = 0; i < LENGTH(paths); i++) {
		struct target target;
		const struct route *route = route_find(slice_of(paths[i]), false, &target);
		CHECK(paths[i], route != NULL && route->authority == AUTHORITY_POLICY && route->recorded);
	}
	/* Nothing that is asked with POST is for everybody, or leaves no record. */
	const struct route *route = route_find(SLICE("/-/api/v1/refresh"), false, &(struct target){ 0 });
	assert_true(route != NULL && route->method == METHOD_POST && route->authority == AUTHORITY_ADMIN && route->recorded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_decode_limit),
		cmocka_unit_test(test_decode_value),
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_go_get),
		cmocka_unit_test(test_authority),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
