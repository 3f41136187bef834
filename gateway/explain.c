/* modgate policy explain and test: the policy of the files, asked without a daemon. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/json.h"
#include "gateway/gateway.h"
#include "gateway/open.h"
#include "gateway/text.h"
#include "module/path.h"

/* --- explain ----------------------------------------------------------------------------------------------------------------------------- */

static bool lets_in(const struct settings_auth *auth, enum auth_method method)
{
	switch (method) {
	case AUTH_ANONYMOUS:
		return auth->anonymous;
	case AUTH_TOKEN:
		return auth->tokens;
	case AUTH_LDAP:
		return auth->ldap.enabled;
	case AUTH_JWT:
		return auth->jwt_count > 0;
	}
	return false;
}

/* The first way in that this gateway has for somebody with a name. */
static enum auth_method usual_method(const struct settings_auth *auth)
{
	static const enum auth_method methods[] = { AUTH_LDAP, AUTH_TOKEN, AUTH_JWT };
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (lets_in(auth, methods[i]))
			return methods[i];
	return AUTH_LDAP;
}

static int make_question(const struct settings_auth *auth, const struct gateway_explain *explain, const char *const *groups, size_t count,
	struct policy_question *question_out, struct err *err)
{
	struct err why = ERR_INIT;
	struct policy_question question = { .groups = groups, .groups_count = count, .action = POLICY_ZIP };
	enum auth_method method = usual_method(auth);
	if (explain->method != NULL && !auth_method_of(slice_of(explain->method), &method))
		return err_set(err, GATEWAY_ERR_INVALID, "--method %s: ldap, jwt, token or anonymous was expected", explain->method);
	question.method = slice_of(auth_method_word(method));
	question.shut_out = !lets_in(auth, method);
	question.user = slice_of(explain->user);
	slice_cut(slice_of(explain->module), '@', &question.module, &question.version);
	if (module_path_check(question.module, &why) != 0)
		return err_set(err, GATEWAY_ERR_INVALID, "%s", why.text);
	if (method == AUTH_ANONYMOUS && question.user.len > 0)
		return err_set(err, GATEWAY_ERR_INVALID, "--user and --method anonymous exclude each other");
	if (method != AUTH_ANONYMOUS && question.user.len == 0)
		return err_set(err, GATEWAY_ERR_INVALID, "--user U is needed, or --method anonymous");
	*question_out = question;
	return 0;
}

static int explain_with(const struct settings *settings, const struct policy_question *question, bool json, struct buf *out, struct err *err)
{
	struct policy *policy = NULL;
	enum policy_verdict verdict = POLICY_DENY;
	int code = open_policy(settings, &policy, err);
	if (code != 0)
		return code == POLICY_ERR_INVALID ? GATEWAY_ERR_INVALID : GATEWAY_ERR;
	if (json)
		policy_explain_json(policy, question, out, &verdict);
	else
		policy_explain_text(policy, question, out, &verdict);
	policy_unref(policy);
	return verdict == POLICY_ALLOW ? 0 : GATEWAY_ERR_NO;
}

int gateway_policy_explain(const struct settings *settings, const struct gateway_explain *explain, struct buf *out, struct err *err)
{
	struct policy_question question;
	char **groups = NULL;
	size_t count = 0;
	int code = text_split(explain->groups, "--groups", &groups, &count, err);
	if (code == 0)
		code = make_question(&settings->auth, explain, (const char *const *)groups, count, &question, err);
	if (code == 0)
		code = explain_with(settings, &question, explain->json, out, err);
	free(groups);
	return code;
}

/* --- test -------------------------------------------------------------------------------------------------------------------------------- */

struct report {
	struct buf *out;
	struct json_writer *json; /* NULL: text */
};

static void report_failure(void *ctx, const char *place, const char *sentence)
{
	struct report *report = ctx;
	if (report->json == NULL) {
		buf_printf(report->out, "%s: %s\n", place, sentence);
		return;
	}
	json_object_begin(report->json, NULL);
	json_write_text(report->json, "place", slice_of(place));
	json_write_text(report->json, "text", slice_of(sentence));
	json_object_end(report->json);
}

static int test_json(const struct policy *policy, const char *path, struct buf *out, struct policy_test_counts *counts, struct err *err)
{
	struct json_writer json;
	struct report report = { out, &json };
	json_writer_init(&json, out);
	json_object_begin(&json, NULL);
	json_array_begin(&json, "failures");
	int code = policy_test(policy, path, report_failure, &report, counts, err);
	json_array_end(&json);
	json_write_int(&json, "passed", (int64_t)counts->passed);
	json_write_int(&json, "failed", (int64_t)counts->failed);
	json_object_end(&json);
	buf_add_char(out, '\n');
	return code;
}

static int test_text(const struct policy *policy, const char *path, struct buf *out, struct policy_test_counts *counts, struct err *err)
{
	struct report report = { out, NULL };
	int code = policy_test(policy, path, report_failure, &report, counts, err);
	buf_printf(out, "%zu passed, %zu failed\n", counts->passed, counts->failed);
	return code;
}

int gateway_policy_test(const struct settings *settings, const char *path, bool json, struct buf *out, struct err *err)
{
	struct policy_test_counts counts = { 0 };
	struct policy *policy = NULL;
	int code = open_policy(settings, &policy, err);
	if (code == 0)
		code = (json ? test_json : test_text)(policy, path, out, &counts, err);
	policy_unref(policy);
	if (code != 0)
		return code == POLICY_ERR_INVALID ? GATEWAY_ERR_INVALID : GATEWAY_ERR;
	return counts.failed == 0 ? 0 : GATEWAY_ERR_NO;
}
