#include "settings/settings.h"

#include "tests/settings/support.h"

#define LDAP             "auth:\n  ldap:\n    uris: [ldaps://ldap.example]\n    user_base: ou=people\n"
#define JWT              "auth:\n  jwt:\n    - issuer: https://login.example\n      audiences: [modgate]\n      jwks_file: idp.jwks\n"
#define REPO             "repositories:\n  - prefix: git.example\n    repository: "
#define RIVAL            "  - prefix: b.example\n    repository: "
#define LATER(line, key) "modgate.yaml:" #line ": the key " key " is not in this version; it must be left out"

struct row {
	const char *name, *text, *want; /* want follows the folder and a '/'; $ stands for the folder */
};

static void expect_refusals(void **state, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct settings *settings = NULL;
		struct buf want = BUF_INIT(4096);
		struct err err = ERR_INIT;
		const char *at;

		CHECK(rows[i].name, load_text(state, rows[i].text, &settings, &err) == SETTINGS_ERR_INVALID);
		CHECK(rows[i].name, settings == NULL);
		buf_printf(&want, "%s/", (const char *)*state);
		for (at = rows[i].want; *at != '\0'; at++) {
			if (*at == '$')
				buf_add_text(&want, *state);
			else
				buf_add_char(&want, *at);
		}
		if (strcmp(err.text, buf_text(&want)) != 0)
			fail_msg("row \"%s\":\n%s\n%s", rows[i].name, err.text, buf_text(&want));
		buf_free(&want);
	}
}

static void test_shape(void **state)
{
	static const struct row rows[] = {
		{ "a list", "- a\n", "modgate.yaml:1: the file is no mapping; keys like listen and data were expected" },
		{ "nothing", "", "modgate.yaml:1: listen is missing; a mapping was expected: where clients connect; https only" },
		{ "no policy", "listen: { certificate: server.pem, key: keys/server.key }\n",
			"modgate.yaml:1: policy is missing; a file was expected: who may have which module: policy.yaml" },
		{ "no certificate", "policy: policy.yaml\nlisten:\n  key: keys/server.key\n",
			"modgate.yaml:3: listen.certificate is missing; a file was expected: certificate chain, PEM, the server's own first" },
		{ "no key", "policy: policy.yaml\nlisten: { certificate: server.pem }\n",
			"modgate.yaml:2: listen.key is missing; a private file was expected: private key of the certificate, PEM" },
		{ "unknown key", BASE "audits: {}\n",
			"modgate.yaml:3: unknown key audits; listen, data, auth, repositories, upstreams, sumdb, policy, audit, cache or log was "
			"expected" },
		{ "unknown key below", BASE "log:\n  colour: red\n", "modgate.yaml:4: unknown key log.colour; level or format was expected" },
		{ "unknown key of an item", BASE REPO "/srv/x.git\n    branch: main\n",
			"modgate.yaml:6: unknown key repositories[].branch; prefix, repository, credentials_file, known_hosts_file, ca, subdir, "
			"refresh_s, hold_s, missing, case or webhook_secret_file was expected" },
		{ "a path as a key", BASE "log.level: info\n",
			"modgate.yaml:3: unknown key log.level; listen, data, auth, repositories, upstreams, sumdb, policy, audit, cache or log was "
			"expected" },
		{ "a section that is a text", BASE "log: info\n", "modgate.yaml:3: log is a text; a mapping was expected" },
		{ "a section that is a list", BASE "log: [info]\n", "modgate.yaml:3: log is a list; a mapping was expected" },
		{ "an empty section", BASE "log:\n", "modgate.yaml:3: log is a text; a mapping was expected" },
		{ "items that are a mapping", BASE "upstreams: { url: https://a.example }\n",
			"modgate.yaml:3: upstreams is a mapping; a list of mappings, at most 16 was expected" },
		{ "an item that is a text", BASE "upstreams: [ \"https://a.example\" ]\n",
			"modgate.yaml:3: an entry of upstreams is no mapping; a mapping was expected" },
		{ "a text that is a list", BASE "data: [a]\n", "modgate.yaml:3: data is a list; a path was expected" },
		{ "a text that is null", BASE "data: ~\n", "modgate.yaml:3: data is empty; a path was expected" },
		{ "an empty text", BASE "data: \"\"\n", "modgate.yaml:3: data is empty; a path was expected" },
		{ "two lines", BASE "data: \"a\\nb\"\n", "modgate.yaml:3: data holds a control character; one printable line was expected" },
		{ "a bool that is a word", BASE "auth: { anonymous: yes }\n",
			"modgate.yaml:3: auth.anonymous is neither true nor false; true or false was expected" },
		{ "a bool in quotes", BASE "auth: { anonymous: \"true\" }\n",
			"modgate.yaml:3: auth.anonymous is neither true nor false; true or false was expected" },
		{ "a number in quotes", BASE "cache: { list_ttl_s: \"60\" }\n",
			"modgate.yaml:3: cache.list_ttl_s is no number; a number from 0 to 86400 (seconds) was expected" },
		{ "a number with a unit", BASE "cache: { list_ttl_s: 60s }\n",
			"modgate.yaml:3: cache.list_ttl_s is no number; a number from 0 to 86400 (seconds) was expected" },
		{ "a negative number", BASE "cache: { list_ttl_s: -1 }\n",
			"modgate.yaml:3: cache.list_ttl_s is no number; a number from 0 to 86400 (seconds) was expected" },
		{ "an unknown word", BASE "log:\n  format: xml\n", "modgate.yaml:4: log.format is xml; auto, json or text was expected" },
		{ "another mode of audit", BASE "audit: { mode: relaxed }\n", "modgate.yaml:3: audit.mode is relaxed; strict was expected" },
		{ "a bounded store", BASE "cache: { size_max_gib: 10 }\n", "modgate.yaml:3: cache.size_max_gib is 10; the number 0 was expected" },
		{ "an empty list", BASE "auth: { roles: { audit: [] } }\n",
			"modgate.yaml:3: auth.roles.audit is an empty list; at least one entry was expected, or no such key" },
		{ "an entry twice", BASE "auth: { roles: { audit: [a, b, a] } }\n",
			"modgate.yaml:3: auth.roles.audit names a twice; each entry once was expected" },
		{ "a key twice", BASE "data: a\ndata: b\n", NULL },
		{ "an alias", BASE "data: &d a\n", NULL },
		{ "a second document", BASE "---\ndata: a\n", NULL },
	};

	for (size_t i = 0; i < LENGTH(rows); i++) {
		const struct settings *settings = NULL;
		struct err err = ERR_INIT;

		if (rows[i].want != NULL) {
			expect_refusals(state, &rows[i], 1);
			continue;
		}
		/* The sentence is that of base/yaml.h. */
		CHECK(rows[i].name, load_text(state, rows[i].text, &settings, &err) == SETTINGS_ERR_INVALID);
		CHECK(rows[i].name, strstr(err.text, "modgate.yaml:") != NULL);
	}
}

