/* base64, base64url, hex, UTF-8 and numbers: what decodes is what encoding gives, and shorter than its text. */
#include "base/clock.h"
#include "base/hash.h"
#include "tests/fuzz/fuzz.h"

typedef void encoder(struct slice bytes, struct buf *out);
typedef bool decoder(struct slice text, struct buf *out);

static void check_coding(encoder *encode, decoder *decode, struct slice input)
{
	struct buf text = BUF_INIT(2 * input.len + 8), bytes = BUF_INIT(input.len + 8);

	encode(input, &text);
	ASSERT(decode(buf_slice(&text), &bytes) && slice_equal(buf_slice(&bytes), input));
	buf_reset(&text);
	buf_reset(&bytes);
	if (decode(input, &bytes)) {
		ASSERT(bytes.len <= input.len);
		encode(buf_slice(&bytes), &text);
		ASSERT(slice_equal(buf_slice(&text), input));
	}
	buf_free(&text);
	buf_free(&bytes);
}

static void check_hex(struct slice input)
{
	uint8_t bytes[64];
	char text[2 * sizeof(bytes) + 1];

	input = slice_sub(input, 0, sizeof(bytes));
	hex_encode((const uint8_t *)input.ptr, input.len, text);
	ASSERT(hex_decode(slice_of(text), bytes, input.len) && slice_equal(slice_make(bytes, input.len), input));
	if (hex_decode(input, bytes, input.len / 2)) {
		hex_encode(bytes, input.len / 2, text);
		ASSERT(slice_equal_nocase(slice_of(text), input));
	}
}

static void check_text(struct slice input)
{
	struct slice cut = slice_cut_utf8(input, input.len / 2);
	char written[CLOCK_TEXT_MAX];
	long long number;
	int64_t wall_us, again;

	ASSERT(slice_starts(input, cut) && cut.len <= input.len / 2 && (!slice_is_utf8(input) || slice_is_utf8(cut)));
	if (slice_to_number(input, &number))
		ASSERT(number >= 0 && input.len <= 18);
	if (clock_parse(input, &wall_us)) {
		clock_format_us(wall_us, written);
		ASSERT(clock_parse(slice_of(written), &again) && again == wall_us);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct slice input = slice_make(bytes, len);

	check_coding(base64_encode, base64_decode, input);
	check_coding(base64url_encode, base64url_decode, input);
	check_hex(input);
	check_text(input);
	return 0;
}
