/* Authorization headers: what is dispatched is whole, short and stands alone; Bearer and Basic agree on what a secret is. */
#include "auth/auth_private.h"
#include "tests/fuzz/fuzz.h"

static void check_parsed(struct slice header, const struct auth_credential *credential)
{
	struct auth_credential copy;

	ASSERT(credential->kind != AUTH_CREDENTIAL_NONE && credential->secret.len > 0);
	ASSERT(credential->user.len + credential->secret.len < header.len);
	ASSERT(!slice_has_nul(credential->secret) && !slice_has_nul(credential->user));
	if (credential->kind == AUTH_CREDENTIAL_PASSWORD)
		ASSERT(auth_name_ok(credential->user, AUTH_USER_MAX) && credential->secret.len <= AUTH_PASSWORD_MAX);
	else
		ASSERT(credential->user.len == 0);
	ASSERT(auth_credential_copy(credential, &copy));
	ASSERT(copy.kind == credential->kind && slice_equal(copy.user, credential->user) && slice_equal(copy.secret, credential->secret));
	auth_credential_wipe(&copy);
}

/* The same secret as a Basic password: a token stays one, and what is a JWT there is one as Bearer. */
static void check_basic(struct slice secret)
{
	struct buf plain = BUF_INIT(AUTH_HEADER_MAX), header = BUF_INIT(2 * AUTH_HEADER_MAX);
	struct auth_credential credential;
	enum auth_reason reason;

	buf_printf(&plain, "alice:");
	buf_add_slice(&plain, secret);
	buf_add_text(&header, "Basic ");
	base64_encode(buf_slice(&plain), &header);
	reason = auth_credential_parse(buf_slice(&header), &credential);
	if (reason == AUTH_REASON_NONE) {
		ASSERT(slice_equal(credential.secret, secret));
		ASSERT((credential.kind == AUTH_CREDENTIAL_TOKEN) == slice_starts(secret, SLICE("mg_")));
		ASSERT(credential.kind != AUTH_CREDENTIAL_PASSWORD || slice_equal_text(credential.user, "alice"));
	}
	ASSERT(secret.len > 0 || reason == AUTH_REASON_EMPTY_PASSWORD);
	auth_credential_wipe(&credential);
	buf_free(&plain);
	buf_free(&header);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct slice header = slice_make(bytes, len), id, secret;
	struct auth_credential credential;

	if (auth_credential_parse(header, &credential) == AUTH_REASON_NONE)
		check_parsed(header, &credential);
	auth_credential_wipe(&credential);
	if (len < AUTH_HEADER_MAX / 2)
		check_basic(header);
	if (auth_token_text_parse(header, &id, &secret))
		ASSERT(fuzz_inside(id, header) && fuzz_inside(secret, header) && id.len == AUTH_TOKEN_ID_BYTES && header.len < AUTH_TOKEN_TEXT_MAX);
	return 0;
}
