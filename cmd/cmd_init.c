/* modgate init */
#include <stdlib.h>

#include "cmd/commands.h"
#include "cmd/go.h"
#include "gateway/gateway.h"

#define ANSWER_MAX (256 * 1024)

const struct option_row init_options[] = {
	{ "--host", "NAME", "name it is reached under, for its certificate; it listens on every address then. Else on 127.0.0.1 only", false },
	{ "--upstream", "LIST", "module proxies as GOPROXY writes them; else $GOPROXY, else what `go env GOPROXY` says", false },
	{ "--upstream-ca", "FILE", "certificates (PEM) that they are checked against; else the system's", false },
	OPTION_JSON,
	OPTIONS_END,
};

/* The environment, else the go command's own settings; "" when neither knows. */
static const char *from_go(const char *name, struct buf *room)
{
	const char *text = getenv(name);
	if (text != NULL && text[0] != '\0')
		return text;
	go_env(name, room);
	return buf_text(room);
}

enum exit_code init_run(const struct call *call)
{
	struct buf upstreams = BUF_INIT(GO_ANSWER_MAX), sumdb = BUF_INIT(GO_ANSWER_MAX), told = BUF_INIT(ANSWER_MAX);
	struct err err = ERR_INIT;
	struct gateway_init init = {
		.directory = call->operands[0],
		.host = call_value(call, "--host"),
		.upstreams = call_value(call, "--upstream"),
		.upstream_ca = call_value(call, "--upstream-ca"),
		.json = call_flag(call, "--json"),
	};
	if (init.upstreams == NULL)
		init.upstreams = from_go("GOPROXY", &upstreams);
	init.sumdb = from_go("GOSUMDB", &sumdb);
	int code = gateway_init(&init, &told, &err);
	enum exit_code result = code == 0 ? output(&told) : gateway_exit(code, &err);
	buf_free(&upstreams);
	buf_free(&sumdb);
	buf_free(&told);
	return result;
}
