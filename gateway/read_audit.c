/* modgate audit export and verify: the log as it lies on disk, also while a daemon writes it, and a copy of it anywhere. */
#include <inttypes.h>
#include <stdio.h>

#include "audit/audit.h"
#include "base/json.h"
#include "gateway/gateway.h"
#include "gateway/text.h"
#include "module/pattern.h"

#define FAULTS_TOLD_MAX 1000 /* a log that was replaced has as many as it has rows */

/* --- export ------------------------------------------------------------------------------------------------------------------------------ */

static int read_time(const char *option, const char *text, int64_t *time_out, struct err *err)
{
	if (text == NULL || clock_parse(slice_of(text), time_out))
		return 0;
	return err_set(err, GATEWAY_ERR_INVALID, "%s %s: a date (2026-11-21) or a time (2026-11-21T02:33:44Z) was expected", option, text);
}

static int make_filter(const struct gateway_export *from, struct audit_filter *filter_out, struct err *err)
{
	struct audit_filter filter = { .user = slice_of(from->user), .module = slice_of(from->module) };
	if (from->user == NULL)
		filter.user = SLICE_NONE;
	if (from->module == NULL)
		filter.module = SLICE_NONE;
	if (read_time("--since", from->since, &filter.since_us, err) != 0 || read_time("--until", from->until, &filter.until_us, err) != 0)
		return GATEWAY_ERR_INVALID;
	if (from->verdict != NULL && !audit_verdict_find(slice_of(from->verdict), &filter.verdict))
		return err_set(err, GATEWAY_ERR_INVALID, "--verdict %s: allow, deny or none was expected", from->verdict);
	if (from->module != NULL && module_pattern_check(filter.module, err) != 0)
		return err_prepend(err, GATEWAY_ERR_INVALID, "--module %s", from->module);
	*filter_out = filter;
	return 0;
}

static const char *log_directory(const struct settings *settings, const char *named, char *room, size_t bytes)
{
	if (named != NULL)
		return named;
	snprintf(room, bytes, "%s/audit", settings->data);
	return room;
}

int gateway_audit_export(const struct settings *settings, const struct gateway_export *export,
	int (*sink)(void *ctx, struct slice line, struct err *err), void *ctx, struct err *err)
{
	struct audit_filter filter;
	char room[4096];
	int code = make_filter(export, &filter, err);
	if (code != 0)
		return code;
	return audit_export(log_directory(settings, export->dir, room, sizeof(room)), &filter, sink, ctx, err) == 0 ? 0 : GATEWAY_ERR;
}

/* --- verify ------------------------------------------------------------------------------------------------------------------------------ */

struct report {
	struct buf *out;
	struct json_writer *json; /* NULL: text */
	uint64_t told;
};

static void write_fault(struct json_writer *json, const struct audit_fault *fault)
{
	json_object_begin(json, NULL);
	json_write_text(json, "fault", slice_of(audit_fault_word(fault->kind)));
	json_write_int(json, "first", (int64_t)fault->first);
	json_write_int(json, "last", (int64_t)fault->last);
	if (fault->segment[0] != '\0')
		json_write_text(json, "segment", slice_of(fault->segment));
	json_write_text(json, "text", slice_of(fault->text));
	json_object_end(json);
}

static void report_fault(void *ctx, const struct audit_fault *fault)
{
	struct report *report = ctx;
	if (report->told++ >= FAULTS_TOLD_MAX)
		return;
	if (report->json != NULL)
		write_fault(report->json, fault);
	else
		buf_printf(report->out, "%s: %s\n", audit_fault_word(fault->kind), fault->text);
}

static int verify_json(struct audit_verify_options *options, struct buf *out, struct err *err)
{
	struct json_writer json;
	struct report report = { .out = out, .json = &json };
	struct audit_verify_result result = { 0 };
	char head[AUDIT_HEAD_TEXT_MAX];
	options->fault = report_fault;
	options->ctx = &report;
	json_writer_init(&json, out);
	json_object_begin(&json, NULL);
	json_array_begin(&json, "faults");
	int code = audit_verify(options, &result, err);
	json_array_end(&json);
	json_write_int(&json, "faults_found", (int64_t)result.faults);
	json_write_bool(&json, "sound", code == 0);
	json_write_int(&json, "rows", (int64_t)result.rows);
	json_write_int(&json, "segments", (int64_t)result.segments);
	json_write_int(&json, "superseded", (int64_t)result.superseded);
	if (result.head_known) {
		audit_head_format(&result.head, head);
		json_write_text(&json, "head", slice_of(head));
	}
	json_object_end(&json);
	buf_add_char(out, '\n');
	return code;
}

/* Only of a sound log: whoever notes an altered one's head would believe it later. */
static void tell_head(const struct audit_verify_result *result, bool expected, struct buf *out)
{
	char head[AUDIT_HEAD_TEXT_MAX];
	if (!result->head_known || result->faults > 0)
		return;
	audit_head_format(&result->head, head);
	buf_printf(out, "head: %s\n", head);
	if (!expected)
		buf_printf(out,
			"Keep this line where nobody of this machine can write: modgate audit verify --expect %s\n"
			"then tells whether any of these rows was changed or cut off since.\n",
			head);
}

static int verify_text(struct audit_verify_options *options, struct buf *out, struct err *err)
{
	struct report report = { .out = out };
	struct audit_verify_result result = { 0 };
	options->fault = report_fault;
	options->ctx = &report;
	int code = audit_verify(options, &result, err);
	if (result.faults > FAULTS_TOLD_MAX)
		buf_printf(out, "and %" PRIu64 " more\n", result.faults - FAULTS_TOLD_MAX);
	buf_printf(out, "%" PRIu64 " row%s in %" PRIu64 " segment%s: ", result.rows, text_plural(result.rows), result.segments,
		text_plural(result.segments));
	if (code == 0)
		buf_add_text(
			out, options->expect != NULL ? "as they were written, and beginning with the rows expected\n" : "as they were written\n");
	else
		buf_printf(out, "not as they were written, %" PRIu64 " finding%s\n", result.faults, text_plural(result.faults));
	if (result.superseded > 0)
		buf_printf(out, "rows of a segment that failed, written anew in the next, which is no fault: %" PRIu64 "\n", result.superseded);
	tell_head(&result, options->expect != NULL, out);
	return code;
}

int gateway_audit_verify(const struct settings *settings, const struct gateway_verify *verify, struct buf *out, struct err *err)
{
	struct audit_head expect;
	char room[4096];
	struct audit_verify_options options = { .dir = log_directory(settings, verify->dir, room, sizeof(room)) };
	if (verify->expect != NULL && !audit_head_parse(slice_of(verify->expect), &expect))
		return err_set(err, GATEWAY_ERR_INVALID, "--expect %s: ROOT@SIZE was expected, as verify printed it", verify->expect);
	if (verify->expect != NULL)
		options.expect = &expect;
	int code = (verify->json ? verify_json : verify_text)(&options, out, err);
	if (code == 0)
		return 0;
	return code == AUDIT_ERR_ALTERED ? GATEWAY_ERR_NO : GATEWAY_ERR;
}
