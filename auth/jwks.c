/* A set of keys: which of a file's keys are used, and which fits a token. RFC 7517 section 5. */
#include "auth/jwt_private.h"

#include <stdatomic.h>
#include <stdlib.h>

struct set_key {
	char *kid; /* NULL: none */
	enum jwt_algorithm algorithm;
	EVP_PKEY *key;
};

struct auth_key_set {
	atomic_size_t references;
	size_t count;
	struct set_key keys[JWKS_KEYS_MAX];
};

struct auth_key_set *auth_key_set_ref(struct auth_key_set *set)
{
	atomic_fetch_add(&set->references, 1);
	return set;
}

void auth_key_set_unref(struct auth_key_set *set)
{
	if (set == NULL || atomic_fetch_sub(&set->references, 1) != 1)
		return;
	for (size_t i = 0; i < set->count; i++) {
		free(set->keys[i].kid);
		EVP_PKEY_free(set->keys[i].key);
	}
	free(set);
}

static bool same_kid(const struct set_key *key, struct slice kid)
{
	return key->kid != NULL && slice_equal_text(kid, key->kid);
}

EVP_PKEY *auth_key_set_find(const struct auth_key_set *set, enum jwt_algorithm algorithm, bool has_kid, struct slice kid)
{
	EVP_PKEY *found = NULL;

	for (size_t i = 0; i < set->count; i++) {
		if (set->keys[i].algorithm != algorithm || (has_kid && !same_kid(&set->keys[i], kid)))
			continue;
		if (found != NULL)
			return NULL;
		found = set->keys[i].key;
	}
	return found;
}

/* False and why: it is left out. */
static bool add(struct auth_key_set *set, const struct json *jwk, const char **why_out)
{
	struct set_key *key = &set->keys[set->count];
	const struct json *kid = json_get(jwk, "kid");
	struct slice text = SLICE_NONE;

	*why_out = "its kid is no text";
	if (kid != NULL && !json_to_text(kid, &text))
		return false;
	if (!auth_jwk_read(jwk, &key->algorithm, &key->key, why_out))
		return false;
	key->kid = kid == NULL ? NULL : slice_dup(text);
	*why_out = "memory is short";
	if (kid != NULL && key->kid == NULL) {
		EVP_PKEY_free(key->key);
		return false;
	}
	set->count++;
	return true;
}

static int fill(struct auth_key_set *set, const struct json *root, const char *name, const struct auth_noter *noter, struct err *err)
{
	const struct json *keys = json_get(root, "keys");
	const char *why = "the list is empty";

	if (json_kind(keys) != JSON_KIND_ARRAY)
		return err_set(err, AUTH_ERR, "%s is no JWKS: an object with the array \"keys\" was expected", name);
	if (json_count(keys) > JWKS_KEYS_MAX)
		return err_set(err, AUTH_ERR, "%s holds %zu keys; at most %d are read", name, json_count(keys), JWKS_KEYS_MAX);
	for (size_t i = 0; i < json_count(keys); i++) {
		if (!add(set, json_at(keys, i), &why))
			auth_note(noter, "%s: key %zu is not used: %s", name, i + 1, why);
	}
	if (set->count == 0)
		return err_set(err, AUTH_ERR, "%s holds no key that can be used (%s); RSA of 2048 bits or EC P-256 was expected", name, why);
	return 0;
}

int auth_key_set_parse(struct slice text, const char *name, const struct auth_noter *noter, struct auth_key_set **set_out, struct err *err)
{
	struct auth_key_set *set = calloc(1, sizeof(*set));
	struct json *root = NULL;
	int code;

	if (set == NULL)
		return err_set(err, AUTH_ERR, "cannot hold the keys of %s: out of memory", name);
	atomic_init(&set->references, 1);
	code = json_parse(text, &root, err);
	code = code < 0 ? err_prepend(err, AUTH_ERR, "%s", name) : fill(set, root, name, noter, err);
	json_close(&root);
	if (code < 0)
		auth_key_set_unref(set);
	else
		*set_out = set;
	return code;
}
