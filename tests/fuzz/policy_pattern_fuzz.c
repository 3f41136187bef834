/* A policy's patterns, made quick, answer what the plain ones of module answer: a pattern on the first line, a module on the second. */
#include "module/path.h"
#include "module/pattern.h"
#include "policy/policy_private.h"
#include "tests/fuzz/fuzz.h"

#define TEXT_BYTES_MAX 512

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct slice rest = slice_make(bytes, len);
	struct slice text = slice_sub(fuzz_line(&rest), 0, TEXT_BYTES_MAX), module = slice_sub(fuzz_line(&rest), 0, TEXT_BYTES_MAX);
	struct pattern pattern;
	struct pattern_list list = { .items = &pattern, .count = 1 };
	struct buf shown = BUF_INIT(256);
	struct err err = ERR_INIT;

	if (policy_pattern_check(text, &err) == 0) {
		ASSERT(module_pattern_check(text, NULL) == 0);
		policy_pattern_init(&pattern, text);
		ASSERT(policy_pattern_match(&pattern, module) == module_pattern_match(text, module));
		ASSERT((policy_patterns_find(&list, module) == &pattern) == policy_pattern_match(&pattern, module));
	} else {
		ASSERT(err.text[0] != '\0');
	}
	policy_add_shown(&shown, text, 100);
	ASSERT(!buf_failed(&shown) && shown.len <= 103 && policy_is_printable(buf_slice(&shown)));
	buf_free(&shown);
	return 0;
}
