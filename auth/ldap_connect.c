/*
 * One connection to a directory. Every option that libldap would take from files, the environment or old habits is set here: version 3,
 * no referrals, time-outs, TLS 1.2 or later with certificate and host name checked. RFC 4513.
 */
#include "auth/ldap_private.h"

#include <stdlib.h>
#include <string.h>

static int set_basics(LDAP *ld, const struct ldap_settings *settings)
{
	int version = LDAP_VERSION3;
	int never = LDAP_DEREF_NEVER;
	int rc = ldap_set_option(ld, LDAP_OPT_PROTOCOL_VERSION, &version);

	if (rc == LDAP_OPT_SUCCESS)
		rc = ldap_set_option(ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
	if (rc == LDAP_OPT_SUCCESS)
		rc = ldap_set_option(ld, LDAP_OPT_RESTART, LDAP_OPT_ON);
	if (rc == LDAP_OPT_SUCCESS)
		rc = ldap_set_option(ld, LDAP_OPT_DEREF, &never);
	if (rc == LDAP_OPT_SUCCESS)
		rc = ldap_set_option(ld, LDAP_OPT_NETWORK_TIMEOUT, &settings->timeout);
	if (rc == LDAP_OPT_SUCCESS)
		rc = ldap_set_option(ld, LDAP_OPT_TIMEOUT, &settings->timeout);
	return rc;
}

/*
 * Over GnuTLS, libldap takes PROTOCOL_MIN and does not heed it (and leaks when told the versions as priorities): so what was agreed on
 * is looked at, before anything is said.
 */
static bool tls_is_new_enough(LDAP *ld)
{
	static const char *const versions[] = { "TLS1.3", "TLS1.2", "TLSv1.3", "TLSv1.2" };
	char *version = NULL;
	bool found = false;

	if (ldap_get_option(ld, LDAP_OPT_X_TLS_VERSION, &version) != LDAP_OPT_SUCCESS || version == NULL)
		return false;
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		found = found || strcmp(version, versions[i]) == 0;
	ldap_memfree(version);
	return found;
}

/* The context must be made last, from what was set before. */
static int set_tls(LDAP *ld, const struct ldap_settings *settings)
{
	static const int none[] = { LDAP_OPT_X_TLS_CACERTDIR, LDAP_OPT_X_TLS_CERTFILE, LDAP_OPT_X_TLS_KEYFILE, LDAP_OPT_X_TLS_CRLFILE };
	int demand = LDAP_OPT_X_TLS_DEMAND;
	int oldest = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2;
	int is_server = 0;
	int rc = LDAP_OPT_SUCCESS;

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]) && rc == LDAP_OPT_SUCCESS; i++)
		rc = ldap_set_option(ld, none[i], NULL);
	if (rc == LDAP_OPT_SUCCESS)
		rc = ldap_set_option(ld, LDAP_OPT_X_TLS_CACERTFILE, settings->ca);
	if (rc == LDAP_OPT_SUCCESS)
		rc = ldap_set_option(ld, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand);
	if (rc == LDAP_OPT_SUCCESS)
		rc = ldap_set_option(ld, LDAP_OPT_X_TLS_PROTOCOL_MIN, &oldest);
	if (rc == LDAP_OPT_SUCCESS)
		rc = ldap_set_option(ld, LDAP_OPT_X_TLS_NEWCTX, &is_server);
	return rc;
}

int auth_ldap_bind(LDAP *ld, const char *dn, struct slice password)
{
	struct berval credential = { .bv_val = (char *)(uintptr_t)password.ptr, .bv_len = password.len };

	ASSERT(password.len > 0 && dn[0] != '\0');
	return ldap_sasl_bind_s(ld, dn, LDAP_SASL_SIMPLE, &credential, NULL, NULL, NULL);
}

/* Without a service account an anonymous bind says that the server is there. */
static int bind_service(LDAP *ld, const struct ldap_settings *settings)
{
	struct berval nothing = { .bv_val = NULL, .bv_len = 0 };

	if (settings->bind_dn == NULL)
		return ldap_sasl_bind_s(ld, "", LDAP_SASL_SIMPLE, &nothing, NULL, NULL, NULL);
	return auth_ldap_bind(ld, settings->bind_dn, buf_slice(&settings->bind_password));
}

static int tell(LDAP *ld, const char *uri, const char *what, int rc, struct err *err)
{
	char *detail = NULL;

	if (ld != NULL)
		ldap_get_option(ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &detail);
	err_set(err, AUTH_ERR, "directory %s: %s: %s%s%.300s", uri, what, ldap_err2string(rc), detail == NULL || *detail == '\0' ? "" : ": ",
		detail == NULL ? "" : detail);
	ldap_memfree(detail);
	return rc;
}

static bool is_local(const char *uri)
{
	return strncmp(uri, "ldapi://", 8) == 0;
}

static int set_options(struct ldap_link *link, const struct ldap_settings *settings, const char *uri)
{
	int rc = set_basics(link->ld, settings);

	if (rc == LDAP_SUCCESS)
		rc = auth_ldap_link_guard(link);
	return rc == LDAP_SUCCESS && !is_local(uri) ? set_tls(link->ld, settings) : rc;
}

static int establish(struct ldap_link *link, const struct ldap_settings *settings, const char *uri, const char **what_out)
{
	int rc = ldap_initialize(&link->ld, uri);

	*what_out = "cannot be set up (is the CA file readable?)";
	if (rc == LDAP_SUCCESS)
		rc = set_options(link, settings, uri);
	if (rc == LDAP_SUCCESS) {
		*what_out = settings->start_tls ? "cannot connect and start TLS" : "cannot connect";
		rc = settings->start_tls ? ldap_start_tls_s(link->ld, NULL, NULL) : ldap_connect(link->ld);
	}
	if (rc == LDAP_SUCCESS && !is_local(uri) && !tls_is_new_enough(link->ld)) {
		*what_out = "its TLS is older than 1.2";
		rc = LDAP_CONNECT_ERROR;
	}
	if (rc == LDAP_SUCCESS) {
		*what_out = "cannot bind as the service account";
		rc = bind_service(link->ld, settings);
	}
	return rc;
}

int auth_ldap_link_open(const struct ldap_settings *settings, const char *uri, struct ldap_link **link_out, struct err *err)
{
	struct ldap_link *link = calloc(1, sizeof(*link));
	const char *what;
	int rc;

	if (link == NULL)
		return tell(NULL, uri, "cannot be set up", LDAP_NO_MEMORY, err);
	link->timeout_us = settings->timeout.tv_sec * 1000000LL + settings->timeout.tv_usec;
	auth_ldap_link_arm(link);
	rc = establish(link, settings, uri, &what);
	if (rc == LDAP_SUCCESS) {
		*link_out = link;
		return LDAP_SUCCESS;
	}
	tell(link->ld, uri, what, rc, err);
	auth_ldap_link_close(&link);
	return rc;
}

void auth_ldap_link_close(struct ldap_link **link)
{
	if (*link == NULL)
		return;
	if ((*link)->ld != NULL)
		ldap_unbind_ext_s((*link)->ld, NULL, NULL);
	free(*link);
	*link = NULL;
}

/* Negative codes are libldap's own: the connection, not an answer. */
bool auth_ldap_broken(int rc)
{
	if (rc == LDAP_FILTER_ERROR || rc == LDAP_NO_MEMORY || rc == LDAP_PARAM_ERROR)
		return false;
	return rc < 0 || rc == LDAP_BUSY || rc == LDAP_UNAVAILABLE;
}
