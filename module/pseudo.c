/* Pseudo-versions: vX.0.0-TIME-REVISION, or a prerelease right after the tag they build on. */
#include "module/pseudo.h"

#include <stdio.h>

#include "base/clock.h"
#include "module/path.h"
#include "module/semver.h"

#define TIMESTAMP_LEN 14

/* A pseudo-version taken apart; all parts alias it. */
struct parts {
	struct slice base;      /* "v1.0.0", "v1.2.4-0", "v1.2.3-pre.0": what stands before the time, without its separator */
	struct slice timestamp; /* 14 digits */
	struct slice revision;
	struct slice build; /* with its '+' */
	bool baseless;      /* of the form vX.0.0-TIME-REVISION */
};

static bool all_digits(struct slice s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
	}
	return true;
}

/* False when version has not the shape of one. */
static bool parse(struct slice version, struct parts *parts_out)
{
	struct semver semver;
	struct slice head;
	ptrdiff_t dash;
	char separator;

	if (!semver_parse(version, &semver))
		return false;
	dash = slice_last_index(semver.prerelease, '-');
	if (dash < TIMESTAMP_LEN + 1)
		return false;
	/* A dot behind the last dash would make this no revision but a further identifier. */
	parts_out->revision = slice_after(semver.prerelease, (size_t)dash + 1);
	parts_out->timestamp = slice_sub(semver.prerelease, (size_t)dash - TIMESTAMP_LEN, (size_t)dash);
	if (parts_out->revision.len == 0 || slice_index(parts_out->revision, '.') >= 0 || !all_digits(parts_out->timestamp))
		return false;
	head = slice_sub(semver.prerelease, 0, (size_t)dash - TIMESTAMP_LEN);
	separator = head.ptr[head.len - 1];
	parts_out->build = semver.build;
	parts_out->base = slice_make(version.ptr, (size_t)(head.ptr - version.ptr) + head.len - 1);
	parts_out->baseless = head.len == 1 && slice_equal_text(semver.minor, "0") && slice_equal_text(semver.patch, "0");
	return parts_out->baseless || (separator == '.' && (slice_equal_text(head, "-0.") || slice_ends(head, SLICE(".0."))));
}

bool pseudo_is(struct slice version)
{
	struct parts parts;

	return parse(version, &parts);
}

struct slice pseudo_revision(struct slice version)
{
	struct parts parts;

	return parse(version, &parts) ? parts.revision : SLICE_NONE;
}

struct slice pseudo_timestamp(struct slice version)
{
	struct parts parts;

	return parse(version, &parts) ? parts.timestamp : SLICE_NONE;
}

int pseudo_time(struct slice version, int64_t *seconds_out, struct err *err)
{
	char text[CLOCK_TEXT_MAX];
	struct parts parts;
	const char *digits;
	int64_t wall_us;

	if (!parse(version, &parts))
		return err_set(err, MODULE_ERR, "%.*s is not a pseudo-version", SLICE_ARG(version));
	digits = parts.timestamp.ptr;
	snprintf(text, sizeof(text), "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", digits, digits + 4, digits + 6, digits + 8, digits + 10, digits + 12);
	if (!clock_parse(slice_of(text), &wall_us))
		return err_set(err, MODULE_ERR, "the time in %.*s does not exist", SLICE_ARG(version));
	*seconds_out = wall_us / 1000000;
	return 0;
}

/* Appends the decimal number less one; it must not be 0. */
static void add_decremented(struct slice number, struct buf *out)
{
	size_t zeros = 0, kept;
	char digit;

	while (number.ptr[number.len - 1 - zeros] == '0')
		zeros++;
	kept = number.len - 1 - zeros;
	digit = (char)(number.ptr[kept] - 1);
	buf_add(out, number.ptr, kept);
	if (kept > 0 || digit != '0' || zeros == 0)
		buf_add_char(out, digit);
	while (zeros-- > 0)
		buf_add_char(out, '9');
}

static void add_incremented(struct slice number, struct buf *out)
{
	size_t nines = 0;

	while (nines < number.len && number.ptr[number.len - 1 - nines] == '9')
		nines++;
	if (nines == number.len) {
		buf_add_char(out, '1');
	} else {
		buf_add(out, number.ptr, number.len - 1 - nines);
		buf_add_char(out, (char)(number.ptr[number.len - 1 - nines] + 1));
	}
	while (nines-- > 0)
		buf_add_char(out, '0');
}

int pseudo_base(struct slice version, struct buf *out, struct err *err)
{
	struct parts parts;
	struct semver base;

	if (!parse(version, &parts) || !semver_parse(parts.base, &base))
		return err_set(err, MODULE_ERR, "%.*s is not a pseudo-version", SLICE_ARG(version));
	if (parts.baseless) {
		if (parts.build.len > 0)
			return err_set(
				err, MODULE_ERR, "%.*s builds on no tag and so cannot end in %.*s", SLICE_ARG(version), SLICE_ARG(parts.build));
		return 0;
	}
	if (!slice_equal_text(base.prerelease, "-0")) {
		buf_add_slice(out, slice_sub(parts.base, 0, parts.base.len - 2));
		buf_add_slice(out, parts.build);
		return 0;
	}
	if (slice_equal_text(base.patch, "0"))
		return err_set(err, MODULE_ERR, "%.*s would follow a tag with a negative patch number", SLICE_ARG(version));
	buf_add(out, version.ptr, (size_t)(base.patch.ptr - version.ptr));
	add_decremented(base.patch, out);
	buf_add_slice(out, parts.build);
	return 0;
}

/* The time as its 14 digits alone, then the revision. */
static void add_segment(int64_t seconds, struct slice revision, struct buf *out)
{
	char text[CLOCK_TEXT_MAX];

	clock_format_s(seconds, text);
	for (const char *at = text; *at != '\0'; at++) {
		if (*at >= '0' && *at <= '9')
			buf_add_char(out, *at);
	}
	buf_add_char(out, '-');
	buf_add_slice(out, revision);
}

void pseudo_make(struct slice major, struct slice base, int64_t committer_s, struct slice short_revision, struct buf *out)
{
	struct semver parts;

	if (!semver_parse(base, &parts) || parts.patch.len == 0) {
		buf_add_slice(out, major.len > 0 ? major : SLICE("v0"));
		buf_add_text(out, ".0.0-");
		add_segment(committer_s, short_revision, out);
		return;
	}
	if (parts.prerelease.len > 0) {
		buf_add_slice(out, slice_sub(base, 0, base.len - parts.build.len));
		buf_add_text(out, ".0.");
	} else {
		buf_add(out, base.ptr, (size_t)(parts.patch.ptr - base.ptr));
		add_incremented(parts.patch, out);
		buf_add_text(out, "-0.");
	}
	add_segment(committer_s, short_revision, out);
	buf_add_slice(out, parts.build);
}
