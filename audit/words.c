/* The words that leave the program in a line, and those for what verify finds. */
#include "audit/words.h"

#include "audit/audit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WORDS(array) \
	{ \
		.text = (array), .count = COUNT(array) \
	}

static const char *const kinds[] = {
	[AUDIT_ACCESS] = "access",
	[AUDIT_OUTCOME] = "outcome",
	[AUDIT_AUTH] = "auth",
	[AUDIT_POLICY] = "policy",
	[AUDIT_TOKEN] = "token",
	[AUDIT_MODULE] = "module",
	[AUDIT_SUMDB] = "sumdb",
	[AUDIT_ADMIN] = "admin",
	[AUDIT_SYSTEM] = "system",
};
_Static_assert(COUNT(kinds) == AUDIT_SYSTEM + 1, "a word for every kind");

static const char *const actions[] = {
	[AUDIT_LIST] = "list",
	[AUDIT_LATEST] = "latest",
	[AUDIT_INFO] = "info",
	[AUDIT_MOD] = "mod",
	[AUDIT_ZIP] = "zip",
	[AUDIT_LOOKUP] = "lookup",
	[AUDIT_TILE] = "tile",
	[AUDIT_INDEX] = "index",
};
_Static_assert(COUNT(actions) == AUDIT_INDEX + 1, "a word for every action");

static const char *const verdicts[] = {
	[AUDIT_DENY] = "deny",
	[AUDIT_ALLOW] = "allow",
	[AUDIT_VERDICT_NONE] = "none",
};
_Static_assert(COUNT(verdicts) == AUDIT_VERDICT_NONE + 1, "a word for every verdict");

static const char *const proofs[] = {
	[AUDIT_PROOF_SUMDB] = "sumdb",
	[AUDIT_PROOF_PIN] = "pin",
	[AUDIT_PROOF_EXEMPT] = "exempt",
	[AUDIT_PROOF_NONE] = "none",
};
_Static_assert(COUNT(proofs) == AUDIT_PROOF_NONE + 1, "a word for every proof");

static const char *const sources[] = {
	[AUDIT_SOURCE_CACHE] = "cache",
	[AUDIT_SOURCE_BUILT] = "built",
	[AUDIT_SOURCE_FETCHED] = "fetched",
};
_Static_assert(COUNT(sources) == AUDIT_SOURCE_FETCHED + 1, "a word for every source");

static const char *const faults[] = {
	[AUDIT_FAULT_EDITED] = "edited",
	[AUDIT_FAULT_MISSING] = "missing",
	[AUDIT_FAULT_ADDED] = "added",
	[AUDIT_FAULT_MOVED] = "moved",
	[AUDIT_FAULT_HEAD] = "head",
	[AUDIT_FAULT_SEGMENT] = "segment",
	[AUDIT_FAULT_UNREADABLE] = "unreadable",
	[AUDIT_FAULT_EXPECTED] = "expected",
	[AUDIT_FAULT_WAL] = "wal",
};
_Static_assert(COUNT(faults) == AUDIT_FAULT_WAL + 1, "a word for every finding");

const struct words words_kind = WORDS(kinds);
const struct words words_action = WORDS(actions);
const struct words words_verdict = WORDS(verdicts);
const struct words words_proof = WORDS(proofs);
const struct words words_source = WORDS(sources);
const struct words words_fault = WORDS(faults);

const char *words_text(const struct words *words, unsigned value)
{
	return value < words->count ? words->text[value] : NULL;
}

unsigned words_find(const struct words *words, struct slice word)
{
	for (unsigned value = 1; value < words->count; value++) {
		if (slice_equal_text(word, words->text[value]))
			return value;
	}
	return 0;
}

const char *audit_kind_word(enum audit_kind kind)
{
	return words_text(&words_kind, kind);
}

const char *audit_action_word(enum audit_action action)
{
	return words_text(&words_action, action);
}

const char *audit_verdict_word(enum audit_verdict verdict)
{
	return words_text(&words_verdict, verdict);
}

const char *audit_proof_word(enum audit_proof proof)
{
	return words_text(&words_proof, proof);
}

const char *audit_source_word(enum audit_source source)
{
	return words_text(&words_source, source);
}

const char *audit_fault_word(enum audit_fault_kind kind)
{
	return words_text(&words_fault, kind);
}

bool audit_verdict_find(struct slice word, enum audit_verdict *verdict_out)
{
	unsigned value = words_find(&words_verdict, word);

	if (value == 0)
		return false;
	*verdict_out = (enum audit_verdict)value;
	return true;
}
