/*
 * What a push has made old: since when the answers about a repository's modules are not fresh any more, however young they are. Many pushes
 * in a short while are one: beyond a burst, the next takes effect after SUPPLY_REFRESH_INTERVAL_S, and those that come until then with it.
 * Fetches behind are bounded for each prefix as well, since one secret tells of all names below it, and names can be invented.
 */
#include <stdlib.h>

#include "module/template.h"
#include "supply/supply_private.h"

#define SLOTS 1024 /* by hash: two repositories that share one are refreshed together, which costs a reading and harms nothing */

#define INTERVAL_US      ((int64_t)SUPPLY_REFRESH_INTERVAL_S * 1000000)
#define RULE_INTERVAL_US ((int64_t)SUPPLY_REFRESH_RULE_INTERVAL_S * 1000000)

struct slot {
	struct refreshed at;
	int64_t due_us;  /* monotonic: a refresh that was put off takes effect then; 0: none */
	int64_t full_us; /* monotonic: when the burst may be had in full again */
};

/* The part of a module path that names the repository: the same for all modules of one. */
struct root {
	char *prefix;
	size_t elements; /* after the prefix */
	int64_t full_us; /* monotonic: when all the fetches behind of a burst may be had again. Under the lock */
};

struct refreshes {
	const struct clock *clock;
	struct root *roots;
	size_t roots_count;
	pthread_mutex_t lock;
	struct slot slots[SLOTS];
};

/* How many elements {n} take. Of {*}, which takes as many as there must be, the first is the same for all modules of one repository. */
static size_t elements_of(const char *repository)
{
	struct module_template template = { 0, false };
	module_template_read(repository, &template, NULL);
	return template.elements + template.open_ended;
}

int refreshes_open(const struct supply_options *options, struct refreshes **refreshes_out, struct err *err)
{
	struct refreshes *refreshes = calloc(1, sizeof(*refreshes));
	if (refreshes == NULL)
		return supply_no_memory(err, "open the table of refreshes");
	pthread_mutex_init(&refreshes->lock, NULL);
	refreshes->clock = options->clock != NULL ? options->clock : &clock_system;
	refreshes->roots = calloc(options->repositories_count + 1, sizeof(*refreshes->roots));
	for (size_t i = 0; refreshes->roots != NULL && i < options->repositories_count; i++) {
		struct root *root = &refreshes->roots[refreshes->roots_count];
		root->prefix = slice_dup(slice_of(options->repositories[i].prefix));
		root->elements = elements_of(options->repositories[i].repository);
		refreshes->roots_count += root->prefix != NULL;
	}
	if (refreshes->roots == NULL || refreshes->roots_count != options->repositories_count) {
		refreshes_close(&refreshes);
		return supply_no_memory(err, "open the table of refreshes");
	}
	*refreshes_out = refreshes;
	return 0;
}

void refreshes_close(struct refreshes **refreshes)
{
	if (*refreshes == NULL)
		return;
	for (size_t i = 0; i < (*refreshes)->roots_count; i++)
		free((*refreshes)->roots[i].prefix);
	free((*refreshes)->roots);
	pthread_mutex_destroy(&(*refreshes)->lock);
	free(*refreshes);
	*refreshes = NULL;
}

static struct root *root_find(const struct refreshes *refreshes, struct slice module)
{
	struct root *best = NULL;
	for (size_t i = 0; i < refreshes->roots_count; i++) {
		if (module_path_prefix_closer(module, slice_of(refreshes->roots[i].prefix), slice_of(best != NULL ? best->prefix : "")))
			best = &refreshes->roots[i];
	}
	return best;
}

/* NULL when no repository is configured for the module. */
static struct slot *slot_of(struct refreshes *refreshes, struct slice module)
{
	const struct root *root = root_find(refreshes, module);
	size_t left = root != NULL ? root->elements : 0;
	uint32_t hash = 2166136261u;
	if (root == NULL)
		return NULL;
	for (size_t i = 0; i < module.len; i++) {
		if (module.ptr[i] == '/' && i >= strlen(root->prefix) && left-- == 0)
			break;
		hash = (hash ^ (unsigned char)module.ptr[i]) * 16777619u;
	}
	return &refreshes->slots[hash % SLOTS];
}

static void take_effect(struct slot *slot, int64_t wall_us, int64_t monotonic_us)
{
	slot->at.epoch++;
	slot->at.wall_us = wall_us;
	slot->at.monotonic_us = monotonic_us;
	slot->due_us = 0;
}

/* What was put off and is due by now has taken effect when it was due. Under the lock. */
static void settle(const struct refreshes *refreshes, struct slot *slot, int64_t now_us)
{
	if (slot->due_us != 0 && slot->due_us <= now_us)
		take_effect(slot, clock_wall_us(refreshes->clock) - (now_us - slot->due_us), slot->due_us);
}

