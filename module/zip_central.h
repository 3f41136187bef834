/*
 * Private to module: a zip's central directory, byte for byte. libzip gives a name as a C string and prefers one that it finds in an
 * extra field, and it passes over data descriptors; the go command does none of this. Source: PKWARE APPNOTE.TXT 6.3.9, sections 4.3.12-4.3.16.
 */
#ifndef MODULE_ZIP_CENTRAL_H
#define MODULE_ZIP_CENTRAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct zip_central {
	struct slice rest;
	uint64_t count; /* of the entries, as the zip says */
};

/* The zip must end with its end record, without a comment, and its directory hold just the entries it counts. MODULE_ERR, MODULE_ERR_LIMIT. */
int zip_central_open(struct slice zip, struct zip_central *central_out, struct err *err);

struct zip_member {
	struct slice name; /* aliases the zip */
	uint32_t flags, crc, offset;
};

/* The next entry. False: there is none. */
bool zip_central_next(struct zip_central *central, struct zip_member *member_out);

/* Does the data descriptor behind the packed bytes, if the entry has one, hold the CRC of the directory? */
bool zip_descriptor_agrees(struct slice zip, const struct zip_member *member, uint64_t packed);

#endif
