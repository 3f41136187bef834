/* The one growable buffer. Its maximum is named at birth; errors stick and are checked once, at the end, with buf_failed(). */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct buf {
	char *ptr; /* always ended by a NUL that len does not count, once anything was added */
	size_t len;
	size_t cap;
	size_t max; /* len never passes it */
	bool failed;
};

#define BUF_INIT(bytes_max) \
	{ \
		.ptr = NULL, .len = 0, .cap = 0, .max = (bytes_max), .failed = false \
	}

void buf_init(struct buf *buf, size_t bytes_max);
void buf_free(struct buf *buf);
/* Wipes, then frees: for secrets. */
void buf_wipe(struct buf *buf);
/* Empty again, memory and maximum kept, the error forgotten. */
void buf_reset(struct buf *buf);

void buf_add(struct buf *buf, const void *bytes, size_t len);
void buf_add_slice(struct buf *buf, struct slice s);
void buf_add_text(struct buf *buf, const char *text);
void buf_add_char(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* True when anything did not fit or memory was short; what the buffer holds is then a prefix not to be used. */
bool buf_failed(const struct buf *buf);
/* Borrowed until the next add, reset or free. */
struct slice buf_slice(const struct buf *buf);
/* "" when nothing was added. */
const char *buf_text(const struct buf *buf);
/* Takes the memory out (caller frees); NULL when failed or memory is short. The buffer is empty afterwards. */
char *buf_take(struct buf *buf);

#endif
