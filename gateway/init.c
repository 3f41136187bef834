/* modgate init: the files of a new gateway. Everything is thought out and checked before the first byte is written. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "gateway/certificate.h"
#include "gateway/gateway.h"
#include "gateway/text.h"
#include "policy/policy.h"

#define TEXT_MAX         (1024 * 1024)
#define ADDRESS_HERE     "127.0.0.1:8443"
#define ADDRESS_ANYWHERE "0.0.0.0:8443"

/* What is made, in the order in which it is told. */
enum made { CONFIGURATION, POLICY, ADMIN_TOKEN, CA, SERVER, SERVER_KEY, CA_KEY, DATA, MADE };

static const struct {
	const char *name;
	mode_t mode; /* 0: not written by write_files() */
	const char *about;
} files[MADE] = {
	[CONFIGURATION] = { "modgate.yaml", 0644, "configuration" },
	[POLICY] = { "policy.yaml", 0644, "who may have which module" },
	[ADMIN_TOKEN] = { "admin.token", 0600, "a token of user admin, scope admin" },
	[CA] = { "ca.pem", 0644, "the gateway's own authority; clients trust it" },
	[SERVER] = { "server.pem", 0644, "the server's certificate" },
	[SERVER_KEY] = { "keys/server.key", 0600, "its key" },
	[CA_KEY] = { "keys/ca.key", 0600, "the authority's key, for the next certificate; better kept elsewhere" },
	[DATA] = { "data", 0, "tokens and audit trail; modules, later" },
};

struct plan {
	const struct gateway_init *init;
	const char *address;
	char paths[MADE][PATH_MAX];
	char upstream_ca[PATH_MAX]; /* absolute; "" for none */
	struct buf configuration, dropped;
	struct certificate_set certificates;
	struct buf token;
	unsigned written;     /* bits of what write_files() wrote */
	size_t databases;     /* of the configuration, read back; so are */
	struct buf upstreams; /* "https://a,https://b|https://c"; empty: none */
};

/* --- before anything is written -------------------------------------------------------------------------------------------------------- */

static int plan_paths(struct plan *plan, struct err *err)
{
	const char *directory = plan->init->directory;
	struct stat status;
	if (directory[0] == '\0' || strlen(directory) + sizeof("/keys/server.key") > PATH_MAX)
		return err_set(err, GATEWAY_ERR_INVALID, "the directory's name is empty or too long");
	for (int i = 0; i < MADE; i++) {
		snprintf(plan->paths[i], PATH_MAX, "%s/%s", directory, files[i].name);
		if (lstat(plan->paths[i], &status) == 0)
			return err_set(err, GATEWAY_ERR_NO, "%s is there already; init overwrites nothing", plan->paths[i]);
		if (errno != ENOENT)
			return err_set(err, GATEWAY_ERR, "%s: %m", plan->paths[i]);
	}
	return 0;
}

/* The configuration stands elsewhere, so the path is made absolute. */
static int plan_upstream_ca(struct plan *plan, struct err *err)
{
	const char *path = plan->init->upstream_ca;
	if (path == NULL)
		return 0;
	if (realpath(path, plan->upstream_ca) == NULL || access(path, R_OK) != 0)
		return err_set(err, GATEWAY_ERR_INVALID, "the upstream's authority %s: %m", path);
	return 0;
}

static int plan_texts(struct plan *plan, struct err *err)
{
	const struct gateway_init *init = plan->init;
	plan->address = init->host == NULL ? ADDRESS_HERE : ADDRESS_ANYWHERE;
	const struct settings_init settings = {
		.address = plan->address,
		.upstreams = init->upstreams,
		.upstream_ca = plan->upstream_ca[0] != '\0' ? plan->upstream_ca : NULL,
		.sumdb = init->sumdb,
	};
	if (init->host != NULL && !certificate_host_ok(init->host))
		return err_set(err, GATEWAY_ERR_INVALID, "the host %s is neither a DNS name nor an address", init->host);
	int code = settings_init_text(&settings, &plan->configuration, &plan->dropped, err);
	if (code != 0)
		return code == SETTINGS_ERR_INVALID ? GATEWAY_ERR_INVALID : GATEWAY_ERR;
	return certificate_make(init->host, &plan->certificates, err);
}

