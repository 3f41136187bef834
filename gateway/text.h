/* Texts for people: lists that are typed, words for a shell, how many of something. */
#ifndef GATEWAY_TEXT_H
#define GATEWAY_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define TEXT_LIST_MAX 1024 /* names of one list */

/*
 * "a,b" into strings; spaces around a name do not count. NULL and "" are an empty list. The list and its strings are one allocation, the
 * caller's to free. GATEWAY_ERR_INVALID: err says what was expected of `what` ("--groups"). GATEWAY_ERR: memory.
 */
int text_split(const char *list, const char *what, char ***items_out, size_t *count_out, struct err *err);

/* Appends text so that a POSIX shell reads it as one word: as it is, or in single quotes where a shell would look at it. */
void text_shell_word(const char *text, struct buf *out);

/* What a noun ends in after that number: "" or "s". Static. */
const char *text_plural(uint64_t count);

#endif
