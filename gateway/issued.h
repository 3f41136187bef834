/* What the record says of a token that was issued: all that it may do, so that the row alone answers "since when, until when, for what". */
#ifndef GATEWAY_ISSUED_H
#define GATEWAY_ISSUED_H

#include "gateway/gateway_private.h"

#define ISSUED_USER_MAX 200 /* bytes of the user's name that are shown */
#define ISSUED_LIST_MAX 600 /* bytes of its groups, or modules, that are named; of the others how many */

/* "issued token ID for USER, scope read, until TIME, groups a,b, modules p,q" */
void issued_sentence(const struct auth_token *token, struct buf *out);

#endif
