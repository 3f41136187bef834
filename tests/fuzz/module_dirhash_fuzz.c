/* The h1 of files, a name a line: it does not depend on the order they come in, and does on each name. */
#include "base/hash.h"
#include "module/dirhash.h"
#include "tests/fuzz/fuzz.h"

#define NAMES_MAX 64

static void hash_of(const struct slice *names, size_t count, bool backwards, char h1_out[MODULE_H1_MAX])
{
	struct dirhash *hash = dirhash_open();
	uint8_t digest[SHA256_BYTES];

	ASSERT(hash != NULL);
	for (size_t i = 0; i < count; i++) {
		struct slice name = names[backwards ? count - 1 - i : i];

		sha256(name, digest);
		ASSERT(dirhash_add(hash, name, digest, NULL) == 0);
	}
	dirhash_finish(hash, h1_out);
	dirhash_close(&hash);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct slice rest = slice_make(bytes, len), names[NAMES_MAX];
	struct buf digest = BUF_INIT(SHA256_BYTES);
	char one[MODULE_H1_MAX], two[MODULE_H1_MAX], fewer[MODULE_H1_MAX];
	struct dirhash *hash = dirhash_open();
	size_t count = 0;

	while (count < NAMES_MAX && slice_next(&rest, '\n', &names[count]))
		count++;
	hash_of(names, count, false, one);
	hash_of(names, count, true, two);
	ASSERT(strcmp(one, two) == 0);
	if (count > 0) {
		hash_of(names + 1, count - 1, false, fewer);
		ASSERT(strcmp(one, fewer) != 0);
	}
	ASSERT(slice_starts(slice_of(one), SLICE("h1:")) && base64_decode(slice_after(slice_of(one), 3), &digest) && digest.len == SHA256_BYTES);
	ASSERT(dirhash_add(hash, SLICE("a\nb"), (const uint8_t *)digest.ptr, NULL) != 0);
	dirhash_close(&hash);
	buf_free(&digest);
	return 0;
}
