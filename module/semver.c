/* Semantic versions: taken apart, put in canonical form, ordered. Numbers stay decimal text, so they have no largest one. */
#include "module/semver.h"

#define INCOMPATIBLE SLICE("+incompatible")

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_number(struct slice s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (!is_digit(s.ptr[i]))
			return false;
	}
	return s.len > 0;
}

/* Takes a number without leading zeros off the front of *rest. */
static bool take_number(struct slice *rest, struct slice *number_out)
{
	size_t len = 0;

	while (len < rest->len && is_digit(rest->ptr[len]))
		len++;
	if (len == 0 || (len > 1 && rest->ptr[0] == '0'))
		return false;
	*number_out = slice_sub(*rest, 0, len);
	*rest = slice_after(*rest, len);
	return true;
}

static bool is_identifier(struct slice s, bool leading_zeros)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		if (!is_digit(c) && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && c != '-')
			return false;
	}
	return s.len > 0 && (leading_zeros || s.len == 1 || s.ptr[0] != '0' || !is_number(s));
}

/* Dot-separated identifiers; none may be empty. */
static bool is_identifiers(struct slice s, bool leading_zeros)
{
	struct slice part;

	if (s.len == 0 || s.ptr[s.len - 1] == '.')
		return false;
	while (slice_next(&s, '.', &part)) {
		if (!is_identifier(part, leading_zeros))
			return false;
	}
	return true;
}

/* "-PRE+BUILD", either part or both absent. */
static bool parse_suffixes(struct slice rest, struct semver *parts)
{
	ptrdiff_t plus = slice_index(rest, '+');
	size_t end = plus < 0 ? rest.len : (size_t)plus;

	parts->prerelease = slice_sub(rest, 0, end);
	parts->build = slice_after(rest, end);
	if (parts->prerelease.len > 0 && (parts->prerelease.ptr[0] != '-' || !is_identifiers(slice_after(parts->prerelease, 1), false)))
		return false;
	return parts->build.len == 0 || is_identifiers(slice_after(parts->build, 1), true);
}

static bool take_dot(struct slice *rest)
{
	if (rest->len == 0 || rest->ptr[0] != '.')
		return false;
	*rest = slice_after(*rest, 1);
	return true;
}

bool semver_parse(struct slice version, struct semver *parts_out)
{
	struct semver parts = { .build = SLICE_NONE };
	struct slice rest = slice_after(version, 1);

	if (version.len == 0 || version.ptr[0] != 'v' || !take_number(&rest, &parts.major))
		return false;
	if (rest.len > 0 && !(take_dot(&rest) && take_number(&rest, &parts.minor)))
		return false;
	if (rest.len > 0 && !(take_dot(&rest) && take_number(&rest, &parts.patch)))
		return false;
	if (rest.len > 0 && !parse_suffixes(rest, &parts))
		return false;
	*parts_out = parts;
	return true;
}

bool semver_valid(struct slice version)
{
	struct semver parts;

	return semver_parse(version, &parts);
}

struct slice semver_major(struct slice version)
{
	struct semver parts;

	return semver_parse(version, &parts) ? slice_sub(version, 0, 1 + parts.major.len) : SLICE_NONE;
}

struct slice semver_prerelease(struct slice version)
{
	struct semver parts;

	return semver_parse(version, &parts) ? parts.prerelease : SLICE_NONE;
}

struct slice semver_build(struct slice version)
{
	struct semver parts;

	return semver_parse(version, &parts) ? parts.build : SLICE_NONE;
}

bool semver_canonical(struct slice version, struct buf *out)
{
	struct semver parts;

	if (!semver_parse(version, &parts))
		return false;
	buf_add_slice(out, slice_sub(version, 0, version.len - parts.build.len));
	if (parts.minor.len == 0)
		buf_add_text(out, ".0");
	if (parts.patch.len == 0)
		buf_add_text(out, ".0");
	return true;
}

bool semver_is_canonical(struct slice version)
{
	struct semver parts;

	return semver_parse(version, &parts) && parts.patch.len > 0 && parts.build.len == 0;
}

bool semver_is_module_canonical(struct slice version)
{
	struct semver parts;

	return semver_parse(version, &parts) && parts.patch.len > 0 && (parts.build.len == 0 || slice_equal(parts.build, INCOMPATIBLE));
}

static int sign(int order)
{
	return (order > 0) - (order < 0);
}

/* By value: neither has leading zeros. */
static int compare_numbers(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return sign(slice_compare(a, b));
}

/* The number that a short form leaves out. */
static struct slice or_zero(struct slice number)
{
	return number.len == 0 ? SLICE("0") : number;
}

static int compare_identifiers(struct slice a, struct slice b)
{
	bool a_number = is_number(a), b_number = is_number(b);

	if (a_number != b_number)
		return a_number ? -1 : 1;
	return a_number ? compare_numbers(a, b) : sign(slice_compare(a, b));
}

/* Both with their '-', or empty: a release is after all its prereleases. */
static int compare_prereleases(struct slice a, struct slice b)
{
	struct slice a_part, b_part;
	int order = 0;

	if (a.len == 0 || b.len == 0)
		return (a.len == 0) - (b.len == 0);
	a = slice_after(a, 1);
	b = slice_after(b, 1);
	while (order == 0) {
		bool a_more = slice_next(&a, '.', &a_part), b_more = slice_next(&b, '.', &b_part);
		if (!a_more || !b_more)
			return a_more - b_more;
		order = compare_identifiers(a_part, b_part);
	}
	return order;
}

int semver_compare(struct slice a, struct slice b)
{
	struct semver left, right;
	bool left_valid = semver_parse(a, &left), right_valid = semver_parse(b, &right);
	int order;

	if (!left_valid || !right_valid)
		return left_valid - right_valid;
	order = compare_numbers(left.major, right.major);
	if (order == 0)
		order = compare_numbers(or_zero(left.minor), or_zero(right.minor));
	if (order == 0)
		order = compare_numbers(or_zero(left.patch), or_zero(right.patch));
	return order != 0 ? order : compare_prereleases(left.prerelease, right.prerelease);
}

int semver_order(struct slice a, struct slice b)
{
	int order = semver_compare(a, b);

	return order != 0 ? order : sign(slice_compare(a, b));
}

struct slice semver_strip_incompatible(struct slice version)
{
	return slice_ends(version, INCOMPATIBLE) ? slice_sub(version, 0, version.len - INCOMPATIBLE.len) : version;
}
