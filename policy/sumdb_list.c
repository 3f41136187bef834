/* What a client's GONOSUMDB has to hold: a private name asked of a public database would leave the house. */
#include "policy/policy_private.h"

static bool listed(struct slice list, struct slice pattern)
{
	struct slice part;

	while (slice_next(&list, ',', &part)) {
		if (slice_equal(part, pattern))
			return true;
	}
	return false;
}

static void add(struct buf *out, size_t start, struct slice pattern)
{
	if (listed(slice_after(buf_slice(out), start), pattern))
		return;
	buf_add_text(out, out->len > start ? "," : "");
	buf_add_slice(out, pattern);
}

void policy_sumdb_list(const struct policy *policy, struct buf *out)
{
	size_t start = out->len;

	for (size_t i = 0; i < policy->private_patterns.count; i++)
		add(out, start, policy->private_patterns.items[i].text);
	for (size_t i = 0; i < policy->nosumdb.count; i++)
		add(out, start, policy->nosumdb.items[i].text);
	for (size_t i = 0; i < policy->prefixes_count; i++)
		add(out, start, policy->prefixes[i]);
}
