/*
 * data/control.sock: how a command speaks to the daemon that owns the data directory. A JSON object on one line goes in, one comes out.
 * Mode 0600, and the peer must be the daemon's own user or root (SO_PEERCRED), who is named in the audit row.
 *
 *   {"command":"token_issue","user":"alice",...}   ->   {"code":0,"result":"..."}  |  {"code":-2,"error":"..."}
 */
#ifndef GATEWAY_CONTROL_H
#define GATEWAY_CONTROL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#define CONTROL_MESSAGE_MAX (4 * 1024 * 1024)

struct gateway;
struct control;
struct settings;

/* The daemon's side: a thread that listens, and one for each caller, who has a few seconds to say what it wants. close waits for them. */
int control_open(struct gateway *gateway, struct control **control_out, struct err *err);
void control_close(struct control **control);

/*
 * The command's side: sends request (one line) and appends the result to out. GATEWAY_ERR_ABSENT: no daemon answers there. Else the code
 * the daemon gave, with its sentence in err.
 */
int control_call(const struct settings *settings, struct slice request, struct buf *out, struct err *err);

#endif
