/* Connections kept for the next one who needs one, and which server is asked. */
#include "auth/ldap_private.h"

#include <pthread.h>
#include <stdlib.h>

#define IDLE_LIMIT 64

struct connection {
	struct ldap_link *link;
	size_t uri;
	bool fresh; /* made for this piece of work */
};

struct idle {
	struct connection connections[IDLE_LIMIT];
	size_t count;
};

struct auth_ldap_pool {
	const struct ldap_settings *settings;
	const struct clock *clock;
	struct auth_noter noter;
	pthread_mutex_t lock; /* over all below */
	struct idle idle[LDAP_USES];
	int64_t rests_until_us[LDAP_URIS_MAX];
};

int auth_ldap_pool_open(const struct ldap_settings *settings, const struct clock *clock, const struct auth_noter *noter,
	struct auth_ldap_pool **pool_out, struct err *err)
{
	struct auth_ldap_pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return err_set(err, AUTH_ERR, "cannot set up auth.ldap: out of memory");
	ASSERT(settings->idle_max <= IDLE_LIMIT);
	pthread_mutex_init(&pool->lock, NULL);
	pool->settings = settings;
	pool->clock = clock;
	pool->noter = *noter;
	*pool_out = pool;
	return 0;
}

void auth_ldap_pool_close(struct auth_ldap_pool **pool)
{
	struct auth_ldap_pool *p = *pool;

	if (p == NULL)
		return;
	for (size_t use = 0; use < LDAP_USES; use++) {
		for (size_t i = 0; i < p->idle[use].count; i++)
			auth_ldap_link_close(&p->idle[use].connections[i].link);
	}
	pthread_mutex_destroy(&p->lock);
	free(p);
	*pool = NULL;
}

static bool take_idle(struct auth_ldap_pool *pool, enum ldap_use use, struct connection *connection_out)
{
	struct idle *idle = &pool->idle[use];
	bool found;

	pthread_mutex_lock(&pool->lock);
	found = idle->count > 0;
	if (found)
		*connection_out = idle->connections[--idle->count];
	pthread_mutex_unlock(&pool->lock);
	return found;
}

static void give_back(struct auth_ldap_pool *pool, enum ldap_use use, struct connection connection)
{
	struct idle *idle = &pool->idle[use];
	bool kept;

	connection.fresh = false;
	pthread_mutex_lock(&pool->lock);
	kept = idle->count < pool->settings->idle_max;
	if (kept)
		idle->connections[idle->count++] = connection;
	pthread_mutex_unlock(&pool->lock);
	if (!kept)
		auth_ldap_link_close(&connection.link);
}

static bool rests(struct auth_ldap_pool *pool, size_t uri)
{
	bool resting;

	pthread_mutex_lock(&pool->lock);
	resting = clock_monotonic_us(pool->clock) < pool->rests_until_us[uri];
	pthread_mutex_unlock(&pool->lock);
	return resting;
}

/* Takes the kept connections to this server off the list. How many. Under the lock. */
static size_t forget(struct idle *idle, size_t uri, struct ldap_link *links_out[IDLE_LIMIT])
{
	size_t kept = 0;
	size_t dropped = 0;

	for (size_t i = 0; i < idle->count; i++) {
		if (idle->connections[i].uri == uri)
			links_out[dropped++] = idle->connections[i].link;
		else
			idle->connections[kept++] = idle->connections[i];
	}
	idle->count = kept;
	return dropped;
}

/* The server failed: it is asked last for a while, and its connections are not to be trusted. One note for each time it goes to rest. */
static void rest(struct auth_ldap_pool *pool, size_t uri, const char *why)
{
	struct ldap_link *links[LDAP_USES][IDLE_LIMIT];
	size_t counts[LDAP_USES];
	int64_t now_us = clock_monotonic_us(pool->clock);
	bool resting;

	pthread_mutex_lock(&pool->lock);
	resting = now_us < pool->rests_until_us[uri];
	pool->rests_until_us[uri] = now_us + LDAP_REST_US;
	for (size_t use = 0; use < LDAP_USES; use++)
		counts[use] = forget(&pool->idle[use], uri, links[use]);
	pthread_mutex_unlock(&pool->lock);
	for (size_t use = 0; use < LDAP_USES; use++) {
		for (size_t i = 0; i < counts[use]; i++)
			auth_ldap_link_close(&links[use][i]);
	}
	if (!resting)
		auth_note(&pool->noter, "%s", why);
}

static bool dial_one(struct auth_ldap_pool *pool, size_t uri, struct connection *connection_out)
{
	struct err err = ERR_INIT;
	struct ldap_link *link;

	if (auth_ldap_link_open(pool->settings, pool->settings->uris[uri], &link, &err) != LDAP_SUCCESS) {
		rest(pool, uri, err.text);
		return false;
	}
	*connection_out = (struct connection){ .link = link, .uri = uri, .fresh = true };
	return true;
}

/* Servers in their order, those that failed lately last; tried_out remembers across calls which this piece of work has had enough of. */
static bool dial(struct auth_ldap_pool *pool, bool tried[LDAP_URIS_MAX], struct connection *connection_out)
{
	bool rested[LDAP_URIS_MAX];

	for (size_t i = 0; i < pool->settings->uris_count; i++)
		rested[i] = !rests(pool, i);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < pool->settings->uris_count; i++) {
			if (tried[i] || rested[i] != (round == 0))
				continue;
			if (dial_one(pool, i, connection_out))
				return true;
			tried[i] = true;
		}
	}
	return false;
}

/* Hangs up. A kept connection that the server closed meanwhile says nothing about the server; silence does. */
static void give_up(struct auth_ldap_pool *pool, struct connection connection, int rc, bool tried[LDAP_URIS_MAX])
{
	bool silent = rc == LDAP_TIMEOUT || auth_ldap_link_expired(connection.link);
	struct err err = ERR_INIT;

	auth_ldap_link_close(&connection.link);
	if (!connection.fresh && !silent)
		return;
	tried[connection.uri] = true;
	err_set(&err, AUTH_ERR, "directory %s: %s", pool->settings->uris[connection.uri], ldap_err2string(silent ? LDAP_TIMEOUT : rc));
	rest(pool, connection.uri, err.text);
}

int auth_ldap_with(struct auth_ldap_pool *pool, enum ldap_use use, int (*work)(void *ctx, LDAP *ld), void *ctx)
{
	bool tried[LDAP_URIS_MAX] = { false };
	struct connection connection;
	int rc = LDAP_SERVER_DOWN;

	while (take_idle(pool, use, &connection) || dial(pool, tried, &connection)) {
		auth_ldap_link_arm(connection.link);
		rc = work(ctx, connection.link->ld);
		if (!auth_ldap_broken(rc)) {
			give_back(pool, use, connection);
			return rc;
		}
		give_up(pool, connection, rc, tried);
	}
	return rc;
}
