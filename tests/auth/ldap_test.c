#include "tests/auth/notes.h"
#include "tests/auth/slapd.h"

/* One directory for the whole group. */
static struct slapd slapd;
static int trap_fd, trap_port;
static char scratch[64] = "/tmp/auth-ldap-XXXXXX";
static char ca[128], other_ca[128], secret_file[128], wrong_secret_file[128];

static int setup(void **state)
{
	(void)state;
	if (mkdtemp(scratch) == NULL)
		return -1;
	signal(SIGPIPE, SIG_IGN); /* as every program of ours; libldap writes to sockets that the server closed */
	slapd.directory = scratch;
	snprintf(ca, sizeof(ca), "%s/ca.pem", scratch);
	snprintf(other_ca, sizeof(other_ca), "%s/other-ca.pem", scratch);
	snprintf(secret_file, sizeof(secret_file), "%s/secret", scratch);
	snprintf(wrong_secret_file, sizeof(wrong_secret_file), "%s/wrong-secret", scratch);
	write_text(secret_file, SERVICE_PASSWORD "\n");
	write_text(wrong_secret_file, "nonsense\n");
	make_certificate(scratch, "ca", NULL, NULL);
	make_certificate(scratch, "other-ca", NULL, NULL);
	make_certificate(scratch, "server", "ca", "IP:127.0.0.1");
	make_certificate(scratch, "elsewhere", "ca", "DNS:directory.elsewhere.example,IP:127.9.9.9");
	trap_fd = listen_silently(&trap_port);
	slapd_configure(&slapd, "server", "");
	slapd_fill(&slapd, trap_port);
	slapd_start(&slapd);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	slapd_stop(&slapd);
	close(trap_fd);
	buf_free(&notes);
	nftw(scratch, scratch_unlink, 8, FTW_DEPTH | FTW_PHYS);
	return 0;
}

/* Valid until the next call. */
static struct auth_ldap_options options_for(const char *uri)
{
	static const char *uris[1];
	struct auth_ldap_options options = { .uris = uris,
		.uris_count = 1,
		.ca = ca,
		.bind_dn = SERVICE_DN,
		.bind_password_source = secret_file,
		.user_base = PEOPLE,
		.group_base = GROUPS,
		.timeout_ms = 3000 };

	uris[0] = uri;
	options.start_tls = strncmp(uri, "ldap://", 7) == 0;
	return options;
}

static struct auth_directory *open_with(const struct auth_ldap_options *options)
{
	struct auth_directory *directory = NULL;
	struct err err = ERR_INIT;

	if (auth_ldap_open(options, &turned_clock, &noter, &directory, &err) < 0)
		fail_msg("%s", err.text);
	return directory;
}

static struct auth_directory *open_at(const char *uri)
{
	struct auth_ldap_options options = options_for(uri);

	return open_with(&options);
}

static void close_directory(struct auth_directory *directory)
{
	directory->class->close(directory);
}

static struct auth_answer sign_in_as(struct auth_directory *directory, const char *user, const char *password)
{
	struct auth_answer answer = { .code = 0 };

	directory->class->sign_in(directory, slice_of(user), slice_of(password), &answer);
	return answer;
}

/* "user: group group", "" when refused. */
static const char *who(const struct auth_answer *answer)
{
	static char text[4096];

	text[0] = '\0';
	if (answer->identity == NULL)
		return text;
	snprintf(text, sizeof(text), "%s:", answer->identity->user);
	for (size_t i = 0; i < answer->identity->groups_count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), " %s", answer->identity->groups[i]);
	return text;
}

