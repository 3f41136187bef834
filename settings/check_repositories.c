/* repositories: where each one is, the {n} and {*} in it, and the list of prefixes. */
#include "settings/settings_private.h"

#include <string.h>

#include "base/file.h"
#include "base/sshkey.h"
#include "base/url.h"
#include "module/template.h"

#define KEY         "repositories[].repository"
#define CREDENTIALS "repositories[].credentials_file"
#define KNOWN_HOSTS "repositories[].known_hosts_file"

static int template_error(struct settings_reader *reader, const struct settings_repository *repository, const char *sentence)
{
	return yaml_error(reader->document, settings_line(repository->lines, KEY), reader->err, KEY " is \"%.200s\": %s",
		settings_shown(repository->repository), sentence);
}

static int credentials_error(struct settings_reader *reader, const struct settings_repository *repository, const char *sentence)
{
	return yaml_error(reader->document, settings_line(repository->lines, CREDENTIALS), reader->err, CREDENTIALS ": %s %s",
		repository->credentials_file, sentence);
}

/* It is read anew for each fetch; a file of another form is told now. */
static int check_credentials(struct settings_reader *reader, const struct settings_repository *repository)
{
	struct buf secret = BUF_INIT(FILE_SECRET_BYTES_MAX);
	struct err why = ERR_INIT;
	int code = 0;

	if (repository->credentials_file == NULL)
		return 0;
	if (file_read_secret(repository->credentials_file, &secret, &why) < 0)
		code = yaml_error(reader->document, settings_line(repository->lines, CREDENTIALS), reader->err, CREDENTIALS ": %s", why.text);
	else if (sshkey_is(buf_slice(&secret)))
		code = credentials_error(reader, repository, "holds a private key; that is for ssh, user:token was expected with https");
	else if (slice_index(buf_slice(&secret), ':') < 1)
		code = credentials_error(reader, repository, "does not hold user:token; one line of that form was expected");
	buf_wipe(&secret);
	return code;
}

static int known_hosts_error(struct settings_reader *reader, const struct settings_repository *repository)
{
	return yaml_error(reader->document, settings_line(repository->lines, KNOWN_HOSTS), reader->err,
		KNOWN_HOSTS " is of use with ssh alone; it must be left out here");
}

static int check_url(struct settings_reader *reader, const struct settings_repository *repository)
{
	struct err why = ERR_INIT;
	struct url url;

	if (strncmp(repository->repository, "ssh://", 6) == 0)
		return settings_check_ssh(reader, repository);
	if (repository->known_hosts_file != NULL)
		return known_hosts_error(reader, repository);
	if (strncmp(repository->repository, "https://", 8) != 0)
		return template_error(reader, repository, "an https or ssh URL, or the path of a repository on this machine, was expected");
	if (url_parse(repository->repository, &url, &why) < 0)
		return yaml_error(reader->document, settings_line(repository->lines, KEY), reader->err, KEY ": %s", why.text);
	if (url.path.len < 2)
		return template_error(reader, repository, "it names a server and no repository; an https URL with a path was expected");
	return check_credentials(reader, repository);
}

static bool is_scp_form(const char *text)
{
	const char *colon = strchr(text, ':');
	const char *slash = strchr(text, '/');

	return colon != NULL && (slash == NULL || colon < slash);
}

static int check_path(struct settings_reader *reader, struct settings_repository *repository)
{
	const char *text = repository->repository;

	if (text[0] != '/' && is_scp_form(text))
		return template_error(reader, repository, "that is how scp writes it; ssh://USER@HOST/PATH was expected");
	if (text[0] != '/' && strncmp(text, "./", 2) != 0 && strncmp(text, "../", 3) != 0)
		return template_error(
			reader, repository, "it is neither a URL nor a path; https://HOST/PATH, or a path that begins with / or ./, was expected");
	if (repository->credentials_file != NULL)
		return yaml_error(reader->document, settings_line(repository->lines, CREDENTIALS), reader->err,
			CREDENTIALS " is of no use with a path; an https URL was expected");
	if (repository->known_hosts_file != NULL)
		return known_hosts_error(reader, repository);
	if (repository->ca != NULL)
		return yaml_error(reader->document, settings_line(repository->lines, "repositories[].ca"), reader->err,
			"repositories[].ca is of no use with a path; an https URL was expected");
	repository->local = true;
	repository->repository = settings_beside(reader, text);
	return repository->repository == NULL ? settings_memory(reader) : 0;
}

static int check_one(struct settings_reader *reader, struct settings_repository *repository)
{
	struct module_template template;
	struct err why = ERR_INIT;

	if (repository->subdir == NULL)
		repository->subdir = "";
	if (module_template_read(repository->repository, &template, &why) < 0)
		return template_error(reader, repository, why.text);
	repository->elements = (unsigned)template.elements;
	repository->open_ended = template.open_ended;
	return strstr(repository->repository, "://") != NULL ? check_url(reader, repository) : check_path(reader, repository);
}

static int check_twins(struct settings_reader *reader, const struct settings_repository *repositories, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (strcmp(repositories[i].prefix, repositories[index].prefix) == 0)
			return yaml_error(reader->document, settings_line(repositories[index].lines, "repositories[].prefix"), reader->err,
				"the prefix %.200s stands on line %u already; each once was expected", repositories[index].prefix,
				settings_line(repositories[i].lines, "repositories[].prefix"));
	}
	return 0;
}

static bool same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* One of the two credentials would be of no use, or would be meant for what the other must not read. */
static int check_rivals(struct settings_reader *reader, const struct settings_repository *repositories, size_t index)
{
	const struct settings_repository *own = &repositories[index];

	for (size_t i = 0; i < index; i++) {
		const struct settings_repository *other = &repositories[i];

		if (strcmp(other->repository, own->repository) == 0 &&
			!(same(other->credentials_file, own->credentials_file) && same(other->known_hosts_file, own->known_hosts_file) &&
				same(other->ca, own->ca)))
			return yaml_error(reader->document, settings_line(own->lines, KEY), reader->err,
				KEY " is that of line %u with another credentials_file, known_hosts_file or ca; the same ones were expected",
				settings_line(other->lines, KEY));
	}
	return 0;
}

int settings_check_repositories(struct settings_reader *reader, struct settings *settings)
{
	struct settings_repository *repositories = (struct settings_repository *)settings->repositories;
	const char **prefixes = arena_alloc(reader->arena, (settings->repositories_count + 1) * sizeof(*prefixes));
	int code = 0;

	if (prefixes == NULL)
		return settings_memory(reader);
	for (size_t i = 0; code == 0 && i < settings->repositories_count; i++) {
		prefixes[i] = repositories[i].prefix;
		code = check_one(reader, &repositories[i]);
		if (code == 0)
			code = check_twins(reader, repositories, i);
		if (code == 0)
			code = check_rivals(reader, repositories, i);
	}
	if (code == 0)
		settings->prefixes = prefixes;
	return code;
}
