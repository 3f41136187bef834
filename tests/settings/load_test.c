#include "settings/settings.h"

#include <pthread.h>

#include "base/json.h"
#include "tests/settings/support.h"

static const char full_text[] =
	"listen:\n"
	"  address: \"[::1]:0\"\n"
	"  certificate: server.pem\n"
	"  key: keys/server.key\n"
	"  prefix: /goproxy/\n"
	"data: /var/lib/modgate\n"
	"auth:\n"
	"  anonymous: true\n"
	"  roles: { audit: [compliance, law], admin: [platform] }\n"
	"  tokens: { enabled: false, lifetime_max_days: 7 }\n"
	"  ldap:\n"
	"    uris: [ldaps://127.0.0.1:3890, \"ldapi://%2frun%2fslapd\"]\n"
	"    ca: ldap-ca.pem\n"
	"    bind_dn: cn=modgate,dc=corp,dc=example\n"
	"    bind_password_file: env:MODGATE_TEST_SECRET\n"
	"    user_base: ou=people\n"
	"    user_filter: (&(objectClass=person)(mail={user}))\n"
	"    group_base: ou=groups\n"
	"    group_filter: (memberUid={user})\n"
	"    group_attribute: ou\n"
	"    cache_ttl_s: 1\n"
	"    refused_ttl_s: 3600\n"
	"    timeout_ms: 100\n"
	"  jwt:\n"
	"    - issuer: https://login.example/tenant/\n"
	"      audiences: [modgate, \"quo\\\"te\"]\n"
	"      algorithms: [ES256]\n"
	"      jwks_file: idp.jwks\n"
	"      user_claim: email\n"
	"      groups_claim: realm.groups\n"
	"      required_claims: [ { claim: repository, matches: \"corp/*\" }, { claim: ref, matches: main } ]\n"
	"      leeway_s: 0\n"
	"    - { issuer: \"https://other.example\", audiences: [modgate], jwks_file: idp.jwks }\n"
	"repositories:\n"
	"  - prefix: git.example\n"
	"    repository: https://git.example:8443/x/{2}/{1}.git\n"
	"    webhook_secret_file: keys/ldap\n"
	"    credentials_file: keys/git\n"
	"    ca: git-ca.pem\n"
	"    refresh_s: 0\n"
	"    hold_s: 300\n"
	"    missing: absent\n"
	"    case: lower\n"
	"  - prefix: corp.example/one\n"
	"    repository: /srv/git/one.git\n"
	"    subdir: go/src\n"
	"  - prefix: corp.example/two\n"
	"    repository: ./two.git\n"
	"upstreams:\n"
	"  - { url: \"https://proxy.example/go/\", fallback: any_error, modules: [\"github.com\", \"*.example\"], ca: upstream-ca.pem }\n"
	"  - url: http://127.0.0.1:8080\n"
	"sumdb:\n"
	"  databases:\n"
	"    - { key: \"sum.example+23691819+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\", url: \"https://sum.example/\" }\n"
	"    - sum.other.example\n"
	"policy: policy.yaml\n"
	"audit: { mode: strict }\n"
	"cache: { list_ttl_s: 0, negative_ttl_s: 3600, size_max_gib: 0 }\n"
	"log: { level: warning, format: json }\n";

static void expect_path(void **state, const char *path, const char *name)
{
	char want[512];

	snprintf(want, sizeof(want), "%s/%s", (const char *)*state, name);
	assert_string_equal(path, want);
}

static void test_stars(void **state)
{
	static const struct {
		const char *repository;
		unsigned elements;
		bool open_ended, local;
	} rows[] = {
		{ "https://git.example/{*}.git", 0, true, false },
		{ "https://git.example/{1}/x/{*}", 1, true, false },
		{ "/srv/{*}/of/{1}", 1, true, true },
		{ "/srv/{1}", 1, false, true },
	};

	for (size_t i = 0; i < LENGTH(rows); i++) {
		char text[512];
		const struct settings *settings;

		snprintf(text, sizeof(text), BASE "repositories: [ { prefix: a.example, repository: \"%s\" } ]\n", rows[i].repository);
		settings = load_good(state, text);
		CHECK(rows[i].repository, strcmp(settings->repositories[0].repository, rows[i].repository) == 0);
		CHECK(rows[i].repository, settings->repositories[0].elements == rows[i].elements);
		CHECK(rows[i].repository, settings->repositories[0].open_ended == rows[i].open_ended);
		CHECK(rows[i].repository, settings->repositories[0].local == rows[i].local);
		settings_unref(settings);
	}
}

