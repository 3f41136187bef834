/* modgate check-config, show-config */
#include "base/json.h"
#include "cmd/commands.h"
#include "gateway/gateway.h"

#define SHOWN_MAX (16 * 1024 * 1024)

/* --- check-config ------------------------------------------------------------------------------------------------------------------------ */

const struct option_row check_config_options[] = { OPTION_CONFIG, OPTION_JSON, OPTIONS_END };

static void warn_text(void *ctx, const char *text)
{
	(void)ctx;
	complain("warning: %s", text);
}

static void warn_json(void *ctx, const char *text)
{
	json_write_text(ctx, NULL, slice_of(text));
}

static void checked_text(const struct settings *settings, const struct gateway_checked *checked, struct buf *out)
{
	buf_printf(out, "%s: ok\n", settings->path);
	buf_printf(out, "policy %s: %zu rule%s, %s\n", settings->policy, checked->rules, checked->rules == 1 ? "" : "s", checked->policy_hash);
	buf_printf(out, "repositories %zu, upstreams %zu, checksum databases %zu, issuers of identity tokens %zu, directory %s\n",
		settings->repositories_count, settings->upstreams_count, settings->databases_count, settings->auth.jwt_count,
		settings->auth.ldap.enabled ? "yes" : "no");
	settings_warn(settings, warn_text, NULL);
}

static void checked_json(const struct settings *settings, const struct gateway_checked *checked, struct buf *out)
{
	struct json_writer json;
	json_writer_init(&json, out);
	json_object_begin(&json, NULL);
	json_write_bool(&json, "ok", true);
	json_write_text(&json, "path", slice_of(settings->path));
	json_write_text(&json, "policy", slice_of(settings->policy));
	json_write_text(&json, "policy_hash", slice_of(checked->policy_hash));
	json_write_int(&json, "rules", (int64_t)checked->rules);
	json_write_int(&json, "repositories", (int64_t)settings->repositories_count);
	json_write_int(&json, "upstreams", (int64_t)settings->upstreams_count);
	json_write_int(&json, "databases", (int64_t)settings->databases_count);
	json_write_int(&json, "jwt", (int64_t)settings->auth.jwt_count);
	json_write_bool(&json, "ldap", settings->auth.ldap.enabled);
	json_array_begin(&json, "warnings");
	settings_warn(settings, warn_json, &json);
	json_array_end(&json);
	json_object_end(&json);
	buf_add_char(out, '\n');
}

/* A configuration that cannot stand is the answer no, here; everywhere else it is a misuse. */
enum exit_code check_config_run(const struct call *call)
{
	const struct settings *settings = NULL;
	struct gateway_checked checked;
	struct buf text = BUF_INIT(SHOWN_MAX);
	struct err err = ERR_INIT;
	enum exit_code code = local_settings(call, &settings);
	if (code == EXIT_DONE)
		code = gateway_exit(gateway_check(settings, &checked, &err), &err);
	if (code == EXIT_DONE) {
		(call_flag(call, "--json") ? checked_json : checked_text)(settings, &checked, &text);
		code = output(&text);
	}
	buf_free(&text);
	settings_unref(settings);
	return code == EXIT_USAGE ? EXIT_NO : code;
}

/* --- show-config ------------------------------------------------------------------------------------------------------------------------- */

const struct option_row show_config_options[] = { OPTION_CONFIG, OPTION_JSON, OPTIONS_END };

enum exit_code show_config_run(const struct call *call)
{
	const struct settings *settings = NULL;
	struct buf text = BUF_INIT(SHOWN_MAX);
	enum exit_code code = local_settings(call, &settings);
	if (code == EXIT_DONE) {
		(call_flag(call, "--json") ? settings_show_json : settings_show)(settings, &text);
		buf_add_text(&text, call_flag(call, "--json") ? "\n" : "");
		code = output(&text);
	}
	buf_free(&text);
	settings_unref(settings);
	return code;
}
