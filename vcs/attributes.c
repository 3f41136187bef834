/*
 * Attributes as the .gitattributes files of one commit say, and nothing else: no index, no working tree, no info/attributes and no
 * configuration has a say. (The library reads some of these, and takes quoted and negative patterns for something else than git does.)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vcs/attributes_private.h"

#define FILE_BYTES_MAX (8u * 1024 * 1024)
#define NAMES_MAX      512                    /* macros may use each other: so deep may they be */
#define LEVELS_MAX     (TREE_DEPTH_MAX + 200) /* directories of a module and of the files in it */
#define LOOK_UP_EVERY  256                    /* rules: is there time left? Each may cost a millisecond */

/* The rules of one directory on the way to a file. */
struct level {
	size_t path_len; /* of the directory with its '/'; 0 for the root */
	struct buf file;
	struct rules rules;
};

/* What a name that is a macro stands for; NULL where it is none. */
struct macro {
	const struct rules *rules;
	const struct rule *rule;
};

struct attributes {
	const struct session *session;
	uint64_t looked_at; /* rules, for all files together */
	uint64_t steps;     /* likewise; at most ATTRIBUTES_STEPS_MAX */
	git_repository *git;
	git_tree *tree;
	struct attribute_names names;
	struct macro *macros;           /* by number */
	struct attribute_value *values; /* by number, of the file at hand */
	struct rules builtin;
	char path[2 * TREE_PATH_MAX]; /* of the levels */
	struct level levels[LEVELS_MAX];
	size_t depth;
};

size_t vcs_attribute_number(const struct attribute_names *names, struct slice name)
{
	for (size_t i = 0; i < names->count; i++)
		if (slice_equal_text(name, names->names[i]))
			return i;
	return ATTRIBUTE_NONE;
}

size_t vcs_attribute_intern(struct attribute_names *names, struct slice name)
{
	size_t number = vcs_attribute_number(names, name);

	if (number != ATTRIBUTE_NONE || names->count == NAMES_MAX)
		return number;
	if (names->count == names->cap) {
		size_t cap = names->cap ? names->cap * 2 : 16;
		char **grown = realloc(names->names, cap * sizeof(*grown));

		if (!grown)
			return ATTRIBUTE_NONE;
		names->names = grown;
		names->cap = cap;
	}
	names->names[names->count] = slice_dup(name);
	return names->names[names->count] ? names->count++ : ATTRIBUTE_NONE;
}

int vcs_rules_add(struct rules *rules, const struct rule *rule)
{
	if (rules->count == rules->cap) {
		size_t cap = rules->cap ? rules->cap * 2 : 16;
		struct rule *grown = realloc(rules->rules, cap * sizeof(*grown));

		if (!grown)
			return -1;
		rules->rules = grown;
		rules->cap = cap;
	}
	rules->rules[rules->count++] = *rule;
	return 0;
}

int vcs_rules_add_state(struct rules *rules, struct rule *rule, const struct state *state)
{
	if (rules->states_count == rules->states_cap) {
		size_t cap = rules->states_cap ? rules->states_cap * 2 : 32;
		struct state *grown = realloc(rules->states, cap * sizeof(*grown));

		if (!grown)
			return -1;
		rules->states = grown;
		rules->states_cap = cap;
	}
	if (rule->states_count++ == 0)
		rule->states_at = rules->states_count;
	rules->states[rules->states_count++] = *state;
	return 0;
}

void vcs_rules_free(struct rules *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		free(rules->rules[i].text);
	free(rules->rules);
	free(rules->states);
	memset(rules, 0, sizeof(*rules));
}

static void pop(struct attributes *attributes)
{
	struct level *level = &attributes->levels[--attributes->depth];

	vcs_rules_free(&level->rules);
	buf_free(&level->file);
}

/* Reads the rules of the directory that is the first path_len bytes of path; without a file there is no rule. */
static int push(struct attributes *attributes, const char *path, size_t path_len, struct err *err)
{
	struct level *level = &attributes->levels[attributes->depth];
	char name[2 * TREE_PATH_MAX + 32];
	int code, n;

	if (attributes->depth == LEVELS_MAX || path_len >= sizeof(attributes->path))
		return err_set(err, VCS_ERR_REJECTED, "the tree has more than %d levels", LEVELS_MAX);
	memset(level, 0, sizeof(*level));
	buf_init(&level->file, FILE_BYTES_MAX);
	level->path_len = path_len;
	memcpy(attributes->path, path, path_len);
	n = snprintf(name, sizeof(name), "%.*s.gitattributes", (int)path_len, path);
	ASSERT(n > 0 && (size_t)n < sizeof(name));
	code = vcs_blob_read(attributes->git, attributes->tree, name, &level->file, err);
	attributes->depth++;
	if (code == VCS_ERR_ABSENT)
		return 0;
	attributes->steps += level->file.len;
	if (code == 0 && vcs_rules_read(buf_slice(&level->file), &attributes->names, path_len == 0, &level->rules) < 0)
		code = err_set(err, attributes->names.count == NAMES_MAX ? VCS_ERR_REJECTED : VCS_ERR_UNKNOWN,
			"%s cannot be read: it defines more than %d macros, or memory is short", name, NAMES_MAX);
	return code;
}

static void note_macros(struct attributes *attributes, const struct rules *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		if (rules->rules[i].macro != ATTRIBUTE_NONE)
			attributes->macros[rules->rules[i].macro] = (struct macro){ rules, &rules->rules[i] };
}

