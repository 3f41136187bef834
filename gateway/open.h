/* Opening and closing the rooms behind a gateway, for the daemon and for commands that do their work alone. */
#ifndef GATEWAY_OPEN_H
#define GATEWAY_OPEN_H

#include "gateway/gateway_private.h"

/* Locks the data directory and opens what commands and daemon both write. BASE_ERR_BUSY: somebody else holds the lock. */
int open_data(const struct settings *settings, struct open_data *data_out, struct err *err);
void close_data(struct open_data *data);

/* A warning of a room or of the settings, into the log. ctx is the gateway. */
void open_warn(void *ctx, const char *text);

/* One room each (open_rooms.c). */
int open_policy(const struct settings *settings, struct policy **policy_out, struct err *err);
/* Can the server's certificate and key be used? GATEWAY_ERR_INVALID: err says where they are configured. */
int open_certificate(const struct settings *settings, struct err *err);
int open_auth(const struct settings *settings, struct auth_tokens *tokens, struct pool *pool, void (*note)(void *, const char *), void *ctx,
	struct auth **auth_out, struct err *err);

/* Over gateway->settings and gateway->db; sets gateway->supply. */
int open_supply(struct gateway *gateway, struct err *err);

/* Everything but the server. BASE_ERR_BUSY: another process owns the data directory; GATEWAY_ERR_INVALID: what is configured cannot stand. */
int gateway_open(const struct settings *settings, struct gateway **gateway_out, struct err *err);
void gateway_close(struct gateway **gateway);

#endif
