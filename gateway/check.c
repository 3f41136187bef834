/* modgate check-config: everything that a start reads, opened and closed again beside the data directory, which may be a daemon's. */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/gateway.h"
#include "gateway/open.h"

#define TREE_DESCRIPTORS 16

static int check_auth(const struct settings *settings, struct err *err)
{
	struct pool_options pool_options = { .name = "directory", .threads_max = 1, .queue_max = 1 };
	struct auth_tokens_options tokens_options = { .lifetime_max_days = settings->auth.token_lifetime_max_days };
	struct auth_token_store *store = NULL;
	struct auth_tokens *tokens = NULL;
	struct pool *pool = NULL;
	struct auth *auth = NULL;
	int code = auth_token_store_memory_open(&store, err);
	tokens_options.store = store;
	if (code == 0)
		code = auth_tokens_open(&tokens_options, &tokens, err);
	if (code == 0)
		code = pool_open(&pool_options, &pool, err);
	if (code == 0)
		code = open_auth(settings, tokens, pool, NULL, NULL, &auth, err);
	pool_close(&pool);
	auth_close(&auth);
	auth_tokens_close(&tokens);
	auth_token_store_close(&store);
	return code;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

/* Repositories, upstreams and checksum databases, over an empty data directory that goes again. */
static int check_supply(const struct settings *settings, struct err *err)
{
	const char *parent = getenv("TMPDIR");
	char directory[4096], path[4200];
	struct settings elsewhere = *settings;
	struct gateway gateway = { .settings = &elsewhere };
	struct db_options db_options = { .path = path };
	snprintf(directory, sizeof(directory), "%s/modgate-check-XXXXXX", parent != NULL && parent[0] == '/' ? parent : "/tmp");
	if (mkdtemp(directory) == NULL)
		return err_set(err, GATEWAY_ERR, "%s: %s", directory, strerror(errno));
	elsewhere.data = directory;
	snprintf(path, sizeof(path), "%s/modgate.db", directory);
	int code = db_open(&db_options, &gateway.db, err);
	if (code == 0)
		code = open_supply(&gateway, err);
	supply_close(&gateway.supply);
	db_close(&gateway.db);
	nftw(directory, remove_entry, TREE_DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
	return code;
}

int gateway_check(const struct settings *settings, struct gateway_checked *checked_out, struct err *err)
{
	struct policy *policy = NULL;
	int code = open_policy(settings, &policy, err);
	if (code == 0)
		code = open_certificate(settings, err);
	if (code == 0)
		code = check_auth(settings, err);
	if (code == 0)
		code = check_supply(settings, err);
	if (code == 0) {
		snprintf(checked_out->policy_hash, sizeof(checked_out->policy_hash), "%s", policy_hash(policy));
		checked_out->rules = policy_rules(policy);
	}
	policy_unref(policy);
	/* The environment may be at fault as well (memory, a full /tmp); for whoever asks, the answer is the same: it would not start. */
	return code == 0 ? 0 : GATEWAY_ERR_INVALID;
}
