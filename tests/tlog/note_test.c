#include "tlog/note.h"

#include "tests/tlog/log.h"

/* Keys and signatures were made with another Ed25519 implementation: seeds of 32 bytes 7, 9 and 11. KEY_C has the name of KEY_A. */
#define KEY_A    "sum.example.org+59a925b1+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs"
#define SIGNER_A "PRIVATE+KEY+sum.example.org+59a925b1+AQcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH"
#define KEY_B    "other.example.org+36a55204+Af0XJDhaoMdbZPt4zWAvodmR/ev3axPFjtcC6sg16fYY"
#define KEY_C    "sum.example.org+8ea508fd+AWa+fjMsekUzMr2dCn99sFX1xe8aBq2mbZizn7aBDEc6"
#define HEAD     "go.sum database tree\n3\nNN1lugKBoC5d4485FURI7Stm1fqIQOgKwtCU4SF6ADo=\n"
#define DASH     "\xe2\x80\x94 "
#define HEAD_A   DASH "sum.example.org WaklschS9nHHuYgPbf5z5MBzKz4eATHwQdLJtioqkQJyUYfqNuIXSY6AYVpKq+TOZucr93sQocAHDdFhvs0SyOFDuAo=\n"
#define HEAD_B   DASH "other.example.org NqVSBNDuFNCaR+EXm2TZPfeoRX3/OhswIpYoMD0i5TkNPlFZwqpqsvcjIV1IEgh4d67GRhjiVsCQU5ksCem75TnZUgc=\n"
#define HEAD_C   DASH "sum.example.org jqUI/a4cZSVaVhaO+7ieYJ/0QjMbjDXHDM+mp/EpVEIiHw1e/AYr67AYxhuNB1cqY3C0y/0OqNwhva6ZzlwXODT9qwk=\n"
/* The id of KEY_A over the signature of KEY_C. */
#define HEAD_FALSE DASH "sum.example.org Waklsa4cZSVaVhaO+7ieYJ/0QjMbjDXHDM+mp/EpVEIiHw1e/AYr67AYxhuNB1cqY3C0y/0OqNwhva6ZzlwXODT9qwk=\n"
#define TWO        "one\n\ntwo\n"
#define TWO_A      DASH "sum.example.org WaklsRY2Q6zWFt+16X96GEgWXuJnEXGD0/+S4oLo2Mtip9IfNW04bq/McawmUjX2MOTTS9PCPgfNfpq2dPXMET/apgM=\n"
/* Of an algorithm that does not exist, and long. */
#define LONG_SIGNATURE \
	DASH "new.example.org AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
	     "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
	     "\n"

static struct note_verifier verifier(const char *key)
{
	struct note_verifier parsed;

	assert_int_equal(note_verifier_parse(slice_of(key), &parsed, NULL), 0);
	return parsed;
}

static void test_verifier(void **state)
{
	static const struct {
		const char *name, *key;
		int want;
	} rows[] = {
		{ "ours", KEY_A, 0 },
		{ "the well-known database's", "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8", 0 },
		{ "id of another key", "sum.example.org+36a55204+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs", TLOG_ERR },
		{ "one letter of the key", "sum.example.org+59a925b1+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIt", TLOG_ERR },
		{ "name of another key", "sun.example.org+59a925b1+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs", TLOG_ERR },
		{ "algorithm 2", "sum.example.org+59a925b1+AupKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs", TLOG_ERR },
		{ "short id", "sum.example.org+9a925b1+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs", TLOG_ERR },
		{ "long id", "sum.example.org+059a925b1+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs", TLOG_ERR },
		{ "no key", "sum.example.org+59a925b1+", TLOG_ERR },
		{ "no id", "sum.example.org", TLOG_ERR },
		{ "no name", "+59a925b1+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs", TLOG_ERR },
		{ "short key", "sum.example.org+59a925b1+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURg==", TLOG_ERR },
		{ "long key", "sum.example.org+59a925b1+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIsAAAA", TLOG_ERR },
		{ "a signer key", SIGNER_A, TLOG_ERR },
		{ "a newline behind", KEY_A "\n", TLOG_ERR },
		{ "nothing", "", TLOG_ERR },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct note_verifier parsed;
		int rc = note_verifier_parse(slice_of(rows[i].key), &parsed, NULL);

		if (rc != rows[i].want)
			fail_msg("%s: %d", rows[i].name, rc);
	}
	assert_string_equal(verifier(KEY_A).name, "sum.example.org");
	assert_int_equal(verifier(KEY_A).id, 0x59a925b1);
}

