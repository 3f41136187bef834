/* The versions that go lines hold. */
#include "module/go_version.h"

static size_t digits_len(struct slice s)
{
	size_t len = 0;

	while (len < s.len && s.ptr[len] >= '0' && s.ptr[len] <= '9')
		len++;
	return len;
}

/* A number without leading zeros, taken off *rest. */
static bool take_number(struct slice *rest, struct slice *number_out)
{
	size_t len = digits_len(*rest);

	if (len == 0 || (len > 1 && rest->ptr[0] == '0'))
		return false;
	*number_out = slice_sub(*rest, 0, len);
	*rest = slice_after(*rest, len);
	return true;
}

/* "MAJOR.MINOR" with MAJOR not 0; what follows is left in *rest. */
static bool take_language(struct slice *rest, struct slice *major_out, struct slice *minor_out)
{
	if (rest->len == 0 || rest->ptr[0] == '0' || !take_number(rest, major_out) || rest->len == 0 || rest->ptr[0] != '.')
		return false;
	*rest = slice_after(*rest, 1);
	return take_number(rest, minor_out);
}

static size_t letters_len(struct slice s)
{
	size_t len = 0;

	while (len < s.len && s.ptr[len] >= 'a' && s.ptr[len] <= 'z')
		len++;
	return len;
}

/* What may follow MAJOR.MINOR: ".PATCH" and a word with digits, such as rc1. */
static bool is_release(struct slice rest)
{
	struct slice number;
	size_t letters;

	if (slice_starts(rest, SLICE("."))) {
		rest = slice_after(rest, 1);
		if (!take_number(&rest, &number))
			return false;
	}
	letters = letters_len(rest);
	return rest.len == 0 || (letters > 0 && rest.len > letters && digits_len(slice_after(rest, letters)) == rest.len - letters);
}

bool go_version_read(struct slice text, struct slice *version_out)
{
	struct slice bare = slice_starts(text, SLICE("v")) ? slice_after(text, 1) : text, rest = bare, major, minor;

	if (!take_language(&rest, &major, &minor))
		return false;
	if (bare.len == text.len && is_release(rest)) {
		*version_out = text;
		return true;
	}
	if (rest.len == 0)
		return false;
	*version_out = slice_sub(bare, 0, bare.len - rest.len);
	return true;
}

static bool number_at_least(struct slice number, const char *least)
{
	struct slice other = slice_of(least);

	return number.len != other.len ? number.len > other.len : slice_compare(number, other) >= 0;
}

/* Unlike a go line, a version that names a language has no leading zeros behind rc and no rc behind a patch. */
static bool names_language(struct slice rest)
{
	struct slice number;
	size_t letters = letters_len(rest);

	if (slice_starts(rest, SLICE("."))) {
		rest = slice_after(rest, 1);
		return take_number(&rest, &number) && rest.len == 0;
	}
	rest = slice_after(rest, letters);
	return rest.len == 0 || (letters > 0 && take_number(&rest, &number) && rest.len == 0);
}

bool go_version_is_1_24(struct slice version)
{
	struct slice rest = version, major, minor;

	if (!take_language(&rest, &major, &minor) || !names_language(rest))
		return false;
	return number_at_least(major, "2") || number_at_least(minor, "24");
}
