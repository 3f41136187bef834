/* Addresses. The only place where a URL towards a module upstream is put together, and only from a struct public_module. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "upstream/upstream_private.h"

/* http(s)://host[:port][/path] in visible ASCII. */
static bool url_usable(struct slice url, struct slice *host_out)
{
	struct slice rest, authority;

	if (slice_starts(url, SLICE("https://")))
		rest = slice_after(url, 8);
	else if (slice_starts(url, SLICE("http://")))
		rest = slice_after(url, 7);
	else
		return false;
	for (size_t i = 0; i < rest.len; i++)
		if (rest.ptr[i] <= ' ' || rest.ptr[i] > '~' || strchr("?#\\\"<>^`{|}", rest.ptr[i]) != NULL)
			return false;
	slice_cut(rest, '/', &authority, &rest);
	*host_out = authority;
	return authority.len > 0 && authority.ptr[0] != ':' && slice_index(authority, '@') < 0 && url.len <= UPSTREAM_URL_MAX;
}

int upstream_peer_set(struct upstream_peer *peer, const char *what, const char *url, const char *ca_file, struct err *err)
{
	struct slice text = slice_of(url), host = SLICE_NONE;

	if (!url_usable(text, &host))
		return err_set(
			err, UPSTREAM_ERR_BAD, "the address of %s must be http(s)://host[:port][/path], without user, query or fragment", what);
	while (slice_ends(text, SLICE("/")))
		text.len--;
	peer->url = slice_dup(text);
	peer->ca_file = ca_file == NULL ? NULL : strdup(ca_file);
	if (asprintf(&peer->name, "%s at %.*s", what, SLICE_ARG(host)) < 0)
		peer->name = NULL;
	if (peer->url == NULL || peer->name == NULL || (ca_file != NULL && peer->ca_file == NULL))
		return err_set(err, UPSTREAM_ERR, "cannot set up %s: out of memory", what);
	return 0;
}

void upstream_peer_free(struct upstream_peer *peer)
{
	free(peer->url);
	free(peer->ca_file);
	free(peer->name);
	*peer = (struct upstream_peer){ .url = NULL };
}

static bool literal(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c != '\0' && strchr("-._~!+/", c) != NULL);
}

static void add_encoded(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (literal(text.ptr[i]))
			buf_add_char(out, text.ptr[i]);
		else
			buf_printf(out, "%%%02X", (unsigned char)text.ptr[i]);
	}
}

/* What was escaped, if it could be, and the suffix behind it. */
static int add_escaped(int escape_code, struct buf *escaped, const char *suffix, struct buf *out, struct err *err)
{
	int rc = escape_code == 0 ? 0 : UPSTREAM_ERR_ABSENT;

	add_encoded(out, buf_slice(escaped));
	buf_add_text(out, suffix);
	if (rc == 0 && (buf_failed(escaped) || buf_failed(out)))
		rc = err_set(err, UPSTREAM_ERR, "cannot ask an upstream: out of memory; try again later");
	buf_free(escaped);
	return rc;
}

int upstream_url_module(const struct public_module *module, const char *suffix, struct buf *out, struct err *err)
{
	struct buf escaped = BUF_INIT(2 * MODULE_PATH_MAX);

	return add_escaped(module_escape_path(public_module_path(module), &escaped, err), &escaped, suffix, out, err);
}

static int add_version(struct slice version, const char *suffix, struct buf *out, struct err *err)
{
	struct buf escaped = BUF_INIT(2 * MODULE_VERSION_MAX);

	return add_escaped(module_escape_version(version, &escaped, err), &escaped, suffix, out, err);
}

int upstream_url_file(const struct public_module *module, struct slice query, const char *suffix, struct buf *out, struct err *err)
{
	int rc = upstream_url_module(module, "/@v/", out, err);

	return rc == 0 ? add_version(query, suffix, out, err) : rc;
}

int upstream_url_lookup(const struct public_module *module, struct slice version, struct buf *out, struct err *err)
{
	int rc;

	buf_add_text(out, "lookup/");
	rc = upstream_url_module(module, "@", out, err);
	return rc == 0 ? add_version(version, "", out, err) : rc;
}
