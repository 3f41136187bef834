/* What commands may ask of the one process that owns the data directory: the same code in the daemon and in a command that works alone. */
#ifndef GATEWAY_OPERATE_H
#define GATEWAY_OPERATE_H

#include "base/json.h"
#include "gateway/gateway_private.h"

struct operate {
	struct auth_tokens *tokens;
	struct audit *audit;
	struct gateway *gateway; /* NULL: no daemon; then what needs one is refused */
	const char *by;          /* who asks, for the record: "local:0" */
};

/* Carries out request ({"command": ...}); appends the result to out. enum gateway_code. */
int operate_run(const struct operate *operate, const struct json *request, struct buf *out, struct err *err);

#endif