static int open_root(struct attributes *attributes, struct err *err)
{
	static const char *const known[ATTRIBUTES_KNOWN] = { "ident", "text", "crlf", "eol", "working-tree-encoding", "binary" };
	size_t count;
	int code;

	for (size_t i = 0; i < ATTRIBUTES_KNOWN; i++)
		if (vcs_attribute_intern(&attributes->names, slice_of(known[i])) != i)
			return vcs_no_memory(err, "read .gitattributes");
	if (vcs_rules_read(SLICE("[attr]binary -diff -merge -text\n"), &attributes->names, true, &attributes->builtin) < 0)
		return vcs_no_memory(err, "read .gitattributes");
	code = push(attributes, "", 0, err);
	if (code < 0)
		return code;
	count = attributes->names.count; /* no file below adds another: macros are the root's alone */
	attributes->macros = calloc(count, sizeof(*attributes->macros));
	attributes->values = calloc(count, sizeof(*attributes->values));
	if (!attributes->macros || !attributes->values)
		return vcs_no_memory(err, "read .gitattributes");
	note_macros(attributes, &attributes->builtin);
	note_macros(attributes, &attributes->levels[0].rules);
	return 0;
}

int vcs_attributes_open(struct session *session, const git_oid *commit, struct attributes **attributes_out, struct err *err)
{
	struct attributes *attributes = calloc(1, sizeof(*attributes));
	int code;

	if (!attributes)
		return vcs_no_memory(err, "read .gitattributes");
	attributes->session = session;
	attributes->git = session->git;
	code = vcs_blob_tree(session->git, commit, &attributes->tree, err);
	if (code == 0)
		code = open_root(attributes, err);
	if (code < 0)
		vcs_attributes_close(&attributes);
	else
		*attributes_out = attributes;
	return code;
}

void vcs_attributes_close(struct attributes **attributes)
{
	struct attributes *gone = *attributes;

	*attributes = NULL;
	if (!gone)
		return;
	while (gone->depth > 0)
		pop(gone);
	vcs_rules_free(&gone->builtin);
	for (size_t i = 0; i < gone->names.count; i++)
		free(gone->names.names[i]);
	free(gone->names.names);
	free(gone->macros);
	free(gone->values);
	git_tree_free(gone->tree);
	free(gone);
}

/* The levels become those of the directories above path. */
static int walk_to(struct attributes *attributes, const char *path, struct err *err)
{
	size_t at;

	while (attributes->depth > 1 && strncmp(attributes->path, path, attributes->levels[attributes->depth - 1].path_len) != 0)
		pop(attributes);
	at = attributes->levels[attributes->depth - 1].path_len;
	for (const char *slash; (slash = strchr(path + at, '/')); at = (size_t)(slash - path) + 1) {
		int code = push(attributes, path, (size_t)(slash - path) + 1, err);

		if (code < 0)
			return code;
	}
	return 0;
}

/* What no stronger rule has decided yet is decided; a macro that is set decides its own states too, each name once. */
static void decide(struct attributes *attributes, const struct rules *rules, const struct rule *rule)
{
	for (size_t i = rule->states_count; i > 0; i--) {
		const struct state *state = &rules->states[rule->states_at + i - 1];

		attributes->steps++;
		if (attributes->values[state->attribute].kind != VALUE_UNKNOWN)
			continue;
		attributes->values[state->attribute] = state->value;
		if (state->value.kind == VALUE_SET && attributes->macros[state->attribute].rule)
			decide(attributes, attributes->macros[state->attribute].rules, attributes->macros[state->attribute].rule);
	}
}

/* As git does, what begins the pattern literally is compared first; the rest is matched as a pattern of its own. */
static int matches(struct attributes *attributes, const struct rule *rule, struct slice path, bool *matches_out, struct err *err)
{
	struct slice text = rule->basename ? slice_after(path, (size_t)(slice_last_index(path, '/') + 1)) : path;

	if (rule->basename)
		return vcs_wildmatch(rule->pattern, text, false, &attributes->steps, matches_out, err);
	*matches_out = false;
	if (text.len < rule->literal || memcmp(text.ptr, rule->pattern, rule->literal) != 0)
		return 0;
	return vcs_wildmatch(rule->pattern + rule->literal, slice_after(text, rule->literal), true, &attributes->steps, matches_out, err);
}

/* One more rule is looked at: may it be? */
static int go_on(struct attributes *attributes, struct err *err)
{
	if (++attributes->steps > ATTRIBUTES_STEPS_MAX)
		return err_set(err, VCS_ERR_REJECTED,
			"no zip can be made of %s: to match all its files with all patterns of .gitattributes takes too long; use fewer or simpler "
			"patterns there",
			attributes->session->at.module);
	return ++attributes->looked_at % LOOK_UP_EVERY == 0 ? vcs_session_go_on(attributes->session, err) : 0;
}

/* Deeper directories are stronger, and later lines of a file. */
static int evaluate(struct attributes *attributes, const char *path, struct err *err)
{
	int code = walk_to(attributes, path, err);

	memset(attributes->values, 0, attributes->names.count * sizeof(*attributes->values));
	for (size_t depth = attributes->depth; depth > 0 && code == 0; depth--) {
		const struct level *level = &attributes->levels[depth - 1];
		struct slice rest = slice_of(path + level->path_len);

		for (size_t i = level->rules.count; i > 0 && code == 0; i--) {
			const struct rule *rule = &level->rules.rules[i - 1];
			bool match = false;

			code = go_on(attributes, err);
			if (code == 0 && rule->macro == ATTRIBUTE_NONE)
				code = matches(attributes, rule, rest, &match, err);
			if (code == 0 && match)
				decide(attributes, &level->rules, rule);
		}
	}
	return code;
}

int vcs_attributes_conversion(struct attributes *attributes, const char *path, struct conversion *out, struct err *err)
{
	int code = evaluate(attributes, path, err);

	return code < 0 ? code : vcs_conversion_of(attributes->values, path, out, err);
}
