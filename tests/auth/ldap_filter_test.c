#include "tests/auth/support.h"

#include "auth/ldap_private.h"

static void test_fill(void **state)
{
	static const struct {
		const char *name;
		const char *template;
		struct slice user, dn;
		const char *want;
	} rows[] = {
		{ "plain", "(uid={user})", { "alice", 5 }, { NULL, 0 }, "(uid=alice)" },
		{ "parentheses", "(uid={user})", { "Parens (c)", 10 }, { NULL, 0 }, "(uid=Parens \\28c\\29)" },
		{ "asterisk", "(cn=*{user}*)", { "*", 1 }, { NULL, 0 }, "(cn=*\\2a*)" },
		{ "backslash", "(f={user})", { "C:\\My", 5 }, { NULL, 0 }, "(f=C\\3a\\5cMy)" },
		{ "NUL", "(b={user})", { "\0\0\0\4", 4 }, { NULL, 0 }, "(b=\\00\\00\\00\\04)" },
		{ "UTF-8", "(sn={user})", { "Lu\xc4\x8di\xc4\x87", 7 }, { NULL, 0 }, "(sn=Lu\\c4\\8di\\c4\\87)" },
		{ "way out", "(uid={user})", { "a)(|(uid=*", 10 }, { NULL, 0 }, "(uid=a\\29\\28\\7c\\28uid=\\2a)" },
		{ "placeholder inside a value", "(uid={user})", { "{dn}", 4 }, { "x", 1 }, "(uid=\\7bdn\\7d)" },
		{ "dn", "(&(member={dn})(x={user}))", { "u", 1 }, { "cn=a\\2Cb,dc=c", 13 }, "(&(member=cn=a\\5c2Cb,dc=c)(x=u))" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct buf out = BUF_INIT(LDAP_FILTER_MAX);

		auth_ldap_filter_fill(rows[i].template, rows[i].user, rows[i].dn, &out);
		CHECK(rows[i].name, !buf_failed(&out));
		CHECK(rows[i].name, strcmp(buf_text(&out), rows[i].want) == 0);
		buf_free(&out);
	}
}

static void test_check(void **state)
{
	static const struct {
		const char *template;
		bool dn_allowed;
		bool good;
	} rows[] = {
		{ "(uid={user})", false, true },
		{ "(&(objectClass=person)(|(uid={user})(mail={user})))", false, true },
		{ "(member={dn})", true, true },
		{ "(member={dn})", false, false },
		{ "uid={user}", false, false },
		{ "(uid={user}", false, false },
		{ "(uid={user}))", false, false },
		{ "(uid={user})(a=b)", false, false },
		{ "(uid={name})", false, false },
		{ "(uid={user)", false, false },
		{ "(uid=user})", false, false },
		{ "()", false, false },
		{ "", false, false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct err err = ERR_INIT;
		int code = auth_ldap_filter_check("user_filter", rows[i].template, rows[i].dn_allowed, &err);

		CHECK(rows[i].template, code == (rows[i].good ? 0 : AUTH_ERR_INVALID));
		CHECK(rows[i].template, (strstr(err.text, "auth.ldap.user_filter") != NULL) == !rows[i].good);
	}
}

static void test_attribute(void **state)
{
	static const struct {
		const char *template;
		const char *want;
	} rows[] = {
		{ "(uid={user})", "uid" },
		{ "(&(objectClass=person)(sAMAccountName={user}))", "sAMAccountName" },
		{ "(uid:caseExactMatch:={user})", "uid" },
		{ "(uid~={user})", "uid" },
		{ "(={user})", NULL },
		{ "(uid=alice)", NULL },
	};
	struct arena *arena = arena_open(65536);

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		const char *got = auth_ldap_filter_attribute(arena, rows[i].template);

		CHECK(rows[i].template, (got == NULL) == (rows[i].want == NULL));
		CHECK(rows[i].template, got == NULL || strcmp(got, rows[i].want) == 0);
	}
	arena_close(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fill),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_attribute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
