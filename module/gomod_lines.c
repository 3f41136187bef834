/* The grammar of go.mod: tokens, lines, blocks in parentheses. */
#include "module/gomod_lines.h"

#include "module/path.h"
#include "module/unicode.h"

enum token_kind { TOKEN_END, TOKEN_NEWLINE, TOKEN_COMMENT, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_OTHER };

struct reader {
	struct slice rest;    /* what is not yet a token */
	size_t number;        /* of the line the next token ends on */
	bool mid_line;        /* a token stands on this line already */
	enum token_kind kind; /* the next token */
	struct slice text;
	size_t start; /* the line that the statement began on */
	gomod_line_handler *handler;
	void *ctx;
	struct err *err;
};

static int fail(const struct reader *reader, const char *what)
{
	return err_set(reader->err, MODULE_ERR, "go.mod line %zu: %s", reader->number, what);
}

static bool is_word_rune(uint32_t rune)
{
	if (rune < 0x80 && rune != 0 && strchr(" ()[]{},", (int)rune) != NULL)
		return false;
	return unicode_is_printable(rune);
}

/* How much of the rest is one word; 0: none begins here. A word ends before a comment. */
static int word_len(const struct reader *reader, size_t *len_out)
{
	struct slice rest = reader->rest;

	while (rest.len > 0) {
		uint32_t rune;
		size_t len = utf8_decode(rest, &rune);
		if (!is_word_rune(rune) || slice_starts(rest, SLICE("//")))
			break;
		if (slice_starts(rest, SLICE("/*")))
			return fail(reader, "a go.mod has // comments only, not /* */");
		rest = slice_after(rest, len);
	}
	*len_out = reader->rest.len - rest.len;
	return 0;
}

/* How long the quoted string is that the rest begins with. */
static int string_len(const struct reader *reader, size_t *len_out)
{
	struct slice rest = reader->rest;
	char quote = rest.ptr[0];
	size_t i;

	for (i = 1; i < rest.len && rest.ptr[i] != quote; i++) {
		if (rest.ptr[i] == '\n')
			return fail(reader, "a quoted string ends with its line");
		if (rest.ptr[i] == '\\' && quote == '"')
			i++;
	}
	if (i >= rest.len)
		return fail(reader, "a quoted string is not closed");
	*len_out = i + 1;
	return 0;
}

/* Makes the next len bytes the token. */
static void accept(struct reader *reader, enum token_kind kind, size_t len)
{
	size_t i;

	reader->kind = kind;
	reader->text = slice_sub(reader->rest, 0, len);
	reader->rest = slice_after(reader->rest, len);
	for (i = 0; i < len; i++)
		reader->number += reader->text.ptr[i] == '\n';
	reader->mid_line = kind == TOKEN_OPEN || kind == TOKEN_CLOSE || kind == TOKEN_OTHER;
}

/* A comment takes its newline along: behind other tokens it ends their line, alone on a line it is nothing. */
static void accept_comment(struct reader *reader)
{
	ptrdiff_t newline = slice_index(reader->rest, '\n');

	accept(reader, reader->mid_line ? TOKEN_NEWLINE : TOKEN_COMMENT, newline < 0 ? reader->rest.len : (size_t)newline + 1);
}

static int accept_long(struct reader *reader, char first)
{
	size_t len = 0;
	int status = first == '"' || first == '`' ? string_len(reader, &len) : word_len(reader, &len);

	if (status != 0)
		return status;
	if (len == 0)
		return fail(reader, "a character that no go.mod may hold");
	accept(reader, TOKEN_OTHER, len);
	return 0;
}

