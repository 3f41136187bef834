/* Forms of single values: each says what is wrong and what was expected. A form looks at the text alone. */
#include "settings/settings_private.h"

#include <string.h>

#include "base/hash.h"
#include "base/url.h"
#include "module/path.h"
#include "module/pattern.h"
#include "module/zip.h"

#define KEY_ID_BYTES     4
#define PUBLIC_KEY_BYTES 32
#define ED25519          1 /* the algorithm byte of a verifier key */

const char *settings_shown(const char *text)
{
	return strchr(text, '@') == NULL ? text : "(not shown: it may hold a password)";
}

/* Another scheme than was expected is told as such: what follows "file://" is no host to complain about. */
static bool is_of_another(const char *text, const char *scheme, const char *or_scheme)
{
	struct slice found, rest;

	return slice_find(slice_of(text), SLICE("://")) > 0 && slice_cut(slice_of(text), ':', &found, &rest) && !slice_equal_text(found, scheme) &&
	       !slice_equal_text(found, or_scheme);
}

int settings_form_web(const char *text, struct err *err)
{
	struct url url;

	if (is_of_another(text, "https", "http"))
		return err_set(err, SETTINGS_ERR_INVALID, "an http or https URL was expected");
	return url_parse(text, &url, err);
}

int settings_form_https(const char *text, struct err *err)
{
	struct url url;

	if (is_of_another(text, "https", "https"))
		return err_set(err, SETTINGS_ERR_INVALID, "an https URL was expected");
	return url_parse(text, &url, err);
}

int settings_form_ldap(const char *text, struct err *err)
{
	struct url url;
	int code;

	if (strncmp(text, "ldapi://", 8) == 0) {
		if (text[8] == '\0' || strpbrk(text + 8, "/?# @") != NULL)
			return err_set(err, SETTINGS_ERR_INVALID, "ldapi:// and the percent-encoded path of a socket was expected");
		return 0;
	}
	code = url_parse(text, &url, err);
	if (code < 0)
		return code;
	if (!slice_equal_text(url.scheme, "ldap") && !slice_equal_text(url.scheme, "ldaps"))
		return err_set(err, SETTINGS_ERR_INVALID, "an ldaps, ldap or ldapi URI was expected");
	if (url.path.len > 1)
		return err_set(err, SETTINGS_ERR_INVALID, "a URI without a DN was expected: that is user_base");
	return 0;
}

int settings_form_pattern(const char *text, struct err *err)
{
	struct err why = ERR_INIT;

	if (module_pattern_check(slice_of(text), &why) < 0)
		return err_set(err, SETTINGS_ERR_INVALID, "%s; a pattern like corp.example/* was expected", why.text);
	if (module_pattern_has_dots(slice_of(text)))
		return err_set(err, SETTINGS_ERR_INVALID, MODULE_PATTERN_DOTS);
	return 0;
}

int settings_form_prefix(const char *text, struct err *err)
{
	struct err why = ERR_INIT;

	if (module_path_check(slice_of(text), &why) < 0)
		return err_set(err, SETTINGS_ERR_INVALID, "%s; the beginning of module paths, like git.corp.example/team, was expected", why.text);
	return 0;
}

int settings_form_subdir(const char *text, struct err *err)
{
	struct err why = ERR_INIT;

	if (module_file_path_check(slice_of(text), &why) < 0)
		return err_set(err, SETTINGS_ERR_INVALID, "%s; a directory of the repository, like go or src/go, was expected", why.text);
	return 0;
}

int settings_form_route(const char *text, struct err *err)
{
	struct slice rest = slice_of(text);
	struct slice element;

	if (text[0] != '/')
		return err_set(err, SETTINGS_ERR_INVALID, "it does not begin with /; / or a path like /goproxy/ was expected");
	rest = slice_after(rest, 1);
	if (slice_ends(rest, SLICE("/")))
		rest.len--;
	while (slice_next(&rest, '/', &element)) {
		if (element.len == 0 || element.ptr[0] == '.' || strspn(element.ptr, "abcdefghijklmnopqrstuvwxyz0123456789-._~") < element.len)
			return err_set(err, SETTINGS_ERR_INVALID,
				"\"%.*s\" cannot be part of it; elements of small letters, digits and - . _ ~ were expected", SLICE_ARG(element));
	}
	return 0;
}

static bool key_is_whole(struct slice name, const uint8_t id[KEY_ID_BYTES], struct slice key)
{
	struct buf hashed = BUF_INIT(SETTINGS_TEXT_MAX);
	uint8_t digest[SHA256_BYTES];

	buf_add_slice(&hashed, name);
	buf_add_char(&hashed, '\n');
	buf_add_slice(&hashed, key);
	sha256(buf_slice(&hashed), digest);
	buf_free(&hashed);
	return memcmp(digest, id, KEY_ID_BYTES) == 0;
}

/* NAME+hhhhhhhh+base64(algorithm, key): the hash is over the name and the key, so a slip of the pen shows. */
static bool is_verifier_key(struct slice text)
{
	struct buf key = BUF_INIT(SETTINGS_TEXT_MAX);
	struct slice name;
	struct slice id_text;
	struct slice key_text;
	uint8_t id[KEY_ID_BYTES];
	bool good;

	if (!slice_cut(text, '+', &name, &key_text) || !slice_cut(key_text, '+', &id_text, &key_text))
		return false;
	good = name.len > 0 && hex_decode(id_text, id, sizeof(id)) && base64_decode(key_text, &key) && key.len == 1 + PUBLIC_KEY_BYTES &&
	       key.ptr[0] == ED25519 && key_is_whole(name, id, buf_slice(&key));
	buf_free(&key);
	return good;
}

int settings_form_database(const char *text, struct err *err)
{
	struct slice host;
	struct slice port;

	if (strchr(text, '+') != NULL) {
		if (!is_verifier_key(slice_of(text)))
			return err_set(
				err, SETTINGS_ERR_INVALID, "it is no whole verifier key; NAME+HASH+BASE64 as the database publishes it was expected");
		return 0;
	}
	if (!url_host_port(slice_of(text), &host, &port) || port.len > 0)
		return err_set(err, SETTINGS_ERR_INVALID, "a verifier key NAME+HASH+BASE64 or the name of a well-known database was expected");
	return 0;
}

/* Parentheses that close. The directory itself reads the rest. */
int settings_form_filter(const char *text, struct err *err)
{
	size_t len = strlen(text);
	size_t depth = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '(')
			depth++;
		if (text[i] == ')' && (depth == 0 || (--depth == 0 && i + 1 < len)))
			return err_set(err, SETTINGS_ERR_INVALID, "it goes on after its last parenthesis; one filter like (uid={user}) was expected");
	}
	if (text[0] != '(' || depth != 0)
		return err_set(err, SETTINGS_ERR_INVALID, "its parentheses do not close; a filter like (uid={user}) was expected");
	return 0;
}
