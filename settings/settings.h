/*
 * settings: modgate.yaml as structs, read by one schema table (settings/schema.c): key, type, default, bounds, unit, sentence. It knows
 * what may be written, not what is done with it.
 *
 * Settings are an immutable, counted snapshot; reading one is safe from many threads. All strings belong to it, are NULL where an
 * optional key was left out, and live until the last reference goes. Paths are absolute (relative ones were taken from the folder of
 * the file). A secret is never read into it, only its source: an absolute path or "env:NAME", as file_read_secret() takes it.
 */
#ifndef SETTINGS_SETTINGS_H
#define SETTINGS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#define SETTINGS_BYTES_MAX             (1024 * 1024)
#define SETTINGS_TEXT_MAX              1024 /* bytes of any value */
#define SETTINGS_GROUPS_MAX            100  /* groups of one role */
#define SETTINGS_URIS_MAX              8    /* LDAP servers */
#define SETTINGS_JWT_MAX               16   /* issuers */
#define SETTINGS_AUDIENCES_MAX         16
#define SETTINGS_CLAIMS_MAX            16 /* required claims of one issuer */
#define SETTINGS_REPOSITORIES_MAX      1000
#define SETTINGS_KNOWN_HOSTS_BYTES_MAX (1024 * 1024)
#define SETTINGS_UPSTREAMS_MAX         16
#define SETTINGS_PATTERNS_MAX          1000 /* module patterns of one upstream */
#define SETTINGS_DATABASES_MAX         8

enum settings_code {
	SETTINGS_ERR = -1,         /* the file cannot be read, memory is short */
	SETTINGS_ERR_INVALID = -2, /* err is "file:line: what; what was expected" */
	SETTINGS_ERR_ABSENT = -3   /* no such configuration file */
};

/* A list of texts. */
struct settings_texts {
	const char *const *items;
	size_t count;
};

/* `lines` in the structs below: for each key of the schema the line it stands on, 0 when it has its default. For this room's own use. */

struct settings_listen {
	const char *address;     /* as written: "127.0.0.1:8443" */
	const char *host;        /* without brackets: IPv4, IPv6 or "localhost" */
	uint16_t port;           /* 0: any */
	const char *certificate; /* PEM chain */
	unsigned line;           /* of certificate, for messages about it and its key: settings_error() */
	const char *key;         /* PEM */
	const char *prefix;      /* "" for "/", else "/goproxy": what the gateway strips from the path */
};

struct settings_ldap {
	bool enabled; /* the section is there; else nothing below counts */
	struct settings_texts uris;
	bool start_tls;
	const char *ca;                 /* NULL: the system's */
	const char *bind_dn;            /* NULL: anonymous search */
	const char *bind_password_file; /* with bind_dn */
	const char *user_base;
	const char *user_filter;  /* has {user} */
	const char *group_base;   /* NULL: no groups */
	const char *group_filter; /* has {dn} or {user}; NULL without group_base */
	const char *group_attribute;
	int64_t cache_ttl_s;
	int64_t refused_ttl_s;
	int64_t timeout_ms;
};

struct settings_claim {
	const unsigned *lines;
	const char *claim;   /* dots reach into objects */
	const char *matches; /* a glob, see module_glob_match() */
};

struct settings_jwt {
	const unsigned *lines;
	const char *issuer;
	struct settings_texts audiences;
	struct settings_texts algorithms; /* of "ES256", "RS256" */
	const char *jwks_file;
	const char *user_claim;
	const char *groups_claim;
	const struct settings_claim *required_claims;
	size_t required_claims_count;
	int64_t leeway_s;
};

struct settings_auth {
	bool anonymous;
	struct settings_texts audit_groups; /* roles.audit */
	struct settings_texts admin_groups; /* roles.admin */
	bool tokens;                        /* tokens.enabled */
	int64_t token_lifetime_max_days;
	struct settings_ldap ldap;
	const struct settings_jwt *jwt;
	size_t jwt_count;
};

enum settings_letters { SETTINGS_LETTERS_EXACT = 0, SETTINGS_LETTERS_LOWER = 1 };
enum settings_missing { SETTINGS_MISSING_UNKNOWN = 0, SETTINGS_MISSING_ABSENT = 1 };

struct settings_repository {
	const unsigned *lines;
	const char *prefix;
	const char *repository;       /* an https or ssh URL or an absolute path, {n} and {*} not filled in */
	bool local;                   /* it is a path */
	unsigned elements;            /* the largest n of its {n}; 0, and no {*}: exactly this repository */
	bool open_ended;              /* it has {*} */
	const char *credentials_file; /* NULL: none. The secret is user:token, or for ssh a private key */
	const char *known_hosts_file; /* for ssh, else NULL */
	const char *ca;               /* NULL: the system's */
	const char *subdir;           /* "" or "go", "a/b" */
	int64_t refresh_s;
	int64_t hold_s;
	enum settings_missing missing;
	enum settings_letters letters;   /* of case */
	const char *webhook_secret_file; /* NULL: none */
};

