/*
 * The commits of one repository and their parents, in memory: numbered as they are met, looked up by a hash table of their ids (which
 * are hashes already). Questions of ancestry are answered by marking bits.
 */
#include <stdlib.h>
#include <string.h>

#include "vcs/vcs_private.h"

#define NONE      UINT32_MAX
#define SLOTS_MIN 1024

struct graph {
	unsigned epoch; /* counts how often everything was forgotten */
	git_oid *ids;
	uint32_t *first; /* where a commit's parents begin in `parents`; NONE while it was not read */
	size_t count, cap;
	uint32_t *parents; /* runs of numbers, each ended by NONE */
	size_t parents_count, parents_cap;
	uint32_t *slots; /* numbers by hash, NONE where free; a power of two */
	size_t slots_count;
};

struct graph *vcs_graph_open(void)
{
	return calloc(1, sizeof(struct graph));
}

static void forget(struct graph *graph)
{
	free(graph->ids);
	free(graph->first);
	free(graph->parents);
	free(graph->slots);
	*graph = (struct graph){ .epoch = graph->epoch + 1 };
}

unsigned vcs_graph_epoch(const struct graph *graph)
{
	return graph->epoch;
}

void vcs_graph_close(struct graph **graph)
{
	if (*graph)
		forget(*graph);
	free(*graph);
	*graph = NULL;
}

/* The slot that holds id, or the free one where it belongs. */
static size_t slot_of(const struct graph *graph, const git_oid *id)
{
	size_t at;

	memcpy(&at, id->id, sizeof(at));
	for (at &= graph->slots_count - 1; graph->slots[at] != NONE; at = (at + 1) & (graph->slots_count - 1))
		if (git_oid_equal(&graph->ids[graph->slots[at]], id))
			break;
	return at;
}

static int grow_slots(struct graph *graph)
{
	size_t old = graph->slots_count;

	if (graph->count * 2 < old)
		return 0;
	free(graph->slots);
	graph->slots_count = old ? old * 2 : SLOTS_MIN;
	graph->slots = malloc(graph->slots_count * sizeof(uint32_t));
	if (!graph->slots)
		return -1;
	memset(graph->slots, 0xff, graph->slots_count * sizeof(uint32_t));
	for (size_t i = 0; i < graph->count; i++)
		graph->slots[slot_of(graph, &graph->ids[i])] = (uint32_t)i;
	return 0;
}

static int grow(struct graph *graph)
{
	size_t cap = graph->cap ? graph->cap * 2 : SLOTS_MIN / 2;
	git_oid *ids;
	uint32_t *first;

	if (graph->count < graph->cap)
		return grow_slots(graph);
	ids = realloc(graph->ids, cap * sizeof(*ids));
	if (ids)
		graph->ids = ids;
	first = realloc(graph->first, cap * sizeof(*first));
	if (first)
		graph->first = first;
	if (!ids || !first)
		return -1;
	graph->cap = cap;
	return grow_slots(graph);
}

/* The number of a commit, new if need be. NONE: memory. */
static uint32_t number(struct graph *graph, const git_oid *id)
{
	size_t slot;

	if (grow(graph) < 0)
		return NONE;
	slot = slot_of(graph, id);
	if (graph->slots[slot] == NONE) {
		graph->ids[graph->count] = *id;
		graph->first[graph->count] = NONE;
		graph->slots[slot] = (uint32_t)graph->count++;
	}
	return graph->slots[slot];
}

static int add_parent(struct graph *graph, uint32_t parent)
{
	if (graph->parents_count == graph->parents_cap) {
		size_t cap = graph->parents_cap ? graph->parents_cap * 2 : SLOTS_MIN;
		uint32_t *parents = realloc(graph->parents, cap * sizeof(*parents));

		if (!parents)
			return -1;
		graph->parents = parents;
		graph->parents_cap = cap;
	}
	graph->parents[graph->parents_count++] = parent;
	return 0;
}

/* A list of numbers still to be looked at. */
struct todo {
	uint32_t *items;
	size_t count, cap;
};

static int push(struct todo *todo, uint32_t item)
{
	if (todo->count == todo->cap) {
		size_t cap = todo->cap ? todo->cap * 2 : 256;
		uint32_t *items = realloc(todo->items, cap * sizeof(*items));

		if (!items)
			return -1;
		todo->items = items;
		todo->cap = cap;
	}
	todo->items[todo->count++] = item;
	return 0;
}