/* --- writing --------------------------------------------------------------------------------------------------------------------------- */

/* O_EXCL: what somebody else made since the plan was checked is not overwritten either. */
static int write_new(const char *path, struct slice bytes, mode_t mode, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(err, errno == EEXIST ? GATEWAY_ERR_NO : GATEWAY_ERR, "%s: %m", path);
	int code = fchmod(fd, mode);
	while (code == 0 && bytes.len > 0) {
		ssize_t written = write(fd, bytes.ptr, bytes.len);
		if (written >= 0)
			bytes = slice_after(bytes, (size_t)written);
		else if (errno != EINTR)
			code = -1;
	}
	if (code == 0)
		code = fsync(fd);
	if (code != 0)
		err_set(err, GATEWAY_ERR, "%s: %m", path);
	close(fd);
	if (code == 0)
		return file_sync_parent(path, err);
	unlink(path);
	return GATEWAY_ERR;
}

static int write_file(struct plan *plan, enum made which, struct slice bytes, struct err *err)
{
	int code = write_new(plan->paths[which], bytes, files[which].mode, err);
	if (code == 0)
		plan->written |= 1u << which;
	return code;
}

static int write_files(struct plan *plan, struct err *err)
{
	const struct {
		enum made which;
		struct slice bytes;
	} rows[] = {
		{ CA_KEY, buf_slice(&plan->certificates.ca_key) },
		{ SERVER_KEY, buf_slice(&plan->certificates.server_key) },
		{ CA, buf_slice(&plan->certificates.ca) },
		{ SERVER, buf_slice(&plan->certificates.server) },
		{ POLICY, slice_of(policy_init_text()) },
		{ CONFIGURATION, buf_slice(&plan->configuration) },
	};
	char keys[PATH_MAX];
	snprintf(keys, sizeof(keys), "%s/keys", plan->init->directory);
	int code = file_mkdirs(plan->init->directory, 0755, err);
	if (code == 0)
		code = file_mkdirs(keys, 0700, err);
	for (size_t i = 0; code == 0 && i < sizeof(rows) / sizeof(rows[0]); i++)
		code = write_file(plan, rows[i].which, rows[i].bytes, err);
	return code;
}

/* As GOPROXY would name them, without what was left out. */
static void list_upstreams(const struct settings *settings, struct buf *out)
{
	for (size_t i = 0; i < settings->upstreams_count; i++) {
		const struct settings_upstream *before = i > 0 ? &settings->upstreams[i - 1] : NULL;
		if (before != NULL)
			buf_add_char(out, before->fallback == SETTINGS_FALLBACK_ANY_ERROR ? '|' : ',');
		buf_add_text(out, settings->upstreams[i].url);
	}
}

/* The first token comes from the same code as every other, and so has its row in the audit trail. */
static int write_token(struct plan *plan, struct err *err)
{
	const struct settings *settings = NULL;
	const struct gateway_token_request request = { .user = "admin", .groups = "", .scope = "admin" };
	struct buf answer = BUF_INIT(TEXT_MAX);
	struct json *issued = NULL;
	struct slice text = SLICE_NONE;
	int code = settings_load(plan->paths[CONFIGURATION], &settings, err);
	if (code == 0)
		code = gateway_token_issue(settings, &request, &answer, err);
	if (code == 0)
		code = json_parse(buf_slice(&answer), &issued, err);
	if (code == 0) {
		list_upstreams(settings, &plan->upstreams);
		plan->databases = settings->databases_count;
		json_to_text(json_get(issued, "token"), &text);
		buf_add_slice(&plan->token, text);
		buf_add_char(&plan->token, '\n');
		code = write_file(plan, ADMIN_TOKEN, buf_slice(&plan->token), err);
	}
	json_close(&issued);
	buf_wipe(&answer);
	settings_unref(settings);
	return code;
}

