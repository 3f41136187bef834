/* Leaf and node hashes, and the right edge of a growing tree. */
#include "tlog/tree.h"

#include <string.h>

void tlog_leaf_hash(struct slice leaf, struct tlog_hash *out)
{
	sha256_two(slice_make("\0", 1), leaf, out->bytes);
}

void tlog_node_hash(const struct tlog_hash *left, const struct tlog_hash *right, struct tlog_hash *out)
{
	uint8_t input[1 + 2 * SHA256_BYTES];

	input[0] = 1;
	memcpy(input + 1, left->bytes, SHA256_BYTES);
	memcpy(input + 1 + SHA256_BYTES, right->bytes, SHA256_BYTES);
	sha256(slice_make(input, sizeof(input)), out->bytes);
}

void tlog_edge_init(struct tlog_edge *edge)
{
	memset(edge, 0, sizeof(*edge));
}

void tlog_edge_add(struct tlog_edge *edge, const struct tlog_hash *leaf)
{
	struct tlog_hash node = *leaf;

	/* Each trailing one bit of the size is a complete subtree that the new one pairs with. */
	for (uint64_t bits = edge->size; (bits & 1) != 0; bits >>= 1)
		tlog_node_hash(&edge->nodes[--edge->count], &node, &node);
	ASSERT(edge->count < sizeof(edge->nodes) / sizeof(edge->nodes[0]));
	edge->nodes[edge->count++] = node;
	edge->size++;
}

void tlog_edge_root(const struct tlog_edge *edge, struct tlog_hash *root_out)
{
	struct tlog_hash root;

	if (edge->count == 0) {
		sha256(SLICE_NONE, root_out->bytes);
		return;
	}
	root = edge->nodes[edge->count - 1];
	for (unsigned i = edge->count - 1; i > 0; i--)
		tlog_node_hash(&edge->nodes[i - 1], &root, &root);
	*root_out = root;
}
