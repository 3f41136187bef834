/* What a proxy wants of a go.mod: its module path, go version and retractions. */
#include "module/gomod.h"

#include <stdlib.h>

#include "module/go_version.h"
#include "module/gomod_lines.h"
#include "module/path.h"
#include "module/semver.h"
#include "module/unicode.h"
#include "module/unquote.h"

static struct slice without_comment(struct slice line)
{
	ptrdiff_t comment = slice_find(line, SLICE("//"));

	return comment < 0 ? line : slice_sub(line, 0, (size_t)comment);
}

/* The token of a `module` line; empty: it is none. */
static struct slice module_token(struct slice line)
{
	struct slice trimmed = unicode_trim(without_comment(line)), rest, token;

	if (!slice_starts(trimmed, SLICE("module")))
		return SLICE_NONE;
	rest = slice_after(trimmed, SLICE("module").len);
	token = unicode_trim(rest);
	return token.len == rest.len ? SLICE_NONE : token;
}

bool gomod_module_path(struct slice file, struct buf *out)
{
	struct slice line, token = SLICE_NONE;
	size_t before = out->len;

	while (token.len == 0 && file.len > 0) {
		slice_cut(file, '\n', &line, &file);
		token = module_token(line);
	}
	if (token.len == 0)
		return false;
	if (token.ptr[0] != '"' && token.ptr[0] != '`') {
		buf_add_slice(out, token);
		return !buf_failed(out);
	}
	return unquote(token, out) && out->len > before && !buf_failed(out);
}

struct reading {
	struct gomod *gomod;
	bool keep_retracts;
	bool module_seen;
	size_t retracts_cap;
};

/* A token's text: a quoted string is unquoted, other quotes in it are errors. */
static bool token_text(struct slice token, struct buf *out)
{
	if (token.len > 0 && token.ptr[0] == '"')
		return unquote(token, out) && !buf_failed(out);
	if (slice_index(token, '"') >= 0 || slice_index(token, '\'') >= 0 || slice_index(token, '`') >= 0)
		return false;
	buf_add_slice(out, token);
	return !buf_failed(out);
}

static int fail(const struct gomod_line *line, const char *what, struct err *err)
{
	return err_set(err, MODULE_ERR, "go.mod line %zu: %s", line->number, what);
}

static int no_memory(struct err *err)
{
	return err_set(err, MODULE_ERR_MEMORY, "no memory for what a go.mod holds; try again later");
}

/* A line whose one argument is a string. */
static int read_string_line(const struct gomod_line *line, struct err *err)
{
	struct buf text = BUF_INIT(GOMOD_BYTES_MAX);
	bool good = line->args_count == 1 && token_text(line->args[0], &text);

	buf_free(&text);
	return good ? 0 : fail(line, "module and ignore lines hold one name", err);
}

static int read_module(struct reading *reading, const struct gomod_line *line, struct err *err)
{
	if (reading->module_seen)
		return fail(line, "a second module line", err);
	reading->module_seen = true;
	return read_string_line(line, err);
}

/* A path of any form but for its major suffix, and a version that fits. */
static int read_require(const struct gomod_line *line, struct err *err)
{
	struct buf path = BUF_INIT(GOMOD_BYTES_MAX), version = BUF_INIT(GOMOD_BYTES_MAX);
	struct slice prefix, major;
	bool good = line->args_count == 2 && token_text(line->args[0], &path) && token_text(line->args[1], &version) &&
		    semver_valid(buf_slice(&version)) && module_path_split_major(buf_slice(&path), &prefix, &major);

	/* Short forms and builds are made canonical first; only +incompatible survives and is looked at. */
	good = good && module_version_fits(buf_slice(&version), major);
	buf_free(&path);
	buf_free(&version);
	return good ? 0 : fail(line, "a require line holds a module path and a version that fits it", err);
}

static int read_go(struct reading *reading, const struct gomod_line *line, struct err *err)
{
	struct slice version;

	if (reading->gomod->go_version != NULL)
		return fail(line, "a second go line", err);
	if (line->args_count != 1 || !go_version_read(line->args[0], &version))
		return fail(line, "a go line holds one version such as 1.24", err);
	reading->gomod->go_version = slice_dup(version);
	return reading->gomod->go_version == NULL ? no_memory(err) : 0;
}

/* NULL: malformed or too long. A text with a NUL is no version and compares like any other text that is none. */
static int retract_version(struct slice token, char **version_out, struct err *err)
{
	struct buf text = BUF_INIT(GOMOD_BYTES_MAX);
	bool good = token_text(token, &text), failed = buf_failed(&text);

	*version_out = NULL;
	if (good && text.len <= MODULE_VERSION_MAX) {
		*version_out = slice_dup(slice_has_nul(buf_slice(&text)) ? SLICE("") : buf_slice(&text));
		failed = *version_out == NULL;
	}
	buf_free(&text);
	return failed ? no_memory(err) : 0;
}

/* VERSION or [LOW,HIGH]; tokens behind it are for go commands to come. */
static bool retract_interval(const struct gomod_line *line, struct slice *low_out, struct slice *high_out)
{
	if (line->args_count == 0 || slice_equal_text(line->args[0], "("))
		return false;
	*low_out = *high_out = line->args[0];
	if (!slice_equal_text(line->args[0], "["))
		return true;
	*low_out = line->args[1];
	*high_out = line->args[3];
	return line->args_count >= 5 && slice_equal_text(line->args[2], ",") && slice_equal_text(line->args[4], "]");
}

