/* Module paths: are they valid, and the major version that their end names. */
#include "module/path.h"

#include "module/element.h"
#include "module/semver.h"

#define GOPKG    SLICE("gopkg.in/")
#define UNSTABLE SLICE("-unstable")

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The first element is a host's name: small letters, so that it has one spelling. */
static const char *host_problem(struct slice host)
{
	size_t i;

	for (i = 0; i < host.len; i++) {
		char c = host.ptr[i];
		if (!is_digit(c) && !(c >= 'a' && c <= 'z') && c != '.' && c != '-')
			return "has a first element that is no host name in small letters";
	}
	if (slice_index(host, '.') < 0)
		return "has no dot in its first element";
	return NULL;
}

static const char *path_problem(struct slice path)
{
	struct slice host, rest, prefix, major;
	const char *problem;

	if (path.len > MODULE_PATH_MAX)
		return "is too long";
	problem = elements_problem(path, ELEMENT_MODULE);
	if (problem != NULL)
		return problem;
	slice_cut(path, '/', &host, &rest);
	problem = host_problem(host);
	if (problem == NULL && !module_path_split_major(path, &prefix, &major))
		problem = "ends with a major version of the wrong form (/v2 and up; gopkg.in: .v0 and up)";
	return problem;
}

int module_path_check(struct slice path, struct err *err)
{
	const char *problem = path_problem(path);

	if (problem != NULL)
		return err_set(err, MODULE_ERR, "the module path \"%.*s\" %s; check its spelling", SLICE_ARG(path), problem);
	return 0;
}

static bool split_gopkg(struct slice path, struct slice *prefix_out, struct slice *major_out)
{
	size_t end = slice_ends(path, UNSTABLE) ? path.len - UNSTABLE.len : path.len;
	size_t i = end;

	while (i > 0 && is_digit(path.ptr[i - 1]))
		i--;
	if (i <= 1 || i == end || path.ptr[i - 1] != 'v' || path.ptr[i - 2] != '.')
		return false;
	if (path.ptr[i] == '0' && i + 1 != path.len)
		return false;
	*prefix_out = slice_sub(path, 0, i - 2);
	*major_out = slice_after(path, i - 2);
	return true;
}

bool module_path_split_major(struct slice path, struct slice *prefix_out, struct slice *major_out)
{
	size_t i = path.len;
	bool dot = false;

	if (slice_starts(path, GOPKG))
		return split_gopkg(path, prefix_out, major_out);
	while (i > 0 && (is_digit(path.ptr[i - 1]) || path.ptr[i - 1] == '.')) {
		dot = dot || path.ptr[i - 1] == '.';
		i--;
	}
	if (i <= 1 || i == path.len || path.ptr[i - 1] != 'v' || path.ptr[i - 2] != '/') {
		*prefix_out = path;
		*major_out = slice_after(path, path.len);
		return true;
	}
	if (dot || path.ptr[i] == '0' || (path.ptr[i] == '1' && i + 1 == path.len))
		return false;
	*prefix_out = slice_sub(path, 0, i - 2);
	*major_out = slice_after(path, i - 2);
	return true;
}

struct slice module_path_major_prefix(struct slice path_major)
{
	if (slice_starts(path_major, SLICE(".")) && slice_ends(path_major, UNSTABLE))
		path_major = slice_sub(path_major, 0, path_major.len - UNSTABLE.len);
	return slice_after(path_major, 1);
}

bool module_version_fits(struct slice version, struct slice path_major)
{
	struct slice want = module_path_major_prefix(path_major);
	struct slice major = semver_major(version);

	/* The go command of 2018 wrote v0.0.0 into pseudo-versions of gopkg.in .v1 paths; go.mod files still name them. */
	if (slice_equal_text(want, "v1") && path_major.ptr[0] == '.' && slice_starts(version, SLICE("v0.0.0-")))
		return true;
	if (want.len > 0)
		return slice_equal(major, want);
	return slice_equal_text(major, "v0") || slice_equal_text(major, "v1") || slice_equal_text(semver_build(version), "+incompatible");
}

int module_check(struct slice path, struct slice version, struct err *err)
{
	struct slice prefix, major;
	int status = module_path_check(path, err);

	if (status != 0)
		return status;
	if (version.len > MODULE_VERSION_MAX || !semver_is_module_canonical(version))
		return err_set(err, MODULE_ERR, "\"%.*s\" is not a canonical version (vMAJOR.MINOR.PATCH)", SLICE_ARG(version));
	if (!module_path_split_major(path, &prefix, &major) || !module_version_fits(version, major))
		return err_set(err, MODULE_ERR, "version %.*s does not belong under the path %.*s; the path's end names the major version",
			SLICE_ARG(version), SLICE_ARG(path));
	return 0;
}

bool module_path_has_prefix(struct slice path, struct slice prefix)
{
	return slice_starts(path, prefix) && (path.len == prefix.len || path.ptr[prefix.len] == '/');
}

bool module_path_prefix_closer(struct slice path, struct slice prefix, struct slice best)
{
	return module_path_has_prefix(path, prefix) && prefix.len > best.len;
}
