/* The central directory of a zip: found, and walked for its names. */
#include "module/zip_central.h"

#include "module/path.h"
#include "module/zip.h"

#define END_BYTES            22
#define END_SIGNATURE        0x06054b50u
#define LOCATOR_BYTES        20
#define LOCATOR_SIGNATURE    0x07064b50u
#define END64_BYTES          56
#define END64_SIGNATURE      0x06064b50u
#define LOCAL_BYTES          30
#define LOCAL_SIGNATURE      0x04034b50u
#define DESCRIPTOR_SIGNATURE 0x08074b50u
#define FLAG_DESCRIPTOR      0x0008u
#define ENTRY_BYTES          46
#define ENTRY_SIGNATURE      0x02014b50u

/* len bytes at `at`, little-endian; they must be there. */
static uint64_t number_at(struct slice s, size_t at, size_t len)
{
	uint64_t number = 0;

	while (len-- > 0)
		number = number << 8 | (unsigned char)s.ptr[at + len];
	return number;
}

static bool has_record(struct slice zip, uint64_t at, size_t len, uint32_t signature)
{
	return zip.len >= len && at <= zip.len - len && number_at(zip, (size_t)at, 4) == signature;
}

/* The place of the ZIP64 end record; false: there is none. */
static bool find_end64(struct slice zip, size_t *at_out)
{
	size_t locator = zip.len - END_BYTES - LOCATOR_BYTES;
	uint64_t at;

	if (zip.len < END_BYTES + LOCATOR_BYTES || !has_record(zip, locator, LOCATOR_BYTES, LOCATOR_SIGNATURE))
		return false;
	at = number_at(zip, locator + 8, 8);
	if (!has_record(zip, at, END64_BYTES, END64_SIGNATURE))
		return false;
	*at_out = (size_t)at;
	return true;
}

bool zip_central_next(struct zip_central *central, struct zip_member *member_out)
{
	struct slice rest = central->rest;
	size_t name_len, bytes;

	if (!has_record(rest, 0, ENTRY_BYTES, ENTRY_SIGNATURE))
		return false;
	name_len = (size_t)number_at(rest, 28, 2);
	bytes = ENTRY_BYTES + name_len + (size_t)number_at(rest, 30, 2) + (size_t)number_at(rest, 32, 2);
	if (bytes > rest.len)
		return false;
	*member_out = (struct zip_member){
		.name = slice_sub(rest, ENTRY_BYTES, ENTRY_BYTES + name_len),
		.flags = (uint32_t)number_at(rest, 8, 2),
		.crc = (uint32_t)number_at(rest, 16, 4),
		.offset = (uint32_t)number_at(rest, 42, 4),
	};
	central->rest = slice_after(rest, bytes);
	return true;
}

/* Are there exactly as many entries as the zip says? Whoever reads the directory without counting must not be made to read more. */
static int walk(struct zip_central central, struct zip_central *central_out, struct err *err)
{
	struct zip_central walked = central;
	struct zip_member member;
	uint64_t count = 0;

	while (count < central.count && zip_central_next(&walked, &member))
		count++;
	if (count != central.count || walked.rest.len != 0)
		return err_set(err, MODULE_ERR, "its directory does not hold as many files as it says");
	*central_out = central;
	return 0;
}

int zip_central_open(struct slice zip, struct zip_central *central_out, struct err *err)
{
	size_t end = zip.len - END_BYTES, end64;
	uint64_t count, bytes, offset;

	if (!has_record(zip, end, END_BYTES, END_SIGNATURE) || number_at(zip, end + 20, 2) != 0)
		return err_set(err, MODULE_ERR, "it does not end as a zip without a comment does");
	count = number_at(zip, end + 10, 2);
	bytes = number_at(zip, end + 12, 4);
	offset = number_at(zip, end + 16, 4);
	if ((count == 0xFFFF || bytes == 0xFFFFFFFF || offset == 0xFFFFFFFF) && find_end64(zip, &end64)) {
		count = number_at(zip, end64 + 32, 8);
		bytes = number_at(zip, end64 + 40, 8);
		offset = number_at(zip, end64 + 48, 8);
	}
	if (count > MODULE_FILES_MAX)
		return err_set(err, MODULE_ERR_LIMIT, "it holds more than %d files", MODULE_FILES_MAX);
	if (offset > zip.len || bytes > zip.len - offset)
		return err_set(err, MODULE_ERR, "its directory lies outside of it");
	return walk((struct zip_central){ .rest = slice_sub(zip, (size_t)offset, (size_t)(offset + bytes)), .count = count }, central_out, err);
}

bool zip_descriptor_agrees(struct slice zip, const struct zip_member *member, uint64_t packed)
{
	uint64_t at;
	struct slice descriptor;

	if ((member->flags & FLAG_DESCRIPTOR) == 0)
		return true;
	if (!has_record(zip, member->offset, LOCAL_BYTES, LOCAL_SIGNATURE))
		return false;
	at = (uint64_t)member->offset + LOCAL_BYTES + number_at(zip, (size_t)member->offset + 26, 2) + number_at(zip, (size_t)member->offset + 28, 2);
	if (packed > zip.len || at > zip.len - packed)
		return false;
	descriptor = slice_after(zip, (size_t)(at + packed));
	if (has_record(descriptor, 0, 8, DESCRIPTOR_SIGNATURE))
		descriptor = slice_after(descriptor, 4);
	return descriptor.len >= 4 && number_at(descriptor, 0, 4) == member->crc;
}
