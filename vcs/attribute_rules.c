/* Reading one .gitattributes file into rules. What git would ignore is ignored. Source: gitattributes(5). */
#include <stdlib.h>
#include <string.h>

#include "vcs/attributes_private.h"

#define LINE_BYTES_MAX 2048 /* git ignores longer lines */
#define BLANKS         " \t\r\n"
#define MACRO          "[attr]"

static struct slice skip_blanks(struct slice s)
{
	while (s.len > 0 && strchr(BLANKS, s.ptr[0]) && s.ptr[0])
		s = slice_after(s, 1);
	return s;
}

/* Splits the first word off. */
static struct slice next_word(struct slice *rest)
{
	size_t len = 0;
	struct slice word;

	*rest = skip_blanks(*rest);
	while (len < rest->len && !strchr(BLANKS, rest->ptr[len]))
		len++;
	word = slice_sub(*rest, 0, len);
	*rest = slice_after(*rest, len);
	return word;
}

static bool name_valid(struct slice name)
{
	if (name.len == 0 || name.ptr[0] == '-' || slice_starts(name, SLICE("builtin_")))
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!strchr("-._0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", name.ptr[i]) || !name.ptr[i])
			return false;
	return true;
}

/* One escape of a quoted pattern at s: its byte and how long it is; 0 when malformed. */
static size_t unescape(struct slice s, char *out)
{
	static const char letters[] = "abtnvfr\\\"", bytes[] = "\a\b\t\n\v\f\r\\\"";
	const char *letter = s.len > 1 && s.ptr[1] ? strchr(letters, s.ptr[1]) : NULL;
	unsigned value = 0;

	if (letter) {
		*out = bytes[letter - letters];
		return 2;
	}
	if (s.len < 4 || s.ptr[1] < '0' || s.ptr[1] > '3')
		return 0;
	for (size_t i = 1; i < 4; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '7')
			return 0;
		value = value * 8 + (unsigned)(s.ptr[i] - '0');
	}
	*out = (char)value;
	return 4;
}

/* "..." at the beginning of *rest into out; false, and *rest untouched, when it is not closed or malformed. */
static bool unquote(struct slice *rest, struct buf *out)
{
	struct slice s = slice_after(*rest, 1);
	size_t n;
	char c;

	while (s.len > 0 && s.ptr[0] != '"') {
		c = s.ptr[0];
		n = c == '\\' ? unescape(s, &c) : 1;
		if (n == 0)
			break;
		buf_add_char(out, c);
		s = slice_after(s, n);
	}
	if (s.len == 0 || s.ptr[0] != '"') {
		buf_reset(out);
		return false;
	}
	*rest = slice_after(s, 1);
	return true;
}

/* "text", "-text", "!text", "text=auto". False: no attribute's name. */
static bool read_state(struct slice word, struct state *out, struct slice *name_out)
{
	struct slice value;
	bool equals = slice_cut(word, '=', name_out, &value);

	*out = (struct state){ .value = { equals ? VALUE_TEXT : VALUE_SET, SLICE_NONE } };
	if (equals)
		out->value.text = value;
	if (name_out->len > 0 && (name_out->ptr[0] == '-' || name_out->ptr[0] == '!')) {
		out->value = (struct attribute_value){ name_out->ptr[0] == '-' ? VALUE_UNSET : VALUE_UNSPECIFIED, SLICE_NONE };
		*name_out = slice_after(*name_out, 1);
	}
	return name_valid(*name_out);
}

/* One name that is none makes git drop the whole line. */
static bool states_valid(struct slice rest)
{
	struct slice word, name;
	struct state state;

	while ((word = next_word(&rest)).len > 0)
		if (!read_state(word, &state, &name))
			return false;
	return true;
}

static int add_states(struct rules *rules, const struct attribute_names *names, struct slice rest, struct rule *rule)
{
	struct slice word, name;
	struct state state;

	while ((word = next_word(&rest)).len > 0) {
		read_state(word, &state, &name);
		state.attribute = vcs_attribute_number(names, name);
		if (state.attribute == ATTRIBUTE_NONE)
			continue;
		if (vcs_rules_add_state(rules, rule, &state) < 0)
			return -1;
	}
	return 0;
}

/* The pattern's shape decides how it is matched. False: git matches it with no file. */
static bool shape(struct rule *rule)
{
	size_t len = strlen(rule->pattern);

	if (rule->pattern[0] == '!' || (len > 0 && rule->pattern[len - 1] == '/'))
		return false;
	rule->basename = !strchr(rule->pattern, '/');
	if (!rule->basename && rule->pattern[0] == '/')
		rule->pattern++;
	rule->literal = strcspn(rule->pattern, "*?[\\");
	return true;
}

static int read_line(struct rules *rules, struct attribute_names *names, struct slice line, bool macros)
{
	struct buf quoted = BUF_INIT(LINE_BYTES_MAX);
	struct slice rest = skip_blanks(line), pattern;
	struct rule rule = { .macro = ATTRIBUTE_NONE };
	int code = 0;

	if (rest.len == 0 || rest.ptr[0] == '#')
		return 0;
	pattern = rest.ptr[0] == '"' && unquote(&rest, &quoted) ? buf_slice(&quoted) : next_word(&rest);
	if (slice_starts(pattern, SLICE(MACRO)) && pattern.len > strlen(MACRO)) {
		pattern = slice_after(pattern, strlen(MACRO));
		if (!macros || !name_valid(pattern) || !states_valid(rest))
			goto out;
		rule.macro = vcs_attribute_intern(names, pattern);
		code = rule.macro == ATTRIBUTE_NONE ? -1 : 0;
	} else {
		rule.text = slice_has_nul(pattern) ? NULL : slice_dup(pattern);
		rule.pattern = rule.text;
		if (!rule.text || !states_valid(rest) || !shape(&rule)) {
			free(rule.text);
			goto out;
		}
	}
	if (code == 0)
		code = add_states(rules, names, rest, &rule);
	if (code == 0)
		code = vcs_rules_add(rules, &rule);
	if (code < 0)
		free(rule.text);
out:
	buf_free(&quoted);
	return code;
}

/* Macros may use macros that stand further down: their names are taken first. */
static int intern_macros(struct attribute_names *names, struct slice file)
{
	struct slice line;

	while (slice_next(&file, '\n', &line)) {
		struct slice word = next_word(&line);

		if (slice_starts(word, SLICE(MACRO)) && name_valid(slice_after(word, strlen(MACRO))) &&
			vcs_attribute_intern(names, slice_after(word, strlen(MACRO))) == ATTRIBUTE_NONE)
			return -1;
	}
	return 0;
}

int vcs_rules_read(struct slice file, struct attribute_names *names, bool macros, struct rules *out)
{
	ptrdiff_t nul = slice_index(file, '\0');
	struct slice line;
	int code = 0;

	if (nul >= 0)
		file = slice_sub(file, 0, (size_t)nul);
	if (macros)
		code = intern_macros(names, file);
	while (code == 0 && slice_next(&file, '\n', &line))
		if (line.len < LINE_BYTES_MAX)
			code = read_line(out, names, line, macros);
	return code;
}
