/* Version ranges: a range on the first line, a version on the second. It holds when each of its parts does; < and >= are opposites. */
#include "module/semver.h"
#include "policy/policy_private.h"
#include "tests/fuzz/fuzz.h"

static bool parse(struct arena *arena, const char *prefix, struct slice text, struct range *range_out)
{
	const char *copy = arena_printf(arena, "%s%.*s", prefix, SLICE_ARG(text));

	return copy != NULL && policy_range_parse(arena, copy, range_out, NULL) == 0;
}

/* NULL-ended texts are all a policy holds. */
static void check_parts(struct arena *arena, struct slice text, const struct range *range, struct slice version)
{
	bool all = true;
	struct slice part;
	struct range one;

	ASSERT(range->count >= 1 && range->count <= POLICY_COMPARISONS_MAX);
	for (struct slice rest = text; slice_next(&rest, ' ', &part);) {
		if (part.len == 0)
			continue;
		if (!parse(arena, "", part, &one))
			return; /* two signs that only together leave room */
		ASSERT(one.count == 1);
		all = all && policy_range_holds(&one, version);
	}
	ASSERT(policy_range_holds(range, version) == all);
}

static void check_signs(struct arena *arena, struct slice at, struct slice version)
{
	struct range less, not_less, equal, not_equal;

	if (!parse(arena, "=", at, &equal) || slice_index(at, ' ') >= 0 || !semver_valid(version))
		return;
	ASSERT(parse(arena, "<", at, &less) && parse(arena, ">=", at, &not_less) && parse(arena, "!=", at, &not_equal));
	ASSERT(policy_range_holds(&less, version) != policy_range_holds(&not_less, version));
	ASSERT(policy_range_holds(&equal, version) != policy_range_holds(&not_equal, version));
	ASSERT(!policy_range_holds(&equal, version) || policy_range_holds(&not_less, version));
	ASSERT(policy_range_holds(&equal, equal.comparisons[0].version));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct slice rest = slice_make(bytes, len);
	struct slice text = fuzz_line(&rest), version = fuzz_line(&rest);
	struct arena *arena = arena_open(1024 * 1024);
	struct range range;

	if (text.len < 4096 && !slice_has_nul(text)) {
		if (parse(arena, "", text, &range))
			check_parts(arena, text, &range, version);
		check_signs(arena, text, version);
	}
	arena_close(&arena);
	return 0;
}
