/* One sentence about a token. */
#include "gateway/issued.h"

static void add_list(const char *const *items, size_t count, struct buf *out)
{
	size_t start = out->len;
	for (size_t i = 0; i < count; i++) {
		if (out->len - start + strlen(items[i]) > ISSUED_LIST_MAX) {
			buf_printf(out, " and %zu more", count - i);
			return;
		}
		buf_printf(out, "%s%s", i > 0 ? "," : "", items[i]);
	}
}

void issued_sentence(const struct auth_token *token, struct buf *out)
{
	char until[CLOCK_TEXT_MAX];
	clock_format_s(token->expires_s, until);
	buf_printf(out, "issued token %s for %.200s, scope %s, until %s, ", token->id, token->user, auth_scope_word(token->scope), until);
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
