/* The HTTP server: libmicrohttpd, epoll event loops, TLS. */
#ifndef GATEWAY_SERVER_H
#define GATEWAY_SERVER_H

#include "base/err.h"

struct gateway;

/* Binds and listens: whoever connects waits from here on. Fills in gateway->url. Sentences name the address or file at fault. BASE_ERR. */
int server_bind(struct gateway *gateway, struct err *err);
/* Answers whoever waits and comes. BASE_ERR. */
int server_start(struct gateway *gateway, struct err *err);
/* Takes no new connection from now on; those that are open go on. */
void server_quiesce(struct gateway *gateway);
/* No request may be suspended. Also after server_bind() alone. */
void server_stop(struct gateway *gateway);

#endif
