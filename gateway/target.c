/* From the raw request target to its one canonical form. */
#include "gateway/target.h"

#include "base/buf.h"
#include "base/hash.h"
#include "module/path.h"

/* One byte, or an escape of one. A '%' that starts no escape is a syntax no path has; NUL and '/' must never arrive in disguise. */
static int decode_byte(struct slice raw, size_t *at, char *byte_out, struct err *err)
{
	char byte = raw.ptr[*at];
	*at += 1;
	if (byte != '%') {
		*byte_out = byte;
		return 0;
	}
	uint8_t escaped;
	if (!hex_decode(slice_sub(raw, *at, *at + 2), &escaped, 1))
		return err_set(err, TARGET_ERR_ABSENT, "the path has a '%%' that starts no escape");
	*at += 2;
	if (escaped == 0 || escaped == '/')
		return err_set(err, TARGET_ERR_MALFORMED, "the path hides a NUL or a '/' behind an escape");
	*byte_out = (char)escaped;
	return 0;
}

static int decode_path(struct slice raw, char *out, size_t *length_out, struct err *err)
{
	size_t length = 0;
	for (size_t at = 0; at < raw.len;) {
		int code = decode_byte(raw, &at, &out[length], err);
		if (code != 0)
			return code;
		length++;
	}
	*length_out = length;
	return 0;
}

int target_decode(struct slice raw, struct slice prefix, struct arena *arena, struct slice *path_out, struct err *err)
{
	if (raw.len == 0 || raw.ptr[0] != '/')
		return err_set(err, TARGET_ERR_MALFORMED, "the request target must be a path");
	if (raw.len > TARGET_BYTES_MAX)
		return err_set(err, TARGET_ERR_MALFORMED, "the request target is longer than %d bytes", TARGET_BYTES_MAX);
	if (slice_index(raw, '?') >= 0 || slice_index(raw, '#') >= 0)
		return err_set(err, TARGET_ERR_ABSENT, "nothing here takes a query string in this version");

	char *decoded = arena_alloc(arena, raw.len + 1);
	size_t length = 0;
	if (decoded == NULL)
		return err_set(err, TARGET_ERR_MALFORMED, "the request is too large");
	int code = decode_path(raw, decoded, &length, err);
	if (code != 0)
		return code;

	struct slice path = slice_make(decoded, length);
	if (!slice_starts(path, prefix))
		return err_set(err, TARGET_ERR_ABSENT, "no such path; this gateway answers below %.*s", SLICE_ARG(prefix));
	*path_out = slice_after(path, prefix.len - 1);
	return 0;
}

int target_decode_value(struct slice raw, struct arena *arena, struct slice *value_out, struct err *err)
{
	char *decoded = arena_alloc(arena, raw.len + 1);
	size_t length = 0;
	if (decoded == NULL)
		return err_set(err, TARGET_ERR_MALFORMED, "the request is too large");
	for (size_t at = 0; at < raw.len; at++) {
		uint8_t byte = (uint8_t)raw.ptr[at];
		if (byte == '%') {
			if (!hex_decode(slice_sub(raw, at + 1, at + 3), &byte, 1) || byte == 0)
				return err_set(err, TARGET_ERR_MALFORMED, "the query has a '%%' that starts no escape, or hides a NUL");
			at += 2;
		}
		decoded[length++] = (char)byte;
	}
	*value_out = slice_make(decoded, length);
	return 0;
}

/* The placeholder that starts at template ("{module}..."), and where the template goes on. */
static struct slice *placeholder(const char *template, struct target *target, bool *slashes_out, const char **rest_out)
{
	static const struct {
		struct slice name;
		bool slashes;
	} known[] = {
		{ { "{module}", 8 }, true },
		{ { "{query}", 7 }, false },
		{ { "{version}", 9 }, false },
		{ { "{name}", 6 }, false },
		{ { "{tile}", 6 }, true },
	};
	struct slice *const places[] = { &target->module, &target->query, &target->query, &target->database, &target->tile };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (slice_starts(slice_of(template), known[i].name)) {
			*slashes_out = known[i].slashes;
			*rest_out = template + known[i].name.len;
			return places[i];
		}
	}
	ASSERT(!"a route template names an unknown placeholder");
	return NULL;
}

/* How much of path the placeholder takes: up to the literal that follows it, or all of it when nothing follows. -1: no match. */
static ptrdiff_t placeholder_length(const char *rest, struct slice path)
{
	size_t literal = strcspn(rest, "{");
	if (literal == 0)
		return (ptrdiff_t)path.len;
	if (rest[literal] == '\0')
		return slice_ends(path, slice_make(rest, literal)) ? (ptrdiff_t)(path.len - literal) : -1;
	return slice_find(path, slice_make(rest, literal));
}

bool target_match(const char *template, struct slice path, struct target *target_out)
{
	struct target target = { .path = path };
	while (*template != '\0') {
		if (*template != '{') {
			if (path.len == 0 || path.ptr[0] != *template)
				return false;
			template ++;
			path = slice_after(path, 1);
			continue;
		}
		bool slashes = false;
		const char *rest = NULL;
		struct slice *place = placeholder(template, &target, &slashes, &rest);
		ptrdiff_t length = placeholder_length(rest, path);
		if (length <= 0)
			return false;
		*place = slice_sub(path, 0, (size_t)length);
		if (!slashes && slice_index(*place, '/') >= 0)
			return false;
		template = rest;
		path = slice_after(path, (size_t)length);
	}
	if (path.len != 0)
		return false;
	*target_out = target;
	return true;
}

static int unescape(struct slice *part, int (*undo)(struct slice, struct buf *, struct err *), size_t bytes_max, struct arena *arena, struct err *err)
{
	struct buf plain = BUF_INIT(bytes_max);
	int code = TARGET_ERR_ABSENT;
	if (undo(*part, &plain, err) != 0 || buf_failed(&plain))
		goto out;
	struct slice copy = arena_copy(arena, buf_slice(&plain));
	if (copy.ptr == NULL) {
		err_set(err, TARGET_ERR_ABSENT, "the path is too long");
		goto out;
	}
	*part = copy;
	code = 0;
out:
	buf_free(&plain);
	return code;
}

int target_validate(struct target *target, struct arena *arena, struct err *err)
{
	int code = 0;
	if (target->module.len != 0)
		code = unescape(&target->module, module_unescape_path, MODULE_PATH_MAX, arena, err);
	if (code == 0 && target->query.len != 0)
		code = unescape(&target->query, module_unescape_version, MODULE_VERSION_MAX, arena, err);
	return code;
}
