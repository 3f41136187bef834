/* What a client's GONOSUMDB has to hold: a private name asked of a public database would leave the house. */
#include "module/pattern.h"
#include "policy/policy_private.h"

static size_t count_all(const struct policy *policy)
{
	return policy->private_patterns.count + policy->nosumdb.count + policy->prefixes_count;
}

static struct slice at(const struct policy *policy, size_t i)
{
	if (i < policy->private_patterns.count)
		return policy->private_patterns.items[i].text;
	i -= policy->private_patterns.count;
	return i < policy->nosumdb.count ? policy->nosumdb.items[i].text : policy->prefixes[i - policy->nosumdb.count];
}

static bool is_literal(struct slice pattern)
{
	for (size_t i = 0; i < pattern.len; i++) {
		if (strchr("*?[\\", pattern.ptr[i]) != NULL)
			return false;
	}
	return true;
}

/*
 * Is every module that `narrow` matches matched by `wide`? A narrow one without operators stands for itself and what lies below it. Of others
 * only what can be seen from the text is told: the same, or with more elements behind it.
 */
static bool covers(struct slice wide, struct slice narrow)
{
	if (is_literal(narrow))
		return module_pattern_match(wide, narrow);
	return slice_starts(narrow, wide) && (narrow.len == wide.len || narrow.ptr[wide.len] == '/');
}

/* By another pattern; of two that cover each other, by the first. */
static bool is_covered(const struct policy *policy, size_t i)
{
	for (size_t k = 0; k < count_all(policy); k++) {
		if (k != i && covers(at(policy, k), at(policy, i)) && (k < i || !covers(at(policy, i), at(policy, k))))
			return true;
	}
	return false;
}

void policy_sumdb_list(const struct policy *policy, struct buf *out)
{
	size_t start = out->len;

	for (size_t i = 0; i < count_all(policy); i++) {
		if (is_covered(policy, i))
			continue;
		buf_add_text(out, out->len > start ? "," : "");
		buf_add_slice(out, at(policy, i));
	}
}
