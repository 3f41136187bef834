/*
 * Our zip container. Everything about a file is known before it is written, so there are no data descriptors; the total is bounded, so
 * sizes and offsets fit 32 bits and ZIP64 is needed only for the number of files. Source: PKWARE APPNOTE.TXT 6.3.9.
 */
#include "module/zip.h"

#include <stdlib.h>

#include "base/buf.h"
#include "module/dirhash.h"
#include "module/path.h"

#define DIRECTORY_BYTES_MAX (1024u * 1024 * 1024)
#define NAME_BYTES_MAX      0xFFFFu
#define COUNT_ZIP64         0xFFFFu
#define FLAG_UTF8           0x0800u
#define METHOD_STORED       0u
#define METHOD_DEFLATED     8u
#define NEEDS_DEFLATE       20u
#define NEEDS_ZIP64         45u
#define MADE_BY_UNIX        0x0300u
#define MODE_FILE_0644      (0100644u << 16)
#define DATE_1980_01_01     0x0021u

struct module_zip {
	module_sink *sink;
	void *ctx;
	struct buf prefix;    /* path@version/ */
	struct buf name;      /* of the file at hand */
	struct buf head;      /* what is assembled before it goes to the sink */
	struct buf directory; /* the central one, complete but for its end */
	struct dirhash *hash;
	struct module_zip_packer *packer; /* for module_zip_add() */
	uint64_t offset;                  /* written so far */
	uint64_t unpacked;
	uint64_t count;
};

/* What both headers of a file say. */
struct member {
	uint32_t flags, method, crc, packed, unpacked;
	uint32_t offset;
};

static void add_u16(struct buf *out, uint32_t number)
{
	buf_add_char(out, (char)(number & 0xFF));
	buf_add_char(out, (char)(number >> 8 & 0xFF));
}

static void add_u32(struct buf *out, uint32_t number)
{
	add_u16(out, number & 0xFFFF);
	add_u16(out, number >> 16);
}

static void add_u64(struct buf *out, uint64_t number)
{
	add_u32(out, (uint32_t)number);
	add_u32(out, (uint32_t)(number >> 32));
}

static int no_memory(struct err *err)
{
	return err_set(err, MODULE_ERR_MEMORY, "no memory for a module's zip; try again later");
}

int module_zip_open(struct slice path, struct slice version, module_sink *sink, void *ctx, struct module_zip **zip_out, struct err *err)
{
	struct module_zip *zip;
	int status = module_check(path, version, err);

	if (status != 0)
		return status;
	zip = calloc(1, sizeof(*zip));
	if (zip == NULL)
		return no_memory(err);
	zip->sink = sink;
	zip->ctx = ctx;
	buf_init(&zip->prefix, NAME_BYTES_MAX);
	buf_init(&zip->name, NAME_BYTES_MAX);
	buf_init(&zip->head, NAME_BYTES_MAX + 64);
	buf_init(&zip->directory, DIRECTORY_BYTES_MAX);
	buf_printf(&zip->prefix, "%.*s@%.*s/", SLICE_ARG(path), SLICE_ARG(version));
	zip->hash = dirhash_open();
	if (zip->hash == NULL || buf_failed(&zip->prefix) || module_zip_packer_open(&zip->packer, err) != 0) {
		module_zip_close(&zip);
		return no_memory(err);
	}
	*zip_out = zip;
	return 0;
}

void module_zip_close(struct module_zip **zip)
{
	if (*zip == NULL)
		return;
	buf_free(&(*zip)->prefix);
	buf_free(&(*zip)->name);
	buf_free(&(*zip)->head);
	buf_free(&(*zip)->directory);
	dirhash_close(&(*zip)->hash);
	module_zip_packer_close(&(*zip)->packer);
	free(*zip);
	*zip = NULL;
}

static int emit(struct module_zip *zip, const void *bytes, size_t len, struct err *err)
{
	if (len > (uint64_t)MODULE_ZIP_BYTES_MAX - zip->offset)
		return err_set(err, MODULE_ERR_LIMIT, "the module's zip is larger than %lld bytes", MODULE_ZIP_BYTES_MAX);
	if (zip->sink(zip->ctx, bytes, len) != 0)
		return err_set(err, MODULE_ERR_STOPPED, "writing the module's zip was stopped by its reader");
	zip->offset += len;
	return 0;
}

static int emit_buf(struct module_zip *zip, struct buf *bytes, struct err *err)
{
	return buf_failed(bytes) ? no_memory(err) : emit(zip, bytes->ptr, bytes->len, err);
}

/* The fields that follow "version needed" in both headers, up to the length of the name. */
static void add_common(struct buf *out, const struct member *member, size_t name_len)
{
	add_u16(out, NEEDS_DEFLATE);
	add_u16(out, member->flags);
	add_u16(out, member->method);
	add_u16(out, 0);
	add_u16(out, DATE_1980_01_01);
	add_u32(out, member->crc);
	add_u32(out, member->packed);
	add_u32(out, member->unpacked);
	add_u16(out, (uint32_t)name_len);
	add_u16(out, 0);
}

static void add_local_header(struct module_zip *zip, const struct member *member)
{
	buf_reset(&zip->head);
	add_u32(&zip->head, 0x04034b50);
	add_common(&zip->head, member, zip->name.len);
	buf_add_slice(&zip->head, buf_slice(&zip->name));
}

