/* Checking of inclusion and consistency proofs. Source: RFC 6962 section 2.1; the walks are those of RFC 9162 sections 2.1.3.2, 2.1.4.2. */
#include <string.h>

#include "tlog/tree.h"

static bool hash_equal(const struct tlog_hash *a, const struct tlog_hash *b)
{
	return memcmp(a->bytes, b->bytes, SHA256_BYTES) == 0;
}

/* A position in the level above: up past every level where it is a lone right end. */
static void climb_left_aligned(uint64_t *node, uint64_t *last)
{
	while (*node != 0 && (*node & 1) == 0) {
		*node >>= 1;
		*last >>= 1;
	}
}

int tlog_check_inclusion(const struct tlog_hash *proof, size_t proof_count, uint64_t size, const struct tlog_hash *root, uint64_t index,
	const struct tlog_hash *leaf, struct err *err)
{
	struct tlog_hash hash = *leaf;
	uint64_t node = index;
	uint64_t last;

	if (index >= size)
		return err_set(err, TLOG_ERR, "leaf %llu is not in a tree of %llu", (unsigned long long)index, (unsigned long long)size);
	last = size - 1;
	for (size_t i = 0; i < proof_count; i++) {
		if (last == 0)
			return err_set(err, TLOG_ERR, "the inclusion proof is longer than the tree is high");
		if ((node & 1) != 0 || node == last) {
			tlog_node_hash(&proof[i], &hash, &hash);
			if ((node & 1) == 0)
				climb_left_aligned(&node, &last);
		} else {
			tlog_node_hash(&hash, &proof[i], &hash);
		}
		node >>= 1;
		last >>= 1;
	}
	if (last != 0)
		return err_set(err, TLOG_ERR, "the inclusion proof is too short");
	if (!hash_equal(&hash, root))
		return err_set(err, TLOG_ERR, "the inclusion proof does not lead to the root of the tree");
	return 0;
}

/* The pair of roots that a consistency proof leads to, walked together. */
struct walk {
	struct tlog_hash old_hash;
	struct tlog_hash new_hash;
	uint64_t node;
	uint64_t last;
};

static void walk_step(struct walk *walk, const struct tlog_hash *proof)
{
	if ((walk->node & 1) != 0 || walk->node == walk->last) {
		tlog_node_hash(proof, &walk->old_hash, &walk->old_hash);
		tlog_node_hash(proof, &walk->new_hash, &walk->new_hash);
		if ((walk->node & 1) == 0)
			climb_left_aligned(&walk->node, &walk->last);
	} else {
		tlog_node_hash(&walk->new_hash, proof, &walk->new_hash);
	}
	walk->node >>= 1;
	walk->last >>= 1;
}

/* Sizes that need no walk. True when answered: *rc_out says how. */
static bool consistency_trivial(size_t proof_count, uint64_t size, const struct tlog_hash *root, uint64_t old_size, const struct tlog_hash *old_root,
	struct err *err, int *rc_out)
{
	struct tlog_hash empty;

	*rc_out = 0;
	if (old_size > size) {
		*rc_out = err_set(err, TLOG_ERR, "the old tree is larger than the new one");
		return true;
	}
	if (old_size != 0 && old_size != size)
		return false;
	sha256(SLICE_NONE, empty.bytes);
	if (proof_count != 0 || (old_size == size && !hash_equal(root, old_root)) || (old_size == 0 && !hash_equal(old_root, &empty)))
		*rc_out = err_set(err, TLOG_ERR, "the trees are not consistent");
	return true;
}

int tlog_check_consistency(const struct tlog_hash *proof, size_t proof_count, uint64_t size, const struct tlog_hash *root, uint64_t old_size,
	const struct tlog_hash *old_root, struct err *err)
{
	struct walk walk;
	size_t next = 0;
	int rc;

	if (consistency_trivial(proof_count, size, root, old_size, old_root, err, &rc))
		return rc;
	walk = (struct walk){ .node = old_size - 1, .last = size - 1 };
	while ((walk.node & 1) != 0) {
		walk.node >>= 1;
		walk.last >>= 1;
	}
	/* Where the old tree is one complete subtree its root is the seed and is not part of the proof. */
	if (walk.node == 0) {
		walk.old_hash = *old_root;
	} else if (proof_count == 0) {
		return err_set(err, TLOG_ERR, "the consistency proof is empty");
	} else {
		walk.old_hash = proof[next++];
	}
	walk.new_hash = walk.old_hash;
	for (; next < proof_count; next++) {
		if (walk.last == 0)
			return err_set(err, TLOG_ERR, "the consistency proof is longer than the tree is high");
		walk_step(&walk, &proof[next]);
	}
	if (walk.last != 0)
		return err_set(err, TLOG_ERR, "the consistency proof is too short");
	if (!hash_equal(&walk.old_hash, old_root) || !hash_equal(&walk.new_hash, root))
		return err_set(err, TLOG_ERR, "the consistency proof does not lead to both roots");
	return 0;
}
