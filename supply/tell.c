/*
 * Telling what moved. It is noted first and counts as told once whoever keeps the record says that it is durable: what could not be told, or was
 * noted just before a crash, is told at the next look or the next start. Rather twice than never.
 */
#include <stdio.h>
#include <stdlib.h>

#include "module/pseudo.h"
#include "supply/supply_private.h"

#define PAGE_COUNT     256 /* told at a time */
#define PAGE_BYTES_MAX ((size_t)PAGE_COUNT * (MODULE_PATH_MAX + MODULE_VERSION_MAX + 2 * MODULE_H1_MAX + SHA256_HEX))

struct page {
	struct buf bytes; /* what the notices point to: "module version pinned found" a line */
	size_t count;
	int64_t numbers[PAGE_COUNT];
	enum store_fact facts[PAGE_COUNT];
	struct supply_notice notices[PAGE_COUNT];
};

struct tells {
	pthread_mutex_t lock;     /* held while they are told, so that none is told by two */
	_Atomic uint64_t noted;   /* how many; and one, for what an earlier process left */
	_Atomic uint64_t settled; /* none of so many is left untold */
};

int tells_open(struct tells **tells_out, struct err *err)
{
	struct tells *tells = calloc(1, sizeof(*tells));
	if (tells == NULL)
		return supply_no_memory(err, "tell what moved");
	pthread_mutex_init(&tells->lock, NULL);
	atomic_init(&tells->noted, 1);
	*tells_out = tells;
	return 0;
}

void tells_close(struct tells **tells)
{
	if (*tells == NULL)
		return;
	pthread_mutex_destroy(&(*tells)->lock);
	free(*tells);
	*tells = NULL;
}

bool tell_note(struct supply *supply, struct slice module, struct slice version, const struct store_move *move)
{
	if (supply->notice == NULL)
		return true;
	int code = store_pin_report(supply->store, module, version, move, NULL);
	if (code == 0)
		atomic_fetch_add(&supply->tells->noted, 1);
	return code >= 0;
}

static const char *what_moved(const struct supply_notice *notice, enum store_fact fact)
{
	if (fact != STORE_FACT_COMMIT)
		return fact == STORE_FACT_H1 ? "zip changed" : "go.mod changed";
	if (slice_equal(notice->pinned, notice->found))
		return pseudo_is(notice->version) ? "commit back" : "tag moved back";
	if (notice->found.len > 0)
		return "tag moved";
	return pseudo_is(notice->version) ? "history rewritten" : "tag deleted";
}

/* The catalogue is held: nobody may be told, who might wait for it. */
static int note(void *ctx, const struct store_untold *untold)
{
	struct page *page = ctx;
	size_t at = page->count++;
	buf_printf(&page->bytes, "%.*s %.*s %.*s %.*s\n", SLICE_ARG(untold->module), SLICE_ARG(untold->version), SLICE_ARG(untold->move.pinned),
		SLICE_ARG(untold->move.found));
	page->numbers[at] = untold->number;
	page->facts[at] = untold->move.fact;
	page->notices[at].is_private = untold->move.is_private;
	return page->count == PAGE_COUNT;
}

/* Only now do the bytes stand still. */
static void point(struct page *page)
{
	struct slice all = buf_slice(&page->bytes), line, rest;
	for (size_t i = 0; i < page->count && slice_next(&all, '\n', &line); i++) {
		struct supply_notice *notice = &page->notices[i];
		slice_cut(line, ' ', &notice->module, &rest);
		slice_cut(rest, ' ', &notice->version, &rest);
		slice_cut(rest, ' ', &notice->pinned, &notice->found);
		notice->what = what_moved(notice, page->facts[i]);
	}
}

/* False: no more can be told; none_out: since there is no more. */
static bool tell_page(struct supply *supply, struct page *page, bool *none_out)
{
	page->count = 0;
	buf_reset(&page->bytes);
	if (store_untold_each(supply->store, note, page, NULL) != 0 || buf_failed(&page->bytes))
		return false;
	*none_out = page->count == 0;
	if (page->count == 0)
		return false;
	point(page);
	size_t durable = supply->notice(supply->notice_ctx, page->notices, page->count);
	return durable > 0 && store_told(supply->store, page->numbers[durable - 1], NULL) == 0 && durable == page->count;
}

void tell_untold(struct supply *supply)
{
	struct tells *tells = supply->tells;
	struct page *page;
	bool none = false;
	if (supply->notice == NULL || atomic_load(&tells->settled) == atomic_load(&tells->noted))
		return;
	page = calloc(1, sizeof(*page));
	if (page == NULL)
		return;
	buf_init(&page->bytes, PAGE_BYTES_MAX);
	pthread_mutex_lock(&tells->lock);
	uint64_t noted = atomic_load(&tells->noted);
	while (tell_page(supply, page, &none))
		;
	if (none)
		atomic_store(&tells->settled, noted);
	pthread_mutex_unlock(&tells->lock);
	buf_free(&page->bytes);
	free(page);
}

void tell_changed(struct supply *supply, struct slice module, struct slice version, const struct store_move *move)
{
	tell_note(supply, module, version, move);
	tell_untold(supply);
}
