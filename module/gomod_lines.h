/* Private to module: the lines of a go.mod as its grammar gives them, whatever they mean. Source: go.dev/ref/mod#go-mod-file-lexical. */
#ifndef MODULE_GOMOD_LINES_H
#define MODULE_GOMOD_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"

/* No line that is understood has more tokens; of longer ones the first are kept. */
#define GOMOD_TOKENS_KEPT 8

/* A line, or a line inside a block with the block's verb. Quoted strings keep their quotes. All alias the file or are constant. */
struct gomod_line {
	size_t number;
	bool in_block;
	struct slice verb;
	struct slice args[GOMOD_TOKENS_KEPT];
	size_t args_count; /* may be larger than what is kept */
};

/* Answers 0, or a negative code that ends the reading. */
typedef int gomod_line_handler(void *ctx, const struct gomod_line *line, struct err *err);

/* Hands each line to the handler, those inside blocks with a verb of several words left out. MODULE_ERR for a lexical or syntax error. */
int gomod_lines(struct slice file, gomod_line_handler *handler, void *ctx, struct err *err);

#endif
