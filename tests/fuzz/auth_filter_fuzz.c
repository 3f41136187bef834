/* LDAP filters: whatever a user calls himself, a filter filled in keeps its form, and undoing the escapes gives the name. */
#include "auth/ldap_private.h"
#include "tests/fuzz/fuzz.h"

#define BEFORE "(&(uid="
#define AFTER  ")(a=b))"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct slice user = slice_make(bytes, len < 1024 ? len : 1024), value;
	struct buf filter = BUF_INIT(LDAP_FILTER_MAX), plain = BUF_INIT(LDAP_FILTER_MAX);

	auth_ldap_filter_fill(BEFORE "{user}" AFTER, user, SLICE_NONE, &filter);
	ASSERT(!buf_failed(&filter) && slice_starts(buf_slice(&filter), SLICE(BEFORE)) && slice_ends(buf_slice(&filter), SLICE(AFTER)));
	value = slice_sub(buf_slice(&filter), strlen(BEFORE), filter.len - strlen(AFTER));
	for (size_t i = 0; i < value.len; i++) {
		uint8_t byte = (uint8_t)value.ptr[i];

		ASSERT(byte != '(' && byte != ')' && byte != '*' && byte != '\0');
		if (byte == '\\') {
			ASSERT(hex_decode(slice_sub(value, i + 1, i + 3), &byte, 1));
			i += 2;
		}
		buf_add_char(&plain, (char)byte);
	}
	ASSERT(slice_equal(buf_slice(&plain), user));
	buf_free(&filter);
	buf_free(&plain);
	return 0;
}
