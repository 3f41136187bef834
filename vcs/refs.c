/* The references of a repository at one moment: tags and branches sorted by name and peeled, and the head. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vcs/packed_private.h"

#define PEEL_MAX 16 /* tags of tags */

struct ref_list {
	struct ref *items;
	size_t count, cap;
};

static int ref_order(const void *a, const void *b)
{
	return strcmp(((const struct ref *)a)->name, ((const struct ref *)b)->name);
}

static int list_add(struct ref_list *list, const char *name, const git_oid *object)
{
	if (list->count == list->cap) {
		size_t cap = list->cap ? list->cap * 2 : 64;
		struct ref *items = realloc(list->items, cap * sizeof(*items));

		if (!items)
			return -1;
		list->items = items;
		list->cap = cap;
	}
	memset(&list->items[list->count], 0, sizeof(list->items[0]));
	list->items[list->count].object = *object;
	list->items[list->count].name = strdup(name);
	if (!list->items[list->count].name)
		return -1;
	list->count++;
	return 0;
}

static void list_free(struct ref *items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(items[i].name);
	free(items);
}

/* A symbolic reference counts as what it leads to; one that leads nowhere does not count. Only those are resolved: it reads the disk. */
static int list_reference(struct ref_list *list, const git_reference *reference, size_t prefix_len)
{
	const char *name = git_reference_name(reference) + prefix_len;
	git_reference *direct = NULL;
	int code = 0;

	if (git_reference_type(reference) == GIT_REFERENCE_DIRECT)
		return list_add(list, name, git_reference_target(reference));
	if (git_reference_resolve(&direct, reference) == 0)
		code = list_add(list, name, git_reference_target(direct));
	git_reference_free(direct);
	return code;
}

static int list_read(git_repository *git, const char *prefix, struct ref_list *out, struct err *err)
{
	git_reference_iterator *iterator = NULL;
	git_reference *reference = NULL;
	char glob[32];
	int got, code = 0;

	snprintf(glob, sizeof(glob), "%s*", prefix);
	got = git_reference_iterator_glob_new(&iterator, git, glob);
	while (got == 0 && (got = git_reference_next(&reference, iterator)) == 0) {
		if (list_reference(out, reference, strlen(prefix)) < 0)
			code = vcs_no_memory(err, "read the references");
		git_reference_free(reference);
		if (code < 0)
			break;
	}
	if (code == 0 && got != GIT_ITEROVER)
		code = err_set(err, vcs_git_code(), "cannot read the references: %s", vcs_git_reason());
	git_reference_iterator_free(iterator);
	if (out->count > 0)
		qsort(out->items, out->count, sizeof(*out->items), ref_order);
	return code;
}

/* Type and size are asked for first: a tag may name a blob of any size, and be as large. One that is too large leads to no commit, and ends here. */
static int peel(git_repository *git, git_odb *odb, struct ref *ref, struct err *err)
{
	git_oid at = ref->object;
	git_object_t type = GIT_OBJECT_INVALID;
	size_t bytes;

	for (int i = 0; i < PEEL_MAX; i++) {
		git_tag *tag = NULL;

		if (git_odb_read_header(&bytes, &type, odb, &at) != 0)
			return err_set(err, vcs_git_code(), "reference %.200s cannot be read: %s", ref->name, vcs_git_reason());
		if (type != GIT_OBJECT_TAG || bytes > (size_t)VCS_OBJECT_BYTES_MAX)
			break;
		if (git_tag_lookup(&tag, git, &at) != 0)
			return err_set(err, vcs_git_code(), "tag %.200s cannot be read: %s", ref->name, vcs_git_reason());
		at = *git_tag_target_id(tag);
		git_tag_free(tag);
	}
	ref->target = at;
	ref->commit = type == GIT_OBJECT_COMMIT;
	return 0;
}

