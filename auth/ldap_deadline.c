/*
 * A layer between a socket and TLS that ends waiting at a deadline. libldap's own time-outs do not hold during a TLS handshake (over
 * GnuTLS it asks a silent server again and again, without a pause or an end), nor for a server that sends a byte now and then.
 */
#include "auth/ldap_private.h"

#include <errno.h>
#include <poll.h>

static const struct ldap_link *link_of(Sockbuf_IO_Desc *layer)
{
	return layer->sbiod_pvt;
}

/* The socket is ready before the deadline; otherwise errno is ETIMEDOUT, which no reader takes for "try again". */
static bool wait_ready(Sockbuf_IO_Desc *layer, short event)
{
	struct pollfd poll_fd = { .events = event };
	int rc = 0;

	if (ber_sockbuf_ctrl(layer->sbiod_sb, LBER_SB_OPT_GET_FD, &poll_fd.fd) != 1) {
		errno = EBADF;
		return false;
	}
	do {
		int64_t left_us = link_of(layer)->deadline_us - clock_monotonic_us(&clock_system);

		rc = poll(&poll_fd, 1, left_us > 0 ? (int)(left_us / 1000) + 1 : 0);
	} while (rc < 0 && errno == EINTR);
	if (rc == 0)
		errno = ETIMEDOUT;
	return rc > 0;
}

static ber_slen_t layer_read(Sockbuf_IO_Desc *layer, void *bytes, ber_len_t len)
{
	ber_slen_t n;

	do {
		if (auth_ldap_link_expired(link_of(layer))) {
			errno = ETIMEDOUT;
			return -1;
		}
		if (!wait_ready(layer, POLLIN))
			return -1;
		n = LBER_SBIOD_READ_NEXT(layer, bytes, len);
	} while (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
	return n;
}

/* What can be written at once is, even late: the farewell of a connection that is given up. */
static ber_slen_t layer_write(Sockbuf_IO_Desc *layer, void *bytes, ber_len_t len)
{
	ber_slen_t n;

	do {
		if (!wait_ready(layer, POLLOUT))
			return -1;
		n = LBER_SBIOD_WRITE_NEXT(layer, bytes, len);
	} while (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
	return n;
}

static int layer_setup(Sockbuf_IO_Desc *layer, void *arg)
{
	layer->sbiod_pvt = arg;
	return 0;
}

static int layer_remove(Sockbuf_IO_Desc *layer)
{
	layer->sbiod_pvt = NULL;
	return 0;
}

static int layer_control(Sockbuf_IO_Desc *layer, int option, void *arg)
{
	return LBER_SBIOD_CTRL_NEXT(layer, option, arg);
}

static int layer_close(Sockbuf_IO_Desc *layer)
{
	(void)layer;
	return 0;
}

/* libldap takes it without const and does not write to it. */
static const Sockbuf_IO deadline_layer = {
	.sbi_setup = layer_setup,
	.sbi_remove = layer_remove,
	.sbi_ctrl = layer_control,
	.sbi_read = layer_read,
	.sbi_write = layer_write,
	.sbi_close = layer_close,
};

static int connected(LDAP *ld, Sockbuf *sockbuf, LDAPURLDesc *server, struct sockaddr *address, struct ldap_conncb *callback)
{
	(void)ld, (void)server, (void)address;
	return ber_sockbuf_add_io(sockbuf, (Sockbuf_IO *)(uintptr_t)&deadline_layer, LBER_SBIOD_LEVEL_PROVIDER + 1, callback->lc_arg);
}

static void disconnected(LDAP *ld, Sockbuf *sockbuf, struct ldap_conncb *callback)
{
	(void)ld, (void)sockbuf, (void)callback;
}

int auth_ldap_link_guard(struct ldap_link *link)
{
	link->callback = (struct ldap_conncb){ .lc_add = connected, .lc_del = disconnected, .lc_arg = link };
	return ldap_set_option(link->ld, LDAP_OPT_CONNECT_CB, &link->callback);
}

void auth_ldap_link_arm(struct ldap_link *link)
{
	link->deadline_us = clock_monotonic_us(&clock_system) + link->timeout_us;
}

bool auth_ldap_link_expired(const struct ldap_link *link)
{
	return clock_monotonic_us(&clock_system) >= link->deadline_us;
}
