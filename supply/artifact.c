/* What those who produce share: copies of questions, the store's failures, changed pins, and the way of a zip into the store. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "supply/supply_private.h"

#define WARN_EVERY_US 60000000 /* the same sentence */

struct slice supply_copy(char **at, struct slice s)
{
	struct slice copy = slice_make(*at, s.len);
	memcpy(*at, s.ptr != NULL ? s.ptr : "", s.len);
	*at += s.len;
	return copy;
}

int supply_no_memory(struct err *err, const char *doing)
{
	return err_set(err, SUPPLY_ERR_STORE, "cannot %s: memory is short; try again later, and give modgate more if this comes back", doing);
}

int store_failed(struct supply *supply, int store_code, const struct err *err)
{
	if (store_code == STORE_ERR_PINNED)
		return SUPPLY_ERR_MISMATCH;
	if (store_code == STORE_ERR_NAME)
		return SUPPLY_ERR_ABSENT;
	pthread_mutex_lock(&supply->text_lock);
	memcpy(supply->store_text, err->text, sizeof(supply->store_text));
	pthread_mutex_unlock(&supply->text_lock);
	atomic_store(&supply->store_checked_us, clock_monotonic_us(supply->clock));
	atomic_store(&supply->store_failing, true);
	return SUPPLY_ERR_STORE;
}

void store_works(struct supply *supply)
{
	if (atomic_load_explicit(&supply->store_failing, memory_order_relaxed))
		atomic_store(&supply->store_failing, false);
}

int kept_before(struct supply *supply, const struct order *order, const struct store_answer **kept_out, struct err *err)
{
	const struct store_answer *kept = NULL;
	if (store_answer(supply->store, order->module, order_query(order), &kept, err) != 0)
		return SUPPLY_ERR_ABSENT;
	if (kept->is_private != (order->public_module == NULL)) {
		store_answer_unref(kept);
		return SUPPLY_ERR_ABSENT;
	}
	*kept_out = kept;
	return 0;
}

int keep_answer(struct supply *supply, const struct order *order, const struct buf *body, enum supply_source source,
	struct supply_answer **answer_out, struct err *err)
{
	const struct store_answer *kept = NULL;
	if (buf_failed(body))
		return supply_no_memory(err, "keep an answer");
	if (store_answer_put(supply->store, order->module, order_query(order), order->public_module == NULL, buf_slice(body), &kept, err) != 0)
		return store_failed(supply, STORE_ERR, err);
	store_works(supply);
	*answer_out = answer_kept(supply, order, kept, source, false);
	return 0;
}

void supply_hide_paths(struct supply *supply, struct slice module, struct err *err)
{
	struct err told = *err;
	if (!vcs_hide_path(supply->vcs, module, err))
		return;
	int64_t now_us = clock_monotonic_us(supply->clock);
	uint64_t hash = hash_quick(slice_of(told.text));
	pthread_mutex_lock(&supply->text_lock);
	bool again = supply->warned == hash && now_us - supply->warned_us < WARN_EVERY_US;
	if (!again) {
		supply->warned = hash;
		supply->warned_us = now_us;
	}
	pthread_mutex_unlock(&supply->text_lock);
	if (!again && supply->warn != NULL)
		supply->warn(supply->notice_ctx, told.text);
}

int zip_writer_open(struct supply *supply, const struct order *order, struct zip_writer *writer, struct err *err)
{
	*writer = (struct zip_writer){ .temp = FILE_TEMP_INIT, .digest = sha256_open() };
	if (writer->digest == NULL)
		return supply_no_memory(err, "hash a zip");
	int code = store_zip_begin(supply->store, order->module, order->query, &writer->temp, err);
	return code == 0 ? 0 : store_failed(supply, code, err);
}

int zip_writer_sink(void *ctx, const void *bytes, size_t len)
{
	struct zip_writer *writer = ctx;
	sha256_add(writer->digest, bytes, len);
	writer->bytes += (int64_t)len;
	return file_temp_write(&writer->temp, slice_make(bytes, len), &writer->err);
}

int zip_writer_store(struct supply *supply, const struct order *order, struct zip_writer *writer, const struct store_pin *facts,
	struct supply_answer **answer_out, enum supply_source source, struct err *err)
{
	const struct store_artifact *artifact = NULL;
	uint8_t digest[SHA256_BYTES];
	sha256_digest(writer->digest, digest);
	int code = store_put_zip(supply->store, order->module, order->query, &writer->temp, writer->bytes, digest, facts, &artifact, err);
	if (code != 0)
		return store_failed(supply, code, err);
	store_works(supply);
	*answer_out = answer_artifact(order, artifact, source);
	return 0;
}

void zip_writer_close(struct zip_writer *writer)
{
	file_temp_close(&writer->temp);
	sha256_close(&writer->digest);
}