enum settings_fallback { SETTINGS_FALLBACK_NOT_FOUND = 0, SETTINGS_FALLBACK_ANY_ERROR = 1 };

struct settings_upstream {
	const unsigned *lines;
	const char *url; /* http or https, without userinfo, query or trailing slash */
	enum settings_fallback fallback;
	struct settings_texts modules; /* patterns; ["*"] when left out */
	const char *ca;                /* NULL: the system's */
};

struct settings_database {
	const unsigned *lines;
	const char *key; /* a verifier key "NAME+hash+base64" (its form was checked), or a bare name for a well-known database */
	const char *url; /* NULL: through the first upstream that supports it */
	unsigned line;   /* of the entry, for messages about a name nobody knows: settings_error() */
};

enum settings_log_level { SETTINGS_LOG_DEBUG = 0, SETTINGS_LOG_INFO = 1, SETTINGS_LOG_WARNING = 2, SETTINGS_LOG_ERROR = 3 };
enum settings_log_format { SETTINGS_LOG_AUTO = 0, SETTINGS_LOG_JSON = 1, SETTINGS_LOG_TEXT = 2 };
enum settings_audit_mode { SETTINGS_AUDIT_STRICT = 0 };

struct settings {
	const unsigned *lines;
	const char *path; /* of the file, as the caller named it */
	struct settings_listen listen;
	const char *data;
	struct settings_auth auth;
	const struct settings_repository *repositories; /* in the file's order */
	size_t repositories_count;
	const char *const *prefixes; /* the repositories' prefixes, in the same order: what policy_open() takes */
	const struct settings_upstream *upstreams;
	size_t upstreams_count;
	const struct settings_database *databases; /* sumdb.databases */
	size_t databases_count;
	const char *policy;
	enum settings_audit_mode audit_mode;
	struct {
		int64_t list_ttl_s;
		int64_t negative_ttl_s;
		int64_t size_max_gib; /* 0: no limit; the only value of this version */
	} cache;
	struct {
		enum settings_log_level level;
		enum settings_log_format format;
	} log;
};

/*
 * Reads and checks everything: forms, bounds, keys that belong together, and that every file named is there, is readable and, where it
 * is a secret, is not open to others. *settings_out has one reference. SETTINGS_ERR_ABSENT, SETTINGS_ERR_INVALID, SETTINGS_ERR.
 */
int settings_load(const char *path, const struct settings **settings_out, struct err *err);

/* ref returns its argument; unref is NULL-safe. Any thread. */
const struct settings *settings_ref(const struct settings *settings);
void settings_unref(const struct settings *settings);

/*
 * The configuration file to use: option when not NULL, else $MODGATE_CONFIG, ./modgate.yaml, /etc/modgate/modgate.yaml, the first that
 * exists (a file named by option or environment is taken as it is). Caller frees. SETTINGS_ERR_ABSENT (err lists what was tried), SETTINGS_ERR.
 */
int settings_find(const char *option, char **path_out, struct err *err);

/* The effective configuration: YAML that settings_load() takes again, defaults marked; or JSON. No secret is in it (their files are named). */
void settings_show(const struct settings *settings, struct buf *out);
void settings_show_json(const struct settings *settings, struct buf *out);

/* The first key in which two snapshots differ ("data", "repositories"), or NULL: what a reload cannot bring into force, a restart does. */
const char *settings_restart_key(const struct settings *before, const struct settings *after);

/* Writes "file:line: what" for a finding that only another room could make, and returns SETTINGS_ERR_INVALID. */
int settings_error(const struct settings *settings, unsigned line, struct err *err, const char *format, ...) __attribute__((format(printf, 4, 5)));

/*
 * Tells what a start allows, but may not be meant so, or cannot work as it stands now: a prefix of repositories below another's, a repository on
 * this machine that is not there. text is "file:line: what;
 * what follows from it", and is warn's during the call.
 */
void settings_warn(const struct settings *settings, void (*warn)(void *ctx, const char *text), void *ctx);

/* What `modgate init` writes as modgate.yaml. Borrowed during the call. */
struct settings_init {
	const char *address;     /* listen.address; NULL: 127.0.0.1:8443 */
	const char *upstreams;   /* as GOPROXY: "https://a,https://b|https://c"; NULL or "": none */
	const char *upstream_ca; /* absolute path, of each of them; NULL: the system's */
	const char *sumdb;       /* as GOSUMDB: "NAME", "KEY", "KEY URL"; NULL, "" or "off": none */
};
/*
 * Appends the file to text_out and to dropped_out (may be NULL), separated by spaces, the words of the list that have no meaning here
 * ("direct", "off"). SETTINGS_ERR_INVALID: err says which entry cannot be used.
 */
int settings_init_text(const struct settings_init *init, struct buf *text_out, struct buf *dropped_out, struct err *err);

#endif