static void test_ways_in(void **state)
{
	const char *uris[] = { slapd.uri, slapd.tls_uri, slapd.local_uri };

	(void)state;
	for (size_t i = 0; i < LENGTH(uris); i++) {
		struct auth_directory *directory = open_at(uris[i]);
		struct auth_answer answer = sign_in_as(directory, "alice", "alice-password");

		CHECK(uris[i], answer.code == 0);
		CHECK(uris[i], strcmp(who(&answer), "alice: payments") == 0);
		CHECK(uris[i], answer.identity->method == AUTH_LDAP && answer.identity->scope == AUTH_SCOPE_READ);
		auth_identity_unref(answer.identity);
		close_directory(directory);
	}
	assert_true(slapd_logged(&slapd, "TLS established") >= 3);
}

static void test_people(void **state)
{
	static const struct {
		const char *user;
		const char *password;
		int code;
		enum auth_reason reason;
		const char *who; /* of a refusal: whom the directory found */
	} rows[] = {
		{ "alice", "alice-password", 0, AUTH_REASON_NONE, "alice: payments" },
		{ "ALICE", "alice-password", 0, AUTH_REASON_NONE, "alice: payments" },
		{ "alice ", "alice-password", 0, AUTH_REASON_NONE, "alice: payments" },
		{ "alice", "Alice-password", AUTH_ERR_REFUSED, AUTH_REASON_WRONG_PASSWORD, "alice" },
		{ "ALICE ", "bob-password", AUTH_ERR_REFUSED, AUTH_REASON_WRONG_PASSWORD, "alice" },
		{ "nobody", "alice-password", AUTH_ERR_REFUSED, AUTH_REASON_WRONG_PASSWORD, "" },
		{ "twin", "twin-password", AUTH_ERR_REFUSED, AUTH_REASON_NOT_ONE_ENTRY, "" },
		{ "janus", "janus-password", AUTH_ERR_REFUSED, AUTH_REASON_NO_USER_NAME, "" },
		{ "many", "many-password", AUTH_ERR_REFUSED, AUTH_REASON_GROUPS_UNUSABLE, "many" },
		{ "*", "alice-password", AUTH_ERR_REFUSED, AUTH_REASON_WRONG_PASSWORD, "" },
		{ "alic*", "alice-password", AUTH_ERR_REFUSED, AUTH_REASON_WRONG_PASSWORD, "" },
		{ "alice)(uid=*", "alice-password", AUTH_ERR_REFUSED, AUTH_REASON_WRONG_PASSWORD, "" },
		{ "x)(|(uid=alice", "alice-password", AUTH_ERR_REFUSED, AUTH_REASON_WRONG_PASSWORD, "" },
		{ "\\61lice", "alice-password", AUTH_ERR_REFUSED, AUTH_REASON_WRONG_PASSWORD, "" },
		{ "alice,ou=people", "alice-password", AUTH_ERR_REFUSED, AUTH_REASON_WRONG_PASSWORD, "" },
		{ "o(dd)", "o(dd)-password", 0, AUTH_REASON_NONE, "o(dd): odd" },
		{ "sta*r", "sta*r-password", 0, AUTH_REASON_NONE, "sta*r:" },
		{ "back\\slash", "back\\slash-password", 0, AUTH_REASON_NONE, "back\\slash:" },
		{ "com,ma+plus", "com,ma+plus-password", 0, AUTH_REASON_NONE, "com,ma+plus: comma" },
		{ "zo\xc3\xab", "zo\xc3\xab-password", 0, AUTH_REASON_NONE, "zo\xc3\xab:" },
		{ "alice", "", AUTH_ERR_REFUSED, AUTH_REASON_EMPTY_PASSWORD, "" },
	};
	struct auth_directory *directory = open_at(slapd.uri);

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct auth_answer answer = sign_in_as(directory, rows[i].user, rows[i].password);

		CHECK(rows[i].user, answer.code == rows[i].code);
		CHECK(rows[i].user, answer.reason == rows[i].reason);
		CHECK(rows[i].user, strcmp(answer.code == 0 ? who(&answer) : answer.user, rows[i].who) == 0);
		CHECK(rows[i].user, answer.code < 0 || answer.user[0] == '\0');
		auth_identity_unref(answer.identity);
	}
	close_directory(directory);
}

