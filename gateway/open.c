/* Opens every room from the settings, in order, and closes them in exact reverse. */
#include "gateway/open.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "gateway/gateway.h"

void open_warn(void *ctx, const char *text)
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
	settings_warn(settings, open_warn, gateway);

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
		code = open_auth(settings, gateway->tokens, gateway->directory, open_warn, gateway, &gateway->auth, err);
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