/* An interval that ends before it begins, or before every version, retracts nothing. */
static bool retracts_nothing(const struct gomod_retract *retract)
{
	return !semver_valid(slice_of(retract->high)) || semver_compare(slice_of(retract->low), slice_of(retract->high)) > 0;
}

static void retract_free(struct gomod_retract *retract)
{
	free(retract->low);
	free(retract->high);
}

static int add_retract(struct reading *reading, struct gomod_retract *retract, struct err *err)
{
	struct gomod *gomod = reading->gomod;

	if (gomod->retracts_count == GOMOD_RETRACTS_MAX)
		return err_set(err, MODULE_ERR_LIMIT, "go.mod holds more than %d retractions", GOMOD_RETRACTS_MAX);
	if (gomod->retracts_count == reading->retracts_cap) {
		size_t cap = reading->retracts_cap == 0 ? 8 : reading->retracts_cap * 2;
		struct gomod_retract *grown = reallocarray(gomod->retracts, cap, sizeof(*grown));
		if (grown == NULL)
			return no_memory(err);
		gomod->retracts = grown;
		reading->retracts_cap = cap;
	}
	gomod->retracts[gomod->retracts_count++] = *retract;
	*retract = (struct gomod_retract){ .low = NULL };
	return 0;
}

static int read_retract(struct reading *reading, const struct gomod_line *line, struct err *err)
{
	struct gomod_retract retract = { .low = NULL };
	struct slice low, high;
	int status;

	if (!reading->keep_retracts || !retract_interval(line, &low, &high))
		return 0;
	status = retract_version(low, &retract.low, err);
	if (status == 0)
		status = retract_version(high, &retract.high, err);
	if (status == 0 && retract.low != NULL && retract.high != NULL && !retracts_nothing(&retract))
		status = add_retract(reading, &retract, err);
	retract_free(&retract);
	return status;
}

static int read_line(void *ctx, const struct gomod_line *line, struct err *err)
{
	struct reading *reading = ctx;

	if (slice_equal_text(line->verb, "go"))
		return line->in_block ? 0 : read_go(reading, line, err);
	if (slice_equal_text(line->verb, "module"))
		return read_module(reading, line, err);
	if (slice_equal_text(line->verb, "require"))
		return read_require(line, err);
	if (slice_equal_text(line->verb, "retract"))
		return read_retract(reading, line, err);
	return slice_equal_text(line->verb, "ignore") ? read_string_line(line, err) : 0;
}

static int by_low(const void *a, const void *b)
{
	const struct gomod_retract *one = a, *other = b;

	return semver_compare(slice_of(one->low), slice_of(other->low));
}

/* Sorted, and those that meet made one, so that a question is a binary search however many lines there are. */
static void join_retracts(struct gomod *gomod)
{
	struct gomod_retract *retracts = gomod->retracts;
	size_t kept = 0;

	if (gomod->retracts_count > 0)
		qsort(retracts, gomod->retracts_count, sizeof(*retracts), by_low);
	for (size_t i = 0; i < gomod->retracts_count; i++) {
		struct gomod_retract *last = kept > 0 ? &retracts[kept - 1] : NULL, next = retracts[i];

		if (last == NULL || semver_compare(slice_of(last->high), slice_of(next.low)) < 0) {
			retracts[kept++] = next;
			continue;
		}
		if (semver_compare(slice_of(last->high), slice_of(next.high)) < 0) {
			char *lower = last->high;

			last->high = next.high;
			next.high = lower;
		}
		retract_free(&next);
	}
	gomod->retracts_count = kept;
}

static int read_file(struct slice file, bool keep_retracts, struct gomod *gomod_out, struct err *err)
{
	struct gomod gomod = { .go_version = NULL };
	struct reading reading = { .gomod = &gomod, .keep_retracts = keep_retracts };
	int status;

	if (file.len > GOMOD_BYTES_MAX)
		return err_set(err, MODULE_ERR_LIMIT, "go.mod is larger than %d bytes", GOMOD_BYTES_MAX);
	status = gomod_lines(file, read_line, &reading, err);
	join_retracts(&gomod);
	if (status != 0)
		gomod_free(&gomod);
	else
		*gomod_out = gomod;
	return status;
}

int gomod_parse_lax(struct slice file, struct gomod *gomod_out, struct err *err)
{
	return read_file(file, true, gomod_out, err);
}

void gomod_free(struct gomod *gomod)
{
	size_t i;

	for (i = 0; i < gomod->retracts_count; i++)
		retract_free(&gomod->retracts[i]);
	free(gomod->retracts);
	free(gomod->go_version);
	*gomod = (struct gomod){ .go_version = NULL };
}

bool gomod_retracted(const struct gomod *gomod, struct slice version)
{
	size_t from = 0, to = gomod->retracts_count;

	if (!semver_valid(version))
		return false;
	/* The last one that begins at or below the version is the only one that may hold it. */
	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (semver_compare(slice_of(gomod->retracts[middle].low), version) <= 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from > 0 && semver_compare(version, slice_of(gomod->retracts[from - 1].high)) <= 0;
}

bool gomod_vendor_rule_new(struct slice file)
{
	struct gomod gomod = { .go_version = NULL };
	bool is_new;

	if (read_file(file, false, &gomod, NULL) != 0)
		return false;
	is_new = gomod.go_version != NULL && go_version_is_1_24(slice_of(gomod.go_version));
	gomod_free(&gomod);
	return is_new;
}
