/* modgate policy explain and test: the policy of the files, asked without a daemon. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/json.h"
#include "gateway/gateway.h"
#include "gateway/open.h"
#include "gateway/text.h"
#include "module/path.h"

/* --- explain ----------------------------------------------------------------------------------------------------------------------------- */

static int check_method(const char *method, struct err *err)
{
	enum auth_method found;
	if (auth_method_of(slice_of(method), &found))
		return 0;
	return err_set(err, GATEWAY_ERR_INVALID, "--method %s: ldap, jwt, token or anonymous was expected", method);
}

static int make_question(
	const struct gateway_explain *explain, const char *const *groups, size_t count, struct policy_question *question_out, struct err *err)
{
	struct err why = ERR_INIT;
	struct policy_question question = { .groups = groups, .groups_count = count, .action = POLICY_ZIP };
	question.method = slice_of(explain->method != NULL ? explain->method : "ldap");
	question.user = slice_of(explain->user);
	slice_cut(slice_of(explain->module), '@', &question.module, &question.version);
	if (module_path_check(question.module, &why) != 0)
		return err_set(err, GATEWAY_ERR_INVALID, "%s", why.text);
	if (check_method(question.method.ptr, err) != 0)
		return GATEWAY_ERR_INVALID;
	if (slice_equal_text(question.method, "anonymous") != (question.user.len == 0))
		return err_set(err, GATEWAY_ERR_INVALID, "--user and --method anonymous exclude each other; one of them was expected");
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
		code = make_question(explain, (const char *const *)groups, count, &question, err);
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
