/* go.mod: what lax parsing keeps is in order, and its lines point into the file. */
#include "module/gomod.h"
#include "module/gomod_lines.h"
#include "module/path.h"
#include "module/semver.h"
#include "module/unquote.h"
#include "tests/fuzz/fuzz.h"

struct seen {
	struct slice file;
	size_t number;
};

static int look(void *ctx, const struct gomod_line *line, struct err *err)
{
	struct seen *seen = ctx;

	(void)err;
	ASSERT(line->number >= seen->number && line->verb.len > 0 && fuzz_inside(line->verb, seen->file));
	for (size_t i = 0; i < line->args_count && i < GOMOD_TOKENS_KEPT; i++)
		ASSERT(fuzz_inside(line->args[i], seen->file) || slice_equal(line->args[i], SLICE("(")) || slice_equal(line->args[i], SLICE(")")));
	seen->number = line->number;
	return 0;
}

static void check_retracts(const struct gomod *gomod)
{
	for (size_t i = 0; i < gomod->retracts_count; i++) {
		struct slice low = slice_of(gomod->retracts[i].low), high = slice_of(gomod->retracts[i].high);

		ASSERT(semver_compare(low, high) <= 0);
		ASSERT(gomod_retracted(gomod, high) == semver_valid(high));
		ASSERT(gomod_retracted(gomod, low) == semver_valid(low));
		ASSERT(i == 0 || semver_compare(slice_of(gomod->retracts[i - 1].high), low) < 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct seen seen = { .file = slice_make(bytes, len) };
	struct buf path = BUF_INIT(4096);
	struct buf text = BUF_INIT(4 * len + 4);
	struct gomod gomod = { 0 };
	struct err err = ERR_INIT;
	int code = gomod_lines(seen.file, look, &seen, &err);

	if (gomod_parse_lax(seen.file, &gomod, &err) == 0) {
		ASSERT(code == 0);
		check_retracts(&gomod);
		gomod_free(&gomod);
	} else {
		ASSERT(err.text[0] != '\0' && !gomod_vendor_rule_new(seen.file));
	}
	gomod_module_path(seen.file, &path);
	unquote(seen.file, &text);
	ASSERT(!buf_failed(&text));
	buf_free(&text);
	buf_free(&path);
	return 0;
}
