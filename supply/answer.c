/* Answers: one allocation each, counted, holding what they borrow from. */
#include <stdio.h>
#include <stdlib.h>

#include "module/semver.h"
#include "supply/supply_private.h"

struct answer {
	struct supply_answer public;
	_Atomic unsigned references;
	const struct store_artifact *artifact;
	const struct store_answer *kept;
	char etag[SHA256_HEX + 2];
	char origin[VCS_COMMIT_MAX];
	char bytes[]; /* of our own */
};

struct slice order_query(const struct order *order)
{
	switch (order->kind) {
	case SUPPLY_LIST:
		return SLICE("@list");
	case SUPPLY_LATEST:
		return SLICE("@latest");
	case SUPPLY_ROOT:
		return SLICE("@root");
	case SUPPLY_INFO:
	case SUPPLY_MOD:
	case SUPPLY_ZIP:
	case SUPPLY_KINDS:
		break;
	}
	return order->query;
}

bool order_exact(const struct order *order)
{
	return order->kind == SUPPLY_MOD || order->kind == SUPPLY_ZIP || (order->kind == SUPPLY_INFO && semver_is_module_canonical(order->query));
}

enum store_kind order_store_kind(const struct order *order)
{
	return order->kind == SUPPLY_INFO ? STORE_INFO : order->kind == SUPPLY_MOD ? STORE_MOD : STORE_ZIP;
}

const struct supply_answer *supply_answer_ref(const struct supply_answer *answer)
{
	atomic_fetch_add_explicit(&((struct answer *)(uintptr_t)answer)->references, 1, memory_order_relaxed);
	return answer;
}

void supply_answer_unref(const struct supply_answer *answer_in)
{
	struct answer *answer = (struct answer *)(uintptr_t)answer_in;
	if (answer == NULL || atomic_fetch_sub_explicit(&answer->references, 1, memory_order_acq_rel) != 1)
		return;
	store_artifact_unref(answer->artifact);
	store_answer_unref(answer->kept);
	free(answer);
}

static struct answer *make(size_t bytes)
{
	struct answer *answer = malloc(sizeof(*answer) + bytes);
	if (answer == NULL)
		return NULL;
	answer->public = (struct supply_answer){ .code = SUPPLY_OK, .etag = "", .h1 = "", .origin = "" };
	atomic_init(&answer->references, 1);
	answer->artifact = NULL;
	answer->kept = NULL;
	return answer;
}

struct supply_answer *answer_refusal(void)
{
	struct answer *answer = make(0);
	if (answer == NULL)
		return NULL;
	answer->public.code = SUPPLY_ERR_STORE;
	return &answer->public;
}

_Static_assert(sizeof(((struct err *)0)->text) == SUPPLY_TEXT_MAX, "a sentence fits an answer");

void answer_refuse(struct supply_answer *answer, int code, const struct err *err)
{
	answer->code = (enum supply_code)code;
	memcpy(answer->text, err->text, sizeof(answer->text));
}

/* The text behind `"name":"`; nothing when it is not there. Such a run of bytes cannot lie inside another text, where quotes are escaped. */
static struct slice body_text(struct slice body, struct slice name)
{
	ptrdiff_t at = slice_find(body, name);
	struct slice text = at >= 0 ? slice_after(body, (size_t)at + name.len) : SLICE_NONE;
	ptrdiff_t end = slice_index(text, '"');
	return end >= 0 ? slice_sub(text, 0, (size_t)end) : SLICE_NONE;
}

/* Every .info body here was written by us or by upstream's own writer: Version comes first. */
static struct slice body_version(struct slice body)
{
	struct slice head = SLICE("{\"Version\":\"");
	return slice_starts(body, head) ? body_text(body, head) : SLICE_NONE;
}

