/* Merkle trees of RFC 6962 section 2.1: leaves, roots, inclusion and consistency proofs, and the running right edge of a growing tree. */
#ifndef TLOG_TREE_H
#define TLOG_TREE_H

#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/slice.h"
#include "tlog/note.h"

struct tlog_hash {
	uint8_t bytes[SHA256_BYTES];
};

void tlog_leaf_hash(struct slice leaf, struct tlog_hash *out);
void tlog_node_hash(const struct tlog_hash *left, const struct tlog_hash *right, struct tlog_hash *out);

/* The right edge: roots of the complete subtrees of a tree of `size` leaves, largest first (at most 63). Enough to append and to tell the root. */
struct tlog_edge {
	uint64_t size;
	struct tlog_hash nodes[64];
	unsigned count;
};
/* The empty tree. */
void tlog_edge_init(struct tlog_edge *edge);
void tlog_edge_add(struct tlog_edge *edge, const struct tlog_hash *leaf);
void tlog_edge_root(const struct tlog_edge *edge, struct tlog_hash *root_out);

/* Checks an inclusion proof of leaf number index in a tree of size with this root. TLOG_ERR. */
int tlog_check_inclusion(const struct tlog_hash *proof, size_t proof_count, uint64_t size, const struct tlog_hash *root, uint64_t index,
	const struct tlog_hash *leaf, struct err *err);
/* Checks a consistency proof from (old_size, old_root) to (size, root). TLOG_ERR. */
int tlog_check_consistency(const struct tlog_hash *proof, size_t proof_count, uint64_t size, const struct tlog_hash *root, uint64_t old_size,
	const struct tlog_hash *old_root, struct err *err);

/* The tree note of a checksum database: "go.sum database tree\nN\nbase64\n". Extra lines are allowed. TLOG_ERR. */
struct tlog_head {
	uint64_t size;
	struct tlog_hash root;
};
int tlog_head_parse(struct slice text, struct tlog_head *head_out, struct err *err);
void tlog_head_format(const struct tlog_head *head, struct buf *out);

#endif
