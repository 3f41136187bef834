/* What `modgate init` makes, and what is read of certificates again. (What other programs think of them: tests/e2e/test_commands.py.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "gateway/certificate.h"

#define LABEL_63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

struct files {
	char directory[64], ca[96], server[96], key[96], other_key[96], text[96];
};

static void put(const struct buf *bytes, const char *directory, const char *name, char *path_out, size_t room)
{
	struct err err = ERR_INIT;
	snprintf(path_out, room, "%s/%s", directory, name);
	if (file_write(path_out, buf_slice(bytes), 0600, &err) != 0)
		fail_msg("%s", err.text);
}

static void make_files(const char *host, struct files *files)
{
	struct certificate_set set;
	struct buf text = BUF_INIT(64);
	struct err err = ERR_INIT;
	if (certificate_make(host, &set, &err) != 0)
		fail_msg("%s", err.text);
	snprintf(files->directory, sizeof(files->directory), "/tmp/modgate-certificate-XXXXXX");
	assert_non_null(mkdtemp(files->directory));
	buf_add_text(&text, "neither\n");
	put(&set.ca, files->directory, "ca.pem", files->ca, sizeof(files->ca));
	put(&set.server, files->directory, "server.pem", files->server, sizeof(files->server));
	put(&set.server_key, files->directory, "server.key", files->key, sizeof(files->key));
	put(&set.ca_key, files->directory, "ca.key", files->other_key, sizeof(files->other_key));
	put(&text, files->directory, "text", files->text, sizeof(files->text));
	certificate_set_wipe(&set);
	buf_free(&text);
}

static void remove_files(const struct files *files)
{
	unlink(files->ca);
	unlink(files->server);
	unlink(files->key);
	unlink(files->other_key);
	unlink(files->text);
	rmdir(files->directory);
}

static void test_hosts(void **state)
{
	static const struct {
		const char *host;
		bool want;
	} rows[] = {
		{ "gate.corp.example", true },
		{ "gate", true },
		{ "1gate", true },
		{ "GATE-2.example", true },
		{ "192.0.2.7", true },
		{ "2001:db8::7", true },
		{ LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63, false },                                                      /* 255 bytes */
		{ LABEL_63 "." LABEL_63 "." LABEL_63 ".aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", true },   /* 253 */
		{ LABEL_63 "." LABEL_63 "." LABEL_63 ".aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false }, /* 254 */
		{ "", false },
		{ ".", false },
		{ "gate.", false },
		{ ".gate", false },
		{ "a..b", false },
		{ "-gate", false },
		{ "a b", false },
		{ "a_b", false },
		{ "*.example", false },
		{ "gate,DNS:other", false },
		{ "gate:8443", false },
		{ "[::1]", false },
		{ "gate\n", false },
		{ "g\xc3\xa4te", false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (certificate_host_ok(rows[i].host) != rows[i].want)
			fail_msg("row \"%s\"", rows[i].host);
}

static void test_public_host(void **state)
{
	static const struct {
		const char *host, *want;
	} rows[] = {
		{ NULL, "" }, { "localhost", "" }, { "gate.corp.example", "gate.corp.example" }, { "192.0.2.7", "192.0.2.7" },
		{ "2001:db8::7", "2001:db8::7" }, { "127.0.0.7", "" }, { "::1", "" },
		{ LABEL_63 "." LABEL_63 ".example", LABEL_63 "." LABEL_63 ".example" }, /* longer than a common name may be */
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf host = BUF_INIT(1024);
		struct err err = ERR_INIT;
		struct files files;
		make_files(rows[i].host, &files);
		if (certificate_public_host(files.server, &host, &err) != 0 || strcmp(buf_text(&host), rows[i].want) != 0)
			fail_msg("row %zu: \"%s\" %s", i, buf_text(&host), err.text);
		assert_int_equal(certificate_public_host(files.text, &host, &err), BASE_ERR_INVALID);
		buf_free(&host);
		remove_files(&files);
	}
}

static void test_who_issued(void **state)
{
	struct files ours, others;
	(void)state;
	make_files("gate.example", &ours);
	make_files("gate.example", &others);
	assert_true(certificate_is_by(ours.server, ours.ca));
	assert_true(certificate_is_by(ours.ca, ours.ca));
	assert_false(certificate_is_by(ours.server, others.ca)); /* the same names, another key */
	assert_false(certificate_is_by(ours.server, ours.server));
	assert_false(certificate_is_by(ours.server, ours.text));
	assert_false(certificate_is_by(ours.server, "/nonexistent/ca.pem"));
	remove_files(&ours);
	remove_files(&others);
}

static void test_pairs(void **state)
{
	struct files files;
	(void)state;
	make_files("gate.example", &files);
	const struct {
		const char *name, *certificate, *key;
		int code;
		const char *want;
	} rows[] = {
		{ "a pair", files.server, files.key, 0, "" },
		{ "another's key", files.server, files.other_key, BASE_ERR_INVALID, "do not belong together" },
		{ "no certificate", files.text, files.key, BASE_ERR_INVALID, "holds no certificate" },
		{ "no key", files.server, files.text, BASE_ERR_INVALID, "holds no private key" },
		{ "a certificate for a key", files.server, files.server, BASE_ERR_INVALID, "holds no private key" },
		{ "nothing there", "/nonexistent/server.pem", files.key, BASE_ERR_ABSENT, "/nonexistent/server.pem" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = ERR_INIT;
		if (certificate_check(rows[i].certificate, rows[i].key, &err) != rows[i].code || strstr(err.text, rows[i].want) == NULL)
			fail_msg("row \"%s\": %s", rows[i].name, err.text);
	}
	remove_files(&files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_public_host),
		cmocka_unit_test(test_who_issued),
		cmocka_unit_test(test_pairs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
