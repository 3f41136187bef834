/* What the tests of settings share: a folder with every file that a configuration may name, and loading a text from it. */
#ifndef TESTS_SETTINGS_SUPPORT_H
#define TESTS_SETTINGS_SUPPORT_H

#include <sys/stat.h>

#include "base/file.h"
#include "settings/settings_private.h"
#include "tests/base/rows.h"

/* A configuration that is good, on two lines: what a row adds begins on the third. */
#define BASE "listen: { certificate: server.pem, key: keys/server.key }\npolicy: policy.yaml\n"

static inline int folder_setup(void **state)
{
	static const struct {
		const char *name;
		mode_t mode;
		const char *text; /* NULL: "x" and a newline */
	} files[] = {
		{ "server.pem", 0644, NULL },
		{ "keys/server.key", 0600, NULL },
		{ "policy.yaml", 0644, NULL },
		{ "ldap-ca.pem", 0644, NULL },
		{ "keys/ldap", 0600, NULL },
		{ "idp.jwks", 0644, NULL },
		{ "keys/git", 0640, "reader:x\n" },
		{ "keys/hook", 0600, NULL },
		{ "git-ca.pem", 0644, NULL },
		{ "upstream-ca.pem", 0644, NULL },
		{ "open-secret", 0644, NULL },
		{ "empty-secret", 0600, "" },
		{ "bare-token", 0600, NULL },
		{ "nobodys-token", 0600, ":x\n" },
		{ "keys/git-ssh", 0600,
			"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ\n-----END OPENSSH PRIVATE KEY-----\n" },
		{ "keys/git-ssh-open", 0640,
			"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ\n-----END OPENSSH PRIVATE KEY-----\n" },
		{ "keys/git-ssh-locked", 0600,
			"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHI\n-----END OPENSSH PRIVATE KEY-----\n" },
		{ "known_hosts", 0644, "# of the forge\n\ngit.example ssh-ed25519 AAAA\n" },
		{ "known_nobody", 0644, "# of the forge\n\n\r\n" },
	};

	if (scratch_setup(state) != 0 || file_mkdirs(scratch_path(state, "keys"), 0700, NULL) < 0)
		return -1;
	for (size_t i = 0; i < LENGTH(files); i++) {
		if (file_write(scratch_path(state, files[i].name), files[i].text != NULL ? slice_of(files[i].text) : SLICE("x\n"), files[i].mode,
			    NULL) < 0)
			return -1;
	}
	return 0;
}

static inline int load_text(void **state, const char *text, const struct settings **settings_out, struct err *err)
{
	const char *path = scratch_path(state, "modgate.yaml");

	assert_int_equal(file_write(path, slice_of(text), 0600, NULL), 0);
	return settings_load(path, settings_out, err);
}

/* A configuration that must be good. */
static inline const struct settings *load_good(void **state, const char *text)
{
	const struct settings *settings = NULL;
	struct err err = ERR_INIT;

	if (load_text(state, text, &settings, &err) < 0)
		fail_msg("%s", err.text);
	return settings;
}

#endif
