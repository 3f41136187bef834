/*
 * Signing in by a directory: search for the one entry, bind as it, search for its groups. An unknown user takes the same way: a bind that
 * cannot succeed stands for the one that would have been made.
 */
#include "auth/ldap_private.h"

#include <stdlib.h>
#include <string.h>

#define LOOKUP_BYTES_MAX (AUTH_GROUPS_MAX * (AUTH_GROUP_MAX + 64))
#define ENTRIES_WANTED   2 /* one, and one to see that it is not the only one */
#define CACHE_TTL_S      60
#define REFUSED_TTL_S    300

struct ldap_directory {
	struct auth_directory directory;
	struct ldap_settings settings;
	struct auth_ldap_pool *pool;
	struct auth_noter noter;
};

/* One look-up: what is asked and what comes of it. */
struct lookup {
	struct ldap_directory *ldap;
	struct arena *arena;
	struct slice typed;
	struct slice password;
	const char *dn;   /* NULL: no entry */
	const char *user; /* the directory's spelling */
	struct auth_names groups;
	enum auth_reason reason; /* NONE: nothing against it so far */
	bool memory_short;
};

static struct ldap_directory *ldap_of(struct auth_directory *directory)
{
	return (struct ldap_directory *)directory;
}

static int search(
	struct lookup *lookup, LDAP *ld, const char *base, const char *template, const char *attribute, int entries_max, LDAPMessage **result_out)
{
	struct ldap_settings *settings = &lookup->ldap->settings;
	struct buf filter = BUF_INIT(LDAP_FILTER_MAX);
	struct timeval timeout = settings->timeout;
	char *attributes[] = { (char *)(uintptr_t)attribute, NULL };
	int rc = LDAP_FILTER_ERROR;

	auth_ldap_filter_fill(template, lookup->user == NULL ? lookup->typed : slice_of(lookup->user), slice_of(lookup->dn), &filter);
	if (!buf_failed(&filter))
		rc = ldap_search_ext_s(ld, base, LDAP_SCOPE_SUBTREE, buf_text(&filter), attributes, 0, NULL, NULL, &timeout, entries_max, result_out);
	buf_free(&filter);
	return rc;
}

/* The entry's one value of the user attribute: two names would be two users. */
static void read_name(struct lookup *lookup, LDAP *ld, LDAPMessage *entry)
{
	struct berval **values = ldap_get_values_len(ld, entry, lookup->ldap->settings.user_attribute);
	struct slice name = values != NULL && values[0] != NULL && values[1] == NULL ? slice_make(values[0]->bv_val, values[0]->bv_len) : SLICE_NONE;

	if (!auth_name_ok(name, AUTH_USER_MAX))
		lookup->reason = AUTH_REASON_NO_USER_NAME;
	else if ((lookup->user = arena_text(lookup->arena, name)) == NULL)
		lookup->memory_short = true;
	ldap_value_free_len(values);
}

static void read_entry(struct lookup *lookup, LDAP *ld, LDAPMessage *entry)
{
	char *dn = ldap_get_dn(ld, entry);

	lookup->dn = dn == NULL ? NULL : arena_text(lookup->arena, slice_of(dn));
	if (lookup->dn == NULL)
		lookup->memory_short = true;
	else if (lookup->dn[0] == '\0') /* to bind as it would be to bind as nobody */
		lookup->reason = AUTH_REASON_NO_USER_NAME;
	ldap_memfree(dn);
	read_name(lookup, ld, entry);
}

static int find_entry(void *ctx, LDAP *ld)
{
	struct lookup *lookup = ctx;
	const struct ldap_settings *settings = &lookup->ldap->settings;
	LDAPMessage *result = NULL;
	int rc = search(lookup, ld, settings->user_base, settings->user_filter, settings->user_attribute, ENTRIES_WANTED, &result);
	int count = result == NULL ? 0 : ldap_count_entries(ld, result);

	if (rc == LDAP_SIZELIMIT_EXCEEDED || (rc == LDAP_SUCCESS && count > 1)) {
		lookup->reason = AUTH_REASON_NOT_ONE_ENTRY;
		rc = LDAP_SUCCESS;
	} else if (rc == LDAP_SUCCESS && count == 1) {
		read_entry(lookup, ld, ldap_first_entry(ld, result));
	} else if (rc == LDAP_SUCCESS) {
		lookup->reason = AUTH_REASON_WRONG_PASSWORD;
	}
	ldap_msgfree(result);
	return rc;
}

