/* Repositories over ssh: the address, the private key, and the hosts that are known. */
#include "settings/settings_private.h"

#include <string.h>

#include "base/file.h"
#include "base/sshkey.h"
#include "base/url.h"

#define KEY         "repositories[].repository"
#define CREDENTIALS "repositories[].credentials_file"
#define KNOWN_HOSTS "repositories[].known_hosts_file"
#define CA          "repositories[].ca"

static int check_address(struct settings_reader *reader, const struct settings_repository *repository)
{
	unsigned line = settings_line(repository->lines, KEY);
	struct err why = ERR_INIT;
	struct url url;

	if (url_parse(repository->repository, &url, &why) < 0)
		return yaml_error(reader->document, line, reader->err, KEY ": %s", why.text);
	if (url.user.len == 0)
		return yaml_error(reader->document, line, reader->err,
			KEY " is \"%.200s\": it has no user; one like ssh://git@HOST/PATH was expected", repository->repository);
	if (url.path.len < 2)
		return yaml_error(reader->document, line, reader->err,
			KEY " is \"%.200s\": it names a server and no repository; one like ssh://git@HOST/PATH was expected", repository->repository);
	return 0;
}

static int check_key(struct settings_reader *reader, const struct settings_repository *repository)
{
	struct buf secret = BUF_INIT(FILE_SECRET_BYTES_MAX);
	struct err why = ERR_INIT;
	int code = 0;

	if (repository->credentials_file == NULL)
		return yaml_error(reader->document, settings_line(repository->lines, KEY), reader->err,
			CREDENTIALS " is missing; for ssh a private key was expected, without a passphrase");
	if (sshkey_read(repository->credentials_file, &secret, &why) < 0)
		code = yaml_error(reader->document, settings_line(repository->lines, CREDENTIALS), reader->err, CREDENTIALS ": %s", why.text);
	buf_wipe(&secret);
	return code;
}

/* Who is known cannot be told: hosts may be written as hashes. But somebody must be. */
static bool names_a_host(struct slice text)
{
	struct slice line;

	while (slice_next(&text, '\n', &line)) {
		line = slice_trim(line);
		if (line.len > 0 && line.ptr[0] != '#' && line.ptr[0] != '\r')
			return true;
	}
	return false;
}

static int check_known_hosts(struct settings_reader *reader, const struct settings_repository *repository)
{
	struct buf text = BUF_INIT(SETTINGS_KNOWN_HOSTS_BYTES_MAX);
	unsigned line = settings_line(repository->lines, KNOWN_HOSTS);
	struct err why = ERR_INIT;
	int code = 0;

	if (repository->known_hosts_file == NULL)
		return yaml_error(reader->document, settings_line(repository->lines, KEY), reader->err,
			KNOWN_HOSTS
			" is missing; for ssh the host's key was expected there, as OpenSSH writes it: no host is trusted at first sight");
	if (file_read(repository->known_hosts_file, &text, &why) < 0)
		code = yaml_error(reader->document, line, reader->err, KNOWN_HOSTS ": %s", why.text);
	else if (!names_a_host(buf_slice(&text)))
		code = yaml_error(reader->document, line, reader->err,
			KNOWN_HOSTS ": %s names no host; its key was expected there, as OpenSSH writes it", repository->known_hosts_file);
	buf_free(&text);
	return code;
}

int settings_check_ssh(struct settings_reader *reader, const struct settings_repository *repository)
{
	int code = check_address(reader, repository);

	if (code == 0 && repository->ca != NULL)
		code = yaml_error(reader->document, settings_line(repository->lines, CA), reader->err,
			CA " is of no use with ssh; " KNOWN_HOSTS " was expected alone");
	if (code == 0)
		code = check_key(reader, repository);
	if (code == 0)
		code = check_known_hosts(reader, repository);
	return code;
}
