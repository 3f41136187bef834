#include "tests/audit/fixture.h"

#include "audit/line.h"
#include "base/json.h"

static const uint8_t salt[LINE_SALT_BYTES] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xff };
#define SALT_TEXT "000102030405060708090a0b0c0d0eff"
#define TIME_TEXT "2026-11-21T02:33:44.123456Z"

/* The whole line of an event; caller frees. */
static char *line_of(const struct audit_event *event, uint64_t seq)
{
	struct buf body = BUF_INIT(LINE_BUF_MAX);
	struct buf scratch = BUF_INIT(LINE_PREFIX_MAX);
	struct slice line;
	char *text;

	line_body(event, &body);
	assert_false(buf_failed(&body));
	assert_true(line_finish(&body, seq, TIME_TEXT, salt, &scratch, &line));
	assert_true(line.len <= AUDIT_LINE_MAX);
	text = slice_dup(line);
	assert_non_null(text);
	buf_free(&body);
	buf_free(&scratch);
	return text;
}

static struct audit_event whole(void)
{
	static const struct slice groups[] = { { "payments", 8 }, { "all", 3 } };
	struct audit_event e = AUDIT_EVENT_INIT(AUDIT_ACCESS);

	e.request = SLICE("01J");
	e.user = SLICE("alice");
	e.groups = groups;
	e.groups_count = 2;
	e.method = SLICE("ldap");
	e.credential = SLICE("");
	e.address = SLICE("10.1.2.3");
	e.agent = SLICE("Go-http-client/1.1");
	e.action = AUDIT_ZIP;
	e.module = SLICE("git.corp.example/payments/api");
	e.version = SLICE("v1.4.0");
	e.verdict = AUDIT_ALLOW;
	e.rule = SLICE("payments");
	e.reason = SLICE("");
	e.policy = SLICE("sha256:00");
	e.private = AUDIT_TRUE;
	e.proof = AUDIT_PROOF_PIN;
	e.source = AUDIT_SOURCE_BUILT;
	e.origin = SLICE("9f2c");
	e.status = 200;
	e.h1 = SLICE("h1:x");
	e.bytes = 81234;
	return e;
}

static struct audit_event outcome(void)
{
	struct audit_event e = AUDIT_EVENT_INIT(AUDIT_OUTCOME);

	e.bytes = 0;
	e.of = 0;
	e.duration_us = 12;
	e.complete = AUDIT_FALSE;
	return e;
}

static struct audit_event refusals(void)
{
	struct audit_event e = AUDIT_EVENT_INIT(AUDIT_AUTH);

	e.groups = &e.user;
	e.verdict = AUDIT_DENY;
	e.count = 31;
	return e;
}

static struct audit_event system_words(void)
{
	struct audit_event e = AUDIT_EVENT_INIT(AUDIT_SYSTEM);

	e.text = SLICE("a\"b\\c\n\x01\xe2\x80\xa8\xe2\x80\xa9\xc3\xa9");
	return e;
}

static struct audit_event not_utf8(void)
{
	struct audit_event e = AUDIT_EVENT_INIT(AUDIT_ACCESS);

	e.agent = SLICE("\xff\xfe");
	e.user = SLICE("M\xc3\xbcller");
	return e;
}

static struct audit_event groups_not_utf8(void)
{
	static const struct slice groups[] = { { "ops", 3 }, { "\xff", 1 } };
	struct audit_event e = AUDIT_EVENT_INIT(AUDIT_ACCESS);

	e.groups = groups;
	e.groups_count = 2;
	return e;
}

static struct audit_event bare(void)
{
	return (struct audit_event)AUDIT_EVENT_INIT(AUDIT_ADMIN);
}

