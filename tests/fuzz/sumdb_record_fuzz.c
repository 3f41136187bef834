/* Answers of a lookup: the parts that are read make up the whole answer, and a hash stands on its module's line. */
#include "sumdb/sumdb_private.h"
#include "tests/fuzz/fuzz.h"

static void check_parts(struct slice answer, const struct sumdb_record *record)
{
	struct buf whole = BUF_INIT(answer.len + 64);

	buf_printf(&whole, "%llu\n", (unsigned long long)record->id);
	buf_add_slice(&whole, record->text);
	buf_add_char(&whole, '\n');
	buf_add_slice(&whole, record->note);
	ASSERT(slice_equal(buf_slice(&whole), answer));
	ASSERT(slice_ends(record->text, SLICE("\n")) && slice_is_utf8(record->text) && slice_find(record->text, SLICE("\n\n")) < 0);
	buf_free(&whole);
}

static void check_hash(struct slice text)
{
	struct slice rest = text, line = fuzz_line(&rest), module, version, h1;

	slice_cut(line, ' ', &module, &rest);
	slice_cut(rest, ' ', &version, &rest);
	if (module.len + version.len < 1024 && sumdb_record_hash(text, module, version, "", &h1)) {
		ASSERT(fuzz_inside(h1, text) && slice_starts(h1, SLICE("h1:")));
		ASSERT(h1.ptr[-1] == ' ' && slice_index(h1, '\n') < 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct slice answer = slice_make(bytes, len);
	struct sumdb_record record;
	struct err err = ERR_INIT;

	if (sumdb_record_parse(answer, &record, &err) != 0) {
		ASSERT(err.text[0] != '\0');
		return 0;
	}
	check_parts(answer, &record);
	check_hash(record.text);
	return 0;
}
