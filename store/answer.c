/* Answers that may change: kept in memory and in the catalogue, so that they survive a source that cannot be asked. */
#include <stdio.h>
#include <stdlib.h>

#include "store/store_private.h"

struct answer {
	struct store_answer public;
	struct memory_object object;
	char body[];
};

static struct answer *of_object(struct memory_object *object)
{
	return (struct answer *)((char *)object - offsetof(struct answer, object));
}

static void answer_free(struct memory_object *object)
{
	free(of_object(object));
}

const struct store_answer *store_answer_ref(const struct store_answer *answer)
{
	memory_ref(&((struct answer *)(uintptr_t)answer)->object);
	return answer;
}

void store_answer_unref(const struct store_answer *answer)
{
	if (answer != NULL)
		memory_unref(&((struct answer *)(uintptr_t)answer)->object);
}

static void make_key(struct buf *key, struct slice module, struct slice query)
{
	buf_add_char(key, 1 + STORE_KINDS);
	buf_add_slice(key, module);
	buf_add_char(key, '@');
	buf_add_slice(key, query);
}

int store_try_answer(struct store *store, struct slice module, struct slice query, const struct store_answer **answer_out)
{
	struct buf key = BUF_INIT(STORE_KEY_MAX);
	make_key(&key, module, query);
	struct memory_object *object = buf_failed(&key) ? NULL : memory_get(store->memory, buf_slice(&key));
	buf_free(&key);
	if (object == NULL)
		return STORE_WOULD_BLOCK;
	*answer_out = &of_object(object)->public;
	return 0;
}

static int keep(struct store *store, struct slice module, struct slice query, int64_t fetched_us, bool is_private, struct slice body,
	const struct store_answer **answer_out, struct err *err)
{
	struct answer *answer = calloc(1, sizeof(*answer) + body.len + 1);
	struct buf key = BUF_INIT(STORE_KEY_MAX);
	uint8_t digest[SHA256_BYTES];
	char hex[SHA256_HEX];
	if (answer == NULL)
		return store_no_memory(err, "keep an answer about", module);
	memcpy(answer->body, body.ptr != NULL ? body.ptr : "", body.len);
	sha256(body, digest);
	hex_encode(digest, sizeof(digest), hex);
	answer->object = (struct memory_object){ .references = 1, .free = answer_free };
	answer->public = (struct store_answer){ .fetched_us = fetched_us, .is_private = is_private, .body = slice_make(answer->body, body.len) };
	snprintf(answer->public.etag, sizeof(answer->public.etag), "\"%s\"", hex);
	make_key(&key, module, query);
	if (!buf_failed(&key))
		memory_put(store->memory, buf_slice(&key), &answer->object, sizeof(*answer) + body.len);
	buf_free(&key);
	*answer_out = &answer->public;
	return 0;
}

int store_answer(struct store *store, struct slice module, struct slice query, const struct store_answer **answer_out, struct err *err)
{
	struct buf body = BUF_INIT(STORE_BODY_MAX);
	int64_t fetched_us = 0;
	bool is_private = false;
	int code = store_try_answer(store, module, query, answer_out);
	if (code == 0)
		return 0;
	code = store->catalogue->calls->answer_get(store->catalogue, module, query, &fetched_us, &is_private, &body, err);
	if (code == 0 && buf_failed(&body))
		code = store_no_memory(err, "read what was answered about", module);
	if (code == 0)
		code = keep(store, module, query, fetched_us, is_private, buf_slice(&body), answer_out, err);
	buf_free(&body);
	return code;
}

int store_answer_put(struct store *store, struct slice module, struct slice query, bool is_private, struct slice body,
	const struct store_answer **answer_out, struct err *err)
{
	int64_t now_us = clock_wall_us(store->clock);
	int code = store->catalogue->calls->answer_put(store->catalogue, module, query, now_us, is_private, body, err);
	return code == 0 ? keep(store, module, query, now_us, is_private, body, answer_out, err) : code;
}
