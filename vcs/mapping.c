/* Configured prefixes: checking them, finding the one that covers a module, and telling the repository and directory of a module. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/url.h"
#include "module/template.h"
#include "vcs/vcs_private.h"

#define REFRESH_S_DEFAULT 60

static char *text_dup(const char *text)
{
	return text ? strdup(text) : NULL;
}

static bool printable(const char *text)
{
	for (; *text; text++)
		if (!isgraph((unsigned char)*text) || strchr("\"\\`<>", *text))
			return false;
	return true;
}

/* A credential has a file of its own: the url is not shown. */
static int check_url(const char *text, const struct mapping *mapping, struct err *err)
{
	struct err why = ERR_INIT;
	struct url url;

	if (url_parse(text, &url, &why) < 0)
		return err_set(err, VCS_ERR_INVALID, "a repository's url: %s", why.text);
	if (mapping->ssh && url.user.len == 0)
		return err_set(err, VCS_ERR_INVALID, "repository %s: a user is expected before the host, as in ssh://git@host/path", text);
	if (url.path.len < 2)
		return err_set(err, VCS_ERR_INVALID, "repository %s: a host and a path are expected", text);
	return 0;
}

/* Only what is known to be safe to hand to git passes: "ext::", "--upload-pack" and their like are no https URL and no absolute path. */
static int check_repository(const char *text, struct mapping *out, struct err *err)
{
	struct module_template template = { 0, false };
	struct err why = ERR_INIT;

	if (strlen(text) > VCS_REPOSITORY_MAX || !printable(text))
		return err_set(err, VCS_ERR_INVALID, "a repository of %zu bytes: at most %d printable characters are expected", strlen(text),
			VCS_REPOSITORY_MAX);
	if (text[0] != '/' && strchr(text, '@') && !strstr(text, "://"))
		return err_set(err, VCS_ERR_INVALID, "repository %s: for ssh, ssh://git@host/path is expected", text);
	if (module_template_read(text, &template, &why) < 0)
		return err_set(err, VCS_ERR_INVALID, "repository %s: %s", text, why.text);
	out->elements = template.elements;
	out->open_ended = template.open_ended;
	out->local = text[0] == '/';
	out->ssh = strncmp(text, "ssh://", 6) == 0;
	if (!out->local && !out->ssh && strncmp(text, "https://", 8) != 0)
		return err_set(err, VCS_ERR_INVALID, "repository %s: an https or ssh url or an absolute path is expected", text);
	return out->local ? 0 : check_url(text, out, err);
}

static int check_subdir(const char *subdir, struct err *err)
{
	struct slice rest = slice_of(subdir), element;

	if (subdir[0] == '\0')
		return 0;
	if (subdir[0] == '/' || subdir[0] == '-' || strlen(subdir) > 200 || subdir[strlen(subdir) - 1] == '/')
		return err_set(err, VCS_ERR_INVALID, "subdir %.200s: a directory inside the repository is expected", subdir);
	while (slice_next(&rest, '/', &element))
		if (element.len == 0 || slice_equal_text(element, ".") || slice_equal_text(element, ".."))
			return err_set(err, VCS_ERR_INVALID, "subdir %s: empty elements, . and .. are not expected", subdir);
	return 0;
}

static int check_credential(const struct vcs_repository *from, const struct mapping *to, struct err *err)
{
	if (to->local && (from->credentials_file || from->ca))
		return err_set(err, VCS_ERR_INVALID, "repository %s: credentials_file and ca belong to https", from->repository);
	if (to->ssh && from->ca)
		return err_set(err, VCS_ERR_INVALID, "repository %s: ca belongs to https; ssh has known_hosts_file", from->repository);
	if (to->ssh && (!from->credentials_file || !from->known_hosts_file))
		return err_set(err, VCS_ERR_INVALID, "repository %s: ssh needs a credentials_file and a known_hosts_file", from->repository);
	if (!to->ssh && from->known_hosts_file)
		return err_set(err, VCS_ERR_INVALID, "repository %s: known_hosts_file belongs to ssh", from->repository);
	return 0;
}

