/*
 * Version ranges: ">=1.2.0 <1.2.5". Prereleases stand where semantic versions put them (1.2.5-rc.1 < 1.2.5); builds count for nothing.
 * The words "release" and "prerelease" stand for comparisons: a commit can be had as a pseudo-version below any release, which no bounds keep out.
 */
#include "policy/policy_private.h"

#include "module/path.h"
#include "module/semver.h"

static const struct {
	const char *text; /* longer ones first: "<=" is not "<" */
	enum comparison_sign sign;
} signs[] = { { "!=", SIGN_NOT_EQUAL }, { "<=", SIGN_LESS_EQUAL }, { ">=", SIGN_GREATER_EQUAL }, { "<", SIGN_LESS }, { ">", SIGN_GREATER },
	{ "=", SIGN_EQUAL }, { "", SIGN_EQUAL } };
#define SIGNS (sizeof(signs) / sizeof(signs[0]))

static enum comparison_sign cut_sign(struct slice *part)
{
	size_t i = 0;

	while (i < SIGNS - 1 && !slice_starts(*part, slice_of(signs[i].text)))
		i++;
	*part = slice_after(*part, strlen(signs[i].text));
	return signs[i].sign;
}

/* Has it all three numbers? semver_parse() fills in for "v1.2". */
static bool is_full(struct slice version)
{
	struct semver parts;

	return semver_parse(version, &parts) && parts.patch.len > 0;
}

/* "release" or "prerelease" (which a pseudo-version is as well). */
static bool parse_word(struct slice part, struct comparison *comparison_out)
{
	bool release = slice_equal_text(part, "release");

	if (!release && !slice_equal_text(part, "prerelease"))
		return false;
	comparison_out->sign = release ? SIGN_RELEASE : SIGN_PRERELEASE;
	comparison_out->version = SLICE_NONE;
	return true;
}

static int parse_comparison(struct arena *arena, struct slice part, struct comparison *comparison_out, struct err *err)
{
	struct slice version = part;
	enum comparison_sign sign = cut_sign(&version);
	char *text;

	if (parse_word(part, comparison_out))
		return 0;
	if (version.len == 0)
		return err_set(err, POLICY_ERR_INVALID, "\"%.*s\" compares with nothing; write it without a space, like >=1.2.0", SLICE_ARG(part));
	if (version.len > MODULE_VERSION_MAX)
		return err_set(err, POLICY_ERR_INVALID, "a version is longer than %d bytes", MODULE_VERSION_MAX);
	text = arena_printf(arena, "%s%.*s", version.ptr[0] == 'v' ? "" : "v", SLICE_ARG(version));
	if (text == NULL)
		return err_set(err, POLICY_ERR, "cannot read a range of versions: out of memory");
	if (!is_full(slice_of(text)))
		return err_set(
			err, POLICY_ERR_INVALID, "\"%.*s\" is no version with all three numbers, like 1.2.0 or v1.2.0-rc.1", SLICE_ARG(version));
	comparison_out->sign = sign;
	comparison_out->version = slice_of(text);
	return 0;
}

int policy_range_parse(struct arena *arena, const char *text, struct range *range_out, struct err *err)
{
	struct comparison comparisons[POLICY_COMPARISONS_MAX];
	struct range range = { .text = text };
	struct slice rest = slice_of(text);
	struct slice part;

	while (slice_next(&rest, ' ', &part)) {
		int code;

		if (part.len == 0)
			continue;
		if (range.count == POLICY_COMPARISONS_MAX)
			return err_set(err, POLICY_ERR_INVALID, "it has more than %d comparisons", POLICY_COMPARISONS_MAX);
		code = parse_comparison(arena, part, &comparisons[range.count], err);
		if (code < 0)
			return code;
		range.count++;
	}
	if (range.count == 0)
		return err_set(err, POLICY_ERR_INVALID, "it has no comparison");
	range.comparisons = arena_alloc(arena, range.count * sizeof(*comparisons));
	if (range.comparisons == NULL)
		return err_set(err, POLICY_ERR, "cannot read a range of versions: out of memory");
	memcpy(range.comparisons, comparisons, range.count * sizeof(*comparisons));
	*range_out = range;
	return 0;
}

static bool comparison_holds(const struct comparison *comparison, struct slice version)
{
	int order = comparison->version.len > 0 ? semver_compare(version, comparison->version) : 0;

	switch (comparison->sign) {
	case SIGN_EQUAL:
		return order == 0;
	case SIGN_NOT_EQUAL:
		return order != 0;
	case SIGN_LESS:
		return order < 0;
	case SIGN_LESS_EQUAL:
		return order <= 0;
	case SIGN_GREATER:
		return order > 0;
	case SIGN_GREATER_EQUAL:
		return order >= 0;
	case SIGN_RELEASE:
		return semver_prerelease(version).len == 0;
	case SIGN_PRERELEASE:
		return semver_prerelease(version).len > 0;
	}
	return false;
}

bool policy_range_holds(const struct range *range, struct slice version)
{
	for (size_t i = 0; i < range->count; i++) {
		if (!comparison_holds(&range->comparisons[i], version))
			return false;
	}
	return true;
}

const struct range *policy_ranges_find(const struct rule *rule, struct slice version)
{
	for (size_t i = 0; i < rule->ranges_count; i++) {
		if (policy_range_holds(&rule->ranges[i], version))
			return &rule->ranges[i];
	}
	return NULL;
}
