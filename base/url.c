/* Taking URLs apart, strictly. Source: RFC 3986 section 3. */
#include "base/url.h"

#include <string.h>

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Of a host or user. The first is a letter or digit: nothing that a program could take for an option. */
static bool is_plain(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (!is_alnum(name.ptr[i]) && (i == 0 || strchr("-._", name.ptr[i]) == NULL))
			return false;
	}
	return name.len > 0;
}

static bool is_ipv6(struct slice host)
{
	for (size_t i = 0; i < host.len; i++) {
		if (strchr("0123456789abcdefABCDEF:.", host.ptr[i]) == NULL)
			return false;
	}
	return slice_index(host, ':') >= 0;
}

bool url_port(struct slice text, long long *port_out)
{
	return text.len <= 5 && slice_to_number(text, port_out) && *port_out <= 65535;
}

bool url_host_port(struct slice text, struct slice *host_out, struct slice *port_out)
{
	struct slice host = text;
	struct slice rest = SLICE_NONE;
	long long number;

	if (text.len > 0 && text.ptr[0] == '[') {
		if (!slice_cut(slice_after(text, 1), ']', &host, &rest) || !is_ipv6(host))
			return false;
		if (rest.len > 0 && rest.ptr[0] != ':')
			return false;
	} else {
		ptrdiff_t colon = slice_index(text, ':');

		host = colon < 0 ? text : slice_sub(text, 0, (size_t)colon);
		rest = colon < 0 ? SLICE_NONE : slice_after(text, (size_t)colon);
		if (!is_plain(host))
			return false;
	}
	if (rest.len > 0 && !url_port(slice_after(rest, 1), &number))
		return false;
	*host_out = host;
	*port_out = slice_after(rest, 1);
	return true;
}

/* Anything a path may hold and a request line can carry as it is; '{' and '}' for templates. */
static bool is_path(struct slice path)
{
	for (size_t i = 0; i < path.len; i++) {
		if (path.ptr[i] <= 0x20 || path.ptr[i] > 0x7e || strchr("\"<>\\^`|", path.ptr[i]) != NULL)
			return false;
	}
	return true;
}

int url_parse(const char *text, struct url *url_out, struct err *err)
{
	struct slice all = slice_of(text);
	ptrdiff_t colon = slice_find(all, SLICE("://"));
	struct slice rest;
	struct slice authority;
	ptrdiff_t slash;
	struct url url;

	if (colon <= 0)
		return err_set(err, BASE_ERR_INVALID, "there is no scheme; a URL like https://host/path was expected");
	url.scheme = slice_sub(all, 0, (size_t)colon);
	rest = slice_after(all, (size_t)colon + 3);
	if (slice_index(rest, '?') >= 0 || slice_index(rest, '#') >= 0)
		return err_set(err, BASE_ERR_INVALID, "it has a query or fragment; a URL without one was expected");
	slash = slice_index(rest, '/');
	authority = slash < 0 ? rest : slice_sub(rest, 0, (size_t)slash);
	url.path = slash < 0 ? SLICE_NONE : slice_after(rest, (size_t)slash);
	url.user = SLICE_NONE;
	if (slice_equal_text(url.scheme, "ssh") && slice_index(authority, '@') >= 0 && slice_cut(authority, '@', &url.user, &authority) &&
		!is_plain(url.user))
		return err_set(err, BASE_ERR_INVALID, "before its host stands more than a user; a URL like ssh://git@host/path was expected");
	if (slice_index(authority, '@') >= 0)
		return err_set(err, BASE_ERR_INVALID, "it has a user name; a URL without one was expected, a secret belongs in a file of its own");
	if (authority.len == 0)
		return err_set(
			err, BASE_ERR_INVALID, "there is no host after %.*s://; a URL like https://host/path was expected", SLICE_ARG(url.scheme));
	if (!url_host_port(authority, &url.host, &url.port))
		return err_set(err, BASE_ERR_INVALID, "\"%.*s\" is no HOST or HOST:PORT", SLICE_ARG(authority));
	if (!is_path(url.path))
		return err_set(err, BASE_ERR_INVALID, "its path holds a character that must be percent-encoded");
	*url_out = url;
	return 0;
}

struct slice url_origin(const char *text)
{
	const char *scheme = strstr(text, "://");
	size_t authority = scheme != NULL ? (size_t)(scheme - text) + 3 : 0;

	return slice_make(text, authority + strcspn(text + authority, "/"));
}
