/* modgate audit export, verify */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/commands.h"
#include "gateway/gateway.h"

#define REPORT_MAX   (64 * 1024 * 1024)
#define GATHER_BYTES ((size_t)64 * 1024)

/* A log named with --dir needs no configuration. */
static enum exit_code settings_unless_dir(const struct call *call, const struct settings **settings_out)
{
	if (call_value(call, "--dir") == NULL)
		return local_settings(call, settings_out);
	if (call_value(call, "-c") != NULL)
		return misused(call->command, "-c and --dir exclude each other");
	return EXIT_DONE;
}

/* --- export ------------------------------------------------------------------------------------------------------------------------------ */

const struct option_row audit_export_options[] = {
	OPTION_CONFIG,
	{ "--dir", "DIR", "a log elsewhere, a copy, say; it needs no configuration", false },
	{ "--format", "jsonl", "one JSON object a line; the only format of this version", false },
	{ "--since", "TIME", "lines at or after it: 2026-11-21 or 2026-11-21T02:33:44Z", false },
	{ "--until", "TIME", "lines before it", false },
	{ "--user", "U", "lines of this user", false },
	{ "--module", "PATTERN", "lines about modules that it matches, as in policy.yaml", false },
	{ "--verdict", "allow|deny|none", "lines with this verdict", false },
	OPTION_JSON,
	OPTIONS_END,
};

/* Lines are gathered, so that a million of them are not a million writes. */
struct export
{
	struct buf lines;
	bool reader_gone;
};

static int flush(struct export *export, struct err *err)
{
	int written = output_bytes(buf_slice(&export->lines));
	buf_reset(&export->lines);
	if (written > 0)
		return 0;
	export->reader_gone = written == 0;
	return err_set(err, GATEWAY_ERR, "standard output: %s", strerror(errno));
}

static int take_line(void *ctx, struct slice line, struct err *err)
{
	struct export *export = ctx;
	buf_add_slice(&export->lines, line);
	return export->lines.len >= GATHER_BYTES ? flush(export, err) : 0;
}

static enum exit_code run_export(const struct settings *settings, const struct gateway_export *filter)
{
	struct export export = { .lines = BUF_INIT(4 * GATHER_BYTES) };
	struct err err = ERR_INIT, last = ERR_INIT;
	int code = gateway_audit_export(settings, filter, take_line, &export, &err);
	/* What was read before a fault is printed all the same. */
	if (!export.reader_gone && flush(&export, &last) != 0 && code == 0) {
		code = GATEWAY_ERR;
		err = last;
	}
	buf_free(&export.lines);
	return export.reader_gone ? EXIT_DONE : gateway_exit(code, &err);
}

enum exit_code audit_export_run(const struct call *call)
{
	const struct settings *settings = NULL;
	const char *format = call_value(call, "--format");
	const struct gateway_export filter = {
		.dir = call_value(call, "--dir"),
		.since = call_value(call, "--since"),
		.until = call_value(call, "--until"),
		.user = call_value(call, "--user"),
		.module = call_value(call, "--module"),
		.verdict = call_value(call, "--verdict"),
	};
	if (format != NULL && strcmp(format, "jsonl") != 0)
		return misused(call->command, "--format %s is not in this version; jsonl was expected", format);
	enum exit_code code = settings_unless_dir(call, &settings);
	if (code == EXIT_DONE)
		code = run_export(settings, &filter);
	settings_unref(settings);
	return code;
}

/* --- verify ------------------------------------------------------------------------------------------------------------------------------ */

const struct option_row audit_verify_options[] = {
	OPTION_CONFIG,
	{ "--dir", "DIR", "a log elsewhere, a copy, say; it needs no configuration", false },
	{ "--expect", "ROOT@SIZE", "the head an earlier verify printed: the log must begin with exactly those rows", false },
	OPTION_JSON,
	OPTIONS_END,
};

enum exit_code audit_verify_run(const struct call *call)
{
	const struct settings *settings = NULL;
	struct buf report = BUF_INIT(REPORT_MAX);
	struct err err = ERR_INIT;
	const struct gateway_verify verify = {
		.dir = call_value(call, "--dir"),
		.expect = call_value(call, "--expect"),
		.json = call_flag(call, "--json"),
	};
	enum exit_code code = settings_unless_dir(call, &settings);
	if (code == EXIT_DONE)
		code = answer_exit(gateway_audit_verify(settings, &verify, &report, &err), &report, &err);
	buf_free(&report);
	settings_unref(settings);
	return code;
}
