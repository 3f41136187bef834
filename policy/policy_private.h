/* What the files of policy share: the policy as parsed, and the one matcher that decide and explain both walk with. */
#ifndef POLICY_POLICY_PRIVATE_H
#define POLICY_POLICY_PRIVATE_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/yaml.h"
#include "policy/policy.h"

#define POLICY_MEMORY_MAX (32 * 1024 * 1024) /* of one parsed policy */

/* One line that a terminal and the go command show as it is: UTF-8 without control characters, odd spaces or marks of direction. */
bool policy_is_printable(struct slice text);
/* Appends text for people: cut after bytes_max (and marked "..."), '?' for every byte of what is not printable. */
void policy_add_shown(struct buf *out, struct slice text, size_t bytes_max);

/* --- patterns -------------------------------------------------------------------------------------------------------------------- */

struct pattern {
	struct slice text;    /* without one trailing '/' */
	struct slice literal; /* what stands before its first glob character, and */
	struct slice tail;    /* what stands after its last: a quick no */
	size_t elements;      /* it is held against so many of a path's */
	bool plain;           /* it has no glob character: a path prefix */
};
struct pattern_list {
	const struct pattern *items;
	size_t count;
};

void policy_pattern_init(struct pattern *pattern, struct slice text);
/* 0, or POLICY_ERR_INVALID and why such a pattern is none, or could never match. */
int policy_pattern_check(struct slice text, struct err *err);
bool policy_pattern_match(const struct pattern *pattern, struct slice module);
/* The first that matches, or NULL. */
const struct pattern *policy_patterns_find(const struct pattern_list *list, struct slice module);

/* --- words: users and groups ------------------------------------------------------------------------------------------------------ */

struct word_set {
	const char **words; /* sorted by bytes */
	size_t count;
	uint64_t mask; /* one bit for each word's hash: a quick no */
};

uint64_t policy_word_bit(struct slice word);
/* Sorts and fills the mask. */
void policy_words_finish(struct word_set *set);
bool policy_words_have(const struct word_set *set, struct slice word);

/* --- version ranges ----------------------------------------------------------------------------------------------------------------- */

enum comparison_sign { SIGN_EQUAL, SIGN_NOT_EQUAL, SIGN_LESS, SIGN_LESS_EQUAL, SIGN_GREATER, SIGN_GREATER_EQUAL, SIGN_RELEASE, SIGN_PRERELEASE };
struct comparison {
	enum comparison_sign sign;
	struct slice version; /* with its 'v'; of the last two signs none */
};
/* Holds when every comparison does. */
struct range {
	const char *text; /* as written */
	struct comparison *comparisons;
	size_t count;
};

/* Reads ">=1.2.0 <1.2.5" into arena. POLICY_ERR_INVALID: err says what is wrong with which part. POLICY_ERR: memory. */
int policy_range_parse(struct arena *arena, const char *text, struct range *range_out, struct err *err);
bool policy_range_holds(const struct range *range, struct slice version);

/* --- rules -------------------------------------------------------------------------------------------------------------------------- */

enum private_condition { PRIVATE_UNSAID, PRIVATE_YES, PRIVATE_NO };

struct rule {
	const char *name;
	unsigned line;
	enum policy_verdict verdict; /* DENY or ALLOW */
	const char *reason;          /* "" when left out */
	const char *help;
	unsigned methods; /* bits; 0: no condition */
	enum private_condition is_private;
	struct word_set users; /* count 0: no condition, here and below */
	struct word_set groups;
	struct pattern_list modules;
	struct range *ranges;
	size_t ranges_count;
};

struct policy {
	atomic_uint references;
	struct arena *arena;
	const char *name;
	char hash[POLICY_HASH_MAX];
	struct pattern_list private_patterns;
	struct pattern_list nosumdb;
	struct slice *prefixes;
	size_t prefixes_count;
	struct rule *rules;
	size_t rules_count;
	bool any_groups; /* some rule has groups */
};

/* Fills the lists and rules of policy from the document. BASE_ERR_INVALID, POLICY_ERR. */
int policy_parse(const struct yaml_document *document, struct policy *policy, struct err *err);

/* What reading needs at hand. where says in messages which rule is being read: "" or "rule payments: ". */
struct policy_parser {
	const struct yaml_document *document;
	struct arena *arena;
	char where[POLICY_NAME_MAX + 16];
	struct err *err;
};
int policy_parse_rules(struct policy_parser *parser, const struct yaml_node *node, struct policy *policy);
/* A list of patterns; what names the key in messages. may_be_empty: private and nosumdb. */
int policy_parse_patterns(
	struct policy_parser *parser, const struct yaml_node *node, const char *what, bool may_be_empty, struct pattern_list *list_out);
/* A scalar that is neither missing nor longer than bytes_max nor anything but printable UTF-8. Copied into the arena. */
int policy_parse_text(struct policy_parser *parser, const struct yaml_node *node, const char *what, size_t bytes_max, const char **text_out);
/* 0 when node is a list of 1 (or 0) to max entries. consequence ends the message about an empty one. */
int policy_parse_list(struct policy_parser *parser, const struct yaml_node *node, const char *what, size_t max, const char *consequence);
int policy_parse_memory(struct policy_parser *parser);

/* --- words that leave the program ----------------------------------------------------------------------------------------------------- */

#define POLICY_METHODS 4
/* Bit of "ldap", "jwt", "token", "anonymous"; 0 for another word. */
unsigned policy_method_bit(struct slice word);
const char *policy_method_word(unsigned index);
const char *policy_verdict_word(enum policy_verdict verdict);

/* --- matching ------------------------------------------------------------------------------------------------------------------------- */

/* In the order in which they are looked at, cheapest first. */
enum condition { CONDITION_METHODS, CONDITION_PRIVATE, CONDITION_MODULES, CONDITION_USERS, CONDITION_GROUPS, CONDITION_VERSIONS };
#define CONDITIONS 6

enum holds {
	HOLDS_NO,
	HOLDS_YES,
	HOLDS_UNSAID, /* the rule has no such condition */
	HOLDS_UNKNOWN /* the question lacks what it needs */
};

/* What one question comes to, once for all rules. */
struct facts {
	const struct policy_question *question;
	bool has_module;
	bool has_version;
	bool is_private;
	unsigned method;      /* its bit */
	uint64_t groups_mask; /* of the question's groups */
};

enum outcome {
	OUTCOME_NO,             /* a condition does not hold */
	OUTCOME_WINS,           /* the rule decides */
	OUTCOME_MAYBE,          /* an allow that a version is needed for */
	OUTCOME_PASSED_VERSION, /* a deny that a version is needed for */
	OUTCOME_PASSED_NAME,    /* a deny on modules, and the question names none */
	OUTCOME_PASSED_READABLE /* a deny by version, and go.mod stays readable */
};

void policy_facts(const struct policy *policy, const struct policy_question *question, struct facts *facts_out);
/* The first of the rule's ranges that holds, or NULL. */
const struct range *policy_ranges_find(const struct rule *rule, struct slice version);
enum holds policy_condition_holds(const struct rule *rule, const struct facts *facts, enum condition condition);
enum outcome policy_rule_outcome(const struct rule *rule, const struct facts *facts);
/* Is the module outside what a limited token holds? */
bool policy_token_excludes(const struct policy_question *question);
/* The pattern or prefix that makes a module private, for people; "" when it is public. kind_out: "private pattern", "mapped prefix". */
struct slice policy_private_because(const struct policy *policy, struct slice module, const char **kind_out);

#endif
