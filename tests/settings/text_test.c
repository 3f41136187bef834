/* Texts that come from the schema or must agree with it: the words, the sample, what init writes. */
#include "settings/settings.h"

#include "tests/settings/support.h"

/* Every key says what it is for, in one line, and what was expected. */
static void test_words(void **state)
{
	static const struct {
		const char *path, *want;
	} rows[] = {
		{ "auth.jwt[].leeway_s", "a number from 0 to 60 (seconds)" },
		{ "auth.jwt[].algorithms", "a list of ES256 or RS256" },
		{ "policy", "a file" },
		{ "log.level", "debug, info, warning or error" },
	};
	size_t later = 0;

	(void)state;
	for (size_t i = 0; i < settings_schema_count; i++) {
		const struct key *key = &settings_schema[i];

		CHECK(key->path, key->doc != NULL && key->doc[0] != '\0' && strchr(key->doc, '\n') == NULL);
		later += key->type == KEY_LATER;
	}
	assert_int_equal(later, 17);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct buf text = BUF_INIT(1024);

		settings_key_expected(settings_key_find(rows[i].path), &text);
		CHECK(rows[i].path, strcmp(buf_text(&text), rows[i].want) == 0);
		buf_free(&text);
	}
}

/* Is the row's mapping a row too, and does it stand before it? The walk that shows settings relies on it. */
static void test_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < settings_schema_count; i++) {
		char parent[SETTINGS_KEY_MAX];
		const struct key *key = &settings_schema[i];
		size_t len = (size_t)(settings_key_name(key) - key->path);

		CHECK(key->path, settings_key_find(key->path) == key);
		CHECK(key->path, strlen(key->path) < SETTINGS_KEY_MAX);
		if (len == 0)
			continue;
		snprintf(parent, sizeof(parent), "%.*s", (int)len - 1, key->path);
		if (strlen(parent) > 2 && strcmp(parent + strlen(parent) - 2, "[]") == 0)
			parent[strlen(parent) - 2] = '\0';
		CHECK(key->path, settings_key_find(parent) != NULL && settings_key_find(parent) < key);
	}
}

/* conf/modgate.yaml names every key of this version with its default, and loads once its files are there. */
static void test_sample(void **state)
{
	struct buf text = BUF_INIT(SETTINGS_BYTES_MAX);
	const struct settings *settings;

	assert_int_equal(file_read("conf/modgate.yaml", &text, NULL), 0);
	settings = load_good(state, buf_text(&text));
	for (size_t i = 0; i < settings_schema_count; i++) {
		const struct key *key = &settings_schema[i];
		char written[128];

		snprintf(written, sizeof(written), "%s:%s%s", settings_key_name(key), key->fallback == NULL ? "" : " ",
			key->fallback == NULL ? "" : key->fallback);
		if (key->type != KEY_LATER)
			CHECK(key->path, strstr(buf_text(&text), written) != NULL);
	}
	assert_int_equal(settings->repositories_count, 4);
	settings_unref(settings);
	buf_free(&text);
}

static void test_init(void **state)
{
	static const struct {
		const char *name;
		struct settings_init init;
		const char *address, *dropped, *urls[3];
		enum settings_fallback fallbacks[3];
		const char *database, *database_url;
	} rows[] = {
		{ "nothing", { .address = NULL }, "127.0.0.1:8443", "", { NULL }, { 0 }, NULL, NULL },
		{ "empty", { "localhost:0", "", NULL, "off" }, "localhost:0", "", { NULL }, { 0 }, NULL, NULL },
		{ "one and direct", { NULL, "https://proxy.example,direct", NULL, "sum.example" }, "127.0.0.1:8443", "direct",
			{ "https://proxy.example" }, { 0 }, "sum.example", NULL },
		{ "both separators", { "[::1]:1", " https://a.example|http://b.example:81/x/ , c.example,off,direct", NULL, NULL }, "[::1]:1",
			"off direct", { "https://a.example", "http://b.example:81/x", "https://c.example" },
			{ SETTINGS_FALLBACK_ANY_ERROR, SETTINGS_FALLBACK_NOT_FOUND, SETTINGS_FALLBACK_NOT_FOUND }, NULL, NULL },
		{ "a key with its place",
			{ NULL, "off", NULL, "sum.example+23691819+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f  https://sum.example/db" },
			"127.0.0.1:8443", "off", { NULL }, { 0 }, "sum.example+23691819+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
			"https://sum.example/db" },
	};

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct buf text = BUF_INIT(64 * 1024), dropped = BUF_INIT(1024);
		struct err err = ERR_INIT;
		const struct settings *settings;
		size_t count = 0;

		if (settings_init_text(&rows[i].init, &text, &dropped, &err) < 0)
			fail_msg("row \"%s\": %s", rows[i].name, err.text);
		CHECK(rows[i].name, strcmp(buf_text(&dropped), rows[i].dropped) == 0);
		settings = load_good(state, buf_text(&text));
		CHECK(rows[i].name, strcmp(settings->listen.address, rows[i].address) == 0);
		for (; count < LENGTH(rows[i].urls) && rows[i].urls[count] != NULL; count++) {
			CHECK(rows[i].name, count < settings->upstreams_count && strcmp(settings->upstreams[count].url, rows[i].urls[count]) == 0);
			CHECK(rows[i].name, settings->upstreams[count].fallback == rows[i].fallbacks[count]);
		}
		CHECK(rows[i].name, settings->upstreams_count == count);
		CHECK(rows[i].name, settings->databases_count == (rows[i].database != NULL));
		if (rows[i].database != NULL)
			CHECK(rows[i].name, strcmp(settings->databases[0].key, rows[i].database) == 0);
		if (rows[i].database_url != NULL)
			CHECK(rows[i].name, strcmp(settings->databases[0].url, rows[i].database_url) == 0);
		settings_unref(settings);
		buf_free(&dropped);
		buf_free(&text);
	}
}

static void test_init_refused(void **state)
{
	static const struct {
		const char *name, *upstreams, *sumdb, *want;
	} rows[] = {
		{ "a file", "file:///srv/proxy", NULL, "the upstream \"file:///srv/proxy\" cannot be used: an http or https URL was expected" },
		{ "a password", "https://user:hunter2@proxy.example", NULL,
			"the upstream \"(not shown: it may hold a password)\" cannot be used: it has a user name; a URL without one was expected, a "
			"secret belongs in a file of "
			"its own" },
		{ "a word", "https://a b", NULL, "the upstream \"https://a b\" cannot be used: \"a b\" is no HOST or HOST:PORT" },
		{ "half a key", NULL, "sum.example+1", "the checksum database \"sum.example+1\" cannot be used: " },
		{ "a place that is none", NULL, "sum.example ftp://x",
			"the checksum database \"ftp://x\" cannot be used: an http or https URL was expected" },
		{ "too many", "a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a", NULL, "there are more than 16 upstreams" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct settings_init init = { .upstreams = rows[i].upstreams, .sumdb = rows[i].sumdb };
		struct buf text = BUF_INIT(64 * 1024);
		struct err err = ERR_INIT;

		CHECK(rows[i].name, settings_init_text(&init, &text, NULL, &err) == SETTINGS_ERR_INVALID);
		if (strncmp(err.text, rows[i].want, strlen(rows[i].want)) != 0)
			fail_msg("row \"%s\": %s", rows[i].name, err.text);
		buf_free(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_sample),
		cmocka_unit_test(test_init),
		cmocka_unit_test(test_init_refused),
	};

	return cmocka_run_group_tests(tests, folder_setup, scratch_teardown);
}
