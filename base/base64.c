/* Base64, the standard and the URL alphabet, strict when reading. */
#include "base/hash.h"

static const char alphabet_standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char alphabet_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void encode(struct slice bytes, const char *alphabet, bool padded, struct buf *out)
{
	const uint8_t *in = (const uint8_t *)bytes.ptr;

	for (size_t i = 0; i < bytes.len; i += 3) {
		size_t n = bytes.len - i < 3 ? bytes.len - i : 3;
		uint32_t group = (uint32_t)in[i] << 16 | (n > 1 ? (uint32_t)in[i + 1] << 8 : 0) | (n > 2 ? in[i + 2] : 0U);
		char four[4] = { alphabet[group >> 18], alphabet[group >> 12 & 63], alphabet[group >> 6 & 63], alphabet[group & 63] };

		for (size_t j = n + 1; j < 4; j++)
			four[j] = '=';
		buf_add(out, four, padded ? 4 : n + 1);
	}
}

static int value(char c, char c62, char c63)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == c62)
		return 62;
	return c == c63 ? 63 : -1;
}

/* Decodes 2 to 4 characters; the bits that no byte uses must be zero. */
static bool decode_group(const char *in, size_t n, char c62, char c63, struct buf *out)
{
	uint32_t group = 0;
	uint8_t bytes[3];

	for (size_t i = 0; i < n; i++) {
		int v = value(in[i], c62, c63);

		if (v < 0)
			return false;
		group |= (uint32_t)v << (18 - 6 * i);
	}
	bytes[0] = (uint8_t)(group >> 16);
	bytes[1] = (uint8_t)(group >> 8);
	bytes[2] = (uint8_t)group;
	if ((n < 4 && bytes[2] != 0) || (n < 3 && bytes[1] != 0))
		return false;
	buf_add(out, bytes, n - 1);
	return true;
}

static bool decode(struct slice text, char c62, char c63, struct buf *out)
{
	if (text.len % 4 == 1)
		return false;
	for (size_t i = 0; i < text.len; i += 4) {
		if (!decode_group(text.ptr + i, text.len - i < 4 ? text.len - i : 4, c62, c63, out))
			return false;
	}
	return !buf_failed(out);
}

void base64_encode(struct slice bytes, struct buf *out)
{
	encode(bytes, alphabet_standard, true, out);
}

bool base64_decode(struct slice text, struct buf *out)
{
	if (text.len % 4 != 0)
		return false;
	for (int i = 0; i < 2 && text.len > 0 && text.ptr[text.len - 1] == '='; i++)
		text.len--;
	return decode(text, '+', '/', out);
}

void base64url_encode(struct slice bytes, struct buf *out)
{
	encode(bytes, alphabet_url, false, out);
}

bool base64url_decode(struct slice text, struct buf *out)
{
	return decode(text, '-', '_', out);
}
