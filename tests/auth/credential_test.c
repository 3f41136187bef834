#include "tests/auth/support.h"

#define LEN(text) \
	{ \
		text, sizeof(text) - 1 \
	}

/* In base64: "a:b" YTpi; "ab" YWI=; ":x" Ong=; "a:" YTo=; "a:\0" YToA; "a\nb:c" YQpiOmM=; "\xff:a" /zph; "netrc:mg_x" bmV0cmM6bWdfeA== */
static void test_parse(void **state)
{
	static const struct {
		const char *name;
		struct slice in;
		enum auth_reason want;
		enum auth_credential_kind kind;
		const char *user;
		const char *secret;
	} rows[] = {
		{ "no header", { NULL, 0 }, AUTH_REASON_NO_CREDENTIAL, AUTH_CREDENTIAL_NONE, "", "" },
		{ "empty header is a bad credential", LEN(""), AUTH_REASON_MALFORMED, AUTH_CREDENTIAL_NONE, "", "" },
		{ "basic", LEN("Basic YTpi"), AUTH_REASON_NONE, AUTH_CREDENTIAL_PASSWORD, "a", "b" },
		{ "scheme in any case", LEN("bAsIc YTpi"), AUTH_REASON_NONE, AUTH_CREDENTIAL_PASSWORD, "a", "b" },
		{ "password with colons", LEN("Basic YTpiOmM="), AUTH_REASON_NONE, AUTH_CREDENTIAL_PASSWORD, "a", "b:c" },
		{ "two spaces", LEN("Basic  YTpi"), AUTH_REASON_MALFORMED, AUTH_CREDENTIAL_NONE, "", "" },
		{ "tab", LEN("Basic\tYTpi"), AUTH_REASON_MALFORMED, AUTH_CREDENTIAL_NONE, "", "" },
		{ "trailing space", LEN("Basic YTpi "), AUTH_REASON_MALFORMED, AUTH_CREDENTIAL_NONE, "", "" },
		{ "nothing behind", LEN("Basic "), AUTH_REASON_MALFORMED, AUTH_CREDENTIAL_NONE, "", "" },
		{ "scheme alone", LEN("Basic"), AUTH_REASON_MALFORMED, AUTH_CREDENTIAL_NONE, "", "" },
		{ "no colon", LEN("Basic YWI="), AUTH_REASON_MALFORMED, AUTH_CREDENTIAL_NONE, "", "" },
		{ "unpadded", LEN("Basic YWI6YQ"), AUTH_REASON_MALFORMED, AUTH_CREDENTIAL_NONE, "", "" },
		{ "not canonical", LEN("Basic YTpiOmN="), AUTH_REASON_MALFORMED, AUTH_CREDENTIAL_NONE, "", "" },
		{ "url alphabet", LEN("Basic YTo_"), AUTH_REASON_MALFORMED, AUTH_CREDENTIAL_NONE, "", "" },
		{ "empty password", LEN("Basic YTo="), AUTH_REASON_EMPTY_PASSWORD, AUTH_CREDENTIAL_PASSWORD, "a", "" },
		{ "empty user", LEN("Basic Ong="), AUTH_REASON_MALFORMED, AUTH_CREDENTIAL_PASSWORD, "", "x" },
		{ "NUL as password", LEN("Basic YToA"), AUTH_REASON_MALFORMED, AUTH_CREDENTIAL_NONE, "", "" },
		{ "NUL in the header", LEN("Basic YTpi\0"), AUTH_REASON_MALFORMED, AUTH_CREDENTIAL_NONE, "", "" },
		{ "control character in the user", LEN("Basic YQpiOmM="), AUTH_REASON_MALFORMED, AUTH_CREDENTIAL_PASSWORD, "a\nb", "c" },
		{ "not UTF-8", LEN("Basic /zph"), AUTH_REASON_MALFORMED, AUTH_CREDENTIAL_NONE, "", "" },
		{ "token as a password", LEN("Basic bmV0cmM6bWdfeA=="), AUTH_REASON_NONE, AUTH_CREDENTIAL_TOKEN, "", "mg_x" },
		{ "token without a user", LEN("Basic Om1nX3g="), AUTH_REASON_NONE, AUTH_CREDENTIAL_TOKEN, "", "mg_x" },
		{ "JWT as a password", LEN("Basic eDpleUouZXlKOS5jMg=="), AUTH_REASON_NONE, AUTH_CREDENTIAL_JWT, "", "eyJ.eyJ9.c2" },
		{ "password with two dots", LEN("Basic eDpteS5wYXNzLndvcmQ="), AUTH_REASON_NONE, AUTH_CREDENTIAL_PASSWORD, "x", "my.pass.word" },
		{ "bearer token", LEN("Bearer mg_x"), AUTH_REASON_NONE, AUTH_CREDENTIAL_TOKEN, "", "mg_x" },
		{ "bearer JWT", LEN("bearer a.b.c"), AUTH_REASON_NONE, AUTH_CREDENTIAL_JWT, "", "a.b.c" },
		{ "bearer anything is a JWT, and refused as one", LEN("Bearer x"), AUTH_REASON_NONE, AUTH_CREDENTIAL_JWT, "", "x" },
		{ "bearer with a space", LEN("Bearer a b"), AUTH_REASON_MALFORMED, AUTH_CREDENTIAL_NONE, "", "" },
		{ "bearer with a high byte", LEN("Bearer a\xff"), AUTH_REASON_MALFORMED, AUTH_CREDENTIAL_NONE, "", "" },
		{ "another scheme", LEN("Negotiate YTpi"), AUTH_REASON_MALFORMED, AUTH_CREDENTIAL_NONE, "", "" },
		{ "two credentials in one", LEN("Basic YTpi, Basic YTpi"), AUTH_REASON_MALFORMED, AUTH_CREDENTIAL_NONE, "", "" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct auth_credential credential;

		CHECK(rows[i].name, auth_credential_parse(rows[i].in, &credential) == rows[i].want);
		CHECK(rows[i].name, credential.kind == rows[i].kind);
		if (rows[i].want == AUTH_REASON_NONE) {
			CHECK(rows[i].name, slice_equal_text(credential.user, rows[i].user));
			CHECK(rows[i].name, slice_equal_text(credential.secret, rows[i].secret));
		}
		auth_credential_wipe(&credential);
		CHECK(rows[i].name, credential.bytes.ptr == NULL && credential.secret.len == 0);
	}
}

static enum auth_reason parse_sized(size_t user_bytes, size_t password_bytes)
{
	char *user = calloc(1, user_bytes + 1);
	char *password = calloc(1, password_bytes + 1);
	struct auth_credential credential;
	enum auth_reason reason;
	char *header;

	memset(user, 'u', user_bytes);
	memset(password, 'p', password_bytes);
	header = basic_header(user, password);
	reason = auth_credential_parse(slice_of(header), &credential);
	auth_credential_wipe(&credential);
	free(header);
	free(password);
	free(user);
	return reason;
}

static void test_limits(void **state)
{
	char *header = calloc(1, AUTH_HEADER_MAX + 2);
	struct auth_credential credential;

	(void)state;
	assert_int_equal(parse_sized(AUTH_USER_MAX, 1), AUTH_REASON_NONE);
	assert_int_equal(parse_sized(AUTH_USER_MAX + 1, 1), AUTH_REASON_MALFORMED);
	assert_int_equal(parse_sized(1, AUTH_PASSWORD_MAX), AUTH_REASON_NONE);
	assert_int_equal(parse_sized(1, AUTH_PASSWORD_MAX + 1), AUTH_REASON_MALFORMED);
	memset(header, 'x', AUTH_HEADER_MAX + 1);
	memcpy(header, "Bearer ", 7);
	assert_int_equal(auth_credential_parse(slice_make(header, AUTH_HEADER_MAX), &credential), AUTH_REASON_NONE);
	assert_int_equal(auth_credential_parse(slice_make(header, AUTH_HEADER_MAX + 1), &credential), AUTH_REASON_MALFORMED);
	free(header);
}

static void test_copy(void **state)
{
	struct auth_credential credential;
	struct auth_credential copy;

	(void)state;
	assert_int_equal(auth_credential_parse(SLICE("Basic YTpiOmM="), &credential), AUTH_REASON_NONE);
	assert_true(auth_credential_copy(&credential, &copy));
	auth_credential_wipe(&credential);
	assert_true(slice_equal_text(copy.user, "a"));
	assert_true(slice_equal_text(copy.secret, "b:c"));
	assert_int_equal(copy.kind, AUTH_CREDENTIAL_PASSWORD);
	auth_credential_wipe(&copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
