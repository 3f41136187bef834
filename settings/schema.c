/*
 * The schema of modgate.yaml: one row a key, in the order in which they are shown. A row of a mapping stands before its keys. KEY_LATER rows
 * name what later versions bring, so that it is refused by name.
 */
#include "settings/settings_private.h"

#include <string.h>

static const char *const algorithms[] = { "ES256", "RS256", NULL };
static const char *const missings[] = { "unknown", "absent", NULL };
static const char *const cases[] = { "exact", "lower", NULL };
static const char *const fallbacks[] = { "not_found", "any_error", NULL };
static const char *const audit_modes[] = { "strict", NULL };
static const char *const log_levels[] = { "debug", "info", "warning", "error", NULL };
static const char *const log_formats[] = { "auto", "json", "text", NULL };

#define AT(field)       .offset = offsetof(struct settings, field)
#define IN(type, field) .offset = offsetof(struct type, field)
#define LATER(key) \
	{ \
		.path = (key), .type = KEY_LATER, .offset = SETTINGS_NOWHERE, .doc = "not in this version" \
	}
#define SECTION(key, text) \
	{ \
		.path = (key), .type = KEY_SECTION, .offset = SETTINGS_NOWHERE, .doc = (text) \
	}
#define ITEMS(type, field) AT(field), .count_offset = offsetof(struct settings, field##_count), .item_bytes = sizeof(struct type)

