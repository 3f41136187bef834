/*
 * The configuration of a git child, as a file in memory that only the child inherits: so a credential is in no argument, no environment
 * and no file on disk, and nothing that the machine's administrator or the repository configured applies.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/url.h"
#include "vcs/child_private.h"

#define CONFIG_BYTES_MAX 32768 /* a credential of FILE_SECRET_BYTES_MAX in base64, and the rest */

/*
 * What fsck finds in old and honest repositories, and what a mirror that is never checked out can hold without harm, is a warning; all
 * else ends the fetch.
 */
static const char fixed[] =
	"[core]\n\thooksPath = /dev/null\n\tattributesFile = /dev/null\n\tfsmonitor = false\n\tbigFileThreshold = 32m\n"
	"[protocol]\n\tversion = 2\n\tallow = never\n"
	"[http]\n\tfollowRedirects = false\n\tsslVerify = true\n\tlowSpeedLimit = 100\n\tlowSpeedTime = 60\n\tsaveCookies = false\n"
	"[transfer]\n\tfsckObjects = true\n\tbundleURI = false\n"
	"[fetch]\n\tfsckObjects = true\n\tunpackLimit = 1\n\trecurseSubmodules = false\n\twriteCommitGraph = false\n"
	"[fetch \"fsck\"]\n\tzeroPaddedFilemode = warn\n\tbadFilemode = warn\n\tmissingSpaceBeforeDate = warn\n\tbadTimezone = warn\n"
	"\tmissingSpaceBeforeEmail = warn\n\tmissingNameBeforeEmail = warn\n\tbadDateOverflow = warn\n\tmissingTaggerEntry = warn\n"
	"[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n[submodule]\n\trecurse = false\n[pack]\n\tthreads = 1\n";

static void add_quoted(struct buf *out, struct slice value)
{
	buf_add_char(out, '"');
	for (size_t i = 0; i < value.len; i++) {
		if (value.ptr[i] == '"' || value.ptr[i] == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, value.ptr[i]);
	}
	buf_add_char(out, '"');
}

static void add_credential(struct buf *out, const char *url, struct slice credential)
{
	buf_add_text(out, "[http ");
	add_quoted(out, url_origin(url));
	buf_add_text(out, "]\n\textraHeader = \"Authorization: Basic ");
	base64_encode(credential, out);
	buf_add_text(out, "\"\n");
}

static int write_all(int fd, struct slice bytes)
{
	while (bytes.len > 0) {
		ssize_t n = write(fd, bytes.ptr, bytes.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		bytes = slice_after(bytes, (size_t)n);
	}
	return 0;
}

static int memory_file(const char *name)
{
	int low = memfd_create(name, MFD_CLOEXEC);
	int fd = low < 0 ? -1 : fcntl(low, F_DUPFD_CLOEXEC, VCS_CHILD_FDS);

	if (low >= 0)
		close(low);
	return fd;
}

/* Only ours, as ssh wants a key's file to be. */
int vcs_child_file(const char *name, struct slice bytes, int *fd_out, struct err *err)
{
	int fd = memory_file(name);

	if (fd < 0 || fchmod(fd, 0600) != 0 || write_all(fd, bytes) != 0) {
		err_set(err, VCS_ERR_UNKNOWN, "cannot prepare what git needs (%s): %s", name, strerror(errno));
		if (fd >= 0)
			close(fd);
		return VCS_ERR_UNKNOWN;
	}
	*fd_out = fd;
	return 0;
}

static void add_protocol(struct buf *out, const char *url)
{
	buf_add_text(out, "[protocol ");
	add_quoted(out, slice_make(url, strcspn(url, ":")));
	buf_add_text(out, "]\n\tallow = always\n");
}

int vcs_child_config(const char *url, const char *ca, struct slice credential, int *fd_out, struct err *err)
{
	struct buf text = BUF_INIT(CONFIG_BYTES_MAX);
	int code;

	buf_add_text(&text, fixed);
	if (url)
		add_protocol(&text, url);
	if (ca) {
		buf_add_text(&text, "[http]\n\tsslCAInfo = ");
		add_quoted(&text, slice_of(ca));
		buf_add_char(&text, '\n');
	}
	if (credential.len > 0)
		add_credential(&text, url, credential);
	if (buf_failed(&text))
		code = err_set(err, VCS_ERR_UNKNOWN, "cannot prepare git's configuration: it is longer than %d bytes", CONFIG_BYTES_MAX);
	else
		code = vcs_child_file("git-config", buf_slice(&text), fd_out, err);
	buf_wipe(&text);
	return code;
}
