/* The routes: read these tables and you have read who may do what, and what is recorded. */
#include "gateway/gateway_private.h"

/* clang-format off */
static const struct route routes[] = {
	/* method     path                                        endpoint          authority           recorded action        handler */
	{ METHOD_READ, "/",                                        ENDPOINT_ROOT,    AUTHORITY_IDENTITY, false, 0,              handle_root },
	{ METHOD_READ, "/{module}/@v/list",                        ENDPOINT_LIST,    AUTHORITY_POLICY,   true,  POLICY_LIST,    handle_list },
	{ METHOD_READ, "/{module}/@latest",                        ENDPOINT_LATEST,  AUTHORITY_POLICY,   true,  POLICY_LATEST,  handle_latest },
	{ METHOD_READ, "/{module}/@v/{query}.info",                ENDPOINT_INFO,    AUTHORITY_POLICY,   true,  POLICY_INFO,    handle_info },
	{ METHOD_READ, "/{module}/@v/{version}.mod",               ENDPOINT_MOD,     AUTHORITY_POLICY,   true,  POLICY_MOD,     handle_mod },
	{ METHOD_READ, "/{module}/@v/{version}.zip",               ENDPOINT_ZIP,     AUTHORITY_POLICY,   true,  POLICY_ZIP,     handle_zip },
	{ METHOD_READ, "/sumdb/{name}/supported",                  ENDPOINT_SUMDB,   AUTHORITY_POLICY,   true,  POLICY_TILE,    handle_sumdb_supported },
	{ METHOD_READ, "/sumdb/{name}/latest",                     ENDPOINT_SUMDB,   AUTHORITY_POLICY,   true,  POLICY_TILE,    handle_sumdb_latest },
	{ METHOD_READ, "/sumdb/{name}/lookup/{module}@{version}",  ENDPOINT_SUMDB,   AUTHORITY_POLICY,   true,  POLICY_LOOKUP,  handle_sumdb_lookup },
	{ METHOD_READ, "/sumdb/{name}/{tile}",                     ENDPOINT_SUMDB,   AUTHORITY_POLICY,   true,  POLICY_TILE,    handle_sumdb_tile },
	{ METHOD_READ, "/livez",                                   ENDPOINT_LIVEZ,   AUTHORITY_NONE,     false, 0,              handle_livez },
	{ METHOD_READ, "/readyz",                                  ENDPOINT_READYZ,  AUTHORITY_NONE,     false, 0,              handle_readyz },
	{ METHOD_READ, "/version",                                 ENDPOINT_VERSION, AUTHORITY_NONE,     false, 0,              handle_version },
	{ METHOD_READ, "/metrics",                                 ENDPOINT_METRICS, AUTHORITY_NONE,     false, 0,              handle_metrics },
	{ METHOD_POST, "/-/api/v1/refresh",                        ENDPOINT_REFRESH, AUTHORITY_ADMIN,    true,  0,              handle_refresh },
};

/* The same with ?go-get=1. A bare host may be a module. */
static const struct route go_get_routes[] = {
	{ METHOD_READ, "/",                                        ENDPOINT_GO_GET,  AUTHORITY_POLICY,   true,  POLICY_LIST,    handle_go_get },
	{ METHOD_READ, "/{module}",                                ENDPOINT_GO_GET,  AUTHORITY_POLICY,   true,  POLICY_LIST,    handle_go_get },
};
/* clang-format on */

#define LENGTH(table) (sizeof(table) / sizeof((table)[0]))

const struct route *route_find(struct slice path, bool go_get, struct target *target_out)
{
	const struct route *table = go_get ? go_get_routes : routes;
	size_t count = go_get ? LENGTH(go_get_routes) : LENGTH(routes);
	for (size_t i = 0; i < count; i++)
		if (target_match(table[i].template, path, target_out))
			return &table[i];
	return NULL;
}