static int advance(struct reader *reader)
{
	while (reader->rest.len > 0 && strchr(" \t\r", reader->rest.ptr[0]) != NULL && reader->rest.ptr[0] != '\0')
		reader->rest = slice_after(reader->rest, 1);
	if (reader->rest.len == 0) {
		accept(reader, TOKEN_END, 0);
		return 0;
	}
	if (slice_starts(reader->rest, SLICE("//"))) {
		accept_comment(reader);
		return 0;
	}
	switch (reader->rest.ptr[0]) {
	case '\n':
		accept(reader, TOKEN_NEWLINE, 1);
		return 0;
	case '(':
		accept(reader, TOKEN_OPEN, 1);
		return 0;
	case ')':
		accept(reader, TOKEN_CLOSE, 1);
		return 0;
	case '[':
	case ']':
	case '{':
	case '}':
	case ',':
		accept(reader, TOKEN_OTHER, 1);
		return 0;
	default:
		return accept_long(reader, reader->rest.ptr[0]);
	}
}

static bool at_line_end(const struct reader *reader)
{
	return reader->kind == TOKEN_END || reader->kind == TOKEN_NEWLINE;
}

static int hand_over(struct reader *reader, struct gomod_line *line)
{
	line->number = reader->start;
	return reader->handler(reader->ctx, line, reader->err);
}

static void keep(struct gomod_line *line, struct slice token)
{
	if (line->args_count < GOMOD_TOKENS_KEPT)
		line->args[line->args_count] = token;
	line->args_count++;
}

/* One line of a block, its first token being the next. */
static int read_block_line(struct reader *reader, struct slice verb, bool skipped)
{
	struct gomod_line line = { .in_block = true, .verb = verb };
	int status = 0;

	reader->start = reader->number;
	while (status == 0 && !at_line_end(reader)) {
		keep(&line, reader->text);
		status = advance(reader);
	}
	return status != 0 || skipped ? status : hand_over(reader, &line);
}

/* Behind the '(' that ended its line, up to and with the ')'. */
static int read_block(struct reader *reader, struct slice verb, bool skipped)
{
	int status = 0;

	while (status == 0 && reader->kind != TOKEN_CLOSE) {
		if (reader->kind == TOKEN_END)
			return fail(reader, "a block is not closed");
		status = reader->kind == TOKEN_OTHER || reader->kind == TOKEN_OPEN ? read_block_line(reader, verb, skipped) : advance(reader);
	}
	if (status == 0)
		status = advance(reader);
	if (status == 0 && !at_line_end(reader))
		return fail(reader, "text behind the parenthesis that closes a block");
	return status;
}

/* Behind a '(' that may open a block. opened_out: it did, and the block is read to its end. */
static int read_open(struct reader *reader, struct gomod_line *line, bool *opened_out)
{
	int status;

	*opened_out = at_line_end(reader);
	if (*opened_out)
		return read_block(reader, line->verb, line->args_count > 0);
	keep(line, SLICE("("));
	if (reader->kind != TOKEN_CLOSE)
		return 0;
	status = advance(reader);
	*opened_out = status == 0 && at_line_end(reader);
	if (!*opened_out)
		keep(line, SLICE(")"));
	return status;
}

/* A line outside blocks, or a block; its first token is the next. */
static int read_statement(struct reader *reader)
{
	struct gomod_line line = { .verb = reader->text };
	int status;

	reader->start = reader->number;
	status = advance(reader);
	while (status == 0 && !at_line_end(reader)) {
		bool opens = reader->kind == TOKEN_OPEN, opened = false;
		if (!opens)
			keep(&line, reader->text);
		status = advance(reader);
		if (status == 0 && opens)
			status = read_open(reader, &line, &opened);
		if (opened)
			return status;
	}
	return status != 0 ? status : hand_over(reader, &line);
}

int gomod_lines(struct slice file, gomod_line_handler *handler, void *ctx, struct err *err)
{
	struct reader reader = { .rest = file, .number = 1, .handler = handler, .ctx = ctx, .err = err };
	int status = advance(&reader);

	while (status == 0 && reader.kind != TOKEN_END)
		status = reader.kind == TOKEN_NEWLINE || reader.kind == TOKEN_COMMENT ? advance(&reader) : read_statement(&reader);
	return status;
}
