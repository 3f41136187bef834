/* Request targets: decoding never grows and hides nothing; what a template takes apart makes up the path again. */
#include <stdio.h>

#include "gateway/target.h"
#include "module/path.h"
#include "tests/fuzz/fuzz.h"

static const char *const templates[] = { "/", "/{module}/@v/list", "/{module}/@v/{query}.info", "/{module}/@latest", "/sumdb/{name}/supported",
	"/sumdb/{name}/lookup/{module}@{version}", "/sumdb/{name}/{tile}" };

static void check_encoded(struct arena *arena, struct slice path)
{
	struct buf raw = BUF_INIT(TARGET_BYTES_MAX);
	struct slice again;

	for (size_t i = 0; i < path.len; i++)
		buf_printf(&raw, path.ptr[i] == '/' ? "/" : "%%%02x", (unsigned)(unsigned char)path.ptr[i]);
	if (!buf_failed(&raw))
		ASSERT(target_decode(buf_slice(&raw), SLICE("/"), arena, &again, NULL) == 0 && slice_equal(again, path));
	buf_free(&raw);
}

/* Writes the parts back into the template. */
static void check_match(const char *template, struct slice path, const struct target *target)
{
	const struct slice *parts[] = {
		['m'] = &target->module, ['q'] = &target->query, ['v'] = &target->query, ['n'] = &target->database, ['t'] = &target->tile
	};
	struct buf whole = BUF_INIT(TARGET_BYTES_MAX);

	for (const char *at = template; *at != '\0'; at++) {
		if (*at == '{') {
			ASSERT(parts[(size_t)at[1]]->len > 0);
			buf_add_slice(&whole, *parts[(size_t)at[1]]);
			at = strchr(at, '}');
		} else {
			buf_add_char(&whole, *at);
		}
	}
	ASSERT(slice_equal(buf_slice(&whole), path));
	ASSERT(slice_index(target->query, '/') < 0 && slice_index(target->database, '/') < 0);
	buf_free(&whole);
}

/* One value of a query string: decoded once, so that it comes back from its escaped form. */
static void check_value(struct arena *arena, struct slice raw)
{
	struct buf escaped = BUF_INIT(3 * TARGET_BYTES_MAX);
	struct slice value = SLICE_NONE, again;
	struct err err = ERR_INIT;

	if (raw.len > TARGET_BYTES_MAX || slice_has_nul(raw))
		return;
	if (target_decode_value(raw, arena, &value, &err) != 0) {
		ASSERT(err.text[0] != '\0' && value.ptr == NULL);
		return;
	}
	ASSERT(value.len <= raw.len && !slice_has_nul(value));
	for (size_t i = 0; i < value.len; i++)
		buf_printf(&escaped, "%%%02x", (unsigned)(unsigned char)value.ptr[i]);
	ASSERT(target_decode_value(buf_slice(&escaped), arena, &again, NULL) == 0 && slice_equal(again, value));
	buf_free(&escaped);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct slice raw = slice_make(bytes, len), path = SLICE_NONE;
	struct arena *arena = arena_open(1024 * 1024);
	struct target target;
	struct err err = ERR_INIT;

	check_value(arena, raw);
	if (target_decode(raw, SLICE("/"), arena, &path, &err) != 0) {
		ASSERT(err.text[0] != '\0' && path.ptr == NULL);
		arena_close(&arena);
		return 0;
	}
	ASSERT(path.len <= raw.len && path.ptr[0] == '/');
	if (!slice_has_nul(raw))
		check_encoded(arena, path);
	for (size_t i = 0; i < sizeof(templates) / sizeof(templates[0]); i++) {
		if (!target_match(templates[i], path, &target))
			continue;
		check_match(templates[i], path, &target);
		if (target_validate(&target, arena, &err) == 0 && target.module.len > 0)
			ASSERT(module_path_check(target.module, NULL) == 0);
	}
	arena_close(&arena);
	return 0;
}