static void add_central_header(struct module_zip *zip, const struct member *member)
{
	add_u32(&zip->directory, 0x02014b50);
	add_u16(&zip->directory, MADE_BY_UNIX | NEEDS_DEFLATE);
	add_common(&zip->directory, member, zip->name.len);
	add_u16(&zip->directory, 0);
	add_u16(&zip->directory, 0);
	add_u16(&zip->directory, 0);
	add_u32(&zip->directory, MODE_FILE_0644);
	add_u32(&zip->directory, member->offset);
	buf_add_slice(&zip->directory, buf_slice(&zip->name));
}

static uint32_t name_flags(struct slice name)
{
	size_t i;

	for (i = 0; i < name.len; i++) {
		if ((unsigned char)name.ptr[i] >= 0x80)
			return FLAG_UTF8;
	}
	return 0;
}

static int set_name(struct module_zip *zip, struct slice path, struct err *err)
{
	int status = module_file_path_check(path, err);

	if (status != 0)
		return status;
	if (zip->prefix.len + path.len > NAME_BYTES_MAX)
		return err_set(err, MODULE_ERR_LIMIT, "the file name \"%.*s\" is too long for a zip: rename the file", SLICE_ARG(path));
	buf_reset(&zip->name);
	buf_add_slice(&zip->name, buf_slice(&zip->prefix));
	buf_add_slice(&zip->name, path);
	return buf_failed(&zip->name) ? no_memory(err) : 0;
}

static int write_file(struct module_zip *zip, const struct module_zip_packed *packed, struct err *err)
{
	struct member member = { .flags = name_flags(buf_slice(&zip->name)), .offset = (uint32_t)zip->offset };
	int status;

	member.method = packed->bytes.len < packed->unpacked ? METHOD_DEFLATED : METHOD_STORED;
	member.crc = packed->crc;
	member.packed = (uint32_t)packed->bytes.len;
	member.unpacked = (uint32_t)packed->unpacked;
	add_local_header(zip, &member);
	add_central_header(zip, &member);
	status = emit_buf(zip, &zip->head, err);
	return status != 0 || packed->bytes.len == 0 ? status : emit(zip, packed->bytes.ptr, packed->bytes.len, err);
}

/* Names the file at hand if there is room for it. */
static int begin_file(struct module_zip *zip, struct slice path, size_t bytes, struct err *err)
{
	int status = set_name(zip, path, err);

	if (status != 0)
		return status;
	if (bytes > (uint64_t)MODULE_ZIP_BYTES_MAX - zip->unpacked || zip->count == MODULE_FILES_MAX)
		return err_set(err, MODULE_ERR_LIMIT, "the module's files are larger than %lld bytes together, or more than %d", MODULE_ZIP_BYTES_MAX,
			MODULE_FILES_MAX);
	return 0;
}

static int finish_file(struct module_zip *zip, const struct module_zip_packed *packed, struct err *err)
{
	int status = dirhash_add(zip->hash, buf_slice(&zip->name), packed->sha256, err);

	zip->unpacked += packed->unpacked;
	zip->count++;
	return status != 0 ? status : write_file(zip, packed, err);
}

int module_zip_add_packed(struct module_zip *zip, struct slice path, const struct module_zip_packed *packed, struct err *err)
{
	int status = begin_file(zip, path, packed->unpacked, err);

	return status != 0 ? status : finish_file(zip, packed, err);
}

int module_zip_add(struct module_zip *zip, struct slice path, struct slice content, struct err *err)
{
	struct module_zip_packed packed = MODULE_ZIP_PACKED_NONE;
	int status = begin_file(zip, path, content.len, err);

	if (status == 0)
		status = module_zip_pack(zip->packer, content, &packed, err);
	if (status == 0)
		status = finish_file(zip, &packed, err);
	module_zip_packed_free(&packed);
	return status;
}

static void add_zip64_end(const struct module_zip *zip, struct buf *out, uint64_t directory_at)
{
	uint64_t end_at = directory_at + zip->directory.len;

	add_u32(out, 0x06064b50);
	add_u64(out, 44);
	add_u16(out, MADE_BY_UNIX | NEEDS_ZIP64);
	add_u16(out, NEEDS_ZIP64);
	add_u32(out, 0);
	add_u32(out, 0);
	add_u64(out, zip->count);
	add_u64(out, zip->count);
	add_u64(out, zip->directory.len);
	add_u64(out, directory_at);
	add_u32(out, 0x07064b50);
	add_u32(out, 0);
	add_u64(out, end_at);
	add_u32(out, 1);
}

static void add_end(const struct module_zip *zip, struct buf *out, uint64_t directory_at)
{
	uint32_t count = zip->count >= COUNT_ZIP64 ? COUNT_ZIP64 : (uint32_t)zip->count;

	buf_reset(out);
	if (count == COUNT_ZIP64)
		add_zip64_end(zip, out, directory_at);
	add_u32(out, 0x06054b50);
	add_u16(out, 0);
	add_u16(out, 0);
	add_u16(out, count);
	add_u16(out, count);
	add_u32(out, (uint32_t)zip->directory.len);
	add_u32(out, (uint32_t)directory_at);
	add_u16(out, 0);
}

int module_zip_finish(struct module_zip *zip, char *h1_out, struct err *err)
{
	uint64_t directory_at = zip->offset;
	int status = 0;

	add_end(zip, &zip->head, directory_at);
	if (zip->directory.len > 0)
		status = emit_buf(zip, &zip->directory, err);
	if (status == 0)
		status = emit_buf(zip, &zip->head, err);
	if (status == 0)
		dirhash_finish(zip->hash, h1_out);
	return status;
}