struct supply_answer *answer_artifact(const struct order *order, const struct store_artifact *artifact, enum supply_source source)
{
	static const enum supply_proof proofs[] = { SUPPLY_PROOF_NONE, SUPPLY_PROOF_SUMDB, SUPPLY_PROOF_PIN, SUPPLY_PROOF_EXEMPT };
	struct answer *answer = make(order->query.len);
	if (answer == NULL) {
		store_artifact_unref(artifact);
		return NULL;
	}
	memcpy(answer->bytes, order->query.ptr, order->query.len);
	answer->artifact = artifact;
	answer->public.version = slice_make(answer->bytes, order->query.len);
	answer->public.body = artifact->body;
	answer->public.file = artifact->kind == STORE_ZIP ? artifact->file : NULL;
	answer->public.file_changed_ns = artifact->file_changed_ns;
	answer->public.bytes = artifact->bytes;
	answer->public.etag = artifact->etag;
	answer->public.h1 = artifact->h1;
	answer->public.origin = artifact->origin;
	answer->public.source = source;
	answer->public.proof = proofs[artifact->proof];
	/* No database speaks of an .info; of a private one the pin does. */
	if (artifact->kind == STORE_INFO)
		answer->public.proof = artifact->is_private ? SUPPLY_PROOF_PIN : SUPPLY_PROOF_NONE;
	return &answer->public;
}

/* Of an answer that may change: what it says, and what it names. */
static void set_body(struct answer *answer, const struct order *order, struct slice body, bool is_private)
{
	answer->public.body = body;
	answer->public.bytes = (int64_t)body.len;
	answer->public.proof = is_private ? SUPPLY_PROOF_PIN : SUPPLY_PROOF_NONE;
	if (order->kind == SUPPLY_LIST)
		return;
	answer->public.version = body_version(body);
	if (is_private) {
		snprintf(answer->origin, sizeof(answer->origin), "%.*s", SLICE_ARG(body_text(body, SLICE("\"Hash\":\""))));
		answer->public.origin = answer->origin;
	}
}

struct supply_answer *answer_kept(
	const struct supply *supply, const struct order *order, const struct store_answer *kept, enum supply_source source, bool stale)
{
	struct answer *answer = make(0);
	if (answer == NULL) {
		store_answer_unref(kept);
		return NULL;
	}
	int64_t age_s = (clock_wall_us(supply->clock) - kept->fetched_us) / 1000000;
	answer->kept = kept;
	set_body(answer, order, kept->body, kept->is_private);
	answer->public.etag = kept->etag;
	answer->public.source = source;
	answer->public.is_mutable = true;
	answer->public.age_s = age_s > 0 ? age_s : 0;
	answer->public.ttl_s = stale || age_s > supply->list_ttl_s ? 0 : supply->list_ttl_s - answer->public.age_s;
	answer->public.stale = stale;
	return &answer->public;
}

static struct answer *copy(struct slice body)
{
	struct answer *answer = make(body.len);
	uint8_t digest[SHA256_BYTES];
	char hex[SHA256_HEX];
	if (answer == NULL)
		return NULL;
	memcpy(answer->bytes, body.ptr != NULL ? body.ptr : "", body.len);
	sha256(body, digest);
	hex_encode(digest, sizeof(digest), hex);
	snprintf(answer->etag, sizeof(answer->etag), "\"%s\"", hex);
	answer->public.body = slice_make(answer->bytes, body.len);
	answer->public.bytes = (int64_t)body.len;
	answer->public.etag = answer->etag;
	return answer;
}

struct supply_answer *answer_bytes(struct slice body, int64_t ttl_s, bool is_mutable)
{
	struct answer *answer = copy(body);
	if (answer == NULL)
		return NULL;
	answer->public.is_mutable = is_mutable;
	answer->public.ttl_s = ttl_s;
	return &answer->public;
}

struct supply_answer *answer_stale(const struct order *order, struct slice body, int64_t age_s)
{
	struct answer *answer = copy(body);
	if (answer == NULL)
		return NULL;
	set_body(answer, order, answer->public.body, true);
	answer->public.source = SUPPLY_CACHE;
	answer->public.is_mutable = true;
	answer->public.stale = true;
	answer->public.age_s = age_s;
	return &answer->public;
}
