/* The body of .info and @latest: checked, and reduced to what the protocol names. Source: go.dev/ref/mod#goproxy-protocol. */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "module/semver.h"
#include "upstream/upstream_private.h"

/* In the order in which the go command writes them. */
static const char *const origin_fields[] = { "VCS", "URL", "Subdir", "Hash", "TagPrefix", "TagSum", "Ref", "RepoSum" };

/* May a server answer this version to that query? A version that can be of the module stands for itself; everything else may resolve. */
static bool answers(struct slice version, struct slice path, struct slice query)
{
	return slice_equal(version, query) || module_check(path, query, NULL) != 0;
}

static int read_version(const struct json *root, struct slice path, struct slice query, struct upstream_version *version_out, struct err *err)
{
	struct slice version, time;
	int64_t time_us;

	if (!json_to_text(json_get(root, "Version"), &version) || version.len > MODULE_VERSION_MAX || module_check(path, version, NULL) != 0)
		return err_set(err, UPSTREAM_ERR_BAD, "the answer names no version that %.*s can have", SLICE_ARG(path));
	if (query.len > 0 && !answers(version, path, query))
		return err_set(
			err, UPSTREAM_ERR_BAD, "the answer for %.*s@%.*s is about %.*s", SLICE_ARG(path), SLICE_ARG(query), SLICE_ARG(version));
	if (!json_to_text(json_get(root, "Time"), &time) || !clock_parse(time, &time_us))
		return err_set(err, UPSTREAM_ERR_BAD, "the answer for %.*s@%.*s has no time", SLICE_ARG(path), SLICE_ARG(version));
	memcpy(version_out->version, version.ptr, version.len);
	version_out->version[version.len] = '\0';
	version_out->time_s = time_us >= 0 ? time_us / 1000000 : -((-time_us + 999999) / 1000000);
	return 0;
}

static void write_origin(struct json_writer *writer, const struct json *origin)
{
	struct slice text;

	json_object_begin(writer, "Origin");
	for (size_t i = 0; i < sizeof(origin_fields) / sizeof(origin_fields[0]); i++)
		if (json_to_text(json_get(origin, origin_fields[i]), &text) && text.len > 0)
			json_write_text(writer, origin_fields[i], text);
	json_object_end(writer);
}

static void write_info(const struct json *root, const struct upstream_version *version, struct buf *json_out)
{
	struct json_writer writer;
	char time[CLOCK_TEXT_MAX];

	clock_format_s(version->time_s, time);
	json_writer_init(&writer, json_out);
	json_object_begin(&writer, NULL);
	json_write_text(&writer, "Version", slice_of(version->version));
	json_write_text(&writer, "Time", slice_of(time));
	if (json_kind(json_get(root, "Origin")) == JSON_KIND_OBJECT)
		write_origin(&writer, json_get(root, "Origin"));
	json_object_end(&writer);
}

int upstream_info_read(
	struct slice body, struct slice path, struct slice query, struct upstream_version *version_out, struct buf *json_out, struct err *err)
{
	struct upstream_version version = { .time_s = 0 };
	struct json *root = NULL;
	int rc = json_parse(body, &root, err) == 0 ? 0 : UPSTREAM_ERR_BAD;

	if (rc == 0)
		rc = read_version(root, path, query, &version, err);
	if (rc == 0) {
		write_info(root, &version, json_out);
		rc = buf_failed(json_out) ? err_set(err, UPSTREAM_ERR, "cannot read an .info: out of memory; try again later") : 0;
	}
	if (rc == 0)
		*version_out = version;
	json_close(&root);
	return rc;
}