static bool add_values(struct lookup *lookup, LDAP *ld, LDAPMessage *entry)
{
	struct berval **values = ldap_get_values_len(ld, entry, lookup->ldap->settings.group_attribute);
	int code = 0;

	for (size_t i = 0; values != NULL && values[i] != NULL && code == 0; i++)
		code = auth_names_add(&lookup->groups, slice_make(values[i]->bv_val, values[i]->bv_len));
	ldap_value_free_len(values);
	if (code == AUTH_ERR_REFUSED)
		lookup->reason = AUTH_REASON_GROUPS_UNUSABLE;
	else if (code < 0)
		lookup->memory_short = true;
	return code == 0;
}

/* A list that was cut is no list: a rule that denies a group must not lose its members. */
static int find_groups(void *ctx, LDAP *ld)
{
	struct lookup *lookup = ctx;
	const struct ldap_settings *settings = &lookup->ldap->settings;
	LDAPMessage *result = NULL;
	int rc = search(lookup, ld, settings->group_base, settings->group_filter, settings->group_attribute, AUTH_GROUPS_MAX + 1, &result);

	lookup->groups.count = 0;
	if (rc == LDAP_SUCCESS) {
		LDAPMessage *entry = ldap_first_entry(ld, result);

		while (entry != NULL && add_values(lookup, ld, entry))
			entry = ldap_next_entry(ld, entry);
	}
	ldap_msgfree(result);
	return rc;
}

/* For a user without an entry: a name that nobody has, and not the password that was typed. */
static int bind_nobody(struct lookup *lookup, LDAP *ld)
{
	uint8_t bytes[16];
	char hex[2 * sizeof(bytes) + 1];
	char *dn;

	random_bytes(bytes, sizeof(bytes));
	hex_encode(bytes, sizeof(bytes), hex);
	dn = arena_printf(lookup->arena, "cn=%s,%s", hex, lookup->ldap->settings.user_base);
	return dn == NULL ? LDAP_NO_MEMORY : auth_ldap_bind(ld, dn, slice_of(hex));
}

static int bind_user(void *ctx, LDAP *ld)
{
	struct lookup *lookup = ctx;

	if (lookup->dn == NULL || lookup->reason != AUTH_REASON_NONE)
		return bind_nobody(lookup, ld);
	return auth_ldap_bind(ld, lookup->dn, lookup->password);
}

/* Answers that say "not with this password, not this account"; any other says nothing about them. */
static bool bind_refused(int rc)
{
	return rc == LDAP_INVALID_CREDENTIALS || rc == LDAP_INAPPROPRIATE_AUTH || rc == LDAP_NO_SUCH_OBJECT || rc == LDAP_INVALID_DN_SYNTAX ||
	       rc == LDAP_CONSTRAINT_VIOLATION || rc == LDAP_INSUFFICIENT_ACCESS || rc == LDAP_UNWILLING_TO_PERFORM;
}

static int unavailable(struct lookup *lookup, const char *what, int rc, struct auth_answer *answer)
{
	if (!auth_ldap_broken(rc))
		auth_note(&lookup->ldap->noter, "the directory could not %s: %s", what, ldap_err2string(rc));
	return auth_answer_refuse(answer, AUTH_ERR_UNAVAILABLE, AUTH_REASON_DIRECTORY_UNAVAILABLE,
		"the directory does not answer, so nobody can be signed in by it now; try again later");
}

/* Step 1. 0 also when there is no entry: lookup->reason says so, and the bind comes all the same. */
static int step_entry(struct lookup *lookup, struct auth_answer *answer)
{
	int rc = auth_ldap_with(lookup->ldap->pool, LDAP_USE_SEARCH, find_entry, lookup);

	if (rc != LDAP_SUCCESS)
		return unavailable(lookup, "search for a user", rc, answer);
	return lookup->memory_short ? auth_answer_no_memory(answer) : 0;
}

static int step_bind(struct lookup *lookup, struct auth_answer *answer)
{
	int rc = auth_ldap_with(lookup->ldap->pool, LDAP_USE_BIND, bind_user, lookup);

	if (rc != LDAP_SUCCESS && !bind_refused(rc))
		return unavailable(lookup, "check a password", rc, answer);
	if (lookup->reason != AUTH_REASON_NONE)
		return auth_refuse_as(answer, lookup->reason);
	return rc == LDAP_SUCCESS ? 0 : auth_refuse_as(answer, AUTH_REASON_WRONG_PASSWORD);
}

