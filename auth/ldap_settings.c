/* The directory's settings, checked and copied. */
#include "auth/ldap_private.h"

#include <string.h>

#include "base/file.h"

#define TEXTS_BYTES_MAX    (256 * 1024)
#define TIMEOUT_MS_DEFAULT 3000
#define IDLE_MAX_DEFAULT   8
#define IDLE_MAX_LIMIT     64
#define BIND_PASSWORD_MAX  4096
#define SYSTEM_CA          "/etc/ssl/certs/ca-certificates.crt"

static bool empty(const char *text)
{
	return text == NULL || text[0] == '\0';
}

/* A password that goes over the wire in the clear is nobody's secret: without TLS only the local socket will do. */
static int check_uri(const char *uri, bool start_tls, struct err *err)
{
	bool tls = strncmp(uri, "ldaps://", 8) == 0;
	bool local = strncmp(uri, "ldapi://", 8) == 0;

	/* libldap would take "ldaps://a ldap://b" for two addresses. */
	if ((!tls && !local && strncmp(uri, "ldap://", 7) != 0) || strpbrk(uri, " \t\r\n,") != NULL || !ldap_is_ldap_url(uri))
		return err_set(err, AUTH_ERR_INVALID, "auth.ldap.uris: %.200s is no directory; ldaps://, ldap:// or ldapi:// was expected", uri);
	if (!tls && !local && !start_tls)
		return err_set(
			err, AUTH_ERR_INVALID, "auth.ldap.uris: %.200s would send passwords in the clear; use ldaps:// or start_tls: true", uri);
	if ((tls || local) && start_tls)
		return err_set(err, AUTH_ERR_INVALID, "auth.ldap.start_tls goes with ldap:// only, and %.200s is another", uri);
	return 0;
}

static int copy_uris(const struct auth_ldap_options *options, struct ldap_settings *to, struct err *err)
{
	if (options->uris_count == 0 || options->uris_count > LDAP_URIS_MAX)
		return err_set(err, AUTH_ERR_INVALID, "auth.ldap.uris has %zu entries; 1 to %d were expected", options->uris_count, LDAP_URIS_MAX);
	for (size_t i = 0; i < options->uris_count; i++) {
		int code = check_uri(options->uris[i], options->start_tls, err);

		if (code < 0)
			return code;
		to->uris[i] = arena_text(to->arena, slice_of(options->uris[i]));
		if (to->uris[i] == NULL)
			return err_set(err, AUTH_ERR, "cannot set up auth.ldap: out of memory");
	}
	to->uris_count = options->uris_count;
	to->start_tls = options->start_tls;
	return 0;
}

/* NULL stays NULL; false: memory. */
static bool copy_text(struct ldap_settings *to, const char *text, const char **copy_out)
{
	*copy_out = text == NULL ? NULL : arena_text(to->arena, slice_of(text));
	return text == NULL || *copy_out != NULL;
}

static const char *or_else(const char *text, const char *fallback)
{
	return text == NULL ? fallback : text;
}

static int copy_texts(const struct auth_ldap_options *options, struct ldap_settings *to, struct err *err)
{
	if (!copy_text(to, or_else(options->ca, SYSTEM_CA), &to->ca) || !copy_text(to, options->bind_dn, &to->bind_dn) ||
		!copy_text(to, options->user_base, &to->user_base) ||
		!copy_text(to, or_else(options->user_filter, "(uid={user})"), &to->user_filter) ||
		!copy_text(to, options->group_base, &to->group_base) ||
		!copy_text(to, or_else(options->group_filter, "(member={dn})"), &to->group_filter) ||
		!copy_text(to, or_else(options->group_attribute, "cn"), &to->group_attribute))
		return err_set(err, AUTH_ERR, "cannot set up auth.ldap: out of memory");
	return 0;
}

