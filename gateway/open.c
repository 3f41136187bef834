/* Opens every room from the settings, in order, and closes them in exact reverse. */
#include "gateway/open.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "gateway/certificate.h"
#include "gateway/gateway.h"
#include "gateway/record.h"

static void warn(void *ctx, const char *text)
{
	const struct gateway *gateway = ctx;
	log_write(&gateway->log, LOG_LEVEL_WARNING, NULL, "%s", text);
}

/* It is in the record as well; here for those who watch the log. */
static void warn_of_audit(struct gateway *gateway)
{
	struct audit_state state;
	audit_state(gateway->audit, &state);
	if (state.tail[0] != '\0')
		log_write(&gateway->log, LOG_LEVEL_WARNING, NULL, "%s", state.tail);
}

/* --- from settings to the rooms' options ------------------------------------------------------------------------------------------------ */

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
			.missing_is_absent = from->missing == SETTINGS_MISSING_ABSENT,
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
		.notice = record_notice,
		.warn = warn,
		.notice_ctx = gateway,
	};
	int code = supply_open(&options, &gateway->supply, err);
	free(repositories);
	return code;
}

/* --- the data directory ------------------------------------------------------------------------------------------------------------------ */

int open_data(const struct settings *settings, struct open_data *data_out, struct err *err)
{
	struct open_data data = { .lock_fd = -1 };
	char path[4096];
	struct auth_tokens_options tokens = { .lifetime_max_days = settings->auth.token_lifetime_max_days };
	struct db_options db = { .path = path, .durable = true };

	int code = file_mkdirs(settings->data, 0700, err);
	if (code != 0)
		goto failed;
	snprintf(path, sizeof(path), "%s/lock", settings->data);
	code = file_lock(path, &data.lock_fd, err);
	if (code != 0)
		goto failed;
	snprintf(path, sizeof(path), "%s/modgate.db", settings->data);
	code = db_open(&db, &data.db, err);
	if (code == 0)
		code = auth_token_store_sqlite_open(data.db, &data.store, err);
	tokens.store = data.store;
	if (code == 0)
		code = auth_tokens_open(&tokens, &data.tokens, err);
	snprintf(path, sizeof(path), "%s/audit", settings->data);
	struct audit_options audit = { .dir = path };
	if (code == 0)
		code = audit_open(&audit, &data.audit, err);
	if (code != 0)
		goto failed;
	*data_out = data;
	return 0;
failed:
	close_data(&data);
	return code;
}

void close_data(struct open_data *data)
{
	audit_close(&data->audit);
	auth_tokens_close(&data->tokens);
	auth_token_store_close(&data->store);
	db_close(&data->db);
	if (data->lock_fd >= 0)
		close(data->lock_fd);
	data->lock_fd = -1;
}

/* --- the gateway ------------------------------------------------------------------------------------------------------------------------- */

static void set_log(struct gateway *gateway)
{
	static const enum log_level levels[] = {
		[SETTINGS_LOG_DEBUG] = LOG_LEVEL_DEBUG,
		[SETTINGS_LOG_INFO] = LOG_LEVEL_INFO,
		[SETTINGS_LOG_WARNING] = LOG_LEVEL_WARNING,
		[SETTINGS_LOG_ERROR] = LOG_LEVEL_ERROR,
	};
	enum settings_log_format format = gateway->settings->log.format;
	gateway->log.level = levels[gateway->settings->log.level];
	gateway->log.json = format == SETTINGS_LOG_JSON || (format == SETTINGS_LOG_AUTO && isatty(STDERR_FILENO) == 0);
}

static int open_pools(struct gateway *gateway, struct err *err)
{
	struct pool_options directory = { .name = "directory", .threads_max = DIRECTORY_WORKERS, .queue_max = DIRECTORY_QUEUE_MAX };
	struct pool_options versions = { .name = "versions", .threads_max = VERSIONS_WORKERS, .queue_max = VERSIONS_QUEUE_MAX };
	int code = pool_open(&directory, &gateway->directory, err);
	return code == 0 ? pool_open(&versions, &gateway->versions, err) : code;
}

