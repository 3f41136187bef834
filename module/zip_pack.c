/* One file made ready for a zip: deflated when that makes it smaller, its CRC and its hash. */
#include <stdlib.h>

#include <libdeflate.h>

#include "module/path.h"
#include "module/zip.h"

/* A third less work than level 6, which archives commonly have, for 3 % more bytes of Go source. */
#define LEVEL 4

struct module_zip_packer {
	struct libdeflate_compressor *compressor;
};

static int no_memory(struct err *err)
{
	return err_set(err, MODULE_ERR_MEMORY, "no memory for a file of a module's zip; try again later");
}

int module_zip_packer_open(struct module_zip_packer **packer_out, struct err *err)
{
	struct module_zip_packer *packer = calloc(1, sizeof(*packer));

	if (packer != NULL)
		packer->compressor = libdeflate_alloc_compressor(LEVEL);
	if (packer == NULL || packer->compressor == NULL) {
		module_zip_packer_close(&packer);
		return no_memory(err);
	}
	*packer_out = packer;
	return 0;
}

void module_zip_packer_close(struct module_zip_packer **packer)
{
	if (*packer == NULL)
		return;
	if ((*packer)->compressor != NULL)
		libdeflate_free_compressor((*packer)->compressor);
	free(*packer);
	*packer = NULL;
}

int module_zip_pack(struct module_zip_packer *packer, struct slice content, struct module_zip_packed *packed_out, struct err *err)
{
	struct module_zip_packed packed = { .bytes = content, .unpacked = content.len };
	size_t len = 0;

	if (content.len > 1) {
		packed.memory = malloc(content.len - 1);
		if (packed.memory == NULL)
			return no_memory(err);
		len = libdeflate_deflate_compress(packer->compressor, content.ptr, content.len, packed.memory, content.len - 1);
	}
	if (len > 0)
		packed.bytes = slice_make(packed.memory, len);
	packed.crc = libdeflate_crc32(0, content.len == 0 ? "" : content.ptr, content.len);
	sha256(content, packed.sha256);
	*packed_out = packed;
	return 0;
}

void module_zip_packed_free(struct module_zip_packed *packed)
{
	free(packed->memory);
	*packed = MODULE_ZIP_PACKED_NONE;
}
