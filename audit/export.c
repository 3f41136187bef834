/* Export: the lines that match, as they were stored. */
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "audit/line.h"
#include "audit/reader.h"
#include "audit/words.h"
#include "module/pattern.h"

struct export
{
	const struct audit_filter *filter;
	char since[CLOCK_TEXT_MAX]; /* as lines spell it; "": any */
	char until[CLOCK_TEXT_MAX];
	bool parses;     /* the filter asks for more than the time */
	struct buf line; /* with its newline */
	struct buf scratch;
	uint8_t *given; /* with a user: one bit a row that matched, so that its outcome is known when it comes */
	uint64_t given_bytes;
};

/* Times of one spelling and length compare as text, so most lines outside are dropped without being parsed. */
static bool time_matches(const struct export *export, struct slice time)
{
	return (export->since[0] == '\0' || slice_compare(time, slice_of(export->since)) >= 0) &&
	       (export->until[0] == '\0' || slice_compare(time, slice_of(export->until)) < 0);
}

static bool note_given(struct export *export, uint64_t seq)
{
	if (seq / 8 >= export->given_bytes) {
		uint64_t bytes = seq / 4 + 4096;
		uint8_t *given = realloc(export->given, bytes);

		if (given == NULL)
			return false;
		memset(given + export->given_bytes, 0, bytes - export->given_bytes);
		export->given = given;
		export->given_bytes = bytes;
	}
	export->given[seq / 8] |= (uint8_t)(1u << seq % 8);
	return true;
}

/* An outcome says no more than which row it belongs to. */
static bool is_outcome_of_given(const struct export *export, const struct line_field *of)
{
	int64_t seq;

	return line_field_number(of, &seq) && (uint64_t)seq / 8 < export->given_bytes && (export->given[seq / 8] >> seq % 8 & 1) != 0;
}

static bool fields_match(struct export *export, const struct line_field *fields)
{
	const struct audit_filter *filter = export->filter;
	struct slice text;

	if (filter->user.ptr != NULL && !(line_field_text(&fields[0], &export->scratch, &text) && slice_equal(text, filter->user)))
		return false;
	if (filter->module.ptr != NULL && !(line_field_text(&fields[1], &export->scratch, &text) && module_pattern_match(filter->module, text)))
		return false;
	return filter->verdict == AUDIT_VERDICT_ABSENT ||
	       (line_field_text(&fields[2], &export->scratch, &text) && words_find(&words_verdict, text) == (unsigned)filter->verdict);
}

/* 1: they do; 0: not; AUDIT_ERR: it is no line of ours. */
static int members_match(struct export *export, const struct reader_row *row, struct err *err)
{
	struct line_field fields[] = { { .name = SLICE("user") }, { .name = SLICE("module") }, { .name = SLICE("verdict") },
		{ .name = SLICE("of") } };

	if (!line_fields(row->line, fields, 4))
		return err_set(err, AUDIT_ERR, "it is not of the form of an audit line");
	if (!fields_match(export, fields))
		return is_outcome_of_given(export, &fields[3]);
	if (export->filter->user.ptr != NULL && !note_given(export, row->seq))
		return err_set(err, AUDIT_ERR, "out of memory");
	return 1;
}

static int matches(struct export *export, const struct reader_row *row, struct err *err)
{
	struct slice time;
	uint64_t seq;

	if (export->since[0] != '\0' || export->until[0] != '\0') {
		if (!line_scan(row->line, &seq, &time))
			return err_set(err, AUDIT_ERR, "it does not begin like an audit line");
		if (!time_matches(export, time))
			return 0;
	}
	return export->parses ? members_match(export, row, err) : 1;
}

static int give(struct export *export, const struct reader_row *row, audit_sink *sink, void *ctx, struct err *err)
{
	buf_reset(&export->line);
	buf_add_slice(&export->line, row->line);
	buf_add_char(&export->line, '\n');
	if (buf_failed(&export->line))
		return err_set(err, AUDIT_ERR, "row %llu in %s is longer than any audit line (run `modgate audit verify`)",
			(unsigned long long)row->seq, row->segment);
	return sink(ctx, buf_slice(&export->line), err) == 0 ? 0 : AUDIT_ERR;
}

static int prepare(struct export *export, const struct audit_filter *filter, struct err *err)
{
	*export = (struct export){ .filter = filter, .line = BUF_INIT(AUDIT_LINE_MAX + 1), .scratch = BUF_INIT(AUDIT_LINE_MAX) };
	if (filter->since_us != 0)
		clock_format_us(filter->since_us, export->since);
	if (filter->until_us != 0)
		clock_format_us(filter->until_us, export->until);
	export->parses = filter->user.ptr != NULL || filter->module.ptr != NULL || filter->verdict != AUDIT_VERDICT_ABSENT;
	if (filter->module.ptr != NULL && module_pattern_check(filter->module, err) < 0)
		return AUDIT_ERR;
	return 0;
}

static int walk(struct export *export, struct reader *reader, audit_sink *sink, void *ctx, struct err *err)
{
	struct reader_row row;
	int code;

	while ((code = reader_next(reader, &row, err)) == 1) {
		code = matches(export, &row, err);
		if (code < 0)
			return err_prepend(err, AUDIT_ERR, "row %llu in %s cannot be used (run `modgate audit verify`)", (unsigned long long)row.seq,
				row.segment);
		if (code == 1)
			code = give(export, &row, sink, ctx, err);
		if (code < 0)
			return code;
	}
	return code;
}

int audit_export(const char *dir, const struct audit_filter *filter, audit_sink *sink, void *ctx, struct err *err)
{
	static const struct audit_filter any;
	struct reader *reader = NULL;
	struct export export;
	int code = prepare(&export, filter == NULL ? &any : filter, err);

	if (code == 0)
		code = reader_open(dir, 0, &reader, err);
	if (code == 0)
		code = walk(&export, reader, sink, ctx, err);
	reader_close(&reader);
	buf_free(&export.line);
	buf_free(&export.scratch);
	free(export.given);
	return code;
}
