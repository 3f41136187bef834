/* What the files about JWTs share: key sets, key files, one issuer's settings. RFC 7515, 7517, 7518, 7519. */
#ifndef AUTH_JWT_PRIVATE_H
#define AUTH_JWT_PRIVATE_H

#include <openssl/evp.h>
#include <sys/types.h>
#include <time.h>

#include "auth/auth_private.h"
#include "base/json.h"

#define JWT_LEEWAY_MAX_S   60
#define JWT_ISSUERS_MAX    64
#define JWT_CLAIM_NAME_MAX 256
#define JWT_TIME_MAX       253402300799 /* the end of year 9999: what comes later is no time */
#define JWKS_BYTES_MAX     (1024 * 1024)
#define JWKS_KEYS_MAX      64
#define JWKS_RSA_BITS_MIN  2048
#define JWKS_RSA_BITS_MAX  8192
#define JWKS_CHECK_US      (5 * 1000000LL) /* a key file is looked at no more often */

enum jwt_algorithm { JWT_RS256 = 0, JWT_ES256 = 1 };
#define JWT_ALGORITHMS 2
bool auth_jwt_algorithm_of(struct slice word, enum jwt_algorithm *algorithm_out);

/* --- jwks.c ---------------------------------------------------------------------------------------------------------------------------- */

/* Usable keys of one file; immutable, counted. */
struct auth_key_set;
/* name: what notes and errors call it. Keys that cannot be used are noted. AUTH_ERR when none is left or the bytes are no JWKS. */
int auth_key_set_parse(struct slice text, const char *name, const struct auth_noter *noter, struct auth_key_set **set_out, struct err *err);
struct auth_key_set *auth_key_set_ref(struct auth_key_set *set);
void auth_key_set_unref(struct auth_key_set *set);
/* The key for this algorithm with this kid; has_kid false: the only one for the algorithm. NULL: none, or not one. Lives as long as the set. */
EVP_PKEY *auth_key_set_find(const struct auth_key_set *set, enum jwt_algorithm algorithm, bool has_kid, struct slice kid);

/* --- jwks_key.c ------------------------------------------------------------------------------------------------------------------------ */

/* One JWK. False and why_out (static) when it cannot be used. The caller frees *key_out with EVP_PKEY_free(). */
bool auth_jwk_read(const struct json *jwk, enum jwt_algorithm *algorithm_out, EVP_PKEY **key_out, const char **why_out);

/* --- jwks_file.c ----------------------------------------------------------------------------------------------------------------------- */

/* Tells one state of a file from another. */
struct auth_key_stamp {
	struct timespec modified;
	off_t size;
	ino_t inode;
};
/* What was read and is not in force yet: its keys are the holder's to put or to unref. */
struct auth_key_reading {
	struct auth_key_set *keys;
	struct auth_key_stamp stamp;
};

struct auth_key_file;
int auth_key_file_open(const char *path, const struct auth_noter *noter, struct auth_key_file **file_out, struct err *err);
void auth_key_file_close(struct auth_key_file **file);
/* The keys in force, one reference. Rereads a file that changed; one that cannot be read leaves the old keys and a note. Any thread. */
struct auth_key_set *auth_key_file_keys(struct auth_key_file *file, int64_t now_us);
/* Reads the file as it is now. AUTH_ERR. Any thread. */
int auth_key_file_read(const struct auth_key_file *file, struct auth_key_reading *reading_out, struct err *err);
/* Brings into force what was read; takes the keys over. Any thread. */
void auth_key_file_put(struct auth_key_file *file, struct auth_key_reading *reading);
/* Times the keys were replaced. */
uint64_t auth_key_file_generation(struct auth_key_file *file);

/* --- jwt.c, jwt_issuer.c, jwt_claims.c --------------------------------------------------------------------------------------------------- */

struct jwt_issuer {
	struct auth_jwt_options options; /* its texts lie in the arena; defaults filled in */
	bool allowed[JWT_ALGORITHMS];
	struct arena *arena;
	struct auth_key_file *keys;
};
/* Checks and copies; index is for messages. AUTH_ERR_INVALID, AUTH_ERR. */
int auth_jwt_issuer_open(
	const struct auth_jwt_options *options, size_t index, const struct auth_noter *noter, struct jwt_issuer *issuer_out, struct err *err);
void auth_jwt_issuer_close(struct jwt_issuer *issuer);

/* The value a dotted name leads to: at each level the whole rest is tried as a name first ("https://a.example/groups"). NULL: none. */
const struct json *auth_jwt_claim(const struct json *object, const char *name);
/* Checks aud, exp, nbf, iat and the required claims, after the signature. 0 (*until_s_out: exp and leeway) or AUTH_ERR_REFUSED. */
int auth_jwt_claims_check(
	const struct jwt_issuer *issuer, const struct json *claims, int64_t now_s, int64_t *until_s_out, struct auth_answer *answer_out);
/* Makes the identity. 0, AUTH_ERR_REFUSED, AUTH_ERR_UNAVAILABLE. */
int auth_jwt_claims_identity(const struct jwt_issuer *issuer, const struct json *claims, struct auth_answer *answer_out);

#endif
