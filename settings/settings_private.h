/* What the files of settings share: the schema's row, the reader's state, forms of values. Inside settings only. */
#ifndef SETTINGS_SETTINGS_PRIVATE_H
#define SETTINGS_SETTINGS_PRIVATE_H

#include "base/arena.h"
#include "base/yaml.h"
#include "settings/settings.h"

#define SETTINGS_MEMORY_MAX (32 * 1024 * 1024)
#define SETTINGS_KEY_MAX    128 /* bytes of a key's whole path */
#define SETTINGS_NOWHERE    ((size_t)-1)

/* --- the schema -------------------------------------------------------------------------------------------------------------------- */

enum key_type {
	KEY_SECTION, /* a mapping; its keys belong to the same struct. offset: a bool that tells it is there, or SETTINGS_NOWHERE */
	KEY_ITEMS,   /* a list of mappings, each a struct of its own: offset of the pointer, count_offset of the count */
	KEY_BOOL,
	KEY_NUMBER, /* int64_t, min to max */
	KEY_TEXT,
	KEY_WORD,   /* one of words: an enum of that order */
	KEY_TEXTS,  /* struct settings_texts, 1 to max entries */
	KEY_WORDS,  /* the same, each one of words */
	KEY_FILE,   /* a path that must be there */
	KEY_KEY,    /* the same, not open to others */
	KEY_SECRET, /* the same, or env:NAME */
	KEY_PATH,   /* a path that need not be there */
	KEY_LATER   /* not in this version */
};

/* 0, or a negative code, and err says what is wrong with the text and what was expected (without repeating it whole). */
typedef int settings_form(const char *text, struct err *err);

struct key {
	const char *path; /* "listen.address", "auth.jwt[].issuer": [] begins a struct of its own */
	enum key_type type;
	bool required;
	size_t offset;
	const char *fallback; /* YAML; NULL: none */
	int64_t min;
	int64_t max; /* of a number, or the most entries */
	const char *unit;
	const char *const *words; /* ended by NULL */
	settings_form *form;
	size_t count_offset;
	size_t item_bytes;
	const char *shorthand; /* items: an entry that is a text stands for { this: text } */
	const char *doc;
};

extern const struct key settings_schema[];
extern const size_t settings_schema_count;

/* The row of this path, or NULL. */
const struct key *settings_key_find(const char *path);
size_t settings_key_index(const struct key *key);
/* Is the key directly below this mapping ("", "auth", "auth.jwt[]")? */
bool settings_key_below(const struct key *key, const char *mapping);
/* "issuer" of "auth.jwt[].issuer". */
const char *settings_key_name(const struct key *key);
/* "a number from 0 to 60 (seconds)": what a value of this key must be. */
void settings_key_expected(const struct key *key, struct buf *out);
const char *settings_key_type(const struct key *key);

/* --- reading ------------------------------------------------------------------------------------------------------------------------- */

struct settings_reader {
	const struct yaml_document *document;
	const char *origin; /* absolute path of the file: relative ones start there */
	struct arena *arena;
	struct err *err;
};

/* One struct as it is filled: base is the struct, lines its marks, by index of the schema. */
struct settings_scope {
	void *base;
	unsigned *lines;
};

int settings_memory(const struct settings_reader *reader);
/* Reads the mapping of this path into scope, required keys and all. */
int settings_read_mapping(struct settings_reader *reader, const struct yaml_node *node, const char *path, const struct settings_scope *scope);
/* Stores the defaults of all keys that live in the struct of this path ("" or "auth.jwt[]"). */
int settings_read_defaults(struct settings_reader *reader, const char *path, const struct settings_scope *scope);
/* Reads one value that is neither section nor items. */
int settings_read_value(struct settings_reader *reader, const struct key *key, const struct yaml_node *node, const struct settings_scope *scope);
/* path seen from the file, in the arena; NULL: memory. */
const char *settings_beside(struct settings_reader *reader, const char *path);

/* Keys that belong together, and what is derived from them. All of auth; then all the rest, which calls it. */
int settings_check(struct settings_reader *reader, struct settings *settings);
int settings_check_auth(struct settings_reader *reader, struct settings *settings);
int settings_check_ssh(struct settings_reader *reader, const struct settings_repository *repository);
int settings_check_repositories(struct settings_reader *reader, struct settings *settings);
/* The line of a key in a struct's marks, or that of its nearest section that has one, else 1. */
unsigned settings_line(const unsigned *lines, const char *path);

/* settings_warn() of one entry: may an earlier one come to its repositories, so that they have two names? */
void settings_warn_alias(
	const struct settings *settings, const struct settings_repository *repository, void (*warn)(void *ctx, const char *text), void *ctx);

/* --- forms ----------------------------------------------------------------------------------------------------------------------------- */

/* text as a message may repeat it: not when it has an '@', before which a URL holds a password. */
const char *settings_shown(const char *text);

settings_form settings_form_web;      /* http or https URL */
settings_form settings_form_https;    /* https URL */
settings_form settings_form_ldap;     /* ldap, ldaps or ldapi URI */
settings_form settings_form_pattern;  /* module pattern */
settings_form settings_form_prefix;   /* module path prefix */
settings_form settings_form_subdir;   /* relative directory */
settings_form settings_form_route;    /* "/" or "/goproxy/" */
settings_form settings_form_database; /* verifier key or name */
settings_form settings_form_filter;   /* LDAP filter in parentheses */

#endif