static int check_filters(struct ldap_settings *settings, struct err *err)
{
	int code = auth_ldap_filter_check("user_filter", settings->user_filter, false, err);

	if (code == 0)
		code = auth_ldap_filter_check("group_filter", settings->group_filter, true, err);
	if (code < 0)
		return code;
	settings->user_attribute = auth_ldap_filter_attribute(settings->arena, settings->user_filter);
	if (settings->user_attribute == NULL)
		return err_set(err, AUTH_ERR_INVALID,
			"auth.ldap.user_filter is %.200s: one that compares an attribute with {user}, like (uid={user}), was expected",
			settings->user_filter);
	if (settings->group_base != NULL && !auth_ldap_filter_has(settings->group_filter, "{dn}") &&
		!auth_ldap_filter_has(settings->group_filter, "{user}"))
		return err_set(err, AUTH_ERR_INVALID, "auth.ldap.group_filter is %.200s: without {dn} or {user} everybody would be in every group",
			settings->group_filter);
	return 0;
}

static int check_texts(const struct ldap_settings *settings, const struct auth_ldap_options *options, struct err *err)
{
	if (empty(settings->user_base))
		return err_set(err, AUTH_ERR_INVALID, "auth.ldap.user_base is missing");
	if (settings->group_base != NULL && empty(settings->group_base))
		return err_set(err, AUTH_ERR_INVALID, "auth.ldap.group_base is empty; leave it out to have no groups");
	if (empty(settings->group_attribute))
		return err_set(err, AUTH_ERR_INVALID, "auth.ldap.group_attribute is empty");
	if (empty(settings->bind_dn) != empty(options->bind_password_source))
		return err_set(err, AUTH_ERR_INVALID, "auth.ldap: bind_dn and bind_password_file go together; one of them is missing");
	return 0;
}

static int check_numbers(const struct auth_ldap_options *options, struct ldap_settings *to, struct err *err)
{
	int64_t timeout_ms = options->timeout_ms == 0 ? TIMEOUT_MS_DEFAULT : options->timeout_ms;

	if (timeout_ms < 1 || timeout_ms > LDAP_TIMEOUT_MS_MAX)
		return err_set(err, AUTH_ERR_INVALID, "auth.ldap.timeout_ms is out of range; 1 to %d were expected", LDAP_TIMEOUT_MS_MAX);
	if (options->cache_ttl_s < 0 || options->refused_ttl_s < 0 || options->cache_ttl_s > 86400 || options->refused_ttl_s > 86400)
		return err_set(err, AUTH_ERR_INVALID, "auth.ldap.cache_ttl_s or refused_ttl_s is out of range; at most a day was expected");
	if (options->idle_max > IDLE_MAX_LIMIT)
		return err_set(err, AUTH_ERR_INVALID, "at most %d idle connections to the directory are kept", IDLE_MAX_LIMIT);
	to->timeout = (struct timeval){ .tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000 };
	to->idle_max = options->idle_max == 0 ? IDLE_MAX_DEFAULT : options->idle_max;
	return 0;
}

static int read_password(const struct auth_ldap_options *options, struct ldap_settings *to, struct err *err)
{
	if (empty(to->bind_dn))
		return 0;
	if (file_read_secret(options->bind_password_source, &to->bind_password, err) < 0)
		return err_prepend(err, AUTH_ERR, "auth.ldap.bind_password_file");
	return 0;
}

int auth_ldap_settings_open(const struct auth_ldap_options *options, struct ldap_settings *settings_out, struct err *err)
{
	struct ldap_settings settings = { .bind_password = BUF_INIT(BIND_PASSWORD_MAX) };
	int code = check_numbers(options, &settings, err);

	if (code < 0)
		return code;
	settings.arena = arena_open(TEXTS_BYTES_MAX);
	code = settings.arena == NULL ? err_set(err, AUTH_ERR, "cannot set up auth.ldap: out of memory") : copy_uris(options, &settings, err);
	if (code == 0)
		code = copy_texts(options, &settings, err);
	if (code == 0)
		code = check_texts(&settings, options, err);
	if (code == 0)
		code = check_filters(&settings, err);
	if (code == 0)
		code = read_password(options, &settings, err);
	if (code < 0)
		auth_ldap_settings_close(&settings);
	else
		*settings_out = settings;
	return code;
}

void auth_ldap_settings_close(struct ldap_settings *settings)
{
	buf_wipe(&settings->bind_password);
	arena_close(&settings->arena);
}
