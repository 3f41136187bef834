/* The growable buffer with a maximum and a sticky error. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAP_FIRST 64

void buf_init(struct buf *buf, size_t bytes_max)
{
	*buf = (struct buf)BUF_INIT(bytes_max);
}

void buf_free(struct buf *buf)
{
	free(buf->ptr);
	buf_init(buf, buf->max);
}

void buf_wipe(struct buf *buf)
{
	if (buf->ptr != NULL)
		explicit_bzero(buf->ptr, buf->cap);
	buf_free(buf);
}

void buf_reset(struct buf *buf)
{
	buf->len = 0;
	buf->failed = false;
	if (buf->ptr != NULL)
		buf->ptr[0] = '\0';
}

/* Room for len more bytes and the NUL. */
static bool reserve(struct buf *buf, size_t len)
{
	size_t need;
	size_t cap;
	char *ptr;

	if (buf->failed || len > buf->max - buf->len || buf->len + len == SIZE_MAX) {
		buf->failed = true;
		return false;
	}
	need = buf->len + len + 1;
	if (need <= buf->cap)
		return true;
	cap = buf->cap == 0 ? CAP_FIRST : buf->cap;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	if (buf->max < SIZE_MAX && cap > buf->max + 1)
		cap = buf->max + 1;
	ptr = realloc(buf->ptr, cap);
	if (ptr == NULL) {
		buf->failed = true;
		return false;
	}
	buf->ptr = ptr;
	buf->cap = cap;
	return true;
}

void buf_add(struct buf *buf, const void *bytes, size_t len)
{
	if (!reserve(buf, len))
		return;
	if (len > 0)
		memcpy(buf->ptr + buf->len, bytes, len);
	buf->len += len;
	buf->ptr[buf->len] = '\0';
}

void buf_add_slice(struct buf *buf, struct slice s)
{
	buf_add(buf, s.ptr, s.len);
}

void buf_add_text(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_add_char(struct buf *buf, char c)
{
	buf_add(buf, &c, 1);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0) {
		buf->failed = true;
		return;
	}
	if (!reserve(buf, (size_t)n))
		return;
	va_start(args, format);
	vsnprintf(buf->ptr + buf->len, (size_t)n + 1, format, args);
	va_end(args);
	buf->len += (size_t)n;
}

bool buf_failed(const struct buf *buf)
{
	return buf->failed;
}

struct slice buf_slice(const struct buf *buf)
{
	return slice_make(buf->ptr, buf->len);
}

const char *buf_text(const struct buf *buf)
{
	return buf->ptr == NULL ? "" : buf->ptr;
}

char *buf_take(struct buf *buf)
{
	char *text = NULL;

	if (reserve(buf, 0)) {
		buf->ptr[buf->len] = '\0';
		text = buf->ptr;
		buf->ptr = NULL;
	}
	buf_free(buf);
	return text;
}