static void test_lines(void **state)
{
	static const struct {
		const char *name;
		struct audit_event (*event)(void);
		uint64_t seq;
		const char *want; /* after salt */
	} rows[] = {
		{ "whole", whole, 4711,
			"\"kind\":\"access\",\"request\":\"01J\",\"user\":\"alice\",\"groups\":[\"payments\",\"all\"],\"method\":\"ldap\","
			"\"credential\":\"\","
			"\"address\":\"10.1.2.3\",\"agent\":\"Go-http-client/1.1\",\"action\":\"zip\",\"module\":\"git.corp.example/payments/api\","
			"\"version\":\"v1.4.0\",\"verdict\":\"allow\",\"rule\":\"payments\",\"reason\":\"\",\"policy\":\"sha256:00\",\"private\":"
			"true,"
			"\"proof\":\"pin\",\"source\":\"built\",\"origin\":\"9f2c\",\"status\":200,\"h1\":\"h1:x\",\"bytes\":81234}" },
		{ "outcome: zero is not absent", outcome, 1, "\"kind\":\"outcome\",\"bytes\":0,\"of\":0,\"duration_us\":12,\"complete\":false}" },
		{ "no groups is an empty list", refusals, 2, "\"kind\":\"auth\",\"groups\":[],\"verdict\":\"deny\",\"count\":31}" },
		{ "escapes", system_words, 3, "\"kind\":\"system\",\"text\":\"a\\\"b\\\\c\\n\\u0001\\u2028\\u2029\xc3\xa9\"}" },
		{ "what is not UTF-8", not_utf8, 4, "\"kind\":\"access\",\"user\":\"M\xc3\xbcller\",\"agent_b64\":\"//4=\"}" },
		{ "groups that are not UTF-8", groups_not_utf8, 5, "\"kind\":\"access\",\"groups_b64\":[\"b3Bz\",\"/w==\"]}" },
		{ "nothing said", bare, 9223372036854775807, "\"kind\":\"admin\"}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct audit_event event = rows[i].event();
		char *got = line_of(&event, rows[i].seq);
		struct json *parsed = NULL;
		char want[2048];

		snprintf(want, sizeof(want), "{\"v\":1,\"seq\":%llu,\"time\":\"" TIME_TEXT "\",\"salt\":\"" SALT_TEXT "\",%s",
			(unsigned long long)rows[i].seq, rows[i].want);
		if (strcmp(got, want) != 0)
			fail_msg("%s:\n got %s\nwant %s", rows[i].name, got, want);
		assert_int_equal(json_parse(slice_of(got), &parsed, NULL), 0);
		json_close(&parsed);
		free(got);
	}
}

/* The value of a text member. */
static void read_member(const char *line, const char *name, struct buf *out, bool *base64_out)
{
	struct line_field field = { .name = slice_of(name) };
	struct buf scratch = BUF_INIT(AUDIT_LINE_MAX);
	struct slice text = SLICE_NONE;

	assert_true(line_fields(slice_of(line), &field, 1));
	assert_true(line_field_text(&field, &scratch, &text));
	*base64_out = field.base64;
	buf_reset(out);
	buf_add_slice(out, text);
	buf_free(&scratch);
}

static bool is_cut(const char *line, const char *name)
{
	const char *cut = strstr(line, ",\"cut\":[");
	char quoted[32];

	snprintf(quoted, sizeof(quoted), "\"%s\"", name);
	return cut != NULL && strstr(cut, quoted) != NULL;
}

static void test_limits(void **state)
{
#define LIMIT(field, max) \
	{ \
#field, offsetof(struct audit_event, field), max \
	}
	static const struct {
		const char *name;
		size_t offset;
		size_t max;
	} rows[] = {
		LIMIT(request, AUDIT_REQUEST_MAX),
		LIMIT(user, AUDIT_USER_MAX),
		LIMIT(method, AUDIT_METHOD_MAX),
		LIMIT(credential, AUDIT_CREDENTIAL_MAX),
		LIMIT(address, AUDIT_ADDRESS_MAX),
		LIMIT(agent, AUDIT_AGENT_MAX),
		LIMIT(module, AUDIT_MODULE_MAX),
		LIMIT(version, AUDIT_VERSION_MAX),
		LIMIT(rule, AUDIT_RULE_MAX),
		LIMIT(reason, AUDIT_REASON_MAX),
		LIMIT(policy, AUDIT_POLICY_MAX),
		LIMIT(origin, AUDIT_ORIGIN_MAX),
		LIMIT(h1, AUDIT_H1_MAX),
		LIMIT(text, AUDIT_TEXT_MAX),
	};
	static char long_text[AUDIT_TEXT_MAX + 2];

	(void)state;
	memset(long_text, 'x', sizeof(long_text));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t more = 0; more < 2; more++) {
			struct audit_event event = AUDIT_EVENT_INIT(AUDIT_ACCESS);
			struct buf value = BUF_INIT(AUDIT_LINE_MAX);
			bool base64;
			char *line;

			*(struct slice *)((char *)&event + rows[i].offset) = slice_make(long_text, rows[i].max + more);
			line = line_of(&event, 0);
			read_member(line, rows[i].name, &value, &base64);
			assert_int_equal(value.len, rows[i].max);
			if (is_cut(line, rows[i].name) != (more == 1))
				fail_msg("%s at its limit + %zu: %s", rows[i].name, more, line);
			buf_free(&value);
			free(line);
		}
	}
}

