/* A policy's life, and what it says about names alone. */
#include "policy/policy_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "module/path.h"

#define HASH_NAME "sha256:"

static void hash_bytes(struct slice text, char hash_out[POLICY_HASH_MAX])
{
	uint8_t digest[SHA256_BYTES];

	sha256(text, digest);
	memcpy(hash_out, HASH_NAME, sizeof(HASH_NAME));
	hex_encode(digest, sizeof(digest), hash_out + sizeof(HASH_NAME) - 1);
}

static struct policy *make(void)
{
	struct policy *policy = calloc(1, sizeof(*policy));

	if (policy == NULL)
		return NULL;
	atomic_init(&policy->references, 1);
	policy->arena = arena_open(POLICY_MEMORY_MAX);
	if (policy->arena == NULL) {
		free(policy);
		return NULL;
	}
	return policy;
}

static int copy_prefixes(struct policy *policy, const char *const *prefixes, size_t count, struct err *err)
{
	if (count > POLICY_PREFIXES_MAX)
		return err_set(err, POLICY_ERR_INVALID, "more than %d mapped prefixes", POLICY_PREFIXES_MAX);
	policy->prefixes = arena_alloc(policy->arena, (count + 1) * sizeof(*policy->prefixes));
	if (policy->prefixes == NULL)
		return err_set(err, POLICY_ERR, "cannot hold the mapped prefixes: out of memory");
	for (size_t i = 0; i < count; i++) {
		policy->prefixes[i] = slice_of(arena_text(policy->arena, slice_of(prefixes[i])));
		if (policy->prefixes[i].ptr == NULL)
			return err_set(err, POLICY_ERR, "cannot hold the mapped prefixes: out of memory");
	}
	policy->prefixes_count = count;
	return 0;
}

static int fill(struct policy *policy, const char *name, struct slice text, struct err *err)
{
	struct yaml_document *document = NULL;
	int code;

	policy->name = arena_text(policy->arena, slice_of(name));
	if (policy->name == NULL)
		return err_set(err, POLICY_ERR, "cannot read %s: out of memory", name);
	hash_bytes(text, policy->hash);
	code = yaml_parse(name, text, &document, err);
	if (code == 0)
		code = policy_parse(document, policy, err);
	yaml_close(&document);
	return code == BASE_ERR_INVALID || code == BASE_ERR_LIMIT ? POLICY_ERR_INVALID : code;
}

int policy_open_text(
	const char *name, struct slice text, const char *const *mapped_prefixes, size_t count, struct policy **policy_out, struct err *err)
{
	struct policy *policy = NULL;
	int code;

	if (text.len > POLICY_BYTES_MAX)
		return err_set(err, POLICY_ERR_INVALID, "%s is larger than %d bytes", name, POLICY_BYTES_MAX);
	policy = make();
	if (policy == NULL)
		return err_set(err, POLICY_ERR, "cannot read %s: out of memory", name);
	code = copy_prefixes(policy, mapped_prefixes, count, err);
	if (code == 0)
		code = fill(policy, name, text, err);
	if (code == 0)
		*policy_out = policy;
	else
		policy_unref(policy);
	return code;
}

int policy_open(const char *path, const char *const *mapped_prefixes, size_t count, struct policy **policy_out, struct err *err)
{
	struct buf text = BUF_INIT(POLICY_BYTES_MAX);
	int code = file_read(path, &text, err);

	if (code == 0)
		code = policy_open_text(path, buf_slice(&text), mapped_prefixes, count, policy_out, err);
	else
		code = code == BASE_ERR_LIMIT ? POLICY_ERR_INVALID : POLICY_ERR;
	buf_free(&text);
	return code;
}

struct policy *policy_ref(struct policy *policy)
{
	atomic_fetch_add_explicit(&policy->references, 1, memory_order_relaxed);
	return policy;
}

void policy_unref(struct policy *policy)
{
	if (policy == NULL || atomic_fetch_sub_explicit(&policy->references, 1, memory_order_acq_rel) != 1)
		return;
	arena_close(&policy->arena);
	free(policy);
}

const char *policy_hash(const struct policy *policy)
{
	return policy->hash;
}

const char *policy_name(const struct policy *policy)
{
	return policy->name;
}

size_t policy_rules(const struct policy *policy)
{
	return policy->rules_count;
}

static const struct slice *find_prefix(const struct policy *policy, struct slice module)
{
	for (size_t i = 0; i < policy->prefixes_count; i++) {
		if (module_path_has_prefix(module, policy->prefixes[i]))
			return &policy->prefixes[i];
	}
	return NULL;
}

bool policy_is_mapped(const struct policy *policy, struct slice module)
{
	return find_prefix(policy, module) != NULL;
}

/*
 * The go command also asks for every parent of an import path. A parent of a mapped prefix is part of a private name, so it stays here
 * as well; no repository serves it.
 */
static const struct slice *find_descendant(const struct policy *policy, struct slice module)
{
	for (size_t i = 0; i < policy->prefixes_count; i++) {
		if (module_path_has_prefix(policy->prefixes[i], module))
			return &policy->prefixes[i];
	}
	return NULL;
}

bool policy_is_private(const struct policy *policy, struct slice module)
{
	return policy_is_mapped(policy, module) || find_descendant(policy, module) != NULL ||
	       policy_patterns_find(&policy->private_patterns, module) != NULL;
}

struct slice policy_private_because(const struct policy *policy, struct slice module, const char **kind_out)
{
	const struct slice *prefix = find_prefix(policy, module);
	const struct pattern *pattern = policy_patterns_find(&policy->private_patterns, module);

	*kind_out = prefix != NULL ? "mapped prefix" : "private pattern";
	if (prefix == NULL && pattern == NULL) {
		prefix = find_descendant(policy, module);
		*kind_out = "parent of a mapped prefix";
	}
	if (prefix != NULL)
		return *prefix;
	return pattern != NULL ? pattern->text : SLICE_NONE;
}

bool policy_sumdb_exempt(const struct policy *policy, struct slice module)
{
	return policy_patterns_find(&policy->nosumdb, module) != NULL;
}
