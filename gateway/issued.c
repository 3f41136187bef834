/* One sentence about a token. */
#include "gateway/issued.h"

static void add_list(const char *const *items, size_t count, struct buf *out)
{
	size_t start = out->len;
	for (size_t i = 0; i < count; i++) {
		if (out->len - start + strlen(items[i]) > ISSUED_LIST_MAX) {
			buf_printf(out, i > 0 ? " and %zu more" : "%zu, too long to be named", count - i);
			return;
		}
		buf_printf(out, "%s%s", i > 0 ? "," : "", items[i]);
	}
}

void issued_sentence(const struct auth_token *token, struct buf *out)
{
	char until[CLOCK_TEXT_MAX];
	struct slice user = slice_cut_utf8(slice_of(token->user), ISSUED_USER_MAX);
	clock_format_s(token->expires_s, until);
	buf_printf(out, "issued token %s for %.*s, scope %s, until %s, ", token->id, SLICE_ARG(user), auth_scope_word(token->scope), until);
	if (!token->groups_fixed)
		buf_add_text(out, "groups of the directory");
	else if (token->groups_count == 0)
		buf_add_text(out, "no groups");
	else
		buf_add_text(out, "groups ");
	add_list(token->groups, token->groups_fixed ? token->groups_count : 0, out);
	buf_add_text(out, token->modules_count > 0 ? ", modules " : ", every module");
	add_list(token->modules, token->modules_count, out);
}
