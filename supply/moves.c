/*
 * Did what was pinned move? Each reading of a repository's references that shows another state is held against the pins of the modules that are
 * asked for, once: by whoever asks for a list, latest or a branch, after a push, and behind the back of who is served from the store.
 */
#include <stdio.h>
#include <stdlib.h>

#include "module/pseudo.h"
#include "supply/supply_private.h"

#define SLOTS      1024 /* by hash of the module: of two that share one, each look forgets the other's, which costs a look */
#define LOCKS      32
#define PINS_MAX   (16 * 1024 * 1024) /* bytes of one module's versions and commits: some 100,000 pins */
#define QUIET_US   50000              /* between two looks behind, and beyond that: */
#define QUIET_PART 20                 /* a look may take this part of the time */

struct slot {
	uint64_t module; /* hash; 0: nothing */
	int64_t read_us;
	uint8_t digest[SHA256_BYTES];
	bool looked;
	_Atomic int64_t due_us; /* monotonic: no look behind before */
};

struct moves {
	struct slot slots[SLOTS];
	pthread_mutex_t locks[LOCKS]; /* of every so many slots, but due_us; held for a look: what is older is never told after what is newer */
	atomic_bool behind[2];        /* one look behind at a time: of local repositories; of remote ones, which may take long */
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

/* "version pinned found" a line: the repository must not be asked while the catalogue is held. What has gone is "-". */
static int note_pin(void *ctx, struct slice version, const struct store_pin *pin, struct slice found)
{
	if (pin->commit[0] != '\0')
		buf_printf(ctx, "%.*s %s %.*s\n", SLICE_ARG(version), pin->commit, SLICE_ARG(found.len > 0 ? found : SLICE("-")));
	return 0;
}

static const char *what_moved(struct slice version, const char *pinned, const char *found)
{
	if (strcmp(pinned, found) == 0)
		return pseudo_is(version) ? "commit back" : "tag moved back";
	if (found[0] != '\0')
		return "tag moved";
	return pseudo_is(version) ? "history rewritten" : "tag deleted";
}

static void compare(struct supply *supply, struct vcs_stand *stand, struct slice module, struct slice line)
{
	char pinned[VCS_COMMIT_MAX], found[VCS_COMMIT_MAX];
	struct slice version, rest, commit, before;
	if (!slice_cut(line, ' ', &version, &rest) || !slice_cut(rest, ' ', &commit, &before))
		return;
	snprintf(pinned, sizeof(pinned), "%.*s", SLICE_ARG(commit));
	if (vcs_stand_commit(stand, version, pinned, found, NULL) != 0)
		return;
	if (!slice_equal_text(before, found[0] != '\0' ? found : "-"))
		tell_changed(supply, module, version, what_moved(version, pinned, found), STORE_FACT_COMMIT, pinned, found, true);
}

static void compare_all(struct supply *supply, struct vcs_stand *stand, struct slice module)
{
	struct buf pins = BUF_INIT(PINS_MAX);
	struct slice rest, line;
	if (store_pin_each(supply->store, module, note_pin, &pins, NULL) == 0 && !buf_failed(&pins)) {
		rest = buf_slice(&pins);
		while (slice_next(&rest, '\n', &line))
			compare(supply, stand, module, line);
	}
	buf_free(&pins);
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
	if (vcs_stand_open(supply->vcs, module, asked_us, read, &stand, NULL) != 0)
		return;
	pthread_mutex_lock(lock_of(supply->moves, module));
	if (is_news(slot_of(supply->moves, module), module, stand))
		compare_all(supply, stand, module);
	pthread_mutex_unlock(lock_of(supply->moves, module));
	vcs_stand_close(&stand);
}

/* --- behind the back of who is served from the store --------------------------------------------------------------------------------------- */

struct behind {
	struct supply *supply;
	struct turn turn;
	int64_t asked_us;
	size_t module_len;
	char module[];
};

static void end(struct behind *behind)
{
	atomic_store(&behind->supply->moves->behind[behind->turn.remote[0] != '\0'], false);
	free(behind);
}

static void look(void *arg)
{
	struct behind *behind = arg;
	struct supply *supply = behind->supply;
	struct slice module = slice_make(behind->module, behind->module_len);
	int64_t begun_us = clock_monotonic_us(supply->clock), took_us;
	if (vcs_stand_due(supply->vcs, module))
		moves_look(supply, module, behind->asked_us, true);
	took_us = clock_monotonic_us(supply->clock) - begun_us;
	atomic_store(
		&slot_of(supply->moves, module)->due_us, begun_us + took_us + (took_us * QUIET_PART > QUIET_US ? took_us * QUIET_PART : QUIET_US));
	turns_end(supply->turns, &behind->turn);
	end(behind);
}

void moves_look_behind(struct supply *supply, struct slice module)
{
	struct moves *moves = supply->moves;
	struct behind *behind;
	if (atomic_load(&slot_of(moves, module)->due_us) > clock_monotonic_us(supply->clock))
		return;
	behind = malloc(sizeof(*behind) + module.len);
	if (behind == NULL)
		return;
	*behind = (struct behind){ .supply = supply, .asked_us = clock_monotonic_us(&clock_system), .module_len = module.len };
	memcpy(behind->module, module.ptr, module.len);
	behind->turn = (struct turn){ .work = look, .arg = behind };
	vcs_remote(supply->vcs, module, behind->turn.remote);
	if (atomic_exchange(&moves->behind[behind->turn.remote[0] != '\0'], true))
		free(behind);
	else if (turns_begin(supply->turns, &behind->turn) != 0)
		end(behind);
}