/* Without the refusal this directory would let everybody in: the test shows that first, by a bind of its own. */
static void test_empty_password(void **state)
{
	struct auth_directory *directory = open_at(slapd.uri);
	struct auth_answer answer = { .code = 0 };
	int binds = slapd_logged(&slapd, "BIND dn=\"uid=alice");
	char log[512];
	const char *const argv[] = { "ldapwhoami", "-x", "-H", slapd.local_uri, "-D", "uid=alice," PEOPLE, "-w", "", NULL };

	(void)state;
	snprintf(log, sizeof(log), "%s/whoami.log", scratch);
	run_program(log, argv);
	binds = slapd_logged(&slapd, "BIND dn=\"uid=alice");
	directory->class->sign_in(directory, SLICE("alice"), SLICE(""), &answer);
	assert_int_equal(answer.reason, AUTH_REASON_EMPTY_PASSWORD);
	directory->class->sign_in(directory, SLICE("alice"), SLICE("\0alice-password"), &answer);
	assert_int_equal(answer.code, AUTH_ERR_REFUSED);
	assert_int_equal(slapd_logged(&slapd, "BIND dn=\"uid=alice"), binds);
	close_directory(directory);
}

/* A user who does not exist costs the directory the same: one search, one bind that fails. */
static void test_same_way(void **state)
{
	struct auth_directory *directory = open_at(slapd.uri);
	struct auth_answer known = sign_in_as(directory, "bob", "first");
	int binds = slapd_logged(&slapd, " BIND dn=");
	int searches = slapd_logged(&slapd, " SRCH base=");
	struct auth_answer unknown;

	(void)state;
	known = sign_in_as(directory, "bob", "wrong");
	assert_int_equal(slapd_logged(&slapd, " BIND dn="), binds + 1);
	assert_int_equal(slapd_logged(&slapd, " SRCH base="), searches + 1);
	unknown = sign_in_as(directory, "stranger", "wrong");
	assert_int_equal(slapd_logged(&slapd, " BIND dn="), binds + 2);
	assert_int_equal(slapd_logged(&slapd, " SRCH base="), searches + 2);
	assert_int_equal(known.code, unknown.code);
	assert_int_equal(known.reason, unknown.reason);
	assert_string_equal(known.err.text, unknown.err.text);
	close_directory(directory);
}

static void test_look_up(void **state)
{
	static const struct {
		const char *user;
		enum auth_reason reason;
		const char *who;
	} rows[] = {
		{ "BOB", AUTH_REASON_NONE, "bob: platform" },
		{ "stranger", AUTH_REASON_USER_GONE, "" },
		{ "twin", AUTH_REASON_NOT_ONE_ENTRY, "" },
		{ "*", AUTH_REASON_USER_GONE, "" },
	};
	struct auth_directory *directory = open_at(slapd.tls_uri);

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct auth_answer answer = { .code = 0 };

		directory->class->look_up(directory, slice_of(rows[i].user), &answer);
		CHECK(rows[i].user, answer.reason == rows[i].reason);
		CHECK(rows[i].user, strcmp(who(&answer), rows[i].who) == 0);
		auth_identity_unref(answer.identity);
	}
	close_directory(directory);
}

/* The entry ou=elsewhere refers to another server: nobody may follow. */
static void test_no_referrals(void **state)
{
	struct auth_directory *directory = open_at(slapd.uri);
	struct auth_answer answer = sign_in_as(directory, "alice", "alice-password");

	(void)state;
	assert_int_equal(answer.code, 0);
	auth_identity_unref(answer.identity);
	answer = sign_in_as(directory, "stranger", "x");
	assert_int_equal(answer.reason, AUTH_REASON_WRONG_PASSWORD);
	assert_int_equal(accept(trap_fd, NULL, NULL), -1);
	close_directory(directory);
}

/* --- TLS ---------------------------------------------------------------------------------------------------------------------------------------- */