/* Two directories of one repository; and one repository among many with a credential of its own. */
static void test_shared_repositories(void **state)
{
	const struct settings *settings = load_good(state,
		BASE "repositories:\n"
		     "  - { prefix: a.example, repository: \"https://git.example/x.git\", credentials_file: keys/git, ca: git-ca.pem }\n"
		     "  - { prefix: b.example, repository: \"https://git.example/x.git\", credentials_file: keys/git, ca: git-ca.pem, subdir: b }\n"
		     "  - { prefix: c.example, repository: \"https://git.example/{1}.git\", ca: git-ca.pem }\n");

	assert_int_equal(settings->repositories_count, 3);
	settings_unref(settings);
}

static void test_defaults(void **state)
{
	const struct settings *settings = load_good(state, BASE);

	assert_string_equal(settings->listen.address, "127.0.0.1:8443");
	assert_string_equal(settings->listen.host, "127.0.0.1");
	assert_int_equal(settings->listen.port, 8443);
	assert_string_equal(settings->listen.prefix, "");
	expect_path(state, settings->path, "modgate.yaml");
	expect_path(state, settings->listen.certificate, "server.pem");
	expect_path(state, settings->listen.key, "keys/server.key");
	expect_path(state, settings->data, "data");
	expect_path(state, settings->policy, "policy.yaml");
	assert_false(settings->auth.anonymous);
	assert_true(settings->auth.tokens);
	assert_int_equal(settings->auth.token_lifetime_max_days, 90);
	assert_int_equal(settings->auth.audit_groups.count, 0);
	assert_false(settings->auth.ldap.enabled);
	assert_int_equal(settings->auth.jwt_count + settings->repositories_count + settings->upstreams_count + settings->databases_count, 0);
	assert_int_equal(settings->cache.list_ttl_s, 60);
	assert_int_equal(settings->cache.negative_ttl_s, 10);
	assert_int_equal(settings->cache.size_max_gib, 0);
	assert_int_equal(settings->log.level, SETTINGS_LOG_INFO);
	assert_int_equal(settings->log.format, SETTINGS_LOG_AUTO);
	assert_int_equal(settings->audit_mode, SETTINGS_AUDIT_STRICT);
	settings_unref(settings);
}

static void expect_auth(void **state, const struct settings_auth *auth)
{
	assert_true(auth->anonymous);
	assert_false(auth->tokens);
	assert_int_equal(auth->token_lifetime_max_days, 7);
	assert_int_equal(auth->audit_groups.count, 2);
	assert_string_equal(auth->audit_groups.items[1], "law");
	assert_string_equal(auth->admin_groups.items[0], "platform");
	assert_true(auth->ldap.enabled);
	assert_int_equal(auth->ldap.uris.count, 2);
	assert_string_equal(auth->ldap.uris.items[1], "ldapi://%2frun%2fslapd");
	expect_path(state, auth->ldap.ca, "ldap-ca.pem");
	assert_string_equal(auth->ldap.bind_password_file, "env:MODGATE_TEST_SECRET");
	assert_string_equal(auth->ldap.user_filter, "(&(objectClass=person)(mail={user}))");
	assert_string_equal(auth->ldap.group_attribute, "ou");
	assert_int_equal(auth->ldap.cache_ttl_s, 1);
	assert_int_equal(auth->ldap.refused_ttl_s, 3600);
	assert_int_equal(auth->ldap.timeout_ms, 100);
	assert_int_equal(auth->jwt_count, 2);
	assert_string_equal(auth->jwt[0].issuer, "https://login.example/tenant/");
	assert_int_equal(auth->jwt[0].algorithms.count, 1);
	assert_string_equal(auth->jwt[0].algorithms.items[0], "ES256");
	assert_int_equal(auth->jwt[0].required_claims_count, 2);
	assert_string_equal(auth->jwt[0].required_claims[1].claim, "ref");
	assert_string_equal(auth->jwt[0].required_claims[0].matches, "corp/*");
	assert_int_equal(auth->jwt[0].leeway_s, 0);
	assert_int_equal(auth->jwt[1].algorithms.count, 2);
	assert_string_equal(auth->jwt[1].user_claim, "sub");
	assert_int_equal(auth->jwt[1].leeway_s, 30);
}