struct refreshed refreshes_read(struct refreshes *refreshes, struct slice module)
{
	struct slot *slot = slot_of(refreshes, module);
	struct refreshed at = { 0 };
	if (slot == NULL)
		return at;
	pthread_mutex_lock(&refreshes->lock);
	settle(refreshes, slot, clock_monotonic_us(refreshes->clock));
	at = slot->at;
	pthread_mutex_unlock(&refreshes->lock);
	return at;
}

int64_t refreshes_turn(struct refreshes *refreshes, struct slice module)
{
	struct root *root = root_find(refreshes, module);
	if (root == NULL)
		return 0;
	pthread_mutex_lock(&refreshes->lock);
	int64_t now_us = clock_monotonic_us(refreshes->clock), full_us = root->full_us > now_us ? root->full_us : now_us;
	int64_t wait_us = full_us - now_us - (SUPPLY_REFRESH_RULE_BURST - 1) * RULE_INTERVAL_US;
	if (wait_us <= 0)
		root->full_us = full_us + RULE_INTERVAL_US;
	pthread_mutex_unlock(&refreshes->lock);
	return wait_us > 0 ? wait_us : 0;
}

bool refreshes_mark(struct refreshes *refreshes, struct slice module, int64_t *after_us_out)
{
	struct slot *slot = slot_of(refreshes, module);
	if (slot == NULL)
		return false;
	pthread_mutex_lock(&refreshes->lock);
	int64_t now_us = clock_monotonic_us(refreshes->clock);
	settle(refreshes, slot, now_us);
	if (slot->due_us == 0) {
		int64_t full_us = slot->full_us > now_us ? slot->full_us : now_us;
		slot->full_us = full_us + INTERVAL_US;
		if (full_us - now_us <= (SUPPLY_REFRESH_BURST - 1) * INTERVAL_US)
			take_effect(slot, clock_wall_us(refreshes->clock), now_us);
		else
			slot->due_us = full_us - (SUPPLY_REFRESH_BURST - 1) * INTERVAL_US;
	}
	*after_us_out = slot->due_us != 0 ? slot->due_us - now_us : 0;
	pthread_mutex_unlock(&refreshes->lock);
	return true;
}

void refreshes_late(struct refreshes *refreshes, struct slice module, uint64_t epoch)
{
	struct slot *slot = slot_of(refreshes, module);
	if (slot == NULL)
		return;
	pthread_mutex_lock(&refreshes->lock);
	settle(refreshes, slot, clock_monotonic_us(refreshes->clock));
	if (slot->at.epoch != epoch)
		slot->at.wall_us = clock_wall_us(refreshes->clock) + 1;
	pthread_mutex_unlock(&refreshes->lock);
}

int64_t refreshes_since(void *ctx, struct slice module)
{
	return refreshes_read(ctx, module).monotonic_us;
}

/* --- the fetch behind ---------------------------------------------------------------------------------------------------------------------- */

struct behind {
	struct supply *supply;
	struct turn turn;
	int64_t asked_us;
	size_t module_len;
	char module[];
};

static struct slice module_of(const struct behind *behind)
{
	return slice_make(behind->module, behind->module_len);
}

/* Whether it could be done is told to whoever asks next, who tries again: here nobody waits. */
static void fetch(void *arg)
{
	struct behind *behind = arg;
	if (vcs_refresh(behind->supply->vcs, module_of(behind), behind->asked_us, NULL) == 0)
		moves_look(behind->supply, module_of(behind), behind->asked_us, false);
	turns_end(behind->supply->turns, &behind->turn);
	free(behind);
}

static void hand_on(void *arg)
{
	struct behind *behind = arg;
	behind->turn = (struct turn){ .work = fetch, .arg = behind };
	vcs_repository_of(behind->supply->vcs, module_of(behind), behind->turn.repository);
	if (turns_begin(behind->supply->turns, &behind->turn) != 0)
		free(behind);
}

static void begin_behind(struct supply *supply, struct slice module)
{
	struct behind *behind = malloc(sizeof(*behind) + module.len);
	if (behind == NULL)
		return;
	*behind = (struct behind){ .supply = supply, .asked_us = clock_monotonic_us(&clock_system), .module_len = module.len };
	memcpy(behind->module, module.ptr, module.len);
	if (pool_submit(supply->readers, hand_on, behind) != 0)
		free(behind);
}

int supply_refresh(struct supply *supply, struct slice module, int64_t *after_us_out)
{
	int64_t after_us = 0;
	if (!refreshes_mark(supply->refreshes, module, &after_us))
		return SUPPLY_ERR_ABSENT;
	int64_t wait_us = after_us == 0 ? refreshes_turn(supply->refreshes, module) : 0;
	if (after_us == 0 && wait_us == 0)
		begin_behind(supply, module);
	*after_us_out = wait_us > 0 ? wait_us : after_us;
	return wait_us > 0 ? SUPPLY_ERR_BUSY : SUPPLY_OK;
}
