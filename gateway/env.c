/* modgate env: what a developer types so that the go command uses this gateway and goes round it in no case. Source: go.dev/ref/mod, `go help goauth`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "gateway/certificate.h"
#include "gateway/gateway.h"
#include "gateway/open.h"
#include "gateway/text.h"

#define LIST_BYTES_MAX (100 * 1024) /* a word of a command line has at most 128 KiB */
#define URL_BYTES_MAX  2048
#define GOAUTH_MINOR   24 /* since go1.24: GOAUTH, and netrc lines are looked up by host and port */
#define COMMENT_COLUMN "# "

enum goauth { GOAUTH_UNSURE, GOAUTH_NO, GOAUTH_YES };

/* What is to be told. */
struct advice {
	struct buf url;
	struct slice authority; /* HOST:PORT of url */
	struct slice host;      /* without port and brackets */
	const char *sumdb;      /* NULL: unknown or none configured */
	bool from_settings;     /* sumdb and nosumdb are known */
	struct buf nosumdb;
	char *ca; /* path of the private authority, NULL: none */
	enum goauth goauth;
};

/* --- finding out ------------------------------------------------------------------------------------------------------------------------- */

/* "go1.26.8", "go1.24rc1", "devel go1.25-...": is it 1.24 or later? */
static enum goauth goauth_of(const char *go)
{
	struct slice text = slice_of(go), digits;
	long long minor;
	ptrdiff_t at = slice_find(text, SLICE("go1."));
	if (at < 0)
		return GOAUTH_UNSURE;
	text = slice_after(text, (size_t)at + 4);
	size_t length = text.len > 0 ? strspn(text.ptr, "0123456789") : 0;
	digits = slice_sub(text, 0, length);
	if (!slice_to_number(digits, &minor))
		return GOAUTH_UNSURE;
	return minor >= GOAUTH_MINOR ? GOAUTH_YES : GOAUTH_NO;
}

/* Only what needs no quotes in a shell and is no list for the go command. */
static int take_url(const char *text, struct advice *advice, struct err *err)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/:[]%+";
	struct slice url = slice_of(text), path;
	while (slice_ends(url, SLICE("/")))
		url.len--;
	if (!slice_starts(url, SLICE("https://")) || strspn(text, allowed) != strlen(text))
		return err_set(err, GATEWAY_ERR_INVALID, "%s: the gateway's address was expected: https://HOST[:PORT][/PREFIX]", text);
	buf_add_slice(&advice->url, url);
	if (buf_failed(&advice->url))
		return err_set(err, GATEWAY_ERR_INVALID, "the URL is longer than %d bytes", URL_BYTES_MAX);
	slice_cut(slice_after(buf_slice(&advice->url), strlen("https://")), '/', &advice->authority, &path);
	advice->host = advice->authority;
	ptrdiff_t colon = slice_last_index(advice->host, ':');
	if (colon >= 0 && slice_index(slice_after(advice->host, (size_t)colon), ']') < 0)
		advice->host = slice_sub(advice->host, 0, (size_t)colon);
	if (slice_starts(advice->host, SLICE("[")) && slice_ends(advice->host, SLICE("]")))
		advice->host = slice_sub(advice->host, 1, advice->host.len - 1);
	if (advice->host.len == 0)
		return err_set(err, GATEWAY_ERR_INVALID, "%s: it names no host", text);
	return 0;
}

static bool is_wildcard(const char *host)
{
	return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

/* The address of the configuration; where that says "any address", the name in the certificate. */
static int configured_url(const struct settings *settings, struct advice *advice, struct err *err)
{
	const struct settings_listen *listen_on = &settings->listen;
	struct buf host = BUF_INIT(URL_BYTES_MAX), url = BUF_INIT(URL_BYTES_MAX);
	int code = 0;
	if (listen_on->port == 0)
		return err_set(err, GATEWAY_ERR_INVALID, "listen.address is %s, so the port is known to the running daemon only: modgate env URL",
			listen_on->address);
	if (!is_wildcard(listen_on->host))
		buf_add_text(&host, listen_on->host);
	else if (certificate_public_host(listen_on->certificate, &host, err) != 0)
		code = GATEWAY_ERR;
	if (code == 0 && host.len == 0)
		buf_add_text(&host, "localhost");
	bool is_v6 = slice_index(buf_slice(&host), ':') >= 0;
	buf_printf(&url, is_v6 ? "https://[%s]:%u%s" : "https://%s:%u%s", buf_text(&host), (unsigned)listen_on->port, listen_on->prefix);
	if (code == 0)
		code = take_url(buf_text(&url), advice, err);
	buf_free(&host);
	buf_free(&url);
	return code;
}

/* ca.pem beside the configuration, when the server's certificate is by it: nobody's system knows that authority. */
static char *private_ca(const struct settings *settings)
{
	char *beside = file_beside(settings->path, "ca.pem");
	char *ca = beside != NULL ? realpath(beside, NULL) : NULL;
	free(beside);
	if (ca != NULL && certificate_is_by(settings->listen.certificate, ca))
		return ca;
	free(ca);
	return NULL;
}

static int from_settings(const struct settings *settings, struct advice *advice, struct err *err)
{
	struct policy *policy = NULL;
	int code = open_policy(settings, &policy, err);
	if (code != 0)
		return code == POLICY_ERR_INVALID ? GATEWAY_ERR_INVALID : GATEWAY_ERR;
	policy_sumdb_list(policy, &advice->nosumdb);
	policy_unref(policy);
	if (buf_failed(&advice->nosumdb))
		return err_set(err, GATEWAY_ERR_INVALID,
			"the patterns of %s and the mapped prefixes are longer than the %d bytes that a GONOSUMDB is given", settings->policy,
			LIST_BYTES_MAX);
	advice->from_settings = true;
	advice->sumdb = settings->databases_count > 0 ? settings->databases[0].key : NULL;
	advice->ca = private_ca(settings);
	return 0;
}

/* --- telling ----------------------------------------------------------------------------------------------------------------------------- */

static void set_line(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, "go env -w %s=", name);
	text_shell_word(value, out);
	buf_add_char(out, '\n');
}