static void test_signer(void **state)
{
	struct note_signer signer;
	struct buf note = BUF_INIT(1000);

	(void)state;
	assert_int_equal(note_signer_parse(slice_of(KEY_A), &signer, NULL), TLOG_ERR);
	assert_int_equal(note_signer_parse(SLICE("PRIVATE+KEY+sum.example.org+59a925b1+AQcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcI"), &signer, NULL),
		TLOG_ERR);
	assert_int_equal(note_signer_parse(slice_of(SIGNER_A), &signer, NULL), 0);
	assert_memory_equal(signer.verifier.public_key, verifier(KEY_A).public_key, 32);
	assert_int_equal(note_sign(SLICE(HEAD), &signer, &note, NULL), 0);
	assert_string_equal(buf_text(&note), HEAD "\n" HEAD_A);
	buf_reset(&note);
	assert_int_equal(note_sign(SLICE("no newline"), &signer, &note, NULL), TLOG_ERR);
	assert_int_equal(note_sign(SLICE("a\tb\n"), &signer, &note, NULL), TLOG_ERR);
	assert_int_equal(note.len, 0);
	note_signer_wipe(&signer);
	for (size_t i = 0; i < sizeof(signer.seed); i++)
		assert_int_equal(signer.seed[i], 0);
	buf_free(&note);
}

static void test_open(void **state)
{
	static const struct {
		const char *name, *note, *text;
		int want;
	} rows[] = {
		{ "ours", HEAD "\n" HEAD_A, HEAD, 0 },
		{ "ours after another's", HEAD "\n" HEAD_B HEAD_A, HEAD, 0 },
		{ "ours before another's", HEAD "\n" HEAD_A HEAD_B, HEAD, 0 },
		{ "ours among unknown algorithms", HEAD "\n" LONG_SIGNATURE HEAD_A LONG_SIGNATURE, HEAD, 0 },
		{ "a blank line in the text", TWO "\n" TWO_A, TWO, 0 },
		{ "ours twice", HEAD "\n" HEAD_A HEAD_A, HEAD, 0 },
		{ "ours, then a false one of the same key", HEAD "\n" HEAD_A HEAD_FALSE, HEAD, 0 },
		{ "a false one of the same key, then ours", HEAD "\n" HEAD_FALSE HEAD_A, NULL, TLOG_ERR },
		{ "false", HEAD "\n" HEAD_FALSE, NULL, TLOG_ERR },
		{ "ours over another text", "go.sum database tree\n4\nNN1lugKBoC5d4485FURI7Stm1fqIQOgKwtCU4SF6ADo=\n\n" HEAD_A, NULL, TLOG_ERR },
		{ "another's alone", HEAD "\n" HEAD_B, NULL, TLOG_ERR_UNSIGNED },
		{ "another key of the same name", HEAD "\n" HEAD_C, NULL, TLOG_ERR_UNSIGNED },
		{ "no signature", HEAD "\n", NULL, TLOG_ERR },
		{ "no blank line", HEAD HEAD_A, NULL, TLOG_ERR },
		{ "text alone", HEAD, NULL, TLOG_ERR },
		{ "no last newline", HEAD "\n" DASH "sum.example.org WaklschS9nHHuYg=", NULL, TLOG_ERR },
		{ "a blank line behind", HEAD "\n" HEAD_A "\n", NULL, TLOG_ERR },
		{ "a line that is no signature", HEAD "\n" HEAD_A "more\n", NULL, TLOG_ERR },
		{ "a hyphen for the dash", HEAD "\n- sum.example.org WaklschS9nHHuYg=\n", NULL, TLOG_ERR },
		{ "a signature without bytes", HEAD "\n" DASH "sum.example.org Waklsg==\n", NULL, TLOG_ERR },
		{ "a short signature", HEAD "\n" DASH "sum.example.org WaklsWFh\n", NULL, TLOG_ERR },
		{ "not base64", HEAD "\n" HEAD_A DASH "x !!!!!!!!\n", NULL, TLOG_ERR },
		{ "a name with plus", HEAD "\n" HEAD_A DASH "a+b AAAAAAAA\n", NULL, TLOG_ERR },
		{ "a name with a no-break space",
			HEAD "\n" HEAD_A DASH "a\xc2\xa0"
			     "b AAAAAAAA\n",
			NULL, TLOG_ERR },
		{ "a name with an ideographic space",
			HEAD "\n" HEAD_A DASH "a\xe3\x80\x80"
			     "b AAAAAAAA\n",
			NULL, TLOG_ERR },
		{ "a name of other letters", HEAD "\n" HEAD_A DASH "\xe6\x97\xa5\xf0\x9f\x98\x80 AAAAAAAA\n", HEAD, 0 },
		{ "no name", HEAD "\n" HEAD_A DASH " AAAAAAAA\n", NULL, TLOG_ERR },
		{ "a control character", "a\tb\n\n" HEAD_A, NULL, TLOG_ERR },
		{ "carriage returns", "a\r\n\r\n" HEAD_A, NULL, TLOG_ERR },
		{ "not UTF-8", "a\xff\n\n" HEAD_A, NULL, TLOG_ERR },
		{ "nothing", "", NULL, TLOG_ERR },
		{ "two newlines", "\n\n", NULL, TLOG_ERR },
	};
	struct note_verifier ours = verifier(KEY_A);

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct slice text = SLICE_NONE;
		int rc = note_open(slice_of(rows[i].note), &ours, &text, NULL);

		if (rc != rows[i].want || !slice_equal(text, slice_of(rows[i].text)))
			fail_msg("%s: %d, \"%.*s\"", rows[i].name, rc, SLICE_ARG(text));
	}
}