static void expect_unavailable(const struct auth_ldap_options *options, const char *name)
{
	struct auth_directory *directory = open_with(options);
	struct auth_answer answer = sign_in_as(directory, "alice", "alice-password");

	CHECK(name, answer.code == AUTH_ERR_UNAVAILABLE);
	CHECK(name, answer.reason == AUTH_REASON_DIRECTORY_UNAVAILABLE);
	CHECK(name, answer.identity == NULL);
	close_directory(directory);
}

static void expect_unavailable_both(const char *name, const char *ca_file)
{
	struct auth_ldap_options options = options_for(slapd.uri);

	options.ca = ca_file;
	expect_unavailable(&options, name);
	options = options_for(slapd.tls_uri);
	options.ca = ca_file;
	expect_unavailable(&options, name);
}

static void restart(const char *certificate, const char *extra)
{
	slapd_stop(&slapd);
	slapd_configure(&slapd, certificate, extra);
	slapd_start(&slapd);
}

static void test_wrong_ca(void **state)
{
	int binds = slapd_logged(&slapd, " BIND dn=");

	(void)state;
	expect_unavailable_both("other CA", other_ca);
	expect_unavailable_both("the system's CAs", NULL);
	expect_unavailable_both("no file", "/nonexistent/ca.pem");
	assert_int_equal(slapd_logged(&slapd, " BIND dn="), binds);
}

static void test_wrong_host(void **state)
{
	int binds;

	(void)state;
	restart("elsewhere", "");
	binds = slapd_logged(&slapd, " BIND dn=");
	expect_unavailable_both("another host's certificate", ca);
	assert_int_equal(slapd_logged(&slapd, " BIND dn="), binds);
	restart("server", "");
}

static void test_old_tls(void **state)
{
	(void)state;
	restart("server", "TLSCipherSuite NORMAL:-VERS-ALL:+VERS-TLS1.1:+VERS-TLS1.0");
	expect_unavailable_both("TLS 1.1", ca);
	assert_non_null(strstr(buf_text(&notes), "TLS is older than 1.2"));
	restart("server", "TLSCipherSuite NORMAL:-VERS-ALL:+VERS-TLS1.2");
	test_ways_in(state);
	restart("server", "");
}

/* What the user's environment says of TLS is nobody's business here. */
static void test_environment(void **state)
{
	struct auth_ldap_options options = options_for(slapd.tls_uri);

	(void)state;
	setenv("LDAPTLS_REQCERT", "never", 1);
	setenv("LDAPTLS_CACERT", ca, 1);
	options.ca = other_ca;
	expect_unavailable(&options, "LDAPTLS_REQCERT=never");
	unsetenv("LDAPTLS_REQCERT");
	unsetenv("LDAPTLS_CACERT");
}

/* --- bad days --------------------------------------------------------------------------------------------------------------------------------------- */

static void test_black_hole(void **state)
{
	static const char *const schemes[] = { "ldap", "ldaps" };
	char uri[64];
	int port;
	int fd = listen_silently(&port);

	(void)state;
	for (size_t i = 0; i < LENGTH(schemes); i++) {
		struct auth_ldap_options options;

		snprintf(uri, sizeof(uri), "%s://127.0.0.1:%d", schemes[i], port);
		options = options_for(uri);
		options.timeout_ms = 300;
		expect_unavailable(&options, schemes[i]);
	}
	close(fd);
}

/* Begins an answer of 32 KiB and sends a byte of it now and then. */
static void *drip(void *arg)
{
	static const unsigned char start[] = { 0x30, 0x82, 0x7f, 0xff };
	int fd = accept(*(int *)arg, NULL, NULL);

	for (size_t i = 0; fd >= 0 && write(fd, i < sizeof(start) ? (const void *)&start[i] : "", 1) == 1; i++)
		usleep(20000);
	close(fd);
	return NULL;
}

