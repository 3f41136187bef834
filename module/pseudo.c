/* Pseudo-versions: vX.0.0-TIME-REVISION, or a prerelease right after the tag they build on. */
#include "module/pseudo.h"

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

static int field(struct slice digits, size_t from, size_t len)
{
	int number = 0;

	for (; len > 0; from++, len--)
		number = number * 10 + (digits.ptr[from] - '0');
	return number;
}

static int month_days(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* Days since 1970-01-01 of a date of the Gregorian calendar, year 0 and up. */
static int64_t days_since_epoch(int year, int month, int day)
{
	int64_t days = 365 * (int64_t)year + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
	int m;

	for (m = 1; m < month; m++)
		days += month_days(year, m);
	return days + day - 1 - 719528;
}

int pseudo_time(struct slice version, int64_t *seconds_out, struct err *err)
{
	struct parts parts;
	int year, month, day, hour, minute, second;

	if (!parse(version, &parts))
		return err_set(err, MODULE_ERR, "%.*s is not a pseudo-version", SLICE_ARG(version));
	year = field(parts.timestamp, 0, 4);
	month = field(parts.timestamp, 4, 2);
	day = field(parts.timestamp, 6, 2);
	hour = field(parts.timestamp, 8, 2);
	minute = field(parts.timestamp, 10, 2);
	second = field(parts.timestamp, 12, 2);
	if (month < 1 || month > 12 || day < 1 || day > month_days(year, month) || hour > 23 || minute > 59 || second > 59)
		return err_set(err, MODULE_ERR, "the time in %.*s does not exist", SLICE_ARG(version));
	*seconds_out = ((days_since_epoch(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
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

/* The date of a day counted from 1970-01-01, by eras of 400 years that begin in March. */
static void date_of(int64_t days, int64_t *year_out, int *month_out, int *day_out)
{
	int64_t shifted = days + 719468;
	int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	int day_of_era = (int)(shifted - era * 146097);
	int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int march_month = (5 * day_of_year + 2) / 153;

	*day_out = day_of_year - (153 * march_month + 2) / 5 + 1;
	*month_out = march_month < 10 ? march_month + 3 : march_month - 9;
	*year_out = era * 400 + year_of_era + (*month_out <= 2 ? 1 : 0);
}

static void add_segment(int64_t seconds, struct slice revision, struct buf *out)
{
	int64_t days = seconds / 86400, year;
	int rest = (int)(seconds % 86400), month, day;

	if (rest < 0) {
		rest += 86400;
		days--;
	}
	date_of(days, &year, &month, &day);
	buf_printf(out, "%04lld%02d%02d%02d%02d%02d-", (long long)year, month, day, rest / 3600, rest / 60 % 60, rest % 60);
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