static void test_later(void **state)
{
	static const struct row rows[] = {
		{ "client_ca", "policy: policy.yaml\nlisten: { certificate: server.pem, key: keys/server.key, client_ca: x }\n",
			LATER(2, "listen.client_ca") },
		{ "unix", "policy: policy.yaml\nlisten:\n  unix: run/modgate.sock\n", LATER(3, "listen.unix") },
		{ "trusted_front", "policy: policy.yaml\nlisten:\n  trusted_front: { unix: true }\n", LATER(3, "listen.trusted_front") },
		{ "network", BASE "network: online\n", LATER(3, "network") },
		{ "nested_groups", BASE LDAP "    nested_groups: false\n", LATER(7, "auth.ldap.nested_groups") },
		{ "jwks_url", BASE JWT "      jwks_url: https://x\n", LATER(8, "auth.jwt[].jwks_url") },
		{ "discovery", BASE JWT "      discovery: true\n", LATER(8, "auth.jwt[].discovery") },
		{ "upstream credentials", BASE "upstreams:\n  - url: https://x.example\n    credentials_file: x\n",
			LATER(5, "upstreams[].credentials_file") },
		{ "private addresses", BASE "upstreams:\n  - url: https://x.example\n    private_addresses: true\n",
			LATER(5, "upstreams[].private_addresses") },
		{ "own database", BASE "sumdb: { own: { name: x } }\n", LATER(3, "sumdb.own") },
		{ "vulnerabilities", BASE "vulnerabilities: { osv: x }\n", LATER(3, "vulnerabilities") },
		{ "checkpoints", BASE "audit: { checkpoint_s: 60 }\n", LATER(3, "audit.checkpoint_s") },
		{ "audit key", BASE "audit: { key_file: x }\n", LATER(3, "audit.key_file") },
		{ "retention", BASE "audit: { retention_days: 400 }\n", LATER(3, "audit.retention_days") },
		{ "sinks", BASE "audit: { sinks: [] }\n", LATER(3, "audit.sinks") },
		{ "witnesses", BASE "audit: { witnesses: [] }\n", LATER(3, "audit.witnesses") },
		{ "limits", BASE "limits: { builds: 4 }\n", LATER(3, "limits") },
	};

	expect_refusals(state, rows, LENGTH(rows));
}