/* Whatever byte of a note is changed, it is not a note of the key with that text any more. */
static void test_flip(void **state)
{
	struct note_verifier ours = verifier(KEY_A);
	char note[] = HEAD "\n" HEAD_A;

	(void)state;
	for (size_t i = 0; i < sizeof(note) - 1; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			struct slice text = SLICE_NONE;

			note[i] = (char)(note[i] ^ (1 << bit));
			if (note_open(slice_make(note, sizeof(note) - 1), &ours, &text, NULL) == 0)
				fail_msg("byte %zu, bit %u", i, bit);
			note[i] = (char)(note[i] ^ (1 << bit));
		}
	}
}

static void test_limits(void **state)
{
	struct note_verifier ours = verifier(KEY_A);
	struct buf note = BUF_INIT(NOTE_BYTES_MAX + 1);
	struct slice text;

	(void)state;
	buf_add_text(&note, HEAD "\n" HEAD_A);
	for (int i = 1; i < NOTE_SIGNATURES_MAX; i++)
		buf_printf(&note, DASH "n%d AAAAAAAA\n", i);
	assert_int_equal(note_open(buf_slice(&note), &ours, &text, NULL), 0);
	buf_add_text(&note, DASH "last AAAAAAAA\n");
	assert_int_equal(note_open(buf_slice(&note), &ours, &text, NULL), TLOG_ERR);

	buf_reset(&note);
	while (note.len < NOTE_BYTES_MAX - strlen("\n" HEAD_B) - 1)
		buf_add_char(&note, 'a');
	buf_add_text(&note, "\n\n" HEAD_B);
	assert_int_equal(note.len, NOTE_BYTES_MAX);
	assert_int_equal(note_open(buf_slice(&note), &ours, &text, NULL), TLOG_ERR_UNSIGNED);
	buf_add_text(&note, "\n");
	assert_int_equal(note_open(buf_slice(&note), &ours, &text, NULL), TLOG_ERR_LIMIT);
	buf_free(&note);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verifier),
		cmocka_unit_test(test_signer),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_flip),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