/* Reads one commit: its parents are numbered, those not yet read go to todo. */
static int read_commit(struct graph *graph, git_repository *git, uint32_t at, struct todo *todo, struct err *err)
{
	git_commit *commit = NULL;
	git_oid id = graph->ids[at];
	uint32_t first = (uint32_t)graph->parents_count;
	int code = 0;

	if (git_commit_lookup(&commit, git, &id) != 0 && vcs_git_code() == VCS_ERR_REJECTED)
		return err_set(err, VCS_ERR_REJECTED, "the history cannot be searched: %s; ask for tagged versions", vcs_git_reason());
	if (!commit)
		return err_set(err, vcs_git_code(), "the history is not complete: %s; repair the repository, or unshallow it", vcs_git_reason());
	for (unsigned i = 0; i < git_commit_parentcount(commit) && code == 0; i++) {
		uint32_t parent = number(graph, git_commit_parent_id(commit, i));

		if (parent == NONE || add_parent(graph, parent) < 0 || (graph->first[parent] == NONE && push(todo, parent) < 0))
			code = vcs_no_memory(err, "read the history");
	}
	if (code == 0 && add_parent(graph, NONE) < 0)
		code = vcs_no_memory(err, "read the history");
	graph->first[at] = first;
	git_commit_free(commit);
	return code;
}

/* Reads whatever of the history of tip is not known yet. A failure forgets everything: half a history would answer wrongly. */
static int extend(struct graph *graph, git_repository *git, const git_oid *tip, uint32_t *at_out, struct err *err)
{
	struct todo todo = { NULL, 0, 0 };
	uint32_t at = number(graph, tip);
	int code = 0;

	if (at == NONE || push(&todo, at) < 0)
		code = vcs_no_memory(err, "read the history");
	while (code == 0 && todo.count > 0) {
		uint32_t next = todo.items[--todo.count];

		if (graph->count > GRAPH_COMMITS_MAX)
			code = err_set(err, VCS_ERR_UNKNOWN,
				"the history has more than %d commits, which is more than can be searched; ask for tagged versions",
				GRAPH_COMMITS_MAX);
		else if (graph->first[next] == NONE)
			code = read_commit(graph, git, next, &todo, err);
	}
	if (code < 0)
		forget(graph);
	else
		*at_out = at;
	free(todo.items);
	return code;
}

static bool marked(const uint8_t *bits, size_t at)
{
	return (bits[at / 8] >> (at % 8)) & 1;
}

static int mark(const struct graph *graph, struct todo *todo, uint8_t *bits)
{
	while (todo->count > 0) {
		uint32_t at = todo->items[--todo->count];

		if (marked(bits, at))
			continue;
		bits[at / 8] = (uint8_t)(bits[at / 8] | (1u << (at % 8)));
		for (size_t i = graph->first[at]; graph->parents[i] != NONE; i++)
			if (!marked(bits, graph->parents[i]) && push(todo, graph->parents[i]) < 0)
				return -1;
	}
	return 0;
}

int vcs_graph_mark(
	struct graph *graph, git_repository *git, const git_oid *tips, size_t tips_count, uint8_t **bits_out, size_t *count_out, struct err *err)
{
	struct todo todo = { NULL, 0, 0 };
	uint8_t *bits = NULL;
	uint32_t at;
	int code = 0;

	for (size_t i = 0; i < tips_count && code == 0; i++) {
		code = extend(graph, git, &tips[i], &at, err);
		if (code == 0 && push(&todo, at) < 0)
			code = vcs_no_memory(err, "read the history");
	}
	if (code < 0)
		goto out;
	bits = calloc(1, graph->count / 8 + 1);
	if (!bits || mark(graph, &todo, bits) < 0) {
		code = vcs_no_memory(err, "read the history");
		goto out;
	}
	*bits_out = bits;
	*count_out = graph->count;
	bits = NULL;
out:
	free(bits);
	free(todo.items);
	return code;
}

bool vcs_graph_marked(const struct graph *graph, const git_oid *commit, const uint8_t *bits, size_t count)
{
	uint32_t at = graph->slots_count ? graph->slots[slot_of(graph, commit)] : NONE;

	return at != NONE && at < count && marked(bits, at);
}

/* Hex digits against an id, without writing the id out. */
static bool begins(const git_oid *id, struct slice hex)
{
	for (size_t i = 0; i < hex.len; i++) {
		unsigned digit = i % 2 ? id->id[i / 2] & 15u : id->id[i / 2] >> 4;

		if (hex.ptr[i] != "0123456789abcdef"[digit])
			return false;
	}
	return true;
}

unsigned vcs_graph_find(const struct graph *graph, struct slice hex, const uint8_t *bits, size_t count, git_oid *commit_out)
{
	unsigned found = 0;

	for (size_t i = 0; i < count && i < graph->count && found < 2; i++) {
		if (!marked(bits, i) || !begins(&graph->ids[i], hex))
			continue;
		if (found++ == 0)
			*commit_out = graph->ids[i];
	}
	return found;
}