static void test_listen(void **state)
{
	static const char *const addresses[] = { "8443", ":8443", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:http",
		"example.com:8443", "::1:8443", "[::1]", "[::1:8443", "[127.0.0.1]:8443", "127.0.0.1:8443/", "127.0.0.256:8443",
		"https://localhost:8443", "[::1]x:8443", "127.0.0.1:000001" };
	static const struct row rows[] = {
		{ "no prefix", "policy: policy.yaml\nlisten:\n  prefix: goproxy\n  certificate: server.pem\n  key: keys/server.key\n",
			"modgate.yaml:3: listen.prefix is \"goproxy\": it does not begin with /; / or a path like /goproxy/ was expected" },
		{ "dots", "policy: policy.yaml\nlisten: { prefix: /a/../b, certificate: server.pem, key: keys/server.key }\n",
			"modgate.yaml:2: listen.prefix is \"/a/../b\": \"..\" cannot be part of it; elements of small letters, digits and - . _ ~ "
			"were expected" },
		{ "capitals", "policy: policy.yaml\nlisten: { prefix: /Go, certificate: server.pem, key: keys/server.key }\n",
			"modgate.yaml:2: listen.prefix is \"/Go\": \"Go\" cannot be part of it; elements of small letters, digits and - . _ ~ were "
			"expected" },
		{ "an empty element", "policy: policy.yaml\nlisten: { prefix: /a//b, certificate: server.pem, key: keys/server.key }\n",
			"modgate.yaml:2: listen.prefix is \"/a//b\": \"\" cannot be part of it; elements of small letters, digits and - . _ ~ were "
			"expected" },
	};

	for (size_t i = 0; i < LENGTH(addresses); i++) {
		char text[512], want[512];
		struct row row = { addresses[i], text, want };

		snprintf(text, sizeof(text), "policy: policy.yaml\nlisten:\n  certificate: server.pem\n  key: keys/server.key\n  address: \"%s\"\n",
			addresses[i]);
		snprintf(want, sizeof(want),
			"modgate.yaml:5: listen.address is \"%s\"; HOST:PORT was expected, with an IPv4 address, [an IPv6 address] or localhost",
			addresses[i]);
		expect_refusals(state, &row, 1);
	}
	expect_refusals(state, rows, LENGTH(rows));
}

static void test_files(void **state)
{
	static const struct row rows[] = {
		{ "no certificate", "policy: policy.yaml\nlisten:\n  key: keys/server.key\n  certificate: none.pem\n",
			"modgate.yaml:4: listen.certificate: $/none.pem cannot be found (No such file or directory); a readable file was expected" },
		{ "no key", "policy: policy.yaml\nlisten:\n  key: keys/none\n  certificate: server.pem\n",
			"modgate.yaml:3: listen.key: $/keys/none does not exist; a readable private file was expected" },
		{ "an open key", "policy: policy.yaml\nlisten:\n  key: open-secret\n  certificate: server.pem\n",
			"modgate.yaml:3: listen.key: $/open-secret holds a secret but everybody may use it; run chmod o= on it; a readable private "
			"file was expected" },
		{ "a key from the environment", "policy: policy.yaml\nlisten:\n  key: env:KEY\n  certificate: server.pem\n",
			"modgate.yaml:3: listen.key is env:; a private file was expected" },
		{ "no policy", "listen: { certificate: server.pem, key: keys/server.key }\npolicy: none.yaml\n",
			"modgate.yaml:2: policy: $/none.yaml cannot be found (No such file or directory); a readable file was expected" },
		{ "a directory", "listen: { certificate: server.pem, key: keys/server.key }\npolicy: keys\n",
			"modgate.yaml:2: policy: $/keys is no file; a readable file was expected" },
		{ "no CA", BASE LDAP "    ca: none\n",
			"modgate.yaml:7: auth.ldap.ca: $/none cannot be found (No such file or directory); a readable file was expected" },
		{ "no JWK set", BASE "auth:\n  jwt:\n    - issuer: https://x\n      audiences: [a]\n      jwks_file: none\n",
			"modgate.yaml:7: auth.jwt[].jwks_file: $/none cannot be found (No such file or directory); a readable file was expected" },
		{ "an open secret", BASE LDAP "    bind_dn: cn=x\n    bind_password_file: open-secret\n",
			"modgate.yaml:8: auth.ldap.bind_password_file: $/open-secret holds a secret but everybody may use it; run chmod o= on it; a "
			"readable private file "
			"or env:NAME was expected" },
		{ "an empty secret", BASE REPO "https://git.example/x.git\n    credentials_file: empty-secret\n",
			"modgate.yaml:6: repositories[].credentials_file: $/empty-secret is empty; a secret was expected; a readable private file or "
			"env:NAME was expected" },
		{ "an environment without it", BASE LDAP "    bind_dn: cn=x\n    bind_password_file: env:MODGATE_TEST_ABSENT\n",
			"modgate.yaml:8: auth.ldap.bind_password_file: the environment variable MODGATE_TEST_ABSENT is not set; a readable private "
			"file or env:NAME was "
			"expected" },
	};

	unsetenv("MODGATE_TEST_ABSENT");
	expect_refusals(state, rows, LENGTH(rows));
}

