/* What one element of a module path or of a file's path may hold. */
#include "module/element.h"

#include "module/path.h"
#include "module/unicode.h"
#include "module/zip.h"

static bool is_alphanumeric(uint32_t rune)
{
	return (rune >= '0' && rune <= '9') || (rune >= 'a' && rune <= 'z') || (rune >= 'A' && rune <= 'Z');
}

static bool rune_allowed(uint32_t rune, enum element_kind kind)
{
	if (rune >= 0x80)
		return kind == ELEMENT_FILE && unicode_is_letter(rune);
	if (is_alphanumeric(rune))
		return true;
	return rune != 0 && strchr(kind == ELEMENT_FILE ? "!#$%&()+,-.=@[]^_{}~ " : "-._~", (int)rune) != NULL;
}

static bool runes_allowed(struct slice element, enum element_kind kind)
{
	while (element.len > 0) {
		uint32_t rune;
		size_t len = utf8_decode(element, &rune);
		if (!rune_allowed(rune, kind))
			return false;
		element = slice_after(element, len);
	}
	return true;
}

/* Windows opens a device under these names, whatever follows the first dot. */
static bool is_device(struct slice name)
{
	static const char *const devices[] = { "CON", "PRN", "AUX", "NUL" };
	size_t i;

	for (i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		if (slice_equal_nocase(name, slice_of(devices[i])))
			return true;
	}
	return name.len == 4 && name.ptr[3] >= '1' && name.ptr[3] <= '9' &&
	       (slice_equal_nocase(slice_sub(name, 0, 3), SLICE("COM")) || slice_equal_nocase(slice_sub(name, 0, 3), SLICE("LPT")));
}

/* "name~1": what Windows calls the short form of a long name. */
static bool is_short_name(struct slice name)
{
	ptrdiff_t tilde = slice_last_index(name, '~');
	size_t i;

	if (tilde < 0 || (size_t)tilde + 1 == name.len)
		return false;
	for (i = (size_t)tilde + 1; i < name.len; i++) {
		if (name.ptr[i] < '0' || name.ptr[i] > '9')
			return false;
	}
	return true;
}

static bool is_all_dots(struct slice element)
{
	size_t i;

	for (i = 0; i < element.len; i++) {
		if (element.ptr[i] != '.')
			return false;
	}
	return true;
}

const char *element_problem(struct slice element, enum element_kind kind)
{
	struct slice name, rest;

	if (element.len == 0)
		return "has an empty element";
	if (is_all_dots(element))
		return "has an element of dots alone";
	if (element.ptr[0] == '.' && kind == ELEMENT_MODULE)
		return "has an element that starts with a dot";
	if (element.ptr[element.len - 1] == '.')
		return "has an element that ends with a dot";
	if (!runes_allowed(element, kind))
		return "has a character that is not allowed there";
	slice_cut(element, '.', &name, &rest);
	if (is_device(name))
		return "has an element that names a device on Windows";
	if (kind == ELEMENT_MODULE && is_short_name(name))
		return "has an element that ends with a tilde and digits";
	return NULL;
}

const char *elements_problem(struct slice path, enum element_kind kind)
{
	struct slice rest = path, element;

	if (path.len == 0)
		return "is empty";
	if (path.ptr[0] == '-' && kind == ELEMENT_MODULE)
		return "starts with a dash";
	if (path.ptr[path.len - 1] == '/')
		return "ends with a slash";
	if (!slice_is_utf8(path))
		return "is not UTF-8";
	while (slice_next(&rest, '/', &element)) {
		const char *problem = element_problem(element, kind);
		if (problem != NULL)
			return problem;
	}
	return NULL;
}

int module_file_path_check(struct slice path, struct err *err)
{
	const char *problem = elements_problem(path, ELEMENT_FILE);

	if (problem != NULL)
		return err_set(err, MODULE_ERR, "the file name \"%.*s\" %s; no go command accepts it in a module: rename the file", SLICE_ARG(path),
			problem);
	return 0;
}