static int check(const struct vcs_repository *from, struct mapping *out, struct err *err)
{
	struct err why = ERR_INIT;
	int code;

	if (!from->prefix || module_path_check(slice_of(from->prefix), &why) < 0)
		return err_set(err, VCS_ERR_INVALID, "prefix %s: a module path is expected: %s", from->prefix ? from->prefix : "(none)", why.text);
	if (!from->repository)
		return err_set(err, VCS_ERR_INVALID, "prefix %s: repository is missing", from->prefix);
	code = check_repository(from->repository, out, err);
	if (code == 0)
		code = check_subdir(from->subdir ? from->subdir : "", err);
	if (code == 0)
		code = check_credential(from, out, err);
	if (code == 0 && (from->refresh_s < VCS_REFRESH_ALWAYS || from->refresh_s > 86400))
		code = err_set(err, VCS_ERR_INVALID, "repository %s: refresh_s must be 0 to 86400", from->repository);
	if (code == 0 && (from->hold_ms < 0 || from->hold_ms > VCS_HOLD_MS_MAX))
		code = err_set(err, VCS_ERR_INVALID, "repository %s: hold_ms must be 1 to %d", from->repository, VCS_HOLD_MS_MAX);
	return code;
}

static void identify(struct mapping *mapping)
{
	uint8_t own[SHA256_BYTES], both[SHA256_BYTES];

	sha256(slice_of(mapping->credentials_file ? mapping->credentials_file : ""), own);
	sha256_two(slice_make(own, sizeof(own)), slice_of(mapping->known_hosts_file ? mapping->known_hosts_file : ""), both);
	sha256_two(slice_make(both, sizeof(both)), slice_of(mapping->ca ? mapping->ca : ""), mapping->identity);
}

int vcs_mapping_init(const struct vcs_repository *repository, struct mapping *mapping_out, struct err *err)
{
	int code;

	memset(mapping_out, 0, sizeof(*mapping_out));
	code = check(repository, mapping_out, err);
	if (code < 0)
		return code;
	mapping_out->prefix = text_dup(repository->prefix);
	mapping_out->repository = text_dup(repository->repository);
	mapping_out->subdir = text_dup(repository->subdir ? repository->subdir : "");
	mapping_out->credentials_file = text_dup(repository->credentials_file);
	mapping_out->known_hosts_file = text_dup(repository->known_hosts_file);
	mapping_out->ca = text_dup(repository->ca);
	if (repository->refresh_s != VCS_REFRESH_ALWAYS)
		mapping_out->refresh_us = (repository->refresh_s ? repository->refresh_s : REFRESH_S_DEFAULT) * 1000000;
	mapping_out->hold_us = (repository->hold_ms ? repository->hold_ms : VCS_HOLD_MS) * 1000;
	mapping_out->missing_is_absent = repository->missing_is_absent;
	mapping_out->lower_case = repository->lower_case;
	if (!mapping_out->prefix || !mapping_out->repository || !mapping_out->subdir ||
		(repository->credentials_file && !mapping_out->credentials_file) ||
		(repository->known_hosts_file && !mapping_out->known_hosts_file) || (repository->ca && !mapping_out->ca))
		return vcs_no_memory(err, "keep the repositories' prefixes");
	identify(mapping_out);
	return 0;
}

void vcs_mapping_free(struct mapping *mapping)
{
	free(mapping->prefix);
	free(mapping->repository);
	free(mapping->subdir);
	free(mapping->credentials_file);
	free(mapping->known_hosts_file);
	free(mapping->ca);
	memset(mapping, 0, sizeof(*mapping));
}

const struct mapping *vcs_mapping_find(const struct mapping *mappings, size_t count, struct slice module)
{
	const struct mapping *best = NULL;

	for (size_t i = 0; i < count; i++)
		if (module_path_prefix_closer(module, slice_of(mappings[i].prefix), slice_of(best ? best->prefix : "")))
			best = &mappings[i];
	return best;
}

size_t vcs_mapping_candidates(const struct mapping *mapping, struct slice module)
{
	size_t elements = 0;

	if (!mapping->open_ended)
		return 1;
	for (size_t i = strlen(mapping->prefix); i < module.len; i++)
		elements += module.ptr[i] == '/';
	if (elements <= mapping->elements)
		return 0;
	elements -= mapping->elements;
	return elements < VCS_CANDIDATES_MAX ? elements : VCS_CANDIDATES_MAX;
}

/* What the {n} and {*} of one mapping stand for in one module path. */
struct parts {
	struct slice elements[9];
	struct slice open; /* of {*}: one element or more */
	struct slice root; /* the module path up to the last of them: the repository's own */
};

static bool has_capital(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] >= 'A' && text.ptr[i] <= 'Z')
			return true;
	return false;
}