static void expect_sources(void **state, const struct settings *settings)
{
	const struct settings_repository *repositories = settings->repositories;

	assert_int_equal(settings->repositories_count, 3);
	assert_string_equal(settings->prefixes[1], "corp.example/one");
	assert_false(repositories[0].local);
	assert_int_equal(repositories[0].elements, 2);
	expect_path(state, repositories[0].webhook_secret_file, "keys/ldap");
	expect_path(state, repositories[0].credentials_file, "keys/git");
	assert_int_equal(repositories[0].refresh_s, 0);
	assert_int_equal(repositories[0].hold_s, 300);
	assert_int_equal(repositories[0].missing, SETTINGS_MISSING_ABSENT);
	assert_int_equal(repositories[0].letters, SETTINGS_LETTERS_LOWER);
	assert_int_equal(repositories[1].letters, SETTINGS_LETTERS_EXACT);
	assert_string_equal(repositories[0].subdir, "");
	assert_false(repositories[0].open_ended);
	assert_true(repositories[1].local);
	assert_int_equal(repositories[1].elements, 0);
	assert_string_equal(repositories[1].subdir, "go/src");
	assert_int_equal(repositories[1].missing, SETTINGS_MISSING_UNKNOWN);
	assert_int_equal(repositories[1].refresh_s, 60);
	assert_int_equal(repositories[1].hold_s, 20);
	expect_path(state, repositories[2].repository, "./two.git");
	assert_int_equal(settings->upstreams_count, 2);
	assert_string_equal(settings->upstreams[0].url, "https://proxy.example/go");
	assert_int_equal(settings->upstreams[0].fallback, SETTINGS_FALLBACK_ANY_ERROR);
	assert_int_equal(settings->upstreams[0].modules.count, 2);
	assert_int_equal(settings->upstreams[1].fallback, SETTINGS_FALLBACK_NOT_FOUND);
	assert_string_equal(settings->upstreams[1].modules.items[0], "*");
	assert_null(settings->upstreams[1].ca);
	assert_int_equal(settings->databases_count, 2);
	assert_string_equal(settings->databases[0].url, "https://sum.example");
	assert_string_equal(settings->databases[1].key, "sum.other.example");
	assert_null(settings->databases[1].url);
	assert_int_equal(settings->databases[1].line, 55);
}

static void expect_full(void **state, const struct settings *settings)
{
	assert_string_equal(settings->listen.host, "::1");
	assert_int_equal(settings->listen.port, 0);
	assert_string_equal(settings->listen.prefix, "/goproxy");
	assert_string_equal(settings->data, "/var/lib/modgate");
	expect_auth(state, &settings->auth);
	assert_int_equal(settings->cache.list_ttl_s, 0);
	assert_int_equal(settings->log.level, SETTINGS_LOG_WARNING);
	assert_int_equal(settings->log.format, SETTINGS_LOG_JSON);
}

static void test_ssh(void **state)
{
	const struct settings *settings = load_good(state,
		BASE "repositories:\n  - prefix: git.example\n    repository: ssh://git@[::1]:2222/{1}/{2}.git\n    credentials_file: keys/git-ssh\n"
		     "    known_hosts_file: known_hosts\n");
	const struct settings_repository *repository = settings->repositories;

	assert_string_equal(repository->repository, "ssh://git@[::1]:2222/{1}/{2}.git");
	assert_false(repository->local);
	assert_int_equal(repository->elements, 2);
	expect_path(state, repository->credentials_file, "keys/git-ssh");
	expect_path(state, repository->known_hosts_file, "known_hosts");
	settings_unref(settings);
}

static void test_full(void **state)
{
	const struct settings *settings;

	setenv("MODGATE_TEST_SECRET", "hunter2", 1);
	settings = load_good(state, full_text);
	expect_full(state, settings);
	expect_sources(state, settings);
	settings_unref(settings);
}

/* What is shown can be loaded again, says the same then, and holds no secret. */
static void test_show(void **state)
{
	static const char *const texts[] = { full_text, BASE, BASE "auth: { ldap: { uris: [ldaps://ldap.example], user_base: ou=people } }\n" };

	setenv("MODGATE_TEST_SECRET", "hunter2", 1);
	for (size_t i = 0; i < LENGTH(texts); i++) {
		const struct settings *before = load_good(state, texts[i]);
		const struct settings *after;
		struct buf yaml = BUF_INIT(64 * 1024), json = BUF_INIT(64 * 1024), again = BUF_INIT(64 * 1024);

		settings_show(before, &yaml);
		settings_show_json(before, &json);
		assert_null(strstr(buf_text(&yaml), "hunter2"));
		assert_null(strstr(buf_text(&json), "hunter2"));
		after = load_good(state, buf_text(&yaml));
		settings_show_json(after, &again);
		assert_string_equal(buf_text(&json), buf_text(&again));
		assert_null(settings_restart_key(before, after));
		settings_unref(after);
		settings_unref(before);
		buf_free(&again);
		buf_free(&json);
		buf_free(&yaml);
	}
}

