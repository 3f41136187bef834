/* Rules of .gitattributes files, between the file that reads them and the file that applies them. */
#ifndef VCS_ATTRIBUTES_PRIVATE_H
#define VCS_ATTRIBUTES_PRIVATE_H

#include "vcs/files_private.h"

/* Attributes that matter have numbers: these, and the names of macros behind them. All others are read over. */
enum { ATTRIBUTE_IDENT, ATTRIBUTE_TEXT, ATTRIBUTE_CRLF, ATTRIBUTE_EOL, ATTRIBUTE_ENCODING, ATTRIBUTE_BINARY, ATTRIBUTES_KNOWN };
#define ATTRIBUTE_NONE SIZE_MAX

struct attribute_names {
	char **names;
	size_t count, cap;
};
/* The number of a name, ATTRIBUTE_NONE when it does not matter. */
size_t vcs_attribute_number(const struct attribute_names *names, struct slice name);
/* The number of a name that matters from now on; ATTRIBUTE_NONE: memory. */
size_t vcs_attribute_intern(struct attribute_names *names, struct slice name);

struct attribute_value {
	enum { VALUE_UNKNOWN, VALUE_UNSPECIFIED, VALUE_SET, VALUE_UNSET, VALUE_TEXT } kind;
	struct slice text; /* of "name=text"; aliases the file's bytes */
};

/* What the values, by number, do to a file. VCS_ERR_REJECTED: they make no sense. */
int vcs_conversion_of(const struct attribute_value *values, const char *path, struct conversion *out, struct err *err);

struct state {
	size_t attribute;
	struct attribute_value value;
};

/* A line: a pattern or a macro's name, and states. */
struct rule {
	char *text;                     /* owned; NULL for a macro */
	const char *pattern;            /* in text */
	size_t literal;                 /* how much of the pattern begins it without any special character */
	bool basename;                  /* matched against the last element alone */
	size_t macro;                   /* number of the name that it defines, else ATTRIBUTE_NONE */
	size_t states_at, states_count; /* in the rules' states */
};

struct rules {
	struct rule *rules;
	size_t count, cap;
	struct state *states;
	size_t states_count, states_cap;
};
/* Appends the rules of a file, whose bytes must stay. Negative: memory. macros: the file may define some (only the root's may). */
int vcs_rules_read(struct slice file, struct attribute_names *names, bool macros, struct rules *out);
/* Both negative when memory is short. The rule is copied, its text changes hands. */
int vcs_rules_add(struct rules *rules, const struct rule *rule);
int vcs_rules_add_state(struct rules *rules, struct rule *rule, const struct state *state);
void vcs_rules_free(struct rules *rules);

#endif