static void test_auth(void **state)
{
	static const struct row rows[] = {
		{ "no way in", BASE "auth:\n  tokens: { enabled: false }\n",
			"modgate.yaml:4: nobody could sign in; tokens, ldap, jwt or anonymous was expected to be on" },
		{ "no server", BASE "auth:\n  ldap: { user_base: x }\n",
			"modgate.yaml:4: auth.ldap.uris is missing; a list of texts was expected: servers, tried in order: ldaps://HOST, ldap://HOST "
			"with start_tls, or "
			"ldapi://SOCKET" },
		{ "no base", BASE "auth:\n  ldap: { uris: [ldaps://x] }\n",
			"modgate.yaml:4: auth.ldap.user_base is missing; a text was expected: where users are searched" },
		{ "another scheme", BASE "auth:\n  ldap: { uris: [https://x], user_base: x }\n",
			"modgate.yaml:4: auth.ldap.uris is \"https://x\": an ldaps, ldap or ldapi URI was expected" },
		{ "no scheme", BASE "auth:\n  ldap: { uris: [ldap.example], user_base: x }\n",
			"modgate.yaml:4: auth.ldap.uris is \"ldap.example\": there is no scheme; a URL like https://host/path was expected" },
		{ "a DN in it", BASE "auth:\n  ldap: { uris: [ldaps://x/dc=x], user_base: x }\n",
			"modgate.yaml:4: auth.ldap.uris is \"ldaps://x/dc=x\": a URI without a DN was expected: that is user_base" },
		{ "ldapi of nothing", BASE "auth:\n  ldap: { uris: [\"ldapi://\"], user_base: x }\n",
			"modgate.yaml:4: auth.ldap.uris is \"ldapi://\": ldapi:// and the percent-encoded path of a socket was expected" },
		{ "in the clear on this machine", BASE "auth:\n  ldap:\n    uris: [ldap://127.0.0.1:389]\n    user_base: x\n",
			"modgate.yaml:5: auth.ldap.uris: passwords would be sent in the clear; ldaps:// or start_tls: true was expected" },
		{ "in the clear", BASE "auth:\n  ldap:\n    uris: [ldaps://a.example, ldap://b.example]\n    user_base: x\n",
			"modgate.yaml:5: auth.ldap.uris: passwords would be sent in the clear; ldaps:// or start_tls: true was expected" },
		{ "StartTLS on ldaps", BASE LDAP "    start_tls: true\n",
			"modgate.yaml:7: auth.ldap.start_tls: it is for ldap:// servers; ldaps:// and ldapi:// were expected without it" },
		{ "a name without its password", BASE LDAP "    bind_dn: cn=x\n",
			"modgate.yaml:7: auth.ldap.bind_dn: a name without a password binds nobody; bind_password_file was expected beside it" },
		{ "a password without its name", BASE LDAP "    bind_password_file: keys/ldap\n",
			"modgate.yaml:7: auth.ldap.bind_password_file: there is no one whose password it is; bind_dn was expected beside it" },
		{ "the same user for all", BASE LDAP "    user_filter: (uid=admin)\n",
			"modgate.yaml:7: auth.ldap.user_filter: it would find the same for everybody; {user} was expected in it" },
		{ "a DN too early", BASE LDAP "    user_filter: (|(uid={user})(x={dn}))\n",
			"modgate.yaml:7: auth.ldap.user_filter: {dn} is not known before the user is found; {user} alone was expected in it" },
		{ "a filter that is none", BASE LDAP "    user_filter: uid={user}\n",
			"modgate.yaml:7: auth.ldap.user_filter is \"uid={user}\": its parentheses do not close; a filter like (uid={user}) was "
			"expected" },
		{ "a filter left open", BASE LDAP "    user_filter: (&(uid={user})\n",
			"modgate.yaml:7: auth.ldap.user_filter is \"(&(uid={user})\": its parentheses do not close; a filter like (uid={user}) was "
			"expected" },
		{ "two filters", BASE LDAP "    user_filter: (uid={user})(objectClass=person)\n",
			"modgate.yaml:7: auth.ldap.user_filter is \"(uid={user})(objectClass=person)\": it goes on after its last parenthesis; one "
			"filter like (uid={user}) was "
			"expected" },
		{ "groups nowhere", BASE LDAP "    group_filter: (member={dn})\n",
			"modgate.yaml:7: auth.ldap.group_filter: there is no place to search; group_base was expected beside it" },
		{ "the same groups for all", BASE LDAP "    group_base: ou=groups\n    group_filter: (cn=*)\n",
			"modgate.yaml:8: auth.ldap.group_filter: it would give everybody the same groups; {dn} or {user} was expected in it" },
		{ "an issuer in the clear", BASE "auth:\n  jwt:\n    - { issuer: \"http://x\", audiences: [a], jwks_file: idp.jwks }\n",
			"modgate.yaml:5: auth.jwt[].issuer is \"http://x\": an https URL was expected" },
		{ "no audience", BASE "auth:\n  jwt:\n    - { issuer: \"https://x\", jwks_file: idp.jwks }\n",
			"modgate.yaml:5: auth.jwt[].audiences is missing; a list of texts was expected: one of them must be in aud" },
		{ "an empty audience", BASE "auth:\n  jwt:\n    - { issuer: \"https://x\", audiences: [], jwks_file: idp.jwks }\n",
			"modgate.yaml:5: auth.jwt[].audiences is an empty list; at least one entry was expected, or no such key" },
		{ "no keys", BASE "auth:\n  jwt:\n    - { issuer: \"https://x\", audiences: [a] }\n",
			"modgate.yaml:5: auth.jwt[].jwks_file is missing; a file was expected: the issuer's keys, a JWK set" },
		{ "another algorithm", BASE JWT "      algorithms: [HS256]\n",
			"modgate.yaml:8: auth.jwt[].algorithms is HS256; a list of ES256 or RS256 was expected" },
		{ "an algorithm in small letters", BASE JWT "      algorithms: [es256]\n",
			"modgate.yaml:8: auth.jwt[].algorithms is es256; a list of ES256 or RS256 was expected" },
		{ "leeway", BASE JWT "      leeway_s: 61\n",
			"modgate.yaml:8: auth.jwt[].leeway_s is 61; a number from 0 to 60 (seconds) was expected" },
		{ "a claim that must be nothing", BASE JWT "      required_claims:\n        - { claim: repository, matches: \"\" }\n",
			"modgate.yaml:9: auth.jwt[].required_claims[].matches is empty; a text was expected" },
		{ "a claim that may be anything", BASE JWT "      required_claims:\n        - { claim: repository }\n",
			"modgate.yaml:9: auth.jwt[].required_claims[].matches is missing; a text was expected: glob over its whole value; * and ? do "
			"not match /" },
		{ "an issuer twice", BASE JWT "    - issuer: https://login.example\n      audiences: [b]\n      jwks_file: idp.jwks\n",
			"modgate.yaml:8: the issuer https://login.example stands on line 5 already; each once was expected" },
	};

	expect_refusals(state, rows, LENGTH(rows));
}