static void test_show_words(void **state)
{
	static const char *const wants[] = { "listen:\n  address: \"127.0.0.1:8443\"  # default\n", "  prefix: \"/\"  # default\n",
		"repositories: []\n", "    enabled: true  # default\n", "  list_ttl_s: 5\n", "  format: \"auto\"  # default\n" };
	const struct settings *settings = load_good(state, BASE "cache: { list_ttl_s: 5 }\n");
	struct buf out = BUF_INIT(64 * 1024);
	struct json *root = NULL;
	int64_t number = 0;

	settings_show(settings, &out);
	for (size_t i = 0; i < LENGTH(wants); i++)
		CHECK(wants[i], strstr(buf_text(&out), wants[i]) != NULL);
	assert_null(strstr(buf_text(&out), "ldap"));
	buf_reset(&out);
	settings_show_json(settings, &out);
	assert_int_equal(json_parse(buf_slice(&out), &root, NULL), 0);
	assert_true(json_to_int(json_get(json_get(root, "cache"), "list_ttl_s"), &number));
	assert_int_equal(number, 5);
	json_close(&root);
	settings_unref(settings);
	buf_free(&out);
}

static void test_restart(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ BASE, NULL },
		{ "# a line more\n" BASE, NULL },
		{ BASE "data: data\nlog: { level: info }\nupstreams: []\n", NULL },
		{ BASE "log: { level: debug }\n", "log.level" },
		{ BASE "upstreams: [ { url: \"https://x.example\" } ]\n", "upstreams" },
		{ BASE "auth: { ldap: { uris: [ldaps://x], user_base: x } }\n", "auth.ldap.uris" },
		{ BASE "data: other\n", "data" },
		{ "listen: { address: \"127.0.0.1:1\", certificate: server.pem, key: keys/server.key }\npolicy: policy.yaml\n", "listen.address" },
		{ "listen: { certificate: git-ca.pem, key: keys/server.key }\npolicy: policy.yaml\n", "listen.certificate" },
	};
	const struct settings *before = load_good(state, BASE);

	for (size_t i = 0; i < LENGTH(rows); i++) {
		const struct settings *after = load_good(state, rows[i].text);
		const char *key = settings_restart_key(before, after);

		CHECK(rows[i].text, rows[i].want == NULL ? key == NULL : key != NULL && strcmp(key, rows[i].want) == 0);
		settings_unref(after);
	}
	settings_unref(before);
}

static void repeat(struct buf *out, const char *before, const char *each, size_t count, const char *after)
{
	buf_add_text(out, before);
	for (size_t i = 0; i < count; i++) {
		for (const char *at = each; *at != '\0'; at++) {
			if (*at == '#')
				buf_printf(out, "%zu", i);
			else
				buf_add_char(out, *at);
		}
	}
	buf_add_text(out, after);
}

static void test_limits(void **state)
{
	static const struct {
		const char *name, *before, *each, *after;
		size_t max;
	} rows[] = {
		{ "groups", BASE "auth: { roles: { audit: [", "g#,", "] } }", SETTINGS_GROUPS_MAX },
		{ "uris", BASE "auth: { ldap: { user_base: x, uris: [", "ldaps://h#,", "] } }", SETTINGS_URIS_MAX },
		{ "jwt", BASE "auth: { jwt: [", "{ issuer: \"https://h#\", audiences: [a], jwks_file: idp.jwks },", "] }", SETTINGS_JWT_MAX },
		{ "audiences", BASE "auth: { jwt: [ { issuer: \"https://h\", jwks_file: idp.jwks, audiences: [", "a#,", "] } ] }",
			SETTINGS_AUDIENCES_MAX },
		{ "claims", BASE "auth: { jwt: [ { issuer: \"https://h\", jwks_file: idp.jwks, audiences: [a], required_claims: [",
			"{ claim: c#, matches: x },", "] } ] }", SETTINGS_CLAIMS_MAX },
		{ "repositories", BASE "repositories: [", "{ prefix: r#.example, repository: /r },", "]", SETTINGS_REPOSITORIES_MAX },
		{ "upstreams", BASE "upstreams: [", "{ url: \"https://u#.example\" },", "]", SETTINGS_UPSTREAMS_MAX },
		{ "patterns", BASE "upstreams: [ { url: \"https://u\", modules: [", "p#,", "] } ]", SETTINGS_PATTERNS_MAX },
		{ "databases", BASE "sumdb: { databases: [", "s#.example,", "] }", SETTINGS_DATABASES_MAX },
		{ "bytes of a text", BASE "data: /", "x", "", SETTINGS_TEXT_MAX - 1 },
		{ "bytes", BASE "#", "x", "", SETTINGS_BYTES_MAX - sizeof(BASE) },
	};

	for (size_t i = 0; i < LENGTH(rows); i++) {
		const struct settings *settings = NULL;
		struct buf text = BUF_INIT(2 * SETTINGS_BYTES_MAX);
		struct err err = ERR_INIT;

		repeat(&text, rows[i].before, rows[i].each, rows[i].max, rows[i].after);
		settings_unref(load_good(state, buf_text(&text)));
		buf_reset(&text);
		repeat(&text, rows[i].before, rows[i].each, rows[i].max + 1, rows[i].after);
		CHECK(rows[i].name, load_text(state, buf_text(&text), &settings, &err) == SETTINGS_ERR_INVALID);
		CHECK(rows[i].name, strstr(err.text, "at most") != NULL || strstr(err.text, "larger than") != NULL);
		CHECK(rows[i].name, settings == NULL);
		buf_free(&text);
	}
}

