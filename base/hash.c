/* SHA-256, hex, random bytes, comparison in constant time. */
#include "base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/err.h"

struct sha256_stream {
	EVP_MD_CTX *ctx;
};

/* Fetched once: looking the digest up costs more than hashing a short text. Constant afterwards. */
static pthread_once_t md_once = PTHREAD_ONCE_INIT;
static EVP_MD *md;

static void md_fetch(void)
{
	md = EVP_MD_fetch(NULL, "SHA256", NULL);
	ASSERT(md != NULL);
}

static const EVP_MD *md_get(void)
{
	ASSERT(pthread_once(&md_once, md_fetch) == 0);
	return md;
}

void sha256(struct slice bytes, uint8_t digest_out[SHA256_BYTES])
{
	ASSERT(EVP_Digest(bytes.ptr == NULL ? "" : bytes.ptr, bytes.len, digest_out, NULL, md_get(), NULL) == 1);
}

void sha256_two(struct slice a, struct slice b, uint8_t digest_out[SHA256_BYTES])
{
	struct sha256_stream *stream = sha256_open();

	ASSERT(stream != NULL);
	sha256_add(stream, a.ptr, a.len);
	sha256_add(stream, b.ptr, b.len);
	sha256_digest(stream, digest_out);
	sha256_close(&stream);
}

struct sha256_stream *sha256_open(void)
{
	struct sha256_stream *stream = calloc(1, sizeof(*stream));

	if (stream == NULL)
		return NULL;
	stream->ctx = EVP_MD_CTX_new();
	if (stream->ctx == NULL || EVP_DigestInit_ex(stream->ctx, md_get(), NULL) != 1)
		sha256_close(&stream);
	return stream;
}

void sha256_add(struct sha256_stream *stream, const void *bytes, size_t len)
{
	if (len > 0)
		ASSERT(EVP_DigestUpdate(stream->ctx, bytes, len) == 1);
}

void sha256_digest(struct sha256_stream *stream, uint8_t digest_out[SHA256_BYTES])
{
	ASSERT(EVP_DigestFinal_ex(stream->ctx, digest_out, NULL) == 1);
}

void sha256_close(struct sha256_stream **stream)
{
	if (*stream == NULL)
		return;
	EVP_MD_CTX_free((*stream)->ctx);
	free(*stream);
	*stream = NULL;
}

uint64_t hash_quick(struct slice bytes)
{
	uint64_t hash = 14695981039346656037u;

	for (size_t i = 0; i < bytes.len; i++)
		hash = (hash ^ (unsigned char)bytes.ptr[i]) * 1099511628211u;
	return hash;
}

void hex_encode(const uint8_t *bytes, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * len] = '\0';
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool hex_decode(struct slice hex, uint8_t *out, size_t len)
{
	if (hex.len % 2 != 0 || hex.len / 2 != len)
		return false;
	for (size_t i = 0; i < hex.len; i++) {
		if (nibble(hex.ptr[i]) < 0)
			return false;
	}
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(nibble(hex.ptr[2 * i]) << 4 | nibble(hex.ptr[2 * i + 1]));
	return true;
}

void random_bytes(void *out, size_t len)
{
	unsigned char *at = out;

	while (len > 0) {
		ssize_t n = getrandom(at, len, 0);

		ASSERT(n > 0 || (n < 0 && errno == EINTR));
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
}

bool bytes_equal_secret(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0);
}