/* A row a key: the layout is by hand. */
/* clang-format off */
const struct key settings_schema[] = {
	{ .path = "listen", .type = KEY_SECTION, .required = true, .offset = SETTINGS_NOWHERE, .doc = "where clients connect; https only" },
	{ .path = "listen.address", .type = KEY_TEXT, AT(listen.address), .fallback = "127.0.0.1:8443",
		.doc = "HOST:PORT; the host is an IPv4 address, an IPv6 address in brackets, or localhost; port 0: any free one" },
	{ .path = "listen.certificate", .type = KEY_FILE, .required = true, AT(listen.certificate),
		.doc = "certificate chain, PEM, the server's own first" },
	{ .path = "listen.key", .type = KEY_KEY, .required = true, AT(listen.key), .doc = "private key of the certificate, PEM" },
	{ .path = "listen.prefix", .type = KEY_TEXT, AT(listen.prefix), .fallback = "/", .form = settings_form_route,
		.doc = "path below which everything is served" },
	LATER("listen.client_ca"),
	LATER("listen.unix"),
	LATER("listen.trusted_front"),

	{ .path = "data", .type = KEY_PATH, AT(data), .fallback = "data",
		.doc = "directory of the store, the catalogue, the mirrors and the audit log; made if absent; one process owns it" },
	LATER("network"),

	SECTION("auth", "who may identify themselves, and how"),
	{ .path = "auth.anonymous", .type = KEY_BOOL, AT(auth.anonymous), .fallback = "false",
		.doc = "let callers without a credential in, as nobody; policy still decides" },
	SECTION("auth.roles", "groups that hold a scope beyond reading"),
	{ .path = "auth.roles.audit", .type = KEY_TEXTS, AT(auth.audit_groups), .max = SETTINGS_GROUPS_MAX, .doc = "groups that may read the audit log" },
	{ .path = "auth.roles.admin", .type = KEY_TEXTS, AT(auth.admin_groups), .max = SETTINGS_GROUPS_MAX, .doc = "groups that may administer" },
	SECTION("auth.tokens", "tokens issued by this gateway"),
	{ .path = "auth.tokens.enabled", .type = KEY_BOOL, AT(auth.tokens), .fallback = "true", .doc = "accept them" },
	{ .path = "auth.tokens.lifetime_max_days", .type = KEY_NUMBER, AT(auth.token_lifetime_max_days), .fallback = "90", .min = 1, .max = 3650,
		.unit = "days", .doc = "none is issued for longer" },
	{ .path = "auth.ldap", .type = KEY_SECTION, AT(auth.ldap.enabled), .doc = "users and passwords of a directory" },
	{ .path = "auth.ldap.uris", .type = KEY_TEXTS, .required = true, AT(auth.ldap.uris), .max = SETTINGS_URIS_MAX, .form = settings_form_ldap,
		.doc = "servers, tried in order: ldaps://HOST, ldap://HOST with start_tls, or ldapi://SOCKET" },
	{ .path = "auth.ldap.start_tls", .type = KEY_BOOL, AT(auth.ldap.start_tls), .fallback = "false", .doc = "StartTLS on ldap:// connections" },
	{ .path = "auth.ldap.ca", .type = KEY_FILE, AT(auth.ldap.ca), .doc = "certificates that the servers are checked against, PEM; left out: the system's" },
	{ .path = "auth.ldap.bind_dn", .type = KEY_TEXT, AT(auth.ldap.bind_dn), .doc = "who searches for users; left out: anonymous search" },
	{ .path = "auth.ldap.bind_password_file", .type = KEY_SECRET, AT(auth.ldap.bind_password_file), .doc = "password of bind_dn" },
	{ .path = "auth.ldap.user_base", .type = KEY_TEXT, .required = true, AT(auth.ldap.user_base), .doc = "where users are searched" },
	{ .path = "auth.ldap.user_filter", .type = KEY_TEXT, AT(auth.ldap.user_filter), .fallback = "(uid={user})", .form = settings_form_filter,
		.doc = "finds exactly one entry for {user}" },
	{ .path = "auth.ldap.group_base", .type = KEY_TEXT, AT(auth.ldap.group_base), .doc = "where groups are searched; left out: nobody has any" },
	{ .path = "auth.ldap.group_filter", .type = KEY_TEXT, AT(auth.ldap.group_filter), .fallback = "(member={dn})", .form = settings_form_filter,
		.doc = "finds the groups of the user at {dn}, named {user}" },
	{ .path = "auth.ldap.group_attribute", .type = KEY_TEXT, AT(auth.ldap.group_attribute), .fallback = "cn", .doc = "attribute that names a group" },
	LATER("auth.ldap.nested_groups"),
	{ .path = "auth.ldap.cache_ttl_s", .type = KEY_NUMBER, AT(auth.ldap.cache_ttl_s), .fallback = "60", .min = 1, .max = 3600, .unit = "seconds",
		.doc = "how long an accepted user and password, and the groups, are remembered" },
	{ .path = "auth.ldap.refused_ttl_s", .type = KEY_NUMBER, AT(auth.ldap.refused_ttl_s), .fallback = "300", .min = 1, .max = 3600, .unit = "seconds",
		.doc = "how long a refused user and password are remembered and not sent again" },
	{ .path = "auth.ldap.timeout_ms", .type = KEY_NUMBER, AT(auth.ldap.timeout_ms), .fallback = "3000", .min = 100, .max = 60000,
		.unit = "milliseconds", .doc = "of connecting, and of each operation" },
	{ .path = "auth.jwt", .type = KEY_ITEMS, AT(auth.jwt), .count_offset = offsetof(struct settings, auth.jwt_count),
		.item_bytes = sizeof(struct settings_jwt), .max = SETTINGS_JWT_MAX, .doc = "issuers of signed identity tokens" },
	{ .path = "auth.jwt[].issuer", .type = KEY_TEXT, .required = true, IN(settings_jwt, issuer), .form = settings_form_https,
		.doc = "the iss claim, exactly" },
	{ .path = "auth.jwt[].audiences", .type = KEY_TEXTS, .required = true, IN(settings_jwt, audiences), .max = SETTINGS_AUDIENCES_MAX,
		.doc = "one of them must be in aud" },
	{ .path = "auth.jwt[].algorithms", .type = KEY_WORDS, IN(settings_jwt, algorithms), .fallback = "[ES256, RS256]", .max = 2, .words = algorithms,
		.doc = "signatures this issuer makes" },
	{ .path = "auth.jwt[].jwks_file", .type = KEY_FILE, .required = true, IN(settings_jwt, jwks_file), .doc = "the issuer's keys, a JWK set" },
	LATER("auth.jwt[].jwks_url"),
	LATER("auth.jwt[].discovery"),
	{ .path = "auth.jwt[].user_claim", .type = KEY_TEXT, IN(settings_jwt, user_claim), .fallback = "sub", .doc = "claim that names the user" },
	{ .path = "auth.jwt[].groups_claim", .type = KEY_TEXT, IN(settings_jwt, groups_claim), .fallback = "groups",
		.doc = "claim that lists the groups; dots reach into objects" },
	{ .path = "auth.jwt[].required_claims", .type = KEY_ITEMS, IN(settings_jwt, required_claims),
		.count_offset = offsetof(struct settings_jwt, required_claims_count), .item_bytes = sizeof(struct settings_claim), .max = SETTINGS_CLAIMS_MAX,
		.doc = "claims that must be there and match, every one" },
	{ .path = "auth.jwt[].required_claims[].claim", .type = KEY_TEXT, .required = true, IN(settings_claim, claim),
		.doc = "name of the claim; dots reach into objects" },
	{ .path = "auth.jwt[].required_claims[].matches", .type = KEY_TEXT, .required = true, IN(settings_claim, matches), .form = settings_form_pattern,
		.doc = "glob over its whole value; * and ? do not match /" },
	{ .path = "auth.jwt[].leeway_s", .type = KEY_NUMBER, IN(settings_jwt, leeway_s), .fallback = "30", .min = 0, .max = 60, .unit = "seconds",
		.doc = "how far clocks may differ" },

	{ .path = "repositories", .type = KEY_ITEMS, ITEMS(settings_repository, repositories), .max = SETTINGS_REPOSITORIES_MAX,
		.doc = "where private modules are built from; the longest prefix wins; every module below a prefix is private" },
	{ .path = "repositories[].prefix", .type = KEY_TEXT, .required = true, IN(settings_repository, prefix), .form = settings_form_prefix,
		.doc = "modules at and below this path" },
	{ .path = "repositories[].repository", .type = KEY_TEXT, .required = true, IN(settings_repository, repository),
		.doc = "https or ssh URL, or path of a repository on this machine, which is opened in place; {1} to {9} stand for the elements after the prefix, {*} for "
		       "as many more as it takes to find the repository, the shortest path first; what follows them is a directory in the repository" },
	{ .path = "repositories[].credentials_file", .type = KEY_SECRET, IN(settings_repository, credentials_file),
		.doc = "user:token for an https URL, for ssh a private key without a passphrase; read anew for each fetch" },
	{ .path = "repositories[].known_hosts_file", .type = KEY_FILE, IN(settings_repository, known_hosts_file),
		.doc = "for ssh: the host's key as OpenSSH writes it; no other host is spoken to; read anew for each fetch" },
	{ .path = "repositories[].ca", .type = KEY_FILE, IN(settings_repository, ca),
		.doc = "certificates that the server is checked against, PEM; left out: the system's" },
	{ .path = "repositories[].subdir", .type = KEY_TEXT, IN(settings_repository, subdir), .form = settings_form_subdir,
		.doc = "added to the directory that the module path names in the repository: DIRECTORY/subdir, see REPOSITORIES" },
	{ .path = "repositories[].refresh_s", .type = KEY_NUMBER, IN(settings_repository, refresh_s), .fallback = "60", .min = 0, .max = 86400,
		.unit = "seconds", .doc = "how old a mirror may be before lists, latest and branches look again" },
	{ .path = "repositories[].hold_s", .type = KEY_NUMBER, IN(settings_repository, hold_s), .fallback = "20", .min = 1, .max = 300, .unit = "seconds",
		.doc = "how long a question waits for a fetch from the server before it is answered from the mirror, as stale, or told to come again (503)" },
	{ .path = "repositories[].missing", .type = KEY_WORD, IN(settings_repository, missing), .fallback = "unknown", .words = missings,
		.doc = "what \"not found\" from the server means: unknown (502, since it may only have stopped trusting our credential) or absent (404)" },
	{ .path = "repositories[].case", .type = KEY_WORD, IN(settings_repository, letters), .fallback = "exact", .words = cases,
		.doc = "lower: the server ignores case, so a module with a capital letter in what {n} or {*} stands for is absent (404)" },
	{ .path = "repositories[].webhook_secret_file", .type = KEY_SECRET, IN(settings_repository, webhook_secret_file),
		.doc = "whose push webhook knows this secret may have the repository looked at again at once: POST /-/api/v1/refresh?module=" },

	{ .path = "upstreams", .type = KEY_ITEMS, ITEMS(settings_upstream, upstreams), .max = SETTINGS_UPSTREAMS_MAX,
		.doc = "module proxies that public modules come from, in order" },
	{ .path = "upstreams[].url", .type = KEY_TEXT, .required = true, IN(settings_upstream, url), .form = settings_form_web, .doc = "http or https URL" },
	{ .path = "upstreams[].fallback", .type = KEY_WORD, IN(settings_upstream, fallback), .fallback = "not_found", .words = fallbacks,
		.doc = "when the next is asked: not_found (the ',' of GOPROXY) or any_error (its '|')" },
	{ .path = "upstreams[].modules", .type = KEY_TEXTS, IN(settings_upstream, modules), .fallback = "[\"*\"]", .max = SETTINGS_PATTERNS_MAX,
		.form = settings_form_pattern, .doc = "patterns of the modules it is asked for" },
	LATER("upstreams[].credentials_file"),
	{ .path = "upstreams[].ca", .type = KEY_FILE, IN(settings_upstream, ca),
		.doc = "certificates that the server is checked against, PEM; left out: the system's" },
	LATER("upstreams[].private_addresses"),

	SECTION("sumdb", "checksum databases"),
	{ .path = "sumdb.databases", .type = KEY_ITEMS, ITEMS(settings_database, databases), .max = SETTINGS_DATABASES_MAX, .shorthand = "key",
		.doc = "databases that public modules are proved against and that clients may read through this gateway; the first proves" },
	{ .path = "sumdb.databases[].key", .type = KEY_TEXT, .required = true, IN(settings_database, key), .form = settings_form_database,
		.doc = "verifier key NAME+HASH+BASE64, or the name of a well-known database" },
	{ .path = "sumdb.databases[].url", .type = KEY_TEXT, IN(settings_database, url), .form = settings_form_web,
		.doc = "where it is read; left out: through the first upstream that supports it" },
	LATER("sumdb.own"),

	{ .path = "policy", .type = KEY_FILE, .required = true, AT(policy), .doc = "who may have which module: policy.yaml" },
	LATER("vulnerabilities"),

	SECTION("audit", "the record of every access"),
	{ .path = "audit.mode", .type = KEY_WORD, AT(audit_mode), .fallback = "strict", .words = audit_modes,
		.doc = "strict: no answer leaves before its record is durable" },
	LATER("audit.checkpoint_s"),
	LATER("audit.key_file"),
	LATER("audit.retention_days"),
	LATER("audit.sinks"),
	LATER("audit.witnesses"),

	SECTION("cache", "what is remembered, and for how long"),
	{ .path = "cache.list_ttl_s", .type = KEY_NUMBER, AT(cache.list_ttl_s), .fallback = "60", .min = 0, .max = 86400, .unit = "seconds",
		.doc = "lists, latest and branches of public modules" },
	{ .path = "cache.negative_ttl_s", .type = KEY_NUMBER, AT(cache.negative_ttl_s), .fallback = "10", .min = 0, .max = 3600, .unit = "seconds",
		.doc = "that something is absent" },
	{ .path = "cache.size_max_gib", .type = KEY_NUMBER, AT(cache.size_max_gib), .fallback = "0", .min = 0, .max = 0, .unit = "GiB",
		.doc = "0: the store grows without limit, the only value of this version" },
	LATER("limits"),

	SECTION("log", "what the daemon tells on stderr"),
	{ .path = "log.level", .type = KEY_WORD, AT(log.level), .fallback = "info", .words = log_levels, .doc = "the least that is told" },
	{ .path = "log.format", .type = KEY_WORD, AT(log.format), .fallback = "auto", .words = log_formats,
		.doc = "auto: text on a terminal, else json" }
};
/* clang-format on */

