/* Reading private keys of ssh. Source: PROTOCOL.key of OpenSSH; RFC 1421 section 4.6 and RFC 5958 for the PEM forms. */
#include "base/sshkey.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define OWN_FORM "-----BEGIN OPENSSH PRIVATE KEY-----"
/* The base64 of "openssh-key-v1", a NUL and the cipher's name with its length, as far as it is the same in all: the cipher is "none". */
#define OWN_FORM_OPEN "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU"

bool sshkey_is(struct slice text)
{
	struct slice first = SLICE_NONE;

	slice_next(&text, '\n', &first);
	return slice_starts(first, SLICE("-----BEGIN ")) && slice_find(first, SLICE("PRIVATE KEY-----")) > 0;
}

static bool has_passphrase(struct slice text)
{
	struct slice first = SLICE_NONE, rest = text;

	slice_next(&rest, '\n', &first);
	if (slice_starts(first, SLICE(OWN_FORM)))
		return !slice_starts(rest, SLICE(OWN_FORM_OPEN));
	return slice_find(text, SLICE("ENCRYPTED")) >= 0;
}

/* ssh's own rule: who owns it must be the only one who may use it. Another's file, which we may read by its group, is that other's affair. */
static int check_mode(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return err_set(err, BASE_ERR_INVALID, "%s holds a private key that others than its owner may use; run chmod 600 on it", path);
	return 0;
}

int sshkey_read(const char *source, struct buf *out, struct err *err)
{
	int code = file_read_secret(source, out, err);

	if (code < 0)
		return code;
	if (!sshkey_is(buf_slice(out)))
		code = err_set(err, BASE_ERR_INVALID, "%s holds no private key of ssh; one as ssh-keygen makes it was expected", source);
	else if (has_passphrase(buf_slice(out)))
		code = err_set(err, BASE_ERR_INVALID,
			"%s holds a private key under a passphrase; one without was expected, ssh-keygen -p takes it off", source);
	else if (strncmp(source, "env:", 4) != 0)
		code = check_mode(source, err);
	buf_add_char(out, '\n');
	if (code == 0 && buf_failed(out))
		code = err_set(err, BASE_ERR_LIMIT, "%s is larger than the %zu bytes of a private key", source, out->max - 1);
	if (code < 0)
		buf_wipe(out);
	return code;
}