static void test_slow_server(void **state)
{
	char uri[64];
	int port;
	int fd = listen_silently(&port);
	struct auth_ldap_options options;
	pthread_t thread;

	(void)state;
	assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
	assert_int_equal(pthread_create(&thread, NULL, drip, &fd), 0);
	snprintf(uri, sizeof(uri), "ldap://127.0.0.1:%d", port);
	options = options_for(uri);
	options.timeout_ms = 300;
	expect_unavailable(&options, "a byte now and then");
	pthread_join(thread, NULL);
	close(fd);
}

/* The dead server is asked once; then the living one comes first until the dead one's rest is over. */
static void test_fail_over(void **state)
{
	char dead[64];
	const char *uris[] = { dead, slapd.tls_uri };
	struct auth_ldap_options options = options_for(slapd.tls_uri);
	struct auth_directory *directory;
	struct auth_answer answer;
	int port, connections = 0;
	int fd = listen_silently(&port);

	(void)state;
	snprintf(dead, sizeof(dead), "ldaps://127.0.0.1:%d", port);
	options.uris = uris;
	options.uris_count = 2;
	options.timeout_ms = 300;
	directory = open_with(&options);
	for (int i = 0; i < 3; i++) {
		answer = sign_in_as(directory, "alice", "alice-password");
		assert_int_equal(answer.code, 0);
		auth_identity_unref(answer.identity);
	}
	while (accept(fd, NULL, NULL) >= 0)
		connections++;
	assert_int_equal(connections, 1);
	assert_true(strstr(buf_text(&notes), dead) != NULL);
	close(fd);
	close_directory(directory);
}

/* Kept connections die with the server; the next sign-in does not notice. */
static void test_restart(void **state)
{
	struct auth_directory *directory = open_at(slapd.uri);
	struct auth_answer answer = sign_in_as(directory, "alice", "alice-password");

	(void)state;
	auth_identity_unref(answer.identity);
	restart("server", "");
	answer = sign_in_as(directory, "alice", "alice-password");
	assert_string_equal(who(&answer), "alice: payments");
	auth_identity_unref(answer.identity);
	slapd_stop(&slapd);
	answer = sign_in_as(directory, "alice", "alice-password");
	assert_int_equal(answer.code, AUTH_ERR_UNAVAILABLE);
	slapd_start(&slapd);
	answer = sign_in_as(directory, "alice", "alice-password");
	assert_int_equal(answer.code, 0);
	auth_identity_unref(answer.identity);
	close_directory(directory);
}

static void test_service_refused(void **state)
{
	struct auth_ldap_options options = options_for(slapd.uri);

	(void)state;
	options.bind_password_source = wrong_secret_file;
	expect_unavailable(&options, "service account's password");
	/* Anonymous searches find nobody here. */
	options.bind_dn = NULL;
	options.bind_password_source = NULL;
	expect_unavailable(&options, "anonymous search");
}

/* Connections are kept and used again: three sign-ins, one connection for searching and one for binding. */
static void test_pool(void **state)
{
	struct auth_directory *directory = open_at(slapd.tls_uri);
	int connections = slapd_logged(&slapd, " ACCEPT from");

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct auth_answer answer = sign_in_as(directory, i == 1 ? "bob" : "alice", i == 1 ? "bob-password" : "alice-password");

		assert_string_equal(who(&answer), i == 1 ? "bob: platform" : "alice: payments");
		auth_identity_unref(answer.identity);
	}
	assert_int_equal(slapd_logged(&slapd, " ACCEPT from"), connections + 2);
	close_directory(directory);
}

static void *sign_in_often(void *arg)
{
	struct auth_directory *directory = arg;

	for (int i = 0; i < 30; i++) {
		struct auth_answer right = sign_in_as(directory, "alice", "alice-password");
		struct auth_answer wrong = sign_in_as(directory, "alice", "bob-password");

		if (right.code != 0 || wrong.reason != AUTH_REASON_WRONG_PASSWORD)
			return (void *)1;
		auth_identity_unref(right.identity);
	}
	return NULL;
}

