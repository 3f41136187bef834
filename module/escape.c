/* The escaped form of paths and versions: capitals as '!' and the small letter, for file systems and caches that know one case. */
#include "module/path.h"

#include "module/element.h"

/* Only letters are looked at: the caller has checked that the text is ASCII without '!'. */
static void escape(struct slice text, struct buf *out)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (c >= 'A' && c <= 'Z') {
			buf_add_char(out, '!');
			c = (char)(c + ('a' - 'A'));
		}
		buf_add_char(out, c);
	}
}

/* Writes at most max bytes to text; false for what no escaping gives. */
static bool unescape(struct slice escaped, char *text, size_t max, size_t *len_out)
{
	size_t i, len = 0;

	for (i = 0; i < escaped.len; i++) {
		char c = escaped.ptr[i];
		if ((unsigned char)c >= 0x80 || (c >= 'A' && c <= 'Z') || len == max)
			return false;
		if (c == '!') {
			if (++i == escaped.len || escaped.ptr[i] < 'a' || escaped.ptr[i] > 'z')
				return false;
			c = (char)(escaped.ptr[i] - ('a' - 'A'));
		}
		text[len++] = c;
	}
	*len_out = len;
	return true;
}

static bool version_escapable(struct slice version)
{
	size_t i;

	if (version.len > MODULE_VERSION_MAX || element_problem(version, ELEMENT_FILE) != NULL)
		return false;
	for (i = 0; i < version.len; i++) {
		if (version.ptr[i] == '!' || (unsigned char)version.ptr[i] >= 0x80)
			return false;
	}
	return true;
}

static int added(const struct buf *out, struct err *err)
{
	return buf_failed(out) ? err_set(err, MODULE_ERR, "no room for the name") : 0;
}

int module_escape_path(struct slice path, struct buf *out, struct err *err)
{
	int status = module_path_check(path, err);

	if (status != 0)
		return status;
	escape(path, out);
	return added(out, err);
}

int module_escape_version(struct slice version, struct buf *out, struct err *err)
{
	if (!version_escapable(version))
		return err_set(err, MODULE_ERR, "\"%.*s\" cannot be a version", SLICE_ARG(version));
	escape(version, out);
	return added(out, err);
}

int module_unescape_path(struct slice escaped, struct buf *out, struct err *err)
{
	char text[MODULE_PATH_MAX];
	size_t len;
	int status;

	if (!unescape(escaped, text, sizeof(text), &len))
		return err_set(err, MODULE_ERR, "\"%.*s\" is not an escaped module path; capitals are written as '!' and the small letter",
			SLICE_ARG(escaped));
	status = module_path_check(slice_make(text, len), err);
	if (status != 0)
		return status;
	buf_add(out, text, len);
	return added(out, err);
}

int module_unescape_version(struct slice escaped, struct buf *out, struct err *err)
{
	char text[MODULE_VERSION_MAX];
	size_t len;

	if (!unescape(escaped, text, sizeof(text), &len) || !version_escapable(slice_make(text, len)))
		return err_set(err, MODULE_ERR, "\"%.*s\" is not an escaped version", SLICE_ARG(escaped));
	buf_add(out, text, len);
	return added(out, err);
}
