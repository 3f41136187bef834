/*
 * ?go-get=1: a go command that asks no proxy, but the host of an import path, learns here that this gateway is the proxy for it.
 * Source: go.dev/ref/mod#vcs-find, "go-import" with vcs "mod".
 */
#include "gateway/gateway_private.h"

#include <string.h>

#include "module/path.h"

/* Host, as it may stand in a page and in a URL; empty otherwise. */
static struct slice host_of(const struct request *request)
{
	static const char marks[] = ".-:[]";
	struct slice host = request_header(request, MHD_HTTP_HEADER_HOST);
	for (size_t i = 0; i < host.len; i++) {
		char c = host.ptr[i];
		bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (!alphanumeric && memchr(marks, c, sizeof(marks) - 1) == NULL)
			return SLICE_NONE;
	}
	return host;
}

/* What a go command means that asks a host for a path: HOST/path. Hosts are spelt in small letters, and import paths have no port. */
static struct slice below_host(const struct request *request, struct slice path)
{
	struct slice host = host_of(request), name, port;
	slice_cut(host, ':', &name, &port);
	if (name.len == 0)
		return SLICE_NONE;
	char *text = arena_printf(request->arena, path.len > 0 ? "%.*s/%.*s" : "%.*s", SLICE_ARG(name), SLICE_ARG(path));
	for (size_t i = 0; text != NULL && i < name.len; i++)
		text[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] - 'A' + 'a' : text[i]);
	return slice_of(text);
}

static bool is_module(struct slice path)
{
	return path.len > 0 && module_path_check(path, NULL) == 0;
}

/*
 * The whole module path may be what was asked for, or what follows the host's name: whichever has a repository. Import paths stand here as
 * they are, without '!'.
 */
int go_get_module(struct request *request, struct err *err)
{
	struct slice whole = request->target.module, below = below_host(request, whole);
	struct policy *policy = gateway_policy(request->gateway);
	int code = 0;
	if (is_module(whole) && (policy_is_mapped(policy, whole) || !policy_is_mapped(policy, below)))
		request->target.module = arena_copy(request->arena, whole);
	else if (is_module(below) && policy_is_private(policy, below))
		request->target.module = below;
	else
		code = err_set(err, TARGET_ERR_ABSENT, "no module path; a query string is answered only as ?" TARGET_GO_GET " after one");
	policy_unref(policy);
	if (code == 0 && request->target.module.ptr == NULL)
		code = err_set(err, TARGET_ERR_ABSENT, "the path is too long");
	return code;
}

/* Everything in it is of the alphabets of module paths and hosts: nothing that HTML would read otherwise. */
static void write_page(struct request *request, struct slice root)
{
	const struct gateway *gateway = request->gateway;
	struct slice host = host_of(request);
	const char *proxy = host.len > 0 ? arena_printf(request->arena, "https://%.*s%s", SLICE_ARG(host), gateway->prefix_text)
					 : arena_printf(request->arena, "%s/", gateway->url);
	const char *page = arena_printf(request->arena,
		"<!DOCTYPE html>\n<html>\n<head>\n<meta name=\"go-import\" content=\"%.*s mod %s\">\n</head>\n<body>\n"
		"modgate: %.*s is served by the module proxy %s\n</body>\n</html>\n",
		SLICE_ARG(root), proxy != NULL ? proxy : "", SLICE_ARG(request->target.module), proxy != NULL ? proxy : "");
	if (proxy == NULL || page == NULL) {
		request_refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE, "modgate: the page does not fit into memory");
		return;
	}
	request->status = MHD_HTTP_OK;
	request->content_type = "text/html; charset=utf-8";
	request->text = slice_of(page);
}

enum step_result handle_go_get(struct request *request)
{
	enum step_result result = STEP_DONE;
	if (!request->is_private) {
		request_refuse(request, MHD_HTTP_NOT_FOUND, "modgate: %.*s is public: ask for it through GOPROXY, or ask its own host",
			SLICE_ARG(request->target.module));
		return STEP_DONE;
	}
	if (!request_first_answer(request, SUPPLY_ROOT, &result))
		return result;
	/* As with a list: some version may be had, whichever. */
	request->decision.verdict = POLICY_ALLOW;
	write_page(request, request->answer->body);
	supply_answer_unref(request->answer);
	request->answer = NULL;
	return STEP_DONE;
}