int gateway_open(const struct settings *settings, struct gateway **gateway_out, struct err *err)
{
	struct gateway *gateway = calloc(1, sizeof(*gateway));
	if (gateway == NULL)
		return err_set(err, GATEWAY_ERR, "memory is short");
	gateway->settings = settings_ref(settings);
	gateway->data.lock_fd = -1;
	gateway->listen_fd = -1;
	gateway->start_s = clock_wall_us(&clock_system) / 1000000;
	pthread_mutex_init(&gateway->policy_lock, NULL);
	pthread_mutex_init(&gateway->reload_lock, NULL);
	heads_init(&gateway->heads);
	troubles_init(&gateway->troubles);
	snprintf(gateway->prefix_text, sizeof(gateway->prefix_text), "%s/", settings->listen.prefix);
	gateway->prefix = slice_of(gateway->prefix_text);
	set_log(gateway);
	settings_warn(settings, warn, gateway);

	int code = open_policy(settings, &gateway->policy, err);
	if (code == POLICY_ERR_INVALID)
		code = GATEWAY_ERR_INVALID;
	if (code == 0)
		code = open_certificate(settings, err);
	if (code == 0 && webhooks_read(settings, &gateway->webhooks, err) != 0)
		code = GATEWAY_ERR_INVALID;
	if (code == 0)
		code = open_data(settings, &gateway->data, err);
	if (code != 0)
		goto failed;
	gateway->db = gateway->data.db;
	gateway->tokens = gateway->data.tokens;
	gateway->audit = gateway->data.audit;
	warn_of_audit(gateway);
	code = refusals_open(&gateway->refusals, err);
	if (code == 0)
		code = open_pools(gateway, err);
	if (code == 0)
		code = open_auth(settings, gateway->tokens, gateway->directory, warn, gateway, &gateway->auth, err);
	if (code == AUTH_ERR_INVALID)
		code = GATEWAY_ERR_INVALID;
	if (code == 0)
		code = open_supply(gateway, err);
	if (code != 0)
		goto failed;
	*gateway_out = gateway;
	return 0;
failed:
	gateway_close(&gateway);
	return code;
}

void gateway_close(struct gateway **gateway_in)
{
	struct gateway *gateway = *gateway_in;
	if (gateway == NULL)
		return;
	supply_close(&gateway->supply);
	pool_close(&gateway->versions);
	pool_close(&gateway->directory);
	auth_close(&gateway->auth);
	refusals_close(&gateway->refusals);
	close_data(&gateway->data);
	policy_unref(gateway->policy);
	webhooks_close(&gateway->webhooks);
	troubles_destroy(&gateway->troubles);
	heads_destroy(&gateway->heads);
	pthread_mutex_destroy(&gateway->policy_lock);
	pthread_mutex_destroy(&gateway->reload_lock);
	settings_unref(gateway->settings);
	free(gateway);
	*gateway_in = NULL;
}

struct policy *gateway_policy(struct gateway *gateway)
{
	pthread_mutex_lock(&gateway->policy_lock);
	struct policy *policy = policy_ref(gateway->policy);
	pthread_mutex_unlock(&gateway->policy_lock);
	return policy;
}

bool gateway_ready(struct gateway *gateway, char *why_out, size_t why_bytes)
{
	struct audit_state audit;
	struct supply_state supply;
	audit_state(gateway->audit, &audit);
	supply_state(gateway->supply, &supply);
	if (atomic_load(&gateway->draining))
		snprintf(why_out, why_bytes, "not ready: stopping");
	else if (audit.failing)
		snprintf(why_out, why_bytes, "not ready: accesses cannot be recorded: %.400s", audit.error);
	else if (!supply.store_ok)
		snprintf(why_out, why_bytes, "not ready: the store cannot be written: %.400s", supply.text);
	else
		return true;
	return false;
}
