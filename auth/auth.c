/* Opening, closing, reloading. */
#include "auth/core.h"

#include <stdlib.h>
#include <string.h>

#define NAMES_BYTES_MAX (1024 * 1024)

static int copy_groups(struct auth *auth, const char *const *groups, size_t count, const char *const **groups_out, size_t *count_out, struct err *err)
{
	struct auth_names names = { .arena = auth->arena };

	for (size_t i = 0; i < count; i++) {
		if (auth_names_add(&names, slice_of(groups[i])) < 0)
			return err_set(err, AUTH_ERR_INVALID, "auth.roles: group %zu is no name of at most %d bytes, or there are too many", i + 1,
				AUTH_GROUP_MAX);
	}
	*groups_out = names.items;
	*count_out = names.count;
	return 0;
}

static int copy_options(struct auth *auth, const struct auth_options *options, struct err *err)
{
	int code;

	auth->anonymous = options->anonymous;
	auth->tokens = options->tokens;
	auth->pool = options->pool;
	auth->clock = options->clock == NULL ? &clock_system : options->clock;
	auth->noter = (struct auth_noter){ .note = options->note, .ctx = options->note_ctx };
	auth->arena = arena_open(NAMES_BYTES_MAX);
	auth->nobody =
		auth_identity_copy(&(struct auth_identity){ .method = AUTH_ANONYMOUS, .scope = AUTH_SCOPE_READ, .user = "", .credential = "" });
	if (auth->arena == NULL || auth->nobody == NULL)
		return err_set(err, AUTH_ERR, "cannot set up signing in: out of memory");
	code = copy_groups(auth, options->audit_groups, options->audit_groups_count, &auth->audit_groups, &auth->audit_groups_count, err);
	if (code == 0)
		code = copy_groups(auth, options->admin_groups, options->admin_groups_count, &auth->admin_groups, &auth->admin_groups_count, err);
	return code;
}

static int open_parts(struct auth *auth, const struct auth_options *options, struct err *err)
{
	int code = copy_options(auth, options, err);

	if (code == 0)
		code = auth_cache_open(AUTH_CACHE_ENTRIES, &auth->accepted, err);
	if (code == 0)
		code = auth_cache_open(AUTH_CACHE_ENTRIES, &auth->refused, err);
	if (code == 0)
		code = auth_cache_open(AUTH_CACHE_ENTRIES, &auth->verified, err);
	if (code == 0)
		code = auth_throttle_open(&auth->throttle, err);
	if (code == 0 && options->jwt_count > 0)
		code = auth_jwt_open(options->jwt, options->jwt_count, auth->clock, &auth->noter, &auth->jwt, err);
	return code;
}

int auth_open_over(const struct auth_options *options, struct auth_directory *directory, struct auth **auth_out, struct err *err)
{
	struct auth *auth = calloc(1, sizeof(*auth));
	int code;

	if (auth == NULL) {
		if (directory != NULL)
			directory->class->close(directory);
		return err_set(err, AUTH_ERR, "cannot set up signing in: out of memory");
	}
	pthread_mutex_init(&auth->flights_lock, NULL);
	random_bytes(auth->salt, sizeof(auth->salt));
	auth->directory = directory;
	code = open_parts(auth, options, err);
	if (code < 0)
		auth_close(&auth);
	else
		*auth_out = auth;
	return code;
}

int auth_open(const struct auth_options *options, struct auth **auth_out, struct err *err)
{
	const struct clock *clock = options->clock == NULL ? &clock_system : options->clock;
	struct auth_noter noter = { .note = options->note, .ctx = options->note_ctx };
	struct auth_directory *directory = NULL;
	int code = options->ldap == NULL ? 0 : auth_ldap_open(options->ldap, clock, &noter, &directory, err);

	return code < 0 ? code : auth_open_over(options, directory, auth_out, err);
}

void auth_close(struct auth **auth)
{
	struct auth *a = *auth;

	if (a == NULL)
		return;
	for (size_t i = 0; i < AUTH_FLIGHT_BUCKETS; i++)
		ASSERT(a->flights[i] == NULL);
	if (a->directory != NULL)
		a->directory->class->close(a->directory);
	auth_jwt_close(&a->jwt);
	auth_throttle_close(&a->throttle);
	auth_cache_close(&a->verified);
	auth_cache_close(&a->refused);
	auth_cache_close(&a->accepted);
	auth_identity_unref(a->nobody);
	arena_close(&a->arena);
	pthread_mutex_destroy(&a->flights_lock);
	explicit_bzero(a->salt, sizeof(a->salt));
	free(a);
	*auth = NULL;
}

struct auth_reload {
	struct auth *auth;
	struct auth_key_reading *readings; /* NULL: no JWTs */
};

int auth_reload_read(struct auth *auth, struct auth_reload **reload_out, struct err *err)
{
	struct auth_reload *reload = calloc(1, sizeof(*reload));

	if (reload == NULL)
		return err_set(err, AUTH_ERR, "cannot read the keys of issuers anew: out of memory");
	reload->auth = auth;
	if (auth->jwt != NULL && auth_jwt_read(auth->jwt, &reload->readings, err) < 0) {
		auth_reload_close(&reload);
		return AUTH_ERR;
	}
	*reload_out = reload;
	return 0;
}

/* The keys first: what was verified with the old ones is remembered by the old epoch. */
void auth_reload_commit(struct auth_reload *reload)
{
	struct auth *auth = reload->auth;

	if (reload->readings != NULL)
		auth_jwt_put(auth->jwt, reload->readings);
	atomic_fetch_add(&auth->epoch, 1);
	auth_cache_clear(auth->accepted);
	auth_cache_clear(auth->refused);
	auth_cache_clear(auth->verified);
}

void auth_reload_close(struct auth_reload **reload)
{
	if (*reload == NULL)
		return;
	if ((*reload)->readings != NULL)
		auth_jwt_drop((*reload)->auth->jwt, &(*reload)->readings);
	free(*reload);
	*reload = NULL;
}

void auth_counts_read(struct auth *auth, struct auth_counts *counts_out)
{
	counts_out->directory_binds = atomic_load(&auth->directory_binds);
	counts_out->directory_searches = atomic_load(&auth->directory_searches);
	counts_out->jwt_verified = atomic_load(&auth->jwt_verified);
	counts_out->shared = atomic_load(&auth->shared);
}
