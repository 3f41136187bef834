/* Search filters: templates with {user} and {dn}. RFC 4515. */
#include "auth/ldap_private.h"

#include <string.h>

/* Bytes of the placeholder that text begins with, 0 if none. */
static size_t placeholder(const char *text, bool *is_user_out)
{
	*is_user_out = strncmp(text, "{user}", 6) == 0;
	if (*is_user_out)
		return 6;
	return strncmp(text, "{dn}", 4) == 0 ? 4 : 0;
}

/* NULL, or what is wrong. Parentheses inside values are written \28 and \29, so every one counts. */
static const char *fault(const char *template, bool dn_allowed)
{
	size_t len = strlen(template);
	int depth = 0;
	bool is_user;

	if (len < 3 || len > LDAP_TEMPLATE_MAX || template[0] != '(' || template[len - 1] != ')')
		return "a filter in parentheses was expected";
	for (size_t i = 0; i < len; i++) {
		depth += template[i] == '(' ? 1 : template[i] == ')' ? -1 : 0;
		if (depth < 0 || (depth == 0 && i + 1 < len))
			return "its parentheses do not match";
		if (template[i] != '{' && template[i] != '}')
			continue;
		if (placeholder(template + i, &is_user) == 0 || (!is_user && !dn_allowed))
			return dn_allowed ? "only {user} and {dn} may stand in braces" : "only {user} may stand in braces";
		i += placeholder(template + i, &is_user) - 1;
	}
	return depth == 0 ? NULL : "its parentheses do not match";
}

int auth_ldap_filter_check(const char *key, const char *template, bool dn_allowed, struct err *err)
{
	const char *wrong = fault(template, dn_allowed);

	return wrong == NULL ? 0 : err_set(err, AUTH_ERR_INVALID, "auth.ldap.%s is %.200s: %s", key, template, wrong);
}

bool auth_ldap_filter_has(const char *template, const char *name)
{
	return strstr(template, name) != NULL;
}

const char *auth_ldap_filter_attribute(struct arena *arena, const char *template)
{
	const char *user = strstr(template, "={user}");
	const char *start = user;

	if (user == NULL)
		return NULL;
	while (start > template && start[-1] != '(')
		start--;
	for (const char *at = start; at < user; at++) {
		/* An extensible match, an approximate one: attribute:rule:= or attribute~= */
		if (*at == ':' || *at == '~')
			user = at;
	}
	return user == start ? NULL : arena_text(arena, slice_make(start, (size_t)(user - start)));
}

/* Whatever is not a plain letter, digit or harmless mark is written as \hh: more than RFC 4515 asks for, and every reader takes it. */
static void add_escaped(struct buf *out, struct slice value)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.@=,+ ";
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];

		if (c != '\0' && strchr(plain, c) != NULL) {
			buf_add_char(out, (char)c);
		} else {
			buf_add_char(out, '\\');
			buf_add_char(out, digits[c >> 4]);
			buf_add_char(out, digits[c & 15]);
		}
	}
}

void auth_ldap_filter_fill(const char *template, struct slice user, struct slice dn, struct buf *out)
{
	for (const char *at = template; *at != '\0';) {
		bool is_user;
		size_t len = placeholder(at, &is_user);

		if (len > 0)
			add_escaped(out, is_user ? user : dn);
		else
			buf_add_char(out, *at);
		at += len > 0 ? len : 1;
	}
}
