/*
 * policy: who may have which module. It reads policy.yaml (private and nosumdb patterns, ordered rules), answers questions, explains its
 * answers, and mints the only object that lets a name out of the house (policy/public.h). It knows no sockets and no credentials: what
 * auth learned reaches it as plain values.
 *
 * A policy is an immutable, counted snapshot: every call that takes a const struct policy is safe from many threads at once. What an
 * answer points to belongs to the policy and lives until the last reference goes.
 */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "policy/public.h"

#define POLICY_BYTES_MAX       (1024 * 1024) /* of policy.yaml, and of a file of cases */
#define POLICY_RULES_MAX       1000
#define POLICY_PATTERNS_MAX    1000  /* in one list: private, nosumdb, a rule's modules */
#define POLICY_WORDS_MAX       1000  /* users, or groups, of one rule */
#define POLICY_WORD_MAX        255   /* bytes of a user or group */
#define POLICY_RANGES_MAX      64    /* strings in one versions list */
#define POLICY_COMPARISONS_MAX 16    /* comparisons in one such string */
#define POLICY_NAME_MAX        64    /* bytes of a rule's name */
#define POLICY_TEXT_MAX        150   /* bytes of a reason or a help text */
#define POLICY_PREFIXES_MAX    1000  /* mapped prefixes */
#define POLICY_CASES_MAX       10000 /* cases in a file for policy_test() */
#define POLICY_HASH_MAX        72    /* "sha256:", 64 hex digits, NUL */
#define POLICY_REFUSAL_MAX     600   /* bytes of policy_refusal() */

enum policy_code {
	POLICY_ERR = -1,         /* the file cannot be read, memory is short */
	POLICY_ERR_INVALID = -2, /* the file says what it must not; err is "file:line: what; what was expected" */
	POLICY_ERR_PRIVATE = -3  /* the name is private and must not leave; or it is no module path */
};

/* --- opening ------------------------------------------------------------------------------------------------------------------- */

struct policy;

/*
 * Reads the whole file or nothing. mapped_prefixes are the module prefixes that repositories serve: every module at or below one is
 * private whatever the file says; copied. *policy_out has one reference. POLICY_ERR, POLICY_ERR_INVALID.
 */
int policy_open(const char *path, const char *const *mapped_prefixes, size_t count, struct policy **policy_out, struct err *err);
/* The same over bytes; name is what messages call the file. */
int policy_open_text(
	const char *name, struct slice text, const char *const *mapped_prefixes, size_t count, struct policy **policy_out, struct err *err);

/* ref returns its argument; unref is NULL-safe. Any thread. */
struct policy *policy_ref(struct policy *policy);
void policy_unref(struct policy *policy);

/* "sha256:<hex>" of the file's bytes. */
const char *policy_hash(const struct policy *policy);
/* What messages call the file, and how many rules it has. */
const char *policy_name(const struct policy *policy);
size_t policy_rules(const struct policy *policy);

/* --- names --------------------------------------------------------------------------------------------------------------------- */

/* A private pattern matches, or the module is at, below or a parent of a mapped prefix (the go command asks for parents too). */
bool policy_is_private(const struct policy *policy, struct slice module);
/* Is a repository mapped for it: is it at or below a mapped prefix? A private module that is not mapped is served by nobody. */
bool policy_is_mapped(const struct policy *policy, struct slice module);
/* A nosumdb pattern matches: the public checksum database is not asked, neither by us nor for a client. */
bool policy_sumdb_exempt(const struct policy *policy, struct slice module);
/*
 * Appends, separated by commas, the patterns that clients must leave out of such a proof: private, nosumdb and mapped prefixes, without those
 * that another of them covers.
 */
void policy_sumdb_list(const struct policy *policy, struct buf *out);
/* Mints the pass for a name that may go out: a valid module path that is not private. unref it. POLICY_ERR_PRIVATE, POLICY_ERR (memory). */
int policy_public_module(const struct policy *policy, struct slice module, const struct public_module **module_out, struct err *err);

/* --- questions ----------------------------------------------------------------------------------------------------------------- */

/* Values are those of the audit line and never reused. */
enum policy_action {
	POLICY_LIST = 0,
	POLICY_LATEST = 1,
	POLICY_INFO = 2,
	POLICY_MOD = 3,
	POLICY_ZIP = 4,
	POLICY_LOOKUP = 5, /* of a checksum database */
	POLICY_TILE = 6,   /* likewise; names no module. Also for its supported and latest */
	POLICY_INDEX = 7
};
#define POLICY_ACTIONS 8

/* "list", "latest", ...: the words of the audit line. */
const char *policy_action_word(enum policy_action action);
bool policy_action_parse(struct slice word, enum policy_action *action_out);

struct policy_question {
	struct slice user;
	const char *const *groups;
	size_t groups_count;
	struct slice method; /* "ldap", "jwt", "token", "anonymous" */
	bool shut_out;       /* the gateway lets nobody in by this method, so no rule is ever asked: deny */
	enum policy_action action;
	struct slice module;              /* a module path, unescaped; empty: the question names none (tile, index as a whole) */
	struct slice version;             /* canonical; empty or anything else (a branch, "v1"): not known yet */
	const char *const *token_modules; /* patterns a limited token holds; none: not limited */
	size_t token_modules_count;
};

