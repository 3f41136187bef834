/*
 * Git over ssh: how ssh is run, with nothing of the machine's own configuration, and what its complaints mean. Key and known hosts lie in
 * memory, in files that git's child inherits and that ssh opens through its parent: no copy on disk, nothing in arguments or environment.
 */
#include <ctype.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/sshkey.h"
#include "vcs/child_private.h"

#define REASON_MAX 200

/*
 * What git runs; it appends host and command. ssh closes all descriptors that it inherits, so it opens them anew as its parent's ($PPID is
 * git): 4 takes what it has to say, apart from what the host says; 5 is the key, 6 the known hosts.
 */
const char vcs_ssh_command[] =
	"exec /usr/bin/ssh -F none -E /proc/$PPID/fd/4 -T"
	" -o IdentityFile=/proc/$PPID/fd/5 -o IdentitiesOnly=yes -o IdentityAgent=none -o AddKeysToAgent=no -o PKCS11Provider=none"
	" -o UserKnownHostsFile=/proc/$PPID/fd/6 -o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes -o VerifyHostKeyDNS=no"
	" -o UpdateHostKeys=no -o CheckHostIP=no -o CanonicalizeHostname=no"
	" -o BatchMode=yes -o PreferredAuthentications=publickey -o PubkeyAuthentication=yes -o PasswordAuthentication=no"
	" -o KbdInteractiveAuthentication=no -o HostbasedAuthentication=no -o GSSAPIAuthentication=no"
	" -o ProxyCommand=none -o ProxyJump=none -o ControlMaster=no -o ControlPath=none -o PermitLocalCommand=no -o ForkAfterAuthentication=no"
	" -o ForwardAgent=no -o ForwardX11=no -o ClearAllForwardings=yes -o Tunnel=no -o EscapeChar=none"
	" -o ConnectionAttempts=1 -o ConnectTimeout=15 -o ServerAliveInterval=15 -o ServerAliveCountMax=3 -o LogLevel=INFO";

int vcs_ssh_open(const struct mapping *mapping, const char *url, struct slice key, struct child_ssh *ssh_out, struct err *err)
{
	struct buf hosts = BUF_INIT(VCS_KNOWN_HOSTS_BYTES_MAX);
	struct child_ssh ssh = CHILD_SSH_INIT;
	int code = file_read(mapping->known_hosts_file, &hosts, err);

	if (code < 0)
		err_prepend(err, VCS_ERR_UNKNOWN, "%s", url);
	if (code == 0)
		code = vcs_child_file("ssh-key", key, &ssh.key_fd, err);
	if (code == 0)
		code = vcs_child_file("ssh-known-hosts", buf_slice(&hosts), &ssh.hosts_fd, err);
	if (code == 0)
		*ssh_out = ssh;
	else
		vcs_ssh_close(&ssh);
	buf_free(&hosts);
	return code == 0 ? 0 : VCS_ERR_UNKNOWN;
}

void vcs_ssh_close(struct child_ssh *ssh)
{
	if (ssh->key_fd >= 0)
		close(ssh->key_fd);
	if (ssh->hosts_fd >= 0)
		close(ssh->hosts_fd);
	*ssh = CHILD_SSH_INIT;
}

/* The words from this one on, up to white space. */
static struct slice word_from(struct slice text, struct slice start)
{
	ptrdiff_t at = slice_find(text, start);
	size_t len = 0;

	if (at < 0)
		return SLICE_NONE;
	text = slice_after(text, (size_t)at);
	while (len < text.len && !isspace((unsigned char)text.ptr[len]))
		len++;
	return slice_cut_utf8(slice_make(text.ptr, len), REASON_MAX);
}

bool vcs_ssh_refused(const char *url, struct slice log, struct err *err)
{
	static const struct {
		const char *words, *sentence;
	} table[] = {
		{ "REVOKED HOST KEY", "shows a host key that known_hosts_file marks as revoked; whoever runs it must make a new one" },
		{ "IDENTIFICATION HAS CHANGED", "shows another host key than known_hosts_file has; ask whoever runs it whether it was changed: if "
						"not, somebody stands between" },
		{ "host key is known for", "is not in known_hosts_file, or not with the kind of key that it shows; ask whoever runs it for its host "
					   "key and add it there" },
		{ "Host key verification failed", "could not prove who it is by known_hosts_file; compare its host key with what is written there" },
		{ "Load key ", "was given no key: ssh cannot read what credentials_file holds; one as ssh-keygen makes it is expected" },
		{ "Permission denied", "refuses the key that it was given; check credentials_file, and that the host lets its public half in" },
		{ "Too many authentication failures",
			"refuses the key that it was given; check credentials_file, and that the host lets its public half in" },
	};
	struct slice shown = word_from(log, SLICE("SHA256:"));

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (slice_find(log, slice_of(table[i].words)) < 0)
			continue;
		err_set(err, VCS_ERR_UNKNOWN, "%s %s%s%.*s%s", url, table[i].sentence, shown.len > 0 ? " (it shows " : "", SLICE_ARG(shown),
			shown.len > 0 ? ")" : "");
		return true;
	}
	return false;
}

bool vcs_ssh_missing(struct slice messages)
{
	static const char *const words[] = { "does not appear to be a git repository", "epository not found", "could not be found",
		"annot find repository" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_find(messages, slice_of(words[i])) >= 0)
			return true;
	return false;
}

struct slice vcs_ssh_reason(struct slice log)
{
	struct slice line = SLICE_NONE;

	slice_next(&log, '\n', &line);
	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	return slice_cut_utf8(line, REASON_MAX);
}
