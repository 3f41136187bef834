/* The modgate.yaml of a new gateway, from a GOPROXY list and a GOSUMDB value. */
#include "settings/settings_private.h"

#define ENTRY_MAX SETTINGS_TEXT_MAX

static const char head[] =
	"# A modgate gateway. Every key: conf/modgate.yaml of the distribution, or modgate.yaml(5). Paths are relative to this file.\n"
	"# After a change: modgate check-config, then a restart. What changes in policy.yaml or in a key file wants modgate reload alone.\n"
	"\n";

static const char middle[] = "  certificate: server.pem\n"
			     "  key: keys/server.key\n"
			     "\n"
			     "data: data\n"
			     "policy: policy.yaml\n"
			     "\n"
			     "auth:\n"
			     "  tokens: { enabled: true, lifetime_max_days: 90 }\n"
			     "  # ldap:\n"
			     "  #   uris: [ldaps://ldap.corp.example]\n"
			     "  #   bind_dn: cn=modgate,dc=corp,dc=example\n"
			     "  #   bind_password_file: keys/ldap\n"
			     "  #   user_base: ou=people,dc=corp,dc=example\n"
			     "  #   group_base: ou=groups,dc=corp,dc=example\n"
			     "  # jwt:\n"
			     "  #   - { issuer: https://login.corp.example, audiences: [modgate], jwks_file: idp.jwks }\n"
			     "\n"
			     "# Where private modules are built from. Whatever lies below a prefix is private: its name never leaves.\n"
			     "# repositories:\n"
			     "#   - prefix: git.corp.example\n"
			     "#     repository: https://git.corp.example/{1}/{2}.git\n"
			     "#     credentials_file: keys/git\n"
			     "\n";

/* In double quotes. The texts were found to be URLs or verifier keys; what YAML would read otherwise is escaped all the same. */
static void add_quoted(struct buf *out, struct slice text)
{
	buf_add_char(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '"' || text.ptr[i] == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, text.ptr[i]);
	}
	buf_add_char(out, '"');
}

/* The next entry of a GOPROXY list and the separator after it ('\0' at the end). */
static bool next_entry(struct slice *rest, struct slice *entry_out, char *separator_out)
{
	size_t end = 0;

	if (rest->len == 0)
		return false;
	while (end < rest->len && rest->ptr[end] != ',' && rest->ptr[end] != '|')
		end++;
	*entry_out = slice_trim(slice_sub(*rest, 0, end));
	*separator_out = end < rest->len ? rest->ptr[end] : '\0';
	*rest = slice_after(*rest, end + 1);
	return true;
}

static bool is_word(struct slice entry)
{
	return slice_equal_text(entry, "direct") || slice_equal_text(entry, "off");
}

static void add_dropped(struct buf *dropped, struct slice word)
{
	if (dropped == NULL)
		return;
	buf_add_text(dropped, dropped->len > 0 ? " " : "");
	buf_add_slice(dropped, word);
}

static int add_upstream(struct buf *out, struct slice entry, char separator, const char *ca, struct err *err)
{
	struct err why = ERR_INIT;
	struct buf url = BUF_INIT(ENTRY_MAX);
	int code;

	buf_add_text(&url, slice_find(entry, SLICE("://")) < 0 ? "https://" : "");
	buf_add_slice(&url, entry);
	code = buf_failed(&url) || slice_has_nul(entry) ? err_set(&why, SETTINGS_ERR_INVALID, "it is too long")
							: settings_form_web(buf_text(&url), &why);
	if (code == 0) {
		buf_add_text(out, "  - url: ");
		add_quoted(out, buf_slice(&url));
		buf_printf(out, "\n    fallback: %s\n", separator == '|' ? "any_error" : "not_found");
		if (ca != NULL) {
			buf_add_text(out, "    ca: ");
			add_quoted(out, slice_of(ca));
			buf_add_char(out, '\n');
		}
	} else {
		code = err_set(err, SETTINGS_ERR_INVALID, "the upstream \"%.200s\" cannot be used: %s", settings_shown(buf_text(&url)), why.text);
	}
	buf_free(&url);
	return code;
}

static int add_upstreams(struct buf *out, const struct settings_init *init, struct buf *dropped, struct err *err)
{
	struct slice list = slice_of(init->upstreams);
	struct slice entry;
	char separator;
	size_t count = 0;
	int code = 0;

	buf_add_text(out, "# Where public modules come from, in order.\n");
	while (code == 0 && next_entry(&list, &entry, &separator)) {
		if (entry.len == 0)
			continue;
		if (is_word(entry)) {
			add_dropped(dropped, entry);
			continue;
		}
		buf_add_text(out, count++ == 0 ? "upstreams:\n" : "");
		code = count > SETTINGS_UPSTREAMS_MAX ? err_set(err, SETTINGS_ERR_INVALID, "there are more than %d upstreams", SETTINGS_UPSTREAMS_MAX)
						      : add_upstream(out, entry, separator, init->upstream_ca, err);
	}
	buf_add_text(out, count == 0 ? "upstreams: []\n\n" : "\n");
	return code;
}

/* One part of a GOSUMDB value, held to the form that settings_load() will hold it to. */
static int add_database_part(struct buf *out, const char *name, struct slice text, settings_form *form, struct err *err)
{
	struct err why = ERR_INIT;
	struct buf copy = BUF_INIT(ENTRY_MAX);
	int code;

	buf_add_slice(&copy, text);
	code = buf_failed(&copy) ? err_set(&why, SETTINGS_ERR_INVALID, "it is too long") : form(buf_text(&copy), &why);
	if (code == 0) {
		buf_add_text(out, name);
		add_quoted(out, text);
		buf_add_char(out, '\n');
	} else {
		code = err_set(
			err, SETTINGS_ERR_INVALID, "the checksum database \"%.200s\" cannot be used: %s", settings_shown(buf_text(&copy)), why.text);
	}
	buf_free(&copy);
	return code;
}

static int add_databases(struct buf *out, struct slice sumdb, struct err *err)
{
	struct slice key;
	struct slice url;
	int code;

	buf_add_text(
		out, "# What public modules are proved against: without a database none is served that policy.yaml does not exempt (nosumdb).\n");
	sumdb = slice_trim(sumdb);
	if (sumdb.len == 0 || slice_equal_text(sumdb, "off")) {
		buf_add_text(out, "sumdb: { databases: [] }\n");
		return 0;
	}
	slice_cut(sumdb, ' ', &key, &url);
	url = slice_trim(url);
	buf_add_text(out, "sumdb:\n  databases:\n");
	code = add_database_part(out, "    - key: ", key, settings_form_database, err);
	if (code == 0 && url.len > 0)
		code = add_database_part(out, "      url: ", url, settings_form_web, err);
	return code;
}

int settings_init_text(const struct settings_init *init, struct buf *text_out, struct buf *dropped_out, struct err *err)
{
	const char *address = init->address != NULL ? init->address : "127.0.0.1:8443";
	int code;

	buf_add_text(text_out, head);
	buf_add_text(text_out, "listen:\n  address: ");
	add_quoted(text_out, slice_of(address));
	buf_add_char(text_out, '\n');
	buf_add_text(text_out, middle);
	code = add_upstreams(text_out, init, dropped_out, err);
	if (code == 0)
		code = add_databases(text_out, slice_of(init->sumdb), err);
	if (code == 0 && buf_failed(text_out))
		code = err_set(err, SETTINGS_ERR, "cannot write a configuration: out of memory");
	return code;
}
