/* URLs as a configuration may hold them: scheme, host, port, path, for ssh a user; no query or fragment. Inside settings only. */
#ifndef SETTINGS_URL_H
#define SETTINGS_URL_H

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

/* 0, or SETTINGS_ERR_INVALID and what is wrong with it. */
int url_parse(const char *text, struct url *url_out, struct err *err);
/* "HOST:PORT" as listen.address and URLs write it; port_out is empty when there is none. False: not of this form. */
bool url_host_port(struct slice text, struct slice *host_out, struct slice *port_out);
/* 0 to 65535. */
bool url_port(struct slice text, long long *port_out);

#endif