const size_t settings_schema_count = sizeof(settings_schema) / sizeof(settings_schema[0]);

/* settings_read_mapping() stores a word as its place in the list. */
_Static_assert(SETTINGS_MISSING_ABSENT == 1 && SETTINGS_LETTERS_LOWER == 1 && SETTINGS_FALLBACK_ANY_ERROR == 1 && SETTINGS_LOG_ERROR == 3 &&
		       SETTINGS_LOG_TEXT == 2,
	"the words above stand in the order of their enums");
/* Each struct of items begins with its marks. */
_Static_assert(offsetof(struct settings, lines) == 0 && offsetof(struct settings_jwt, lines) == 0 && offsetof(struct settings_claim, lines) == 0 &&
		       offsetof(struct settings_repository, lines) == 0 && offsetof(struct settings_upstream, lines) == 0 &&
		       offsetof(struct settings_database, lines) == 0,
	"lines come first");

const struct key *settings_key_find(const char *path)
{
	for (size_t i = 0; i < settings_schema_count; i++) {
		if (strcmp(settings_schema[i].path, path) == 0)
			return &settings_schema[i];
	}
	return NULL;
}

size_t settings_key_index(const struct key *key)
{
	return (size_t)(key - settings_schema);
}

const char *settings_key_name(const struct key *key)
{
	const char *dot = strrchr(key->path, '.');

	return dot == NULL ? key->path : dot + 1;
}

bool settings_key_below(const struct key *key, const char *mapping)
{
	size_t len = strlen(mapping);
	size_t parent = (size_t)(settings_key_name(key) - key->path);

	if (len == 0)
		return parent == 0;
	return parent == len + 1 && strncmp(key->path, mapping, len) == 0;
}
