/* Private to audit: the words of a line, one table an enum. Index 0 is "absent". */
#ifndef AUDIT_WORDS_H
#define AUDIT_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct words {
	const char *const *text; /* by value; [0] is NULL */
	unsigned count;
};

extern const struct words words_kind;
extern const struct words words_action;
extern const struct words words_verdict;
extern const struct words words_proof;
extern const struct words words_source;
extern const struct words words_fault;

/* NULL for 0 and for what is out of range. */
const char *words_text(const struct words *words, unsigned value);
/* 0 when it is none of them. */
unsigned words_find(const struct words *words, struct slice word);

#endif
