/* 401: what a developer without a good credential reads, and what the client's own code does. The go command shows the text. */
#include "gateway/gateway_private.h"

#define HOST_SHOWN 120

/* What the client calls us, if that is plain enough to be shown. */
static struct slice host_shown(const struct request *request)
{
	struct slice host = request_header(request, MHD_HTTP_HEADER_HOST);
	for (size_t i = 0; i < host.len; i++) {
		char c = host.ptr[i];
		bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == ':' ||
			     c == '[' || c == ']';
		if (!plain)
			return SLICE("HOST:PORT");
	}
	return host.len > 0 && host.len <= HOST_SHOWN ? host : SLICE("HOST:PORT");
}

/* Without ":PORT"; an IPv6 address keeps its colons. */
static struct slice host_alone(struct slice host)
{
	size_t end = host.len;
	while (end > 0 && host.ptr[end - 1] != ':' && host.ptr[end - 1] != ']')
		end--;
	return end > 0 && host.ptr[end - 1] == ':' ? slice_sub(host, 0, end - 1) : host;
}

/* "a token (mg_...), the directory's password or an identity token (JWT)": what is configured of them. */
static void add_kinds(const struct settings_auth *auth, struct buf *out)
{
	const char *kinds[3];
	size_t count = 0;
	if (auth->tokens)
		kinds[count++] = "a token (mg_...)";
	if (auth->ldap.enabled)
		kinds[count++] = "your password in the directory";
	if (auth->jwt_count > 0)
		kinds[count++] = "an identity token (JWT)";
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s%s", i == 0 ? "" : i + 1 == count ? " or " : ", ", kinds[i]);
	if (count == 0)
		buf_add_text(out, "nothing: its configuration lets nobody sign in");
}

void request_challenge(struct request *request, const char *why)
{
	struct slice host = host_shown(request), alone = host_alone(host);
	struct buf text = BUF_INIT(CHALLENGE_TEXT_MAX + 1);
	buf_printf(&text, "modgate: %.200s\nHelp: put this line into ~/.netrc: machine %.*s login USER password SECRET\n", why, SLICE_ARG(host));
	buf_add_text(&text, "SECRET is ");
	add_kinds(&request->gateway->settings->auth, &text);
	if (alone.len != host.len)
		buf_printf(&text, "; go before 1.24 wants %.*s without the port", SLICE_ARG(alone));
	buf_add_char(&text, '\n');
	request_refuse(request, MHD_HTTP_UNAUTHORIZED, "modgate: %s", why);
	struct slice whole = buf_failed(&text) ? SLICE_NONE : arena_copy(request->arena, buf_slice(&text));
	if (whole.ptr != NULL)
		request->text = whole;
	request->challenge = "Basic realm=\"modgate\", charset=\"UTF-8\"";
	buf_free(&text);
}
