/* Tree heads as people carry them: ROOT@SIZE. */
#include <string.h>

#include "audit/audit.h"
#include "base/buf.h"

#define ROOT_TEXT_LEN 44 /* base64 of 32 bytes */

void audit_head_format(const struct audit_head *head, char out[AUDIT_HEAD_TEXT_MAX])
{
	struct buf text = BUF_INIT(AUDIT_HEAD_TEXT_MAX - 1);

	base64_encode(slice_make(head->root, SHA256_BYTES), &text);
	buf_printf(&text, "@%llu", (unsigned long long)head->size);
	memcpy(out, buf_text(&text), text.len + 1);
	buf_free(&text);
}

bool audit_head_parse(struct slice text, struct audit_head *head_out)
{
	struct buf root = BUF_INIT(ROOT_TEXT_LEN);
	struct slice root_text;
	struct slice size_text;
	long long size;
	bool good;

	good = slice_cut(text, '@', &root_text, &size_text) && root_text.len == ROOT_TEXT_LEN && slice_to_number(size_text, &size) &&
	       base64_decode(root_text, &root) && root.len == SHA256_BYTES;
	if (good) {
		head_out->size = (uint64_t)size;
		memcpy(head_out->root, root.ptr, SHA256_BYTES);
	}
	buf_free(&root);
	return good;
}