/* The next path element; none may begin as an option does, nor over ssh as a user's home: git makes "~user" of "ssh://host/~user". */
static bool next_element(const struct mapping *mapping, struct slice *rest, struct slice *element_out)
{
	struct slice from = rest->len > 0 ? slice_after(*rest, 1) : *rest;
	size_t len = 0;

	while (len < from.len && from.ptr[len] != '/')
		len++;
	*element_out = slice_make(from.ptr, len);
	*rest = slice_after(from, len);
	return len > 0 && from.ptr[0] != '-' && !(mapping->ssh && from.ptr[0] == '~') && !(mapping->lower_case && has_capital(*element_out));
}

static int no_module(const struct mapping *mapping, struct slice module, struct slice element, struct err *err)
{
	if (mapping->lower_case && has_capital(element))
		return err_set(err, VCS_ERR_ABSENT, "%.*s is not a module: repositories below %s are named in lower case", SLICE_ARG(module),
			mapping->prefix);
	return err_set(err, VCS_ERR_ABSENT, "%.*s is not a module: repositories below %s have %zu%s more path elements", SLICE_ARG(module),
		mapping->prefix, mapping->elements + mapping->open_ended, mapping->open_ended ? " or" : "");
}

static int split(const struct mapping *mapping, struct slice module, size_t open_elements, struct parts *out, struct err *err)
{
	struct slice rest = slice_after(module, strlen(mapping->prefix)), element = SLICE_NONE, before;
	bool good = true;

	for (size_t i = 0; i < mapping->elements && good; i++) {
		good = next_element(mapping, &rest, &element);
		out->elements[i] = element;
	}
	before = rest;
	for (size_t i = 0; i < open_elements && good; i++)
		good = next_element(mapping, &rest, &element);
	if (!good || (mapping->open_ended && open_elements == 0))
		return no_module(mapping, module, element, err);
	out->open = slice_make(before.ptr + (open_elements > 0), before.len - rest.len - (open_elements > 0));
	out->root = slice_make(module.ptr, module.len - rest.len);
	return 0;
}

static int substitute(const struct mapping *mapping, const struct parts *parts, char out[VCS_REPOSITORY_MAX + 1], struct err *err)
{
	struct buf buf = BUF_INIT(VCS_REPOSITORY_MAX);
	int code = 0;

	for (const char *p = mapping->repository; *p; p++) {
		if (*p != '{') {
			buf_add_char(&buf, *p);
			continue;
		}
		buf_add_slice(&buf, p[1] == '*' ? parts->open : parts->elements[p[1] - '1']);
		p += 2;
	}
	if (buf_failed(&buf))
		code = err_set(err, VCS_ERR_ABSENT, "no repository has so long a name");
	else
		memcpy(out, buf_text(&buf), buf.len + 1);
	buf_free(&buf);
	return code;
}

/* prefix: the module path without its major suffix; below root it names the directory. */
static int set_directory(struct slice prefix, struct slice root, struct location *out, struct err *err)
{
	struct buf buf = BUF_INIT(VCS_DIRECTORY_MAX - 2);
	int code = 0;

	if (prefix.len > root.len)
		buf_add_slice(&buf, slice_after(prefix, root.len + 1));
	if (out->mapping->subdir[0] != '\0' && buf.len > 0)
		buf_add_char(&buf, '/');
	buf_add_text(&buf, out->mapping->subdir);
	if (buf_failed(&buf) || !vcs_text_join(out->directory, sizeof(out->directory), buf_text(&buf), "") ||
		!vcs_text_join(out->tag_prefix, sizeof(out->tag_prefix), buf_text(&buf), buf.len > 0 ? "/" : ""))
		code = err_set(err, VCS_ERR_ABSENT, "no module has so long a path");
	buf_free(&buf);
	return code;
}

int vcs_location_init(const struct mapping *mapping, struct slice module, size_t open_elements, struct location *out, struct err *err)
{
	struct parts parts = { .root = SLICE_NONE };
	struct slice prefix = SLICE_NONE;
	struct err why = ERR_INIT;
	int code;

	memset(out, 0, sizeof(*out));
	if (module_path_check(module, &why) < 0)
		return err_set(err, VCS_ERR_ABSENT, "not a module path: %s", why.text);
	out->mapping = mapping;
	memcpy(out->module, module.ptr, module.len);
	module.ptr = out->module;
	code = split(mapping, module, mapping->open_ended ? open_elements : 0, &parts, err);
	if (code == 0)
		code = substitute(mapping, &parts, out->repository, err);
	if (code < 0)
		return code;
	ASSERT(module_path_split_major(module, &prefix, &out->path_major));
	out->root_len = parts.root.len;
	out->at_root = parts.root.len == module.len;
	if (prefix.len < parts.root.len)
		prefix = parts.root; /* the repository's own path ends in a major suffix */
	return set_directory(prefix, parts.root, out, err);
}
