/* Keys of auth that belong together. */
#include "settings/settings_private.h"

#include <string.h>

static int ldap_error(struct settings_reader *reader, const struct settings *settings, const char *key, const char *sentence)
{
	return yaml_error(reader->document, settings_line(settings->lines, key), reader->err, "%s: %s", key, sentence);
}

/* A password must not travel in the clear, and start_tls has a meaning on ldap:// alone. */
static int check_uri(struct settings_reader *reader, const struct settings *settings, const char *uri)
{
	bool clear = strncmp(uri, "ldap://", 7) == 0;

	if (settings->auth.ldap.start_tls && !clear)
		return ldap_error(
			reader, settings, "auth.ldap.start_tls", "it is for ldap:// servers; ldaps:// and ldapi:// were expected without it");
	if (!settings->auth.ldap.start_tls && clear)
		return ldap_error(
			reader, settings, "auth.ldap.uris", "passwords would be sent in the clear; ldaps:// or start_tls: true was expected");
	return 0;
}

static int check_ldap_filters(struct settings_reader *reader, const struct settings *settings)
{
	const struct settings_ldap *ldap = &settings->auth.ldap;
	const struct key *group_filter = settings_key_find("auth.ldap.group_filter");

	if (strstr(ldap->user_filter, "{user}") == NULL)
		return ldap_error(reader, settings, "auth.ldap.user_filter", "it would find the same for everybody; {user} was expected in it");
	if (strstr(ldap->user_filter, "{dn}") != NULL)
		return ldap_error(
			reader, settings, "auth.ldap.user_filter", "{dn} is not known before the user is found; {user} alone was expected in it");
	if (ldap->group_base == NULL && settings->lines[settings_key_index(group_filter)] != 0)
		return ldap_error(reader, settings, "auth.ldap.group_filter", "there is no place to search; group_base was expected beside it");
	if (strstr(ldap->group_filter, "{dn}") == NULL && strstr(ldap->group_filter, "{user}") == NULL)
		return ldap_error(
			reader, settings, "auth.ldap.group_filter", "it would give everybody the same groups; {dn} or {user} was expected in it");
	return 0;
}

static int check_ldap(struct settings_reader *reader, const struct settings *settings)
{
	const struct settings_ldap *ldap = &settings->auth.ldap;

	if (!ldap->enabled)
		return 0;
	for (size_t i = 0; i < ldap->uris.count; i++) {
		int code = check_uri(reader, settings, ldap->uris.items[i]);

		if (code < 0)
			return code;
	}
	if (ldap->bind_dn != NULL && ldap->bind_password_file == NULL)
		return ldap_error(
			reader, settings, "auth.ldap.bind_dn", "a name without a password binds nobody; bind_password_file was expected beside it");
	if (ldap->bind_dn == NULL && ldap->bind_password_file != NULL)
		return ldap_error(
			reader, settings, "auth.ldap.bind_password_file", "there is no one whose password it is; bind_dn was expected beside it");
	return check_ldap_filters(reader, settings);
}

static int check_jwt(struct settings_reader *reader, const struct settings *settings)
{
	const struct settings_jwt *jwt = settings->auth.jwt;

	for (size_t i = 0; i < settings->auth.jwt_count; i++) {
		for (size_t k = 0; k < i; k++) {
			if (strcmp(jwt[i].issuer, jwt[k].issuer) == 0)
				return yaml_error(reader->document, settings_line(jwt[i].lines, "auth.jwt[].issuer"), reader->err,
					"the issuer %.200s stands on line %u already; each once was expected", jwt[i].issuer,
					settings_line(jwt[k].lines, "auth.jwt[].issuer"));
		}
	}
	return 0;
}

int settings_check_auth(struct settings_reader *reader, struct settings *settings)
{
	struct settings_auth *auth = &settings->auth;
	int code = check_ldap(reader, settings);

	/* Shown as if it had been written, its default would be refused: nothing is searched with it. */
	if (auth->ldap.group_base == NULL)
		auth->ldap.group_filter = NULL;
	if (code == 0)
		code = check_jwt(reader, settings);
	if (code == 0 && !auth->anonymous && !auth->tokens && !auth->ldap.enabled && auth->jwt_count == 0)
		return yaml_error(reader->document, settings_line(settings->lines, "auth.tokens.enabled"), reader->err,
			"nobody could sign in; tokens, ldap, jwt or anonymous was expected to be on");
	return code;
}
