/* The h1: hash: a list of files by content and name, hashed once more. */
#include "module/dirhash.h"

#include <stdlib.h>

#include "base/buf.h"
#include "module/path.h"

#define NAMES_BYTES_MAX (512u * 1024 * 1024)

struct entry {
	size_t name_at, name_len; /* in names */
	uint8_t sum[SHA256_BYTES];
};

struct dirhash {
	struct buf names;
	struct entry *entries;
	size_t count, cap;
	struct sha256_stream *stream;
};

struct dirhash *dirhash_open(void)
{
	struct dirhash *hash = calloc(1, sizeof(*hash));

	if (hash == NULL)
		return NULL;
	buf_init(&hash->names, NAMES_BYTES_MAX);
	hash->stream = sha256_open();
	if (hash->stream == NULL)
		dirhash_close(&hash);
	return hash;
}

void dirhash_close(struct dirhash **hash)
{
	if (*hash == NULL)
		return;
	buf_free(&(*hash)->names);
	free((*hash)->entries);
	sha256_close(&(*hash)->stream);
	free(*hash);
	*hash = NULL;
}

static int no_memory(struct err *err)
{
	return err_set(err, MODULE_ERR_MEMORY, "no memory for the list of a module's files; try again later");
}

int dirhash_add(struct dirhash *hash, struct slice name, const uint8_t content_sha256[SHA256_BYTES], struct err *err)
{
	struct entry *entry;

	if (slice_index(name, '\n') >= 0)
		return err_set(err, MODULE_ERR, "the file name \"%.*s\" holds a newline; no module can have it: rename the file", SLICE_ARG(name));
	if (hash->count == hash->cap) {
		size_t cap = hash->cap == 0 ? 64 : hash->cap * 2;
		struct entry *grown = reallocarray(hash->entries, cap, sizeof(*grown));
		if (grown == NULL)
			return no_memory(err);
		hash->entries = grown;
		hash->cap = cap;
	}
	entry = &hash->entries[hash->count];
	*entry = (struct entry){ .name_at = hash->names.len, .name_len = name.len };
	memcpy(entry->sum, content_sha256, SHA256_BYTES);
	buf_add_slice(&hash->names, name);
	if (buf_failed(&hash->names))
		return no_memory(err);
	hash->count++;
	return 0;
}

static struct slice entry_name(const struct dirhash *hash, const struct entry *entry)
{
	return slice_sub(buf_slice(&hash->names), entry->name_at, entry->name_at + entry->name_len);
}

static int by_name(const void *a, const void *b, void *ctx)
{
	return slice_compare(entry_name(ctx, a), entry_name(ctx, b));
}

static void encode(const uint8_t digest[SHA256_BYTES], char h1_out[MODULE_H1_MAX])
{
	struct buf text = BUF_INIT(MODULE_H1_MAX - 1);

	buf_add_text(&text, "h1:");
	base64_encode(slice_make(digest, SHA256_BYTES), &text);
	ASSERT(!buf_failed(&text));
	memcpy(h1_out, text.ptr, text.len + 1);
	buf_free(&text);
}

static void add_line(struct sha256_stream *stream, const uint8_t sum[SHA256_BYTES], struct slice name)
{
	char hex[SHA256_HEX];

	hex_encode(sum, SHA256_BYTES, hex);
	sha256_add(stream, hex, SHA256_HEX - 1);
	sha256_add(stream, "  ", 2);
	sha256_add(stream, name.ptr, name.len);
	sha256_add(stream, "\n", 1);
}

void dirhash_finish(struct dirhash *hash, char h1_out[MODULE_H1_MAX])
{
	uint8_t digest[SHA256_BYTES];
	size_t i;

	if (hash->count > 0)
		qsort_r(hash->entries, hash->count, sizeof(*hash->entries), by_name, hash);
	for (i = 0; i < hash->count; i++)
		add_line(hash->stream, hash->entries[i].sum, entry_name(hash, &hash->entries[i]));
	sha256_digest(hash->stream, digest);
	encode(digest, h1_out);
}

void dirhash_gomod(struct slice gomod, char h1_out[MODULE_H1_MAX])
{
	static const char name[] = "  go.mod\n";
	char line[SHA256_HEX - 1 + sizeof(name)];
	uint8_t digest[SHA256_BYTES];

	sha256(gomod, digest);
	hex_encode(digest, SHA256_BYTES, line);
	memcpy(line + SHA256_HEX - 1, name, sizeof(name));
	sha256(slice_make(line, sizeof(line) - 1), digest);
	encode(digest, h1_out);
}
