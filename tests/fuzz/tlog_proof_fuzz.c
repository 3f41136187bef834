/* Proofs in a tree of the input's bytes: those made as RFC 6962 section 2.1 says them hold, and with one bit changed do not. */
#include "tests/fuzz/fuzz.h"
#include "tlog/tree.h"

#define LEAVES_MAX 48
#define PROOF_MAX  64

struct proof {
	struct tlog_hash nodes[PROOF_MAX];
	size_t count;
};

static uint64_t split(uint64_t size)
{
	uint64_t half = 1;

	while (half * 2 < size)
		half *= 2;
	return half;
}

static void root_of(const struct tlog_hash *leaves, uint64_t size, struct tlog_hash *out)
{
	struct tlog_edge edge;

	tlog_edge_init(&edge);
	for (uint64_t i = 0; i < size; i++)
		tlog_edge_add(&edge, &leaves[i]);
	tlog_edge_root(&edge, out);
}

static void inclusion(const struct tlog_hash *leaves, uint64_t size, uint64_t index, struct proof *out)
{
	uint64_t half = split(size);

	if (size == 1)
		return;
	inclusion(index < half ? leaves : leaves + half, index < half ? half : size - half, index < half ? index : index - half, out);
	root_of(index < half ? leaves + half : leaves, index < half ? size - half : half, &out->nodes[out->count++]);
}

/* whole: what stands for the first leaves is the old tree itself, which the verifier knows. */
static void consistency(const struct tlog_hash *leaves, uint64_t size, uint64_t old, bool whole, struct proof *out)
{
	uint64_t half = split(size);

	if (old == size) {
		if (!whole)
			root_of(leaves, size, &out->nodes[out->count++]);
		return;
	}
	consistency(
		old <= half ? leaves : leaves + half, old <= half ? half : size - half, old <= half ? old : old - half, old <= half && whole, out);
	root_of(old <= half ? leaves + half : leaves, old <= half ? size - half : half, &out->nodes[out->count++]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct slice input = slice_make(bytes, len);
	uint8_t pick = fuzz_byte(&input), flip = fuzz_byte(&input);
	struct tlog_hash leaves[LEAVES_MAX], root, old_root;
	struct proof in = { .count = 0 }, grown = { .count = 0 };
	uint64_t size = input.len < LEAVES_MAX ? input.len : LEAVES_MAX, index, old;

	if (size == 0)
		return 0;
	for (uint64_t i = 0; i < size; i++)
		tlog_leaf_hash(slice_sub(input, i, i + 1), &leaves[i]);
	index = pick % size;
	old = index + 1;
	root_of(leaves, size, &root);
	root_of(leaves, old, &old_root);
	inclusion(leaves, size, index, &in);
	consistency(leaves, size, old, true, &grown);
	ASSERT(tlog_check_inclusion(in.nodes, in.count, size, &root, index, &leaves[index], NULL) == 0);
	ASSERT(tlog_check_consistency(grown.nodes, grown.count, size, &root, old, &old_root, NULL) == 0);
	ASSERT(tlog_check_inclusion(in.nodes, in.count + 1, size, &root, index, &leaves[index], NULL) != 0);
	if (in.count > 0) {
		in.nodes[flip % in.count].bytes[pick % SHA256_BYTES] ^= 1;
		ASSERT(tlog_check_inclusion(in.nodes, in.count, size, &root, index, &leaves[index], NULL) != 0);
	}
	if (grown.count > 0) {
		grown.nodes[flip % grown.count].bytes[pick % SHA256_BYTES] ^= 1;
		ASSERT(tlog_check_consistency(grown.nodes, grown.count, size, &root, old, &old_root, NULL) != 0);
	}
	return 0;
}