static const struct ref *find(const struct ref *items, size_t count, struct slice name)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = slice_compare(slice_of(items[middle].name), name);

		if (order == 0)
			return &items[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* What has not moved since old need not be peeled again. */
static int peel_all(git_repository *git, struct ref *items, size_t count, const struct ref *old, size_t old_count, struct err *err)
{
	git_odb *odb = NULL;
	int code = 0;

	if (git_repository_odb(&odb, git) != 0)
		return err_set(err, vcs_git_code(), "cannot read the objects: %s", vcs_git_reason());
	for (size_t i = 0; i < count && code == 0; i++) {
		const struct ref *known = find(old, old_count, slice_of(items[i].name));

		if (known && git_oid_equal(&known->object, &items[i].object)) {
			items[i].target = known->target;
			items[i].commit = known->commit;
		} else {
			code = peel(git, odb, &items[i], err);
		}
	}
	git_odb_free(odb);
	return code;
}

static int read_head(git_repository *git, struct refs *out, struct err *err)
{
	git_reference *head = NULL, *direct = NULL;
	int got = git_reference_lookup(&head, git, "HEAD");

	if (got == 0)
		got = git_reference_resolve(&direct, head);
	if (got == 0) {
		out->head = *git_reference_target(direct);
		out->head_born = true;
	}
	git_reference_free(direct);
	git_reference_free(head);
	if (got != 0 && got != GIT_ENOTFOUND)
		return err_set(err, vcs_git_code(), "cannot read HEAD: %s", vcs_git_reason());
	return 0;
}

static bool same_list(const struct ref *a, size_t a_count, const struct ref *b, size_t b_count)
{
	if (a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++)
		if (!git_oid_equal(&a[i].object, &b[i].object) || strcmp(a[i].name, b[i].name) != 0)
			return false;
	return true;
}

static bool same(const struct refs *a, const struct refs *b)
{
	return a->head_born == b->head_born && git_oid_equal(&a->head, &b->head) && same_list(a->tags, a->tags_count, b->tags, b->tags_count) &&
	       same_list(a->branches, a->branches_count, b->branches, b->branches_count);
}

static int read_names(git_repository *git, struct refs *out, struct err *err)
{
	struct ref_list tags = { NULL, 0, 0 }, branches = { NULL, 0, 0 };
	int code = list_read(git, "refs/tags/", &tags, err);

	if (code == 0)
		code = list_read(git, "refs/heads/", &branches, err);
	out->tags = tags.items;
	out->tags_count = tags.count;
	out->branches = branches.items;
	out->branches_count = branches.count;
	return code < 0 ? code : read_head(git, out, err);
}

int vcs_refs_read(git_repository *git, struct refs *old, struct refs **refs_out, struct err *err)
{
	static const struct refs none;
	const struct refs *known = old ? old : &none;
	struct refs *refs = calloc(1, sizeof(*refs));
	int code;

	if (!refs)
		return vcs_no_memory(err, "read the references");
	atomic_init(&refs->holders, 1);
	code = read_names(git, refs, err);
	if (code < 0)
		goto out;
	if (old && same(old, refs)) {
		*refs_out = vcs_refs_hold(old);
		goto out;
	}
	code = peel_all(git, refs->tags, refs->tags_count, known->tags, known->tags_count, err);
	if (code == 0)
		code = peel_all(git, refs->branches, refs->branches_count, known->branches, known->branches_count, err);
	if (code < 0)
		goto out;
	*refs_out = refs;
	refs = NULL;
out:
	vcs_refs_release(&refs);
	return code;
}

struct refs *vcs_refs_hold(struct refs *refs)
{
	atomic_fetch_add(&refs->holders, 1);
	return refs;
}

void vcs_refs_release(struct refs **refs)
{
	struct refs *gone = *refs;

	*refs = NULL;
	if (!gone || atomic_fetch_sub(&gone->holders, 1) != 1)
		return;
	list_free(gone->tags, gone->tags_count);
	list_free(gone->branches, gone->branches_count);
	free(gone->reachable);
	free(gone);
}

const struct ref *vcs_refs_tag(const struct refs *refs, struct slice name)
{
	return find(refs->tags, refs->tags_count, name);
}

const struct ref *vcs_refs_branch(const struct refs *refs, struct slice name)
{
	return find(refs->branches, refs->branches_count, name);
}

size_t vcs_refs_tags_from(const struct refs *refs, struct slice prefix)
{
	size_t low = 0, high = refs->tags_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (slice_compare(slice_of(refs->tags[middle].name), prefix) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