/* So that what failed for want of space, say, can be repeated. The data directory may hold a record and stays. */
static void unwrite(const struct plan *plan)
{
	for (int i = 0; i < MADE; i++)
		if ((plan->written & 1u << i) != 0)
			unlink(plan->paths[i]);
}

/* --- telling --------------------------------------------------------------------------------------------------------------------------- */

/* Of nothing there is nothing to prove. */
static void tell_proof(const struct plan *plan, struct buf *out)
{
	if (plan->databases > 0 && plan->upstreams.len > 0)
		buf_printf(out, "They are proved against %s.\n", plan->init->sumdb);
	if (plan->databases == 0)
		buf_add_text(
			out, "There is no checksum database, so public modules cannot be proved and none is served: see sumdb in modgate.yaml.\n");
}

static void tell_text(const struct plan *plan, struct buf *out)
{
	for (int i = 0; i < MADE; i++)
		buf_printf(out, "%s  %s\n", plan->paths[i], files[i].about);
	if (plan->init->host == NULL)
		buf_printf(out, "\nIt listens on %s, for this machine alone; init --host NAME makes one for others.\n", plan->address);
	else
		buf_printf(out, "\nIt listens on %s, every address of this machine, and its certificate speaks of %s.\n", plan->address,
			plan->init->host);
	if (plan->upstreams.len > 0)
		buf_printf(out, "Public modules come from %s.\n", buf_text(&plan->upstreams));
	else
		buf_add_text(out, "There is no upstream, so no public module can be had: see upstreams in modgate.yaml.\n");
	if (plan->dropped.len > 0)
		buf_printf(out, "Left out of that list: %s. Every module comes through an upstream, or from a configured repository.\n",
			buf_text(&plan->dropped));
	tell_proof(plan, out);
	buf_add_text(out, "\nNext:\n  modgate serve -c ");
	text_shell_word(plan->paths[CONFIGURATION], out);
	buf_add_text(out, "\n  modgate env -c ");
	text_shell_word(plan->paths[CONFIGURATION], out);
	buf_add_char(out, '\n');
}

static void tell_json(const struct plan *plan, struct buf *out)
{
	struct json_writer json;
	json_writer_init(&json, out);
	json_object_begin(&json, NULL);
	json_array_begin(&json, "made");
	for (int i = 0; i < MADE; i++)
		json_write_text(&json, NULL, slice_of(plan->paths[i]));
	json_array_end(&json);
	json_write_text(&json, "address", slice_of(plan->address));
	if (plan->upstreams.len > 0)
		json_write_text(&json, "upstreams", buf_slice(&plan->upstreams));
	json_write_text(&json, "dropped", buf_slice(&plan->dropped));
	if (plan->databases > 0)
		json_write_text(&json, "sumdb", slice_of(plan->init->sumdb));
	json_object_end(&json);
	buf_add_char(out, '\n');
}

/* --- init ------------------------------------------------------------------------------------------------------------------------------ */

int gateway_init(const struct gateway_init *init, struct buf *out, struct err *err)
{
	struct plan *plan = calloc(1, sizeof(*plan));
	if (plan == NULL)
		return err_set(err, GATEWAY_ERR, "memory is short");
	plan->init = init;
	buf_init(&plan->configuration, TEXT_MAX);
	buf_init(&plan->dropped, TEXT_MAX);
	buf_init(&plan->upstreams, TEXT_MAX);
	buf_init(&plan->token, TEXT_MAX);
	int code = plan_paths(plan, err);
	if (code == 0)
		code = plan_upstream_ca(plan, err);
	if (code == 0)
		code = plan_texts(plan, err);
	if (code != 0)
		goto out;
	code = write_files(plan, err);
	if (code == 0)
		code = write_token(plan, err);
	if (code != 0)
		unwrite(plan);
	else if (init->json)
		tell_json(plan, out);
	else
		tell_text(plan, out);
out:
	certificate_set_wipe(&plan->certificates);
	buf_free(&plan->configuration);
	buf_free(&plan->dropped);
	buf_free(&plan->upstreams);
	buf_wipe(&plan->token);
	free(plan);
	return code;
}
