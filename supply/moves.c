/*
 * Did what was pinned move? Each reading of a repository's references that shows another state is held against the pins of the modules that are
 * asked for, once: by whoever asks for a list, latest or a branch, after a push, and behind the back of who is served from the store.
 */
#include <stdio.h>
#include <stdlib.h>

#include "supply/supply_private.h"

#define SLOTS      1024 /* by hash of the module: of two that share one, each look forgets the other's, which costs a look */
#define LOCKS      32
#define PAGE_BYTES (64 * 1024) /* of versions and commits: so many pins are held against the references at a time */
#define LINE_MAX   (MODULE_VERSION_MAX + 3 * SHA256_HEX)

struct slot {
	uint64_t module; /* hash; 0: nothing */
	int64_t read_us;
	uint8_t digest[SHA256_BYTES];
	bool looked;
};

struct moves {
	struct slot slots[SLOTS];
	pthread_mutex_t locks[LOCKS]; /* of every so many slots; held for a look: what is older is never told after what is newer */
};

int moves_open(struct moves **moves_out, struct err *err)
{
	struct moves *moves = calloc(1, sizeof(*moves));
	if (moves == NULL)
		return supply_no_memory(err, "open the table of moves");
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_init(&moves->locks[i], NULL);
	*moves_out = moves;
	return 0;
}

void moves_close(struct moves **moves)
{
	if (*moves == NULL)
		return;
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&(*moves)->locks[i]);
	free(*moves);
	*moves = NULL;
}

static struct slot *slot_of(struct moves *moves, struct slice module)
{
	return &moves->slots[hash_quick(module) % SLOTS];
}

static pthread_mutex_t *lock_of(struct moves *moves, struct slice module)
{
	return &moves->locks[hash_quick(module) % SLOTS % LOCKS];
}

void moves_forget(struct supply *supply, struct slice module)
{
	pthread_mutex_lock(lock_of(supply->moves, module));
	slot_of(supply->moves, module)->looked = false;
	pthread_mutex_unlock(lock_of(supply->moves, module));
}

struct page {
	struct buf lines; /* "version pinned found"; what has gone is "-" */
	char last[MODULE_VERSION_MAX + 1];
	bool full;
};

/* The repository must not be asked while the catalogue is held. */
static int note_pin(void *ctx, struct slice version, const struct store_pin *pin, struct slice found)
{
	struct page *page = ctx;
	if (pin->commit[0] != '\0')
		buf_printf(&page->lines, "%.*s %s %.*s\n", SLICE_ARG(version), pin->commit, SLICE_ARG(found.len > 0 ? found : SLICE("-")));
	snprintf(page->last, sizeof(page->last), "%.*s", SLICE_ARG(version));
	page->full = page->lines.len >= PAGE_BYTES;
	return page->full;
}

/* False: how it stands could not be known, or not be noted. */
static bool compare(struct supply *supply, struct vcs_stand *stand, struct slice module, struct slice line)
{
	char pinned[VCS_COMMIT_MAX], found[VCS_COMMIT_MAX];
	struct slice version, rest, commit, before;
	if (!slice_cut(line, ' ', &version, &rest) || !slice_cut(rest, ' ', &commit, &before))
		return false;
	snprintf(pinned, sizeof(pinned), "%.*s", SLICE_ARG(commit));
	if (vcs_stand_commit(stand, version, pinned, found, NULL) != 0)
		return false;
	if (slice_equal_text(before, found[0] != '\0' ? found : "-"))
		return true;
	struct store_move move = { .fact = STORE_FACT_COMMIT, .pinned = slice_of(pinned), .found = slice_of(found), .is_private = true };
	return tell_note(supply, module, version, &move);
}

/* False: not all of them, so that the same references are worth another look. One that cannot be known keeps no other from being told. */
static bool compare_all(struct supply *supply, struct vcs_stand *stand, struct slice module)
{
	struct page page = { .lines = BUF_INIT(PAGE_BYTES + LINE_MAX), .last = "" };
	bool complete = true;
	do {
		struct slice rest, line;
		buf_reset(&page.lines);
		page.full = false;
		if (store_pin_each(supply->store, module, slice_of(page.last), note_pin, &page, NULL) != 0 || buf_failed(&page.lines)) {
			complete = false;
			break;
		}
		rest = buf_slice(&page.lines);
		while (slice_next(&rest, '\n', &line))
			complete = compare(supply, stand, module, line) && complete;
	} while (page.full);
	buf_free(&page.lines);
	return complete;
}

/* Is it news? Then it is taken for looked at. Under the lock. */
static bool is_news(struct slot *slot, struct slice module, const struct vcs_stand *stand)
{
	bool known = slot->looked && slot->module == hash_quick(module);
	if (known && vcs_stand_read_us(stand) < slot->read_us)
		return false;
	bool same = known && memcmp(slot->digest, vcs_stand_digest(stand), sizeof(slot->digest)) == 0;
	slot->module = hash_quick(module);
	slot->looked = true;
	slot->read_us = vcs_stand_read_us(stand);
	memcpy(slot->digest, vcs_stand_digest(stand), sizeof(slot->digest));
	return !same;
}

void moves_look(struct supply *supply, struct slice module, int64_t asked_us, bool read)
{
	struct vcs_stand *stand = NULL;
	struct slot *slot = slot_of(supply->moves, module);
	if (vcs_stand_open(supply->vcs, module, asked_us, read, &stand, NULL) == 0) {
		pthread_mutex_lock(lock_of(supply->moves, module));
		if (is_news(slot, module, stand) && !compare_all(supply, stand, module))
			slot->looked = false;
		pthread_mutex_unlock(lock_of(supply->moves, module));
		vcs_stand_close(&stand);
	}
	tell_untold(supply);
}
