/* Reading policy and keys again. */
#include "gateway/reload.h"

#include <stdio.h>

#include "gateway/gateway.h"
#include "gateway/open.h"
#include "gateway/record.h"
#include "gateway/text.h"

/* modgate.yaml is read as well: a fault in it is told now, not at the next start, and so is a change that only a restart brings. */
static int settings_now(struct gateway *gateway, struct buf *told, struct err *err)
{
	const struct settings *now = NULL;
	int code = settings_load(gateway->settings->path, &now, err);
	if (code != 0)
		return code;
	const char *key = settings_restart_key(gateway->settings, now);
	if (key != NULL)
		buf_printf(told, "; %s changed in %s: restart to bring it into force", key, gateway->settings->path);
	settings_unref(now);
	return 0;
}

static void replace(struct gateway *gateway, struct policy *policy, struct webhooks *webhooks)
{
	pthread_mutex_lock(&gateway->policy_lock);
	struct policy *old = gateway->policy;
	struct webhooks *old_webhooks = gateway->webhooks;
	gateway->policy = policy;
	gateway->webhooks = webhooks;
	pthread_mutex_unlock(&gateway->policy_lock);
	policy_unref(old);
	webhooks_close(&old_webhooks);
}

/* Reads all there is to read, records it, and only then brings it into force, which cannot fail: new keys never stay beside an old policy. */
static int reload_locked(struct gateway *gateway, const char *by, struct buf *told, struct err *err)
{
	struct policy *policy = NULL;
	struct auth_reload *auth = NULL;
	struct webhooks *webhooks = NULL;
	char text[ERR_TEXT_MAX];
	int code = open_policy(gateway->settings, &policy, err);
	if (code != 0)
		goto out;
	buf_printf(told, "policy %s, %zu rule%s", policy_name(policy), policy_rules(policy), text_plural(policy_rules(policy)));
	code = settings_now(gateway, told, err);
	if (code == 0)
		code = auth_reload_read(gateway->auth, &auth, err);
	if (code == 0)
		code = webhooks_read(gateway->settings, &webhooks, err);
	snprintf(text, sizeof(text), "reloaded %s", policy_name(policy));
	if (code == 0)
		code = record_text(gateway->audit, AUDIT_POLICY, by, text, policy_hash(policy), err);
	if (code != 0)
		goto out;
	auth_reload_commit(auth);
	replace(gateway, policy, webhooks);
	policy = NULL;
	webhooks = NULL;
out:
	auth_reload_close(&auth);
	webhooks_close(&webhooks);
	policy_unref(policy);
	return code == 0 ? 0 : err_prepend(err, GATEWAY_ERR_NO, "the old policy stays in force");
}

int reload_now(struct gateway *gateway, const char *by, struct buf *told, struct err *err)
{
	pthread_mutex_lock(&gateway->reload_lock);
	int code = reload_locked(gateway, by, told, err);
	pthread_mutex_unlock(&gateway->reload_lock);
	if (code == 0)
		log_write(&gateway->log, LOG_LEVEL_INFO, NULL, "reloaded: %s", buf_text(told));
	else
		log_write(&gateway->log, LOG_LEVEL_ERROR, NULL, "not reloaded: %s", err->text);
	return code;
}
