/* One issuer's settings, checked and copied. */
#include "auth/jwt_private.h"

#include <string.h>

#include "module/pattern.h"

#define TEXTS_BYTES_MAX (1024 * 1024)

static const char *const algorithm_words[] = { [JWT_RS256] = "RS256", [JWT_ES256] = "ES256" };
_Static_assert(sizeof(algorithm_words) / sizeof(algorithm_words[0]) == JWT_ALGORITHMS, "a word for each algorithm");

bool auth_jwt_algorithm_of(struct slice word, enum jwt_algorithm *algorithm_out)
{
	for (size_t i = 0; i < JWT_ALGORITHMS; i++) {
		if (slice_equal_text(word, algorithm_words[i])) {
			*algorithm_out = (enum jwt_algorithm)i;
			return true;
		}
	}
	return false;
}

static bool empty(const char *text)
{
	return text == NULL || text[0] == '\0';
}

static int check_algorithms(const struct auth_jwt_options *options, size_t index, bool allowed[JWT_ALGORITHMS], struct err *err)
{
	enum jwt_algorithm algorithm;

	if (options->algorithms_count == 0)
		return err_set(err, AUTH_ERR_INVALID, "auth.jwt[%zu].algorithms is empty; of RS256, ES256 at least one was expected", index);
	for (size_t i = 0; i < options->algorithms_count; i++) {
		if (!auth_jwt_algorithm_of(slice_of(options->algorithms[i]), &algorithm))
			return err_set(err, AUTH_ERR_INVALID, "auth.jwt[%zu].algorithms: %.40s is not taken; RS256 or ES256 was expected", index,
				options->algorithms[i]);
		allowed[algorithm] = true;
	}
	return 0;
}

static int check_audiences(const struct auth_jwt_options *options, size_t index, struct err *err)
{
	if (options->audiences_count == 0)
		return err_set(err, AUTH_ERR_INVALID, "auth.jwt[%zu].audiences is empty; without one, a token made for anybody would do", index);
	for (size_t i = 0; i < options->audiences_count; i++) {
		if (empty(options->audiences[i]))
			return err_set(err, AUTH_ERR_INVALID, "auth.jwt[%zu].audiences: an audience is empty", index);
	}
	return 0;
}

/* A claim bound to nothing would look like a lock and be none. */
static int check_claims(const struct auth_jwt_options *options, size_t index, struct err *err)
{
	for (size_t i = 0; i < options->required_count; i++) {
		const struct auth_jwt_claim *claim = &options->required[i];

		if (empty(claim->claim) || strlen(claim->claim) > JWT_CLAIM_NAME_MAX)
			return err_set(err, AUTH_ERR_INVALID, "auth.jwt[%zu].required_claims[%zu]: the claim has no name of 1 to %d bytes", index, i,
				JWT_CLAIM_NAME_MAX);
		if (empty(claim->matches) || module_pattern_check(slice_of(claim->matches), err) < 0)
			return err_set(err, AUTH_ERR_INVALID,
				"auth.jwt[%zu].required_claims[%zu]: `matches` is no pattern; one like \"corp/*\" was expected", index, i);
	}
	return 0;
}

static int check_names(const struct auth_jwt_options *options, size_t index, struct err *err)
{
	if (empty(options->issuer))
		return err_set(err, AUTH_ERR_INVALID, "auth.jwt[%zu].issuer is missing", index);
	if (empty(options->jwks_file))
		return err_set(err, AUTH_ERR_INVALID, "auth.jwt[%zu].jwks_file is missing", index);
	if (options->user_claim != NULL && (empty(options->user_claim) || strlen(options->user_claim) > JWT_CLAIM_NAME_MAX))
		return err_set(err, AUTH_ERR_INVALID, "auth.jwt[%zu].user_claim is no name of 1 to %d bytes", index, JWT_CLAIM_NAME_MAX);
	if (options->groups_claim != NULL && (empty(options->groups_claim) || strlen(options->groups_claim) > JWT_CLAIM_NAME_MAX))
		return err_set(err, AUTH_ERR_INVALID, "auth.jwt[%zu].groups_claim is no name of 1 to %d bytes", index, JWT_CLAIM_NAME_MAX);
	if (options->leeway_s < 0 || options->leeway_s > JWT_LEEWAY_MAX_S)
		return err_set(
			err, AUTH_ERR_INVALID, "auth.jwt[%zu].leeway_s is out of range; 0 to %d seconds were expected", index, JWT_LEEWAY_MAX_S);
	return 0;
}

static const char *copy_text(struct arena *arena, const char *text)
{
	return text == NULL ? NULL : arena_text(arena, slice_of(text));
}

static bool copy_lists(const struct auth_jwt_options *from, struct arena *arena, struct auth_jwt_options *to)
{
	const char **audiences = arena_alloc(arena, from->audiences_count * sizeof(audiences[0]));
	struct auth_jwt_claim *claims = arena_alloc(arena, (from->required_count + 1) * sizeof(claims[0]));

	if (audiences == NULL || claims == NULL)
		return false;
	for (size_t i = 0; i < from->audiences_count; i++) {
		if ((audiences[i] = copy_text(arena, from->audiences[i])) == NULL)
			return false;
	}
	for (size_t i = 0; i < from->required_count; i++) {
		claims[i].claim = copy_text(arena, from->required[i].claim);
		claims[i].matches = copy_text(arena, from->required[i].matches);
		if (claims[i].claim == NULL || claims[i].matches == NULL)
			return false;
	}
	to->audiences = audiences;
	to->required = claims;
	return true;
}

static int copy(const struct auth_jwt_options *from, struct arena *arena, struct auth_jwt_options *to, struct err *err)
{
	*to = *from;
	to->algorithms = NULL; /* `allowed` says it */
	to->algorithms_count = 0;
	to->issuer = copy_text(arena, from->issuer);
	to->jwks_file = copy_text(arena, from->jwks_file);
	to->user_claim = copy_text(arena, from->user_claim == NULL ? "sub" : from->user_claim);
	to->groups_claim = copy_text(arena, from->groups_claim);
	if (to->issuer == NULL || to->jwks_file == NULL || to->user_claim == NULL || (from->groups_claim != NULL && to->groups_claim == NULL) ||
		!copy_lists(from, arena, to))
		return err_set(err, AUTH_ERR, "cannot set up auth.jwt: out of memory");
	return 0;
}

int auth_jwt_issuer_open(
	const struct auth_jwt_options *options, size_t index, const struct auth_noter *noter, struct jwt_issuer *issuer_out, struct err *err)
{
	struct jwt_issuer issuer = { .arena = NULL };
	int code = check_names(options, index, err);

	if (code == 0)
		code = check_audiences(options, index, err);
	if (code == 0)
		code = check_algorithms(options, index, issuer.allowed, err);
	if (code == 0)
		code = check_claims(options, index, err);
	if (code < 0)
		return code;
	issuer.arena = arena_open(TEXTS_BYTES_MAX);
	code = issuer.arena == NULL ? err_set(err, AUTH_ERR, "cannot set up auth.jwt: out of memory")
				    : copy(options, issuer.arena, &issuer.options, err);
	if (code == 0)
		code = auth_key_file_open(issuer.options.jwks_file, noter, &issuer.keys, err);
	if (code < 0)
		auth_jwt_issuer_close(&issuer);
	else
		*issuer_out = issuer;
	return code;
}

void auth_jwt_issuer_close(struct jwt_issuer *issuer)
{
	auth_key_file_close(&issuer->keys);
	arena_close(&issuer->arena);
}
