/*
 * Push webhooks: who knows the secret of a module's repository may have it refreshed. GitHub and Gitea sign the body (HMAC-SHA256, RFC 2104),
 * GitLab shows the secret itself. The body passes by and is hashed; nothing of it is kept or believed.
 */
#ifndef GATEWAY_WEBHOOK_H
#define GATEWAY_WEBHOOK_H

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"
#include "settings/settings.h"

#define WEBHOOK_BODY_MAX (1024 * 1024) /* of one delivery; a larger one is refused by its length */

/* The secrets of all repositories; immutable. */
struct webhooks;
/* Reads every file of repositories[].webhook_secret_file. Non-zero: one cannot be read; err says which. */
int webhooks_read(const struct settings *settings, struct webhooks **webhooks_out, struct err *err);
/* Wipes them. NULL-safe. */
void webhooks_close(struct webhooks **webhooks);

/* How a delivery is signed. */
enum webhook_form {
	WEBHOOK_HMAC_PREFIXED, /* X-Hub-Signature-256: sha256=HEX */
	WEBHOOK_HMAC,          /* X-Gitea-Signature: HEX */
	WEBHOOK_TOKEN          /* X-Gitlab-Token: the secret */
};

/* One delivery under way: it needs no secret any more, so that a reload may replace them meanwhile. */
struct webhook;
/*
 * For a module that has no secret it begins likewise, and ends in no: whoever knows none cannot tell which modules are mapped. NULL: memory is
 * short. signature is the header's value, borrowed during the call.
 */
struct webhook *webhook_open(const struct webhooks *webhooks, struct slice module, enum webhook_form form, struct slice signature);
void webhook_body(struct webhook *webhook, const void *bytes, size_t len);
/* After the last byte, once: was it signed with the secret? Compared in constant time. */
bool webhook_good(struct webhook *webhook);
/* NULL-safe. */
void webhook_close(struct webhook **webhook);

#endif
