/* Private keys of ssh: what is one, and which ones nobody is there to open. */
#include "base/sshkey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/base/rows.h"

#define OWN     "-----BEGIN OPENSSH PRIVATE KEY-----"
#define OWN_END "-----END OPENSSH PRIVATE KEY-----"
#define OPEN    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9u"
#define LOCKED  "b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIA"

static int read_text(const char *text, mode_t mode, struct buf *out, struct err *err)
{
	char path[] = "/tmp/modgate-sshkey-XXXXXX";
	int fd = mkstemp(path), code;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	code = sshkey_read(path, out, err);
	unlink(path);
	return code;
}

static void test_read(void **state)
{
	static const struct {
		const char *name, *in;
		mode_t mode;
		const char *want; /* NULL: it is taken */
	} rows[] = {
		{ "its own form", OWN "\n" OPEN "\n" OWN_END "\n", 0600, NULL },
		{ "CRLF", OWN "\r\n" OPEN "\r\n" OWN_END "\r\n", 0600, NULL },
		{ "a passphrase", OWN "\n" LOCKED "\n" OWN_END "\n", 0600, "under a passphrase" },
		{ "a passphrase and CRLF", OWN "\r\n" LOCKED "\r\n" OWN_END "\r\n", 0600, "under a passphrase" },
		{ "nothing after the first line", OWN, 0600, "under a passphrase" },
		{ "PEM", "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n", 0600, NULL },
		{ "PEM under a passphrase", "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n", 0600, "under a passphrase" },
		{ "PKCS 8 under a passphrase", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n", 0600, "under a passphrase" },
		{ "a public key", "ssh-ed25519 AAAA me\n", 0600, "holds no private key of ssh" },
		{ "user:token", "user:token\n", 0600, "holds no private key of ssh" },
		{ "the group may read", OWN "\n" OPEN "\n", 0640, "run chmod 600" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct buf out = BUF_INIT(FILE_SECRET_BYTES_MAX);
		struct err err = ERR_INIT;
		int code = read_text(rows[i].in, rows[i].mode, &out, &err);

		CHECK(rows[i].name, (code == 0) == (rows[i].want == NULL));
		CHECK(rows[i].name, rows[i].want == NULL || strstr(err.text, rows[i].want) != NULL);
		CHECK(rows[i].name, code != 0 || buf_text(&out)[out.len - 1] == '\n');
		CHECK(rows[i].name, code == 0 || out.len == 0);
		buf_wipe(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
