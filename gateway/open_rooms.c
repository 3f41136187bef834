/* From the settings to the options of each room: which of them is opened how. */
#include "gateway/open.h"

#include <stdlib.h>

#include "gateway/certificate.h"
#include "gateway/gateway.h"
#include "gateway/record.h"

static void ldap_options(const struct settings_ldap *from, struct auth_ldap_options *to)
{
	*to = (struct auth_ldap_options){
		.uris = from->uris.items,
		.uris_count = from->uris.count,
		.start_tls = from->start_tls,
		.ca = from->ca,
		.bind_dn = from->bind_dn,
		.bind_password_source = from->bind_password_file,
		.user_base = from->user_base,
		.user_filter = from->user_filter,
		.group_base = from->group_base,
		.group_filter = from->group_filter,
		.group_attribute = from->group_attribute,
		.cache_ttl_s = from->cache_ttl_s,
		.refused_ttl_s = from->refused_ttl_s,
		.timeout_ms = from->timeout_ms,
	};
}

static void jwt_options(const struct settings_jwt *from, struct auth_jwt_claim *claims, struct auth_jwt_options *to)
{
	for (size_t i = 0; i < from->required_claims_count; i++)
		claims[i] = (struct auth_jwt_claim){ .claim = from->required_claims[i].claim, .matches = from->required_claims[i].matches };
	*to = (struct auth_jwt_options){
		.issuer = from->issuer,
		.audiences = from->audiences.items,
		.audiences_count = from->audiences.count,
		.algorithms = from->algorithms.items,
		.algorithms_count = from->algorithms.count,
		.jwks_file = from->jwks_file,
		.user_claim = from->user_claim,
		.groups_claim = from->groups_claim,
		.required = claims,
		.required_count = from->required_claims_count,
		.leeway_s = from->leeway_s,
	};
}

int open_auth(const struct settings *settings, struct auth_tokens *tokens, struct pool *pool, void (*note)(void *, const char *), void *ctx,
	struct auth **auth_out, struct err *err)
{
	const struct settings_auth *from = &settings->auth;
	struct auth_ldap_options ldap;
	struct auth_jwt_options jwt[SETTINGS_JWT_MAX];
	struct auth_jwt_claim claims[SETTINGS_JWT_MAX][SETTINGS_CLAIMS_MAX];
	if (from->ldap.enabled)
		ldap_options(&from->ldap, &ldap);
	for (size_t i = 0; i < from->jwt_count; i++)
		jwt_options(&from->jwt[i], claims[i], &jwt[i]);
	struct auth_options options = {
		.anonymous = from->anonymous,
		.audit_groups = from->audit_groups.items,
		.audit_groups_count = from->audit_groups.count,
		.admin_groups = from->admin_groups.items,
		.admin_groups_count = from->admin_groups.count,
		.tokens = from->tokens ? tokens : NULL,
		.ldap = from->ldap.enabled ? &ldap : NULL,
		.jwt = jwt,
		.jwt_count = from->jwt_count,
		.pool = pool,
		.note = note,
		.note_ctx = ctx,
	};
	return auth_open(&options, auth_out, err);
}

int open_policy(const struct settings *settings, struct policy **policy_out, struct err *err)
{
	return policy_open(settings->policy, settings->prefixes, settings->repositories_count, policy_out, err);
}

int open_certificate(const struct settings *settings, struct err *err)
{
	struct err why = ERR_INIT;
	if (certificate_check(settings->listen.certificate, settings->listen.key, &why) == 0)
		return 0;
	settings_error(settings, settings->listen.line, err, "listen.certificate: %s", why.text);
	return GATEWAY_ERR_INVALID;
}

static void supply_lists(
	const struct settings *settings, struct supply_repository *repositories, struct supply_upstream *upstreams, struct supply_database *databases)
{
	for (size_t i = 0; i < settings->repositories_count; i++) {
		const struct settings_repository *from = &settings->repositories[i];
		repositories[i] = (struct supply_repository){
			.prefix = from->prefix,
			.repository = from->repository,
			.subdir = from->subdir,
			.credentials_file = from->credentials_file,
			.known_hosts_file = from->known_hosts_file,
			.ca = from->ca,
			.refresh_s = from->refresh_s,
			.hold_s = from->hold_s,
			.missing_is_absent = from->missing == SETTINGS_MISSING_ABSENT,
			.lower_case = from->letters == SETTINGS_LETTERS_LOWER,
		};
	}
	for (size_t i = 0; i < settings->upstreams_count; i++) {
		const struct settings_upstream *from = &settings->upstreams[i];
		upstreams[i] = (struct supply_upstream){
			.url = from->url,
			.fallback_any_error = from->fallback == SETTINGS_FALLBACK_ANY_ERROR,
			.modules = from->modules.items,
			.modules_count = from->modules.count,
			.ca = from->ca,
		};
	}
	for (size_t i = 0; i < settings->databases_count; i++)
		databases[i] = (struct supply_database){ .key = settings->databases[i].key, .url = settings->databases[i].url };
}

/* Only the room that talks to them knows which names are known. */
static int check_databases(const struct settings *settings, struct err *err)
{
	struct err why = ERR_INIT;
	for (size_t i = 0; i < settings->databases_count; i++)
		if (!supply_database_known(settings->databases[i].key, &why)) {
			settings_error(settings, settings->databases[i].line, err, "%s", why.text);
			return GATEWAY_ERR_INVALID;
		}
	return 0;
}

int open_supply(struct gateway *gateway, struct err *err)
{
	const struct settings *settings = gateway->settings;
	if (check_databases(settings, err) != 0)
		return GATEWAY_ERR_INVALID;
	struct supply_repository *repositories = calloc(settings->repositories_count + 1, sizeof(*repositories));
	struct supply_upstream upstreams[SETTINGS_UPSTREAMS_MAX];
	struct supply_database databases[SETTINGS_DATABASES_MAX];
	if (repositories == NULL)
		return err_set(err, GATEWAY_ERR, "memory is short");
	supply_lists(settings, repositories, upstreams, databases);
	struct supply_options options = {
		.data = settings->data,
		.db = gateway->db,
		.repositories = repositories,
		.repositories_count = settings->repositories_count,
		.upstreams = upstreams,
		.upstreams_count = settings->upstreams_count,
		.databases = databases,
		.databases_count = settings->databases_count,
		.list_ttl_s = settings->cache.list_ttl_s,
		.negative_ttl_s = settings->cache.negative_ttl_s,
		.notice = record_notices,
		.warn = open_warn,
		.notice_ctx = gateway,
	};
	int code = supply_open(&options, &gateway->supply, err);
	free(repositories);
	return code;
}