static void test_ssh(void **state)
{
#define SSH      "repositories:\n  - prefix: git.example\n    repository: ssh://git@git.example/{1}.git\n"
#define SSH_KEY  "    credentials_file: keys/git-ssh\n"
#define SSH_HOST "    known_hosts_file: known_hosts\n"
	static const struct row rows[] = {
		{ "as scp writes it", BASE REPO "git@git.example:x.git\n",
			"modgate.yaml:5: repositories[].repository is \"(not shown: it may hold a password)\": that is how scp writes it; "
			"ssh://USER@HOST/PATH was expected" },
		{ "no user", BASE REPO "ssh://git.example/x.git\n" SSH_KEY SSH_HOST,
			"modgate.yaml:5: repositories[].repository is \"ssh://git.example/x.git\": it has no user; one like ssh://git@HOST/PATH was "
			"expected" },
		{ "a password", BASE REPO "ssh://git:hunter2@git.example/x.git\n" SSH_KEY SSH_HOST,
			"modgate.yaml:5: repositories[].repository: before its host stands more than a user; a URL like ssh://git@host/path was "
			"expected" },
		{ "an option for a user", BASE REPO "ssh://-oProxyCommand@git.example/x.git\n" SSH_KEY SSH_HOST,
			"modgate.yaml:5: repositories[].repository: before its host stands more than a user; a URL like ssh://git@host/path was "
			"expected" },
		{ "an option for a host", BASE REPO "ssh://git@-oProxyCommand/x.git\n" SSH_KEY SSH_HOST,
			"modgate.yaml:5: repositories[].repository: \"-oProxyCommand\" is no HOST or HOST:PORT" },
		{ "a user that begins otherwise", BASE REPO "ssh://_git@git.example/x.git\n" SSH_KEY SSH_HOST,
			"modgate.yaml:5: repositories[].repository: before its host stands more than a user; a URL like ssh://git@host/path was "
			"expected" },
		{ "a host that begins otherwise", BASE REPO "ssh://git@_git.example/x.git\n" SSH_KEY SSH_HOST,
			"modgate.yaml:5: repositories[].repository: \"_git.example\" is no HOST or HOST:PORT" },
		{ "a host by template", BASE REPO "\"ssh://git@{1}.example/x.git\"\n" SSH_KEY SSH_HOST,
			"modgate.yaml:5: repositories[].repository: \"{1}.example\" is no HOST or HOST:PORT" },
		{ "a server alone", BASE REPO "ssh://git@git.example/\n" SSH_KEY SSH_HOST,
			"modgate.yaml:5: repositories[].repository is \"ssh://git@git.example/\": it names a server and no repository; one like "
			"ssh://git@HOST/PATH was expected" },
		{ "no key", BASE SSH SSH_HOST,
			"modgate.yaml:5: repositories[].credentials_file is missing; for ssh a private key was expected, without a passphrase" },
		{ "no known host", BASE SSH SSH_KEY,
			"modgate.yaml:5: repositories[].known_hosts_file is missing; for ssh the host's key was expected there, as OpenSSH writes "
			"it: no host is trusted at first sight" },
		{ "user and token", BASE SSH SSH_HOST "    credentials_file: keys/git\n",
			"modgate.yaml:7: repositories[].credentials_file: $/keys/git holds no private key of ssh; one as ssh-keygen makes it was "
			"expected" },
		{ "a key under a passphrase", BASE SSH SSH_HOST "    credentials_file: keys/git-ssh-locked\n",
			"modgate.yaml:7: repositories[].credentials_file: $/keys/git-ssh-locked holds a private key under a passphrase; one without "
			"was "
			"expected, ssh-keygen -p takes it off" },
		{ "a key for the group", BASE SSH SSH_HOST "    credentials_file: keys/git-ssh-open\n",
			"modgate.yaml:7: repositories[].credentials_file: $/keys/git-ssh-open holds a private key that others than its owner may "
			"use; run "
			"chmod 600 on it" },
		{ "nobody is known", BASE SSH SSH_KEY "    known_hosts_file: known_nobody\n",
			"modgate.yaml:7: repositories[].known_hosts_file: $/known_nobody names no host; its key was expected there, as OpenSSH "
			"writes it" },
		{ "a CA", BASE SSH SSH_KEY SSH_HOST "    ca: git-ca.pem\n",
			"modgate.yaml:8: repositories[].ca is of no use with ssh; repositories[].known_hosts_file was expected alone" },
		{ "known hosts of a path", BASE REPO "/x\n" SSH_HOST,
			"modgate.yaml:6: repositories[].known_hosts_file is of use with ssh alone; it must be left out here" },
		{ "known hosts of an https URL", BASE REPO "https://git.example/x.git\n" SSH_HOST,
			"modgate.yaml:6: repositories[].known_hosts_file is of use with ssh alone; it must be left out here" },
	};

	expect_refusals(state, rows, LENGTH(rows));
}

