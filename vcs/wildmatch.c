/*
 * The patterns of .gitattributes: '*', '?', "[...]", '\', and "**" between slashes. Source: gitignore(5), gitattributes(5); corner cases
 * as git answers them. The work is counted, what lies in a set too: a pattern from a repository cannot keep a worker busy for ever.
 */
#include <ctype.h>
#include <string.h>

#include "vcs/files_private.h"

#define STEPS_MAX  200000 /* of one pattern and text */
#define DEPTH_MAX  64     /* stars that wait for each other */
#define SCAN_BYTES 32     /* of a text are looked through in the time of a step */

enum outcome {
	MATCH,
	NO_MATCH,
	NO_MATCH_IN_DIRECTORY, /* not with any longer run for this '*': only a "**" before may try on */
	NEVER                  /* not with any longer run of any star */
};

struct matching {
	const char *end; /* of the text */
	bool pathname;   /* '*', '?' and classes do not match '/' */
	uint64_t steps;
	unsigned depth;
};

static enum outcome match(struct matching *matching, const char *pattern, const char *text);

static bool in_class(struct slice name, unsigned char c, bool *known_out)
{
	static const struct {
		const char *name;
		int (*test)(int c);
	} classes[] = { { "alnum", isalnum }, { "alpha", isalpha }, { "blank", isblank }, { "cntrl", iscntrl }, { "digit", isdigit },
		{ "graph", isgraph }, { "lower", islower }, { "print", isprint }, { "punct", ispunct }, { "space", isspace }, { "upper", isupper },
		{ "xdigit", isxdigit } };

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (slice_equal_text(name, classes[i].name)) {
			*known_out = true;
			return c < 128 && classes[i].test(c) != 0;
		}
	*known_out = false;
	return false;
}

/* A member of a set at *at, which moves to its last character. False: the set is malformed. */
static bool member(struct matching *matching, const char **at, unsigned char c, unsigned char *previous, bool *matched)
{
	const char *p = *at;
	unsigned char low = *previous;

	matching->steps++;
	*previous = 0;
	if (p[0] == '-' && low && p[1] && p[1] != ']') {
		p += p[1] == '\\' ? 2 : 1;
		*matched = *matched || (c >= low && c <= (unsigned char)*p);
	} else if (p[0] == '[' && p[1] == ':') {
		const char *close = p + 2 + strcspn(p + 2, "]");
		bool known;

		matching->steps += (size_t)(close - p);
		if (*close == '\0')
			return false;
		if (close > p + 2 && close[-1] == ':') {
			*matched = in_class(slice_make(p + 2, (size_t)(close - p) - 3), c, &known) || *matched;
			*at = close;
			return known;
		}
		*previous = '[';
		*matched = *matched || c == '[';
	} else {
		if (p[0] == '\\')
			p++;
		*previous = (unsigned char)*p;
		*matched = *matched || c == (unsigned char)*p;
	}
	*at = p;
	return *p != '\0';
}

/* A set that begins behind its '['; *pattern moves behind its ']'. */
static enum outcome match_set(struct matching *matching, const char **pattern, char c)
{
	const char *p = *pattern;
	bool negated = *p == '!' || *p == '^', matched = false;
	unsigned char previous = 0;

	if (negated)
		p++;
	do {
		if (*p == '\0' || !member(matching, &p, (unsigned char)c, &previous, &matched))
			return NEVER;
		p++;
	} while (*p != ']');
	*pattern = p + 1;
	return matched == negated || (matching->pathname && c == '/') ? NO_MATCH : MATCH;
}

/* The rest of the pattern at every place from text on that the star may reach. */
static enum outcome try_each(struct matching *matching, const char *pattern, const char *text, bool slashes)
{
	for (; text < matching->end; text++) {
		enum outcome outcome = match(matching, pattern, text);

		if (outcome == MATCH || outcome == NEVER || (outcome == NO_MATCH_IN_DIRECTORY && !slashes))
			return outcome;
		if (outcome == NO_MATCH && !slashes && *text == '/')
			return NO_MATCH_IN_DIRECTORY;
	}
	return NEVER;
}

static enum outcome try_on(struct matching *matching, const char *pattern, const char *text, bool slashes)
{
	enum outcome outcome;

	if (matching->depth == DEPTH_MAX) {
		matching->steps = STEPS_MAX + 1;
		return NEVER;
	}
	matching->depth++;
	outcome = try_each(matching, pattern, text, slashes);
	matching->depth--;
	return outcome;
}

static const char *next_slash(struct matching *matching, const char *text)
{
	size_t len = (size_t)(matching->end - text);

	matching->steps += len / SCAN_BYTES;
	return memchr(text, '/', len);
}

/* first is where this matching began: "**" is special at a beginning or behind a slash, and before a slash or the end. */
static enum outcome match_star(struct matching *matching, const char *first, const char *pattern, const char *text)
{
	const char *star = pattern;
	bool slashes = !matching->pathname;

	while (*pattern == '*')
		pattern++;
	if (matching->pathname && pattern - star > 1 && (star == first || star[-1] == '/') &&
		(*pattern == '\0' || *pattern == '/' || (pattern[0] == '\\' && pattern[1] == '/'))) {
		if (*pattern == '/' && match(matching, pattern + 1, text) == MATCH)
			return MATCH;
		slashes = true;
	}
	if (*pattern == '\0')
		return slashes || !next_slash(matching, text) ? MATCH : NO_MATCH_IN_DIRECTORY;
	if (!slashes && *pattern == '/') {
		const char *slash = next_slash(matching, text);

		return slash ? match(matching, pattern + 1, slash + 1) : NO_MATCH_IN_DIRECTORY;
	}
	return try_on(matching, pattern, text, slashes);
}

static enum outcome match(struct matching *matching, const char *pattern, const char *text)
{
	const char *first = pattern;

	for (; *pattern; text++) {
		if (++matching->steps > STEPS_MAX)
			return NEVER;
		if (*pattern == '*')
			return match_star(matching, first, pattern, text);
		if (text >= matching->end)
			return NEVER;
		if (*pattern == '[') {
			enum outcome outcome;

			pattern++;
			outcome = match_set(matching, &pattern, *text);
			if (outcome != MATCH)
				return outcome;
			continue;
		}
		if (*pattern == '?') {
			if (matching->pathname && *text == '/')
				return NO_MATCH;
			pattern++;
			continue;
		}
		if (*pattern == '\\')
			pattern++;
		if (*pattern == '\0' || *pattern != *text)
			return NO_MATCH;
		pattern++;
	}
	return text < matching->end ? NO_MATCH : MATCH;
}

int vcs_wildmatch(const char *pattern, struct slice text, bool pathname, uint64_t *steps, bool *matches_out, struct err *err)
{
	struct matching matching = { .end = text.ptr + text.len, .pathname = pathname, .steps = 0, .depth = 0 };
	bool matches = match(&matching, pattern, text.ptr) == MATCH;

	*steps += matching.steps;
	if (matching.steps > STEPS_MAX)
		return err_set(err, VCS_ERR_REJECTED, "a pattern of .gitattributes takes too long, write a simpler one: %.100s", pattern);
	*matches_out = matches;
	return 0;
}
