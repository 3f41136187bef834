/* A zip built by hand, so that each field can lie. */
#ifndef TESTS_MODULE_RAWZIP_H
#define TESTS_MODULE_RAWZIP_H

#include <libdeflate.h>

#include "base/buf.h"

/* A zero means the truth. */
struct raw_member {
	struct slice name;
	struct slice content;
	bool deflated;
	struct slice local_name;
	uint32_t flags;
	uint32_t method;       /* in both headers */
	uint32_t claimed_size; /* unpacked, in both headers */
	uint32_t crc;          /* in both headers */
	struct slice extra;    /* in both headers */
	uint32_t descriptor;   /* with FLAG 8: the CRC behind the content; the local header then holds zeros */
};

struct raw_zip {
	const struct raw_member *members;
	size_t count;
	uint32_t claimed_count;
	struct slice comment;
};

static inline void raw_number(struct buf *out, uint64_t number, int bytes)
{
	for (; bytes > 0; bytes--, number >>= 8)
		buf_add_char(out, (char)(number & 0xFF));
}

static inline struct slice raw_pack(const struct raw_member *member, char **packed_out)
{
	struct libdeflate_compressor *compressor;
	struct slice packed;
	size_t bound;

	*packed_out = NULL;
	if (!member->deflated)
		return member->content;
	compressor = libdeflate_alloc_compressor(6);
	bound = libdeflate_deflate_compress_bound(compressor, member->content.len);
	*packed_out = malloc(bound);
	packed = slice_make(*packed_out, libdeflate_deflate_compress(compressor, member->content.ptr, member->content.len, *packed_out, bound));
	libdeflate_free_compressor(compressor);
	return packed;
}

static inline void raw_fields(struct buf *out, const struct raw_member *member, size_t packed, bool zeros)
{
	uint32_t crc = member->crc != 0 ? member->crc : libdeflate_crc32(0, member->content.len == 0 ? "" : member->content.ptr, member->content.len);

	raw_number(out, 20, 2);
	raw_number(out, member->flags, 2);
	raw_number(out, member->method != 0 ? member->method : member->deflated ? 8 : 0, 2);
	raw_number(out, 0x00210000, 4);
	raw_number(out, zeros ? 0 : crc, 4);
	raw_number(out, zeros ? 0 : packed, 4);
	raw_number(out, zeros ? 0 : member->claimed_size != 0 ? member->claimed_size : member->content.len, 4);
}

static inline void raw_add(struct buf *zip, struct buf *directory, const struct raw_member *member)
{
	struct slice local = member->local_name.ptr != NULL ? member->local_name : member->name;
	size_t offset = zip->len;
	char *memory;
	struct slice packed = raw_pack(member, &memory);

	raw_number(zip, 0x04034b50, 4);
	raw_fields(zip, member, packed.len, (member->flags & 8) != 0);
	raw_number(zip, local.len, 2);
	raw_number(zip, member->extra.len, 2);
	buf_add_slice(zip, local);
	buf_add_slice(zip, member->extra);
	buf_add_slice(zip, packed);
	if ((member->flags & 8) != 0) {
		raw_number(zip, 0x08074b50, 4);
		raw_number(zip, member->descriptor, 4);
		raw_number(zip, packed.len, 4);
		raw_number(zip, member->content.len, 4);
	}
	raw_number(directory, 0x02014b50, 4);
	raw_number(directory, 20, 2);
	raw_fields(directory, member, packed.len, false);
	raw_number(directory, member->name.len, 2);
	raw_number(directory, member->extra.len, 2);
	raw_number(directory, 0, 10);
	raw_number(directory, offset, 4);
	buf_add_slice(directory, member->name);
	buf_add_slice(directory, member->extra);
	free(memory);
}

static inline void raw_build(const struct raw_zip *raw, struct buf *zip)
{
	struct buf directory = BUF_INIT(zip->max);
	size_t count = raw->claimed_count != 0 ? raw->claimed_count : raw->count, at;

	for (size_t i = 0; i < raw->count; i++)
		raw_add(zip, &directory, &raw->members[i]);
	at = zip->len;
	buf_add_slice(zip, buf_slice(&directory));
	raw_number(zip, 0x06054b50, 4);
	raw_number(zip, 0, 4);
	raw_number(zip, count, 2);
	raw_number(zip, count, 2);
	raw_number(zip, directory.len, 4);
	raw_number(zip, at, 4);
	raw_number(zip, raw->comment.len, 2);
	buf_add_slice(zip, raw->comment);
	buf_free(&directory);
}

#endif