static void test_repositories(void **state)
{
	static const struct row rows[] = {
		{ "no prefix", BASE "repositories:\n  - repository: /x\n",
			"modgate.yaml:4: repositories[].prefix is missing; a text was expected: modules at and below this path" },
		{ "in the clear on this machine", BASE "auth:\n  ldap:\n    uris: [ldap://127.0.0.1:389]\n    user_base: x\n",
			"modgate.yaml:5: auth.ldap.uris: passwords would be sent in the clear; ldaps:// or start_tls: true was expected" },
		{ "in the clear", BASE REPO "http://git.example/x.git\n",
			"modgate.yaml:5: repositories[].repository is \"http://git.example/x.git\": an https or ssh URL, or the path of a repository "
			"on this machine, was expected" },
		{ "file", BASE REPO "file:///srv/x.git\n",
			"modgate.yaml:5: repositories[].repository is \"file:///srv/x.git\": an https or ssh URL, or the path of a repository on "
			"this machine, was expected" },
		{ "a password", BASE REPO "https://user:hunter2@git.example/x.git\n",
			"modgate.yaml:5: repositories[].repository: it has a user name; a URL without one was expected, a secret belongs in a file "
			"of its own" },
		{ "a password and a brace", BASE REPO "\"https://user:hunter2@git.example/{x}.git\"\n",
			"modgate.yaml:5: repositories[].repository is \"(not shown: it may hold a password)\": a brace in it is not of the form {1} "
			"to {9} or {*}" },
		{ "a server alone", BASE REPO "https://git.example/\n",
			"modgate.yaml:5: repositories[].repository is \"https://git.example/\": it names a server and no repository; an https URL "
			"with a path was expected" },
		{ "a host that begins otherwise", BASE REPO "https://.git.example/x.git\n",
			"modgate.yaml:5: repositories[].repository: \".git.example\" is no HOST or HOST:PORT" },
		{ "a host by template", BASE REPO "\"https://{1}.example/x.git\"\n",
			"modgate.yaml:5: repositories[].repository: \"{1}.example\" is no HOST or HOST:PORT" },
		{ "a query", BASE REPO "https://git.example/x?y\n",
			"modgate.yaml:5: repositories[].repository: it has a query or fragment; a URL without one was expected" },
		{ "element 0", BASE REPO "\"/srv/{0}.git\"\n",
			"modgate.yaml:5: repositories[].repository is \"/srv/{0}.git\": a brace in it is not of the form {1} to {9} or {*}" },
		{ "element 10", BASE REPO "\"/srv/{10}.git\"\n",
			"modgate.yaml:5: repositories[].repository is \"/srv/{10}.git\": a brace in it is not of the form {1} to {9} or {*}" },
		{ "a gap", BASE REPO "https://git.example/{2}.git\n",
			"modgate.yaml:5: repositories[].repository is \"https://git.example/{2}.git\": it leaves an element out, so that two modules "
			"would share a repository; {1}, {2} and so on were expected, without a gap" },
		{ "a gap before a star", BASE REPO "\"https://git.example/{2}/{*}.git\"\n",
			"modgate.yaml:5: repositories[].repository is \"https://git.example/{2}/{*}.git\": it leaves an element out, so that two "
			"modules would share a repository; {1}, {2} and so on were expected, without a gap" },
		{ "two stars", BASE REPO "\"/srv/{*}/{*}.git\"\n",
			"modgate.yaml:5: repositories[].repository is \"/srv/{*}/{*}.git\": it holds {*} more than once; once was expected, for all "
			"that {1} to {9} leave" },
		{ "two stars in one brace", BASE REPO "\"/srv/{**}.git\"\n",
			"modgate.yaml:5: repositories[].repository is \"/srv/{**}.git\": a brace in it is not of the form {1} to {9} or {*}" },
		{ "a brace that does not close", BASE REPO "\"/srv/{1\"\n",
			"modgate.yaml:5: repositories[].repository is \"/srv/{1\": a brace in it is not of the form {1} to {9} or {*}" },
		{ "a brace that closes nothing", BASE REPO "\"/srv/1}\"\n",
			"modgate.yaml:5: repositories[].repository is \"/srv/1}\": a brace in it is not of the form {1} to {9} or {*}" },
		{ "neither", BASE REPO "git.example/x.git\n",
			"modgate.yaml:5: repositories[].repository is \"git.example/x.git\": it is neither a URL nor a path; https://HOST/PATH, or a "
			"path that begins with / or "
			"./, was expected" },
		{ "a token without its user", BASE REPO "https://git.example/x.git\n    credentials_file: bare-token\n",
			"modgate.yaml:6: repositories[].credentials_file: $/bare-token does not hold user:token; one line of that form was "
			"expected" },
		{ "a token of nobody", BASE REPO "https://git.example/x.git\n    credentials_file: nobodys-token\n",
			"modgate.yaml:6: repositories[].credentials_file: $/nobodys-token does not hold user:token; one line of that form was "
			"expected" },
		{ "a key for ssh", BASE REPO "https://git.example/x.git\n    credentials_file: keys/git-ssh\n",
			"modgate.yaml:6: repositories[].credentials_file: $/keys/git-ssh holds a private key; that is for ssh, user:token was "
			"expected "
			"with https" },
		{ "credentials for a path", BASE REPO "/srv/x.git\n    credentials_file: keys/git\n",
			"modgate.yaml:6: repositories[].credentials_file is of no use with a path; an https URL was expected" },
		{ "a CA for a path", BASE REPO "/srv/x.git\n    ca: git-ca.pem\n",
			"modgate.yaml:6: repositories[].ca is of no use with a path; an https URL was expected" },
		{ "one repository, two credentials",
			BASE REPO "https://git.example/{1}.git\n    credentials_file: keys/git\n" RIVAL "https://git.example/{1}.git\n",
			"modgate.yaml:8: repositories[].repository is that of line 5 with another credentials_file, known_hosts_file or ca; the "
			"same ones were expected" },
		{ "one repository, two authorities",
			BASE REPO "https://git.example/x.git\n    ca: git-ca.pem\n" RIVAL "https://git.example/x.git\n    ca: upstream-ca.pem\n",
			"modgate.yaml:8: repositories[].repository is that of line 5 with another credentials_file, known_hosts_file or ca; the "
			"same ones were expected" },
		{ "a prefix twice", BASE REPO "/srv/x.git\n  - prefix: git.example\n    repository: /srv/y.git\n",
			"modgate.yaml:6: the prefix git.example stands on line 4 already; each once was expected" },
		{ "missing", BASE REPO "/srv/x.git\n    missing: 404\n",
			"modgate.yaml:6: repositories[].missing is 404; unknown or absent was expected" },
		{ "case", BASE REPO "/srv/x.git\n    case: upper\n", "modgate.yaml:6: repositories[].case is upper; exact or lower was expected" },
		{ "refresh", BASE REPO "/srv/x.git\n    refresh_s: 86401\n",
			"modgate.yaml:6: repositories[].refresh_s is 86401; a number from 0 to 86400 (seconds) was expected" },
		{ "no time to hold", BASE REPO "/srv/x.git\n    hold_s: 0\n",
			"modgate.yaml:6: repositories[].hold_s is 0; a number from 1 to 300 (seconds) was expected" },
		{ "held too long", BASE REPO "/srv/x.git\n    hold_s: 301\n",
			"modgate.yaml:6: repositories[].hold_s is 301; a number from 1 to 300 (seconds) was expected" },
	};
	static const char *const prefixes[] = { "example", "Git.example", "git.example/", "/git.example", "git.example//x", "git.example/../x",
		"https://git.example", "git.example/x y", "git.example/v1" };
	static const char *const subdirs[] = { "/go", "go/", "../go", "a//b", ".", "a/./b" };

	expect_refusals(state, rows, LENGTH(rows));
	for (size_t i = 0; i < LENGTH(prefixes) + LENGTH(subdirs); i++) {
		bool is_prefix = i < LENGTH(prefixes);
		const char *value = is_prefix ? prefixes[i] : subdirs[i - LENGTH(prefixes)];
		const struct settings *settings = NULL;
		struct err err = ERR_INIT;
		char text[512], want[256];

		snprintf(text, sizeof(text), BASE "repositories:\n  - repository: /srv/x.git\n    prefix: \"%s\"\n    subdir: \"%s\"\n",
			is_prefix ? value : "git.example", is_prefix ? "go" : value);
		snprintf(want, sizeof(want), "modgate.yaml:%d: repositories[].%s is \"%s\": ", is_prefix ? 5 : 6, is_prefix ? "prefix" : "subdir",
			value);
		CHECK(value, load_text(state, text, &settings, &err) == SETTINGS_ERR_INVALID);
		CHECK(value, strstr(err.text, want) != NULL);
	}
}

