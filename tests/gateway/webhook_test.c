/* Who knows the secret of a repository: RFC 4231's vectors, each form of a signature, and all that is not one. */
#include "gateway/webhook.h"

#include "base/file.h"
#include "base/hash.h"
#include "tests/base/rows.h"

#define JEFE "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" /* of RFC 4231, test case 2 */
#define LONG "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" /* test case 7: a key longer than a block */
#define WHAT "what do ya want for nothing?"
#define LONG_TEXT \
	"This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the " \
	"HMAC algorithm."

/* The settings that a start would read; only what webhooks look at. */
static struct webhooks *open_secrets(void **state)
{
	static const char base[] = "listen: { certificate: c, key: k }\npolicy: c\nrepositories:\n"
				   "  - { prefix: a.example, repository: /srv/a, webhook_secret_file: jefe }\n"
				   "  - { prefix: a.example/own, repository: /srv/own }\n"
				   "  - { prefix: b.example, repository: /srv/b, webhook_secret_file: long }\n";
	char key[132];
	const struct settings *settings = NULL;
	struct webhooks *webhooks = NULL;
	struct err err = ERR_INIT;
	memset(key, 0xaa, 131);
	assert_int_equal(file_write(scratch_path(state, "c"), SLICE("x\n"), 0600, NULL), 0);
	assert_int_equal(file_write(scratch_path(state, "k"), SLICE("x\n"), 0600, NULL), 0);
	assert_int_equal(file_write(scratch_path(state, "jefe"), SLICE("Jefe\n"), 0600, NULL), 0);
	assert_int_equal(file_write(scratch_path(state, "long"), slice_make(key, 131), 0600, NULL), 0);
	assert_int_equal(file_write(scratch_path(state, "m.yaml"), slice_of(base), 0600, NULL), 0);
	if (settings_load(scratch_path(state, "m.yaml"), &settings, &err) != 0 || webhooks_read(settings, &webhooks, &err) != 0)
		fail_msg("%s", err.text);
	settings_unref(settings);
	return webhooks;
}

static void test_signatures(void **state)
{
	static const struct {
		const char *name, *module;
		enum webhook_form form;
		const char *signature, *body;
		bool good;
	} rows[] = {
		{ "GitHub", "a.example/x", WEBHOOK_HMAC_PREFIXED, "sha256=" JEFE, WHAT, true },
		{ "Gitea", "a.example", WEBHOOK_HMAC, JEFE, WHAT, true },
		{ "GitLab", "a.example/x/v2", WEBHOOK_TOKEN, "Jefe", WHAT, true },
		{ "a long key", "b.example/x", WEBHOOK_HMAC, LONG, LONG_TEXT, true },
		{ "capital digits", "a.example/x", WEBHOOK_HMAC, "5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843", WHAT, true },
		{ "another body", "a.example/x", WEBHOOK_HMAC, JEFE, WHAT "!", false },
		{ "no body", "a.example/x", WEBHOOK_HMAC, JEFE, "", false },
		{ "another repository's secret", "b.example/x", WEBHOOK_HMAC, JEFE, WHAT, false },
		{ "a longer prefix without a secret", "a.example/own/x", WEBHOOK_HMAC, JEFE, WHAT, false },
		{ "a prefix in letters only", "a.examples", WEBHOOK_HMAC, JEFE, WHAT, false },
		{ "no repository", "c.example/x", WEBHOOK_HMAC, JEFE, WHAT, false },
		{ "without its prefix", "a.example/x", WEBHOOK_HMAC_PREFIXED, JEFE, WHAT, false },
		{ "another hash", "a.example/x", WEBHOOK_HMAC_PREFIXED, "sha1=" JEFE, WHAT, false },
		{ "with a prefix", "a.example/x", WEBHOOK_HMAC, "sha256=" JEFE, WHAT, false },
		{ "a digit short", "a.example/x", WEBHOOK_HMAC, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec384", WHAT, false },
		{ "a digit more", "a.example/x", WEBHOOK_HMAC, JEFE "0", WHAT, false },
		{ "empty", "a.example/x", WEBHOOK_HMAC, "", WHAT, false },
		{ "an empty token", "a.example/x", WEBHOOK_TOKEN, "", WHAT, false },
		{ "a part of the token", "a.example/x", WEBHOOK_TOKEN, "Jef", WHAT, false },
		{ "the token and more", "a.example/x", WEBHOOK_TOKEN, "Jefe ", WHAT, false },
		{ "a signature for a token", "a.example/x", WEBHOOK_TOKEN, JEFE, WHAT, false },
		{ "an empty token where there is none", "a.example/own", WEBHOOK_TOKEN, "", WHAT, false },
	};
	struct webhooks *webhooks = open_secrets(state);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct webhook *webhook = webhook_open(webhooks, slice_of(rows[i].module), rows[i].form, slice_of(rows[i].signature));
		assert_non_null(webhook);
		/* Byte by byte, as it may come. */
		for (const char *at = rows[i].body; *at != '\0'; at++)
			webhook_body(webhook, at, 1);
		CHECK(rows[i].name, webhook_good(webhook) == rows[i].good);
		webhook_close(&webhook);
	}
	webhooks_close(&webhooks);
}

/* Another secret while a delivery is under way: it was begun with the old one. */
static void test_replaced(void **state)
{
	struct webhooks *webhooks = open_secrets(state);
	struct webhook *webhook = webhook_open(webhooks, SLICE("a.example/x"), WEBHOOK_HMAC, SLICE(JEFE));
	webhooks_close(&webhooks);
	webhook_body(webhook, WHAT, strlen(WHAT));
	assert_true(webhook_good(webhook));
	webhook_close(&webhook);
	webhook_close(&webhook);
	webhooks_close(&webhooks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_signatures, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_replaced, scratch_setup, scratch_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
