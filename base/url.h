/* URLs as a configuration may hold them: scheme, host, port, path, for ssh a user; no query or fragment. Source: RFC 3986 section 3. */
#ifndef BASE_URL_H
#define BASE_URL_H

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"

/* All alias the text. */
struct url {
	struct slice scheme; /* "https" */
	struct slice user;   /* of ssh alone; empty: none */
	struct slice host;   /* without brackets */
	struct slice port;   /* empty: none */
	struct slice path;   /* "" or begins with '/' */
};

/* 0, or BASE_ERR_INVALID and what is wrong with it. */
int url_parse(const char *text, struct url *url_out, struct err *err);
/* "HOST:PORT" as listen.address and URLs write it; port_out is empty when there is none. False: not of this form. */
bool url_host_port(struct slice text, struct slice *host_out, struct slice *port_out);
/* 0 to 65535. */
bool url_port(struct slice text, long long *port_out);
/* "scheme://user@host:port" of a URL that url_parse() takes; of a path what stands before its first '/'. Aliases text. */
struct slice url_origin(const char *text);

#endif