static void tell_databases(const struct advice *advice, struct buf *out)
{
	if (!advice->from_settings) {
		buf_add_text(
			out, COMMENT_COLUMN "GOSUMDB and GONOSUMDB are not known here: modgate env -c FILE on the gateway's machine prints them\n");
		return;
	}
	if (advice->sumdb != NULL)
		set_line(out, "GOSUMDB", advice->sumdb);
	else
		buf_add_text(out, COMMENT_COLUMN "no checksum database is configured: only what GONOSUMDB names can be had\n");
	if (advice->nosumdb.len > 0)
		set_line(out, "GONOSUMDB", buf_text(&advice->nosumdb));
	else
		buf_add_text(out, "go env -u GONOSUMDB\n");
}

static void tell_netrc(const struct advice *advice, struct buf *out)
{
	bool both = advice->goauth == GOAUTH_UNSURE && !slice_equal(advice->authority, advice->host);
	struct slice machine = advice->goauth == GOAUTH_NO ? advice->host : advice->authority;
	if (advice->goauth == GOAUTH_YES)
		buf_add_text(out, "go env -w GOAUTH=netrc\n");
	buf_add_text(out, COMMENT_COLUMN
		"in ~/.netrc, which nobody else may read (chmod 600); USER and PASSWORD as your directory knows them, or any name and a token:\n");
	buf_printf(out, "#   machine %.*s login USER password PASSWORD\n", SLICE_ARG(machine));
	if (both)
		buf_printf(out, COMMENT_COLUMN "a go command before 1.24 looks for the host alone:\n#   machine %.*s login USER password PASSWORD\n",
			SLICE_ARG(advice->host));
}

static void tell_text(const struct advice *advice, struct buf *out)
{
	buf_add_text(out, COMMENT_COLUMN "every module through the gateway, and none round it\n");
	set_line(out, "GOPROXY", buf_text(&advice->url));
	buf_add_text(out, "go env -w GONOPROXY=none\n");
	buf_add_text(out, "go env -u GOPRIVATE\n");
	tell_databases(advice, out);
	tell_netrc(advice, out);
	if (advice->ca == NULL)
		return;
	buf_add_text(out, COMMENT_COLUMN
		"the gateway's certificate is by an authority of its own: add a copy of this file to the system's, or for one shell\n");
	buf_add_text(out, "export SSL_CERT_FILE=");
	text_shell_word(advice->ca, out);
	buf_add_char(out, '\n');
}

static void tell_json(const struct advice *advice, struct buf *out)
{
	struct json_writer json;
	json_writer_init(&json, out);
	json_object_begin(&json, NULL);
	json_object_begin(&json, "set");
	json_write_text(&json, "GOPROXY", buf_slice(&advice->url));
	json_write_text(&json, "GONOPROXY", SLICE("none"));
	if (advice->sumdb != NULL)
		json_write_text(&json, "GOSUMDB", slice_of(advice->sumdb));
	if (advice->nosumdb.len > 0)
		json_write_text(&json, "GONOSUMDB", buf_slice(&advice->nosumdb));
	if (advice->goauth == GOAUTH_YES)
		json_write_text(&json, "GOAUTH", SLICE("netrc"));
	json_object_end(&json);
	json_array_begin(&json, "unset");
	json_write_text(&json, NULL, SLICE("GOPRIVATE"));
	if (advice->from_settings && advice->nosumdb.len == 0)
		json_write_text(&json, NULL, SLICE("GONOSUMDB"));
	json_array_end(&json);
	json_array_begin(&json, "netrc_machines");
	if (advice->goauth != GOAUTH_NO)
		json_write_text(&json, NULL, advice->authority);
	if (advice->goauth == GOAUTH_NO || (advice->goauth == GOAUTH_UNSURE && !slice_equal(advice->authority, advice->host)))
		json_write_text(&json, NULL, advice->host);
	json_array_end(&json);
	if (advice->ca != NULL)
		json_write_text(&json, "ssl_cert_file", slice_of(advice->ca));
	json_object_end(&json);
	buf_add_char(out, '\n');
}

int gateway_env(const struct settings *settings, const char *url, const char *go, bool json, struct buf *out, struct err *err)
{
	struct advice advice = { .url = BUF_INIT(URL_BYTES_MAX), .nosumdb = BUF_INIT(LIST_BYTES_MAX), .goauth = goauth_of(go) };
	int code = url != NULL ? take_url(url, &advice, err) : configured_url(settings, &advice, err);
	if (code == 0 && settings != NULL)
		code = from_settings(settings, &advice, err);
	if (code == 0)
		(json ? tell_json : tell_text)(&advice, out);
	buf_free(&advice.url);
	buf_free(&advice.nosumdb);
	free(advice.ca);
	return code;
}