static void test_find(void **state)
{
	char *path = NULL;
	struct err err = ERR_INIT;
	char was[4096];

	assert_non_null(getcwd(was, sizeof(was)));
	assert_int_equal(chdir(*state), 0);
	unsetenv("MODGATE_CONFIG");
	assert_int_equal(settings_find("x.yaml", &path, &err), 0);
	assert_string_equal(path, "x.yaml");
	free(path);
	setenv("MODGATE_CONFIG", "/y.yaml", 1);
	assert_int_equal(settings_find(NULL, &path, &err), 0);
	assert_string_equal(path, "/y.yaml");
	free(path);
	assert_int_equal(settings_find("x.yaml", &path, &err), 0);
	assert_string_equal(path, "x.yaml");
	free(path);
	unsetenv("MODGATE_CONFIG");
	unlink("modgate.yaml");
	path = NULL;
	if (access("/etc/modgate/modgate.yaml", F_OK) != 0) {
		assert_int_equal(settings_find(NULL, &path, &err), SETTINGS_ERR_ABSENT);
		assert_null(path);
		assert_non_null(strstr(err.text, "modgate init DIR"));
	}
	assert_int_equal(file_write("modgate.yaml", SLICE(BASE), 0600, NULL), 0);
	assert_int_equal(settings_find(NULL, &path, &err), 0);
	assert_string_equal(path, "./modgate.yaml");
	free(path);
	assert_int_equal(chdir(was), 0);
}

/* A relative path of the file itself: what it names is absolute all the same. */
static void test_relative(void **state)
{
	const struct settings *settings = NULL;
	struct err err = ERR_INIT;
	char was[4096];

	assert_non_null(getcwd(was, sizeof(was)));
	assert_int_equal(file_write(scratch_path(state, "modgate.yaml"), SLICE(BASE), 0600, NULL), 0);
	assert_int_equal(chdir(*state), 0);
	assert_int_equal(settings_load("modgate.yaml", &settings, &err), 0);
	assert_string_equal(settings->path, "modgate.yaml");
	expect_path(state, settings->policy, "policy.yaml");
	settings_error(settings, 7, &err, "the database %s is not known", "x");
	assert_string_equal(err.text, "modgate.yaml:7: the database x is not known");
	settings_unref(settings);
	assert_int_equal(chdir(was), 0);
}

static void test_absent(void **state)
{
	const struct settings *settings = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(settings_load(scratch_path(state, "none.yaml"), &settings, &err), SETTINGS_ERR_ABSENT);
	assert_null(settings);
	assert_int_equal(settings_load(scratch_path(state, "keys"), &settings, &err), SETTINGS_ERR);
	assert_null(settings);
}

static void *count_up_and_down(void *arg)
{
	for (unsigned i = 0; i < 1000; i++)
		settings_unref(settings_ref(arg));
	return NULL;
}

static void test_count(void **state)
{
	const struct settings *settings = load_good(state, BASE);
	pthread_t threads[2];

	for (size_t i = 0; i < LENGTH(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_up_and_down, (void *)settings), 0);
	for (size_t i = 0; i < LENGTH(threads); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(settings->listen.port, 8443);
	settings_unref(settings);
	settings_unref(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_ssh),
		cmocka_unit_test(test_stars),
		cmocka_unit_test(test_shared_repositories),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_show),
		cmocka_unit_test(test_show_words),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_relative),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_count),
	};

	return cmocka_run_group_tests(tests, folder_setup, scratch_teardown);
}
