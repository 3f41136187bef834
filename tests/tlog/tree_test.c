#include "tlog/tree.h"

#include "tests/tlog/log.h"

/* The leaves and roots that Certificate Transparency implementations share; the roots were also computed apart, from the definition. */
static void test_known_roots(void **state)
{
	static const char *const leaves[] = { "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f" };
	static const char *const roots[] = {
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	};
	struct tlog_edge edge;

	(void)state;
	tlog_edge_init(&edge);
	for (size_t i = 0; i < LENGTH(roots); i++) {
		uint8_t leaf[16];
		char hex[SHA256_HEX];
		struct tlog_hash hash;

		tlog_edge_root(&edge, &hash);
		hex_encode(hash.bytes, SHA256_BYTES, hex);
		assert_string_equal(hex, roots[i]);
		if (i == LENGTH(leaves))
			break;
		assert_true(hex_decode(slice_of(leaves[i]), leaf, strlen(leaves[i]) / 2));
		tlog_leaf_hash(slice_make(leaf, strlen(leaves[i]) / 2), &hash);
		tlog_edge_add(&edge, &hash);
		assert_int_equal(edge.size, i + 1);
	}
}

/* "record i\n": roots computed apart, from the definition. */
static void test_large_roots(void **state)
{
	static const struct {
		uint64_t size;
		const char *root;
	} rows[] = {
		{ 100, "3165d5436899677c61f341149101c0d909f109791c996e69b67f7cbea6be6f8b" },
		{ 255, "0d8b6ba854ce2a2bd14111614424b5ddfa0838ac4525410f99172907da4f0ced" },
		{ 256, "60ce2af41db2c498d0cc8df08d2dbc4127b996155e9cb391abfd07b51266deae" },
		{ 257, "41d27957e4277f889682f11547dc71a4f0e054c915ce011b6172350d5264d8a8" },
		{ 1000, "fce334c21e10541647db2188240c655481f422a7a18ca2df43e2545d6dc1d223" },
		{ 65535, "d295169faf08eb7e51eb0f36171b894286940f61c93986de6b3397fe7a007d39" },
		{ 65536, "78c9055f1a226df9af8b4361d843b5449aa8bb1c11ce83379e574a4e98ccc9a6" },
		{ 70000, "abd1cc0a0c3e8b154d032a5c895cfc6590d0bb1531c33068074062e15df06dd2" },
	};
	struct tlog_edge edge;

	(void)state;
	tlog_edge_init(&edge);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct tlog_hash hash;
		char hex[SHA256_HEX];

		while (edge.size < rows[i].size) {
			hash = log_leaf(edge.size);
			tlog_edge_add(&edge, &hash);
		}
		tlog_edge_root(&edge, &hash);
		hex_encode(hash.bytes, SHA256_BYTES, hex);
		assert_string_equal(hex, rows[i].root);
	}
}

/* PATH(m, D[from:to]) of RFC 6962 section 2.1.1. */
static size_t inclusion_proof(const struct log *log, uint64_t m, uint64_t from, uint64_t to, struct tlog_hash *proof)
{
	uint64_t n = to - from, k;
	size_t count;

	if (n == 1)
		return 0;
	k = log_split(n);
	if (m < k) {
		count = inclusion_proof(log, m, from, from + k, proof);
		proof[count] = log_mth(log, from + k, to);
	} else {
		count = inclusion_proof(log, m - k, from + k, to, proof);
		proof[count] = log_mth(log, from, from + k);
	}
	return count + 1;
}

/* SUBPROOF(m, D[from:to], b) of section 2.1.2. */
static size_t consistency_proof(const struct log *log, uint64_t m, uint64_t from, uint64_t to, bool complete, struct tlog_hash *proof)
{
	uint64_t n = to - from, k;
	size_t count;

	if (m == n) {
		if (complete)
			return 0;
		proof[0] = log_mth(log, from, to);
		return 1;
	}
	k = log_split(n);
	if (m <= k) {
		count = consistency_proof(log, m, from, from + k, complete, proof);
		proof[count] = log_mth(log, from + k, to);
	} else {
		count = consistency_proof(log, m - k, from + k, to, false, proof);
		proof[count] = log_mth(log, from, from + k);
	}
	return count + 1;
}

/* Every index of every small tree; and the same proof spoilt in each way it can be. */
static void test_inclusion(void **state)
{
	struct log log;

	(void)state;
	log_open(&log, 40);
	for (uint64_t size = 1; size <= log.size; size++) {
		struct tlog_hash root = log_mth(&log, 0, size);

		for (uint64_t index = 0; index < size; index++) {
			struct tlog_hash proof[64] = { 0 }, leaf = log.levels[0][index], other = log_leaf(999);
			size_t count = inclusion_proof(&log, index, 0, size, proof);

			assert_int_equal(tlog_check_inclusion(proof, count, size, &root, index, &leaf, NULL), 0);
			assert_int_equal(tlog_check_inclusion(proof, count, size, &root, index, &other, NULL), TLOG_ERR);
			assert_int_equal(tlog_check_inclusion(proof, count + 1, size, &root, index, &leaf, NULL), TLOG_ERR);
			assert_int_equal(tlog_check_inclusion(proof, count, size, &root, size, &leaf, NULL), TLOG_ERR);
			for (size_t i = 0; i < count; i++) {
				proof[i].bytes[i % 32] ^= 1;
				assert_int_equal(tlog_check_inclusion(proof, count, size, &root, index, &leaf, NULL), TLOG_ERR);
				proof[i].bytes[i % 32] ^= 1;
			}
			if (count > 0)
				assert_int_equal(tlog_check_inclusion(proof, count - 1, size, &root, index, &leaf, NULL), TLOG_ERR);
			if (size > 1)
				assert_int_equal(tlog_check_inclusion(proof, count, size, &root, (index + 1) % size, &leaf, NULL), TLOG_ERR);
		}
	}
	log_close(&log);
}