/* Where nobody can keep a record. */
static void test_data(void **state)
{
	static const char *const rows[] = { "/", "//", "/./", "/dev/../", "/dev/null", "server.pem" };

	for (size_t i = 0; i < LENGTH(rows); i++) {
		const struct settings *settings = NULL;
		struct err err = ERR_INIT;
		char text[512];

		snprintf(text, sizeof(text), BASE "data: %s\n", rows[i]);
		CHECK(rows[i], load_text(state, text, &settings, &err) == SETTINGS_ERR_INVALID);
		CHECK(rows[i], strstr(err.text, "modgate.yaml:3: data: ") != NULL);
		CHECK(rows[i], strstr(err.text, "; a directory of its own was expected") != NULL);
	}
}

static void test_outside(void **state)
{
	static const struct row rows[] = {
		{ "no url", BASE "upstreams:\n  - fallback: not_found\n",
			"modgate.yaml:4: upstreams[].url is missing; a text was expected: http or https URL" },
		{ "another scheme", BASE "upstreams: [ { url: \"ftp://x\" } ]\n",
			"modgate.yaml:3: upstreams[].url is \"ftp://x\": an http or https URL was expected" },
		{ "a password", BASE "upstreams: [ { url: \"https://user:hunter2@x.example\" } ]\n",
			"modgate.yaml:3: upstreams[].url is \"(not shown: it may hold a password)\": it has a user name; a URL without one was "
			"expected, a secret belongs in a "
			"file of its own" },
		{ "a query", BASE "upstreams: [ { url: \"https://x.example/?a\" } ]\n",
			"modgate.yaml:3: upstreams[].url is \"https://x.example/?a\": it has a query or fragment; a URL without one was expected" },
		{ "a space", BASE "upstreams: [ { url: \"https://x.example/a b\" } ]\n",
			"modgate.yaml:3: upstreams[].url is \"https://x.example/a b\": its path holds a character that must be percent-encoded" },
		{ "a port", BASE "upstreams: [ { url: \"https://x.example:70000\" } ]\n",
			"modgate.yaml:3: upstreams[].url is \"https://x.example:70000\": \"x.example:70000\" is no HOST or HOST:PORT" },
		{ "a CA for http", BASE "upstreams: [ { url: \"http://x.example\", ca: upstream-ca.pem } ]\n",
			"modgate.yaml:3: upstreams[].ca is of no use with an http URL; an https URL was expected" },
		{ "packages", BASE "upstreams: [ { url: \"https://x\", modules: [\"corp.example/...\"] } ]\n",
			"modgate.yaml:3: upstreams[].modules is \"corp.example/...\": no module path holds \"...\", so it would match nothing; a "
			"pattern "
			"covers everything below it, leave out /..." },
		{ "fallback", BASE "upstreams: [ { url: \"https://x\", fallback: \"|\" } ]\n",
			"modgate.yaml:3: upstreams[].fallback is |; not_found or any_error was expected" },
		{ "no module", BASE "upstreams: [ { url: \"https://x\", modules: [] } ]\n",
			"modgate.yaml:3: upstreams[].modules is an empty list; at least one entry was expected, or no such key" },
		{ "half a key", BASE "sumdb: { databases: [ { key: \"sum.example+12345678\" } ] }\n",
			"modgate.yaml:3: sumdb.databases[].key is \"sum.example+12345678\": it is no whole verifier key; NAME+HASH+BASE64 as the "
			"database publishes it was "
			"expected" },
		{ "a key with a slip",
			BASE "sumdb: { databases: [ { key: \"sum.example+23691810+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\" } ] }\n",
			"modgate.yaml:3: sumdb.databases[].key is \"sum.example+23691810+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\": it is no "
			"whole verifier key; "
			"NAME+HASH+BASE64 as the database publishes it was expected" },
		{ "neither key nor name", BASE "sumdb: { databases: [ \"https://sum.example\" ] }\n",
			"modgate.yaml:3: sumdb.databases[].key is \"https://sum.example\": a verifier key NAME+HASH+BASE64 or the name of a "
			"well-known database was expected" },
		{ "a database twice",
			BASE
			"sumdb:\n  databases:\n    - sum.example\n    - key: sum.example+23691819+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n",
			"modgate.yaml:6: the database sum.example stands on line 5 already; each once was expected" },
	};

	expect_refusals(state, rows, LENGTH(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shape),
		cmocka_unit_test(test_later),
		cmocka_unit_test(test_listen),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_auth),
		cmocka_unit_test(test_ssh),
		cmocka_unit_test(test_repositories),
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_outside),
	};

	return cmocka_run_group_tests(tests, folder_setup, scratch_teardown);
}
