/* What the tests of upstream share: two servers, a client, a policy that lets everything out but private.example. */
#ifndef TESTS_UPSTREAM_WORLD_H
#define TESTS_UPSTREAM_WORLD_H

#include "policy/policy.h"
#include "tests/upstream/server.h"
#include "upstream/upstream.h"

struct world {
	struct server a, b;
	struct http_client *http;
	struct policy *policy;
	struct upstream *upstream;
};

static inline int world_setup(void **state)
{
	static const struct http_client_options options = { .user_agent = "test" };
	struct world *world = calloc(1, sizeof(*world));
	struct err err = ERR_INIT;

	*state = world;
	server_open(&world->a);
	server_open(&world->b);
	if (http_client_open(&options, &world->http, &err) != 0 ||
		policy_open_text("policy.yaml", SLICE("private: [private.example]\nrules:\n  - { name: all, modules: [\"*\"], verdict: allow }\n"),
			NULL, 0, &world->policy, &err) != 0)
		fail_msg("%s", err.text);
	return 0;
}

static inline int world_teardown(void **state)
{
	struct world *world = *state;

	upstream_close(&world->upstream);
	http_client_close(&world->http);
	policy_unref(world->policy);
	server_close(&world->a);
	server_close(&world->b);
	free(world);
	return 0;
}

static inline const struct public_module *world_module(struct world *world, const char *path)
{
	const struct public_module *module = NULL;

	assert_int_equal(policy_public_module(world->policy, slice_of(path), &module, NULL), 0);
	return module;
}

/* A handle over these servers and, with its own address or without, the database sum.example.org. */
static inline void world_open(struct world *world, const struct upstream_server *servers, size_t count, const char *database_url)
{
	struct upstream_database database = { .name = "sum.example.org", .url = database_url };
	struct upstream_options options = {
		.http = world->http, .servers = servers, .servers_count = count, .databases = &database, .databases_count = 1
	};
	struct err err = ERR_INIT;

	upstream_close(&world->upstream);
	if (upstream_open(&options, &world->upstream, &err) != 0)
		fail_msg("%s", err.text);
}

#endif