static int step_groups(struct lookup *lookup, struct auth_answer *answer)
{
	int rc = LDAP_SUCCESS;

	if (lookup->ldap->settings.group_base != NULL)
		rc = auth_ldap_with(lookup->ldap->pool, LDAP_USE_SEARCH, find_groups, lookup);
	if (rc == LDAP_SIZELIMIT_EXCEEDED)
		return auth_refuse_as(answer, AUTH_REASON_GROUPS_UNUSABLE);
	if (rc != LDAP_SUCCESS)
		return unavailable(lookup, "search for groups", rc, answer);
	if (lookup->memory_short)
		return auth_answer_no_memory(answer);
	return lookup->reason == AUTH_REASON_NONE ? 0 : auth_refuse_as(answer, lookup->reason);
}

static int step_identity(const struct lookup *lookup, struct auth_answer *answer)
{
	const struct auth_identity identity = { .method = AUTH_LDAP,
		.scope = AUTH_SCOPE_READ,
		.user = lookup->user,
		.credential = "",
		.groups = lookup->groups.items,
		.groups_count = lookup->groups.count };
	const struct auth_identity *copy = auth_identity_copy(&identity);

	return copy == NULL ? auth_answer_no_memory(answer) : auth_answer_accept(answer, copy);
}

static int sign_in_steps(struct lookup *lookup, struct auth_answer *answer)
{
	int code = step_entry(lookup, answer);

	if (code == 0)
		code = step_bind(lookup, answer);
	if (code == 0)
		code = step_groups(lookup, answer);
	return code < 0 ? code : step_identity(lookup, answer);
}

static int look_up_steps(struct lookup *lookup, struct auth_answer *answer)
{
	int code = step_entry(lookup, answer);

	if (code == 0 && lookup->reason != AUTH_REASON_NONE)
		code = auth_refuse_as(answer, lookup->reason == AUTH_REASON_WRONG_PASSWORD ? AUTH_REASON_USER_GONE : lookup->reason);
	if (code == 0)
		code = step_groups(lookup, answer);
	return code < 0 ? code : step_identity(lookup, answer);
}

static int run(struct auth_directory *directory, struct slice user, struct slice password, int (*steps)(struct lookup *, struct auth_answer *),
	struct auth_answer *answer)
{
	struct lookup lookup = { .ldap = ldap_of(directory), .typed = user, .password = password };
	int code;

	lookup.arena = arena_open(LOOKUP_BYTES_MAX);
	lookup.groups.arena = lookup.arena;
	code = lookup.arena == NULL ? auth_answer_no_memory(answer) : steps(&lookup, answer);
	if (code == AUTH_ERR_REFUSED && lookup.user != NULL)
		memcpy(answer->user, lookup.user, strlen(lookup.user) + 1); /* read_name() has seen that it fits */
	arena_close(&lookup.arena);
	return code;
}

static int sign_in(struct auth_directory *directory, struct slice user, struct slice password, struct auth_answer *answer_out)
{
	/* An empty password would bind as nobody, and succeed. */
	if (password.len == 0 || slice_has_nul(password))
		return auth_answer_refuse(answer_out, AUTH_ERR_REFUSED, AUTH_REASON_EMPTY_PASSWORD, "the password is empty");
	return run(directory, user, password, sign_in_steps, answer_out);
}

static int look_up(struct auth_directory *directory, struct slice user, struct auth_answer *answer_out)
{
	return run(directory, user, SLICE_NONE, look_up_steps, answer_out);
}

static void close_directory(struct auth_directory *directory)
{
	struct ldap_directory *ldap = ldap_of(directory);

	auth_ldap_pool_close(&ldap->pool);
	auth_ldap_settings_close(&ldap->settings);
	free(ldap);
}

static const struct auth_directory_class ldap_class = { .sign_in = sign_in, .look_up = look_up, .close = close_directory };

int auth_ldap_open(const struct auth_ldap_options *options, const struct clock *clock, const struct auth_noter *noter,
	struct auth_directory **directory_out, struct err *err)
{
	struct ldap_directory *ldap = calloc(1, sizeof(*ldap));
	int code;

	if (ldap == NULL)
		return err_set(err, AUTH_ERR, "cannot set up auth.ldap: out of memory");
	ldap->directory.class = &ldap_class;
	ldap->directory.cache_ttl_us = (options->cache_ttl_s == 0 ? CACHE_TTL_S : options->cache_ttl_s) * 1000000;
	ldap->directory.refused_ttl_us = (options->refused_ttl_s == 0 ? REFUSED_TTL_S : options->refused_ttl_s) * 1000000;
	ldap->noter = *noter;
	code = auth_ldap_settings_open(options, &ldap->settings, err);
	if (code == 0)
		code = auth_ldap_pool_open(&ldap->settings, clock, noter, &ldap->pool, err);
	if (code < 0)
		close_directory(&ldap->directory);
	else
		*directory_out = &ldap->directory;
	return code;
}
