/* Byte ranges and entity tags of a request. Source: RFC 9110 sections 13.1 and 14. */
#ifndef GATEWAY_RANGE_H
#define GATEWAY_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum range_kind {
	RANGE_WHOLE,        /* no range, or one we need not honour (another unit, several ranges, broken syntax) */
	RANGE_PART,         /* 206: first..last, both inside */
	RANGE_UNSATISFIABLE /* 416 */
};

/* header: the value of Range (ptr NULL: none); size: bytes of the representation. */
enum range_kind range_parse(struct slice header, int64_t size, int64_t *first_out, int64_t *last_out);

/* If-None-Match: does the list ("*" or tags, weak ones compared weakly) name this strong tag (with its quotes)? */
bool etag_listed(struct slice header, struct slice etag);

/* If-Range: exactly this strong tag? (A date or a weak tag never matches.) */
bool etag_is(struct slice header, struct slice etag);

#endif