/* A cut never makes bad UTF-8 of good. */
static void test_cut_between_characters(void **state)
{
	static const struct {
		const char *name;
		const char *character;
	} rows[] = { { "two bytes", "\xc3\xa9" }, { "three bytes", "\xe2\x82\xac" }, { "four bytes", "\xf0\x9f\x98\x80" } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t shift = 0; shift < 4; shift++) {
			struct buf text = BUF_INIT(4096);
			struct buf value = BUF_INIT(AUDIT_LINE_MAX);
			struct audit_event event = AUDIT_EVENT_INIT(AUDIT_ACCESS);
			bool base64;
			char *line;

			buf_add(&text, "aaaa", shift);
			while (text.len <= AUDIT_USER_MAX)
				buf_add_text(&text, rows[i].character);
			event.user = buf_slice(&text);
			line = line_of(&event, 0);
			read_member(line, "user", &value, &base64);
			if (base64 || !slice_is_utf8(buf_slice(&value)) || value.len + strlen(rows[i].character) <= AUDIT_USER_MAX)
				fail_msg("%s, shift %zu: %s", rows[i].name, shift, line);
			assert_true(is_cut(line, "user"));
			free(line);
			buf_free(&text);
			buf_free(&value);
		}
	}
}

static size_t groups_in(const char *line)
{
	struct json *parsed = NULL;
	size_t count;

	assert_int_equal(json_parse(slice_of(line), &parsed, NULL), 0);
	count = json_count(json_get(parsed, "groups"));
	json_close(&parsed);
	return count;
}

static void test_groups_limits(void **state)
{
	static char text[AUDIT_GROUPS_BYTES_MAX + 1];
	static const struct {
		const char *name;
		size_t count;
		size_t len;
		size_t want;
		bool cut;
	} rows[] = {
		{ "as many as there may be", AUDIT_GROUPS_MAX, 4, AUDIT_GROUPS_MAX, false },
		{ "one more", AUDIT_GROUPS_MAX + 1, 4, AUDIT_GROUPS_MAX, true },
		{ "as many bytes as there may be", 2, AUDIT_GROUPS_BYTES_MAX / 2, 2, false },
		{ "more bytes", 3, AUDIT_GROUPS_BYTES_MAX / 2, 2, true },
		{ "one that does not fit", 1, AUDIT_GROUPS_BYTES_MAX + 1, 0, true },
	};

	(void)state;
	memset(text, 'g', sizeof(text));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice groups[AUDIT_GROUPS_MAX + 1];
		struct audit_event event = AUDIT_EVENT_INIT(AUDIT_ACCESS);
		char *line;

		for (size_t g = 0; g < rows[i].count; g++)
			groups[g] = slice_make(text, rows[i].len);
		event.groups = groups;
		event.groups_count = rows[i].count;
		line = line_of(&event, 0);
		if (groups_in(line) != rows[i].want || is_cut(line, "groups") != rows[i].cut)
			fail_msg("%s: %zu groups in %.200s", rows[i].name, groups_in(line), line);
		free(line);
	}
}

