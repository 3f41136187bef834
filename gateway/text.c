/* Texts for people. */
#include "gateway/text.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/gateway.h"

int text_split(const char *list, const char *what, char ***items_out, size_t *count_out, struct err *err)
{
	struct slice rest = slice_of(list), part;
	size_t count = 0;
	char **items = calloc(1, TEXT_LIST_MAX * sizeof(*items) + rest.len + 1);
	if (items == NULL)
		return err_set(err, GATEWAY_ERR, "memory is short");
	char *text = (char *)(items + TEXT_LIST_MAX);
	while (slice_next(&rest, ',', &part)) {
		part = slice_trim(part);
		if (part.len == 0 || count == TEXT_LIST_MAX) {
			free(items);
			return err_set(err, GATEWAY_ERR_INVALID, "%s: a list of at most %d names, separated by commas, none empty, was expected",
				what, TEXT_LIST_MAX);
		}
		items[count++] = text;
		memcpy(text, part.ptr, part.len);
		text += part.len + 1;
	}
	*items_out = items;
	*count_out = count;
	return 0;
}

void text_shell_word(const char *text, struct buf *out)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/+:@%=,";
	if (text[0] != '\0' && strspn(text, plain) == strlen(text)) {
		buf_add_text(out, text);
		return;
	}
	buf_add_char(out, '\'');
	for (; *text != '\0'; text++)
		if (*text == '\'')
			buf_add_text(out, "'\\''");
		else
			buf_add_char(out, *text);
	buf_add_char(out, '\'');
}

const char *text_plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}
