/* Looks behind the back of who is served from the store: whether what was pinned moved, now and then, while nobody waits for it. */
#include <stdlib.h>

#include "supply/supply_private.h"

#define SLOTS      1024  /* by hash of the module: of two that share one, the other's look counts for each */
#define QUIET_US   50000 /* between two looks, and beyond that: */
#define QUIET_PART 20    /* a look may take this part of the time */

struct look {
	atomic_bool taken;
	struct supply *supply;
	struct turn turn;
	int64_t asked_us;
	size_t module_len;
	char module[MODULE_PATH_MAX];
};

struct behind {
	_Atomic int64_t due_us[SLOTS]; /* monotonic: no look before */
	struct look handed;            /* on its way to a reader */
	struct look looks[2];          /* one at a time: of local repositories; of remote ones, which may take long */
};

int behind_open(struct behind **behind_out, struct err *err)
{
	struct behind *behind = calloc(1, sizeof(*behind));
	if (behind == NULL)
		return supply_no_memory(err, "open the table of looks");
	*behind_out = behind;
	return 0;
}

void behind_close(struct behind **behind)
{
	free(*behind);
	*behind = NULL;
}

static _Atomic int64_t *due_of(struct supply *supply, struct slice module)
{
	return &supply->behind->due_us[hash_quick(module) % SLOTS];
}

static bool due(struct supply *supply, struct slice module)
{
	return atomic_load(due_of(supply, module)) <= clock_monotonic_us(supply->clock);
}

/* Also while a look hangs: then who is served pays for no other each time. */
static void put_off(struct supply *supply, struct slice module, int64_t quiet_us)
{
	atomic_store(due_of(supply, module), clock_monotonic_us(supply->clock) + quiet_us);
}

static bool take(struct look *look, struct supply *supply, struct slice module)
{
	if (module.len > sizeof(look->module) || atomic_exchange(&look->taken, true))
		return false;
	look->supply = supply;
	look->asked_us = clock_monotonic_us(&clock_system);
	look->module_len = module.len;
	memcpy(look->module, module.ptr, module.len);
	return true;
}

static void end(struct look *look)
{
	atomic_store(&look->taken, false);
}

static void work(void *arg)
{
	struct look *look = arg;
	struct supply *supply = look->supply;
	struct slice module = slice_make(look->module, look->module_len);
	int64_t begun_us = clock_monotonic_us(supply->clock), quiet_us;
	if (vcs_stand_due(supply->vcs, module))
		moves_look(supply, module, look->asked_us, true);
	quiet_us = (clock_monotonic_us(supply->clock) - begun_us) * QUIET_PART;
	put_off(supply, module, quiet_us > QUIET_US ? quiet_us : QUIET_US);
	turns_end(supply->turns, &look->turn);
	end(look);
}

static void begin(struct supply *supply, struct slice module)
{
	struct turn turn = { .work = work };
	vcs_repository_of(supply->vcs, module, turn.repository);
	struct look *look = &supply->behind->looks[turn.repository[0] != '\0' && turn.repository[0] != '/'];
	if (!take(look, supply, module))
		return;
	look->turn = turn;
	look->turn.arg = look;
	if (turns_begin(supply->turns, &look->turn) != 0)
		end(look);
}

void behind_look(struct supply *supply, struct slice module)
{
	if (!due(supply, module))
		return;
	put_off(supply, module, QUIET_US);
	begin(supply, module);
}

static void hand_on(void *arg)
{
	struct look *handed = arg;
	begin(handed->supply, slice_make(handed->module, handed->module_len));
	end(handed);
}

void behind_hand(struct supply *supply, struct slice module)
{
	struct look *handed = &supply->behind->handed;
	if (!due(supply, module) || !take(handed, supply, module))
		return;
	put_off(supply, module, QUIET_US);
	if (pool_submit(supply->readers, hand_on, handed) != 0)
		end(handed);
}