/* Everything too long, of bytes that need six each: still a line. */
static void test_longest_line(void **state)
{
	static char text[70000];
	struct slice groups[AUDIT_GROUPS_MAX];
	struct audit_event e = whole();
	struct slice control;
	char *line;

	(void)state;
	memset(text, 1, sizeof(text));
	control = slice_make(text, sizeof(text));
	for (size_t i = 0; i < AUDIT_GROUPS_MAX; i++)
		groups[i] = slice_make(text, AUDIT_GROUPS_BYTES_MAX / AUDIT_GROUPS_MAX);
	e.request = e.user = e.method = e.credential = e.address = e.agent = e.module = e.version = e.rule = e.reason = control;
	e.policy = e.origin = e.h1 = e.text = control;
	e.groups = groups;
	e.groups_count = AUDIT_GROUPS_MAX;
	e.bytes = e.of = e.duration_us = e.count = INT64_MAX;
	line = line_of(&e, INT64_MAX);
	assert_true(strlen(line) > 50000);
	free(line);
}

static void test_scan(void **state)
{
	static const struct {
		const char *line;
		bool good;
		uint64_t seq;
	} rows[] = {
		{ "{\"v\":1,\"seq\":17,\"time\":\"" TIME_TEXT "\",\"salt\"", true, 17 },
		{ "{\"v\":1,\"seq\":-1,\"time\":\"" TIME_TEXT "\"", false, 0 },
		{ "{\"v\":2,\"seq\":17,\"time\":\"" TIME_TEXT "\"", false, 0 },
		{ "{\"v\":1,\"seq\":17,\"time\":\"2026-11-21T02:33:44Z\"", false, 0 },
		{ "{\"v\":1,\"seq\":17", false, 0 },
		{ "", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice time = SLICE_NONE;
		uint64_t seq = 0;

		if (line_scan(slice_of(rows[i].line), &seq, &time) != rows[i].good || seq != rows[i].seq)
			fail_msg("%s", rows[i].line);
		if (rows[i].good)
			assert_true(slice_equal_text(time, TIME_TEXT));
	}
}

static void test_fields(void **state)
{
	static const struct {
		const char *line;
		bool good;
		const char *user; /* NULL: none */
	} rows[] = {
		{ "{\"user\":\"alice\"}", true, "alice" },
		{ "{\"v\":1,\"groups\":[\"user\",\"]\\\"\"],\"user\":\"bob\",\"x\":true}", true, "bob" },
		{ "{\"agent\":\"\\\",\\\"user\\\":\\\"mallory\\\"\",\"user\":\"eve\"}", true, "eve" },
		{ "{\"user_b64\":\"YWI=\"}", true, "ab" },
		{ "{\"user_b64\":\"YWI\"}", true, NULL },
		{ "{\"user\":\"a\\u0041\\\\\"}", true, "aA\\" },
		{ "{\"user\":7}", true, NULL },
		{ "{\"groups\":[],\"n\":1}", true, NULL },
		{ "{\"user\":\"alice\"", false, NULL },
		{ "{\"user\":\"alice\"}}", false, NULL },
		{ "{\"user\":}", false, NULL },
		{ "{\"user\":\"alice\\\"}", false, NULL },
		{ "{\"groups\":[[\"a\"]]}", false, NULL },
		{ "[]", false, NULL },
		{ "", false, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf scratch = BUF_INIT(1000);
		struct line_field field = { .name = SLICE("user") };
		struct slice text = SLICE_NONE;
		bool good = line_fields(slice_of(rows[i].line), &field, 1);
		bool has = good && line_field_text(&field, &scratch, &text);

		if (good != rows[i].good || has != (rows[i].user != NULL) || (has && !slice_equal_text(text, rows[i].user)))
			fail_msg("%s: %d %d %.*s", rows[i].line, good, has, SLICE_ARG(text));
		buf_free(&scratch);
	}
}

static void test_head_text(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{ "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=@90", true },
		{ "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=@0", true },
		{ "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", false },
		{ "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8@90", false },
		{ "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=@-1", false },
		{ "@90", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct audit_head head;
		char again[AUDIT_HEAD_TEXT_MAX];

		if (audit_head_parse(slice_of(rows[i].text), &head) != rows[i].good)
			fail_msg("%s", rows[i].text);
		if (!rows[i].good)
			continue;
		audit_head_format(&head, again);
		assert_string_equal(again, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_cut_between_characters),
		cmocka_unit_test(test_groups_limits),
		cmocka_unit_test(test_longest_line),
		cmocka_unit_test(test_scan),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_head_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