static void test_consistency(void **state)
{
	struct log log;

	(void)state;
	log_open(&log, 40);
	for (uint64_t size = 1; size <= log.size; size++) {
		struct tlog_hash root = log_mth(&log, 0, size);

		for (uint64_t old = 0; old <= size; old++) {
			struct tlog_hash proof[64] = { 0 }, old_root = log_mth(&log, 0, old), bad = old_root;
			size_t count = old == 0 ? 0 : consistency_proof(&log, old, 0, size, true, proof);

			bad.bytes[31] ^= 0x80;
			assert_int_equal(tlog_check_consistency(proof, count, size, &root, old, &old_root, NULL), 0);
			assert_int_equal(tlog_check_consistency(proof, count, size, &root, old, &bad, NULL), TLOG_ERR);
			assert_int_equal(tlog_check_consistency(proof, count + 1, size, &root, old, &old_root, NULL), TLOG_ERR);
			assert_int_equal(tlog_check_consistency(proof, count, size, &root, size + 1, &old_root, NULL), TLOG_ERR);
			for (size_t i = 0; i < count; i++) {
				proof[i].bytes[i % 32] ^= 1;
				assert_int_equal(tlog_check_consistency(proof, count, size, &root, old, &old_root, NULL), TLOG_ERR);
				proof[i].bytes[i % 32] ^= 1;
			}
			if (count > 0)
				assert_int_equal(tlog_check_consistency(proof, count - 1, size, &root, old, &old_root, NULL), TLOG_ERR);
			bad = root;
			bad.bytes[0] ^= 1;
			if (old > 0)
				assert_int_equal(tlog_check_consistency(proof, count, size, &bad, old, &old_root, NULL), TLOG_ERR);
		}
	}
	log_close(&log);
}

#define ROOT3 "NN1lugKBoC5d4485FURI7Stm1fqIQOgKwtCU4SF6ADo="

static void test_head(void **state)
{
	static const struct {
		const char *name, *text;
		long long size; /* -1: refused */
	} rows[] = {
		{ "plain", "go.sum database tree\n3\n" ROOT3 "\n", 3 },
		{ "more lines", "go.sum database tree\n3\n" ROOT3 "\nextra\nlines\n", 3 },
		{ "empty tree", "go.sum database tree\n0\n" ROOT3 "\n", 0 },
		{ "largest", "go.sum database tree\n9223372036854775807\n" ROOT3 "\n", INT64_MAX },
		{ "too large", "go.sum database tree\n9223372036854775808\n" ROOT3 "\n", -1 },
		{ "wraps", "go.sum database tree\n18446744073709551619\n" ROOT3 "\n", -1 },
		{ "leading zero", "go.sum database tree\n03\n" ROOT3 "\n", -1 },
		{ "sign", "go.sum database tree\n+3\n" ROOT3 "\n", -1 },
		{ "negative", "go.sum database tree\n-3\n" ROOT3 "\n", -1 },
		{ "no size", "go.sum database tree\n\n" ROOT3 "\n", -1 },
		{ "other first line", "go.sum database trees\n3\n" ROOT3 "\n", -1 },
		{ "no last newline", "go.sum database tree\n3\n" ROOT3, -1 },
		{ "no root", "go.sum database tree\n3\n", -1 },
		{ "empty root", "go.sum database tree\n3\n\n", -1 },
		{ "short root", "go.sum database tree\n3\nNN1lugKBoC5d4485FURI7Stm1fqIQOgKwtCU4SF6AA==\n", -1 },
		{ "long root", "go.sum database tree\n3\nNN1lugKBoC5d4485FURI7Stm1fqIQOgKwtCU4SF6ADoAAAAA\n", -1 },
		{ "root not base64", "go.sum database tree\n3\n!" ROOT3 "\n", -1 },
		{ "space", "go.sum database tree\n3 \n" ROOT3 "\n", -1 },
		{ "nothing", "", -1 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct tlog_head head = { .size = 77 };
		int rc = tlog_head_parse(slice_of(rows[i].text), &head, NULL);

		if (rc != (rows[i].size < 0 ? TLOG_ERR : 0) || head.size != (rows[i].size < 0 ? 77 : (uint64_t)rows[i].size))
			fail_msg("%s: %d, size %llu", rows[i].name, rc, (unsigned long long)head.size);
	}
}

static void test_head_format(void **state)
{
	struct buf text = BUF_INIT(1000);
	struct tlog_head head;

	(void)state;
	assert_int_equal(tlog_head_parse(slice_of("go.sum database tree\n3\n" ROOT3 "\nmore\n"), &head, NULL), 0);
	tlog_head_format(&head, &text);
	assert_string_equal(buf_text(&text), "go.sum database tree\n3\n" ROOT3 "\n");
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_roots),
		cmocka_unit_test(test_large_roots),
		cmocka_unit_test(test_inclusion),
		cmocka_unit_test(test_consistency),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_head_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