enum policy_verdict {
	POLICY_DENY = 0,
	POLICY_ALLOW = 1,
	POLICY_NEED_FACTS = 2 /* depends on the version, which the question lacks: find it and ask again. Never from a question with one */
};

enum policy_why {
	POLICY_WHY_END = 0,          /* no rule matched: deny */
	POLICY_WHY_RULE = 1,         /* the rule named decided */
	POLICY_WHY_TOKEN_LIMIT = 2,  /* the token is limited to other modules: deny */
	POLICY_WHY_UNMAPPED = 3,     /* a rule allows it, but it is private and no repository is mapped: deny */
	POLICY_WHY_FACTS = 4,        /* with POLICY_NEED_FACTS */
	POLICY_WHY_PRIVATE_NAME = 5, /* in explanations of lookup: allowed, but there is no pass (policy_public_module) for a private name */
	POLICY_WHY_SUMDB_EXEMPT = 6, /* likewise: allowed, but nosumdb keeps the name from the database (policy_sumdb_exempt) */
	POLICY_WHY_SHUT_OUT = 7      /* the question says that nobody is let in by its method: deny */
};

/* "end_of_rules", "rule", "token_limit", "unmapped", "needs_version", "private_name", "sumdb_exempt", "shut_out". */
const char *policy_why_word(enum policy_why why);

/* Strings are never NULL and belong to the policy. */
struct policy_answer {
	enum policy_verdict verdict;
	enum policy_why why;
	/* The deciding rule's name (with WHY_UNMAPPED the one that would allow); "" when none did, or one of several might: no module is named. */
	const char *rule;
	const char *reason; /* the rule's own or ""; a fixed sentence where no rule denied but the end, a token or a missing repository */
	const char *help;   /* the rule's own or "" */
	bool is_private;    /* of the module; false when the question names none */
};

/*
 * Decides. First rule whose conditions all hold wins; after the last, deny. Every question is answered, none fails, nothing is allocated.
 *
 * Without a version, a rule with a versions condition does not match: a deny is passed over, an allow is remembered, and a deny that
 * then ends the walk becomes NEED_FACTS. So ALLOW without a version speaks of the name alone: ask again once it is known.
 * For mod and lookup a deny rule with a versions condition is passed over (the go command reads go.mod files of versions it will not
 * select). An allow rule with versions allows those only, for every action.
 * Without a module the question is whether the caller may have anything at all: a deny rule on modules, private or versions is passed
 * over, an allow rule on them matches.
 */
void policy_decide(const struct policy *policy, const struct policy_question *question, struct policy_answer *answer_out);

/*
 * Can the answer to this question differ from version to version? If not, the one without a version holds for all of them. The question's
 * own version does not count.
 */
bool policy_version_matters(const struct policy *policy, const struct policy_question *question);

/*
 * Appends what a denied developer reads: module, user, reason, whom to ask. At most 8 lines and POLICY_REFUSAL_MAX bytes, no blank line,
 * ends in a newline; the same whether or not the module exists. Bytes that are not printable become '?', long names are cut.
 */
void policy_refusal(const struct policy_question *question, const struct policy_answer *answer, struct buf *out);

/* --- for the security engineer ------------------------------------------------------------------------------------------------- */

/*
 * Tells rule by rule why it matches or not, then the verdict of every action on a module (question->action is ignored; the walk told is
 * the one for zip, others that end elsewhere are told apart). Text for people, JSON for programs. *verdict_out is that of zip.
 */
void policy_explain_text(const struct policy *policy, const struct policy_question *question, struct buf *out, enum policy_verdict *verdict_out);
void policy_explain_json(const struct policy *policy, const struct policy_question *question, struct buf *out, enum policy_verdict *verdict_out);

/*
 * Runs a file of cases against the policy:
 *
 *     cases:
 *       - { user: alice, groups: [payments], method: ldap, module: git.corp.example/payments/api, version: v1.4.0, action: zip, want: allow, rule: payments }
 *
 * module and want are needed. want: allow, deny, or depends (on the version, which the case leaves out). action: zip unless said. rule:
 * the deciding rule's name, or (end), (token), (unmapped). token_modules: a list of patterns. name: free text for reports.
 * report is called for each failing case with its place ("file:line") and a sentence; may be NULL. POLICY_ERR_INVALID: the file itself is wrong.
 */
struct policy_test_counts {
	size_t passed;
	size_t failed;
};
typedef void policy_test_report(void *ctx, const char *place, const char *sentence);
int policy_test(
	const struct policy *policy, const char *path, policy_test_report *report, void *ctx, struct policy_test_counts *counts_out, struct err *err);

/* The policy `modgate init` writes: any identity may read public modules, nobody anything else. */
const char *policy_init_text(void);

#endif
