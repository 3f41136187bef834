/* Private keys of ssh in files, as far as a daemon must know them before it hands one to ssh: nobody is there to type a passphrase. */
#ifndef BASE_SSHKEY_H
#define BASE_SSHKEY_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

/* Is this text a private key in PEM or OpenSSH's own form, rather than a word? Its first line tells. */
bool sshkey_is(struct slice text);

/*
 * Reads one as file_read_secret() does, with its codes, and ends it with a newline, as ssh wants it. BASE_ERR_INVALID also: no private key; one
 * under a passphrase; a file of ours that its group may use, which ssh would not take. Wipe out with buf_wipe().
 */
int sshkey_read(const char *source, struct buf *out, struct err *err);

#endif