static void test_threads(void **state)
{
	struct auth_directory *directory = open_at(slapd.uri);
	pthread_t threads[4];
	void *failed;

	(void)state;
	for (size_t i = 0; i < LENGTH(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, sign_in_often, directory), 0);
	for (size_t i = 0; i < LENGTH(threads); i++) {
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	close_directory(directory);
}

static void test_options(void **state)
{
	static const char *const clear[] = { "ldap://127.0.0.1" };
	static const char *const two[] = { "ldaps://127.0.0.1 ldap://127.0.0.1" };
	static const char *const http[] = { "https://127.0.0.1" };
	static const char *const secure[] = { "ldaps://127.0.0.1" };
	const struct {
		const char *want; /* named in the error */
		struct auth_ldap_options options;
	} rows[] = {
		{ "in the clear", { .uris = clear, .uris_count = 1, .user_base = PEOPLE } },
		{ "no directory", { .uris = two, .uris_count = 1, .user_base = PEOPLE } },
		{ "no directory", { .uris = http, .uris_count = 1, .user_base = PEOPLE } },
		{ "start_tls", { .uris = secure, .uris_count = 1, .user_base = PEOPLE, .start_tls = true } },
		{ "uris", { .uris = secure, .uris_count = 0, .user_base = PEOPLE } },
		{ "user_base", { .uris = secure, .uris_count = 1 } },
		{ "user_filter", { .uris = secure, .uris_count = 1, .user_base = PEOPLE, .user_filter = "(uid=alice)" } },
		{ "user_filter", { .uris = secure, .uris_count = 1, .user_base = PEOPLE, .user_filter = "uid={user}" } },
		{ "group_filter", { .uris = secure, .uris_count = 1, .user_base = PEOPLE, .group_base = GROUPS, .group_filter = "(cn=*)" } },
		{ "group_attribute", { .uris = secure, .uris_count = 1, .user_base = PEOPLE, .group_attribute = "" } },
		{ "bind_dn", { .uris = secure, .uris_count = 1, .user_base = PEOPLE, .bind_dn = SERVICE_DN } },
		{ "bind_dn", { .uris = secure, .uris_count = 1, .user_base = PEOPLE, .bind_password_source = secret_file } },
		{ "timeout_ms", { .uris = secure, .uris_count = 1, .user_base = PEOPLE, .timeout_ms = 60001 } },
		{ "cache_ttl_s", { .uris = secure, .uris_count = 1, .user_base = PEOPLE, .cache_ttl_s = -1 } },
		{ "bind_password_file",
			{ .uris = secure, .uris_count = 1, .user_base = PEOPLE, .bind_dn = SERVICE_DN, .bind_password_source = "/nonexistent" } },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct auth_directory *directory = NULL;
		struct err err = ERR_INIT;

		CHECK(rows[i].want, auth_ldap_open(&rows[i].options, &turned_clock, &noter, &directory, &err) < 0);
		CHECK(rows[i].want, directory == NULL && strstr(err.text, rows[i].want) != NULL);
	}
}

/* Last: whatever was noted above, no password was. */
static void test_no_secret(void **state)
{
	(void)state;
	assert_true(notes.len > 0);
	assert_null(strstr(buf_text(&notes), SERVICE_PASSWORD));
	assert_null(strstr(buf_text(&notes), "-password"));
	assert_null(strstr(buf_text(&notes), "nonsense"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ways_in),
		cmocka_unit_test(test_people),
		cmocka_unit_test(test_empty_password),
		cmocka_unit_test(test_same_way),
		cmocka_unit_test(test_look_up),
		cmocka_unit_test(test_no_referrals),
		cmocka_unit_test(test_wrong_ca),
		cmocka_unit_test(test_wrong_host),
		cmocka_unit_test(test_old_tls),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_black_hole),
		cmocka_unit_test(test_slow_server),
		cmocka_unit_test(test_fail_over),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_service_refused),
		cmocka_unit_test(test_pool),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_no_secret),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
