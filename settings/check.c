/* Keys of modgate.yaml that belong together, and what is derived from them: listen, upstreams, databases. */
#include "settings/settings_private.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/url.h"

unsigned settings_line(const unsigned *lines, const char *path)
{
	char name[SETTINGS_KEY_MAX];
	size_t len = strlen(path);

	memcpy(name, path, len + 1);
	while (len > 0) {
		const struct key *key = settings_key_find(name);
		char *dot = strrchr(name, '.');

		if (key != NULL && lines[settings_key_index(key)] != 0)
			return lines[settings_key_index(key)];
		len = dot == NULL ? 0 : (size_t)(dot - name);
		name[len] = '\0';
	}
	return 1;
}

/* Only what a socket can be bound to without asking a name server. */
static bool is_bindable(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	return strcmp(host, "localhost") == 0 || inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

static int check_listen(struct settings_reader *reader, struct settings *settings)
{
	struct settings_listen *listen = &settings->listen;
	struct slice prefix = slice_of(listen->prefix);
	struct slice host = SLICE_NONE;
	struct slice port = SLICE_NONE;
	long long number = 0;

	if (url_host_port(slice_of(listen->address), &host, &port))
		listen->host = arena_text(reader->arena, host);
	if (host.len > 0 && listen->host == NULL)
		return settings_memory(reader);
	if (listen->host == NULL || port.len == 0 || !url_port(port, &number) || !is_bindable(listen->host))
		return yaml_error(reader->document, settings_line(settings->lines, "listen.address"), reader->err,
			"listen.address is \"%.200s\"; HOST:PORT was expected, with an IPv4 address, [an IPv6 address] or localhost",
			listen->address);
	listen->port = (uint16_t)number;
	listen->line = settings_line(settings->lines, "listen.certificate");
	if (slice_ends(prefix, SLICE("/")))
		prefix.len--;
	listen->prefix = arena_text(reader->arena, prefix);
	return listen->prefix == NULL ? settings_memory(reader) : 0;
}

/* What is not there yet is made. A device would take everything and keep nothing; at the root the files of others lie about. */
static int check_data(struct settings_reader *reader, struct settings *settings)
{
	char *real = realpath(settings->data, NULL);
	bool is_root = real != NULL && strcmp(real, "/") == 0;
	struct stat st;

	free(real);
	if (!is_root && (stat(settings->data, &st) != 0 || S_ISDIR(st.st_mode)))
		return 0;
	return yaml_error(reader->document, settings_line(settings->lines, "data"), reader->err,
		"data: %s is %s; a directory of its own was expected", settings->data, is_root ? "the root of the file system" : "no directory");
}

static int strip_slash(struct settings_reader *reader, const char **url)
{
	struct slice text = slice_of(*url);

	while (slice_ends(text, SLICE("/")))
		text.len--;
	*url = arena_text(reader->arena, text);
	return *url == NULL ? settings_memory(reader) : 0;
}

static int check_upstreams(struct settings_reader *reader, struct settings *settings)
{
	struct settings_upstream *upstreams = (struct settings_upstream *)settings->upstreams;

	for (size_t i = 0; i < settings->upstreams_count; i++) {
		int code = strip_slash(reader, &upstreams[i].url);

		if (code < 0)
			return code;
		if (upstreams[i].ca != NULL && strncmp(upstreams[i].url, "https:", 6) != 0)
			return yaml_error(reader->document, settings_line(upstreams[i].lines, "upstreams[].ca"), reader->err,
				"upstreams[].ca is of no use with an http URL; an https URL was expected");
	}
	return 0;
}

/* "NAME" of a key or the name itself. */
static struct slice database_name(const struct settings_database *database)
{
	struct slice name;
	struct slice rest;

	slice_cut(slice_of(database->key), '+', &name, &rest);
	return name;
}

static int check_databases(struct settings_reader *reader, struct settings *settings)
{
	struct settings_database *databases = (struct settings_database *)settings->databases;

	for (size_t i = 0; i < settings->databases_count; i++) {
		databases[i].line = settings_line(databases[i].lines, "sumdb.databases[].key");
		if (databases[i].url != NULL && strip_slash(reader, &databases[i].url) < 0)
			return SETTINGS_ERR;
		for (size_t k = 0; k < i; k++) {
			if (slice_equal(database_name(&databases[i]), database_name(&databases[k])))
				return yaml_error(reader->document, databases[i].line, reader->err,
					"the database %.*s stands on line %u already; each once was expected",
					SLICE_ARG(database_name(&databases[i])), databases[k].line);
		}
	}
	return 0;
}

int settings_check(struct settings_reader *reader, struct settings *settings)
{
	int code = check_listen(reader, settings);

	if (code == 0)
		code = check_data(reader, settings);
	if (code == 0)
		code = settings_check_auth(reader, settings);
	if (code == 0)
		code = settings_check_repositories(reader, settings);
	if (code == 0)
		code = check_upstreams(reader, settings);
	if (code == 0)
		code = check_databases(reader, settings);
	return code;
}
