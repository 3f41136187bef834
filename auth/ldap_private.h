/* What the files about LDAP share: filters, one connection, the pool of them. RFC 4511, 4513, 4515. */
#ifndef AUTH_LDAP_PRIVATE_H
#define AUTH_LDAP_PRIVATE_H

#include <sys/time.h>
#include <ldap.h>

#include "auth/auth_private.h"

#define LDAP_URIS_MAX       16
#define LDAP_FILTER_MAX     4096 /* bytes of a filter filled in */
#define LDAP_TEMPLATE_MAX   1024 /* bytes of a filter as configured */
#define LDAP_TIMEOUT_MS_MAX 60000
#define LDAP_REST_US        (10 * 1000000LL) /* a server that failed is asked last for so long */

/* Settings, copied, defaults filled in. */
struct ldap_settings {
	const char *uris[LDAP_URIS_MAX];
	size_t uris_count;
	bool start_tls;
	const char *ca;
	const char *bind_dn; /* NULL: anonymous */
	struct buf bind_password;
	const char *user_base, *user_filter, *user_attribute;
	const char *group_base, *group_filter, *group_attribute; /* group_base NULL: no groups */
	struct timeval timeout;
	size_t idle_max;
	struct arena *arena; /* of the texts */
};
/* AUTH_ERR_INVALID (err names the key), AUTH_ERR. */
int auth_ldap_settings_open(const struct auth_ldap_options *options, struct ldap_settings *settings_out, struct err *err);
void auth_ldap_settings_close(struct ldap_settings *settings);

/* --- ldap_filter.c ------------------------------------------------------------------------------------------------------------------- */

/* Is the template well formed: in parentheses that match, with no placeholder but {user} and {dn}? AUTH_ERR_INVALID. */
int auth_ldap_filter_check(const char *key, const char *template, bool dn_allowed, struct err *err);
bool auth_ldap_filter_has(const char *template, const char *placeholder);
/* The attribute compared with the first {user}; NULL when there is none. In the arena. */
const char *auth_ldap_filter_attribute(struct arena *arena, const char *template);
/* Fills in, escaping as RFC 4515 section 3 demands. out fails when it is too long. */
void auth_ldap_filter_fill(const char *template, struct slice user, struct slice dn, struct buf *out);

/* --- ldap_connect.c, ldap_deadline.c ---------------------------------------------------------------------------------------------------- */

/* One connection, whoever it is bound as. */
struct ldap_link {
	LDAP *ld;
	struct ldap_conncb callback;
	int64_t timeout_us;
	int64_t deadline_us; /* monotonic, of the machine's clock: the kernel waits by no other */
};

/* Connects, secures and binds as the service (anonymously without bind_dn). LDAP result code; err is written when it is not LDAP_SUCCESS. */
int auth_ldap_link_open(const struct ldap_settings *settings, const char *uri, struct ldap_link **link_out, struct err *err);
void auth_ldap_link_close(struct ldap_link **link);
/* Puts the deadline under link->ld, before it connects. LDAP option code. */
int auth_ldap_link_guard(struct ldap_link *link);
/* What is asked of the directory from now on must end within the time-out. */
void auth_ldap_link_arm(struct ldap_link *link);
bool auth_ldap_link_expired(const struct ldap_link *link);

/* A simple bind on this connection. LDAP result code. password is not empty. */
int auth_ldap_bind(LDAP *ld, const char *dn, struct slice password);
/* Did the connection fail rather than the server answer? */
bool auth_ldap_broken(int rc);

/* --- ldap_pool.c ------------------------------------------------------------------------------------------------------------------------ */

/* Connections that search keep the service's identity; those that bind are whoever bound last and do nothing else. */
enum ldap_use { LDAP_USE_SEARCH = 0, LDAP_USE_BIND = 1 };
#define LDAP_USES 2

struct auth_ldap_pool;
int auth_ldap_pool_open(const struct ldap_settings *settings, const struct clock *clock, const struct auth_noter *noter,
	struct auth_ldap_pool **pool_out, struct err *err);
void auth_ldap_pool_close(struct auth_ldap_pool **pool);
/*
 * Runs work on a connection, on another server when one fails. Returns work's LDAP result code, or LDAP_SERVER_DOWN when no server answers.
 * work may run several times and must leave nothing behind when auth_ldap_broken() is true of what it returns.
 */
int auth_ldap_with(struct auth_ldap_pool *pool, enum ldap_use use, int (*work)(void *ctx, LDAP *ld), void *ctx);

#endif
