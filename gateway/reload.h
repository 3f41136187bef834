/* Reading policy and keys again, all or nothing. */
#ifndef GATEWAY_RELOAD_H
#define GATEWAY_RELOAD_H

#include "base/buf.h"
#include "base/err.h"

struct gateway;

/*
 * Reads policy.yaml and key files again and puts them in force together; the change is recorded. by: who asked, "" for a signal. On failure
 * everything old stays in force. GATEWAY_ERR_NO. Appends a sentence to told; the log says what came of it. Any thread, one after the other.
 */
int reload_now(struct gateway *gateway, const char *by, struct buf *told, struct err *err);

#endif
