/* The routes: read this table and you have read who may do what, and what is recorded. GET and HEAD are the methods of all of them. */
#include "gateway/gateway_private.h"

/* clang-format off */
static const struct route routes[] = {
	/* path                                       endpoint          authority           recorded action        handler */
	{ "/",                                        ENDPOINT_ROOT,    AUTHORITY_IDENTITY, false, 0,              handle_root },
	{ "/{module}/@v/list",                        ENDPOINT_LIST,    AUTHORITY_POLICY,   true,  POLICY_LIST,    handle_list },
	{ "/{module}/@latest",                        ENDPOINT_LATEST,  AUTHORITY_POLICY,   true,  POLICY_LATEST,  handle_latest },
	{ "/{module}/@v/{query}.info",                ENDPOINT_INFO,    AUTHORITY_POLICY,   true,  POLICY_INFO,    handle_info },
	{ "/{module}/@v/{version}.mod",               ENDPOINT_MOD,     AUTHORITY_POLICY,   true,  POLICY_MOD,     handle_mod },
	{ "/{module}/@v/{version}.zip",               ENDPOINT_ZIP,     AUTHORITY_POLICY,   true,  POLICY_ZIP,     handle_zip },
	{ "/sumdb/{name}/supported",                  ENDPOINT_SUMDB,   AUTHORITY_POLICY,   true,  POLICY_TILE,    handle_sumdb_supported },
	{ "/sumdb/{name}/latest",                     ENDPOINT_SUMDB,   AUTHORITY_POLICY,   true,  POLICY_TILE,    handle_sumdb_latest },
	{ "/sumdb/{name}/lookup/{module}@{version}",  ENDPOINT_SUMDB,   AUTHORITY_POLICY,   true,  POLICY_LOOKUP,  handle_sumdb_lookup },
	{ "/sumdb/{name}/{tile}",                     ENDPOINT_SUMDB,   AUTHORITY_POLICY,   true,  POLICY_TILE,    handle_sumdb_tile },
	{ "/livez",                                   ENDPOINT_LIVEZ,   AUTHORITY_NONE,     false, 0,              handle_livez },
	{ "/readyz",                                  ENDPOINT_READYZ,  AUTHORITY_NONE,     false, 0,              handle_readyz },
	{ "/version",                                 ENDPOINT_VERSION, AUTHORITY_NONE,     false, 0,              handle_version },
	{ "/metrics",                                 ENDPOINT_METRICS, AUTHORITY_NONE,     false, 0,              handle_metrics },
};
/* clang-format on */

const struct route *route_find(struct slice path, struct target *target_out)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (target_match(routes[i].template, path, target_out))
			return &routes[i];
	return NULL;
}
