/* Words for a shell come back from its quoting as they were; typed lists come apart at their commas. */
#include "gateway/gateway.h"
#include "gateway/text.h"
#include "tests/fuzz/fuzz.h"

/* What a POSIX shell makes of one word without expansions (XCU 2.2). False: it is none, or more than one. */
static bool shell_read(struct slice word, struct buf *out)
{
	bool quoted = false;

	for (size_t i = 0; i < word.len; i++) {
		char c = word.ptr[i];

		if (c == '\'')
			quoted = !quoted;
		else if (quoted)
			buf_add_char(out, c);
		else if (c == '\\' && i + 1 < word.len)
			buf_add_char(out, word.ptr[++i]);
		else if (strchr(" \t\n|&;<>()$`\\\"*?[]#~!{}", c) != NULL)
			return false;
		else
			buf_add_char(out, c);
	}
	return !quoted && word.len > 0;
}

static void check_split(const char *text)
{
	char **items = NULL;
	size_t count = 0;
	struct err err = ERR_INIT;

	if (text_split(text, "--groups", &items, &count, &err) != 0) {
		ASSERT(items == NULL && err.text[0] != '\0');
		return;
	}
	for (size_t i = 0; i < count; i++)
		ASSERT(items[i][0] != '\0' && strchr(items[i], ',') == NULL && strstr(text, items[i]) != NULL);
	free(items);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = slice_dup(slice_make(bytes, len));
	struct buf word = BUF_INIT(8 * len + 8), back = BUF_INIT(len + 8);

	if (text == NULL)
		return 0;
	text_shell_word(text, &word);
	ASSERT(!buf_failed(&word) && shell_read(buf_slice(&word), &back) && slice_equal_text(buf_slice(&back), text));
	check_split(text);
	free(text);
	buf_free(&word);
	buf_free(&back);
	return 0;
}
